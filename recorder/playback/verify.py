"""Decode a recording and compare every frame with the hash of what the camera gave."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import xxhash

from recorder.errors import NoFfmpeg, RecorderError
from recorder.playback.files import find_parts
from recorder.playback.part import Part, require_file, require_order
from recorder.playback.verdict import Difference, PartVerdict, Verdict
from recorder.writers import about as about_file
from recorder.writers import naming
from recorder.writers.account import STATUSES
from recorder.writers.ledger import Row

_LOOK_AHEAD = 64
"""How far to search for a frame that is out of place, in frames."""

Advance = Callable[[int], None]
"""Told, now and then, how many frames have been compared."""


def verify(*paths: str | Path, advance: Advance | None = None) -> Verdict:
    """Decode recordings and compare every frame with its hash in the ledger.

    Parameters
    ----------
    *paths
        Files, stems or folders; of a folder also what is in the folders below it.
    advance
        Called now and then with the number of frames compared so far in a file.

    Raises
    ------
    ConfigError
        A path holds no recording.
    NoFfmpeg
        There is none, it is too old, or it failed by itself.

    Examples
    --------
    >>> mimwrite("mouse.h5", np.zeros((5, 48, 64), np.uint8))
    >>> verify("mouse.h5").ok
    True
    """
    parts = {part.file: part for path in paths for part in find_parts(Path(path), below=True)}
    return Verdict(tuple(verify_part(part, advance) for part in parts.values()))


def verify_part(part: Part, advance: Advance | None = None) -> PartVerdict:
    """Verify one file; see `verify`."""
    verdict = _verified(part, advance)
    if not verdict.ok and _is_deleted(part):
        return PartVerdict(str(part.file), "deleted", problem="it has been deleted meanwhile")
    return verdict


def _is_deleted(part: Part) -> bool:
    """Whether nothing is there any more, or the retention is just removing it."""
    about = about_file.read(naming.beside(part.stem, naming.ABOUT))
    return not part.files or about.get("state") == about_file.DELETED


def _verified(part: Part, advance: Advance | None) -> PartVerdict:
    state = part.state
    try:
        rows = part.rows()
        require_order(part, rows)
        require_file(part, state, rows)
        written = [row for row in rows if row.status == "written"]
        digests = _digests(part, advance) if part.file.exists() else iter(())
        found = _compare(written, digests, is_finished=state == "complete")
    except NoFfmpeg:  # that says nothing about the file
        raise
    except RecorderError as error:
        return PartVerdict(str(part.file), state, problem=str(error))
    # An interrupted recording simply ends early, in rows or frames, whichever the disk had more of
    # when the power went; in a complete one nothing may be missing.
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
        gaps=sum(row.status == "gap" for row in rows),
        gap_seconds=sum(_length_ns(row) for row in rows if row.status == "gap") / 1e9,
        first=found.first,
        problem=_disagreement(part, state, rows),
    )


def _length_ns(gap: Row) -> int:
    return int(gap.note) if gap.note.isdigit() else 0  # it says how long, but decides nothing


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
    for status in STATUSES:
        count = sum(row.status == status for row in rows)
        if totals.get(status) != count:
            return f"the ledger has {count} {status} rows, the about file {totals.get(status)}"
    return None


class _Comparison:
    """Two sequences of hashes, walked side by side; what is out of step is named and counted."""

    def __init__(self, rows: Sequence[Row], is_finished: bool) -> None:
        self._is_finished = is_finished  # else rows may be missing at the end, as frames may
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
        elif self._is_finished:
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


def _compare(rows: Sequence[Row], digests: Iterable[int], is_finished: bool) -> _Comparison:
    comparison = _Comparison(rows, is_finished)
    for digest in digests:
        comparison.next(digest)
    return comparison
