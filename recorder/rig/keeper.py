"""Keeps one camera going: its process is started, watched, ended when stuck, and replaced.

The states are those of `recorder.rig.course`; one process is a `recorder.rig.attempt`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from recorder.errors import CameraError, CameraTimeout, RecorderError
from recorder.rig.attempt import Attempt, Ending
from recorder.rig.course import CameraCourse
from recorder.rig.events import Event, Fact, Hear, ignore
from recorder.rig.messages import Message
from recorder.rig.patience import Patience, Search
from recorder.rig.process import WorkerProcess
from recorder.rig.story import Story

if TYPE_CHECKING:
    from recorder.config import CameraConfig, Config
    from recorder.controls import CameraDetails
    from recorder.pipeline.memory import Block
    from recorder.pipeline.order import Order
    from recorder.pipeline.summary import TakeSummary
    from recorder.stats import CameraStatus

log = logging.getLogger(__name__)


def way_to_open(camera: CameraConfig) -> dict[str, Any]:
    """Return what of a camera's config cannot be changed while it is open."""
    kept = camera.model_dump(
        exclude={"recording", "settings", "on_failure", "strict"}, mode="python"
    )
    return kept | {"fourcc": camera.settings.get("fourcc")}


class Keeper:
    """One camera of a rig.

    Three sorts of threads meet here: those of whoever asks, the keeper's own, and the one that
    listens to the present process. `_lock` guards the course and its attempt. It is held while a
    process is started, so that its first word and a `stop` find the process in its place; it is
    free while one is watched, closed or killed, and while files are counted.

    Set without it, each in one assignment: by the keeper's own thread, that the camera is away,
    that a process is given up or none is to be had; by the rig's, what to open and the refusal.

    Parameters
    ----------
    config
        The whole; this camera's part is what counts.
    name
        The camera's.
    memory
        For its ring: the same for all its processes, so that watchers stay attached.
    on_change
        Called from time to time, when something happened.
    patience
        How long it is looked for when it is lost.
    start
        Starts a process; takes what `WorkerProcess` takes.
    hear
        Called with the events of this camera; returns at once.
    """

    def __init__(
        self,
        config: Config,
        name: str,
        memory: Block,
        on_change: Callable[[], None],
        patience: Patience,
        start: Callable[..., WorkerProcess] = WorkerProcess,
        hear: Hear = ignore,
    ) -> None:
        self._start = start
        self.name = name
        self.config = config.cameras[name]
        self.memory = memory
        self._whole = config.private()
        self._on_change = on_change
        self._lock = threading.RLock()
        self._search = Search(self.config, patience)
        self._hear_of = hear
        self._course = CameraCourse(name, memory, self._search, self._announce)
        self._stopping = threading.Event()
        self._renew = threading.Event()  # no pause any more: it stops, or is opened in another way
        self._is_renewed = False
        self._lives = 0
        self.others: list[Keeper] = []  # the rig's other cameras
        self._thread = threading.Thread(target=self._run, name=f"{name} keeper", daemon=True)

    # -- what the rig asks for ----------------------------------------------------------------

    def open(self, record: bool) -> None:
        """Start the camera's process; it opens the camera and arms it."""
        self._course.record = record
        self._thread.start()

    def prepare(self) -> None:
        """Make sure that a recording could begin with the next frame; `await_answer` tells."""
        self._course.prepare()
        self._tell("prepare")

    def await_answer(self, timeout_s: float) -> bool:
        """Wait until the camera is armed, or cannot be; see `refusal`."""
        return self._course.answered.wait(timeout_s)

    def begin(self, order: Order) -> bool:
        """Begin a recording with an armed camera; return whether there is one to begin with."""
        recording = self.config.recording
        duration = order.duration or recording.duration
        with self._lock:
            if self._course.is_done:
                return False
            self._search.begin()
            self._course.begin(Story(order, duration, recording.format != "none", self._announce))
        self._tell("begin", order=order.as_dict())
        return True

    def end_take(self) -> None:
        """End the recording; the preview goes on."""
        with self._lock:
            if self._course.story is None:
                return
            self._course.end_take()
        self._tell("end_take")

    # -- changes while it runs ----------------------------------------------------------------

    def set(self, name: str, value: float) -> float | None:
        """Change a setting; return what is read back, None if nothing can be.

        Raises
        ------
        ConfigError, CameraError
            There is no such setting; or the camera is not there, or does not get to it.
        """
        answer = self._ask("set", name=name, value=value)
        obtained = answer["obtained"]
        return None if obtained is None else float(obtained)

    def configure(self, config: Config) -> None:
        """Take another config; opens the camera anew if it has to be opened in another way.

        Raises
        ------
        RecorderError
            A recording is under way, or the camera has ended.
        """
        camera = config.cameras[self.name]
        with self._lock:
            if self.is_recording or self._course.is_done:
                raise RecorderError(f"{self.name}: it is {self.status().state}")
            before, self.config = self.config, camera
            self._whole = config.private()
            self._search.look_for(camera)
            must_reopen = way_to_open(before) != way_to_open(camera)
            if must_reopen:
                self._is_renewed = True
                self._course.reopen(before.source != camera.source)
                self._renew.set()
                self._tell("stop")
        if not must_reopen:
            self._reconfigure(before, camera)

    def _reconfigure(self, before: CameraConfig, camera: CameraConfig) -> None:
        if not self._course.attempt.is_there:
            return  # the next process begins with it
        self._ask("configure", config=self._whole)
        for name, value in camera.settings.items():
            if before.settings.get(name) != value and not isinstance(value, str):
                self.set(name, float(value))

    def _ask(self, kind: str, **content: Any) -> Message:
        def send(number: int) -> bool:
            with self._lock:
                attempt = self._course.attempt
                if attempt.is_there:
                    attempt.tell(kind, number=number, **content)
                return attempt.is_there

        return self._course.replies.ask(send)

    def stop(self) -> None:
        """Finish the files and close the camera. Returns at once."""
        self._stopping.set()
        self._renew.set()
        self._tell("stop")

    def give_up(self) -> None:
        """End a process that does not even arm in time."""
        self._course.refusal = CameraTimeout("it was not ready in time")
        self._stopping.set()
        self._renew.set()
        self._course.attempt.kill()

    def abandon_unopened(self) -> None:
        """Count a camera as ended whose process was never to be started."""
        if not self._thread.is_alive():
            self._course.ended.set()

    def _tell(self, kind: str, **content: Any) -> None:
        with self._lock:
            self._course.attempt.tell(kind, **content)

    # -- what anyone may ask ------------------------------------------------------------------

    @property
    def refusal(self) -> RecorderError | None:
        """Why the camera could not be opened or armed, if it could not."""
        return self._course.refusal or (self.error if self.has_ended else None)

    @property
    def reason(self) -> str:
        """How its last process ended; as in a summary."""
        return self._course.reason

    @property
    def error(self) -> RecorderError | None:
        """What went wrong with it last, if anything did."""
        return self._course.error

    @property
    def has_failed(self) -> bool:
        """Whether the camera was lost for good, or what it gave could not be kept."""
        return self.has_ended and self.reason in ("camera_failed", "writer_failed", "no_space")

    @property
    def has_ended(self) -> bool:
        """Whether its last process is gone and its files are finished."""
        return self._course.ended.is_set()

    def join(self) -> None:
        """Wait for the end."""
        self._course.ended.wait()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def is_recording(self) -> bool:
        """Whether a recording is under way, be the camera there or not."""
        return self._course.story is not None

    @property
    def is_counting(self) -> bool:
        """Whether files of its last recording are being finished whose process is dead."""
        last = self._course.last
        return last is not None and not last.is_counted

    @property
    def is_ending(self) -> bool:
        """Whether a recording was ended by hand whose files are being closed."""
        return self._course.is_ending and self.is_recording

    @property
    def details(self) -> CameraDetails:
        """What the camera turned out to be; empty before it is open."""
        return self._course.details

    @property
    def identity(self) -> Message | None:
        """Which physical camera it is, once it was open."""
        return self._course.identity

    def status(self) -> CameraStatus:
        """Return how it goes, over all its processes."""
        with self._lock:
            status, story = self._course.present()
            # With the lock: a share that is told in between would be counted twice.
            return status if story is None else story.over(status)

    def summary(self) -> TakeSummary | None:
        """Return how its last recording went; None if there was none."""
        return self._course.summary()

    def _announce(self, kind: str, facts: Mapping[str, Fact]) -> None:
        self._hear_of(Event(kind, self.name, facts))

    # -- its thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._keep_going()
        except Exception as error:
            log.exception("a camera's keeper failed in an unforeseen way")
            self._abandon(CameraError(f"{type(error).__name__}: {error}"))
        self._finish()

    def _keep_going(self) -> None:
        ending = self._live()
        while self._shall_try_again(ending):
            if not self._is_renewed:
                self._pause()
            self._is_renewed = False
            self._renew.clear()
            if self._stopping.is_set():
                break
            ending = self._live()

    def _abandon(self, error: RecorderError) -> None:
        """End the present process, and book what it leaves if nothing is in the way of that."""
        course = self._course
        try:
            attempt = course.attempt
            if attempt.is_there:
                attempt.kill()
                how = attempt.close()
                with self._lock:
                    attempt.end(None, how)
                    course.close_attempt(Ending("camera_failed", error, died=True), True)
        except Exception:  # what failed before may fail again; the end is booked all the same
            log.exception("what %s has recorded last cannot be counted", self.name)
        course.reason, course.error = "camera_failed", error

    def _live(self) -> Ending:
        """See one process from its start to its end, and book what it leaves."""
        course = self._course
        try:
            attempt = self._launch()
        except OSError as error:
            failure = RecorderError(f"the system gives no process for the camera: {error}")
            course.error, course.reason = failure, "writer_failed"
            return Ending("writer_failed", failure)
        stuck = attempt.watch()
        how = attempt.close()
        with self._lock:
            ending = attempt.end(stuck, how)
            was_wanted = not self._stopping.is_set() or course.story is not None
            course.close_attempt(ending, was_wanted)
        self._on_change()
        return ending

    def _launch(self) -> Attempt:
        with self._lock:
            setup = self._setup()
            self._course.attempt = attempt = Attempt(takes=1 if "order" in setup else 0)

            def hear(message: Message) -> None:
                self._hear(attempt, message)

            attempt.launch(lambda: self._start(setup, self.memory, hear, self.name))
            if self._stopping.is_set():
                attempt.tell("stop")
            return attempt

    def _setup(self) -> Message:
        self._lives += 1
        course = self._course
        setup: Message = {
            "config": self._whole,
            "camera": self.name,
            "memory": self.memory.handle,
            "record": course.record,
            "identity": course.identity,
            "others": [other.identity for other in self.others if other.identity],
            "life": self._lives,
        }
        if course.story is not None:
            setup["order"] = course.story.rest().as_dict()
        return setup

    def _shall_try_again(self, ending: Ending) -> bool:
        course = self._course
        if self._is_renewed and not self._stopping.is_set():
            return True
        if self._stopping.is_set() or not (ending.may_come_back and course.is_up):
            return False
        if course.is_over:
            return False
        return self._search.goes_on(course.attempt.opened_at, self.is_recording)

    def _pause(self) -> None:
        log.warning("%s: %s; it is opened again", self.name, self.error)
        self._course.is_away = True
        pause_s = self._search.next_pause_s()
        self._renew.wait(pause_s)

    def _finish(self) -> None:
        course = self._course
        with self._lock:
            course.close()
        if course.last is not None:
            course.last.close()
        course.ended.set()
        course.answered.set()
        self._on_change()

    # -- what its process says, on the thread that listens ------------------------------------

    def _hear(self, attempt: Attempt, message: Message) -> None:
        try:
            with self._lock:
                if attempt is not self._course.attempt or not attempt.is_there:
                    return  # late words of a process that is booked already
                if self._is_renewed and message["is"] in ("status", "opened", "details"):
                    return  # it is being replaced: what it does no longer tells of the camera
                self._course.hear(message)
        except Exception:  # a word too many never ends a recording
            log.exception("%s: cannot be taken: %s", self.name, message["is"])
        if message["is"] != "status":
            self._on_change()
