"""The keepers of a rig's cameras: hired together, armed together, begun at one instant."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from recorder.errors import AnotherRig, RecorderError, Stopped
from recorder.pipeline.memory import Block, allocate
from recorder.rig.disks import DiskWatch, shared
from recorder.rig.events import Hear, ignore
from recorder.rig.keeper import Keeper
from recorder.rig.process import WorkerProcess
from recorder.rig.summary import RigSummary, gravest, never_came

if TYPE_CHECKING:
    from recorder.config import Config
    from recorder.pipeline.order import Order
    from recorder.pipeline.summary import TakeSummary
    from recorder.rig.patience import Patience
    from recorder.rig.spare import Spare
    from recorder.stats import CameraStatus

log = logging.getLogger(__name__)

_BY_WEIGHT = ("recording", "opening", "previewing", "restarting", "finishing")
"""What several cameras are doing at once is what the first of these says."""


class Team:
    """All keepers of a rig, in the order of the config.

    One thread at a time opens, arms and begins: the rig sees to that. Stopping, and all that is
    asked, may come from any thread at any time and takes no lock: what they share is set in one
    assignment each, and both dictionaries stay as they are once the team is hired.

    Parameters
    ----------
    config
        Of the rig.
    on_change
        What the keepers call when something happened.
    patience
        How long each camera is looked for.
    hear
        What the keepers tell of events.
    spare
        A process for the first camera that is started already.

    Attributes
    ----------
    keepers, blocks
        By the cameras' names; `blocks` is the memory that their rings are in.
    is_stopping
        All are to end.
    was_asked
        By somebody from outside.
    """

    def __init__(
        self,
        config: Config,
        on_change: Callable[[], None],
        patience: Patience,
        hear: Hear = ignore,
        spare: Spare | None = None,
    ) -> None:
        self._config = config
        self._on_change = on_change
        self._patience = patience
        self._hear = hear
        self._spare = spare
        self.keepers: dict[str, Keeper] = {}
        self.blocks: dict[str, Block] = {}
        self.is_stopping = False
        self.was_asked = False
        self._disks = DiskWatch()
        self._left_out: dict[str, RecorderError] = {}  # with the reason
        self._awaited: list[Keeper] = []  # to be opened, or armed
        self._recorders: frozenset[str] | None = None  # in the last recording, if there was one

    # -- what the rig asks for ----------------------------------------------------------------

    def hire(self) -> None:
        """Get the memory for all cameras before any of them is opened.

        Raises
        ------
        ConfigError, Stopped
        """
        spare = self._spare
        for name, camera in self._config.cameras.items():
            file = None if spare is None or self.blocks else spare.take_memory()
            self.blocks[name] = allocate(camera.buffer.memory, to_look=True, file=file)
        keepers = {name: self._keeper(name) for name in self.blocks}
        for keeper in keepers.values():
            keeper.others = [each for each in keepers.values() if each is not keeper]
        self.keepers = keepers  # all at once: others may be looking
        if self.is_stopping:
            raise Stopped("stopped before the cameras were opened")

    def _keeper(self, name: str) -> Keeper:
        start: Callable[..., WorkerProcess] = WorkerProcess
        if self._spare is not None and name == next(iter(self.blocks)):
            start = partial(WorkerProcess, start=self._spare.start)
        given = self.blocks[name], self._on_change, self._patience, start, self._hear
        return Keeper(self._config, name, *given)

    def open(self, record: bool) -> None:
        """Have all cameras opened; `await_armed` tells."""
        self._awaited = list(self.keepers.values())
        for keeper in self._awaited:
            keeper.open(record)

    def configure(self, config: Config) -> None:
        """Have all cameras take another config; those that must are opened anew.

        Raises
        ------
        AnotherRig
            Cameras came or went, or one has ended or wants another buffer.
        RecorderError
            A recording is under way.
        """
        cameras = config.cameras
        if list(cameras) != list(self.keepers):
            raise AnotherRig("there are other cameras now")
        for keeper in self.keepers.values():
            if keeper.has_ended or keeper.name in self._left_out:
                raise AnotherRig(f"{keeper.name} has ended")
            if cameras[keeper.name].buffer.memory != keeper.config.buffer.memory:
                raise AnotherRig(f"{keeper.name}: buffer.memory is taken before cameras are opened")
        if self.is_recording:
            raise RecorderError("a recording is under way; the config cannot be changed")
        self._config = config
        for keeper in self.keepers.values():
            keeper.configure(config)

    def prepare(self) -> None:
        """Have all see to it that a recording could begin; `await_armed` tells."""
        self._awaited = self.running()
        for keeper in self._awaited:
            keeper.prepare()

    def await_armed(self, timeout_s: float, may_be_left: bool = False) -> None:
        """Wait until all are armed; one that cannot be fails it by name, or is left out.

        Parameters
        ----------
        timeout_s
            One that is not armed by then is given up.
        may_be_left
            A camera with `on_failure: leave` does not fail it.

        Raises
        ------
        RecorderError
            Of the class that says why.
        """
        deadline = time.monotonic() + timeout_s
        keepers = self._awaited  # those that have ended since, too: they are missed
        for keeper in keepers:
            while not keeper.await_answer(0.1):  # short: signals are handled between waits
                if time.monotonic() > deadline:
                    keeper.give_up()
            self._require(keeper, may_be_left)
        for keeper in keepers:  # once more: one may be lost while the others are waited for
            self._require(keeper, may_be_left)
        if self.is_stopping:
            raise Stopped("stopped before the first frame")
        if len(self._left_out) == len(self.keepers):
            names = {error: name for name, error in self._left_out.items()}
            why = gravest(self._left_out.values())
            raise self._named(self.keepers[names[why]], why)

    def _require(self, keeper: Keeper, may_be_left: bool) -> None:
        """Fail by the name of a camera that cannot be had, or leave it out."""
        if self.was_asked:
            raise Stopped("stopped before the first frame")
        refusal = keeper.refusal
        if refusal is None or keeper.name in self._left_out:
            return
        if self.is_stopping or not may_be_left or keeper.config.on_failure != "leave":
            raise self._named(keeper, refusal)
        log.warning("%s is left out: %s", keeper.name, refusal)
        self._left_out[keeper.name] = refusal
        keeper.stop()

    def _named(self, keeper: Keeper, error: RecorderError) -> RecorderError:
        """Return an error that says which camera it is about, if there are several."""
        return error if len(self.keepers) == 1 else type(error)(f"{keeper.name}: {error}")

    def begin(self, order: Order) -> None:
        """Begin a recording with all that are armed."""
        self._recorders = frozenset(k.name for k in self.running() if k.begin(order))

    def end_take(self) -> None:
        """End the recording; the preview goes on."""
        for keeper in self.running():
            keeper.end_take()

    def stop(self) -> None:
        """Finish all files and close all cameras. Returns at once."""
        self.is_stopping = True
        for keeper in list(self.keepers.values()):
            keeper.stop()

    # -- what anyone may ask ------------------------------------------------------------------

    def running(self) -> list[Keeper]:
        """Return those that are neither left out nor at their end."""
        keepers = self.keepers.values()
        return [k for k in keepers if k.name not in self._left_out and not k.has_ended]

    @property
    def recorders(self) -> tuple[str, ...]:
        """The cameras that are, or were, in the last recording."""
        return tuple(name for name in self.keepers if name in (self._recorders or ()))

    @property
    def is_recording(self) -> bool:
        """Whether any camera has a recording under way."""
        return any(keeper.is_recording for keeper in self.keepers.values())

    @property
    def is_counting(self) -> bool:
        """Whether files of a recording that is over are being finished."""
        return any(keeper.is_counting for keeper in self.keepers.values())

    @property
    def has_ended(self) -> bool:
        """Whether all cameras are closed, and their files finished."""
        return all(keeper.has_ended for keeper in self.keepers.values())

    def status(self) -> tuple[CameraStatus, ...]:
        """Return how all cameras go."""
        return shared(keeper.status() for keeper in self.keepers.values())

    def look_at_disks(self) -> None:
        """Say in the log, once for each disk, that it does not last long."""
        folders = {name: k.config.recording.folder for name, k in self.keepers.items()}
        self._disks.look(self.status(), folders)

    def state_of(self, cameras: Iterable[CameraStatus]) -> str:
        """Return what a rig is doing whose cameras go like this, unless it ends."""
        if self.is_recording:
            return "recording"
        states = [camera.state for camera in cameras]
        weighty = (state for state in _BY_WEIGHT if state in states)
        found = next(weighty, "ended" if states else "new")
        return "previewing" if found == "restarting" else found

    def summary(self) -> RigSummary:
        """Return how the last recording of every camera went, as far as is known."""
        causes = {name: self._left_out.get(name) or k.error for name, k in self.keepers.items()}
        errors = {name: error for name, error in causes.items() if error is not None}
        found = {name: self._share(keeper) for name, keeper in self.keepers.items()}
        cameras = {name: summary for name, summary in found.items() if summary is not None}
        return RigSummary(cameras, errors)

    def _share(self, keeper: Keeper) -> TakeSummary | None:
        """Return a camera's share in the last recording; None if nothing is known of it yet."""
        if self._recorders is None:
            return None
        why = self._left_out.get(keeper.name) or keeper.error
        if keeper.name not in self._recorders:  # it was gone before, or never came
            return never_came(why)
        found = keeper.summary()
        if found is None and why is not None and not keeper.is_recording:
            return never_came(why)  # it was lost before it had a single frame
        return found
