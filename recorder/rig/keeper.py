"""Keeps one camera going: its process is started, watched, ended when stuck, and replaced.

States::

               opened, armed         begin            end_take, duration
    opening ────────────► previewing ─────► recording ──┐
       │                      ▲                         │
       │                      └─────────────────────────┘
       │        the process ends, dies or is stuck: from anywhere
       └──────────► restarting ──► (a new process: opening, and on where the last one was)
                         │ not to be had, or not wanted
                         └──► ended
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from recorder.config import SYNTHETIC, is_live
from recorder.errors import CameraError, CameraLost, CameraTimeout, RecorderError
from recorder.pipeline.summary import TakeSummary
from recorder.rig.messages import Message, as_error
from recorder.rig.process import EXIT_S, WorkerProcess
from recorder.rig.story import Life, Story
from recorder.rig.wreck import progress_in, stamps_in
from recorder.stats import CameraStatus, Totals

if TYPE_CHECKING:
    from recorder.config import Config, Source
    from recorder.pipeline.memory import Block
    from recorder.pipeline.order import Order

log = logging.getLogger(__name__)

TICK_S = 0.1
HEALTHY_S = 30.0
"""A camera that went on for so long begins to count its failures anew."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a camera that is to be recorded is looked for.

    Parameters
    ----------
    tries
        Attempts in a row. Ten take about a minute and a half with one that is unplugged, and more
        with a network camera, whose time-out passes each time.
    first_pause_s, longest_pause_s
        Before the first attempt and at most; each pause is twice the one before.
    """

    tries: int = 10
    first_pause_s: float = 0.25
    longest_pause_s: float = 10.0

    def pause_s(self, tries: int) -> float:
        """Return how long to wait after so many attempts."""
        return min(self.longest_pause_s, self.first_pause_s * 2.0 ** min(tries, 30))


@dataclass(frozen=True, slots=True)
class Ending:
    """How one process of the camera ended.

    Parameters
    ----------
    reason
        As in a summary.
    error
        What went wrong, if anything did.
    died
        It ended without a word, or had to be killed.
    """

    reason: str
    error: RecorderError | None = None
    died: bool = False

    @property
    def may_come_back(self) -> bool:
        """Whether the camera may be there again when it is opened anew."""
        lost = self.reason == "camera_failed" and isinstance(self.error, CameraError)
        return self.died or lost


class Keeper:
    """One camera of a rig.

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
    """

    def __init__(
        self,
        config: Config,
        name: str,
        memory: Block,
        on_change: Callable[[], None],
        patience: Patience,
        start: Callable[..., WorkerProcess] = WorkerProcess,
    ) -> None:
        self._patience = patience
        self._start = start
        self.name = name
        self.config = config.cameras[name]
        self.memory = memory
        self._whole = config.private()
        self._on_change = on_change
        self._lock = threading.RLock()
        self._stopping = threading.Event()
        self._answered = threading.Event()  # armed, failed or ended
        self._ended = threading.Event()
        self._worker: WorkerProcess | None = None
        self._story: Story | None = None
        self._last: Story | None = None
        self._status = CameraStatus(name)
        self._said: Message | None = None  # its last word
        self._files: list[Message] = []  # of the present process
        self._takes = 0  # of the present process
        self._lives = 0
        self._is_given_up = False  # the present process, as it is stuck
        self.others: list[Keeper] = []  # the rig's other cameras
        self._opened_at: float | None = None
        self._is_up = False  # its start succeeded: from now on it is kept going
        self._record = False
        self._is_ending = False  # the recording was ended by hand
        self._is_away = False
        self._is_done = False  # the last process is gone; files may still be counted
        self._tries = 0
        self._identity: Message | None = None
        self._refusal: RecorderError | None = None
        self.reason = "requested"
        self.error: RecorderError | None = None
        self._thread = threading.Thread(target=self._run, name=f"{name} keeper", daemon=True)

    # -- what the rig asks for ----------------------------------------------------------------

    def open(self, record: bool) -> None:
        """Start the camera's process; it opens the camera and arms it."""
        self._record = record
        self._thread.start()

    def prepare(self) -> None:
        """Make sure that a recording could begin with the next frame; `await_answer` tells."""
        self._answered.clear()
        self._refusal = None
        if self._is_away or self._worker is None:
            self._refusal = CameraLost(self._why_away())
            self._answered.set()
        self._tell("prepare")

    def await_answer(self, timeout_s: float) -> bool:
        """Wait until the camera is armed, or cannot be; see `refusal`."""
        return self._answered.wait(timeout_s)

    @property
    def refusal(self) -> RecorderError | None:
        """Why the camera could not be opened or armed, if it could not."""
        return self._refusal or (self.error if self.has_ended else None)

    @property
    def has_failed(self) -> bool:
        """Whether the camera was lost for good."""
        return self.has_ended and self.reason == "camera_failed"

    def begin(self, order: Order) -> None:
        """Begin a recording with an armed camera."""
        duration = order.duration or self.config.recording.duration
        with self._lock:
            if self._is_done:
                return
            self._story = Story(order, duration, self.config.recording.format != "none")
            self._takes += 1
            self._is_up, self._is_ending = True, False
            self._status = replace(self._status, state="recording")  # nobody shall think otherwise
        self._tell("begin", order=order.as_dict())

    def end_take(self) -> None:
        """End the recording; the preview goes on."""
        with self._lock:
            if self._story is None:
                return
            self._is_ending = True
            if self._is_away:  # there is nobody to end it
                self._put_away()
            self._record = False  # a next process previews, too
        self._tell("end_take")

    def _put_away(self) -> None:
        if self._story is not None:
            self._story.leave()
            self._story, self._last = None, self._story

    def stop(self) -> None:
        """Finish the files and close the camera. Returns at once."""
        self._stopping.set()
        self._tell("stop")

    def give_up(self) -> None:
        """End a process that does not even arm in time."""
        self._refusal = CameraTimeout("it was not ready in time")
        self._stopping.set()
        worker = self._worker
        if worker is not None:
            worker.kill()

    def abandon_unopened(self) -> None:
        """Count a camera as ended whose process was never to be started."""
        if not self._thread.is_alive():
            self._ended.set()

    def _tell(self, kind: str, **content: Any) -> None:
        with self._lock:
            if self._worker is not None:
                self._worker.send(kind, **content)

    # -- what anyone may ask ------------------------------------------------------------------

    @property
    def has_ended(self) -> bool:
        """Whether its last process is gone and its files are finished."""
        return self._ended.is_set()

    def join(self) -> None:
        """Wait for the end."""
        self._ended.wait()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def is_recording(self) -> bool:
        """Whether a recording is under way, be the camera there or not."""
        return self._story is not None

    @property
    def is_ending(self) -> bool:
        """Whether a recording was ended by hand whose files are being closed."""
        return self._is_ending and self._story is not None

    @property
    def identity(self) -> Message | None:
        """Which physical camera it is, once it was open."""
        return self._identity

    def status(self) -> CameraStatus:
        """Return how it goes, over all its processes."""
        with self._lock:
            status, story = self._status, self._story or self._last
            if self._is_away:
                status = replace(status, state="restarting", message=self._why_away())
            if self.has_ended:
                message = None if self.error is None else str(self.error)
                status = replace(status, state="ended", message=message or status.message)
        return status if story is None else story.over(status)

    def _why_away(self) -> str:
        why = "" if self.error is None else f": {self.error}"
        return f"the camera is gone and looked for, attempt {self._tries}{why}"

    def summary(self) -> TakeSummary | None:
        """Return how its last recording went; None if there was none."""
        story = self._story or self._last
        return None if story is None else story.summary()

    # -- its thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            ending = self._live()
            while self._shall_try_again(ending):
                self._pause()
                if self._stopping.is_set():
                    break
                ending = self._live()
        except Exception as error:
            log.exception("a camera's keeper failed in an unforeseen way")
            self.error = RecorderError(f"{type(error).__name__}: {error}")
        self._finish()

    def _live(self) -> Ending:
        """See one process from its start to its end, and book what it leaves."""
        try:
            worker = self._launch()
        except OSError as error:
            failure = RecorderError(f"the system gives no process for the camera: {error}")
            self.error, self.reason = failure, "writer_failed"
            return Ending("writer_failed", failure)
        died = self._watch(worker)
        how = worker.close()
        with self._lock:
            self._worker = None
            ending = self._ending(died, how)
            self.reason = ending.reason
            was_wanted = not self._stopping.is_set() or self._story is not None
            if ending.error is not None and was_wanted:
                self.error = ending.error
            self._book(ending)
            if self._is_up and not self._answered.is_set():  # it dies while it prepares
                self._refusal = ending.error or CameraLost("the camera's process ended")
                self._answered.set()
        self._on_change()
        return ending

    def _launch(self) -> WorkerProcess:
        with self._lock:
            self._said, self._files, self._takes = None, [], 0
            self._is_given_up = False
            self._opened_at = None
            self._lives += 1
            setup: dict[str, Any] = {
                "config": self._whole,
                "camera": self.name,
                "memory": self.memory.handle,
                "record": self._record,
                "identity": self._identity,
                "others": [other.identity for other in self.others if other.identity],
                "life": self._lives,
            }
            if self._story is not None:
                self._takes = 1
                setup["order"] = self._story.rest().as_dict()
            self._worker = self._start(setup, self.memory, self._hear, self.name)
            if self._stopping.is_set():
                self._worker.send("stop")
            return self._worker

    def _watch(self, worker: WorkerProcess) -> str | None:
        """Wait for a process's end; return why it had to be ended, if it had to be."""
        looked = time.monotonic()
        while not worker.wait(TICK_S):
            now = time.monotonic()
            passed_s, looked = now - looked, now
            if self._said is not None:
                if not worker.wait(EXIT_S):
                    worker.kill()
                    return None
            elif worker.is_stuck(passed_s):
                self._is_given_up = True
                worker.end()
                return "it did not answer any more, and was ended"
        return None

    def _ending(self, stuck: str | None, how: str) -> Ending:
        said = self._said
        if said is None or stuck is not None:
            text = stuck or how
            died = said is None
            return Ending("camera_failed", CameraLost(f"the camera's process: {text}"), died)
        error = None if said["error"] is None else as_error(said["error"])
        return Ending(said["reason"] or "requested", error)

    def _book(self, ending: Ending) -> None:
        """Add to the story what an ended process leaves."""
        story = self._story
        if story is not None:
            progress = progress_in(self.memory)
            mine = bool(self._takes) and progress.take == self._takes
            if ending.died:
                stamps = stamps_in(self.memory, progress) if mine else []
                life = Life(tuple(self._files), self._status, progress, stamps)
                story.add_wreck(life, str(ending.error))
            if mine:
                story.advance(progress)
        # A dead one could not end it; and once its time is up, the preview waits for the camera.
        if self._is_ending or (not self._record and self._is_over()):
            self._put_away()
        self._clear_counters()

    def _clear_counters(self) -> None:
        """Show nothing of a process that is gone; what it did is in the story."""
        rates = dict.fromkeys(("fps_in", "fps_written", "raw_bytes_s", "disk_bytes_s"), 0.0)
        gone: dict[str, Any] = {**rates, "buffer_fill": 0.0, "pid": None, "warning": None}
        self._status = _counted_elsewhere(replace(self._status, **gone))

    def _shall_try_again(self, ending: Ending) -> bool:
        if self._stopping.is_set() or not (ending.may_come_back and self._is_up):
            return False
        if self.config.on_failure != "restart" or _begins_anew(self.config.source):
            return False
        if self._opened_at is not None and time.monotonic() - self._opened_at > HEALTHY_S:
            self._tries = 0
        story = self._story
        if story is None:
            return True  # a preview loses nothing, so it may wait for its camera for ever
        return self._tries < self._patience.tries and not self._is_over()

    def _is_over(self) -> bool:
        return self._story is not None and self._story.is_over(time.monotonic_ns())

    def _pause(self) -> None:
        log.warning("%s: %s; it is opened again", self.name, self.error)
        self._is_away = True
        pause_s = self._patience.pause_s(self._tries)
        self._tries += 1
        self._stopping.wait(pause_s)

    def _finish(self) -> None:
        with self._lock:
            self._is_away = False
            self._last, self._story = self._story or self._last, None
            self._is_done = True
        if self._last is not None:
            self._last.close()
        self._ended.set()
        self._answered.set()
        self._on_change()

    # -- what its process says, on the thread that listens ------------------------------------

    def _hear(self, message: Message) -> None:
        try:
            with self._lock:
                getattr(self, f"_hear_{message['is']}", self._ignore)(message)
        except Exception:  # a word too many never ends a recording
            log.exception("%s: cannot be taken: %s", self.name, message["is"])
        if message["is"] != "status":
            self._on_change()

    def _ignore(self, message: Message) -> None:
        log.warning("%s: not understood: %s", self.name, message["is"])

    def _hear_opened(self, message: Message) -> None:
        self._identity = message["identity"] or self._identity
        self._opened_at = time.monotonic()
        if self._story is None:
            self._is_away = False
        if not self._record:
            self._status = replace(self._status, state="previewing")
            self._is_up = True
            self._answered.set()

    def _hear_armed(self, message: Message) -> None:
        if self._is_away and self._story is not None:
            self._story.restarts += 1
        self._is_away = False
        self._answered.set()

    def _hear_failed(self, message: Message) -> None:
        self._refusal = as_error(message["error"])
        self._answered.set()

    def _hear_status(self, message: Message) -> None:
        status = CameraStatus.from_dict(message["status"])
        if status.warning is not None and self._status.warning is None:
            log.warning("%s: %s", self.name, status.warning)
        if self._worker is not None and status.pid == self._worker.pid:
            is_mine = message["take"] == self._takes and not message["is_told"]
            self._status = status if is_mine else _counted_elsewhere(status)

    def _hear_file(self, message: Message) -> None:
        self._files.append(message["file"])
        if self._story is not None:
            self._story.add_file(message["file"])

    def _hear_take(self, message: Message) -> None:
        story = self._story
        if story is None or message["number"] != self._takes:
            return
        summary = TakeSummary.from_dict(message["summary"])
        story.add(summary)
        progress = progress_in(self.memory)
        if progress.take == self._takes:  # if it dies now, its frames are counted already
            story.advance(progress)
        self._files = []
        self._status = _counted_elsewhere(self._status)
        goes_on = summary.reason == "camera_failed" or self._is_given_up  # in the next process
        if not goes_on:
            story.is_closed = True
            self._story, self._last = None, story

    def _hear_unbegun(self, message: Message) -> None:
        self._takes -= 1
        story, self._story = self._story, None
        if story is not None and story.summary() is not None:
            self._last = story
        self._is_away = False

    def _hear_ended(self, message: Message) -> None:
        self._said = message


def _begins_anew(source: Source) -> bool:
    """Whether a source gives its first frames once more when it is opened again: a file does."""
    return source != SYNTHETIC and not is_live(source)


def _counted_elsewhere(status: CameraStatus) -> CameraStatus:
    return replace(status, totals=Totals(), raw_bytes=0, file_bytes=0, files=())
