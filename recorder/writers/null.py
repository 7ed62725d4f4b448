"""A writer that writes nothing: preview only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder.frame import FrameSpec, FrameStamp
from recorder.writers.base import Done, WriteReport, nothing

if TYPE_CHECKING:
    from recorder.frame import Frame


class NullWriter:
    """Takes every frame and keeps none."""

    bytes_on_disk = bytes_at_most = 0

    def __init__(self) -> None:
        self.written = 0

    def open(self, spec: FrameSpec) -> None:
        """Do nothing."""

    def write(self, frame: Frame, stamp: FrameStamp, done: Done = nothing) -> None:
        """Count the frame."""
        self.written += 1
        done()

    def skip(self, stamp: FrameStamp, status: str, note: str) -> None:
        """Do nothing."""

    def check(self) -> None:
        """Never fails."""

    def sync(self) -> None:
        """Nothing is written."""

    def close(self, reason: str) -> WriteReport:
        """Report how many frames came by."""
        return WriteReport((), self.written)
