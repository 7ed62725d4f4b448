"""What is done with a rig, step by step; each step may take its time."""

from __future__ import annotations

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from recorder.errors import AnotherRig, RecorderError, RigGone
from ui.model.rigs import folder_of
from ui.model.snapshot import Applied, Attached

if TYPE_CHECKING:
    from recorder.config import Config
    from recorder.rig.link import Link
    from recorder.stats import RigStatus
    from ui.model.board import Board
    from ui.model.rigs import Rigs
    from ui.model.watcher import Watcher

log = logging.getLogger(__name__)

POLL_S = 0.05
END_S = 15.0
"""Longest wait for a rig to end before another one is started."""
TOLD_S = 2.0
"""A rig that says that it has ended is gone soon after."""
FINISH_S = 10.0
"""So long it is shown that files are being finished; then whatever else was asked for is done."""
REOPEN_S = 15.0
"""Longest wait for cameras that are opened in another way, before a recording begins."""

OPENING, CLOSING = "opening cameras", "closing cameras"


class Steering:
    """Has at most one rig. For one thread, the one that acts, but for `wanted`.

    Parameters
    ----------
    rigs
        Where they come from.
    board
        Where is told what was done.
    watcher
        Of the same rig.
    show
        Called with what is being done, when it turns out to take its time.
    closing
        Set when the window closes: nothing is waited for any more.

    Attributes
    ----------
    wanted
        The newest config that was asked for.
    """

    def __init__(
        self,
        rigs: Rigs,
        board: Board,
        watcher: Watcher,
        show: Callable[[str], None],
        closing: threading.Event,
    ) -> None:
        self._rigs, self._board, self._watcher = rigs, board, watcher
        self._show, self._closing = show, closing
        self._link: Link | None = None
        self._is_behind = False  # the cameras are not as was asked for last
        self._reopened: dict[str, int | None] = {}  # the processes that these cameras leave
        self.wanted: Config | None = None

    # -- a rig to steer -----------------------------------------------------------------------

    def have(self, config: Config, name: str) -> None:
        """Have a rig with this config, the one that is there or a new one.

        Raises
        ------
        RecorderError
            Neither can be; if there is a rig, it is as it was, or it has ended.
        """
        if config is not self.wanted or self._closing.is_set():
            return  # a newer one is on its way
        self._is_behind = True
        if self._link is None or not self._is_taken(self._link, config):
            self._start(config, name)
        self._is_behind = False

    def _is_taken(self, link: Link, config: Config) -> bool:
        """Give the rig another config; False if another rig is needed, and this one is gone."""
        try:
            before = self._watcher.ask(link)
            if before.state == "finishing":
                self._end_rig(link)
                return False
            with self._watcher.expecting(config):
                link.configure(config)
            self._note_reopened(before, self._watcher.ask(link))
        except AnotherRig as error:
            log.info("another rig is needed: %s", error)
            self._end_for_another(link, error)
            return False
        except RigGone:
            return False
        self._board.tell(Applied(config))
        return True

    def _end_for_another(self, link: Link, why: AnotherRig) -> None:
        with contextlib.suppress(RigGone):
            if self._watcher.ask(link).state == "recording":  # somebody else may have begun it
                raise RecorderError(f"{why}; that has to wait for the end of the recording")
            self._end_rig(link)

    def _start(self, config: Config, name: str) -> None:
        self._show(OPENING)
        self.let_go()
        self._board.show(phase="starting", status=None, details={})
        self.attach(self._rigs.start(config, name), was_found=False)

    def attach(self, link: Link, was_found: bool) -> None:
        """Steer this rig from now on, and have it watched.

        Raises
        ------
        RecorderError
            It is gone, or does not answer; what there was before stays.
        """
        with contextlib.ExitStack() as undo:
            undo.callback(link.close)
            config, status = link.config(), link.status()
            if self._closing.is_set():
                return
            watching = self._rigs.connect(link.name)
            undo.pop_all()
        self.let_go()
        self._link, self._reopened, self._is_behind = link, {}, False
        self._watcher.watch(watching, config, status)
        folder = folder_of(link.pid) if was_found else Path()
        self._board.tell(Attached(link.name, config, was_found, folder))

    def let_go(self) -> None:
        """Have no rig any more; it goes on if it records."""
        self._watcher.let_go()
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def hang_up(self) -> None:
        """Have no rig any more if it is gone; its last pictures stay."""
        if not self._watcher.is_watching and self._link is not None:
            self._link.close()
            self._link = None

    # -- what it is asked for -----------------------------------------------------------------

    def _require_link(self) -> Link:
        if self._link is None:
            raise RecorderError("no camera is open")
        return self._link

    def record(self) -> None:
        """Begin a recording.

        Raises
        ------
        RecorderError
            The rig refuses; or the cameras are not as was asked for last.
        """
        link = self._require_link()
        if self._is_behind:
            raise RecorderError("the cameras could not be opened as the config says")
        self._await_reopened(link)
        link.record()
        with contextlib.suppress(RecorderError):  # it goes on all the same
            self._watcher.ask(link, has_begun=True)

    def end_recording(self) -> None:
        """End the recording, and wait for its files."""
        link = self._require_link()
        link.end_take()
        deadline = time.monotonic() + FINISH_S
        while self._watcher.ask(link).state == "recording" and time.monotonic() < deadline:
            self._pause()

    def set(self, camera: str, name: str, value: float) -> float | None:
        """Change a setting; return what was read back, None if nothing."""
        try:
            return self._require_link().set(camera, name, value)
        except RigGone:
            raise
        except RecorderError as error:
            raise RecorderError(f"{camera}: {name} is not set: {error}") from error

    def close_cameras(self) -> None:
        """End the rig, and have none."""
        with contextlib.suppress(RigGone):
            self._end_rig(self._require_link())
        self.let_go()
        self._board.show(phase="none", status=None, details={})

    def _note_reopened(self, before: RigStatus, now: RigStatus) -> None:
        pids = {camera.name: camera.pid for camera in before.cameras}
        opening = [camera.name for camera in now.cameras if camera.state == "opening"]
        self._reopened |= {name: pids.get(name) for name in opening}

    def _await_reopened(self, link: Link) -> None:
        """Wait for cameras that are just opened in another way; a rig refuses to record with them.

        The process that such a camera leaves may still tell how it goes, so the new one counts.
        """
        deadline = time.monotonic() + REOPEN_S
        while self._reopened and time.monotonic() < deadline:
            for camera in self._watcher.ask(link).cameras:
                is_new = camera.pid not in (None, self._reopened.get(camera.name))
                if camera.state == "restarting" or (is_new and camera.state == "previewing"):
                    self._reopened.pop(camera.name, None)
            if self._reopened:
                self._pause()
        self._reopened = {}

    def _end_rig(self, link: Link) -> None:
        """Have the rig end, and wait until its name and its cameras are free."""
        self._show(CLOSING)
        self._watcher.expect_end()
        deadline = time.monotonic() + END_S
        has_ended = False
        try:
            link.stop()
            while time.monotonic() < deadline:
                if self._watcher.ask(link).state == "ended" and not has_ended:
                    has_ended, deadline = True, time.monotonic() + TOLD_S
                self._pause()
        except RigGone:
            return
        if not has_ended:
            raise RecorderError(f"the rig {link.name} has not ended within {END_S:g} s")

    def _pause(self) -> None:
        if self._closing.wait(POLL_S):
            raise RecorderError("the window is closing")
