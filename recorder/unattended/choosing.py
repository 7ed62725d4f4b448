"""Which closed segments of a camera go: pure, so that every clock can be tried."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from recorder.config import RetentionConfig, format_size
from recorder.system import boot_id
from recorder.unattended.closed import Closed

_S = 1_000_000_000
MINUTE_NS = 60 * _S
DAY_NS = 86_400 * _S
CLOCKS_ARE_SET_NS = round(datetime(2020, 1, 1, tzinfo=UTC).timestamp()) * _S
"""A machine without a battery begins before that, until it has asked for the time."""
_FEW = 2


class Clocks(NamedTuple):
    """What time it is: Unix time, the monotonic clock, and the system's run that it belongs to."""

    now_ns: int
    mono_ns: int
    boot: str | None

    @classmethod
    def read(cls) -> Clocks:
        """Look at all of them."""
        return cls(time.time_ns(), time.monotonic_ns(), boot_id())


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be deleted, oldest first, each with the reason; and what is to be said."""

    delete: tuple[tuple[Closed, str], ...] = ()
    said: tuple[tuple[str, str], ...] = ()
    """Of each kind of thing, in a word, what there is to say."""


def choose(segments: Iterable[Closed], limits: RetentionConfig, clocks: Clocks) -> Choice:
    """Choose among the closed segments of one camera.

    Parameters
    ----------
    segments
        Of this camera, all that are in its folder, without those that are marked.
    """
    segments = list(segments)
    doubts = {each: why for each in segments if (why := doubt(each, clocks))}
    trusted = sorted((each for each in segments if each not in doubts), key=_age_order(clocks))
    last = max(segments, key=_age_order(clocks), default=None)
    free = [each for each in trusted if each is not last]  # the newest always stays
    said = [(why, _tell_doubt(why, doubts)) for why in sorted(set(doubts.values()))]
    if (tight := _tell_tight(trusted, limits)) is not None:
        said.append(("tight", tight))
    chosen: dict[Closed, str] = {}
    if limits.age is not None:
        if _clock_is_behind(segments, clocks):
            said.append(("clock", _BEHIND))
        else:
            chosen |= _too_old(free, limits.age, clocks)
    if limits.size is not None:
        chosen |= _too_many(trusted, free, limits.size, chosen)
    if _is_too_much(chosen, trusted):
        return Choice(said=(*said, ("much", _tell_much(chosen, trusted))))
    return Choice(tuple((each, chosen[each]) for each in trusted if each in chosen), tuple(said))


def doubt(segment: Closed, clocks: Clocks) -> str | None:
    """Return why a segment is left alone whatever its age; None: nothing speaks against it."""
    times = (segment.begun_ns, segment.end_ns, segment.started_ns, *segment.mtimes_ns)
    if not segment.is_whole:
        return "not all of its files are there"
    if not segment.is_plain:
        return "a file of it is a link, has several names, or is on another disk"
    if max(times) > clocks.now_ns + MINUTE_NS:
        return "its time lies in the future"
    if min(times) < CLOCKS_ARE_SET_NS:
        return "its time is that of a clock that was never set"
    apart = max(abs(mtime - segment.end_ns) for mtime in segment.mtimes_ns)
    if apart > DAY_NS or segment.begun_ns < segment.started_ns - DAY_NS:
        return "its about and its files differ in when it ended"
    return None


def _age_order(clocks: Clocks) -> Callable[[Closed], tuple[int, int, int]]:
    """Order by start and part; what this run of the system recorded is newer than all else."""

    def key(segment: Closed) -> tuple[int, int, int]:
        if segment.boot is not None and segment.boot == clocks.boot:
            return 1, segment.mono_ns, segment.part
        return 0, segment.started_ns, segment.part

    return key


def _clock_is_behind(segments: Sequence[Closed], clocks: Clocks) -> bool:
    ends = (max(each.end_ns, *each.mtimes_ns) for each in segments)
    return max(ends, default=0) > clocks.now_ns + MINUTE_NS


def _too_old(free: Sequence[Closed], age_s: float, clocks: Clocks) -> dict[Closed, str]:
    limit_ns = age_s * _S
    why = f"older than {_span(age_s)}"
    return {each: why for each in free if age_ns(each, clocks) > limit_ns}


def age_ns(segment: Closed, clocks: Clocks) -> int:
    """Return how long ago a segment ended, by the witness that says least."""
    by_about = clocks.now_ns - segment.end_ns
    if segment.boot is not None and segment.boot == clocks.boot:
        by_about = clocks.mono_ns - (segment.mono_ns + segment.length_ns)
    return min(by_about, clocks.now_ns - max(segment.mtimes_ns))


def _too_many(
    trusted: Sequence[Closed], free: Sequence[Closed], size: int, gone: Iterable[Closed]
) -> dict[Closed, str]:
    gone = set(gone)
    left = sum(each.bytes for each in trusted if each not in gone)
    chosen = {}
    for each in free:
        if left <= size:
            break
        if each not in gone:
            chosen[each] = f"all together have more than {format_size(size)}"
            left -= each.bytes
    return chosen


def _is_too_much(chosen: Iterable[Closed], trusted: Sequence[Closed]) -> bool:
    chosen = list(chosen)
    return len(chosen) > _FEW and 2 * _bytes(chosen) > _bytes(trusted)


def _bytes(segments: Iterable[Closed]) -> int:
    return sum(each.bytes for each in segments)


def _tell_tight(trusted: Sequence[Closed], limits: RetentionConfig) -> str | None:
    """Say that next to nothing is kept; None if more is."""
    most = max((each.bytes for each in trusted), default=0)
    longest_s = max((each.length_ns for each in trusted), default=0) / _S
    if limits.size is not None and limits.size < 2 * most:
        what = f"size: {format_size(limits.size)}, and one segment alone has {most / 1e6:.3g} MB"
    elif limits.age is not None and limits.age < 2 * longest_s:
        what = f"age: {_span(limits.age)}, and one segment alone lasts {_span(longest_s)}"
    else:
        return None
    return (
        f"next to nothing is kept: recording.retention.{what}; make it larger if that is not meant"
    )


_BEHIND = (
    "the clock is behind the newest segment: nothing is deleted for its age; set the clock, or, if "
    "it is right, move the segments from the future elsewhere"
)


def _tell_doubt(why: str, doubts: dict[Closed, str]) -> str:
    names = [each.path.name for each, other in doubts.items() if other == why]
    return f"{len(names)} closed segments are left alone: {why} (the first: {min(names)})"


def _tell_much(chosen: dict[Closed, str], trusted: Sequence[Closed]) -> str:
    return (
        f"{len(chosen)} of {len(trusted)} closed segments, {_bytes(chosen) / 1e9:.2f} of "
        f"{_bytes(trusted) / 1e9:.2f} GB, would go at once: that looks like a mistake, and nothing "
        f"is deleted. Check recording.retention and the clock; if it is meant, delete by hand "
        f"the oldest, {next(iter(chosen)).path.name} and so on"
    )


def _span(seconds: float) -> str:
    for unit, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= unit:
            return f"{seconds / unit:.4g} {name}"
    return f"{seconds:.4g} s"


__all__ = ["Choice", "Clocks", "age_ns", "choose", "doubt"]
