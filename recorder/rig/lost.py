"""Which frames of a dead process have no row in any ledger, and which of its files takes the rows.

A process that dies at a seam leaves several files that are not finished, and one may be finished
before an earlier one. What is missing at the end of each belongs to that file, not to the last.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from recorder.frame import FrameStamp
from recorder.rig.shares import FileShare
from recorder.writers.settle import SettledFile, grabs_in


@dataclass(slots=True)
class Lost:
    """Frames without a row.

    Attributes
    ----------
    by_part
        Stamps of those that a file is to take, in the order of their grabs.
    nowhere
        How many lie behind a file that is finished.
    """

    by_part: dict[int, list[FrameStamp]] = field(default_factory=dict)
    nowhere: int = 0

    def untaken(self, settled: Mapping[int, SettledFile]) -> int:
        """Return how many have no row even now: their file was finished already."""
        count = self.nowhere
        for part, stamps in self.by_part.items():
            last = settled[part].last
            count += sum(last is None or stamp.grab > last.grab for stamp in stamps)
        return count


def lost_of(share: FileShare, stamps: Sequence[FrameStamp], begin: int) -> Lost:
    """Look for the frames of a dead process that have no row; its unfinished files are read.

    Parameters
    ----------
    share
        Its files.
    stamps
        Of its last frames, in the order of their grabs. One that is missing further back gets the
        time of the first of them.
    begin
        The number of its first frame.
    """
    spans = dict(share.spans)
    for file in share.open:
        if (span := grabs_in(Path(file["stem"]), file["format"])) is not None:
            spans[file["part"]] = span
    unfinished = {file["part"] for file in share.open}
    lost = Lost()
    expected, taker = max(begin, share.last_grab + 1), None
    for part in sorted(unfinished.union(spans)):
        if part in spans:
            first, last = spans[part]
            _assign(lost, taker, range(expected, first), stamps)
            expected = max(expected, last + 1)
        taker = part if part in unfinished else None
    end = stamps[-1].grab + 1 if stamps else expected
    _assign(lost, taker, range(expected, end), stamps)
    return lost


def _assign(
    lost: Lost, taker: int | None, grabs: Iterable[int], stamps: Sequence[FrameStamp]
) -> None:
    if not stamps:
        return
    oldest = stamps[0].grab
    missing = [
        stamps[grab - oldest] if grab >= oldest else stamps[0]._replace(grab=grab) for grab in grabs
    ]
    if taker is None:
        lost.nowhere += len(missing)
    elif missing:
        lost.by_part.setdefault(taker, []).extend(missing)
