"""One camera at work: it opens once, and its frames go to nothing, to a file, to the next file.

What a caller does with it is here, which states there are in `recorder.pipeline.course`, and the
threads in `recorder.pipeline.run`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recorder.cameras import make_camera
from recorder.cameras.base import Camera
from recorder.config import Amount, CameraConfig
from recorder.controls import CameraDetails
from recorder.errors import RecorderError
from recorder.frame import FrameSpec
from recorder.pipeline.course import Course
from recorder.pipeline.files import FileMaker, OpenFile
from recorder.pipeline.finishing import ClosedFile
from recorder.pipeline.memory import Block
from recorder.pipeline.order import Order
from recorder.pipeline.run import CameraRun
from recorder.pipeline.summary import TakeSummary
from recorder.pipeline.take import Take
from recorder.pipeline.view import Look
from recorder.stats import CameraStatus, warning

if TYPE_CHECKING:
    from recorder.frame import Frame


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
    alone
        False in a rig, which warns of a disk for all cameras that write to it.

    Examples
    --------
    >>> config = load_config("configs/demo.yaml", ["recording.duration=10 frames"])
    >>> with Session(config.cameras["demo"]) as session:
    ...     spec = session.start(record=True)
    ...     session.wait().written
    10
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
        alone: bool = True,
    ) -> None:
        self._config = config
        self._owner = os.getpid()
        self._files = FileMaker(config, metadata or {}, public_config or {}, on_file)
        self._course = Course()
        found = camera if camera is not None else make_camera(config)
        given = self._files, self._course, memory, on_closed, alone
        self._run = CameraRun(config, found, *given)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        if os.getpid() == self._owner:  # in a forked process the threads to wait for do not exist
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
            spec = self._run.open()
            if record:
                self._files.prepare(spec)
                if measure:
                    self._run.arm()
                self.begin(when_armed())
            self._run.go()
        except BaseException:
            self.stop()
            self._run.give_up()
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
        self._files.prepare(self._run.require_spec())

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
        take = self._course.begin(order, self._config.recording, self._files.largest)
        self._run.monitor.begin_take()
        self._run.crew.adjusting.begin_take()
        acquisition = self._run.crew.acquisition
        acquisition.order(lambda: acquisition.begin_at(order.at_ns, lambda: self._enter(take)))

    def end_take(self) -> None:
        """End the recording at the next frame boundary; the preview goes on."""
        take = self._course.end_take()
        if take is not None:
            self._run.crew.acquisition.order(lambda: self._leave(take))

    def _enter(self, take: Take) -> None:
        self._course.enter(take)
        self._run.crew.acquisition.begin_take(take)

    def _leave(self, take: Take) -> None:
        self._run.crew.acquisition.end_take()
        self._course.leave(take)

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
        self._run.require_spec()
        return self._run.crew.adjusting.set(name, value)

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
        self._run.configure(self._config)

    def warm_up(self) -> None:
        """Prove the codec now, so that a recording can begin the sooner; failures show then."""
        if self.spec is not None:
            with suppress(RecorderError):
                self._files.prove(self.spec)

    def details(self) -> CameraDetails:
        """Return what the camera turned out to be; empty before it is open."""
        if not self._run.is_open:
            return CameraDetails()
        return self._run.crew.adjusting.details()

    def stop(self) -> None:
        """Ask the session to end: finish the files, close the camera. Returns at once."""
        self._run.finish("requested")

    def wait(self, timeout_s: float | None = None) -> TakeSummary | None:
        """Wait for the end; return how the last recording went, None if there was none.

        Raises
        ------
        TimeoutError
            The session has not ended in time.
        RecorderError
            This process was forked from the one that records.
        """
        if os.getpid() != self._owner:
            raise RecorderError(f"the session is that of process {self._owner}; wait for it there")
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
        return self._run.spec

    def hurry(self) -> None:
        """Give up what an ending session still waits for: an encoder that takes nothing."""
        if self.spec is not None:
            self._run.crew.ring.close()
            self._run.crew.kill_encoder()

    @property
    def is_stuck(self) -> bool:
        """Whether a thread of an ended session is still inside the camera's driver."""
        return self.has_ended and self._run.is_stuck

    def status(self) -> CameraStatus:
        """Return how it goes right now; cheap, from any thread."""
        base = CameraStatus(self._config.name, *self._course.snapshot())
        if self._course.error is not None:
            base = replace(base, message=str(self._course.error))
        if not self._run.is_open:
            return base
        crew = self._run.crew
        acquisition = crew.acquisition
        base = replace(
            base,
            frame=str(self.spec),
            buffer_fill=crew.ring.fill,
            late=acquisition.late,
            age_s=acquisition.age_s,
            frozen_s=acquisition.watch.frozen_s,
        )
        status = self._run.monitor.status(base)
        return replace(status, warning=warning(status))

    def latest_frame(self, out: Frame | None = None, after: int = 0) -> Look | None:
        """Copy the newest frame for a viewer; see `RingView.newest`."""
        if not self._run.is_open:
            return None
        return self._run.crew.ring.newest(out, after)
