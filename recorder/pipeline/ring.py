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
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from recorder.config.sections import WhenFull, frames_in
from recorder.errors import BufferFull
from recorder.frame import FrameSpec, FrameStamp
from recorder.layout import (
    GENERATION,
    GENERATION_AT,
    HEADER,
    HISTORY,
    HISTORY_AT,
    HISTORY_LENGTH,
    NEWEST,
    PROGRESS,
    PROGRESS_AT,
    ROW,
    padded,
    row_at,
    slots_at,
)
from recorder.pipeline.view import MAGIC, Look, RingView, cut

if TYPE_CHECKING:
    from recorder.frame import Frame
    from recorder.pipeline.memory import Block

WARM_SLOTS = 8
"""Free slots that are refilled in turn; the others only when these are all in use.

A ring of 129 slots filled round and round costs a third of the throughput of 8: cache.
"""
MAX_SLOTS = 16_384
"""Bound for tiny frames: more would only cost time and objects."""
MAX_MISSED = 100_000
"""Rows without a picture that may wait for a stuck writer (7 minutes at 250 fps, 30 MB)."""


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


class Ring:
    """Slots between one acquisition thread and one writer thread.

    Parameters
    ----------
    block
        Shared memory; it is cut into as many slots as fit. If a ring was in it before, sequence
        numbers go on, so that nobody takes an old frame for a new one.
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
            Slot(i, frame) for i, frame in enumerate(cut(block.buf, spec, slots, first, nbytes))
        ]
        self._count = slots
        self._warm = deque(self._slots[:WARM_SLOTS])
        self._cold = self._slots[WARM_SLOTS:]
        self._queue: deque[Entry] = deque()
        self._missed = 0
        self._changed = threading.Condition()
        self._closed = False
        self._sequence = 0
        self.accepted = 0
        self._describe(slots, nbytes, first)
        self._newest = self._buf[NEWEST].cast("Q")
        self._view: RingView | None = RingView(block)

    def _describe(self, slots: int, nbytes: int, first: int) -> None:
        """Write the header; meanwhile the memory is nobody's: a watcher may look at any moment."""
        spec, buf = self.spec, self._buf
        magic, before, *_ = HEADER.unpack_from(buf)
        if magic == MAGIC:
            self._sequence = before
        (generation,) = GENERATION.unpack_from(buf, GENERATION_AT)
        struct.pack_into("@Q", buf, 0, 0)
        GENERATION.pack_into(buf, GENERATION_AT, generation + 1)
        for slot in self._slots:
            self._mark(slot.index, 0)
        shape = (slots, nbytes, first, spec.width, spec.height, spec.pixel_format.encode())
        HEADER.pack_into(buf, 0, 0, self._sequence, 0, *shape)
        self.progress(0, 0, 0, 0, 0)
        struct.pack_into("@Q", buf, 0, MAGIC)

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
                f"all {self._count} frames of buffer.memory are full and when_full is stop; "
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

    def progress(
        self, take: int, grabs: int, first_ns: int, last_ns: int, last_utc_ns: int
    ) -> None:
        """Leave a note of how far a recording is where a crash of this process does not reach.

        Parameters
        ----------
        take, grabs
            Which recording, and how many frames were grabbed in it.
        first_ns, last_ns, last_utc_ns
            Monotonic time of the first and the last of them, and Unix time of the last.
        """
        place = HISTORY_AT + (grabs - 1) % HISTORY_LENGTH * HISTORY.size
        with suppress(struct.error):  # let go of meanwhile: there is no recording any more
            HISTORY.pack_into(self._buf, place, last_ns, last_utc_ns)
            PROGRESS.pack_into(self._buf, PROGRESS_AT, take, grabs, first_ns, last_ns, last_utc_ns)

    def close(self) -> None:
        """Say that no more frames come. Any thread may, as often as it likes."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def let_go(self) -> None:
        """Drop everything that looks at the memory; whoever still copies a frame may finish."""
        with self._changed:
            self._closed = True
            self._slots, self._cold, self._view = [], [], None
            self._warm.clear()
            self._buf = memoryview(b"")
            self._newest = self._buf.cast("Q")

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
        return self._count

    @property
    def fill(self) -> float:
        """Share of the slots whose frames the writer has not taken yet, 0 to 1."""
        with self._changed:
            return (len(self._queue) - self._missed) / self._count

    def newest(self, out: Frame | None = None, after: int = 0) -> Look | None:
        """Copy the newest frame; see `RingView.newest`."""
        view = self._view
        return view.newest(out, after) if view is not None else None

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
        struct.pack_into("@Q", self._buf, row_at(index), sequence)

    def _publish(self, index: int, stamp: FrameStamp) -> None:
        self._sequence += 1
        camera = float("nan") if stamp.t_camera_ms is None else stamp.t_camera_ms
        ROW.pack_into(
            self._buf,
            row_at(index),
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


def _plan(nbytes: int, spec: FrameSpec, max_slots: int | None) -> tuple[int, int, int]:
    """Return (slots, first byte of the first slot, bytes from slot to slot)."""
    slots = min(frames_in(nbytes, spec), max_slots or MAX_SLOTS)
    return slots, slots_at(slots), padded(spec.nbytes)
