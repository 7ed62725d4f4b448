"""Decode a recording and compare every frame with the hash of what the camera gave."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xxhash

from recorder.errors import RecorderError
from recorder.playback.files import find_parts
from recorder.playback.part import Part, require_file, require_order
from recorder.writers.ledger import Row

EXIT_DIFFERS = 7
_LOOK_AHEAD = 64
"""How far to search for a frame that is out of place, in frames."""

Advance = Callable[[int], None]
"""Told, now and then, how many frames have been compared."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing in a file that is not as the ledger says.

    Parameters
    ----------
    frame
        0-based index in the file, by the ledger.
    grab
        0-based count since the recording began.
    what
        changed, missing, doubled or out of place.
    """

    frame: int
    grab: int
    what: str


@dataclass(frozen=True, slots=True)
class PartVerdict:
    """What verifying one file found.

    Parameters
    ----------
    expected
        Frames that the ledger says are in the file.
    exact
        Of these, the ones that decode to the very bits the camera gave, each in its place.
    wrong
        Frames that differ, are missing, stand twice or out of place.
    beyond_end
        Of an interrupted recording: rows whose frames never reached the file.
    problem
        Why it could not be compared at all, or None.
    """

    file: str
    state: str
    expected: int = 0
    exact: int = 0
    wrong: int = 0
    beyond_end: int = 0
    dropped: int = 0
    bad: int = 0
    first: Difference | None = None
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether every frame present is exact, and none of a complete recording is missing."""
        return not self.wrong and self.problem is None

    def sentence(self) -> str:
        """Return the verdict in words."""
        if self.problem is not None:
            return f"{self.file}: cannot be verified: {self.problem}"
        if self.first is None:
            return f"{self.file}: {self._good()}"
        return (
            f"{self.file}: {self.wrong} of {self.expected} frames are wrong; the first is frame "
            f"{self.first.frame} (grab {self.first.grab}): {self.first.what}"
        )

    def _good(self) -> str:
        text = f"all {self.exact} frames are exact"
        lost = [f"{n} {kind}" for kind, n in (("dropped", self.dropped), ("bad", self.bad)) if n]
        if self.state != "complete":
            text += f" ({self.state}: {self.beyond_end} more were grabbed and are not in the file)"
        return f"{text}; while recording: {', '.join(lost)}" if lost else text


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying found, for every file."""

    parts: tuple[PartVerdict, ...]

    @property
    def ok(self) -> bool:
        """Whether all files are as their ledgers say."""
        return all(part.ok for part in self.parts)

    @property
    def exit_code(self) -> int:
        """0; 7 at a difference; 1 if all that is wrong is that a file cannot be read yet."""
        if self.ok:
            return 0
        told = any(
            part.wrong or (part.problem and part.state != "recording") for part in self.parts
        )
        return EXIT_DIFFERS if told else 1

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        from dataclasses import asdict

        parts = [asdict(part) | {"ok": part.ok} for part in self.parts]
        return {"exit_code": self.exit_code, "files": parts}


def verify(*paths: str | Path, advance: Advance | None = None) -> Verdict:
    """Decode recordings and compare every frame with its hash in the ledger.

    Parameters
    ----------
    *paths
        Files, stems or folders.
    advance
        Called now and then with the number of frames compared so far in a file.

    Raises
    ------
    RecorderError
        A path holds no recording.
    """
    parts = {part.file: part for path in paths for part in find_parts(Path(path))}
    return Verdict(tuple(verify_part(part, advance) for part in parts.values()))


def verify_part(part: Part, advance: Advance | None = None) -> PartVerdict:
    """Verify one file; see `verify`."""
    state = part.state
    try:
        rows = part.rows()
        require_order(part, rows)
        require_file(part, state, rows)
        written = [row for row in rows if row.status == "written"]
        digests = _digests(part, advance) if part.file.exists() else iter(())
        found = _compare(written, digests)
    except RecorderError as error:
        return PartVerdict(str(part.file), state, problem=str(error))
    # An interrupted recording simply ends early; in a complete one nothing may be missing.
    ends_early = state != "complete"
    if not ends_early:
        found.miss_the_rest()
    return PartVerdict(
        str(part.file),
        state,
        expected=len(written),
        exact=found.exact,
        wrong=found.wrong,
        beyond_end=len(found.remaining) if ends_early else 0,
        dropped=sum(row.status == "dropped" for row in rows),
        bad=sum(row.status == "bad" for row in rows),
        first=found.first,
        problem=_disagreement(part, state, rows),
    )


def _digests(part: Part, advance: Advance | None) -> Iterator[int]:
    for count, frame in enumerate(part.decode(), start=1):
        yield xxhash.xxh3_64_intdigest(frame.data)
        if advance is not None and count % 50 == 0:
            advance(count)


def _disagreement(part: Part, state: str, rows: Sequence[Row]) -> str | None:
    """Compare the ledger with the totals of the about file, which only a complete one has."""
    totals = part.about.get("totals")
    if state != "complete" or not isinstance(totals, dict):
        return None
    for status in ("written", "dropped", "bad"):
        count = sum(row.status == status for row in rows)
        if totals.get(status) != count:
            return f"the ledger has {count} {status} frames, the about file {totals.get(status)}"
    return None


class _Comparison:
    """Two sequences of hashes, walked side by side; what is out of step is named and counted."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.remaining = deque(rows)
        self._last: Row | None = None
        self._seen: deque[int | None] = deque(maxlen=_LOOK_AHEAD)
        self.exact = 0
        self.wrong = 0
        self.first: Difference | None = None

    def next(self, digest: int) -> None:
        """Compare the next decoded frame."""
        if self.remaining and digest == self.remaining[0].xxh3_64:
            self._pass()
            self.exact += 1
        elif (ahead := self._ahead(digest)) is not None:
            for _ in range(ahead):
                self._differ("missing, or out of place")
            self._pass()
            self.exact += 1
        elif digest in self._seen:
            self._extra("there twice, or out of place")
        elif self.remaining:
            self._differ("not what the camera gave")
        else:
            self._extra("followed by a frame that the camera never gave")

    def miss_the_rest(self) -> None:
        """Count what never came."""
        while self.remaining:
            self._differ("missing")

    def _ahead(self, digest: int) -> int | None:
        for distance in range(1, min(_LOOK_AHEAD, len(self.remaining))):
            if self.remaining[distance].xxh3_64 == digest:
                return distance
        return None

    def _pass(self) -> Row:
        row = self._last = self.remaining.popleft()
        self._seen.append(row.xxh3_64)
        return row

    def _differ(self, what: str) -> None:
        row = self._pass()
        self.wrong += 1
        self.first = self.first or Difference(row.frame, row.grab, what)

    def _extra(self, what: str) -> None:
        self.wrong += 1
        if self.first is None:
            frame, grab = (self._last.frame, self._last.grab) if self._last else (0, 0)
            self.first = Difference(frame, grab, what)


def _compare(rows: Sequence[Row], digests: Iterable[int]) -> _Comparison:
    comparison = _Comparison(rows)
    for digest in digests:
        comparison.next(digest)
    return comparison
