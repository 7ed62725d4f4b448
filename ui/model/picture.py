"""From a frame to what is shown: levels, marks, histogram and the value of a pixel.

Saturated means at the largest value of the frame's samples: 255, or 65535. What a camera with 12
bits in 16 can reach at most is not guessed: its 4095 is not marked, since other cameras shift
their bits up, and a guess that is wrong now and then is worse than none.

Marks have the same colours in every theme: red for saturated, blue for black. Both are rare in
pictures, lie apart for people who confuse red and green, and differ in brightness from the white
and the black that they replace.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from recorder.cameras.cv2_setup import import_cv2

if TYPE_CHECKING:
    from recorder.frame import Frame

Bytes = npt.NDArray[np.uint8]

SATURATED_RGB = (255, 48, 48)
BLACK_RGB = (48, 96, 255)
BINS = 256
AUTO_PERCENT = (0.5, 99.5)
"""Automatic levels leave out so much at either end: a few hot pixels decide nothing."""
_SAMPLES = 65536
"""Pixels that statistics look at: enough for 0.01 %, at a fraction of a millisecond."""


@dataclass(frozen=True, slots=True)
class Levels:
    """What is shown black and what white, in the frame's own grey levels.

    Raises
    ------
    ValueError
        `high` is not above `low`.
    """

    low: int
    high: int

    def __post_init__(self) -> None:
        if self.high <= self.low:
            raise ValueError(f"levels {self.low} to {self.high}: white must lie above black")


class Rendered(NamedTuple):
    """A picture to be painted.

    Parameters
    ----------
    image
        (height, width): grey levels, or indices into `lut`; (height, width, 4): blue, green, red
        and 255, which is a 32-bit pixel of Qt on every machine it runs on here.
    lut
        (256, 3) red, green, blue; None: the image as it is.
    """

    image: Bytes
    lut: Bytes | None


@dataclass(frozen=True, slots=True, eq=False)
class Histogram:
    """How many samples have which value.

    Parameters
    ----------
    counts
        (256,) samples in each of as many equal bins from 0 to below `top`.
    saturated, black
        Share of the pixels at the largest value (colour: in any channel), and at 0 (colour: in
        all of them), 0 to 1.
    top
        256; of gray16 the smallest power of two above every sample: 12 bits fill the histogram.
    limit
        The largest value of a sample.
    """

    counts: npt.NDArray[np.int64]
    saturated: float
    black: float
    top: int
    limit: int


def full_range(dtype: npt.DTypeLike) -> Levels:
    """Return levels that show every value of a sample type."""
    return Levels(0, int(np.iinfo(np.dtype(dtype)).max))


def thinned(frame: Frame, samples: int = _SAMPLES) -> Frame:
    """Return every so many pixels of every so many lines: about `samples` pixels, as a view."""
    height, width = frame.shape[:2]
    step = max(1, int((height * width / samples) ** 0.5))
    return frame[::step, ::step]


def auto_levels(frame: Frame) -> Levels:
    """Return levels that fit a frame, once: nothing here follows the picture."""
    limit = full_range(frame.dtype).high
    low, high = np.percentile(thinned(frame), AUTO_PERCENT)
    first = min(int(low), limit - 1)
    return Levels(first, max(first + 1, min(round(float(high)), limit)))


def render(frame: Frame, levels: Levels | None = None, mark: bool = False) -> Rendered:
    """Return what to paint for a frame.

    Parameters
    ----------
    frame
        gray8, gray16 or bgr8; rows may have gaps between them. Of gray8 nothing is copied.
    levels
        None: the full range.
    mark
        Show saturated pixels red and black ones blue.
    """
    shown = levels or full_range(frame.dtype)
    if frame.ndim == 3:
        return Rendered(_colour(frame, shown, mark), None)
    if frame.dtype == np.uint16:
        grey = np.take(_to_bytes(shown, mark), frame, mode="clip")
        return Rendered(grey, _mark_lut(full_range(np.uint8)) if mark else None)
    image = cast("Bytes", frame)
    if mark:
        return Rendered(image, _mark_lut(shown))
    return Rendered(image, None if shown == full_range(np.uint8) else _grey_lut(shown))


def _colour(frame: Frame, levels: Levels, mark: bool) -> Bytes:
    cv2 = import_cv2()
    plain = levels == full_range(np.uint8)
    source = frame if plain else cv2.LUT(frame, _stretched(levels, 255))
    out: Bytes = cv2.cvtColor(source, cv2.COLOR_BGR2BGRA)
    if mark:
        pixels = out.view(np.uint32)[..., 0]
        largest = _largest(frame)
        np.putmask(pixels, largest == 255, _pixel(SATURATED_RGB))
        np.putmask(pixels, largest == 0, _pixel(BLACK_RGB))
    return out


def _largest(frame: Frame) -> Frame:
    """Return the largest channel of each pixel; NumPy needs 20 times as long for an axis of 3."""
    cv2 = import_cv2()
    blue, green, red = cv2.split(frame)
    largest: Frame = cv2.max(cv2.max(blue, green), red)
    return largest


def _pixel(rgb: tuple[int, int, int]) -> np.uint32:
    red, green, blue = rgb
    return np.uint32(int.from_bytes((blue, green, red, 255), sys.byteorder))


@lru_cache(maxsize=32)
def _stretched(levels: Levels, limit: int) -> Bytes:
    """Return the shown grey level of every value from 0 to `limit`."""
    values = np.arange(limit + 1, dtype=np.float64)
    scaled = (values - levels.low) * (255 / (levels.high - levels.low))
    return np.rint(np.clip(scaled, 0, 255)).astype(np.uint8)


@lru_cache(maxsize=8)
def _to_bytes(levels: Levels, mark: bool) -> Bytes:
    """Return the shown grey level of every 16-bit value; with marks, 0 and 255 are theirs only."""
    table = _stretched(levels, 65535)
    if mark:
        table = np.clip(table, 1, 254)
        table[0], table[-1] = 0, 255
    return table


@lru_cache(maxsize=32)
def _grey_lut(levels: Levels) -> Bytes:
    return np.repeat(_stretched(levels, 255)[:, None], 3, axis=1)


@lru_cache(maxsize=32)
def _mark_lut(levels: Levels) -> Bytes:
    lut = _grey_lut(levels).copy()
    lut[0], lut[255] = BLACK_RGB, SATURATED_RGB
    return lut


def histogram(frame: Frame) -> Histogram:
    """Return how many samples have which value, counted on a thinned frame."""
    sampled: Frame = np.ascontiguousarray(thinned(frame))  # type: ignore[assignment]
    limit = full_range(frame.dtype).high
    largest = _largest(sampled) if frame.ndim == 3 else sampled
    top = max(BINS, 1 << int(sampled.max()).bit_length())
    shift = top.bit_length() - 1 - 8
    counts = np.bincount(sampled.reshape(-1) >> shift, minlength=BINS)
    pixels = largest.size
    saturated = np.count_nonzero(largest == limit) / pixels
    black = (pixels - np.count_nonzero(largest)) / pixels
    return Histogram(counts.astype(np.int64, copy=False), saturated, black, top, limit)


def step_for(frame_size: tuple[float, float], view_size_px: tuple[float, float]) -> int:
    """Return the largest step that leaves every screen pixel a sample of its own.

    Parameters
    ----------
    frame_size
        Width and height of what is to be seen, in the frame's pixels.
    view_size_px
        Width and height of where it is shown, in screen pixels; the picture keeps its shape.
    """
    width, height = (max(1.0, size) for size in view_size_px)
    return max(1, int(max(frame_size[0] / width, frame_size[1] / height) + 1e-6))


def pixel_text(frame: Frame, x: int, y: int, step: int = 1) -> str:
    """Return where a pixel is and what it holds; nothing if it lies outside.

    Parameters
    ----------
    x, y
        In pixels of the picture as it is recorded.
    step
        With which the frame was thinned; the text names the pixel that was really copied.
    """
    column, row = x // step, y // step
    if not (0 <= row < frame.shape[0] and 0 <= column < frame.shape[1]):
        return ""
    where = f"x {column * step} px, y {row * step} px: "
    value: Any = frame[row, column]
    if frame.ndim == 2:
        return f"{where}{value}"
    blue, green, red = (int(each) for each in value)
    return f"{where}R {red} G {green} B {blue}"
