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
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from recorder.awake import keep_awake
from recorder.config import parse_amount
from recorder.errors import ConfigError, RecorderError, Stopped
from recorder.pipeline.memory import Block, allocate
from recorder.pipeline.order import Order
from recorder.pipeline.summary import TakeSummary
from recorder.pipeline.view import Look, RingView
from recorder.rig.keeper import Keeper, Patience
from recorder.rig.link import LinkServer
from recorder.stats import RigStatus

if TYPE_CHECKING:
    from recorder.config import Amount, Config
    from recorder.frame import Frame

log = logging.getLogger(__name__)

READY_S = 60.0
"""How long all cameras may take to be opened and armed; each has shorter time-outs of its own."""
CLOSE_S = 10.0
"""How long the next recording waits for the files of the last one."""
AHEAD_NS = 50_000_000
"""The instant at which all begin lies so far ahead that every process has heard of it."""
LOOK_S = 0.25

_GRAVEST_FIRST = (4, 5, 3, 6)


@dataclass(frozen=True, slots=True)
class RigSummary:
    """How the last recording of every camera went.

    Parameters
    ----------
    cameras
        By name, those that recorded or should have.
    errors
        What went wrong with a camera, by its name.
    """

    cameras: dict[str, TakeSummary]
    errors: dict[str, RecorderError] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 if every grabbed frame of every camera is in its file, else by the graver cause."""
        codes = {summary.exit_code for summary in self.cameras.values()}
        return next((code for code in _GRAVEST_FIRST if code in codes), 0)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, named as in the README."""
        cameras = {name: summary.as_dict() for name, summary in self.cameras.items()}
        return {"exit_code": self.exit_code, "cameras": cameras}


