"""What the OpenCV camera wants of a source, and what it gets: one shape for all kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from recorder.cameras.base import BadFrame
from recorder.cameras.cv2_setup import import_cv2
from recorder.errors import CameraLost, CameraRefused
from recorder.frame import FrameSpec

if TYPE_CHECKING:
    from recorder.cameras.formats import Reading
    from recorder.frame import Frame

SettingValue = float | int | bool | str


class Capture(Protocol):
    """The part of ``cv2.VideoCapture`` that is used; `images.ImageFiles` has it too."""

    def grab(self) -> bool:
        """Wait for the next frame."""

    def retrieve(self, image: Any = None) -> tuple[bool, Any]:
        """Decode it, into `image` if it fits."""

    def get(self, prop: int) -> float:
        """Read a property."""

    def set(self, prop: int, value: float) -> bool:
        """Ask for a property."""

    def release(self) -> None:
        """Let go."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the config asks of a camera; None is what the camera gives.

    Parameters
    ----------
    size
        (width, height) in pixels.
    fps
        Frames per second.
    pixel_format
        ``gray8``, ``gray16`` or ``bgr8``.
    settings
        By OpenCV's names, lower case, without ``CAP_PROP_``.
    """

    size: tuple[int, int] | None = None
    fps: float | None = None
    pixel_format: str | None = None
    settings: Mapping[str, SettingValue] = field(default_factory=dict)


@dataclass(slots=True)
class Feed:
    """An opened source.

    Parameters
    ----------
    capture
        What is asked for frames.
    reading
        How its frames reach us.
    silence
        Explains a failed grab: called with this feed and the seconds it took, returns
        what to raise.
    backend
        For the about file.
    has_clock
        Whether CAP_PROP_POS_MSEC is a time that the source gives.
    asked, obtained
        Settings as wanted and as read back.
    deviations
        A sentence for each that is not as asked.
    notes
        What else an experimenter should know.
    fps
        What the source claims; None if nothing.
    held
        True while the first frame, grabbed to learn its kind, waits to be handed out.
    is_torn
        Tells whether a part of the frame that was fetched last is made up.
    is_recorded
        Whether it has been recorded before, with times of its own.
    """

    capture: Capture
    reading: Reading
    silence: Callable[[Feed, float], Exception]
    backend: str
    has_clock: bool
    asked: dict[str, Any] = field(default_factory=dict)
    obtained: dict[str, Any] = field(default_factory=dict)
    deviations: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    fps: float | None = None
    held: bool = False
    is_torn: Callable[[], bool] = lambda: False
    is_recorded: bool = False


def fetch(capture: Capture, target: Frame | None, source: str) -> Frame:
    """Return the grabbed frame, in `target` itself if one is given.

    Parameters
    ----------
    capture
        After a grab that succeeded.
    target
        Where the frame belongs; None to take it as it comes.
    source
        For messages, without password.

    Raises
    ------
    BadFrame
        When it cannot be decoded.
    CameraLost
        When its shape or dtype is not that of `target`.
    """
    try:
        ok, frame = capture.retrieve() if target is None else capture.retrieve(target)
    except import_cv2().error as error:
        raise BadFrame(f"{source}: this frame cannot be decoded: {error.err}") from None
    if not ok or frame is None or frame.size == 0:
        raise BadFrame(f"{source}: this frame cannot be decoded, or is empty")
    # Of another size or kind cv2 returns an array of its own and leaves the target alone.
    if target is not None and frame is not target:
        if frame.shape != target.shape or frame.dtype != target.dtype:
            raise CameraLost(
                f"{source}: frames were {_kind(target)} and are now {_kind(frame)}; "
                "a recording cannot change its frame size"
            )
        np.copyto(target, frame)
    taken: Frame = frame if target is None else target
    return taken


def native_spec(frame: Frame, reading: Reading, fps: float | None, source: str) -> FrameSpec:
    """Return what the first frame shows the frames to be.

    Raises
    ------
    CameraRefused
        When they are not what was agreed on: shown wrong would be worse than not at all.
    """
    height, width = reading.picture(frame).shape[:2] if frame.ndim >= 2 else (0, 0)
    if width and height:
        spec = FrameSpec(width, height, reading.pixel_format, fps)
        if spec.fits(reading.picture(frame)):
            return spec
    raise CameraRefused(
        f"{source}: {_kind(frame)} came where {reading.pixel_format} was expected; "
        "this recorder cannot read that exactly; try another fourcc under settings"
    )


def _kind(frame: Frame) -> str:
    """Return shape and sample type in words."""
    shape = frame.shape
    channels = f" in {shape[2]} channels" if len(shape) == 3 else ""
    size = f"{shape[1]}x{shape[0]} pixels" if len(shape) >= 2 else f"{shape} samples"
    return f"{size}{channels} of {frame.dtype}"
