"""Which formats, sizes and rates a V4L2 camera offers, also while another program records.

Three questions of linux/videodev2.h, asked by number until the driver says EINVAL. (linuxpy asks
them too, but fails on cameras that have overlay or formats newer than itself.)
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

Mode = tuple[str, int, int, float]
"""fourcc, width and height in pixels, highest frames per second (0 if the driver says none)."""

_ENUM_FMT = 0xC0405602
_ENUM_FRAMESIZES = 0xC02C564A
_ENUM_FRAMEINTERVALS = 0xC034564B
_FMT = struct.Struct("3I32sI16x")  # index, type, flags, description, fourcc
_SIZE = struct.Struct("9I8x")  # index, fourcc, kind, then see _sizes
_INTERVAL = struct.Struct("11I8x")  # index, fourcc, width, height, kind, numerator, denominator
_CAPTURE = 1
_DISCRETE = 1
_MOST = 256  # of anything; a driver that never says EINVAL must not hang us


def read_modes(path: str) -> tuple[Mode, ...]:
    """Return the modes of a device, sorted; of a range of sizes the smallest and the largest.

    Parameters
    ----------
    path
        /dev/videoN.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return ()
    try:
        return tuple(sorted(set(_modes(descriptor))))
    finally:
        os.close(descriptor)


def _modes(descriptor: int) -> Iterator[Mode]:
    """Give every format with every size."""
    for fmt in _ask(descriptor, _ENUM_FMT, _FMT, (_CAPTURE, 0, b"", 0)):
        name = int(fmt[4]).to_bytes(4, "little").decode("latin-1").strip()
        for width, height in _sizes(descriptor, fmt[4]):
            yield name, width, height, _highest_fps(descriptor, fmt[4], width, height)


def _sizes(descriptor: int, fourcc: int) -> Iterator[tuple[int, int]]:
    """Give the sizes in pixels; of a range its ends."""
    for size in _ask(descriptor, _ENUM_FRAMESIZES, _SIZE, (fourcc, *[0] * 7)):
        kind, first, second, _, third, fourth, _ = size[2:]
        if kind == _DISCRETE:
            yield first, second
        else:  # smallest and largest width, step, smallest and largest height, step
            yield from ((first, third), (second, fourth))


def _highest_fps(descriptor: int, fourcc: int, width: int, height: int) -> float:
    """Return the highest rate; of a range the first interval given is the shortest."""
    question = (fourcc, width, height, *[0] * 7)
    rates = [
        interval[6] / interval[5]
        for interval in _ask(descriptor, _ENUM_FRAMEINTERVALS, _INTERVAL, question)
        if interval[5]
    ]
    return round(max(rates, default=0.0), 3)


def _ask(
    descriptor: int, request: int, layout: struct.Struct, question: tuple[int | bytes, ...]
) -> Iterator[tuple[int, ...]]:
    """Give the answers number 0, 1, … to a question."""
    import fcntl  # absent on Windows

    for index in range(_MOST):
        answer = bytearray(layout.pack(index, *question))
        try:
            fcntl.ioctl(descriptor, request, answer)
        except OSError:
            return
        yield layout.unpack(answer)
