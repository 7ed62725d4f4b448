"""Looks at a rig, ten times a second, and tells what has become of it."""

from __future__ import annotations

import contextlib
import itertools
import logging
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING

from recorder.config import redact
from recorder.errors import RecorderError, RigGone
from ui.model.snapshot import Changed, Ended, Recorded, files_of, lost, over

if TYPE_CHECKING:
    from recorder.config import Config
    from recorder.pipeline.view import Look
    from recorder.rig.link import Link
    from recorder.stats import RigStatus
    from ui.model.board import Board

log = logging.getLogger(__name__)

LOOK_S = 0.1
"""As often the rig makes a new status."""
DETAILS_S = 1.0


class Watcher:
    """Watches one rig at a time, on a thread and through a link of its own.

    The rig counts as gone when the link breaks, not when it says ``ended``: a rig says so, too,
    while its only camera is opened in another way.

    Parameters
    ----------
    board
        What is seen goes there.
    on_gone
        Called on the thread of this object when the rig is gone.
    """

    def __init__(self, board: Board, on_gone: Callable[[], None]) -> None:
        self._board, self._on_gone = board, on_gone
        self._lock = threading.RLock()
        self._looking = threading.Lock()  # held while the link is used; never with `_lock` around
        self._link: Link | None = None
        self._pictures: Link | None = None  # the same; it goes on showing when the rig is gone
        self._seen: frozenset[str] = frozenset()  # cameras whose memory is attached
        self._openings = 0
        self._config: Config | None = None
        self._coming: Config | None = None  # what the rig is just being told by us
        self._expects_end = self._records = False
        self._told: Mapping[str, tuple[str, ...]] = {}  # files of the last recording told of
        self._tickets = itertools.count(1)
        self._newest = 0
        self._details_at = 0.0
        self._closing, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch rig", daemon=True)
        self._thread.start()

    # -- for the thread that steers -----------------------------------------------------------

    @property
    def is_watching(self) -> bool:
        """Whether there is a rig, as far as is known."""
        return self._link is not None

    def watch(self, link: Link, config: Config, status: RigStatus) -> None:
        """Watch this rig from now on; of the last one, `let_go` before."""
        with self._lock:
            self._link = self._pictures = link
            self._config = config
            self._expects_end = self._records = False
            self._told, self._details_at = files_of(status), 0.0
            self._board.show(details={})
            self._take(next(self._tickets), status)
        self._wake.set()

    def let_go(self) -> None:
        """Watch nothing; may wait for an answer that is on its way."""
        with self._lock:
            link, self._link, self._pictures = self._pictures, None, None
            self._seen = frozenset()
        if link is not None:
            with self._looking:  # memory that is just being attached would be left behind
                link.close()

    def expect_end(self) -> None:
        """Know that the rig was asked to end."""
        self._expects_end = True

    @contextlib.contextmanager
    def expecting(self, config: Config) -> Iterator[None]:
        """Know what the rig is being told by us: its config may be seen before it has answered."""
        with self._lock:
            self._coming = config
        try:
            yield
            with self._lock:
                self._config = config
        finally:
            with self._lock:
                self._coming = None

    def ask(self, link: Link, has_begun: bool = False) -> RigStatus:
        """Ask for the status through the steering's own link, and take note of it.

        Parameters
        ----------
        has_begun
            A recording was just begun; it may be over by now.

        Raises
        ------
        RecorderError
            See `Link.status`.
        """
        ticket = next(self._tickets)
        status = link.status()
        with self._lock:
            if self._link is not None:
                self._take(ticket, status, has_begun)
        return status

    def close(self) -> None:
        """Look no more. Returns at once; `let_go` is still to come."""
        self._closing.set()
        self._wake.set()

    def join(self, timeout_s: float) -> None:
        """Wait for the end of the thread, after `close`."""
        self._thread.join(timeout_s)

    # -- for the window -----------------------------------------------------------------------

    def latest_frame(self, camera: str, after: int, step: int) -> Look | None:
        """Return a copy of a camera's newest frame; never asks the rig, so it never waits."""
        link = self._pictures
        if link is None or camera not in self._seen:
            return None
        try:
            return link.latest_frame(camera, None, after, step)
        except (RecorderError, ValueError):  # it was closed in this very moment
            return None

    # -- its thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closing.is_set():
            link = self._link
            if link is not None:
                try:
                    with self._looking:
                        self._look(link)
                except RigGone:
                    self._lose(link)
                except Exception:  # noqa: BLE001 - an observer's failure never ends the watching
                    log.error("the rig could not be looked at: %s", redact(traceback.format_exc()))
            self._wake.wait(LOOK_S)
            self._wake.clear()

    def _look(self, link: Link) -> None:
        ticket = next(self._tickets)
        try:
            status = link.status()
        except RigGone:
            raise
        except RecorderError as error:
            log.info("%s", redact(str(error)))
            with self._lock:
                if link is self._link:
                    self._board.show(phase="silent")
            return
        with self._lock:
            if link is not self._link:
                return
            self._take(ticket, status)
            if status.state == "waiting" or status.openings != self._openings:
                self._seen = frozenset()  # a schedule closes its cameras, and opens them anew
                self._openings = status.openings
        if time.monotonic() >= self._details_at:
            self._details_at = time.monotonic() + DETAILS_S
            self._look_closely(link, status)

    def _look_closely(self, link: Link, status: RigStatus) -> None:
        """See what seldom changes; a failure is no matter, there is a next time."""
        for look in (self._attach_memory, self._take_details):
            try:
                look(link, status)
            except RigGone:
                raise
            except RecorderError as error:
                log.info("%s", redact(str(error)))

    def _attach_memory(self, link: Link, status: RigStatus) -> None:
        """Ask for the memory of each camera once, so that the window never has to."""
        seen = self._seen
        there = {camera.name for camera in status.cameras if camera.state != "waiting"}
        new = sorted(there - seen)
        if not new:
            return
        self._seen = frozenset()  # the window would wait for the link's answer, as we do
        try:
            for name in new:
                link.latest_frame(name, None, 0, 64)
                seen |= {name}
        finally:
            with self._lock:
                if link is self._pictures:
                    self._seen = seen

    def _take_details(self, link: Link, _: RigStatus) -> None:
        details, before = link.details(), self._config
        config = link.config()
        with self._lock:
            if link is not self._link:
                return
            self._board.show(details=details)
            ours = [each.private() for each in (before, self._coming) if each is not None]
            is_news = before is not None and config.private() not in ours
            if is_news and before is self._config:  # else it was told something meanwhile
                self._config = config
                self._board.tell(Changed(config))

    # -- what it means; with the lock ---------------------------------------------------------

    def _take(self, ticket: int, status: RigStatus, has_begun: bool = False) -> None:
        if ticket < self._newest:
            return  # it was asked for before the last one, which the other thread has brought
        self._newest = ticket
        self._board.show(phase="attached", status=status)
        files = files_of(status)
        goes_on = status.state == "recording" or (self._records and status.state == "finishing")
        was_one = self._records or (has_begun and files != self._told)
        self._records = goes_on
        if was_one and not goes_on:
            self._tell_recorded(status, files)

    def _tell_recorded(self, status: RigStatus, files: Mapping[str, tuple[str, ...]]) -> None:
        self._told = files
        self._board.tell(Recorded(status, files))

    def _lose(self, link: Link) -> None:
        """Show what was known of a rig that is gone, and be ready for another."""
        with self._lock:
            status = self._board.snapshot.status
            if link is not self._link or status is None:
                return
            self._link = None
            self._board.show(phase="gone", status=over(status))
            was_recording, self._records = self._records, False
            files = files_of(status)
            if self._expects_end:
                if was_recording:  # the link of a rig lasts until its files are closed
                    self._tell_recorded(status, files)
            elif status.state == "ended":
                self._board.tell(Ended(status.name))
            else:
                self._board.tell(lost(files if was_recording else None))
        self._on_gone()
