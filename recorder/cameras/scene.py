"""The pictures of the synthetic camera, each a function of its number and a seed.

The `scene` is what lossless codecs meet in an experiment: a textured static background, one
dark blob that moves, and noise of about 2 grey levels. The noise of a frame is a window into a
larger field of noise, at a place that depends on the frame's number: one addition a sample
instead of drawing millions of random numbers a frame, and the frames still differ everywhere.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from recorder.frame import FrameSpec

if TYPE_CHECKING:
    from recorder.frame import Frame

NOISE_LEVELS = 2.0
"""Standard deviation of the noise, in 8-bit grey levels."""
_MARGIN_PX = 64
_SCALE_16 = 16
"""gray16 carries 12 bits, like most scientific cameras: 16 steps to an 8-bit grey level."""

Painter = Callable[[int, "Frame"], None]
"""Paint frame number n into an array, in place."""


def painter(pattern: str, spec: FrameSpec, seed: int) -> Painter:
    """Return what paints a pattern: scene, noise, ramp or black.

    Parameters
    ----------
    spec
        What the frames are.
    seed
        The same seed gives the same frames.
    """
    return _PATTERNS[pattern](spec, seed)


def _scene(spec: FrameSpec, seed: int) -> Painter:
    random = np.random.default_rng(seed)
    background = _rows(_background(spec, random))
    noise = _rows(_noise_field(spec, random))
    blob = _Blob(spec)
    height, width = background.shape

    def paint(number: int, out: Frame) -> None:
        y, x = _offset(number, seed)
        x *= spec.channels
        # Unsigned sums wrap, which is what adds a negative noise of two's complement.
        np.add(background, noise[y : y + height, x : x + width], out=_rows(out))
        blob.darken(number, out)

    return paint


def _background(spec: FrameSpec, random: np.random.Generator) -> Frame:
    """Return blurred texture between the grey levels 100 and 160: nothing ever saturates."""
    height, width = spec.shape[:2]
    coarse = random.uniform(100, 160, (height // 16 + 2, width // 16 + 2)).astype(np.float32)
    y = np.linspace(0, coarse.shape[0] - 1.001, height, dtype=np.float32)
    x = np.linspace(0, coarse.shape[1] - 1.001, width, dtype=np.float32)
    iy, ix = y.astype(int), x.astype(int)
    fy, fx = (y - iy)[:, None], (x - ix)[None, :]
    rows = coarse[iy] * (1 - fy) + coarse[iy + 1] * fy
    smooth = rows[:, ix] * (1 - fx) + rows[:, ix + 1] * fx
    if spec.channels == 3:
        tint = np.array([0.9, 1.0, 1.1], np.float32)
        smooth = smooth[:, :, None] * tint - 5 * (tint - 1)
    return _levels(smooth, spec)


def _noise_field(spec: FrameSpec, random: np.random.Generator) -> Frame:
    height, width = spec.height + _MARGIN_PX, spec.width + _MARGIN_PX
    noise = random.normal(0, NOISE_LEVELS, (height, width)).astype(np.float32)
    if spec.channels == 3:  # common to the channels, plus half as much of each one's own
        own = random.normal(0, NOISE_LEVELS / 2, (height, width, 3)).astype(np.float32)
        noise = noise[:, :, None] + own
    return _levels(np.clip(noise, -20, 20), spec)


def _levels(values: np.ndarray, spec: FrameSpec) -> Frame:
    scale = _SCALE_16 if spec.dtype == "uint16" else 1
    rounded: Frame = np.rint(values * scale).astype(np.int32).astype(spec.dtype)
    return np.require(rounded, requirements="C")


def _rows(frame: Frame) -> Frame:
    """View a C-contiguous frame as rows of samples: NumPy is slow on an inner axis of three."""
    rows: Frame = frame.reshape(frame.shape[0], -1)
    return rows


def _offset(number: int, seed: int) -> tuple[int, int]:
    """Return where in the field of noise a frame looks: as if at random, but repeatable."""
    mixed = ((number + 1) * 0x9E3779B97F4A7C15 + seed * 0xD1B54A32D192ED03) & 0xFFFFFFFFFFFFFFFF
    mixed ^= mixed >> 29
    # Even rows for even numbers: two frames in a row never look at the same place.
    return (mixed >> 7) % _MARGIN_PX & ~1 | number & 1, (mixed >> 19) % _MARGIN_PX


class _Blob:
    """A dark disc that moves on a Lissajous figure."""

    def __init__(self, spec: FrameSpec) -> None:
        self._height, self._width = spec.shape[:2]
        radius = max(1, min(self._height, self._width) // 12)
        self._size = min(2 * radius + 1, self._height, self._width)
        y, x = np.ogrid[: self._size, : self._size]
        centre = (self._size - 1) / 2
        depth = np.clip(5 * (1 - np.hypot(y - centre, x - centre) / (radius + 1)), 0, 1) * 60
        self._depth = _rows(_levels(np.repeat(depth, spec.channels, axis=1), spec))
        self._channels = spec.channels

    def darken(self, number: int, out: Frame) -> None:
        phase = number * 0.02
        y = round((np.sin(3 * phase) + 1) / 2 * (self._height - self._size))
        x = round((np.sin(2 * phase + 1) + 1) / 2 * (self._width - self._size))
        left, right = x * self._channels, (x + self._size) * self._channels
        place = _rows(out)[y : y + self._size, left:right]
        np.subtract(place, self._depth, out=place)


def _noise(spec: FrameSpec, seed: int) -> Painter:
    random = np.random.default_rng(seed)
    limit = int(np.iinfo(spec.dtype).max)
    shape = (spec.height + _MARGIN_PX, spec.width + _MARGIN_PX, *spec.shape[2:])
    field = random.integers(0, limit + 1, shape, dtype=spec.dtype)

    def paint(number: int, out: Frame) -> None:
        y, x = _offset(number, seed)
        np.copyto(out, field[y : y + spec.height, x : x + spec.width])

    return paint


def _ramp(spec: FrameSpec, seed: int) -> Painter:
    count = spec.nbytes // np.dtype(spec.dtype).itemsize
    ramp = np.arange(count).astype(spec.dtype).reshape(spec.shape)
    modulus = int(np.iinfo(spec.dtype).max) + 1

    def paint(number: int, out: Frame) -> None:
        np.add(ramp, np.dtype(spec.dtype).type((number + seed) % modulus), out=out)

    return paint


def _black(spec: FrameSpec, seed: int) -> Painter:
    def paint(number: int, out: Frame) -> None:
        out.fill(0)

    return paint


_PATTERNS: dict[str, Callable[[FrameSpec, int], Painter]] = {
    "scene": _scene,
    "noise": _noise,
    "ramp": _ramp,
    "black": _black,
}


def number_frame(out: Frame, number: int) -> None:
    """Write a frame's number into its first eight bytes, little-endian, where it has as many.

    Parameters
    ----------
    out
        C-contiguous array.
    """
    if out.nbytes >= 8:
        out.data.cast("B")[:8] = number.to_bytes(8, "little")


def read_number(frame: Frame) -> int:
    """Return the number that `number_frame` wrote into a frame of at least eight bytes."""
    return int.from_bytes(frame.data.cast("B")[:8], "little")
