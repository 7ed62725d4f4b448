"""What was lost in the present recording, and when; it stays until the next one begins."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from recorder import readout
from recorder.stats import CameraStatus, RigStatus

KINDS = ("dropped", "bad", "gaps", "restarts")
BURST_S = 2.0
"""Losses that follow each other more quickly are one event."""
MOST_EVENTS = 100
"""Of more, the last ones are told as one."""

_SHOWN = 12


@dataclass(slots=True)
class Loss:
    """Something that was lost.

    Parameters
    ----------
    at_s, last_s
        When it began and when it was last seen to grow, Unix time in s.
    into_s
        When it began, from the beginning of the recording.
    counts
        How much, by kind.
    was_before
        It was there already at the first look, so nobody saw when it came.
    """

    at_s: float
    last_s: float
    into_s: float
    counts: dict[str, int]
    was_before: bool = False

    def add(self, counts: dict[str, int], now_s: float) -> None:
        """Take more into the same event."""
        self.last_s = now_s
        self.counts = {kind: self.counts[kind] + counts[kind] for kind in KINDS}

    def sentence(self) -> str:
        """Return it in words: ``12 dropped at 14:03:22 (0:01:07 into it)``."""
        when = f"{_wall(self.at_s)}"
        if self.was_before:
            return f"{_words(self.counts)} before {when}"
        return f"{_words(self.counts)} at {when} ({readout.clock(self.into_s)} into it)"


@dataclass(slots=True)
class _Account:
    """One camera's; `seen` has the largest totals told so far."""

    last: CameraStatus
    seen: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))
    events: list[Loss] = field(default_factory=list)

    def look(self, now_s: float, status: CameraStatus, was_before: bool) -> None:
        told = {kind: getattr(status.totals, kind) for kind in KINDS}
        more = {kind: max(0, told[kind] - self.seen[kind]) for kind in KINDS}
        self.seen = {kind: max(told[kind], self.seen[kind]) for kind in KINDS}
        self.last = status
        if not any(more.values()):
            return
        last = self.events[-1] if self.events else None
        is_same = last is not None and not last.was_before and now_s - last.last_s <= BURST_S
        if last is not None and (is_same or len(self.events) >= MOST_EVENTS):
            last.add(more, now_s)
        else:
            self.events.append(Loss(now_s, now_s, status.elapsed_s, more, was_before))


class Losses:
    """What every camera of a rig lost in its present recording, or its last one."""

    def __init__(self) -> None:
        self._accounts: dict[str, _Account] = {}
        self._was_recording: bool | None = None

    def add(self, wall_s: float, status: RigStatus) -> None:
        """Look at a rig.

        Parameters
        ----------
        wall_s
            The time of day, Unix time in s.
        """
        is_recording = status.state == "recording"
        begins = is_recording and self._was_recording is False
        self._was_recording = is_recording
        known = self._accounts
        self._accounts = {}
        for camera in status.cameras:
            account = known.get(camera.name)
            is_first = account is None
            if account is None or begins or _is_anew(account.last, camera):
                account = _Account(camera)
            account.look(wall_s, camera, was_before=is_first)
            self._accounts[camera.name] = account

    def events(self, name: str) -> tuple[Loss, ...]:
        """Return what a camera lost, the earliest first."""
        account = self._accounts.get(name)
        return () if account is None else tuple(account.events)

    def sentence(self, name: str) -> str:
        """Return what a camera lost in a sentence; empty if nothing.

        ``12 dropped at 14:03:22 (0:01:07 into it), 3 more since``
        """
        events = self.events(name)
        if not events:
            return ""
        first, later = events[0], _summed(events[1:])
        if not any(later.values()):
            return first.sentence()
        kinds = {kind for kind in KINDS if first.counts[kind] or later[kind]}
        if len(kinds) == 1:
            return f"{first.sentence()}, {sum(later.values())} more since"
        return f"{first.sentence()}, since then {_words(later)}"

    def details(self, name: str) -> str:
        """Return a line for each event, the last ones if there are many."""
        events = self.events(name)
        left_out = len(events) - _SHOWN
        more = [f"{left_out} earlier ones"] if left_out > 0 else []
        return "\n".join([*more, *(event.sentence() for event in events[-_SHOWN:])])

    def words(self) -> dict[str, tuple[str, str]]:
        """Return sentence and details of each camera that lost something."""
        losing = [name for name, account in self._accounts.items() if account.events]
        return {name: (self.sentence(name), self.details(name)) for name in losing}


def _is_anew(before: CameraStatus, now: CameraStatus) -> bool:
    """Whether another recording began between two looks, too quickly to be seen to end."""
    is_shorter = now.elapsed_s < before.elapsed_s - BURST_S / 4
    return is_shorter and now.totals.grabbed < before.totals.grabbed and now.state == "recording"


def _summed(events: tuple[Loss, ...]) -> dict[str, int]:
    return {kind: sum(event.counts[kind] for event in events) for kind in KINDS}


def _words(counts: dict[str, int]) -> str:
    one = {"gaps": "gap", "restarts": "restart"}
    told = [(counts[kind], kind) for kind in KINDS if counts[kind]]
    return ", ".join(f"{n} {one.get(kind, kind) if n == 1 else kind}" for n, kind in told)


def _wall(wall_s: float) -> str:
    return f"{datetime.fromtimestamp(wall_s):%H:%M:%S}"
