"""The parts of a config that stand alone: buffer, recording, synthetic options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from recorder.config.base import Problem, Section
from recorder.config.fields import (
    Count,
    Duration,
    Folder,
    Reserve,
    Seconds,
    SegmentSize,
    Size,
)
from recorder.config.quantities import format_size
from recorder.errors import ConfigError
from recorder.frame import FrameSpec
from recorder.layout import bytes_for, slots_in

MIN_FRAMES = 4
"""Frames a buffer holds at least: one being filled, one being written, one shown, one to spare."""


def frames_in(memory: int, spec: FrameSpec) -> int:
    """Return how many frames a buffer holds.

    Parameters
    ----------
    memory
        ``buffer.memory``, bytes.
    spec
        What one frame is.

    Raises
    ------
    ConfigError
        When it holds fewer than `MIN_FRAMES`, with the memory that would do.
    """
    count = slots_in(memory, spec)
    if count < MIN_FRAMES:
        raise ConfigError(
            f"{format_size(memory)} hold {count} frames of {spec.nbytes} bytes "
            f"({spec.width}x{spec.height} {spec.pixel_format}); at least {MIN_FRAMES} are needed: "
            f"set buffer.memory to {-(-bytes_for(MIN_FRAMES, spec) // 2**20)}MiB or more"
        )
    return count


class BufferConfig(Section):
    """The ring between camera and writer.

    Parameters
    ----------
    memory
        Bytes per camera, allocated before the camera opens.
    when_full
        ``drop`` the new frame and count it, ``wait`` where the source can, or ``stop``.
    """

    memory: Size = 256 * 2**20
    when_full: Literal["drop", "wait", "stop"] = "drop"


class RetentionConfig(Section):
    """Which closed segments of a camera may be deleted again; without a key: none.

    Parameters
    ----------
    age
        Seconds since a segment ended.
    size
        Bytes of all of them together; the oldest go first.
    """

    age: Seconds | None = None
    size: Size | None = None

    @property
    def is_given(self) -> bool:
        """Whether anything is ever deleted."""
        return self.age is not None or self.size is not None


class RecordingConfig(Section):
    """Where recordings go and how long they last.

    Parameters
    ----------
    folder
        Made when missing; relative to the working folder.
    name
        Template of the file name, without suffix; see `recorder.config.names`.
    format
        ``video``, ``hdf5``, or ``none`` to write nothing.
    codec
        A profile (auto, fast, compatible, archive) or a codec's own name.
    duration
        None: until stopped.
    segment
        After how much it goes on in a new file; None: one file.
    keep_free
        Bytes that stay free on the disk; None: see `recorder.pipeline.guards.reserve`.
    retention
        Which closed segments are deleted again.
    """

    folder: Folder = Path("recordings")
    name: str = "{camera}_{start:%Y%m%d_%H%M%S}"
    format: Literal["video", "hdf5", "none"] = "video"
    codec: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")] = "auto"
    duration: Duration | None = None
    segment: SegmentSize | None = None
    keep_free: Reserve | None = None
    retention: RetentionConfig = RetentionConfig()

    @field_validator("retention")
    @classmethod
    def _needs_segments(cls, retention: RetentionConfig, info: ValidationInfo) -> RetentionConfig:
        segment = info.data.get("segment")
        if retention.is_given and "segment" in info.data and segment is None:
            raise Problem("needs recording.segment: only closed segments are ever deleted")
        if retention.size is not None and segment is not None and segment.size is not None:
            _require_several(retention.size, segment.size)
        return retention


def _require_several(size: int, segment: int) -> None:
    if size < 2 * segment:
        raise Problem(
            f"{format_size(size)}: less than two segments of {format_size(segment)}", "size"
        )


class SyntheticOptions(Section):
    """The synthetic camera's picture, and faults at a frame number (0-based, fires once).

    Parameters
    ----------
    pattern
        ``scene`` is what animal recordings look like; ``noise`` cannot be compressed.
    seed
        Of the noise.
    fail_at, hang_at, freeze_at, crash_at, resize_at
        Lose the camera, never answer again, repeat a frame, die by SIGSEGV, change the size.
    """

    pattern: Literal["scene", "noise", "ramp", "black"] = "scene"
    seed: Count = 0
    fail_at: Count | None = None
    hang_at: Count | None = None
    freeze_at: Count | None = None
    crash_at: Count | None = None
    resize_at: Count | None = None

    def after(self, grabs: int | None) -> SyntheticOptions:
        """Return the options for a camera that is begun anew after a fault, which fires once.

        Parameters
        ----------
        grabs
            How many frames were grabbed since the recording began; None: nobody knows, so none of
            the faults fires any more.
        """
        faults = ("fail_at", "hang_at", "crash_at", "resize_at", "freeze_at")
        fired = [name for name in faults if grabs is None or getattr(self, name) == grabs]
        return self.model_copy(update=dict.fromkeys(fired))
