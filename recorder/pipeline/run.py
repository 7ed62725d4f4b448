"""One run of a camera: its threads, from the opening to when everything is closed again.

Threads: acquisition (camera to ring), writer (ring to file), monitor (watches both), sync (brings
what is written to the disk). Every ending passes through `CameraRun.finish` with one of the
reasons in `recorder.pipeline.summary`.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from recorder.cameras.base import EndOfSource
from recorder.errors import BufferFull, CameraError, CameraTimeout, RecorderError
from recorder.pipeline.arming import require_rate
from recorder.pipeline.crew import Crew
from recorder.pipeline.guards import LEAVE_TIMEOUT_S, DiskGuard
from recorder.pipeline.memory import Block, allocate
from recorder.pipeline.monitor import Monitor

if TYPE_CHECKING:
    from recorder.cameras.base import Camera
    from recorder.config import CameraConfig
    from recorder.frame import FrameSpec
    from recorder.pipeline.course import Course
    from recorder.pipeline.files import FileMaker
    from recorder.pipeline.finishing import ClosedFile

log = logging.getLogger(__name__)

OPEN_TIMEOUT_S = 15.0
"""A camera that has not opened by then never will: back-ends have shorter time-outs."""
ARM_TIMEOUT_S = 8.0


class CameraRun:
    """The threads of a session, and what they share.

    Parameters
    ----------
    config
        The camera's.
    camera
        Not open yet.
    files
        Makes the writers.
    course
        Told of how far it is; asked whether it is to end.
    memory
        For the ring, instead of `config.buffer.memory` of its own; closed at the end.
    on_closed
        Told of every file that is finished, on the thread that finished it.

    Attributes
    ----------
    spec
        What the frames are; None while the camera is not open.
    crew, monitor
        There when the camera is open.
    """

    def __init__(
        self,
        config: CameraConfig,
        camera: Camera,
        files: FileMaker,
        course: Course,
        memory: Block | None,
        on_closed: Callable[[ClosedFile], None] | None,
    ) -> None:
        self._config = config
        self._camera = camera
        self._files = files
        self._course = course
        self._block = memory
        self._on_closed = on_closed
        self.spec: FrameSpec | None = None
        self.crew: Crew
        self.monitor: Monitor
        self._disk: DiskGuard | None = None
        self._opened = threading.Event()
        self._go = threading.Event()
        self._closing = threading.Lock()
        self._camera_closed = self._left_behind = False
        self._threads: list[threading.Thread] = []

    # -- what the session does ----------------------------------------------------------------

    @property
    def is_open(self) -> bool:
        """Whether the camera was opened, and the crew is at work or has been."""
        return self._opened.is_set() and self.spec is not None

    @property
    def is_stuck(self) -> bool:
        """Whether the camera's thread is still inside its driver."""
        return any(thread.is_alive() for thread in self._threads[:1])

    def open(self) -> FrameSpec:
        """Open the camera on its thread, and wait for that.

        Raises
        ------
        CameraError, ConfigError, RecorderError
            It could not be opened, there is no memory or thread, or the end is asked for.
        """
        if self._block is None:
            self._block = allocate(self._config.buffer.memory)
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
        return self.require_spec()

    def arm(self) -> None:
        """Measure the rate of a live camera; one that can wait does not lose its first frames.

        Raises
        ------
        CameraError
            It failed meanwhile, or has not the rate that it must have.
        """
        if self._camera.can_wait:
            return
        self._go.set()
        deadline = time.monotonic() + max(ARM_TIMEOUT_S, 3 * self.crew.acquisition.patience_s)
        while not self.crew.acquisition.gauge.wait(0.1):
            if self._course.ending.is_set() or time.monotonic() > deadline:
                break
        if self._course.error is not None:
            raise self._course.error
        wanted = self._config.fps
        if self._config.strict and isinstance(wanted, float | int):
            require_rate(self.crew.acquisition.gauge.fps, float(wanted))

    def go(self) -> None:
        """Let the camera give frames."""
        self._go.set()

    def give_up(self) -> None:
        """See to the end of a run that could not begin, where no thread does."""
        if not self._threads:
            self._end_unopened()

    def configure(self, config: CameraConfig) -> None:
        """Watch over the disk that the recordings to come go to."""
        self._config = config
        if self._disk is not None:
            self._disk.aim(self._files.folder, config.recording.keep_free)

    def require_spec(self) -> FrameSpec:
        """Return what the frames are.

        Raises
        ------
        RecorderError
            The camera is not open.
        """
        if self.spec is None:
            raise RecorderError("the camera is not open")
        return self.spec

    # -- the one finish function --------------------------------------------------------------

    def finish(self, reason: str, error: RecorderError | None = None) -> None:
        """End the session for a reason; any thread may call this, as often as it likes."""
        self._course.finish(reason, error)
        self._go.set()
        if self.is_open:
            self.crew.acquisition.stop()

    # -- opening ------------------------------------------------------------------------------

    def _leave_opening(self) -> None:
        """Leave a driver behind that does not come back from opening; nothing is to be closed."""
        if not self._course.ending.is_set():
            late = CameraTimeout(f"the camera did not open within {OPEN_TIMEOUT_S:g} s")
            self.finish("camera_failed", late)
        self._course.close()
        self._course.ended.set()

    def _spawn(self, target: Callable[[], None], name: str) -> None:
        # Daemons: a driver that never returns must not keep the interpreter from exiting.
        thread = threading.Thread(target=target, name=f"{self._config.name} {name}", daemon=True)
        self._threads.append(thread)
        try:
            thread.start()
        except RuntimeError as error:
            self._threads.remove(thread)
            raise RecorderError(f"the system gives no thread for the {name}: {error}") from error

    # -- the acquisition thread ---------------------------------------------------------------

    def _run_camera(self) -> None:
        try:
            self._open_camera()
            self._go.wait()
            self.crew.acquisition.run()
        except EndOfSource as end:
            if end.fault:
                self._course.source_was_faulty(CameraError(str(end)))
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
        self.crew = crew = Crew(
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
        self._disk = disk = DiskGuard(self._files.folder, keep_free, self.finish)
        crew.writing.on_recorded = disk.spend
        self.monitor = Monitor(crew, disk, self.finish, self._course.current)
        self._watch(crew)
        self.spec = spec
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

    def _take_over(self) -> None:
        if self._course.is_full():
            self.finish("duration")

    def _close_camera(self) -> None:
        try:
            self._camera.close()
        except Exception:  # a driver may raise anything; the file matters more
            log.exception("closing the camera failed")
        if self.spec is None:
            self._end_unopened()
            return
        self.crew.ring.close()
        with self._closing:
            self._camera_closed = True
            if self._left_behind:  # back from its driver after all
                self._free()

    def _end_unopened(self) -> None:
        self._course.close()
        self._free()
        self._opened.set()
        self._course.ended.set()

    # -- the end ------------------------------------------------------------------------------

    def _run_monitor(self) -> None:
        self._end(self.monitor.run(self._course.ending, self._threads[1]))

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
        if self.spec is not None:
            self.crew.ring.let_go()
        if self._block is not None:
            self._block.close()
            self._block = None
