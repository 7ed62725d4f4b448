"""The user's crop, rotation, flip and gray: from what the camera gives to what is recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from recorder.cameras.cv2_setup import import_cv2
from recorder.errors import CameraRefused
from recorder.frame import FrameSpec, PixelFormat

if TYPE_CHECKING:
    from recorder.frame import Frame

Crop = tuple[int, int, int, int]

# Any rotation is a transposition or none, then flips: degrees to (transpose, up-down, left-right).
_TURNS = {
    0: (False, False, False),
    90: (True, False, True),
    180: (False, True, True),
    270: (True, True, False),
}
_FLIPS = {
    "none": (False, False),
    "horizontal": (False, True),
    "vertical": (True, False),
    "both": (True, True),
}
_CONVERSIONS = {("bgr8", "gray8"): "COLOR_BGR2GRAY", ("gray8", "bgr8"): "COLOR_GRAY2BGR"}


class Transform:
    """Pixel format, then crop, then clockwise rotation, then flip, written into a ring slot.

    OpenCV turns and converts, ten times faster than NumPy; a crop alone does without it.

    Parameters
    ----------
    native
        What the camera gives.
    pixel_format
        What is recorded; None: what the camera gives. Between gray8 and bgr8 only.
    crop
        (x, y, width, height) in pixels of the camera's picture; None: all of it.
    rotate
        0, 90, 180 or 270 degrees clockwise.
    flip
        ``none``, ``horizontal`` (left and right change places), ``vertical`` or ``both``.

    Raises
    ------
    CameraRefused
        When the crop leaves the picture, or the pixel format cannot be reached exactly.
    """

    def __init__(
        self,
        native: FrameSpec,
        pixel_format: str | None = None,
        crop: Crop | None = None,
        rotate: int = 0,
        flip: str = "none",
    ) -> None:
        x, y, width, height = crop or (0, 0, native.width, native.height)
        _check_crop(native, x, y, width, height)
        transpose, up_down, left_right = _TURNS[rotate]
        flip_up_down, flip_left_right = _FLIPS[flip]
        self._window = (slice(y, y + height), slice(x, x + width))
        self._transpose = transpose
        self._flip = _flip_code(up_down != flip_up_down, left_right != flip_left_right)
        self._convert = _conversion(native, pixel_format or native.pixel_format)
        size = (height, width) if transpose else (width, height)
        self.spec = FrameSpec(
            *size, cast(PixelFormat, pixel_format or native.pixel_format), native.fps
        )
        self._cropped = (width, height) != (native.width, native.height)
        self.notes = _notes(native, crop if self._cropped else None, rotate, flip, self._convert)
        self._scratch: Frame | None = None
        if self._convert and self._transpose:
            upright = FrameSpec(width, height, self.spec.pixel_format)
            self._scratch = np.empty(upright.shape, upright.dtype)

    @property
    def identity(self) -> bool:
        """Whether the camera may write into the slot itself, because nothing changes."""
        return not (self._cropped or self._convert or self._transpose or self._flip is not None)

    def apply(self, src: Frame, out: Frame) -> None:
        """Write the transformed `src` into `out`.

        Parameters
        ----------
        src
            Array of the native shape and dtype; rows may have gaps between them.
        out
            C-contiguous array of the shape and dtype of `spec`; not overlapping `src`.
        """
        frame = src[self._window]
        if not self._convert and not self._transpose and self._flip is None:
            np.copyto(out, frame)
            return
        self._with_cv2(frame, out)

    def _with_cv2(self, frame: Frame, out: Frame) -> None:
        """Convert, transpose and flip, each step in place or straight into `out`."""
        cv2 = import_cv2()
        if self._convert is not None:
            dst = out if self._scratch is None else self._scratch
            frame = _into(dst, cv2.cvtColor(frame, getattr(cv2, self._convert), dst=dst))
        if self._transpose:
            frame = _into(out, cv2.transpose(frame, dst=out))
        if self._flip is not None:
            _into(out, cv2.flip(frame, self._flip, dst=out))


def _into(dst: Frame, result: Any) -> Frame:
    """Return `dst`, filled even if OpenCV chose to allocate."""
    if result is not dst:
        np.copyto(dst, result)
    return dst


def _check_crop(native: FrameSpec, x: int, y: int, width: int, height: int) -> None:
    """Refuse a crop that is not inside the picture, with the numbers."""
    inside = x >= 0 and y >= 0 and x + width <= native.width and y + height <= native.height
    if width < 1 or height < 1 or not inside:
        raise CameraRefused(
            f"crop [{x}, {y}, {width}, {height}] reaches from {x}, {y} to {x + width}, {y + height}"
            f", but the camera's picture has {native.width}x{native.height} pixels"
        )


def _conversion(native: FrameSpec, pixel_format: str) -> str | None:
    """Return the name of OpenCV's conversion code, or None if none is needed."""
    if pixel_format == native.pixel_format:
        return None
    name = _CONVERSIONS.get((native.pixel_format, pixel_format))
    if name is None:
        raise CameraRefused(
            f"pixel_format {pixel_format}: the camera gives {native.pixel_format}, which cannot "
            f"become {pixel_format} exactly; leave pixel_format out or use {native.pixel_format}"
        )
    return name


def _flip_code(up_down: bool, left_right: bool) -> int | None:
    """Return what cv2.flip wants, or None for no flip."""
    codes = {(True, True): -1, (True, False): 0, (False, True): 1}
    return codes.get((up_down, left_right))


def _notes(
    native: FrameSpec, crop: Crop | None, rotate: int, flip: str, convert: str | None
) -> tuple[str, ...]:
    """Say in plain sentences what is changed at the user's wish."""
    notes = []
    if convert == "COLOR_BGR2GRAY":
        notes.append("Gray is computed from colour: 0.299 R + 0.587 G + 0.114 B, rounded.")
    if convert == "COLOR_GRAY2BGR":
        notes.append("The camera gives gray; every colour channel holds the same value.")
    if crop is not None:
        x, y, width, height = crop
        notes.append(
            f"Cropped to {width}x{height} pixels at x {x}, y {y} of {native.width}x{native.height}."
        )
    if rotate:
        notes.append(f"Rotated by {rotate} degrees clockwise.")
    if flip != "none":
        both = "horizontally and vertically" if flip == "both" else f"{flip}ly"
        notes.append(f"Flipped {both}.")
    return tuple(notes)
