"""What a frame is: its shape and kind (`FrameSpec`), and when it came (`FrameStamp`)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, NamedTuple

from recorder.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Frame = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

PixelFormat = Literal["gray8", "gray16", "bgr8", "rgb8"]

# name: (bytes per sample, channels)
_FORMATS: dict[str, tuple[int, int]] = {
    "gray8": (1, 1),
    "gray16": (2, 1),
    "bgr8": (1, 3),
    "rgb8": (1, 3),
}


@dataclass(frozen=True, slots=True)
class FrameSpec:
    """The shape and kind that every frame of a recording has.

    Parameters
    ----------
    width, height
        In pixels, at least 1.
    pixel_format
        ``gray8`` and ``gray16`` are (height, width); ``bgr8`` and ``rgb8`` (height, width, 3).
    fps
        Nominal frames per second, or None as long as it is not known.

    Raises
    ------
    ConfigError
        For sizes below one pixel and for unknown pixel formats.
    """

    width: int
    height: int
    pixel_format: PixelFormat
    fps: float | None = None

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ConfigError(f"a frame of {self.width}x{self.height} pixels has nothing to record")
        if self.pixel_format not in _FORMATS:
            raise ConfigError(
                f"pixel format {self.pixel_format!r}: this recorder knows {', '.join(_FORMATS)}"
            )

    @property
    def channels(self) -> int:
        """Samples per pixel."""
        return _FORMATS[self.pixel_format][1]

    @property
    def shape(self) -> tuple[int, ...]:
        """(height, width) or (height, width, 3)."""
        plane = (self.height, self.width)
        return plane if self.channels == 1 else (*plane, self.channels)

    @property
    def dtype(self) -> str:
        """NumPy's name of the sample type: ``uint8`` or ``uint16``, native byte order."""
        return "uint8" if _FORMATS[self.pixel_format][0] == 1 else "uint16"

    @property
    def nbytes(self) -> int:
        """Bytes of one frame in C order."""
        return self.width * self.height * self.channels * _FORMATS[self.pixel_format][0]

    def with_fps(self, fps: float | None) -> FrameSpec:
        """Return the same frame at another nominal rate."""
        return replace(self, fps=fps)

    def fits(self, frame: object) -> bool:
        """Whether an array has exactly this shape and dtype."""
        return getattr(frame, "shape", None) == self.shape and (
            str(getattr(frame, "dtype", "")) == self.dtype
        )

    def __str__(self) -> str:
        rate = "" if self.fps is None else f" at {self.fps:g} fps"
        return f"{self.width}x{self.height} {self.pixel_format}{rate}"


class FrameStamp(NamedTuple):
    """When a frame was grabbed, and what its bytes hash to.

    A tuple because one is made for every frame.
    """

    t_mono_ns: int
    """Monotonic clock at the grab, ns; never jumps."""
    t_utc_ns: int
    """Unix time at the grab, ns; may jump when the clock is set."""
    t_camera_ms: float | None = None
    """The camera's own time, ms; None if it has none."""
    grab: int = 0
    """0-based count of grabs since the recording began."""
    take: int = 0
    """Which recording of this session the frame belongs to; 0 is preview only."""
    xxh3_64: int | None = None
    """Hash of the frame's raw bytes in C order; None while they were never decoded."""
    note: str = ""
    """What is odd about a frame that is kept: ``torn``, ``frozen`` or ``late``."""
