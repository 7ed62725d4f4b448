"""One recording from its first grab to its last file; preview is what lies between takes."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.errors import RecorderError
from recorder.stats import Tally, ratio_of
from recorder.writers.base import WriteReport

if TYPE_CHECKING:
    from recorder.config import Amount

# Reasons, and how grave: of two that meet, the graver names the ending.
REASONS = {
    "duration": 0,
    "end_of_source": 0,
    "requested": 0,
    "overflow": 1,
    "camera_failed": 2,
    "no_space": 3,
    "writer_failed": 4,
}
_EXIT_CODES = {"writer_failed": 4, "no_space": 5, "camera_failed": 3, "overflow": 6}


@dataclass(slots=True)
class Take:
    """A recording in progress, shared by the threads of a session; each field has one writer.

    Parameters
    ----------
    number
        1, 2, … within a session; 0 would be preview.
    duration
        When it ends by itself; None: when it is told to.
    period_ns
        Time between two frames, as far as known; 0 if not.
    """

    number: int
    duration: Amount | None
    started: datetime
    period_ns: float = 0.0
    tally: Tally = field(default_factory=Tally)
    # the acquisition thread's
    first_ns: int | None = None
    last_ns: int | None = None
    grabbed: int = 0
    # the writer thread's, and its settlers'
    reports: list[WriteReport] = field(default_factory=list)
    errors: list[RecorderError] = field(default_factory=list)
    stem: Path | None = None
    # anybody's
    reason: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def end(self, reason: str) -> None:
        """Name the reason of the ending; a graver one replaces a lesser one."""
        with self._lock:
            if self.reason is None or REASONS[reason] > REASONS[self.reason]:
                self.reason = reason

    def settle(self, reason: str, stuck: bool) -> None:
        """Leave nothing open once the writer is gone.

        Parameters
        ----------
        reason
            Of the ending, if it has none yet.
        stuck
            The frame still in flight, if any, is in a driver that never came back: it has no
            row and was not grabbed. Otherwise the writer failed before it counted the frame.
        """
        if self.reason is None:
            self.end(reason)
        self.tally.settle(stuck)

    @property
    def is_full(self) -> bool:
        """Whether it has all the frames that were asked for."""
        frames = self.duration.frames if self.duration is not None else None
        return frames is not None and self.grabbed >= frames

    def is_over(self, t_mono_ns: int) -> bool:
        """Whether a frame of this time no longer belongs to it."""
        seconds = self.duration.seconds if self.duration is not None else None
        if self.first_ns is None or seconds is None:
            return False
        # Half a frame early: the frame at the very end would come just before it or just after.
        return t_mono_ns - self.first_ns >= seconds * 1e9 - self.period_ns / 2

    @property
    def seconds(self) -> float:
        """From the first grab to the last."""
        if self.first_ns is None:
            return 0.0
        return ((self.last_ns or self.first_ns) - self.first_ns) / 1e9

    def bytes_closed(self) -> int:
        """Size on disk of the files that are finished."""
        return sum(report.bytes for report in list(self.reports))

    def files(self) -> tuple[str, ...]:
        """Return the finished files that have frames in them, in order by name."""
        return tuple(sorted(str(report.files[0]) for report in list(self.reports) if report.files))

    def summary(self) -> TakeSummary:
        """Return how it went."""
        totals = self.tally.totals()
        seconds = self.seconds
        return TakeSummary(
            reason=self.reason or "requested",
            **{name: getattr(totals, name) for name in _COUNTERS},
            seconds=round(seconds, 6),
            fps=round((totals.grabbed - 1) / seconds, 3) if seconds > 0 else 0.0,
            files=self.files(),
            raw_bytes=self.tally.raw_bytes,
            file_bytes=self.bytes_closed(),
            errors=tuple(dict.fromkeys(str(error) for error in self.errors)),
        )


_COUNTERS = ("grabbed", "written", "dropped", "bad", "gaps", "restarts")


@dataclass(frozen=True, slots=True)
class TakeSummary:
    """What became of a recording, once all its files are closed."""

    reason: str
    grabbed: int
    written: int
    dropped: int
    bad: int
    gaps: int
    restarts: int
    seconds: float
    fps: float
    files: tuple[str, ...]
    raw_bytes: int
    file_bytes: int
    errors: tuple[str, ...] = ()

    @property
    def ratio(self) -> float | None:
        """Raw size over size on disk; None when nothing is on disk."""
        found = ratio_of(self.raw_bytes, self.file_bytes)
        return None if found is None else round(found, 3)

    @property
    def exit_code(self) -> int:
        """0 if every grabbed frame is in the file, else by the graver cause."""
        if self.reason in _EXIT_CODES:
            return _EXIT_CODES[self.reason]
        return 6 if self.dropped or self.bad or self.gaps or self.restarts else 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, named as in the README."""
        names = ("reason", *_COUNTERS, "seconds", "fps")
        plain = {name: getattr(self, name) for name in names}
        plain |= {"files": list(self.files), "raw_bytes": self.raw_bytes}
        plain |= {"file_bytes": self.file_bytes, "ratio": self.ratio}
        return plain | ({"errors": list(self.errors)} if self.errors else {})
