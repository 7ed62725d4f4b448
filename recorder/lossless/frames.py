"""Which arrays are frames that a video can hold exactly, and what to do with the others."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from recorder.errors import NotLossless
from recorder.frame import FrameSpec, PixelFormat

if TYPE_CHECKING:
    from recorder.frame import Frame


def as_frame(given: object) -> Frame:
    """Return a frame as C-contiguous array of the machine's own byte order, the same values in it.

    Parameters
    ----------
    given
        (height, width) of uint8 or uint16, or (height, width, 3) of uint8, red first. It is
        copied only if its rows are not in order in memory, or its bytes are swapped.

    Raises
    ------
    NotLossless
        It is something else, which no codec here gives back as it was; says what to do.
    """
    array = np.asarray(given)
    if remedy := _remedy(given, array):
        raise NotLossless(f"a frame of shape {array.shape} and dtype {array.dtype}: {remedy}")
    return cast("Frame", np.ascontiguousarray(array, array.dtype.newbyteorder("=")))


def spec_of(frame: Frame, fps: float) -> FrameSpec:
    """Return what a frame from `as_frame` is."""
    pixel_format: PixelFormat = "gray8" if frame.dtype == np.uint8 else "gray16"
    if frame.ndim == 3:
        pixel_format = "rgb8"
    return FrameSpec(frame.shape[1], frame.shape[0], pixel_format, fps)


def _remedy(given: object, array: np.ndarray) -> str:
    if isinstance(given, np.ma.MaskedArray):
        return "a video has no mask; write frame.filled(…)"
    if array.size == 0 or array.ndim not in (2, 3):
        return "a frame is (height, width) or (height, width, 3), with at least one pixel"
    return _wrong_channels(array) or _wrong_dtype(array.dtype)


def _wrong_channels(array: np.ndarray) -> str:
    channels = array.shape[2] if array.ndim == 3 else 0
    if channels == 1:
        return "gray frames are (height, width); write frame[..., 0]"
    if channels == 4:
        return "transparency is not kept; write frame[..., :3] (RGBA) or frame[..., 2::-1] (BGRA)"
    if channels not in (0, 3):
        return f"{channels} channels; a video has one or three. recorder.save keeps any array"
    if channels and array.dtype.kind == "u" and array.dtype.itemsize == 2:
        return "no codec here is exact for 16 bit colour; recorder.save keeps it"
    return ""


def _wrong_dtype(dtype: np.dtype) -> str:
    if dtype.kind == "u" and dtype.itemsize <= 2:
        return ""
    if dtype.kind == "b":
        return "write frame.astype('uint8'), or times 255 to see it"
    if dtype.kind in "iu":
        return "write frame.astype('uint8') or 'uint16' if its values fit; recorder.save keeps it"
    if dtype.kind == "f":
        return (
            "a video has whole numbers; scale and round it yourself, as in "
            "(255 * frame).round().astype('uint8'), or keep it with recorder.save"
        )
    return "a video has uint8 or uint16 samples"
