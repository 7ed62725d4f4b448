"""What happens to a rig that somebody may want to hear of: a hook, a log, the retention."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

Fact = str | int | float


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Parameters
    ----------
    kind
        One of `recorder.config.EVENTS`. start: a recording has begun, with all cameras. segment:
        a file is complete, synced and closed. failure: a camera, its process or its writer failed,
        whether or not it comes back. end: a recording is over, all its files closed.
    camera
        Whose; None if it is about all of them.
    facts
        More about it, by names of lower-case letters and _. Of a segment: file (its path), part,
        reason, written, dropped, bad, gaps, bytes. Of a failure: reason, message. Of the end:
        exit_code, reason, written, dropped, bad, gaps, restarts, bytes.
    at
        When, in local time.
    """

    kind: str
    camera: str | None = None
    facts: Mapping[str, Fact] = field(default_factory=dict)
    at: datetime = field(default_factory=lambda: datetime.now().astimezone())


Tell = Callable[[str, Mapping[str, Fact]], None]
"""Takes the kind of an event and its facts."""
Hear = Callable[[Event], None]
"""Takes note of an event; returns at once, whatever it does about it."""


def ignore(event: Event) -> None:
    """Take no note of it."""


def tell_nobody(kind: str, facts: Mapping[str, Fact]) -> None:
    """Nobody wants to hear of it."""
