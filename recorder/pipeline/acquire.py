"""The acquisition thread: grab, stamp, fill a slot, hash, hand on. Nothing else happens here.

Whatever changes a running camera (a recording begins or ends, a setting is moved) is an order
that is carried out between two grabs.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

import xxhash

from recorder.cameras.base import BadFrame, Camera, NotYet
from recorder.errors import BufferFull, CameraLost, CameraTimeout
from recorder.frame import FrameStamp
from recorder.pipeline.arming import RateGauge
from recorder.pipeline.ring import Ring
from recorder.pipeline.take import Take
from recorder.pipeline.watch import PictureWatch

RETRY_S = 0.05
"""Pause before a camera that gave no frame is asked again."""


class Acquisition:
    """Moves frames from an open camera into a ring until it is told to stop.

    Parameters
    ----------
    camera
        Open; used by no other thread from `run` on.
    ring
        Where the frames go.
    on_take_over
        Called on this thread when a take reaches its duration.
    watch
        Looks at the frames for what is odd about them.
    sleep
        How to wait between two attempts, in s.
    """

    def __init__(
        self,
        camera: Camera,
        ring: Ring,
        on_take_over: Callable[[], None],
        watch: PictureWatch | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._camera = camera
        self._ring = ring
        self._on_take_over = on_take_over
        self._sleep = sleep
        self._orders: deque[Callable[[], None]] = deque()
        self._stop = threading.Event()
        self._take: Take | None = None
        self._coming: tuple[int, Callable[[], None]] | None = None
        self.watch = watch or PictureWatch()
        self.gauge = RateGauge()
        self.grabs = 0
        self.take_number = 0
        self.last_grab_ns = time.monotonic_ns()
        self.in_driver_since_ns: int | None = None
        self.late = 0

    # -- any thread -------------------------------------------------------------------------

    def order(self, action: Callable[[], None]) -> None:
        """Have something done between two grabs."""
        self._orders.append(action)

    def stop(self) -> None:
        """Have `run` return at the next frame boundary."""
        self._stop.set()

    @property
    def patience_s(self) -> float:
        """How long the camera may stay silent: its time-out, or three frames of a slow one."""
        fps = self._ring.spec.fps
        return max(self._camera.timeout_s, 3 / fps if fps else 0)

    @property
    def age_s(self) -> float | None:
        """Time since the last grab; None before the first."""
        return (time.monotonic_ns() - self.last_grab_ns) / 1e9 if self.grabs else None

    # -- orders, on the acquisition thread ----------------------------------------------------

    def begin_at(self, at_ns: int, begin: Callable[[], None]) -> None:
        """Have a recording begun at the first frame boundary from this monotonic time on."""
        self._coming = (at_ns, begin)

    def begin_take(self, take: Take) -> None:
        """From the next grab on, frames belong to this recording."""
        fps = take.fps or self.gauge.fps or self._ring.spec.fps
        take.period_ns = 1e9 / fps if fps else 0.0
        self._take = take
        self.take_number = take.number
        self._camera.begin(take.grabbed)

    def end_take(self) -> None:
        """From the next grab on, frames are preview only."""
        self._take = self._coming = None
        self.take_number = 0

    # -- the thread -------------------------------------------------------------------------

    def run(self) -> None:
        """Acquire until `stop`.

        Raises
        ------
        CameraError, EndOfSource, BufferFull
            What ended it, if it was not `stop`.
        """
        self.last_grab_ns = time.monotonic_ns()  # it was not asked before
        while not self._stop.is_set():
            self._obey()
            if self._stop.is_set():
                return
            stamp = self._grab()
            if stamp is not None:
                self._one_frame(stamp)

    def _obey(self) -> None:
        while self._orders:
            self._orders.popleft()()
        if self._coming is None:
            return
        at_ns, begin = self._coming
        early_s = (at_ns - time.monotonic_ns()) / 1e9
        if early_s > 0 and self._camera.can_wait:  # a live one shows its preview until then
            self._sleep(early_s)
        if early_s <= 0 or self._camera.can_wait:
            self._coming = None
            begin()

    def _grab(self) -> FrameStamp | None:
        """Ask the camera for a frame; None if it had none, and may be asked again.

        The one place where a camera is given another chance, and where that is counted.
        """
        self.in_driver_since_ns = time.monotonic_ns()
        try:
            stamp = self._camera.grab()
        except NotYet:
            return None
        except CameraTimeout as error:
            silent_s = (time.monotonic_ns() - self.last_grab_ns) / 1e9
            if silent_s >= self.patience_s:
                raise CameraLost(f"no frame for {silent_s:.1f} s: {error}") from error
            self.late += 1
            self._sleep(RETRY_S)
            return None
        finally:
            self.in_driver_since_ns = None
        self.last_grab_ns = stamp.t_mono_ns
        self.grabs += 1
        self.gauge.add(stamp.t_mono_ns)
        return stamp

    def _one_frame(self, stamp: FrameStamp) -> None:
        take = self._take
        if take is None:
            self._hand_on(stamp)
            return
        if take.gap is not None:
            self._bridge(take, take.gap, stamp)
        if take.is_over(stamp.t_mono_ns):
            self._leave_take()
            return
        take.first_ns = take.first_ns or stamp.t_mono_ns
        # Counted before it is handed on: nobody may see more frames written than grabbed.
        take.tally.count("grabbed")
        accepted = self._ring.accepted
        try:
            self._hand_on(stamp._replace(grab=take.grabbed, take=take.number))
        finally:  # an error may leave a row behind or not: only the ring knows
            if self._ring.accepted > accepted:
                take.grabbed += 1
                take.last_ns = stamp.t_mono_ns
                self._ring.progress(
                    take.number, take.grabbed, take.first_ns, stamp.t_mono_ns, stamp.t_utc_ns
                )
            else:
                take.tally.count("grabbed", -1)
        if take.is_full:
            self._leave_take()

    def _bridge(self, take: Take, last: tuple[int, int], stamp: FrameStamp) -> None:
        """Say in the ledger for how long there was no camera, before its first frame since."""
        take.gap = None
        for grab, mono, utc, status, note in take.lost:
            if grab >= 0:
                take.tally.count("grabbed")
            lost = FrameStamp(mono, utc, grab=grab, take=take.number)
            self._ring.miss(lost, status, note)
        gone = FrameStamp(*last, grab=-1, take=take.number)
        self._ring.miss(gone, "gap", str(stamp.t_mono_ns - last[0]))

    def _leave_take(self) -> None:
        self.end_take()
        self._on_take_over()

    def _hand_on(self, stamp: FrameStamp) -> None:
        """Fill a slot and pass it on; the ring takes nothing once it is closed."""
        try:
            slot = self._ring.reserve()
        except BufferFull:
            self._ring.miss(stamp, "dropped", "overflow")
            raise
        if slot is None:  # no room: not even decoded
            self._ring.miss(stamp, "dropped", "overflow")
            return
        self.in_driver_since_ns = time.monotonic_ns()
        try:
            oddity = self._camera.retrieve(slot.frame)
        except BaseException as error:
            self._ring.cancel(slot)
            self._ring.miss(stamp, "bad", "bad_read")
            if isinstance(error, BadFrame):
                return
            raise
        finally:
            self.in_driver_since_ns = None
        digest = xxhash.xxh3_64_intdigest(slot.frame.data)
        note = oddity or self._note(stamp, digest)
        self._ring.commit(slot, stamp._replace(xxh3_64=digest, note=note))

    def _note(self, stamp: FrameStamp, digest: int) -> str:
        take = self._take
        last_ns, period_ns = (take.last_ns, take.period_ns) if take is not None else (None, 0.0)
        return self.watch.note(stamp, digest, last_ns, period_ns)
