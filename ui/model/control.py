"""The window's hand on a rig: starts or finds one, looks at it, steers it.

Nothing here is waited for: what takes time is done on two threads, one that looks and one that
acts, each with a link of its own, so that a slow start never makes the picture of it old. The
window pulls `snapshot`, `events` and `latest_frame`, and may be killed at any moment::

              ┌ Orders ─ Steering ─ link ┐
    Control ──┤                          ├ rig
        ▲     └ Watcher ─────────── link ┘
        └────── Board ◄── both
"""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from typing import TYPE_CHECKING

from recorder.config import redact
from recorder.errors import RecorderError, RigGone
from ui.model.board import Board
from ui.model.draft import Draft
from ui.model.orders import Order, Orders
from ui.model.rigs import RealRigs, Rigs
from ui.model.snapshot import Event, Failed, Snapshot, WasSet
from ui.model.steering import CLOSING, OPENING, Steering
from ui.model.watcher import Watcher

if TYPE_CHECKING:
    from recorder.config import Config
    from recorder.pipeline.view import Look

log = logging.getLogger(__name__)

ATTACHING, RECORDING, FINISHING = "attaching", "starting to record", "finishing the files"
SETTING = "set"


class Control:
    """One rig, found or started, or none.

    Parameters
    ----------
    rigs
        Where they come from; tests have their own.

    Attributes
    ----------
    rig_names
        Those that ran when they were listed last.
    is_beginning
        A recording was asked for, and neither goes on yet nor has been refused.
    """

    def __init__(self, rigs: Rigs | None = None) -> None:
        self.rigs = rigs or RealRigs()
        self.rig_names: tuple[str, ...] = ()
        self.is_beginning = False
        self._board = Board()
        self._closing = threading.Event()
        self._lister: threading.Thread | None = None
        self._watcher = Watcher(self._board, on_gone=self._drop)
        self._orders = Orders(self._show_busy, self._fail, self._let_go)
        self._steering = Steering(
            self.rigs, self._board, self._watcher, self._orders.show, self._closing
        )

    # -- what the window pulls ----------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return what is known right now; free."""
        return self._board.snapshot

    def events(self) -> list[Event]:
        """Return what has happened since the last call."""
        return self._board.events()

    def latest_frame(self, camera: str, after: int = 0, step: int = 1) -> Look | None:
        """Return a copy of a camera's newest frame, thinned; None if there is none newer.

        Never asks the rig, so it never waits. Of a rig that is gone the last one stays.
        """
        return self._watcher.latest_frame(camera, after, step)

    def has_acted(self) -> bool:
        """Whether everything that was asked for is done, or has failed."""
        return self._orders.is_idle

    # -- what the window asks for; each returns at once ---------------------------------------

    def open(self, config: Config, name: str) -> None:
        """Have a rig with this config: the one that is there takes it, or a new one is started."""
        self._steering.wanted = config
        self._orders.add(Order(OPENING, lambda: self._steering.have(config, name), key="open"))

    def attach(self, name: str | None) -> None:
        """Attach to a rig that runs; the only one, if it is not named."""

        def attach() -> None:
            self._steering.attach(self.rigs.connect(name), was_found=True)

        self._orders.add(Order(ATTACHING, attach, ATTACHING))

    def attach_now(self, name: str | None) -> Draft:
        """Attach to a rig that runs before there is a window; return its config.

        Raises
        ------
        RecorderError
            See `recorder.rig.link.connect`.
        """
        link = self.rigs.connect(name)
        with contextlib.ExitStack() as undo:
            undo.callback(link.close)
            draft = Draft.from_config(link.config())
            undo.pop_all()
        attach = Order(ATTACHING, lambda: self._steering.attach(link, was_found=True), ATTACHING)
        self._orders.add(attach)
        return draft

    def list_rigs(self) -> None:
        """Look which rigs run; `rig_names` has them in a moment."""
        if self._lister is None or not self._lister.is_alive():
            # On neither of the two: a halted rig takes seconds.
            self._lister = threading.Thread(target=self._list, name="list rigs", daemon=True)
            self._lister.start()

    def record(self) -> None:
        """Begin a recording, with all that was asked for before."""
        self.is_beginning = True

        def begin() -> None:
            try:
                self._steering.record()
            finally:
                self.is_beginning = False

        self._orders.add(Order(RECORDING, begin, RECORDING))

    def end_recording(self) -> None:
        """End the recording; the preview goes on."""
        self._orders.add(Order(FINISHING, self._steering.end_recording, FINISHING))

    def set(self, camera: str, name: str, value: float) -> None:
        """Change a setting of a camera while it runs; of several values the last one counts."""

        def change() -> None:
            obtained = self._steering.set(camera, name, value)
            self._board.tell(WasSet(camera, name, value, obtained))

        self._orders.add(Order(SETTING, change, key=(camera, name)))

    def stop_rig(self) -> None:
        """Finish all files and close all cameras."""
        self._orders.add(Order(CLOSING, self._steering.close_cameras, CLOSING))

    def close(self, timeout_s: float = 2.0) -> None:
        """Let go of the rig, which goes on if it records; the window is closing."""
        self._closing.set()
        self._watcher.close()
        self._orders.close()
        deadline = time.monotonic() + timeout_s
        for thread in (self._orders, self._watcher, self._lister):
            if thread is not None:  # one that hangs lets go when it gets on, or with the process
                thread.join(max(0.0, deadline - time.monotonic()))

    # -- what the threads say -----------------------------------------------------------------

    def _show_busy(self, what: str | None) -> None:
        self._board.show(busy=what)

    def _fail(self, what: str, error: RecorderError) -> None:
        if isinstance(error, RigGone) and what not in (OPENING, ATTACHING):
            log.info("%s: %s", what, error)  # the watcher sees it, too, and tells
            return
        if self.snapshot().phase == "starting":
            self._board.show(phase="none")
        self._board.tell(Failed(what, redact(str(error))))

    def _drop(self) -> None:
        self._orders.add(Order(CLOSING, self._steering.hang_up))

    def _let_go(self) -> None:
        self._steering.let_go()

    def _list(self) -> None:
        try:
            self.rig_names = tuple(rig.name for rig in self.rigs.running())
        except RecorderError as error:
            log.info("%s", error)
            self.rig_names = ()
