"""Who is told how a recorder goes that nobody watches: systemd, metrics, logs, hook, retention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from recorder.unattended.retention import Retention

if TYPE_CHECKING:
    from recorder.config import Config
    from recorder.rig.events import Event
    from recorder.stats import RigStatus


class Observer(Protocol):
    """Watches; what it does, and whether it fails, never matters to a recording."""

    def look(self, status: RigStatus) -> None:
        """See how it goes, about once a second; also while it waits, in the state ``waiting``."""

    def hear(self, event: Event) -> None:
        """Take note of an event; returns at once."""

    def close(self) -> None:
        """Let go of what it has: nothing more will happen."""


def make_observers(config: Config) -> list[Observer]:
    """Return those that a config asks for."""
    observers: list[Observer] = []
    if any(each.recording.retention.is_given for each in config.cameras.values()):
        observers.append(Retention(config))
    return observers
