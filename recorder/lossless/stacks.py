"""Image files of many pictures as one array: TIFF stacks, animated PNG and WebP."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recorder.cameras.images import image_pixel_format
from recorder.cameras.pictures import Pictures, open_pictures
from recorder.cameras.sequences import SUFFIXES
from recorder.errors import RecorderError

if TYPE_CHECKING:
    from recorder.frame import Frame


def read_stack(path: Path) -> Frame | None:
    """Decode every picture of an image file.

    Returns
    -------
    array or None
        (n, height, width) of uint8 or uint16 if it is gray, else (n, height, width, 3) of uint8,
        red first. None if the file is no image file, or has one picture only: ffmpeg reads those.

    Raises
    ------
    RecorderError
        One of them cannot be decoded, is of another size or depth, or none that is kept exactly.
    """
    if path.suffix.lower() not in SUFFIXES or not path.is_file():
        return None
    pictures = open_pictures(path)
    if len(pictures) == 1:
        return None
    first = _picture(pictures, 0, path)
    frames: Frame = np.empty((len(pictures), *first.shape), first.dtype)
    for number in range(len(pictures)):
        frame = first if number == 0 else _picture(pictures, number, path)
        if (frame.shape, frame.dtype) != (first.shape, first.dtype):
            raise RecorderError(
                f"{path}: page {number + 1} is of another size or depth than page 1"
            )
        frames[number] = frame
    return frames


def _picture(pictures: Pictures, number: int, path: Path) -> Frame:
    """Return a picture, red first and without an alpha channel that hides nothing."""
    frame = pictures.decode(number)
    where = f"{path}: page {number + 1} of {len(pictures)}"
    if frame is None:
        raise RecorderError(f"{where} cannot be decoded: the file is cut short or damaged")
    if frame.ndim == 3 and frame.shape[2] == 4:
        if (frame[..., 3] != np.iinfo(frame.dtype).max).any():
            raise RecorderError(f"{where} has transparency, which an RGB array does not keep")
        frame = frame[..., :3]
    image_pixel_format(frame, where)
    return frame if frame.ndim == 2 else frame[..., ::-1]
