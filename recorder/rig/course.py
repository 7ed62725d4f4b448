"""Which state a camera is in, over all its processes, and what of its recordings they have told."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recorder.controls import CameraDetails
from recorder.errors import CameraLost, RecorderError
from recorder.pipeline.summary import TakeSummary
from recorder.rig.attempt import Attempt, Ending
from recorder.rig.events import Tell, tell_nobody
from recorder.rig.messages import Message, as_error
from recorder.rig.replies import Replies
from recorder.rig.shares import FileShare, facts_of
from recorder.rig.story import Life, Story
from recorder.rig.wreck import progress_in, stamps_in
from recorder.stats import CameraStatus, Totals
from recorder.writers.naming import in_order

if TYPE_CHECKING:
    from recorder.pipeline.memory import Block
    from recorder.rig.patience import Search

log = logging.getLogger(__name__)


class CameraCourse:
    """The course of one camera, through one process after the other.

    States::

                   opened, armed         begin            end_take, duration
        opening ────────────► previewing ─────► recording ──┐
           │                      ▲                         │
           │                      └─────────────────────────┘
           │        the process ends, dies or is stuck: from anywhere
           └──────────► restarting ──► (a new process: opening, and on where the last one was)
                             │ not to be had, or not wanted
                             └──► ended

    It has no lock of its own: the keeper's guards it, and all that its attempt knows. Whoever
    calls a method here holds that lock, but for `prepare`, `is_over` and `summary`. A single
    attribute may be read without it; `answered` and `ended` are events, and need none.

    Parameters
    ----------
    name
        The camera's.
    memory
        Of its ring.
    search
        For the camera, when it is lost.
    tell
        Called with the kind of an event and its facts.

    Attributes
    ----------
    attempt
        The present process or, between two, the last one.
    story, last
        The recording that is under way, be the camera there or not, and the one before it.
    record
        Whether a process begins with a recording, and ends with it.
    was_open
        Whether any of its processes could open the camera.
    identity
        Which physical camera it is, once it was open.
    details
        What the present process says of it.
    replies
        What is asked of the present process.
    answered, refusal
        Set when it is armed, could not be, or has ended; and why it could not be.
    is_up
        Its start succeeded: from now on it is kept going.
    is_away
        It is lost, and looked for.
    is_ending
        The recording was ended by hand.
    is_done
        The last process is gone; files may still be counted.
    ended
        Set when these are counted, too.
    reason, error
        How the last process ended, and what went wrong last.
    """

    def __init__(self, name: str, memory: Block, search: Search, tell: Tell = tell_nobody) -> None:
        self._name = name
        self._tell = tell
        self._memory = memory
        self._search = search
        self._status = CameraStatus(name)  # as the present process tells
        self.attempt = Attempt()
        self.story: Story | None = None
        self.last: Story | None = None
        self.record = False
        self.was_open = False
        self.identity: Message | None = None
        self.details = CameraDetails()
        self.replies = Replies()
        self.answered = threading.Event()
        self.refusal: RecorderError | None = None
        self.is_up = self.is_away = self.is_ending = self.is_done = False
        self.ended = threading.Event()
        self._is_asked = False  # to prepare a recording
        self.reason = "requested"
        self.error: RecorderError | None = None

    # -- recordings, as the rig wants them ----------------------------------------------------

    def prepare(self) -> None:
        """Expect a new answer; a camera that is away cannot give one."""
        self._is_asked = True
        self.answered.clear()
        self.refusal = None
        if self.is_away or not self.attempt.is_there:
            self.refusal = CameraLost(self._why_away())
            self.answered.set()

    def begin(self, story: Story) -> None:
        """Begin a recording."""
        self.story = story
        self.attempt.takes += 1
        self.is_up, self.is_ending = True, False
        self.error = None  # what went wrong before has nothing to do with it
        self._status = replace(self._status, state="recording")  # nobody shall think otherwise

    def end_take(self) -> None:
        """End the recording."""
        self.is_ending = True
        if self.is_away or not self.attempt.is_there:  # there is nobody to end it
            self._put_away()
        self.record = False  # a next process previews, too

    def _put_away(self) -> None:
        if self.story is not None:
            self.story.leave()
            self.last = self.story  # first: nobody who looks shall find neither
            self.story = None

    @property
    def is_over(self) -> bool:
        """Whether the time of the recording is up."""
        story = self.story  # read once: the keeper's thread asks without the lock
        return story is not None and story.is_over(time.monotonic_ns())

    # -- one process after the other ----------------------------------------------------------

    def close_attempt(self, ending: Ending, was_wanted: bool) -> None:
        """Book what a process leaves that has ended.

        Parameters
        ----------
        ending
            How.
        was_wanted
            Whether it matters to anybody if it failed.
        """
        self.replies.give_up()
        self.reason = ending.reason
        if ending.error is not None and was_wanted:
            self.error = ending.error
            self._tell("failure", {"reason": ending.reason, "message": str(ending.error)})
        self._book(ending)
        # While it prepares; or after it was ready, while others still prepare.
        if self.is_up and (self.story is None or not self.answered.is_set()):
            self.refusal = ending.error or CameraLost("the camera's process ended")
            self.answered.set()

    def _book(self, ending: Ending) -> None:
        """Add to the story what an ended process leaves."""
        story, attempt = self.story, self.attempt
        if story is not None:
            progress = progress_in(self._memory)
            mine = bool(attempt.takes) and progress.take == attempt.takes
            if ending.died:
                stamps = stamps_in(self._memory, progress) if mine else []
                life = Life(attempt.share, self._status, progress, stamps)
                story.add_wreck(life, str(ending.error))
            if mine:
                story.advance(progress)
        # A dead one could not end it; and once its time is up, the preview waits for the camera.
        if self.is_ending or (not self.record and self.is_over):
            self._put_away()
        self._clear_counters()

    def _clear_counters(self) -> None:
        """Show nothing of a process that is gone; what it did is in the story."""
        rates = dict.fromkeys(("fps_in", "fps_written", "raw_bytes_s", "disk_bytes_s"), 0.0)
        gone: dict[str, Any] = {**rates, "buffer_fill": 0.0, "warning": None}
        self._status = _counted_elsewhere(replace(self._status, **gone))

    def reopen(self, is_another: bool) -> None:
        """Expect another process, as the camera is to be opened in another way.

        Parameters
        ----------
        is_another
            It may be another camera.
        """
        self.error, self.is_away = None, False
        self.details = CameraDetails()
        self._status = CameraStatus(self._name)
        if is_another:
            self.identity = None
            self.was_open = False

    def close(self) -> None:
        """Have no more processes."""
        self.is_away = False
        self.last = self.story or self.last
        self.story = None
        self.is_done = True

    # -- what a process says ------------------------------------------------------------------

    def hear(self, message: Message) -> None:
        """Take note of what the present process says."""
        getattr(self, f"_hear_{message['is']}", self._ignore)(message)

    def _ignore(self, message: Message) -> None:
        log.warning("%s: not understood: %s", self._name, message["is"])

    def _hear_opened(self, message: Message) -> None:
        self.was_open = True
        self.identity = message["identity"] or self.identity
        self.attempt.opened_at = time.monotonic()
        if self.story is None:
            self.is_away = False
        if not self.record:
            self._status = replace(self._status, state="previewing")
            self.is_up = True
            if not self._is_asked:
                self.refusal = None  # of the process before; what it had prepared is gone, though
            self.answered.set()

    def _hear_details(self, message: Message) -> None:
        self.details = CameraDetails.from_dict(message["details"])

    def _hear_was_set(self, message: Message) -> None:
        self.replies.hear(message)

    def _hear_configured(self, message: Message) -> None:
        self.replies.hear(message)

    def _hear_armed(self, message: Message) -> None:
        if self.is_away and self.story is not None:
            self.story.restarts += 1
        self.is_away = False
        self.answered.set()

    def _hear_failed(self, message: Message) -> None:
        self.refusal = as_error(message["error"])
        self.answered.set()

    def _hear_status(self, message: Message) -> None:
        status = CameraStatus.from_dict(message["status"])
        if status.warning is not None and self._status.warning is None:
            log.warning("%s: %s", self._name, status.warning)
        if self.attempt.is_from(status.pid):
            is_mine = message["take"] == self.attempt.takes and not message["is_told"]
            self._status = status if is_mine else _counted_elsewhere(status)

    def _hear_file(self, message: Message) -> None:
        self.attempt.share.open.append(message["file"])
        if self.story is not None:
            self.story.add_file(message["file"])

    def _hear_closed(self, message: Message) -> None:
        file = message["file"]
        self.attempt.share.close(file)
        if self.story is not None:
            self.story.close_file(file)
        if file["error"] is not None:
            self._tell("failure", {"reason": "writer_failed", "message": file["error"]})
        if file["path"] is not None and file["is_finished"]:
            self._tell("segment", facts_of(file))

    def _hear_take(self, message: Message) -> None:
        story, attempt = self.story, self.attempt
        share, attempt.share = attempt.share, FileShare()
        if story is None or message["number"] != attempt.takes:
            return
        of_files = {"files": in_order(share.closed), "time_deviation_ms": share.time_deviation_ms}
        summary = TakeSummary.from_dict(message["summary"] | of_files)
        story.add(summary, self._status.totals.overflow)
        progress = progress_in(self._memory)
        if progress.take == attempt.takes:  # if it dies now, its frames are counted already
            story.advance(progress)
        self._status = _counted_elsewhere(self._status)
        goes_on = summary.reason == "camera_failed" or attempt.is_given_up  # in the next process
        if not goes_on:
            story.is_closed = True
            self.last = story
            self.story = None

    def _hear_unbegun(self, message: Message) -> None:
        self.attempt.takes -= 1
        if self.story is not None:
            self.error = self.refusal or self.error
            self._put_away()
        self.is_away = False

    def _hear_ended(self, message: Message) -> None:
        self.attempt.said = message

    # -- what is asked ------------------------------------------------------------------------

    def present(self) -> tuple[CameraStatus, Story | None]:
        """Return how the present process goes, and the recording it may have a share in."""
        status = replace(self._status, pid=self.attempt.pid)  # known before it says a word
        if self.is_away:
            status = replace(status, state="restarting", message=self._why_away())
        if self.ended.is_set():
            message = None if self.error is None else str(self.error)
            status = replace(status, state="ended", message=message or status.message)
        return status, self.story or self.last

    def _why_away(self) -> str:
        why = "" if self.error is None else f": {self.error}"
        how = "is gone and" if self.was_open else "has not answered yet and is"
        return f"the camera {how} looked for, attempt {self._search.tries}{why}"

    def summary(self) -> TakeSummary | None:
        """Return how its last recording went; None if there was none."""
        story = self.story or self.last
        return None if story is None else story.summary()


def _counted_elsewhere(status: CameraStatus) -> CameraStatus:
    return replace(status, totals=Totals(), raw_bytes=0, file_bytes=0, files=())
