"""Where rigs come from: those that run on this machine, and those that the window starts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

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
