"""Where a recording goes on in its next file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from recorder.config import Segment
    from recorder.frame import FrameStamp

AHEAD_S = 0.75
"""What is still on its way into a file is at most what comes in so long: a cluster, a pipe."""
PATIENCE_NS = 1_000_000_000
"""After a file that could not be begun, the next one is tried so much later."""
LEAST_NS = 1_000_000_000
"""A file that is to have a size lasts at least so long: its rate has to be known."""


class Growing(Protocol):
    """What is asked of a writer."""

    @property
    def bytes_on_disk(self) -> int:
        """How much the file holds by now."""

    @property
    def bytes_at_most(self) -> int:
        """How large it can become with what it was given and one frame more."""


class Seams:
    """Says before which frame the next file begins.

    Times and counts go from the recording's first frame on, not from the file's: files of several
    cameras, and those after a restart, begin where they would have begun anyway. A file of a size
    ends a little before it has that size, as some of it is still on its way. Where the disk sets a
    limit, whatever is still on its way has room below it.

    Parameters
    ----------
    segment
        After how much; None: never.
    largest
        How large a file may become at most, in bytes; None: there is no limit.
    """

    def __init__(self, segment: Segment | None, largest: int | None = None) -> None:
        self._segment = segment
        self._largest = largest
        self._index: int | None = None  # of the present file's place in the recording
        self._begun_ns = 0
        self._not_before_ns = 0

    def begin(self, stamp: FrameStamp, first_ns: int, period_ns: float) -> None:
        """Take note of the first frame of a file."""
        self._index = self._place(stamp, first_ns, period_ns)
        self._begun_ns = stamp.t_mono_ns

    def postpone(self, stamp: FrameStamp) -> None:
        """Let the present file go on for a moment, as the next one cannot be begun."""
        self._not_before_ns = stamp.t_mono_ns + PATIENCE_NS

    def lies_before(
        self, stamp: FrameStamp, first_ns: int, period_ns: float, file: Growing
    ) -> bool:
        """Whether a frame is the first of the next file.

        Parameters
        ----------
        stamp
            Of the frame.
        first_ns
            Monotonic time of the recording's first grab.
        period_ns
            Time between two frames, as far as known; 0 if not.
        file
            The present one.
        """
        if self._segment is None and self._largest is None:
            return False
        if self._index is None:  # the file's first frame
            self.begin(stamp, first_ns, period_ns)
            return False
        if stamp.t_mono_ns < self._not_before_ns:
            return False
        if self._largest is not None and file.bytes_at_most > self._largest:
            return True
        if self._segment is None:
            return False
        if self._segment.size is not None:
            return self._is_full(stamp, file, self._segment.size)
        return self._place(stamp, first_ns, period_ns) != self._index

    def _place(self, stamp: FrameStamp, first_ns: int, period_ns: float) -> int:
        amount = None if self._segment is None else self._segment.amount
        if amount is None:
            return 0
        if amount.frames is not None:
            return stamp.grab // amount.frames
        # Half a frame early, as with the end of a recording: clocks tremble.
        since_ns = stamp.t_mono_ns - first_ns + period_ns / 2
        return int(since_ns // ((amount.seconds or 0.0) * 1e9))

    def _is_full(self, stamp: FrameStamp, file: Growing, size: int) -> bool:
        lasted_ns = stamp.t_mono_ns - self._begun_ns
        if lasted_ns < LEAST_NS:
            return False
        held = file.bytes_on_disk
        return held + held * AHEAD_S * 1e9 / lasted_ns >= size
