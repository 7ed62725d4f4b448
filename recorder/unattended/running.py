"""`recorder record` as long as it runs: waits, opens the cameras, records, closes them, waits.

::

              5 s before its time          its time            its end, or the window's
    waiting ─────────────────────► opening ────────► recording ───────┐
       ▲                              │ fails            │ fails      │
       ├──────────────────────────────┴──────────────────┘            │
       │         what is left of its window is tried again            │
       └──────────────────────────────────────────────────────────────┘
                                         no window to come, or stopped: ended
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from recorder.errors import CameraTimeout, RecorderError, Stopped
from recorder.rig.link import LinkServer
from recorder.rig.rig import Rig
from recorder.unattended.account import Account, Recording
from recorder.unattended.agenda import Agenda
from recorder.unattended.crowd import Crowd
from recorder.unattended.front import Front

if TYPE_CHECKING:
    from recorder.config import Config
    from recorder.stats import RigStatus
    from recorder.unattended.observers import Observer
    from recorder.unattended.schedule import Window

log = logging.getLogger(__name__)

AHEAD_S = 5.0
"""The cameras are opened so long before their time: that takes one to three seconds."""
LOOK_S = 1.0
"""As often as this the clock on the wall is looked at: it may be set, and a machine may sleep."""
SHOW_S = 0.25
STUCK_S = 30.0


class Clock:
    """The clocks, and the way to wait; replaced where a week has to pass in a second."""

    def now(self) -> datetime:
        """Return what the clock on the wall says, in UTC; it may jump."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds that only ever go on."""
        return time.monotonic()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait for an event, but no longer than this; return whether it has come."""
        return event.wait(seconds)


class Herald(Protocol):
    """Says what happens to whoever started it."""

    def waits(self, window: Window) -> None:
        """Say what is waited for."""

    def shows(self, status: RigStatus) -> None:
        """Show how it goes; four times a second."""

    def recorded(self, recording: Recording) -> None:
        """Say how a recording went, also one that was stopped before the first frame."""


class Unattended:
    """Makes the recordings of a config's schedule; without one, a single recording at once.

    Parameters
    ----------
    config
        What to record, and when.
    name
        What `recorder attach`, `status` and `stop` call it.
    herald
        Says what happens.
    observers
        Are told how it goes.
    clock, make_rig
        Replaced in tests.
    """

    def __init__(
        self,
        config: Config,
        name: str,
        herald: Herald,
        observers: Sequence[Observer] = (),
        clock: Clock | None = None,
        make_rig: Callable[..., Rig] = Rig,
    ) -> None:
        self._config = config
        self._name = name
        self._herald = herald
        self._clock = clock or Clock()
        self._make_rig = make_rig
        self._front = Front(config, name)
        self._link: LinkServer | None = None
        self._crowd = Crowd(observers, self._see)
        self._account = Account()
        self._agenda = Agenda(config.schedule, self._clock.now())
        self._alive_at = self._clock.monotonic()
        self._begun = self._clock.now()
        self._end: tuple[datetime, float] | None = None  # of the window, by both clocks

    def stop(self) -> None:
        """End: at once while it waits, otherwise as soon as the files are finished."""
        self._front.stop()

    @property
    def was_stopped(self) -> bool:
        """Whether somebody asked for the end."""
        return self._front.asked.is_set()

    def run(self) -> Account:
        """Make all recordings; return how they went."""
        with self._served(), self._crowd:
            try:
                while (window := self._await_window()) is not None:
                    recording = self._record(window)
                    self._agenda.note(window, recording, self._clock.now())
                    if recording.was_begun:
                        self._account.add(recording)
                    self._herald.recorded(recording)
                    if recording.is_hopeless:
                        break
            finally:
                self._front.end()
        return self._account

    @contextlib.contextmanager
    def _served(self) -> Iterator[None]:
        try:
            self._link = LinkServer(self._front, self._name)
        except RecorderError as error:
            log.warning("nobody can attach to this rig: %s", error)
        with self._link or contextlib.nullcontext():
            yield

    def _status(self) -> RigStatus:
        status = self._front.status()
        if self._link is None:
            return status
        return replace(status, name=self._link.name, watchers=self._link.watchers)

    def _see(self) -> RigStatus | None:
        """Return what observers look at; nothing while it should wait and does not even do that."""
        silent_s = self._clock.monotonic() - self._alive_at
        return None if self._front.is_waiting and silent_s > STUCK_S else self._status()

    # -- waiting ------------------------------------------------------------------------------

    def _await_window(self) -> Window | None:
        """Wait until it is time to open the cameras; None if there is nothing to come."""
        told = None
        while not self._front.asked.is_set():
            self._alive_at = self._clock.monotonic()
            now = self._clock.now()
            window = self._agenda.next(now)
            if window is None:
                return None
            left_s = (window.begin - now).total_seconds() - AHEAD_S
            if left_s <= 0:
                return window
            self._front.waits_until = window.begin
            if window != told:
                self._herald.waits(window)
                told = window
            self._herald.shows(self._status())
            self._clock.wait(self._front.asked, min(left_s, LOOK_S))
        return None

    # -- recording ----------------------------------------------------------------------------

    def _record(self, window: Window) -> Recording:
        rig = self._make_rig(self._config, self._name, link=False, on_event=self._crowd.hear)
        self._begun = max(window.begin, self._clock.now())
        error: RecorderError | None = None
        with rig:
            try:
                self._front.take(rig)
                rig.start(record=True, when_armed=lambda: self._await_begin(window))
                self._see_through(rig)
            except Stopped:
                pass  # before the first frame: nothing was lost
            except RecorderError as failure:
                error = failure
            finally:
                self._herald.shows(self._status())
        self._front.let_go()
        return Recording(self._begun, rig.wait(), error)

    def _await_begin(self, window: Window) -> None:
        """Wait with the cameras open, until it is time to begin."""
        while (left_s := (window.begin - self._clock.now()).total_seconds()) > 0:
            self._herald.shows(self._status())
            if self._clock.wait(self._front.asked, min(left_s, SHOW_S)):
                raise Stopped("stopped before the first frame")
        self._begun, self._end = self._clock.now(), None
        if window.end is not None:
            left_s = (window.end - self._begun).total_seconds()
            if left_s <= 0:
                raise CameraTimeout("its time was over before the cameras were ready")
            self._end = window.end, self._clock.monotonic() + left_s

    def _see_through(self, rig: Rig) -> None:
        """Look after a recording until its end, or that of its window."""
        while not rig.has_ended:
            self._herald.shows(self._status())
            left_s = self._left_s()
            if left_s <= 0:
                rig.end_take()
                self._end = None
            rig.wait_briefly(min(SHOW_S, max(left_s, 0.001)))

    def _left_s(self) -> float:
        """Return for how long the window goes on; over is over by whichever clock says so first.

        The one on the wall may be set back, the other one stands still while a machine sleeps.
        """
        if self._end is None:
            return SHOW_S
        wall, monotonic = self._end
        left_s = (wall - self._clock.now()).total_seconds()
        return min(left_s, monotonic - self._clock.monotonic())
