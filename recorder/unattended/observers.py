"""Who is told how a recorder goes that nobody watches: systemd, metrics, logs, hook, retention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from recorder.unattended.hooks import make_hook
from recorder.unattended.logs import make_json_log
from recorder.unattended.notify import make_notifier
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


def make_observers(config: Config, name: str = "rig") -> list[Observer]:
    """Return those that a config asks for.

    To be called before any process is started: none shall speak to systemd in our name.

    Parameters
    ----------
    config
        Of the rigs that they will watch.
    name
        What these are called.
    """
    observers: list[Observer] = []
    log = make_json_log(config.log)  # first: it has the first words of the others
    if (notifier := make_notifier()) is not None:
        observers.append(notifier)
    if any(each.recording.retention.is_given for each in config.cameras.values()):
        observers.append(Retention(config))
    if config.metrics.port is not None:
        from recorder.unattended.metrics import serve_metrics  # a library that few need

        if (server := serve_metrics(config.metrics.address, config.metrics.port)) is not None:
            observers.append(server)
    if (hook := make_hook(config.hook, name)) is not None:
        observers.append(hook)
    if log is not None:
        observers.append(log)  # closed last: it has their last words, too
    return observers
