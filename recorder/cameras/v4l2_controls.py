"""Which properties a V4L2 camera accepts, with their limits: what OpenCV does not tell.

Three questions of linux/videodev2.h. Only what OpenCV can set is listed, under its names; the
pairs are those of its V4L2 back-end.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator

from recorder.controls import CameraControl, Kind

_QUERYCTRL = 0xC0445624
_QUERYMENU = 0xC02C5625
_G_CTRL = 0xC008561B
_CONTROL = struct.Struct("II32s4iI8x")  # id, type, name, minimum, maximum, step, default, flags
_ITEM = struct.Struct("=II32s4x")  # id, index, name
_VALUE = struct.Struct("Ii")  # id, value

_NEXT = 0x80000000
_DISABLED, _GRABBED, _READ_ONLY, _INACTIVE, _WRITE_ONLY = 0x1, 0x2, 0x4, 0x10, 0x40
_KINDS: dict[int, Kind] = {1: "number", 2: "switch", 3: "menu", 9: "menu"}
_INTEGER_MENU = 9
_MOST = 512  # of anything; a driver that never says EINVAL must not hang us

NAMES = {
    0x00980900: "brightness",
    0x00980901: "contrast",
    0x00980902: "saturation",
    0x00980903: "hue",
    0x0098090C: "auto_wb",
    0x0098090E: "white_balance_red_v",
    0x0098090F: "white_balance_blue_u",
    0x00980910: "gamma",
    0x00980913: "gain",
    0x0098091A: "wb_temperature",
    0x0098091B: "sharpness",
    0x0098091C: "backlight",
    0x009A0901: "auto_exposure",
    0x009A0902: "exposure",
    0x009A0908: "pan",
    0x009A0909: "tilt",
    0x009A090A: "focus",
    0x009A090C: "autofocus",
    0x009A090D: "zoom",
    0x009A0911: "iris",
    0x009A0917: "iso_speed",
}
"""OpenCV's names by the numbers of V4L2's controls."""


def read_controls(path: str) -> tuple[CameraControl, ...]:
    """Return what a device accepts, in the driver's order; nothing if it cannot be asked.

    Parameters
    ----------
    path
        /dev/videoN; it may be in use.
    """
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    except OSError:
        return ()
    try:
        return tuple(_controls(descriptor))
    finally:
        os.close(descriptor)


def _controls(descriptor: int) -> Iterator[CameraControl]:
    number = 0
    for _ in range(_MOST):
        question = (number | _NEXT, 0, b"", 0, 0, 0, 0, 0)
        answer = _ask(descriptor, _QUERYCTRL, _CONTROL, question)
        if answer is None:
            return
        number = int(answer[0])
        control = _as_control(descriptor, answer)
        if control is not None:
            yield control


def _as_control(descriptor: int, answer: tuple[int, ...]) -> CameraControl | None:
    number, type_, _, minimum, maximum, step, default, flags = answer
    name, kind = NAMES.get(number), _KINDS.get(type_)
    if name is None or kind is None or flags & (_DISABLED | _READ_ONLY):
        return None
    is_menu = kind == "menu"
    return CameraControl(
        name,
        kind,
        None if flags & _WRITE_ONLY else _value(descriptor, number),
        float(minimum),
        float(maximum),
        float(step or 1),
        float(default),
        tuple(_choices(descriptor, number, type_, minimum, maximum)) if is_menu else (),
        bool(flags & (_INACTIVE | _GRABBED)),
    )


def _value(descriptor: int, number: int) -> float | None:
    answer = _ask(descriptor, _G_CTRL, _VALUE, (number, 0))
    return None if answer is None else float(answer[1])


def _choices(
    descriptor: int, number: int, type_: int, minimum: int, maximum: int
) -> Iterator[tuple[float, str]]:
    """Give the items of a menu; numbers in between may be missing."""
    for index in range(minimum, min(maximum, minimum + _MOST) + 1):
        answer = _ask(descriptor, _QUERYMENU, _ITEM, (number, index, b""))
        if answer is not None:
            raw = bytes(answer[2])
            integer = str(int.from_bytes(raw[:8], "little", signed=True))
            text = raw.split(b"\0")[0].decode(errors="replace")
            yield float(index), integer if type_ == _INTEGER_MENU else text


def _ask(
    descriptor: int, request: int, layout: struct.Struct, question: tuple[int | bytes, ...]
) -> tuple[int, ...] | None:
    """Return the answer to a question, or None if the driver refuses it."""
    import fcntl  # absent on Windows

    answer = bytearray(layout.pack(*question))
    try:
        fcntl.ioctl(descriptor, request, answer)
    except OSError:
        return None
    return layout.unpack(answer)
