"""Asking a camera for things, and reading back what it did about it.

Cameras accept values that they do not apply and refuse others without a word, so both what was
asked and what was obtained is kept.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from typing import Any

from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.feed import Capture, Feed, SettingValue, Wanted
from recorder.controls import CameraControl
from recorder.errors import CameraRefused, ConfigError

_PREFIX = "CAP_PROP_"
# They have a place of their own in the config, or would change what frames are behind our back.
_ELSEWHERE = {
    "frame_width": "size",
    "frame_height": "size",
    "fps": "fps",
    "convert_rgb": "pixel_format",
    "format": "pixel_format",
    "mode": "pixel_format",
    "orientation_auto": "rotate",
}
_FPS_TOLERANCE = 0.005  # 59.94 is what a camera means by 60
_TOLERANCE = 1e-3


def check_settings(settings: Mapping[str, SettingValue]) -> None:
    """Refuse names that OpenCV does not know and values of the wrong kind.

    Raises
    ------
    ConfigError
        With the nearest name.
    """
    for name, value in settings.items():
        property_id(name)
        if name == "fourcc":
            fourcc_code(value)
        elif isinstance(value, str):
            raise ConfigError(f"settings.{name}: {value!r} is text; a number, true or false")


def property_id(name: str) -> int:
    """Return OpenCV's number of a property.

    Raises
    ------
    ConfigError
        When there is none of that name, or it is not for settings.
    """
    if name in _ELSEWHERE:
        raise ConfigError(f"settings.{name}: use the camera's key {_ELSEWHERE[name]} instead")
    cv2 = import_cv2()
    number = getattr(cv2, _PREFIX + name.upper(), None)
    if isinstance(number, int) and name == name.lower():
        return number
    known = [item.removeprefix(_PREFIX).lower() for item in dir(cv2) if item.startswith(_PREFIX)]
    near = get_close_matches(name.lower(), known, n=1)
    hint = f"did you mean {near[0]}?" if near else "OpenCV's names, without CAP_PROP_"
    raise ConfigError(f"settings.{name}: OpenCV has no such property; {hint}")


def fourcc_code(value: SettingValue) -> int:
    """Return the number of a fourcc such as MJPG; three letters get a space, as in Y16.

    Raises
    ------
    ConfigError
        When it is neither four characters nor a number.
    """
    if isinstance(value, str) and 3 <= len(value) <= 4 and value.isascii():
        return int.from_bytes(value.ljust(4).encode("ascii"), "little")
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 2**32:
        return int(value)
    raise ConfigError(f"settings.fourcc: {value!r}; four characters such as MJPG, YUYV or GREY")


def read(capture: Capture, prop: int) -> float | None:
    """Return a property, or None if it cannot be read; OpenCV says -1, or nothing finite."""
    try:
        value = float(capture.get(prop))
    except (import_cv2().error, SystemError):
        return None
    return value if math.isfinite(value) else None


def read_rate(capture: Capture) -> float | None:
    """Return the frames per second that the source claims, or None if it claims none."""
    rate = read(capture, import_cv2().CAP_PROP_FPS)
    return rate if rate and rate > 0 else None


def write(capture: Capture, prop: int, value: float) -> bool:
    """Ask for a property; whether OpenCV says that the camera took it."""
    try:
        return bool(capture.set(prop, value))
    except import_cv2().error:
        return False


def read_code(capture: Capture, prop: int) -> bytes:
    """Return a property that is four characters, as bytes; zeros if there is none."""
    value = read(capture, prop)
    return (int(value or 0) & 0xFFFFFFFF).to_bytes(4, "little")


def apply_one(capture: Capture, name: str, value: SettingValue) -> tuple[float | None, str]:
    """Ask for one setting.

    Returns
    -------
    tuple of (float or None, str)
        What is read back, and a sentence if that is not what was asked; else an empty text.
    """
    prop = property_id(name)
    taken = write(capture, prop, float(value))
    now = read(capture, prop)
    if now is not None and math.isclose(now, float(value), rel_tol=_TOLERANCE, abs_tol=_TOLERANCE):
        return now, ""
    if not taken and (now is None or now == -1):
        return None, f"{name}: asked {value}; the camera refuses it, or has no such setting."
    how = "accepted" if taken else "refused"
    return now, f"{name}: asked {value}, {how}, but the camera is at {_number(now)}."


def apply_settings(feed: Feed, wanted: Wanted, done: Iterable[str] = ()) -> None:
    """Ask for all settings in the order of the config, except those already `done`."""
    for name, value in wanted.settings.items():
        if name not in done:
            now, deviation = apply_one(feed.capture, name, value)
            note_result(feed, name, value, now, deviation)


def note_result(feed: Feed, name: str, asked: Any, obtained: Any, deviation: str) -> None:
    """Keep what was asked and obtained, and what to say if they differ."""
    feed.asked[name] = asked
    feed.obtained[name] = obtained
    if deviation:
        feed.deviations.append(deviation)


_SWITCHES = ("auto_exposure", "auto_wb", "autofocus")
_NUMBERS = (
    *("exposure", "gain", "brightness", "contrast", "saturation", "hue", "gamma", "sharpness"),
    *("focus", "zoom", "pan", "tilt", "iris", "iso_speed", "backlight", "wb_temperature"),
)


def readable_controls(capture: Capture) -> tuple[CameraControl, ...]:
    """Return the common properties that a camera has a value for, where no system tells limits."""
    found = []
    for name in (*_NUMBERS, *_SWITCHES):
        value = read(capture, property_id(name))
        if value not in (None, -1.0, 0.0):  # OpenCV's ways to say that there is none
            found.append(CameraControl(name, "number", value))
    return tuple(found)


def after_change(
    controls: Iterable[CameraControl], name: str, value: float | None
) -> tuple[CameraControl, ...]:
    """Return the controls with one value read anew."""
    return tuple(replace(each, value=value) if each.name == name else each for each in controls)


def compare_size(feed: Feed, asked: tuple[int, int] | None, obtained: tuple[int, int]) -> None:
    """Keep the size as asked and obtained."""
    feed.obtained["size"] = list(obtained)
    if asked is not None:
        same = tuple(asked) == obtained
        text = f"size: asked {asked[0]}x{asked[1]}, the source gives {obtained[0]}x{obtained[1]}."
        note_result(feed, "size", list(asked), list(obtained), "" if same else text)


def compare_fps(feed: Feed, asked: float | None, live: bool, settable: bool) -> None:
    """Keep the rate as asked and obtained; of a live source the latter is a claim.

    Of a stream, where no rate can be set, a claim that differs is noted and nothing to insist on:
    whether the rate is obtained shows when it is measured.
    """
    feed.obtained["fps"] = feed.fps
    if asked is None:
        return
    said = "the camera names no rate" if feed.fps is None else f"the source says {feed.fps:g}"
    claim = " (a claim; the measured rate is kept too)" if live else ""
    same = feed.fps is not None and math.isclose(asked, feed.fps, rel_tol=_FPS_TOLERANCE)
    text = "" if same else f"fps: asked {asked:g}, {said}{claim}."
    note_result(feed, "fps", asked, feed.fps, text if settable else "")
    if text and not settable:
        feed.notes.append(text)


def insist(feed: Feed, source: str) -> None:
    """Refuse what differs from the config, for ``strict: true``.

    Raises
    ------
    CameraRefused
        Naming every setting with both values.
    """
    if feed.deviations:
        raise CameraRefused(
            f"{source}: strict is set and not all was obtained: {' '.join(feed.deviations)} "
            "Change the config, or leave strict out."
        )


def _number(value: float | None) -> str:
    """Return a value as people write it."""
    return "an unknown value" if value is None else f"{value:g}"
