"""Deletes closed segments by age or size, as `recording.retention` says, and nothing else."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from recorder.config import Config, RetentionConfig
from recorder.errors import RecorderError
from recorder.rig.events import Event
from recorder.stats import RigStatus
from recorder.system import yield_to_others
from recorder.unattended.choosing import Clocks, choose
from recorder.unattended.closed import Closed
from recorder.unattended.removing import NotDeleted, Remover
from recorder.unattended.shelf import FolderChanged, Shelf

log = logging.getLogger(__name__)

EVERY_S = 3600.0
"""How often is looked without any event: age comes by itself, also between two recordings."""
_PATIENCE_S = 10.0
_MARKED = "its deletion had been interrupted"


class Pruner:
    """Looks after the segments of one camera.

    Parameters
    ----------
    camera
        Its name.
    limits
        Its retention.
    shelf
        Its folder, maybe that of other cameras too.
    clocks
        Tells what time it is.
    remover
        Deletes; None: really.
    """

    def __init__(
        self,
        camera: str,
        limits: RetentionConfig,
        shelf: Shelf,
        clocks: Callable[[], Clocks] = Clocks.read,
        remover: Remover | None = None,
    ) -> None:
        self._camera = camera
        self._limits = limits
        self._shelf = shelf
        self._clocks = clocks
        self._remover = remover or Remover(shelf)
        self._said: set[str] = set()

    def prune(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Look once, and delete what is to be deleted; what goes wrong is logged.

        Parameters
        ----------
        stop
            Asked before each deletion whether to leave the rest for later.
        """
        problems: dict[str, str] = {}
        try:
            mine = [each for each in self._shelf.look(stop) if each.camera == self._camera]
            choice = choose(
                (each for each in mine if not each.is_marked), self._limits, self._clocks()
            )
            problems.update(choice.said)
            due = [(each, _MARKED) for each in mine if each.is_marked]
            for closed, why in (*due, *choice.delete):
                if stop():
                    return
                self._remove(closed, why, problems)
        except FolderChanged as error:
            problems["folder"] = f"{error}: nothing is deleted until the recorder is started anew"
        except OSError as error:
            problems["folder"] = f"the folder cannot be looked at: {error}"
        self._say(problems)

    def _remove(self, closed: Closed, why: str, problems: dict[str, str]) -> None:
        try:
            self._remover.remove(closed, why)
        except (NotDeleted, RecorderError, OSError) as error:
            problems[str(closed.path)] = f"{closed.path} is not deleted: {error}"
        else:
            facts = {"deleted": str(closed.path)}  # each of them stands in the log
            log.info("%s: deleted %s: %s", self._camera, closed.path, why, extra=facts)

    def _say(self, problems: dict[str, str]) -> None:
        """Say what is new; what is still so was said before."""
        for kind, text in problems.items():
            if kind not in self._said:
                log.warning("%s: retention: %s", self._camera, text)
        self._said = set(problems)


class Retention:
    """An observer that deletes, on a thread of its own, what is beyond a camera's retention.

    Parameters
    ----------
    config
        Of the rig.
    clocks
        Tells what time it is.
    every_s
        How often is looked without any event.
    """

    def __init__(
        self,
        config: Config,
        clocks: Callable[[], Clocks] = Clocks.read,
        every_s: float = EVERY_S,
    ) -> None:
        shelves: dict[Path, Shelf] = {}
        self._pruners: dict[str, Pruner] = {}
        for name, camera in config.cameras.items():
            recording = camera.recording
            if recording.retention.is_given and recording.format != "none":
                shelf = shelves.setdefault(recording.folder, Shelf(recording.folder))
                self._pruners[name] = Pruner(name, recording.retention, shelf, clocks)
        self._every_s = every_s
        self._changed = threading.Condition()
        self._due: set[str] = set()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="retention", daemon=True)
        self._thread.start()

    def look(self, status: RigStatus) -> None:
        """Nothing in a status is of interest here."""

    def hear(self, event: Event) -> None:
        """Look after the camera that has closed a segment; after all when a recording begins."""
        if event.kind not in ("start", "segment"):
            return
        names = set(self._pruners) if event.camera is None else {event.camera}
        with self._changed:
            self._due |= names & set(self._pruners)
            self._changed.notify()

    def close(self) -> None:
        """End after the segment that is just being deleted."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(_PATIENCE_S)
        if self._thread.is_alive():
            log.warning("the retention is still deleting; the rest is left for the next time")

    def _run(self) -> None:
        yield_to_others()
        while (due := self._wait()) is not None:
            for name in sorted(due):
                try:
                    self._pruners[name].prune(lambda: self._closing)
                except Exception:  # this thread goes on: the other cameras' disks fill, too
                    log.exception("%s: the retention failed in an unforeseen way", name)

    def _wait(self) -> set[str] | None:
        """Return the cameras to look after; None: it is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._due or self._closing, self._every_s)
            if self._closing:
                return None
            due, self._due = self._due or set(self._pruners), set()
            return due


__all__ = ["Pruner", "Retention"]
