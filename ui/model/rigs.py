"""Where rigs come from: those that run on this machine, and those that the window starts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import psutil

if TYPE_CHECKING:
    from recorder.config import Config
    from recorder.rig.early import RigProcess
    from recorder.rig.link import Link, RunningRig


class Rigs(Protocol):
    """The rigs of this user on this machine."""

    def running(self) -> tuple[RunningRig, ...]:
        """Return those that run."""

    def connect(self, name: str | None) -> Link:
        """Attach to one."""

    def start(self, config: Config, name: str) -> Link:
        """Start one that previews and outlives us; return when its cameras are open."""


class RealRigs:
    """The real ones.

    Parameters
    ----------
    early
        A process for the first one that is started.
    """

    def __init__(self, early: RigProcess | None = None) -> None:
        self._early = early

    def running(self) -> tuple[RunningRig, ...]:
        """See `recorder.rig.link.running`."""
        from recorder.rig.link import running

        return running()

    def connect(self, name: str | None) -> Link:
        """See `recorder.rig.link.connect`."""
        from recorder.rig.link import connect

        return connect(name)

    def start(self, config: Config, name: str) -> Link:
        """See `recorder.rig.background.start_in_background`."""
        from recorder.rig.background import start_in_background

        early, self._early = self._early, None
        return start_in_background(config, name, early=early)

    def close(self) -> None:
        """Dismiss a process that was not needed."""
        early, self._early = self._early, None
        if early is not None:
            early.dismiss()


def name_of(config: Path) -> str:
    """Return what the rig of a config is called: as `recorder record` calls it, and links do."""
    return re.sub(r"[^\w-]+", "-", config.stem).strip("-") or "rig"


def folder_of(pid: int | None) -> Path:
    """Return what the relative paths of a rig are relative to; nothing if that is as with us."""
    try:
        folder = Path(psutil.Process(pid).cwd()) if pid is not None else Path.cwd()
        return Path() if folder == Path.cwd() else folder
    except (psutil.Error, OSError):  # it is gone, or its folder is
        return Path()
