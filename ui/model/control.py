"""The window's hand on a rig: starts or finds one, looks at it, steers it.

Nothing here is waited for: what takes time is done on two threads, one that looks and one that
acts, each with a link of its own, so that a slow start never makes the picture of it old. The
window pulls `snapshot`, `events` and `latest_frame`, and may be killed at any moment.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.errors import AnotherRig, RecorderError, RigGone
from ui.model.draft import Draft
from ui.model.rigs import RealRigs, Rigs
from ui.model.snapshot import Attached, Event, Failed, Phase, Recorded, Snapshot, WasSet

if TYPE_CHECKING:
    from recorder.config import Config
    from recorder.pipeline.view import Look
    from recorder.rig.link import Link
    from recorder.stats import RigStatus

log = logging.getLogger(__name__)

LOOK_S = 0.1
"""As often the rig makes a new status."""
DETAILS_S = 1.0
END_S = 15.0
"""Longest wait for a rig to end before another one is started."""


class Control:
    """One rig, found or started, or none.

    Parameters
    ----------
    rigs
        Where they come from; tests have their own.
    """

    def __init__(self, rigs: Rigs | None = None) -> None:
        self.rigs = rigs or RealRigs()
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._orders: queue.SimpleQueue[tuple[str, Callable[[], None]] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._snapshot = Snapshot()
        self._watching: Link | None = None
        self._steering: Link | None = None
        self._seen: frozenset[str] = frozenset()  # cameras whose memory is attached
        self._closing = threading.Event()
        self._looks = threading.Event()
        self._was_recording = False
        self._wanted: Config | None = None  # the newest that was asked for
        self.rig_names: tuple[str, ...] = ()
        self._threads = [
            threading.Thread(target=self._act, name="steer rig", daemon=True),
            threading.Thread(target=self._look, name="watch rig", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    # -- what the window pulls ----------------------------------------------------------------

    def snapshot(self) -> Snapshot:
        """Return what is known right now; free."""
        return self._snapshot

    def events(self) -> list[Event]:
        """Return what has happened since the last call."""
        found = []
        while not self._events.empty():
            found.append(self._events.get())
        return found

    def latest_frame(self, camera: str, after: int = 0, step: int = 1) -> Look | None:
        """Return a copy of a camera's newest frame, thinned; None if there is none newer.

        Never asks the rig, so it never waits.
        """
        link = self._watching
        if link is None or camera not in self._seen:
            return None
        try:
            return link.latest_frame(camera, None, after, step)
        except (RecorderError, ValueError):  # it was closed in this very moment
            return None

    # -- what the window asks for; each returns at once ---------------------------------------

    def open(self, config: Config, name: str) -> None:
        """Have a rig with this config: the one that is there takes it, or a new one is started."""
        self._wanted = config
        self._order("opening cameras", lambda: self._have(config, name))

    def attach(self, name: str | None) -> None:
        """Attach to a rig that runs; the only one, if it is not named."""
        self._order("attaching", lambda: self._attach(self.rigs.connect(name), was_found=True))

    def attach_now(self, name: str | None) -> Draft:
        """Attach to a rig that runs before there is a window; return its config.

        Raises
        ------
        RecorderError
            See `recorder.rig.link.connect`.
        """
        link = self.rigs.connect(name)
        draft = Draft.from_config(link.config())
        self._order("attaching", lambda: self._attach(link, was_found=True))
        return draft

    def list_rigs(self) -> None:
        """Look which rigs run; `rig_names` has them in a moment."""

        def look() -> None:
            self.rig_names = tuple(rig.name for rig in self.rigs.running())

        self._order(None, look)

    def record(self) -> None:
        """Begin a recording."""
        self._order("starting to record", lambda: self._link().record())

    def end_recording(self) -> None:
        """End the recording; the preview goes on."""
        self._order("finishing the files", lambda: self._link().end_take())

    def set(self, camera: str, name: str, value: float) -> None:
        """Change a setting of a camera while it runs."""

        def change() -> None:
            obtained = self._link().set(camera, name, value)
            self._events.put(WasSet(camera, name, value, obtained))

        self._order(None, change)

    def stop_rig(self) -> None:
        """Finish all files and close all cameras."""
        self._order("closing cameras", self._end_rig)

    def close(self, timeout_s: float = 2.0) -> None:
        """Let go of the rig, which goes on if it records; the window is closing."""
        self._closing.set()
        self._orders.put(None)
        self._looks.set()
        deadline = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        self._let_go()

    def has_acted(self) -> bool:
        """Whether everything that was asked for is done, or has failed."""
        return self._orders.empty() and self._snapshot.busy is None

    # -- acting -------------------------------------------------------------------------------

    def _order(self, what: str | None, action: Callable[[], None]) -> None:
        if what is not None:
            self._show(busy=what)
        self._orders.put((what or "set", action))

    def _act(self) -> None:
        while (order := self._orders.get()) is not None:
            what, action = order
            if what != "set":
                self._show(busy=what)
            try:
                action()
            except RecorderError as error:
                self._fail(what, error)
            except Exception as error:  # a mistake of ours must not end the steering
                log.exception("%s failed in an unforeseen way", what)
                self._fail(what, RecorderError(f"{type(error).__name__}: {error}"))
            if self._orders.empty():
                self._show(busy=None)

    def _fail(self, what: str, error: RecorderError) -> None:
        if isinstance(error, RigGone):
            self._lose()
        elif self._snapshot.phase == "starting":
            self._show(phase="none")
        self._events.put(Failed(what, str(error)))

    def _link(self) -> Link:
        if self._steering is None:
            raise RecorderError("no camera is open")
        return self._steering

    def _have(self, config: Config, name: str) -> None:
        if config is not self._wanted:
            return  # a newer one is on its way
        if self._steering is not None:
            try:
                self._steering.configure(config)
                return
            except AnotherRig as error:
                log.info("another rig is needed: %s", error)
                self._end_rig()
            except RigGone:
                self._let_go()
        self._show(phase="starting", status=None, details={})
        self._attach(self.rigs.start(config, name), was_found=False)

    def _attach(self, link: Link, was_found: bool) -> None:
        try:
            config = link.config()
            watching = self.rigs.connect(link.name)
        except RecorderError:
            link.close()
            raise
        self._let_go()
        self._steering = link
        self._was_recording = False
        with self._lock:
            self._watching = watching
        self._show(phase="attached")
        self._events.put(Attached(link.name, config, was_found))
        self._looks.set()

    def _end_rig(self) -> None:
        link = self._link()
        try:
            link.stop()
            deadline = time.monotonic() + END_S
            while link.status().state != "ended" and time.monotonic() < deadline:
                self._closing.wait(LOOK_S / 2)
        except RigGone:
            pass
        self._let_go()
        self._show(phase="none", status=None, details={})

    def _let_go(self) -> None:
        with self._lock:
            watching, self._watching = self._watching, None
            self._seen = frozenset()
        steering, self._steering = self._steering, None
        for link in (watching, steering):
            if link is not None:
                link.close()

    def _show(self, **changes: Any) -> None:
        with self._lock:
            self._snapshot = replace(self._snapshot, **changes)

    # -- looking ------------------------------------------------------------------------------

    def _look(self) -> None:
        details_at = 0.0
        while not self._closing.is_set():
            link = self._watching
            if link is None:
                self._looks.wait(LOOK_S)
                self._looks.clear()
                details_at = 0.0
                continue
            try:
                self._take(link, link.status())
                if time.monotonic() >= details_at:
                    self._take_details(link)
                    details_at = time.monotonic() + DETAILS_S
            except RigGone:
                if link is self._watching:  # else it was let go on purpose
                    self._lose()
            except RecorderError as error:
                log.info("%s", error)
                if link is self._watching:
                    self._show(phase="silent")
            except Exception:  # an observer's failure never ends the watching
                log.exception("the rig could not be looked at")
            self._closing.wait(LOOK_S)

    def _take(self, link: Link, status: RigStatus) -> None:
        with self._lock:
            if link is not self._watching:
                return
            phase: Phase = "gone" if status.state == "ended" else "attached"
            self._snapshot = replace(self._snapshot, phase=phase, status=status)
        is_recording = status.state == "recording" or (
            self._was_recording and status.state == "finishing"
        )
        if self._was_recording and not is_recording:
            files = {camera.name: camera.files for camera in status.cameras if camera.files}
            self._events.put(Recorded(status, files))
        self._was_recording = is_recording
        new = {camera.name for camera in status.cameras} - self._seen
        for name in sorted(new):
            link.latest_frame(name, None, 0, 64)  # asks once for the memory; the window never does
            self._seen |= {name}

    def _take_details(self, link: Link) -> None:
        details = link.details()
        with self._lock:
            if link is self._watching:
                self._snapshot = replace(self._snapshot, details=details)

    def _lose(self) -> None:
        """Show what was known of a rig that is gone, and be ready for another."""
        if self._was_recording and self._snapshot.status is not None:
            self._was_recording = False
            self._events.put(Failed("watch", "the rig is gone while it recorded"))
        self._show(phase="gone")
        self._let_go()


def rig_name(path: Path | None, fallback: str = "window") -> str:
    """Return what a rig is called that the window starts: as `recorder record` calls it."""
    return fallback if path is None else path.stem
