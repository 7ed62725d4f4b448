"""The ring between the acquisition thread and the writer thread.

Fixed slots in shared memory. The camera fills a slot that the ring lends it, the writer is lent
filled slots in the order of their grabs and gives them back. A slot somebody holds is never
refilled. Grabbed frames that got no slot travel as rows without a picture, in the same order.
Closing the ring is the end marker::

    reserve ─► (camera fills) ─► commit ─┐                 ┌─► take ─► (writer) ─► give_back
    miss  (dropped, bad: a row only) ────┴─► first in, first out

Anyone may look at the newest slot, from any process (`RingView`): it is copied, never popped,
and a copy that was overtaken by the camera is thrown away, so a torn picture is never shown.
"""

from __future__ import annotations

import struct
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from recorder.errors import BufferFull, ConfigError
from recorder.frame import FrameSpec, FrameStamp

if TYPE_CHECKING:
    from recorder.frame import Frame
    from recorder.pipeline.memory import Block

WhenFull = Literal["drop", "wait", "stop"]

MIN_SLOTS = 4
WARM_SLOTS = 8
"""Free slots that are refilled in turn; the others only when these are all in use.

A ring of 129 slots filled round and round costs a third of the throughput of 8: cache.
"""
MAX_SLOTS = 16_384
"""Bound for tiny frames: more would only cost time and objects."""
MAX_MISSED = 100_000
"""Rows without a picture that may wait for a stuck writer (7 minutes at 250 fps, 30 MB)."""

_MAGIC = 0x31474E4952434552  # "RECRING1"
_PAGE = 4096
# magic, newest sequence number, its slot, slots, slot bytes, first byte, width, height, format
_HEADER = struct.Struct("@QQQQQQQQ8s")
_NEWEST = slice(8, 24)
# sequence number, then the stamp: mono, utc, camera (NaN: none), grab, take, hash
_ROW = struct.Struct("@QqqdqqQ")


@dataclass(slots=True)
class Slot:
    """A lent slot: `frame` is the array in shared memory."""

    index: int
    frame: Frame


class Entry(NamedTuple):
    """What the writer takes: a frame in its slot, or the row of one that has none."""

    stamp: FrameStamp
    slot: Slot | None
    status: str = "written"
    note: str = ""


class Look(NamedTuple):
    """A copy of the newest frame, for a viewer."""

    frame: Frame
    stamp: FrameStamp
    sequence: int


class RingView:
    """Look at a ring, in this process or another, without costing the recording anything."""

    def __init__(self, block: Block) -> None:
        self._buf = memoryview(block.buf)  # its own: the block may be closed while we look
        self._cut = False

    @property
    def spec(self) -> FrameSpec | None:
        """What the frames are; None while the camera has not been opened."""
        return self._spec if self._measure() else None

    def _measure(self) -> bool:
        if self._cut:
            return True
        magic, _, _, slots, nbytes, first, width, height, name = _HEADER.unpack_from(self._buf)
        if magic != _MAGIC:
            return False
        pixel_format = name.rstrip(b"\0").decode()
        self._spec = FrameSpec(width, height, pixel_format)
        self._frames = _cut(self._buf, self._spec, slots, first, nbytes)
        self._newest = self._buf[_NEWEST].cast("Q")
        self._cut = True
        return True

    def newest(self, out: Frame | None = None, after: int = 0) -> Look | None:
        """Return a copy of the newest frame, or None if there is none newer than `after`.

        Parameters
        ----------
        out
            Array of the ring's shape and dtype to copy into; a new one if left out.
        after
            Sequence number of the frame that the caller already has.

        Notes
        -----
        The sequence number is read before and after the copy. A camera that overtakes the
        copy three times running (a viewer starved of processor time) gives None, not a tear.
        """
        if not self._measure():
            return None
        for _ in range(3):
            sequence, index = self._newest
            if sequence in (0, after):
                return None
            look = self._copy(index, sequence, out)
            if look is not None:
                return look
        return None

    def _copy(self, index: int, sequence: int, out: Frame | None) -> Look | None:
        row = _ROW.unpack_from(self._buf, _row_at(index))
        if row[0] != sequence:
            return None
        frame: Frame = np.empty(self._spec.shape, self._spec.dtype) if out is None else out
        np.copyto(frame, self._frames[index])
        if _ROW.unpack_from(self._buf, _row_at(index))[0] != sequence:
            return None
        _, mono, utc, camera, grab, take, digest = row
        t_camera_ms = None if camera != camera else camera
        return Look(frame, FrameStamp(mono, utc, t_camera_ms, grab, take, digest), sequence)