class Rig:
    """The cameras of a config, each in a process of its own.

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

    Examples
    --------
    >>> with Rig(load_config("configs/two.yaml")) as rig:                  # doctest: +SKIP
    ...     rig.start(record=True)
    ...     print(rig.wait().exit_code)
    """

    def __init__(
        self,
        config: Config,
        name: str = "rig",
        link: bool = True,
        patience: Patience = Patience(),  # noqa: B008 - frozen
    ) -> None:
        self._config = config
        self._patience = patience
        self._name = name
        self._with_link = link
        self._link: LinkServer | None = None
        self._blocks: dict[str, Block] = {}
        self._views: dict[str, RingView] = {}
        self._keepers: dict[str, Keeper] = {}
        self._left_out: set[str] = set()
        self._has_begun = False  # a recording, at least one
        self._lock = threading.RLock()
        self._changed = threading.Event()
        self._ended = threading.Event()
        self._stopping = False
        self._was_asked = False  # to stop, by somebody from outside
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

    def start(self, record: bool = False) -> None:
        """Open all cameras, and preview them or record at once.

        Parameters
        ----------
        record
            Begin a recording with every camera at one instant, as soon as all are ready, and end
            when that recording ends.

        Raises
        ------
        RecorderError
            A camera could not be opened or armed, of the class that says why, with its name.
            Nothing was recorded; everything is closed again. With `on_failure: leave` it is left
            out instead.
        """
        with self._lock:
            if self._state != "new":
                raise RecorderError("a rig starts once; make a new one")
            self._state = "opening"
        try:
            self._hire()
            for keeper in self._keepers.values():
                keeper.open(record)
            self._looker.start()
            self._serve()
            self._await(READY_S, may_be_left=True)
            if record:
                self._release(None)
            with self._lock:
                self._state = "open" if self._state == "opening" else self._state
        except BaseException as error:
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
            keepers = self._running()
            deadline = time.monotonic() + CLOSE_S
            while any(k.is_ending for k in keepers) and time.monotonic() < deadline:
                self._ended.wait(0.02)  # the one that was just ended closes its files
            is_busy = self._state != "open" or any(keeper.is_recording for keeper in keepers)
            if not keepers or is_busy:
                raise RecorderError(f"cannot begin a recording: the rig is {self.status().state}")
            for keeper in keepers:
                keeper.prepare()
            self._await(READY_S)
            self._release(duration)

    def end_take(self) -> None:
        """End the recording at the next frame boundary; the preview goes on."""
        for keeper in self._running():
            keeper.end_take()

    def stop(self) -> None:
        """Finish all files and close all cameras. Returns at once."""
        self._was_asked = True
        self._stop_all()

    def _stop_all(self) -> None:
        self._stopping = True
        for keeper in list(self._keepers.values()):
            keeper.stop()
        if self._state == "new":
            self._state = "ended"
            self._ended.set()
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

    def status(self) -> RigStatus:
        """Return how it goes right now; cheap, from any thread."""
        cameras = tuple(keeper.status() for keeper in self._keepers.values())
        watchers = 0 if self._link is None else self._link.watchers
        state = _state_of([camera.state for camera in cameras])
        if any(keeper.is_recording for keeper in self._keepers.values()):
            state = "recording"
        if self._stopping:
            state = "ended" if self.has_ended else "finishing"
        return RigStatus(self.name, os.getpid(), state, cameras, watchers)

    def summary(self) -> RigSummary:
        """Return how the last recording of every camera went, as far as is known."""
        found = {name: keeper.summary() for name, keeper in self._keepers.items()}
        cameras = {name: summary for name, summary in found.items() if summary is not None}
        errors = {name: k.error for name, k in self._keepers.items() if k.error is not None}
        if self._has_begun:  # one may have died before it had a single frame
            gone = {name for name in errors if self._keepers[name].has_ended}
            cameras |= dict.fromkeys((self._left_out | gone) - cameras.keys(), _NEVER_CAME)
        return RigSummary({n: cameras[n] for n in self._keepers if n in cameras}, errors)

    def latest_frame(self, camera: str, out: Frame | None = None, after: int = 0) -> Look | None:
        """Copy a camera's newest frame for a viewer; see `RingView.newest`.

        Raises
        ------
        KeyError
            There is no camera of that name.
        """
        view = self._views.get(camera)
        if view is None:
            if camera in self._config.cameras and camera not in self._blocks:
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
        return self._blocks[camera]

    # -- starting -----------------------------------------------------------------------------

    def _hire(self) -> None:
        """Get the memory for all cameras before any of them is opened."""
        for name, camera in self._config.cameras.items():
            self._blocks[name] = allocate(camera.buffer.memory, to_look=True)
        keepers = {
            name: Keeper(self._config, name, block, self._changed.set, self._patience)
            for name, block in self._blocks.items()
        }
        for keeper in keepers.values():
            keeper.others = [each for each in keepers.values() if each is not keeper]
        self._keepers = keepers  # all at once: others may be looking
        if self._stopping:
            raise Stopped("stopped before the cameras were opened")

    def _serve(self) -> None:
        if not self._with_link:
            return
        try:
            self._link = LinkServer(self, self._name)
        except RecorderError as error:
            log.warning("nobody can attach to this rig: %s", error)

    def _await(self, timeout_s: float, may_be_left: bool = False) -> None:
        """Wait until all are armed; one that cannot be fails it by name, or is left out."""
        deadline = time.monotonic() + timeout_s
        keepers = self._running()
        for keeper in keepers:
            while not keeper.await_answer(0.1):  # short: signals are handled between waits
                if time.monotonic() > deadline:
                    keeper.give_up()
            self._require(keeper, may_be_left)
        for keeper in keepers:  # once more: one may be lost while the others are waited for
            self._require(keeper, may_be_left)
        if self._stopping:
            raise Stopped("stopped before the first frame")
        if len(self._left_out) == len(self._keepers):
            raise ConfigError("no camera is left to record with")

    def _require(self, keeper: Keeper, may_be_left: bool) -> None:
        """Fail by the name of a camera that cannot be had, or leave it out."""
        if self._was_asked:
            raise Stopped("stopped before the first frame")
        refusal = keeper.refusal
        if refusal is None or keeper.name in self._left_out:
            return
        if self._stopping or not may_be_left or keeper.config.on_failure != "leave":
            raise self._named(keeper, refusal)
        log.warning("%s is left out: %s", keeper.name, refusal)
        self._left_out.add(keeper.name)
        keeper.stop()

    def _named(self, keeper: Keeper, error: RecorderError) -> RecorderError:
        """Return an error that says which camera it is about, if there are several."""
        return error if len(self._keepers) == 1 else type(error)(f"{keeper.name}: {error}")

    def _release(self, duration: Amount | None) -> None:
        self._has_begun = True
        order = Order(duration, at_ns=time.monotonic_ns() + AHEAD_NS)
        for keeper in self._running():
            keeper.begin(order)

    def _running(self) -> list[Keeper]:
        keepers = self._keepers.values()
        return [k for k in keepers if k.name not in self._left_out and not k.has_ended]

    def _close_unstarted(self) -> None:
        """Close what there is if not even the looking after has begun."""
        for keeper in self._keepers.values():
            keeper.abandon_unopened()
        if not self._looker.is_alive() and not self.has_ended:
            self._look_after()

    # -- looking after, on a thread of its own ------------------------------------------------

    def _look_after(self) -> None:
        while any(not keeper.has_ended for keeper in self._keepers.values()):
            self._changed.wait(LOOK_S)
            self._changed.clear()
            try:
                self._look()
            except Exception:  # an observer's failure never ends a recording
                log.exception("the rig could not look after its cameras")
        for keeper in self._keepers.values():
            keeper.join()
        self._close()

    def _look(self) -> None:
        self._keep_awake(any(keeper.is_recording for keeper in self._keepers.values()))
        for keeper in self._keepers.values():
            if keeper.has_failed and keeper.config.on_failure == "stop" and not self._stopping:
                log.warning("%s was lost, so all cameras stop: %s", keeper.name, keeper.error)
                self._stop_all()

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
        for close in (self._awake.stop, *self._closers()):
            try:
                close()
            except Exception:
                log.exception("the rig could not close all it has")
        self._state = "ended"
        self._ended.set()

    def _closers(self) -> list[Callable[[], None]]:
        views: list[Callable[[], None]] = [self._views.clear]
        link = [] if self._link is None else [self._link.close]
        return [*link, *views, *(block.close for block in self._blocks.values())]


_NEVER_CAME = TakeSummary("camera_failed", 0, 0, 0, 0, 0, 0, 0.0, 0.0, (), 0, 0)

_BY_WEIGHT = ("recording", "opening", "previewing", "restarting", "finishing")


def _state_of(states: list[str]) -> str:
    """Return what a rig is doing whose cameras are in these states."""
    found = next((state for state in _BY_WEIGHT if state in states), "ended" if states else "new")
    return "previewing" if found == "restarting" else found
