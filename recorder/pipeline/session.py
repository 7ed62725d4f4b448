"""One camera at work: it opens once, and its frames go to nothing, to a file, to the next file.

Threads: acquisition (camera to ring), writer (ring to file), monitor (watches both). The states are
those of `recorder.pipeline.course`. Every ending passes through `Session.finish` with one of the
reasons in `recorder.pipeline.summary`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recorder.cameras import make_camera
from recorder.cameras.base import Camera, EndOfSource
from recorder.config import Amount, CameraConfig
from recorder.controls import CameraDetails
from recorder.errors import BufferFull, CameraError, CameraTimeout, RecorderError
from recorder.frame import FrameSpec
from recorder.pipeline.arming import require_rate
from recorder.pipeline.course import Course
from recorder.pipeline.crew import Crew
from recorder.pipeline.files import FileMaker, OpenFile
from recorder.pipeline.finishing import ClosedFile
from recorder.pipeline.guards import LEAVE_TIMEOUT_S, DiskGuard
from recorder.pipeline.memory import Block, allocate
from recorder.pipeline.monitor import Monitor
from recorder.pipeline.order import Order
from recorder.pipeline.summary import TakeSummary
from recorder.pipeline.take import Take
from recorder.pipeline.view import Look
from recorder.stats import CameraStatus, warning

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
    memory
        For the ring, instead of `config.buffer.memory` of its own; closed at the end.
    on_file
        Told of every file as soon as it is open, on the writer thread.
    on_closed
        Told of every file that is finished, on the thread that finished it.

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
        memory: Block | None = None,
        on_file: Callable[[OpenFile], None] | None = None,
        on_closed: Callable[[ClosedFile], None] | None = None,
    ) -> None:
        self._config = config
        self._camera = camera if camera is not None else make_camera(config)
        self._files = FileMaker(config, metadata or {}, public_config or {}, on_file)
        self._on_closed = on_closed
        self._course = Course()
        self._opened = threading.Event()
        self._go = threading.Event()
        self._closing = threading.Lock()
        self._camera_closed = self._left_behind = False
        self._block = memory
        self._spec: FrameSpec | None = None
        self._disk: DiskGuard | None = None
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.wait()

    # -- what a caller does -------------------------------------------------------------------

    def start(
        self, record: bool = False, when_armed: Callable[[], Order] = Order, measure: bool = True
    ) -> FrameSpec:
        """Open the camera and preview it, or record at once.

        Parameters
        ----------
        record
            Begin a recording with the first frame (of a live camera: as soon as its rate is
            measured), and end the session when that recording ends.
        when_armed
            Called when a recording could begin with the next frame; may wait for others, and
            returns what is to be recorded.
        measure
            False: begin without measuring the rate of a live camera, as it is known already.

        Returns
        -------
        FrameSpec
            What the frames are.

        Raises
        ------
        CameraError, ConfigError, NotLossless, NoSpace, WriterError
            Nothing was recorded; everything is closed again.
        """
        self._course.start(ends_with_take=record)
        try:
            if self._block is None:
                self._block = allocate(self._config.buffer.memory)
            spec = self._await_open()
            if record:
                self._files.prepare(spec)
                if measure:
                    self._arm()
                self.begin(when_armed())
            self._go.set()
        except BaseException:
            self.stop()
            if not self._threads:  # no memory, no thread: nobody else will say that it is over
                self._end_unopened()
            self.wait()
            raise
        return spec

    def prepare(self) -> None:
        """Make sure that what comes can be kept, and kept exactly; takes a moment.

        Raises
        ------
        NotLossless, NoSpace, WriterError
            It could not be; the preview goes on.
        """
        self._course.require_ready()
        self._files.prepare(self._require_spec())

    def record(self, order: Order | Amount | None = None) -> None:
        """Begin a recording with the next frame; the camera stays open.

        Parameters
        ----------
        order
            What it is to be, or just its duration; left out: as the config says.

        Raises
        ------
        NotLossless, NoSpace, WriterError
            It could not be kept; the preview goes on.
        """
        self.prepare()  # nobody shall wait for it, so without the lock
        self.begin(order if isinstance(order, Order) else Order(order))

    def begin(self, order: Order) -> None:
        """Begin a recording that was prepared; see `record`."""
        take = self._course.begin(order, self._config.recording)
        self._monitor.begin_take()
        self._crew.adjusting.begin_take()
        acquisition = self._crew.acquisition
        acquisition.order(lambda: acquisition.begin_at(order.at_ns, lambda: self._enter(take)))

    def end_take(self) -> None:
        """End the recording at the next frame boundary; the preview goes on."""
        take = self._course.end_take()
        if take is not None:
            self._crew.acquisition.order(lambda: self._leave(take))

    # -- changes while it runs ----------------------------------------------------------------

    def set(self, name: str, value: float) -> float | None:
        """Change a setting of the camera between two grabs; return what is read back, or None.

        Raises
        ------
        ConfigError
            There is no such setting, or it cannot be changed while the camera runs.
        CameraTimeout, CameraError
            The camera does not get to it, or is not open.
        """
        self._require_spec()
        return self._crew.adjusting.set(name, value)

    def configure(
        self, config: CameraConfig, metadata: Mapping[str, Any], public_config: Mapping[str, Any]
    ) -> None:
        """Take another config for the recordings to come; the camera stays as it is.

        Raises
        ------
        RecorderError
            One is under way.
        """
        self._course.require_ready()
        self._config = self._config.model_copy(update={"recording": config.recording})
        self._files.configure(self._config, metadata, public_config)
        if self._disk is not None:
            self._disk.aim(self._files.folder, config.recording.keep_free)

    def warm_up(self) -> None:
        """Prove the codec now, so that a recording can begin the sooner; failures show then."""
        if self._spec is not None:
            with suppress(RecorderError):
                self._files.prove(self._spec)

    def details(self) -> CameraDetails:
        """Return what the camera turned out to be; empty before it is open."""
        if not self._opened.is_set() or self._spec is None:
            return CameraDetails()
        return self._crew.adjusting.details()

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
        if not self._course.ended.wait(timeout_s):
            raise TimeoutError(f"the session has not ended within {timeout_s} s")
        take = self._course.take
        return take.summary() if take is not None else None

    def takes(self) -> tuple[TakeSummary, ...]:
        """Return how the recordings went so far, in order; the last may still run."""
        return self._course.summaries()

    @property
    def take_number(self) -> int:
        """Which recording the status is about: 1 for the first; 0 before any."""
        take = self._course.take
        return take.number if take is not None else 0

    def closed_takes(self) -> dict[int, TakeSummary]:
        """Return how those went whose files are all closed, by number."""
        return self._course.closed()

    @property
    def error(self) -> RecorderError | None:
        """What ended the session, if it was a failure."""
        return self._course.error

    @property
    def has_ended(self) -> bool:
        """Whether everything is closed."""
        return self._course.ended.is_set()

    def wait_briefly(self, timeout_s: float) -> bool:
        """Wait for the end, but no longer than this; return whether it has come."""
        return self._course.ended.wait(timeout_s)

    @property
    def spec(self) -> FrameSpec | None:
        """What the frames are; None while the camera is not open."""
        return self._spec

    def hurry(self) -> None:
        """Give up what an ending session still waits for: an encoder that takes nothing."""
        if self._spec is not None:
            self._crew.ring.close()
            self._crew.kill_encoder()

    @property
    def is_stuck(self) -> bool:
        """Whether a thread of an ended session is still inside the camera's driver."""
        return self.has_ended and any(t.is_alive() for t in self._threads[:1])

    def status(self) -> CameraStatus:
        """Return how it goes right now; cheap, from any thread."""
        base = CameraStatus(self._config.name, *self._course.snapshot())
        if self._course.error is not None:
            base = replace(base, message=str(self._course.error))
        if not self._opened.is_set() or self._spec is None:
            return base
        acquisition = self._crew.acquisition
        base = replace(
            base,
            frame=str(self._spec),
            buffer_fill=self._crew.ring.fill,
            late=acquisition.late,
            age_s=acquisition.age_s,
            frozen_s=acquisition.watch.frozen_s,
        )
        status = self._monitor.status(base)
        return replace(status, warning=warning(status))

    def latest_frame(self, out: Frame | None = None, after: int = 0) -> Look | None:
        """Copy the newest frame for a viewer; see `RingView.newest`."""
        if not self._opened.is_set() or self._spec is None:
            return None
        return self._crew.ring.newest(out, after)

    # -- the one finish function ----------------------------------------------------------------

    def finish(self, reason: str, error: RecorderError | None = None) -> None:
        """End the session for a reason; any thread may call this, as often as it likes."""
        self._course.finish(reason, error)
        self._go.set()
        if self._opened.is_set() and self._spec is not None:
            self._crew.acquisition.stop()

    # -- opening --------------------------------------------------------------------------------

    def _await_open(self) -> FrameSpec:
        self._spawn(self._run_camera, "acquisition")
        deadline = time.monotonic() + OPEN_TIMEOUT_S
        while not self._opened.wait(0.1):  # short: signals are handled between waits
            now = time.monotonic()
            if self._course.ending.is_set():
                deadline = min(deadline, now + LEAVE_TIMEOUT_S)
            if now > deadline:
                self._leave_opening()
                break
        if self._course.error is not None:
            raise self._course.error
        if self._course.ending.is_set():
            raise RecorderError("stopped before the camera was open")
        return self._require_spec()

    def _leave_opening(self) -> None:
        """Leave a driver behind that does not come back from opening; nothing is to be closed."""
        if not self._course.ending.is_set():
            late = CameraTimeout(f"the camera did not open within {OPEN_TIMEOUT_S:g} s")
            self.finish("camera_failed", late)
        self._course.close()
        self._course.ended.set()

    def _arm(self) -> None:
        """Measure the rate of a live camera; one that can wait does not lose its first frames."""
        if self._camera.can_wait:
            return
        self._go.set()
        deadline = time.monotonic() + max(ARM_TIMEOUT_S, 3 * self._crew.acquisition.patience_s)
        while not self._crew.acquisition.gauge.wait(0.1):
            if self._course.ending.is_set() or time.monotonic() > deadline:
                break
        if self._course.error is not None:
            raise self._course.error
        wanted = self._config.fps
        if self._config.strict and isinstance(wanted, float | int):
            require_rate(self._crew.acquisition.gauge.fps, float(wanted))

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
            self._crew.acquisition.run()
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
        self._crew = crew = Crew(
            self._camera,
            spec,
            self._block,
            self._config,
            self._files,
            self._course.takes,
            self._take_over,
            self.finish,
            self._on_closed,
        )
        keep_free = self._config.recording.keep_free
        self._disk = DiskGuard(self._files.folder, keep_free, self.finish)
        crew.writing.on_recorded = self._disk.spend
        self._monitor = Monitor(crew, self._disk, self.finish, self._course.current)
        self._watch(crew)
        self._spec = spec
        if self._course.preview():
            self._go.set()
        self._opened.set()
        if self._course.ending.is_set():
            crew.acquisition.stop()

    def _watch(self, crew: Crew) -> None:
        try:
            self._spawn(crew.run_writer, "writer")
            self._spawn(self._run_monitor, "monitor")
            self._spawn(lambda: crew.syncer.run(self._threads[1]), "sync")
        except RecorderError:
            crew.ring.close()  # half a session is none
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
        self._crew.ring.close()
        with self._closing:
            self._camera_closed = True
            if self._left_behind:  # back from its driver after all
                self._free()

    def _end_unopened(self) -> None:
        self._course.close()
        self._free()
        self._opened.set()
        self._course.ended.set()

    def _enter(self, take: Take) -> None:
        self._course.enter(take)
        self._crew.acquisition.begin_take(take)

    def _leave(self, take: Take) -> None:
        self._crew.acquisition.end_take()
        self._course.leave(take)

    def _take_over(self) -> None:
        if self._course.is_full():
            self.finish("duration")

    # -- the end --------------------------------------------------------------------------------

    def _run_monitor(self) -> None:
        self._end(self._monitor.run(self._course.ending, self._threads[1]))

    def _end(self, patience_s: float) -> None:
        self._threads[0].join(patience_s)
        with self._closing:
            self._left_behind = not self._camera_closed
            if self._left_behind:
                log.warning("the camera's thread is stuck in its driver and is left behind")
            else:
                self._free()
            self._course.close(self._left_behind)
        self._course.ended.set()

    def _free(self) -> None:
        if self._spec is not None:
            self._crew.ring.let_go()
        if self._block is not None:
            self._block.close()
            self._block = None