class Ring:
    """Slots between one acquisition thread and one writer thread.

    Parameters
    ----------
    block
        Shared memory; it is cut into as many slots as fit.
    spec
        What every frame is.
    when_full
        ``drop`` refuses the new frame, ``wait`` blocks the camera, ``stop`` raises.
    max_slots
        Use no more than these.

    Attributes
    ----------
    accepted
        Frames and rows handed on so far; the camera's side counts it.

    Raises
    ------
    ConfigError
        Fewer than four frames fit.
    """

    def __init__(
        self,
        block: Block,
        spec: FrameSpec,
        when_full: WhenFull = "drop",
        max_slots: int | None = None,
    ) -> None:
        slots, first, nbytes = _plan(len(block.buf), spec, max_slots)
        self.spec = spec
        self.when_full = when_full
        self._buf = memoryview(block.buf)
        self._slots = [
            Slot(i, frame) for i, frame in enumerate(_cut(block.buf, spec, slots, first, nbytes))
        ]
        self._warm = deque(self._slots[:WARM_SLOTS])
        self._cold = self._slots[WARM_SLOTS:]
        self._queue: deque[Entry] = deque()
        self._missed = 0
        self._changed = threading.Condition()
        self._closed = False
        self._sequence = 0
        self.accepted = 0
        for slot in self._slots:
            self._mark(slot.index, 0)
        name = spec.pixel_format.encode()
        shape = (slots, nbytes, first, spec.width, spec.height, name)
        _HEADER.pack_into(block.buf, 0, 0, 0, 0, *shape)
        struct.pack_into("@Q", block.buf, 0, _MAGIC)  # last: a watcher may look at any moment
        self._newest = self._buf[_NEWEST].cast("Q")
        self._view = RingView(block)

    # -- the camera's side, one thread ------------------------------------------------------

    def reserve(self) -> Slot | None:
        """Lend a free slot to fill, or None: there is no room, and the frame is lost.

        Raises
        ------
        BufferFull
            There is no room and the policy is to stop.
        """
        with self._changed:
            if self.when_full == "wait":
                self._changed.wait_for(self._has_room)
            slot = self._pick()
        if slot is None and self.when_full == "stop" and not self._closed:
            raise BufferFull(
                f"all {len(self._slots)} frames of buffer.memory are full and when_full is stop; "
                "raise buffer.memory, or choose a faster codec"
            )
        if slot is not None:
            self._mark(slot.index, 0)  # from here on a viewer's copy of it is torn
        return slot

    def commit(self, slot: Slot, stamp: FrameStamp) -> bool:
        """Hand a filled slot on to the writer; False after `close`, when it no longer counts."""
        with self._changed:
            if self._closed:
                self._free(slot)
                return False
            self._publish(slot.index, stamp)
            self._pass_on(Entry(stamp, slot))
            return True

    def cancel(self, slot: Slot) -> None:
        """Take an unfilled slot back, to be lent next: the newest frame can still be seen."""
        with self._changed:
            if len(self._warm) < WARM_SLOTS:
                self._warm.appendleft(slot)
            else:
                self._cold.append(slot)

    def miss(self, stamp: FrameStamp, status: str, note: str) -> bool:
        """Pass on the row of a grabbed frame that has no picture; False after `close`.

        Raises
        ------
        BufferFull
            The writer has been stuck so long that even the rows no longer fit: bounded memory.
        """
        with self._changed:
            if self._closed:
                return False
            if self._missed >= MAX_MISSED:
                raise BufferFull(f"the writer is stuck and {MAX_MISSED} frames are lost already")
            self._missed += 1
            self._pass_on(Entry(stamp, None, status, note))
            return True

    def close(self) -> None:
        """Say that no more frames come. Any thread may, as often as it likes."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    # -- the writer's side, one thread ------------------------------------------------------

    def take(self, timeout_s: float) -> Entry | None:
        """Wait for the oldest entry; None when there is none in time, or none to come."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._queue) or self._closed, timeout_s)
            if not self._queue:
                return None
            entry = self._queue.popleft()
            self._missed -= entry.slot is None
            return entry

    def give_back(self, slot: Slot) -> None:
        """Return a slot that was written."""
        with self._changed:
            self._free(slot)
            self._changed.notify_all()

    # -- anyone -----------------------------------------------------------------------------

    @property
    def drained(self) -> bool:
        """Closed, and everything taken."""
        with self._changed:
            return self._closed and not self._queue

    @property
    def is_empty(self) -> bool:
        """Whether everything handed on so far was taken."""
        with self._changed:
            return not self._queue

    @property
    def slots(self) -> int:
        """How many frames fit."""
        return len(self._slots)

    @property
    def fill(self) -> float:
        """Share of the slots whose frames the writer has not taken yet, 0 to 1."""
        with self._changed:
            return (len(self._queue) - self._missed) / len(self._slots)

    def newest(self, out: Frame | None = None, after: int = 0) -> Look | None:
        """Copy the newest frame; see `RingView.newest`."""
        return self._view.newest(out, after)

    # -- inside; the lock is held -----------------------------------------------------------

    def _has_room(self) -> bool:
        return bool(self._warm or self._cold or self._closed)

    def _pick(self) -> Slot | None:
        if self._closed:
            return None
        if self._warm:
            return self._warm.popleft()
        return self._cold.pop() if self._cold else None

    def _pass_on(self, entry: Entry) -> None:
        self._queue.append(entry)
        self.accepted += 1
        self._changed.notify_all()

    def _free(self, slot: Slot) -> None:
        self._warm.append(slot)
        if len(self._warm) > WARM_SLOTS:
            self._cold.append(self._warm.popleft())

    def _mark(self, index: int, sequence: int) -> None:
        struct.pack_into("@Q", self._buf, _row_at(index), sequence)

    def _publish(self, index: int, stamp: FrameStamp) -> None:
        self._sequence += 1
        camera = float("nan") if stamp.t_camera_ms is None else stamp.t_camera_ms
        _ROW.pack_into(
            self._buf,
            _row_at(index),
            self._sequence,
            stamp.t_mono_ns,
            stamp.t_utc_ns,
            camera,
            stamp.grab,
            stamp.take,
            stamp.xxh3_64 or 0,
        )
        self._newest[1] = index  # the number last: a reader of both checks it against the row
        self._newest[0] = self._sequence


