"""What the window knows at one instant of the rig that it looks at, and what has just happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from recorder.config import Config
from recorder.controls import CameraDetails
from recorder.stats import RigStatus

Phase = Literal["none", "starting", "attached", "silent", "gone"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of the rig.

    Parameters
    ----------
    phase
        No rig yet; one is being started; attached; it does not answer; it has ended or was killed.
    status
        The last that was heard of it.
    details
        What its cameras turned out to be, by name.
    busy
        What is being done and takes its time, in words; None if nothing is.
    """

    phase: Phase = "none"
    status: RigStatus | None = None
    details: Mapping[str, CameraDetails] = field(default_factory=dict)
    busy: str | None = None

    @property
    def is_recording(self) -> bool:
        """Whether a recording goes on, as far as is known."""
        return self.status is not None and self.status.state == "recording"

    @property
    def is_attached(self) -> bool:
        """Whether there is a rig to look at and to steer."""
        return self.phase in ("attached", "silent")


@dataclass(frozen=True, slots=True)
class Failed:
    """Something that was asked for could not be done.

    Parameters
    ----------
    what
        Such as ``record``.
    text
        Why, as the rig says it.
    """

    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Attached:
    """There is a rig now.

    Parameters
    ----------
    name
        What it is called.
    config
        What it was started with.
    was_found
        It ran already.
    """

    name: str
    config: Config
    was_found: bool


@dataclass(frozen=True, slots=True)
class WasSet:
    """A setting was changed, or at least asked for; `obtained` is what was read back."""

    camera: str
    name: str
    asked: float
    obtained: float | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recording has ended and its files are closed.

    Parameters
    ----------
    status
        How it went.
    files
        By camera.
    """

    status: RigStatus
    files: Mapping[str, tuple[str, ...]]


Event = Failed | Attached | WasSet | Recorded
