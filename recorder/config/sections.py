"""The parts of a config that stand alone: buffer, recording, synthetic options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

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

WhenFull = Literal["drop", "wait", "stop"]
"""What happens to a new frame when the buffer has no room."""
_CODECS: list[Any] = ["auto", "fast", "compatible", "archive"]  # profiles, which editors offer
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
        Bytes per camera, in KiB, MiB, GiB (1024) or KB, MB, GB (1000); allocated before the camera
        opens, never grows; at least 4 frames.
    when_full
        ``drop`` the new frame and count it, ``wait`` where the source can (files, images,
        synthetic), or ``stop``, exit code 6. None: wait for files, images and ``fps: max``, else
        drop.
    """

    memory: Size = 256 * 2**20
    when_full: WhenFull | None = None


class RetentionConfig(Section):
    """Which closed segments of a camera may be deleted again; without a key: none.

    Parameters
    ----------
    age
        Time since a segment ended: s, min, h, d. None: none is too old.
    size
        Bytes of all of them together, as 500GB; the oldest go first. None: no limit.
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
        Made when missing, relative to the working folder; nothing in it is ever overwritten.
    name
        The file's name without suffix: {camera}, {start} with a date format, and {metadata keys}.
    format
        ``video`` (Matroska with ledger and about file), ``hdf5`` (all in one file), or ``none`` to
        write nothing.
    codec
        A profile (auto, fast, compatible, archive) or a codec's own name. All are lossless.
    times
        Of a video's frames: ``even``, at the rate that is measured over the file, so that cv2 finds
        frames by number; or each frame's ``own``, whole milliseconds, for live cameras of at most
        1000 fps.
    duration
        A time (s, min, h, d) or frames, as 1000 frames. None: until stopped.
    segment
        Go on in a new file after a time (10min), a size on disk (2GB) or frames (1000 frames), at
        least 1s or 1MiB. None: one file.
    keep_free
        Bytes that stay free on the disk, as 1GiB: before there are less, the recording is ended
        cleanly, exit code 5. None: the larger of 1GiB and what is written in 30 s, or until the
        recording ends if that is sooner.
    retention
        Which closed segments of a camera are deleted again; only with segment.
    """

    folder: Folder = Path("recordings")
    name: str = "{camera}_{start:%Y%m%d_%H%M%S}"
    format: Literal["video", "hdf5", "none"] = "video"
    codec: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", examples=_CODECS)] = "auto"
    times: Literal["even", "own"] = "even"
    duration: Duration | None = None
    segment: SegmentSize | None = None
    keep_free: Reserve | None = None
    retention: RetentionConfig = RetentionConfig()

    @field_validator("times")
    @classmethod
    def _only_of_a_video(cls, times: str, info: ValidationInfo) -> str:
        if times == "own" and info.data.get("format") == "hdf5":
            raise Problem("own: hdf5 has no times but those of the ledger, which are; leave it out")
        return times

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
        Of the noise, a whole number, 0 or more.
    fail_at
        Frame number at which the camera is lost. None: never.
    hang_at
        Frame number from which it never answers again. None: never.
    freeze_at
        Frame number from which it gives the same frame again and again. None: never.
    crash_at
        Frame number at which its process dies, as with a bad driver. None: never.
    resize_at
        Frame number from which the frames have another size. None: never.
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
            How many frames were grabbed since the recording began; None: not known, so none of
            the faults fires any more.
        """
        faults = ("fail_at", "hang_at", "crash_at", "resize_at", "freeze_at")
        fired = [name for name in faults if grabs is None or getattr(self, name) == grabs]
        return self.model_copy(update=dict.fromkeys(fired))