def frames_in(nbytes: int, spec: FrameSpec) -> int:
    """Return how many frames a ring of `nbytes` holds."""
    room = _padded(spec.nbytes) + _ROW.size
    return max(0, (nbytes - 2 * _PAGE) // room)


def _plan(nbytes: int, spec: FrameSpec, max_slots: int | None) -> tuple[int, int, int]:
    """Return (slots, first byte of the first slot, bytes from slot to slot)."""
    slots = min(frames_in(nbytes, spec), max_slots or MAX_SLOTS)
    if slots < MIN_SLOTS:
        need = (_padded(spec.nbytes) + _ROW.size) * MIN_SLOTS + 2 * _PAGE
        raise ConfigError(
            f"buffer.memory of {nbytes / 2**20:.3g} MiB holds {slots} frames of {spec}; "
            f"at least {MIN_SLOTS} are needed: set it to {-(-need // 2**20)}MiB or more"
        )
    return slots, _padded(_row_at(slots)), _padded(spec.nbytes)


def _cut(buf: memoryview, spec: FrameSpec, slots: int, first: int, nbytes: int) -> list[Frame]:
    dtype = np.dtype(spec.dtype)
    count = spec.nbytes // dtype.itemsize
    return [
        np.frombuffer(buf, dtype, count, first + i * nbytes).reshape(spec.shape)
        for i in range(slots)
    ]


def _row_at(index: int) -> int:
    return 128 + index * _ROW.size


def _padded(nbytes: int) -> int:
    """Round up to whole pages: slots that share no page share no cache line either."""
    return -(-nbytes // _PAGE) * _PAGE
