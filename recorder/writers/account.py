"""What a writer counts: the rows it took, and the rate they came at."""

from __future__ import annotations

from typing import Any

from recorder.errors import NoSpace, RecorderError
from recorder.frame import FrameStamp
from recorder.writers.about import COMPLETE

STATUSES = ("written", "dropped", "bad", "gap")
"""In the order of their codes in HDF5."""


class Account:
    """Counts the rows of one file."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(STATUSES, 0)
        self._first: FrameStamp | None = None
        self._last: FrameStamp | None = None

    def see(self, stamp: FrameStamp) -> None:
        """Take note of a frame's time, whatever became of it."""
        self._first = self._first or stamp
        self._last = stamp

    @property
    def measured_fps(self) -> float | None:
        """Grabs per second from the first to the last; None below two."""
        if self._first is None or self._last is None or self._first is self._last:
            return None
        seconds = (self._last.t_mono_ns - self._first.t_mono_ns) / 1e9
        grabs = self._last.grab - self._first.grab
        return grabs / seconds if seconds > 0 else None

    def closing(self, reason: str, error: RecorderError | None) -> dict[str, Any]:
        """Return what the about file of a finished file says of it.

        Parameters
        ----------
        reason
            Why it ends; replaced if the writer failed.
        """
        if error is not None:
            reason = "no_space" if isinstance(error, NoSpace) else "writer_failed"
        return {
            "state": COMPLETE,
            "reason": reason,
            "error": None if error is None else str(error),
            "measured_fps": self.measured_fps,
            "totals": {
                "grabbed": sum(self.counts.values()) - self.counts["gap"],
                **self.counts,
            },
        }


def why_lost(error: RecorderError | None) -> str:
    """Return the ledger's note for frames that did not make it into a file."""
    return "no_space" if isinstance(error, NoSpace) else "encoder_died"
