"""Which state a session is in, which recording it is at, and why it ends; nothing else.

::

              start()          spec known           record()        end_take(), duration
    new ────────────► opening ────────────► previewing ────────► recording ───┐
                         │                      ▲  └──────────────────────────┤
                         │                      └────────────────────────────◄┘
                         │   finish(reason): from anywhere, once; a graver reason replaces a lesser
                         ▼
                     finishing ──► ended     ring drained, files closed, memory freed
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from recorder.errors import RecorderError
from recorder.pipeline.summary import REASONS, TakeSummary
from recorder.pipeline.take import Take

if TYPE_CHECKING:
    from recorder.config import RecordingConfig
    from recorder.pipeline.order import Order

log = logging.getLogger(__name__)


class Course:
    """The course of one session; every method may be called from any thread.

    Attributes
    ----------
    takes
        The recordings by number.
    take
        The last of them.
    ending, ended
        Set when the end is asked for, and when everything is closed.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self.state = "new"
        self.reason: str | None = None
        self.error: RecorderError | None = None
        self.takes: dict[int, Take] = {}
        self.take: Take | None = None
        self.ending = threading.Event()
        self.ended = threading.Event()
        self._begun: Take | None = None  # the one that the camera's thread is in, or was in last
        self._in_take = False
        self._ends_with_take = False

    # -- from opening to the end --------------------------------------------------------------

    def start(self, ends_with_take: bool) -> None:
        """Begin to open.

        Raises
        ------
        RecorderError
            It has been started before.
        """
        with self._lock:
            if self.state != "new":
                raise RecorderError("a session starts once; make a new one")
            self.state = "opening"
            self._ends_with_take = ends_with_take

    def preview(self) -> bool:
        """Note that the camera is open; return whether it shall run at once."""
        with self._lock:
            if self.state != "opening" or self._ends_with_take:
                return False
            self.state = "previewing"
            return True

    def finish(self, reason: str, error: RecorderError | None) -> None:
        """Ask for the end, and say why."""
        with self._lock:
            if error is not None and self.error is None:
                log.info("%s: %s", reason, error)
                self.error = error
            if self.reason is None or REASONS[reason] > REASONS[self.reason]:
                self.reason = reason
            if self.take is not None and self._in_take:
                self.take.end(reason)
            if self.state == "new":
                self.state = "ended"
                self.ended.set()
            elif self.state != "ended":
                self.state = "finishing"
        self.ending.set()

    def source_was_faulty(self, error: RecorderError) -> None:
        """Note in the recording under way that its source lacks frames, and why."""
        with self._lock:
            if self.take is not None and self._in_take:
                self.take.errors.append(error)
                self.take.is_source_faulty = True

    def close(self, stuck: bool = False) -> None:
        """Note that nothing is open any more; `ended` is for the caller to set.

        Parameters
        ----------
        stuck
            A frame is left behind in a driver that never came back.
        """
        with self._lock:
            self.state = "ended"
            for take in self.takes.values():
                take.settle(self.reason or "requested", stuck)

    # -- recordings ---------------------------------------------------------------------------

    def require_ready(self) -> None:
        """Refuse to begin a recording unless the camera is open and none is under way.

        Raises
        ------
        RecorderError
        """
        if self.state not in ("opening", "previewing"):
            raise RecorderError(f"cannot begin a recording: the session is {self.state}")

    def begin(self, order: Order, recording: RecordingConfig) -> Take:
        """Begin a recording; return what the camera's thread has to enter.

        Parameters
        ----------
        recording
            As the config says.

        Raises
        ------
        RecorderError
            There is no camera, or another recording.
        """
        with self._lock:
            self.require_ready()
            take = Take.ordered(len(self.takes) + 1, order, recording)
            self.takes[take.number] = self.take = take
            self._in_take = True
            self.state = "recording"
            return take

    def enter(self, take: Take) -> None:
        """Note that frames belong to this recording from now on."""
        self._begun = take

    def end_take(self) -> Take | None:
        """End the recording; return what the camera's thread has to leave, if anything."""
        with self._lock:
            take = self.take
            if take is None or self.state != "recording":
                return None
            take.end("requested")
            self._in_take = False
            self.state = "previewing"
            return take

    def leave(self, take: Take) -> None:
        """Note that no more frames belong to this recording."""
        if self._begun is not take:  # it never had a frame, so there is nothing to close
            take.closed.set()

    def is_full(self) -> bool:
        """Note that the recording has all that was asked for; return whether that ends it all."""
        if self._ends_with_take:
            return True
        with self._lock:
            # Otherwise it was ended by hand, and the next is ordered already.
            if self.take is not None and self.take is self._begun:
                self.take.end("duration")
                self._in_take = False
                if self.state == "recording":
                    self.state = "previewing"
        return False

    # -- what anyone may ask ------------------------------------------------------------------

    def snapshot(self) -> tuple[str, str | None]:
        """Return state and reason at one instant."""
        with self._lock:
            return self.state, self.reason

    def current(self) -> tuple[Take | None, bool]:
        """Return the last recording, and whether it is under way."""
        return self.take, self.state == "recording"

    def summaries(self) -> tuple[TakeSummary, ...]:
        """Return how the recordings went so far, in order; the last may still run."""
        return tuple(take.summary() for take in self.takes.copy().values())

    def closed(self) -> dict[int, TakeSummary]:
        """Return how those went whose files are all closed, by number."""
        takes = self.takes.copy().items()
        over = self.ended.is_set()
        return {n: take.summary() for n, take in takes if over or take.closed.is_set()}
