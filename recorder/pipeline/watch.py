"""Notice a picture that no longer moves, and frames that come late."""

from __future__ import annotations

from recorder.frame import FrameStamp

FROZEN_NS = 1_000_000_000
"""A source whose picture stays the same for so long is reported as frozen."""
LATE_PERIODS = 2.0
"""A frame that comes more than two frames after the one before it is late: the camera, its driver
or this machine may have left out some that nobody counted."""


class PictureWatch:
    """Compares each frame with the one before it; used by the acquisition thread alone.

    A sensor's noise never repeats: the same picture bit for bit means that a camera, or what lies
    between, hands out an old one and claims success.

    Parameters
    ----------
    frozen
        Whether repeated pictures are worth a word: not of files, which may hold still pictures.
    paced
        Whether the frames keep a rate: not of files and cameras that go as fast as they can.
    """

    def __init__(self, *, frozen: bool = True, paced: bool = True) -> None:
        self._frozen = frozen
        self._paced = paced
        self._digest: int | None = None
        self._same_since_ns = 0
        self._newest_ns = 0

    def note(self, stamp: FrameStamp, digest: int, last_ns: int | None, period_ns: float) -> str:
        """Return what is odd about a frame: ``frozen``, ``late`` or nothing.

        Parameters
        ----------
        stamp, digest
            Of the frame.
        last_ns
            Monotonic time of the recording's frame before it; None for its first.
        period_ns
            Between two frames; 0 if nobody knows.
        """
        self._newest_ns = stamp.t_mono_ns
        if digest != self._digest:
            self._digest = digest
            self._same_since_ns = stamp.t_mono_ns
        elif self._frozen:
            return "frozen"
        if not self._paced or not period_ns or last_ns is None:
            return ""
        return "late" if stamp.t_mono_ns - last_ns > LATE_PERIODS * period_ns else ""

    @property
    def frozen_s(self) -> float:
        """For how long the picture has been the same, in s; 0 as long as that is no surprise."""
        same_ns = self._newest_ns - self._same_since_ns
        return same_ns / 1e9 if self._frozen and same_ns >= FROZEN_NS else 0.0
