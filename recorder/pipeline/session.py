"""One camera at work: it opens once, and its frames go to nothing, to a file, to the next file.

States::

              start()          spec known           record()        end_take(), duration
    new ────────────► opening ────────────► previewing ────────► recording ───┐
                         │                      ▲  └──────────────────────────┤
                         │                      └────────────────────────────◄┘
                         │   finish(reason): from anywhere, once; a graver reason replaces a lesser
                         ▼
                     finishing ──► ended     ring drained, files closed, memory freed

Threads: acquisition (camera to ring), writer (ring to file), monitor (watches both). Every ending
passes through `Session.finish` with one of the reasons in `recorder.pipeline.take`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from recorder.cameras import make_camera
from recorder.cameras.base import Camera, EndOfSource
from recorder.config import Amount, CameraConfig
from recorder.errors import BufferFull, CameraError, CameraTimeout, RecorderError
from recorder.frame import FrameSpec
from recorder.pipeline.acquire import Acquisition
from recorder.pipeline.arming import nominal_fps, require_rate
from recorder.pipeline.files import FileMaker
from recorder.pipeline.memory import Block, allocate
from recorder.pipeline.monitor import (
    LEAVE_TIMEOUT_S,
    TICK_S,
    DiskGuard,
    Liveness,
    Meters,
    status_of,
)
from recorder.pipeline.ring import WARM_SLOTS, Look, Ring
from recorder.pipeline.take import REASONS, Take, TakeSummary
from recorder.pipeline.write import Writing
from recorder.stats import CameraStatus
from recorder.writers.base import Writer

if TYPE_CHECKING:
    from recorder.frame import Frame

log = logging.getLogger(__name__)

OPEN_TIMEOUT_S = 15.0
"""A camera that has not opened by then never will: back-ends have shorter time-outs."""
ARM_TIMEOUT_S = 8.0


class Session:
    """One camera, its ring, its writer and its files.

    Parameters
    ----------
    config
        The camera's, resolved.
    metadata
        The user's free keys, kept in the about file.
    public_config
        The whole config as used, without passwords, for the about file.
    camera
        Another camera than the config's source; for tests and for callers with their own.

    Examples
    --------
    >>> config = load_config("configs/demo.yaml")                          # doctest: +SKIP
    >>> with Session(config.cameras["demo"]) as session:                   # doctest: +SKIP
    ...     session.start(record=True)
    ...     print(session.wait().files)
    """

    def __init__(
        self,
        config: CameraConfig,
        metadata: Mapping[str, Any] | None = None,
        public_config: Mapping[str, Any] | None = None,
        camera: Camera | None = None,
    ) -> None:
        self._config = config
        self._camera = camera if camera is not None else make_camera(config)
        self._files = FileMaker(config, metadata or {}, public_config or {})
        self._lock = threading.RLock()
        self._opened = threading.Event()
        self._go = threading.Event()
        self._ending = threading.Event()
        self._ended = threading.Event()
        self._reason: str | None = None
        self._error: RecorderError | None = None
        self._takes: dict[int, Take] = {}
        self._take: Take | None = None
        self._begun: Take | None = None  # the take that the camera's thread is in, or was in last
        self._in_take = False
        self._ends_with_take = False
        self._camera_closed = self._left_behind = False
        self._state = "new"
        self._block: Block | None = None
        self._spec: FrameSpec | None = None
        self._threads: list[threading.Thread] = []
        self._meters = Meters()
        self._disk = DiskGuard(self._files.folder, config.recording.keep_free, self.finish)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.wait()

    # -- what a caller does -------------------------------------------------------------------

    def start(self, record: bool = False) -> FrameSpec:
        """Open the camera and preview it, or record at once.

        Parameters
        ----------
        record
            Begin a recording with the first frame (of a live camera: as soon as its rate is
            measured), and end the session when that recording ends.

        Returns
        -------
        FrameSpec
            What the frames are.

        Raises
        ------
        CameraError, ConfigError, NotLossless, NoSpace, WriterError
            Nothing was recorded; everything is closed again.
        """
        with self._lock:
            if self._state != "new":
                raise RecorderError("a session starts once; make a new one")
            self._state = "opening"
        self._ends_with_take = record
        try:
            self._block = allocate(self._config.buffer.memory)
            spec = self._await_open()
            if record:
                self._files.prepare(spec)
                self._arm()
                self.record()
            self._go.set()
        except BaseException:
            self.stop()
            if not self._threads:  # no memory, no thread: nobody else will say that it is over
                self._end_unopened()
            self.wait()
            raise
        return spec

    def record(self, duration: Amount | None = None) -> None:
        """Begin a recording with the next frame; the camera stays open.

        Parameters
        ----------
        duration
            When it ends by itself; left out: `recording.duration` of the config.

        Raises
        ------
        NotLossless, NoSpace, WriterError
            It could not be kept; the preview goes on.
        """
        self._require_ready()
        self._files.prepare(self._require_spec())  # takes a moment: nobody shall wait for it
        with self._lock:
            self._require_ready()
            number = len(self._takes) + 1
            amount = duration or self._config.recording.duration
            take = Take(number, amount, datetime.now().astimezone())
            self._takes[number] = self._take = take
            self._in_take = True
            self._state = "recording"
            self._meters = Meters()
            self._acquisition.order(lambda: self._begin_take(take))

    def _require_ready(self) -> None:
        if self._state not in ("opening", "previewing"):
            raise RecorderError(f"cannot begin a recording: the session is {self._state}")

    def end_take(self) -> None:
        """End the recording at the next frame boundary; the preview goes on."""
        with self._lock:
            if self._take is not None and self._state == "recording":
                self._take.end("requested")
                self._in_take = False
                self._acquisition.order(self._acquisition.end_take)
                self._state = "previewing"

    def stop(self) -> None:
        """Ask the session to end: finish the files, close the camera. Returns at once."""
        self.finish("requested")

    def wait(self, timeout_s: float | None = None) -> TakeSummary | None:
        """Wait for the end; return how the last recording went, None if there was none.

        Raises
        ------
        TimeoutError
            The session has not ended in time.
        """
        if not self._ended.wait(timeout_s):
            raise TimeoutError(f"the session has not ended within {timeout_s} s")
        return self._take.summary() if self._take is not None else None

    @property
    def error(self) -> RecorderError | None:
        """What ended the session, if it was a failure."""
        return self._error

    @property
    def has_ended(self) -> bool:
        """Whether everything is closed."""
        return self._ended.is_set()

    def wait_briefly(self, timeout_s: float) -> bool:
        """Wait for the end, but no longer than this; return whether it has come."""
        return self._ended.wait(timeout_s)

    @property
    def is_stuck(self) -> bool:
        """Whether a thread of an ended session is still inside the camera's driver."""
        return self.has_ended and any(t.is_alive() for t in self._threads[:1])

    def status(self) -> CameraStatus:
        """Return how it goes right now; cheap, from any thread."""
        with self._lock:
            base = CameraStatus(self._config.name, self._state, self._reason)
        if self._error is not None:
            base = replace(base, message=str(self._error))
        if not self._opened.is_set() or self._spec is None:
            return base
        base = replace(
            base,
            frame=str(self._spec),
            buffer_fill=self._ring.fill,
            late=self._acquisition.late,
        )
        return status_of(base, self._take, self._meters, self._disk, self._writing)

    def latest_frame(self, out: Frame | None = None, after: int = 0) -> Look | None:
        """Copy the newest frame for a viewer; see `RingView.newest`."""
        if not self._opened.is_set() or self._spec is None:
            return None
        return self._ring.newest(out, after)

    # -- the one finish function ----------------------------------------------------------------

    def finish(self, reason: str, error: RecorderError | None = None) -> None:
        """End the session for a reason; any thread may call this, as often as it likes."""
        with self._lock:
            if error is not None and self._error is None:
                log.info("%s: %s", reason, error)
                self._error = error
            if self._reason is None or REASONS[reason] > REASONS[self._reason]:
                self._reason = reason
            if self._take is not None and self._in_take:
                self._take.end(reason)
            if self._state == "new":
                self._state = "ended"
                self._ended.set()
            elif self._state != "ended":
                self._state = "finishing"
        self._ending.set()
        self._go.set()
        if self._opened.is_set() and self._spec is not None:
            self._acquisition.stop()

    # -- opening --------------------------------------------------------------------------------

    def _await_open(self) -> FrameSpec:
        self._spawn(self._run_camera, "acquisition")
        deadline = time.monotonic() + OPEN_TIMEOUT_S
        while not self._opened.wait(0.1):  # short: signals are handled between waits
            now = time.monotonic()
            if self._ending.is_set():
                deadline = min(deadline, now + LEAVE_TIMEOUT_S)
            if now > deadline:
                self._leave_opening()
                break
        if self._error is not None:
            raise self._error
        if self._ending.is_set():
            raise RecorderError("stopped before the camera was open")
        return self._require_spec()

    def _leave_opening(self) -> None:
        """Leave a driver behind that does not come back from opening; nothing is to be closed."""
        if not self._ending.is_set():
            late = CameraTimeout(f"the camera did not open within {OPEN_TIMEOUT_S:g} s")
            self.finish("camera_failed", late)
        with self._lock:
            self._state = "ended"
        self._ended.set()

    def _arm(self) -> None:
        """Measure the rate of a live camera; one that can wait does not lose its first frames."""
        if self._camera.can_wait:
            return
        self._go.set()
        deadline = time.monotonic() + max(ARM_TIMEOUT_S, 3 * self._acquisition.patience_s)
        while not self._acquisition.gauge.wait(0.1):
            if self._ending.is_set() or time.monotonic() > deadline:
                break
        if self._error is not None:
            raise self._error
        wanted = self._config.fps
        if self._config.strict and isinstance(wanted, float | int):
            require_rate(self._acquisition.gauge.fps, float(wanted))

    def _require_spec(self) -> FrameSpec:
        if self._spec is None:
            raise RecorderError("the camera is not open")
        return self._spec

    def _spawn(self, target: Callable[[], None], name: str) -> None:
        # Daemons: a driver that never returns must not keep the interpreter from exiting.
        thread = threading.Thread(target=target, name=f"{self._config.name} {name}", daemon=True)
        self._threads.append(thread)
        try:
            thread.start()
        except RuntimeError as error:
            self._threads.remove(thread)
            raise RecorderError(f"the system gives no thread for the {name}: {error}") from error

    # -- the acquisition thread -----------------------------------------------------------------

    def _run_camera(self) -> None:
        try:
            self._open_camera()
            self._go.wait()
            self._acquisition.run()
        except EndOfSource:
            self.finish("end_of_source")
        except BufferFull as error:
            self.finish("overflow", error)
        except RecorderError as error:
            self.finish("camera_failed", error)
        except Exception as error:
            log.exception("the camera failed in an unforeseen way")
            self.finish("camera_failed", CameraError(f"{type(error).__name__}: {error}"))
        finally:
            self._close_camera()

    def _open_camera(self) -> None:
        spec = self._camera.open()
        assert self._block is not None
        policy = self._config.buffer.when_full
        most = WARM_SLOTS if policy == "wait" else None  # few slots stay in the cache
        self._ring = Ring(self._block, spec, policy, most)
        self._acquisition = Acquisition(self._camera, self._ring, self._take_over)
        self._writing = Writing(
            self._ring,
            self._takes,
            self._open_writer,
            lambda: self._acquisition.take_number,
            self.finish,
        )
        self._watch()
        with self._lock:
            self._spec = spec
            if self._state == "opening" and not self._ends_with_take:
                self._state = "previewing"
                self._go.set()
        self._opened.set()
        if self._ending.is_set():
            self._acquisition.stop()

    def _watch(self) -> None:
        try:
            self._spawn(self._run_writer, "writer")
            self._spawn(self._run_monitor, "monitor")
        except RecorderError:
            self._ring.close()  # half a session is none
            for thread in self._threads[1:]:
                thread.join()
            raise

    def _close_camera(self) -> None:
        try:
            self._camera.close()
        except Exception:  # a driver may raise anything; the file matters more
            log.exception("closing the camera failed")
        if self._spec is None:
            self._end_unopened()
            return
        self._ring.close()
        with self._lock:
            self._camera_closed = True
            if self._left_behind:  # back from its driver after all
                self._free()

    def _end_unopened(self) -> None:
        with self._lock:
            self._state = "ended"
        self._free()
        self._opened.set()
        self._ended.set()

    def _begin_take(self, take: Take) -> None:
        self._begun = take
        self._acquisition.begin_take(take)

    def _take_over(self) -> None:
        if self._ends_with_take:
            self.finish("duration")
            return
        with self._lock:
            if self._take is None or self._take is not self._begun:
                return  # it was ended by hand, and the next is ordered already
            self._take.end("duration")
            self._in_take = False
            if self._state == "recording":
                self._state = "previewing"

    # -- the writer thread ----------------------------------------------------------------------

    def _open_writer(self, number: int, part: int) -> Writer:
        spec = self._require_spec()
        fps = nominal_fps(self._acquisition.gauge.fps if self._measures_rate else None, spec.fps)
        take = self._takes[number]
        return self._files.open(take, part, spec.with_fps(fps), lambda: self._camera.info)

    @property
    def _measures_rate(self) -> bool:
        return not self._camera.can_wait

    def _run_writer(self) -> None:
        try:
            self._writing.run()
        except Exception as error:
            log.exception("the writer failed in an unforeseen way")
            self.finish("writer_failed", RecorderError(f"{type(error).__name__}: {error}"))
            self._drain()
            self._kill_encoder()

    def _drain(self) -> None:
        while not self._ring.drained:
            entry = self._ring.take(0.1)
            if entry is not None and entry.slot is not None:
                self._ring.give_back(entry.slot)

    # -- the monitor ----------------------------------------------------------------------------

    def _run_monitor(self) -> None:
        writer = self._threads[1]
        liveness = Liveness(self._acquisition, self._writing, self.finish)
        while not self._ending.wait(TICK_S):
            self._tick()
            liveness.look_at_camera(time.monotonic_ns())
        left_by = time.monotonic() + LEAVE_TIMEOUT_S
        patience_s = LEAVE_TIMEOUT_S
        while writer.is_alive():
            writer.join(TICK_S)
            self._tick()
            liveness.look_at_camera(time.monotonic_ns())
            if liveness.must_abandon(time.monotonic_ns()):
                patience_s = 0.0  # it had its time
                self._ring.close()  # a thread cannot be killed: its frame no longer counts
            elif time.monotonic() > left_by:
                self._ring.close()  # it may wait for room there, or hang in decoding a frame
            if liveness.writer_is_stuck(time.monotonic_ns()):
                self._kill_encoder()
        self._end(patience_s)

    def _tick(self) -> None:
        try:
            self._meters.sample(
                time.monotonic_ns(), self._acquisition.grabs, self._take, self._writing
            )
            waiting = int(self._ring.fill * self._ring.slots * self._ring.spec.nbytes)
            self._disk.look(self._state == "recording", self._meters.disk.per_second, waiting)
        except Exception:  # an observer's failure never ends a recording
            log.exception("the monitor failed")

    def _kill_encoder(self) -> None:
        kill = getattr(self._writing.writer, "kill", None)
        if kill is not None:
            log.warning("the encoder took nothing for long; it is ended")
            kill()

    def _end(self, patience_s: float) -> None:
        self._threads[0].join(patience_s)
        with self._lock:
            self._left_behind = not self._camera_closed
            if self._left_behind:
                log.warning("the camera's thread is stuck in its driver and is left behind")
            else:
                self._free()
            self._state = "ended"
            for take in self._takes.values():
                take.settle(self._reason or "requested", self._left_behind)
        self._ended.set()

    def _free(self) -> None:
        if self._block is not None:
            self._block.close()
            self._block = None
