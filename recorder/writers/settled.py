"""What is in a file whose writer is dead: its rows counted, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recorder.errors import ConfigError, RecorderError
from recorder.frame import FrameSpec, FrameStamp
from recorder.stats import Totals
from recorder.writers.account import Account
from recorder.writers.base import WriteReport
from recorder.writers.file_times import far_ms

CRASHED = "crashed"
"""The ledger's note for frames that were lost with the process that had them."""


@dataclass(frozen=True, slots=True)
class SettledFile:
    """A dead writer's file, and what it adds to the summary of its camera.

    Parameters
    ----------
    report
        As a writer's own `close` would give it. `lost` are the frames whose rows say `crashed`:
        handed to the encoder and not in the file, or grabbed and never handed over. They are among
        `totals.dropped`.
    totals
        Of this file alone: grabbed = written + dropped + bad. They hold also if the file could not
        be finished, and its ledger may then say less.
    raw_bytes
        Of the written frames.
    first, last
        When the first and the last frame of this file were grabbed, whatever became of them; None
        if none was. A gap counts as neither.
    reason
        Why it ended, by its own account; None if it could not be finished.
    """

    report: WriteReport
    totals: Totals
    raw_bytes: int = 0
    first: FrameStamp | None = None
    last: FrameStamp | None = None
    reason: str | None = None


class Audit:
    """Counts rows as they will stand in the finished file."""

    def __init__(self) -> None:
        self.account = Account()
        self._crashed = 0

    def add(self, stamp: FrameStamp, status: str, note: str) -> None:
        """Count a row."""
        digest = stamp.xxh3_64 if status == "written" else None
        self.account.see(stamp._replace(note=note, xxh3_64=digest))
        self.account.counts[status] += 1
        self._crashed += status == "dropped" and note == CRASHED

    def add_lost(self, stamps: Iterable[FrameStamp]) -> list[FrameStamp]:
        """Count frames that have no row yet; return those, in the order of their grabs.

        The ledger takes rows in that order: what is not beyond its last one has a row already.
        """
        last = -1 if self.account.last is None else self.account.last.grab
        without_row = {stamp.grab: stamp for stamp in stamps if stamp.grab > last}
        added = [without_row[grab]._replace(xxh3_64=None) for grab in sorted(without_row)]
        for stamp in added:
            self.add(stamp, "dropped", CRASHED)
        return added

    @property
    def is_empty(self) -> bool:
        """Whether there is no row at all."""
        return not any(self.account.counts.values())

    def settled(
        self,
        paths: Sequence[Path],
        about: Mapping[str, Any],
        error: str | None,
        unfinished: RecorderError | None,
    ) -> SettledFile:
        """Return the outcome.

        Parameters
        ----------
        paths
            Of the file and what belongs to it.
        about
            What it says of its frames.
        """
        there = [path for path in paths if path.exists()]
        counts = self.account.counts
        report = WriteReport(
            tuple(paths) if there else (),
            counts["written"],
            self._crashed,
            sum(path.stat().st_size for path in there),
            error,
            unfinished,
            time_deviation_ms=far_ms(about),
        )
        return SettledFile(
            report,
            Totals(
                grabbed=sum(counts.values()) - counts["gap"],
                written=counts["written"],
                dropped=counts["dropped"],
                bad=counts["bad"],
                gaps=counts["gap"],
            ),
            counts["written"] * _frame_bytes(about),
            self.account.first,
            self.account.last,
            about.get("reason"),
        )


def _frame_bytes(about: Mapping[str, Any]) -> int:
    try:
        width, height = int(about["width"]), int(about["height"])
        return FrameSpec(width, height, about["pixel_format"]).nbytes
    except (KeyError, TypeError, ValueError, ConfigError):
        return 0  # it does not say what its frames are
