"""Many cameras as one: each in a process of its own, begun together, supervised, ended together.

::

              ┌ Keeper top  ─ process ─ session ─ ring, files
    Rig ──────┼ Keeper side ─ process ─ session ─ ring, files
              ├ link: whoever attaches from outside
              └ keeps the machine awake while anything records
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from recorder.awake import keep_awake
from recorder.config import parse_amount
from recorder.errors import RecorderError, Stopped
from recorder.pipeline.order import Order
from recorder.pipeline.view import Look, RingView
from recorder.rig.announcing import Announcer
from recorder.rig.events import Hear, ignore
from recorder.rig.link import LinkServer
from recorder.rig.patience import Patience
from recorder.rig.summary import RigSummary
from recorder.rig.team import Team
from recorder.stats import RigStatus

if TYPE_CHECKING:
    from recorder.config import Amount, Config
    from recorder.controls import CameraDetails
    from recorder.frame import Frame
    from recorder.pipeline.memory import Block
    from recorder.rig.keeper import Keeper
    from recorder.rig.spare import Spare

log = logging.getLogger(__name__)

READY_S = 60.0
"""How long all cameras may take to be opened and armed; each has shorter time-outs of its own."""
CLOSE_S = 10.0
"""How long the next recording waits for the files of the last one."""
AHEAD_NS = 50_000_000
"""The instant at which all begin lies so far ahead that every process has heard of it."""
LOOK_S = 0.25


class Rig:
    """The cameras of a config, each in a process of its own.

    `_lock` is for whoever starts or records: it lets one begin at a time, and guards the steps of
    `_state` on the way up. To stop, to end a recording, to look and to ask take no lock, so that
    they get past a camera that hangs; each keeper guards its own.

    Parameters
    ----------
    config
        What to open and to record.
    name
        What `recorder attach`, `status` and `stop` call it.
    link
        Whether it can be attached to from outside.
    patience
        How long a camera is looked for that is lost while it is recorded.
    on_event
        Called with what happens, from any thread; returns at once.
    spare
        A process for the first camera that is started already.

    Examples
    --------
    >>> with Rig(load_config("configs/two.yaml", ["recording.duration=10 frames"])) as rig:
    ...     rig.start(record=True)
    ...     rig.wait().exit_code
    0
    """

    def __init__(
        self,
        config: Config,
        name: str = "rig",
        link: bool = True,
        patience: Patience = Patience(),  # noqa: B008 - frozen
        on_event: Hear = ignore,
        spare: Spare | None = None,
    ) -> None:
        self._config = config
        self._name = name
        self._with_link = link
        self._link: LinkServer | None = None
        self._views: dict[str, RingView] = {}
        self._lock = threading.RLock()
        self._turning = threading.Lock()  # guards the step out of the state "new"
        self._changed = threading.Event()
        self._announcer = Announcer(on_event)
        self._team = Team(config, self._changed.set, patience, self._announcer.hear, spare)
        self._ended = threading.Event()
        self._ends_with_take = False
        self._problem: str | None = None  # why the machine may fall asleep
        self._state = "new"
        self._awake = keep_awake("recording cameras")
        self._looker = threading.Thread(target=self._look_after, name="rig", daemon=True)

    def __enter__(self) -> Rig:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.wait()

    # -- what a caller does -------------------------------------------------------------------

    def start(self, record: bool = False, when_armed: Callable[[], None] | None = None) -> None:
        """Open all cameras, and preview them or record at once.

        Parameters
        ----------
        record
            Begin a recording with every camera at one instant, as soon as all are ready, and end
            when that recording ends.
        when_armed
            Called when it could begin with the next frame; may wait for its time, and raise
            `Stopped` if it shall not begin at all.

        Raises
        ------
        RecorderError
            A camera could not be opened or armed, of the class that says why, with its name.
            Nothing was recorded; everything is closed again. With `on_failure: leave` it is left
            out instead.
        """
        with self._lock:
            with self._turning:
                if self._state == "stopped":
                    raise Stopped("stopped before the first frame")
                if self._state != "new":
                    raise RecorderError("a rig starts once; make a new one")
                self._state = "opening"
            self._ends_with_take = record
        try:
            self._team.hire()
            self._team.open(record)
            self._looker.start()
            self._serve()
            self._team.await_armed(READY_S, may_be_left=True)
            if record:
                if when_armed is not None:
                    when_armed()
                    self._team.await_armed(READY_S, may_be_left=True)  # one may be lost meanwhile
                self._begin(None)
            with self._lock:
                self._state = "open" if self._state == "opening" else self._state
        except BaseException as error:
            self._announcer.refused(error)
            self._stop_all()
            self._close_unstarted()
            self.wait()
            if isinstance(error, RuntimeError):  # what Python says when a thread cannot be had
                raise RecorderError(f"the system gives no thread for a camera: {error}") from error
            raise

    def record(self, duration: Amount | str | float | None = None) -> None:
        """Begin a recording with all cameras at one instant; they stay open.

        Parameters
        ----------
        duration
            When it ends by itself: 10, "10s", "1000 frames"; left out: as the config says.

        Raises
        ------
        ConfigError
            The text is no duration.
        RecorderError
            It could not be kept, or a camera is away; the preview goes on.
        """
        if duration is not None:
            duration = parse_amount(duration)
        with self._lock:
            keepers = self._team.running()
            deadline = time.monotonic() + CLOSE_S
            while self._is_closing(keepers) and time.monotonic() < deadline:
                self._ended.wait(0.02)  # the one that was just ended closes its files
            is_busy = self._state != "open" or any(keeper.is_recording for keeper in keepers)
            if not keepers or is_busy:
                raise RecorderError(f"cannot begin a recording: the rig is {self.status().state}")
            self._announcer.over(self._team.summary)  # of the last one; before this one begins
            self._team.prepare()
            self._team.await_armed(READY_S)
            self._begin(duration)

    def _is_closing(self, keepers: Iterable[Keeper]) -> bool:
        return self._team.is_counting or any(keeper.is_ending for keeper in keepers)

    def set(self, camera: str, name: str, value: float) -> float | None:
        """Change a setting of a camera while it runs, also while it records.

        It is noted in the about file.

        Returns
        -------
        float or None
            What is read back; None if nothing can be.

        Raises
        ------
        KeyError
            There is no camera of that name.
        ConfigError, CameraError
            There is no such setting; or the camera is not there, or does not get to it.
        """
        return self._team.keepers[camera].set(name, value)

    def configure(self, config: Config) -> None:
        """Take another config between two recordings.

        Where and how it is recorded, metadata and settings change at once; a camera that has to be
        opened in another way (source, size, rate, crop, …) is opened anew, the others go on.

        Raises
        ------
        AnotherRig
            Cameras came or went, or one has ended or wants another buffer: start another rig.
        RecorderError
            A recording is under way.
        """
        with self._lock:
            if self._state != "open":
                raise RecorderError(f"cannot be changed: the rig is {self.status().state}")
            self._team.configure(config)
            self._config = config

    def end_take(self) -> None:
        """End the recording at the next frame boundary; the preview goes on.

        A rig that was started with a recording ends with it.
        """
        if self._ends_with_take:
            self._stop_all()
            return
        self._team.end_take()

    def stop(self) -> None:
        """Finish all files and close all cameras. Returns at once."""
        self._team.was_asked = True
        self._stop_all()

    def _stop_all(self) -> None:
        with self._turning:  # not `_lock`: a start that hangs shall not hold up a stop
            if self._state == "new":
                self._state = "stopped"
                self._ended.set()
        self._team.stop()
        self._changed.set()

    def wait(self, timeout_s: float | None = None) -> RigSummary:
        """Wait for the end; return how the last recording of every camera went.

        Raises
        ------
        TimeoutError
            The rig has not ended in time.
        """
        if not self._ended.wait(timeout_s):
            raise TimeoutError(f"the rig has not ended within {timeout_s} s")
        return self.summary()

    def wait_briefly(self, timeout_s: float) -> bool:
        """Wait for the end, but no longer than this; return whether it has come."""
        return self._ended.wait(timeout_s)

    # -- what anyone may ask ------------------------------------------------------------------

    @property
    def name(self) -> str:
        """What others call it; another than was asked for if that was taken."""
        return self._name if self._link is None else self._link.name

    @property
    def has_ended(self) -> bool:
        """Whether everything is closed."""
        return self._ended.is_set()

    @property
    def config(self) -> Config:
        """What it was told, last."""
        return self._config

    def details(self) -> dict[str, CameraDetails]:
        """Return what each camera turned out to be, and what it accepts while it runs."""
        return {name: keeper.details for name, keeper in self._team.keepers.items()}

    def status(self) -> RigStatus:
        """Return how it goes right now; cheap, from any thread."""
        cameras = self._team.status()
        watchers = 0 if self._link is None else self._link.watchers
        state = self._team.state_of(cameras)
        if self._team.is_stopping:
            state = "ended" if self.has_ended else "finishing"
        return RigStatus(self.name, os.getpid(), state, cameras, watchers)

    def summary(self) -> RigSummary:
        """Return how the last recording of every camera went, as far as is known."""
        return self._team.summary()

    def latest_frame(self, camera: str, out: Frame | None = None, after: int = 0) -> Look | None:
        """Copy a camera's newest frame for a viewer; see `RingView.newest`.

        Raises
        ------
        KeyError
            There is no camera of that name.
        """
        view = self._views.get(camera)
        if view is None:
            if camera in self._config.cameras and camera not in self._team.blocks:
                return None  # before the start
            block = self.memory(camera)
            try:
                view = self._views[camera] = RingView(block)
            except ValueError:  # it is closed: there is nothing to see any more
                return None
        return view.newest(out, after)

    def memory(self, camera: str) -> Block:
        """Return the memory that a camera's ring is in.

        Raises
        ------
        KeyError
            There is no camera of that name.
        """
        return self._team.blocks[camera]

    # -- starting -----------------------------------------------------------------------------

    def _serve(self) -> None:
        if not self._with_link:
            return
        try:
            self._link = LinkServer(self, self._name)
        except RecorderError as error:
            log.warning("nobody can attach to this rig: %s", error)

    def _begin(self, duration: Amount | None) -> None:
        self._team.begin(Order(duration, at_ns=time.monotonic_ns() + AHEAD_NS))
        self._announcer.begun(self._team.recorders)

    def _close_unstarted(self) -> None:
        """Close what there is if not even the looking after has begun."""
        for keeper in self._team.keepers.values():
            keeper.abandon_unopened()
        if not self._looker.is_alive() and not self.has_ended:
            self._look_after()

    # -- looking after, on a thread of its own ------------------------------------------------

    def _look_after(self) -> None:
        while not self._team.has_ended:
            self._changed.wait(LOOK_S)
            self._changed.clear()
            try:
                self._look()
            except Exception:  # an observer's failure never ends a recording
                log.exception("the rig could not look after its cameras")
        for keeper in self._team.keepers.values():
            keeper.join()
        self._close()

    def _look(self) -> None:
        self._keep_awake(self._team.is_recording)
        if not (self._team.is_recording or self._team.is_counting):
            self._announcer.over(self._team.summary)
        for keeper in self._team.keepers.values():
            is_over = keeper.has_failed and keeper.config.on_failure == "stop"
            if is_over and not self._team.is_stopping:
                log.warning("%s was lost, so all cameras stop: %s", keeper.name, keeper.error)
                self._stop_all()
        self._team.look_at_disks()

    def _keep_awake(self, recording: bool) -> None:
        if recording:
            self._awake.start()  # again and again does no harm
        else:
            self._awake.stop()
        problem = self._awake.problem
        if problem is not None and problem != self._problem:
            log.info("%s", problem)
        self._problem = problem

    def _close(self) -> None:
        for close in self._closers():
            try:
                close()
            except Exception:  # the others are to be closed all the same
                log.exception("the rig could not close all it has")
        self._state = "ended"
        self._ended.set()

    def _closers(self) -> list[Callable[[], None]]:
        last_words = partial(self._announcer.over, self._team.summary)
        first: list[Callable[[], None]] = [self._awake.stop, last_words, self._views.clear]
        link = [] if self._link is None else [self._link.close]
        return [*first, *link, *(block.close for block in self._team.blocks.values())]
