"""What the window knows at one instant of the rig that it looks at, and what has just happened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from recorder.config import Config
from recorder.controls import CameraDetails
from recorder.stats import CameraStatus, RigStatus

GONE = "the rig is gone"

Phase = Literal["none", "starting", "attached", "silent", "gone"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What is known of the rig.

    Parameters
    ----------
    phase
        No rig yet; one is being started; attached; it does not answer; it has ended or was killed.
    status
        The last that was heard of it; its state is ``ended`` when it is gone.
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
        return self.is_attached and self.status is not None and self.status.state == "recording"

    @property
    def is_attached(self) -> bool:
        """Whether there is a rig to look at and to steer."""
        return self.phase in ("attached", "silent")


@dataclass(frozen=True, slots=True)
class Failed:
    """Something that was asked for could not be done; or the rig was lost.

    Parameters
    ----------
    what
        What was asked for, in the words of `Control`; ``watch`` if nothing was.
    text
        Why, as the rig says it.
    files
        Of a recording that the rig was lost with; somebody may be finishing them still.
    """

    what: str
    text: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attached:
    """There is a rig now.

    Parameters
    ----------
    name
        What it is called.
    config
        What it was told, last.
    was_found
        It ran already.
    folder
        What its relative paths are relative to; nothing where that is our own working folder.
    """

    name: str
    config: Config
    was_found: bool
    folder: Path = Path()


@dataclass(frozen=True, slots=True)
class Applied:
    """The rig that is there has taken another config."""

    config: Config


@dataclass(frozen=True, slots=True)
class Changed:
    """Somebody else gave the rig another config."""

    config: Config


@dataclass(frozen=True, slots=True)
class Ended:
    """The rig has ended in good order, and not because we asked for it."""

    name: str


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
        By camera, as the rig calls them; see `Attached.folder`.
    """

    status: RigStatus
    files: Mapping[str, tuple[str, ...]]


Event = Failed | Attached | Applied | Changed | Ended | WasSet | Recorded


def over(status: RigStatus) -> RigStatus:
    """Return the last status of a rig that is gone: nothing goes on any more."""
    return replace(status, state="ended", cameras=tuple(map(_ended, status.cameras)))


def _ended(camera: CameraStatus) -> CameraStatus:
    if camera.state == "ended":
        return camera
    calm = replace(camera, warning=None, buffer_fill=0.0, frozen_s=0.0, pid=None)
    calm = replace(calm, fps_in=0.0, fps_written=0.0, raw_bytes_s=0.0, disk_bytes_s=0.0)
    return replace(calm, state="ended", message=GONE)


def files_of(status: RigStatus) -> dict[str, tuple[str, ...]]:
    """Return the files of the last recording, or the present one, by camera."""
    return {camera.name: camera.files for camera in status.cameras if camera.files}


def lost(files: Mapping[str, tuple[str, ...]] | None) -> Failed:
    """Return what is told of a rig that did not end in good order; with files if it recorded."""
    how = "it was killed, or has crashed"
    if files is None:
        return Failed("watch", f"{GONE}: {how}")
    text = f"{GONE} while it recorded: {how}; what it had by then is kept"
    return Failed("watch", text, tuple(name for each in files.values() for name in each))
