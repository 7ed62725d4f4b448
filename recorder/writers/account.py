"""What a writer counts: the rows it took, and the rate they came at."""

from __future__ import annotations

from typing import Any

from recorder.errors import NoSpace, RecorderError
from recorder.frame import FrameStamp
from recorder.writers.about import COMPLETE

STATUSES = ("written", "dropped", "bad", "gap")
"""In the order of their codes in HDF5."""


class Account:
    """Counts the rows of one file.

    Attributes
    ----------
    counts
        Rows by status.
    first, last
        Stamps of the first and the last frame that was grabbed; None while there is none.
    """

    def __init__(self) -> None:
        self.counts = dict.fromkeys(STATUSES, 0)
        self.first: FrameStamp | None = None
        self.last: FrameStamp | None = None
        self._before: FrameStamp | None = None
        self._grabs = 0
        self._ns = 0

    def see(self, stamp: FrameStamp) -> None:
        """Take note of a row's time, whatever became of its frame."""
        if stamp.grab < 0:  # a gap: how long nobody grabbed says nothing about the rate
            self._before = None
            return
        if self._before is not None:
            self._grabs += stamp.grab - self._before.grab
            self._ns += stamp.t_mono_ns - self._before.t_mono_ns
        self.first = self.first or stamp
        self.last = self._before = stamp

    @property
    def first_grab(self) -> int:
        """The first frame's number; -1 if there is none."""
        return -1 if self.first is None else self.first.grab

    @property
    def last_grab(self) -> int:
        """The last frame's number; -1 if there is none."""
        return -1 if self.last is None else self.last.grab

    @property
    def measured_fps(self) -> float | None:
        """Grabs per second, gaps left out; None below two."""
        return self._grabs * 1e9 / self._ns if self._ns > 0 else None

    def closing(self, reason: str, error: RecorderError | None) -> dict[str, Any]:
        """Return what the about file of a finished file says of it.

        Parameters
        ----------
        reason
            Why it ends; replaced if the writer failed.
        """
        if error is None:
            return self.finished(reason, None)
        return self.finished(
            "no_space" if isinstance(error, NoSpace) else "writer_failed", str(error)
        )

    def finished(self, reason: str, error: str | None) -> dict[str, Any]:
        """Return the same of a file for which it is known why it ends."""
        return {
            "state": COMPLETE,
            "reason": reason,
            "error": error,
            "measured_fps": self.measured_fps,
            "totals": {
                "grabbed": sum(self.counts.values()) - self.counts["gap"],
                **self.counts,
            },
        }


def why_lost(error: RecorderError | None) -> str:
    """Return the ledger's note for frames that did not make it into a file."""
    return "no_space" if isinstance(error, NoSpace) else "encoder_died"
