"""One recording from its first grab to its last file; preview is what lies between takes."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from recorder.errors import RecorderError
from recorder.pipeline.summary import COUNTERS, REASONS, TakeSummary, frames_per_second
from recorder.stats import Tally
from recorder.writers.base import WriteReport
from recorder.writers.naming import in_order

if TYPE_CHECKING:
    from recorder.config import Amount, RecordingConfig, Segment
    from recorder.pipeline.order import LostRow, Order


@dataclass(slots=True)
class Take:
    """A recording in progress, shared by the threads of a session; each field has one writer.

    Parameters
    ----------
    number
        1, 2, … within a session; 0 would be preview.
    duration
        When it ends by itself; None: when it is told to.
    segment
        After how much it goes on in a new file; None: in one file.
    period_ns
        Time between two frames, as far as known; 0 if not.
    fps
        The rate to write into its files; None: the one that is measured now.
    first_part
        Number of its first file: not 0 if it goes on after a gap.
    gap
        (t_mono_ns, t_utc_ns) of the last frame before that gap; None if there is none.
    lost
        Rows that stand before it; see `Resumption`.
    """

    number: int
    duration: Amount | None
    started: datetime
    segment: Segment | None = None
    period_ns: float = 0.0
    fps: float | None = None
    first_part: int = 0
    gap: tuple[int, int] | None = None
    lost: tuple[LostRow, ...] = ()
    tally: Tally = field(default_factory=Tally)
    closed: threading.Event = field(default_factory=threading.Event)  # all its files are
    # the acquisition thread's
    first_ns: int | None = None
    last_ns: int | None = None
    grabbed: int = 0
    # the writer thread's, and its settlers'
    bytes_closed: int = 0
    closed_files: list[str] = field(default_factory=list)
    errors: list[RecorderError] = field(default_factory=list)
    stem: Path | None = None
    # anybody's
    reason: str | None = None
    is_source_faulty: bool = False  # it lacks frames that it should have had
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def ordered(cls, number: int, order: Order, recording: RecordingConfig) -> Take:
        """Return the take that an order asks for, with what it leaves to the config."""
        duration = order.duration or recording.duration
        take = cls(number, duration, order.started, recording.segment)
        rest = order.resumption
        if rest is not None:
            take.grabbed, take.first_ns = rest.grabbed, rest.first_ns
            take.gap = (rest.last_ns, rest.last_utc_ns)
            take.stem, take.first_part, take.fps = rest.stem, rest.part, rest.fps
            take.lost = rest.rows
        return take

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
        lost_ns = max((row.t_mono_ns for row in self.lost), default=self.first_ns)
        return ((self.last_ns or lost_ns) - self.first_ns) / 1e9

    @property
    def remaining_s(self) -> float | None:
        """How long it will last yet, as far as that is known."""
        if self.duration is None:
            return None
        if self.duration.seconds is not None:
            return max(0.0, self.duration.seconds - self.seconds)
        frames = (self.duration.frames or 0) - self.grabbed
        return max(0.0, frames * self.period_ns / 1e9) if self.period_ns else None

    def add(self, report: WriteReport) -> None:
        """Take note of a file that is finished."""
        with self._lock:
            self.bytes_closed += report.bytes
            if report.files:
                self.closed_files.append(str(report.files[0]))

    def files(self, most: int | None = None) -> tuple[str, ...]:
        """Return the finished files, in order; the last so many, if there are more."""
        with self._lock:
            found = self.closed_files[-most:] if most else self.closed_files.copy()
        return in_order(found)

    def summary(self) -> TakeSummary:
        """Return how it went."""
        totals = self.tally.totals()
        seconds = self.seconds
        return TakeSummary(
            reason=self.reason or "requested",
            **{name: getattr(totals, name) for name in COUNTERS},
            seconds=round(seconds, 6),
            fps=frames_per_second(totals.grabbed, seconds),
            files=self.files(),
            raw_bytes=self.tally.raw_bytes,
            file_bytes=self.bytes_closed,
            errors=tuple(dict.fromkeys(str(error) for error in self.errors)),
            is_source_faulty=self.is_source_faulty,
        )
