"""Look at a ring from any thread or process: the newest frame is copied, never popped."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recorder.frame import FrameSpec, FrameStamp
from recorder.layout import GENERATION, GENERATION_AT, HEADER, NEWEST, ROW, row_at

if TYPE_CHECKING:
    from recorder.frame import Frame
    from recorder.pipeline.memory import Block

MAGIC = 0x31474E4952434552  # "RECRING1"


class Look(NamedTuple):
    """A copy of the newest frame, for a viewer."""

    frame: Frame
    stamp: FrameStamp
    sequence: int


class RingView:
    """Look at a ring, in this process or another, without costing the recording anything.

    A camera that is restarted cuts the memory anew, perhaps into frames of another size; the view
    follows by itself.
    """

    def __init__(self, block: Block) -> None:
        self._buf = memoryview(block.buf)  # its own: the block may be closed while we look
        self._generation = 0

    @property
    def spec(self) -> FrameSpec | None:
        """What the frames are; None while the camera has not been opened."""
        return self._spec if self._measure() else None

    def _measure(self) -> bool:
        """Know how the memory is cut; False while it is not, or just being cut."""
        generation = self._read_generation()
        if generation == self._generation != 0:
            return True
        magic, _, _, slots, nbytes, first, width, height, name = HEADER.unpack_from(self._buf)
        if magic != MAGIC or generation != self._read_generation():
            return False
        pixel_format = name.rstrip(b"\0").decode()
        self._spec = FrameSpec(width, height, pixel_format)
        self._frames = cut(self._buf, self._spec, slots, first, nbytes)
        self._newest = self._buf[NEWEST].cast("Q")
        self._generation = generation
        return True

    def _read_generation(self) -> int:
        return int(GENERATION.unpack_from(self._buf, GENERATION_AT)[0])

    def newest(self, out: Frame | None = None, after: int = 0, step: int = 1) -> Look | None:
        """Return a copy of the newest frame, or None if there is none newer than `after`.

        Parameters
        ----------
        out
            Array to copy into, of the dtype and (thinned) shape; a new one if left out, or if the
            frames are of another kind by now.
        after
            Sequence number of the frame that the caller already has.
        step
            Copy every so many pixels of every so many lines only: what a small picture needs of
            a large frame, at a fraction of the cost.

        Notes
        -----
        The sequence number is read before and after the copy. A camera that overtakes the
        copy three times running (a viewer starved of processor time) gives None, not a tear.
        """
        for _ in range(3):
            if not self._measure():
                return None
            sequence, index = self._newest
            if sequence in (0, after):
                return None
            look = self._copy(index, sequence, out, step)
            if look is not None:
                return look
        return None

    def _copy(self, index: int, sequence: int, out: Frame | None, step: int) -> Look | None:
        row = ROW.unpack_from(self._buf, row_at(index))
        if row[0] != sequence:
            return None
        wanted = self._frames[index][::step, ::step]
        frame = out
        if frame is None or (frame.shape, frame.dtype) != (wanted.shape, wanted.dtype):
            frame = np.empty(wanted.shape, wanted.dtype)
        if step > 1 and wanted.ndim == 3:  # five times faster than all channels in one
            for channel in range(wanted.shape[2]):
                np.copyto(frame[..., channel], wanted[..., channel])
        else:
            np.copyto(frame, wanted)
        if ROW.unpack_from(self._buf, row_at(index))[0] != sequence:
            return None
        if self._read_generation() != self._generation:  # cut anew since it was measured
            return None
        _, mono, utc, camera, grab, take, digest = row
        t_camera_ms = None if camera != camera else camera
        return Look(frame, FrameStamp(mono, utc, t_camera_ms, grab, take, digest), sequence)


def cut(buf: memoryview, spec: FrameSpec, slots: int, first: int, nbytes: int) -> list[Frame]:
    """Return the slots of a ring as arrays over its memory."""
    dtype = np.dtype(spec.dtype)
    count = spec.nbytes // dtype.itemsize
    return [
        np.frombuffer(buf, dtype, count, first + i * nbytes).reshape(spec.shape)
        for i in range(slots)
    ]
