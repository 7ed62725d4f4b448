"""Durations and sizes as people write them: ``10min``, ``1000 frames``, ``256MiB``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import NoReturn

from recorder.config.redact import redact_all
from recorder.errors import ConfigError

SECONDS = {"d": 86400, "h": 3600, "min": 60, "s": 1}
BYTES = {
    "TiB": 2**40,
    "GiB": 2**30,
    "MiB": 2**20,
    "KiB": 2**10,
    "TB": 10**12,
    "GB": 10**9,
    "MB": 10**6,
    "KB": 10**3,
    "B": 1,
}
_AMOUNTS = "90 or 90s, 10min, 2h, 3d, 1000 frames"
_TIMES = "90 or 90s, 10min, 2h, 3d"
_SIZES = "256MiB, 1GiB, 5GB, or a number of bytes"
_SEGMENTS = "a time (10min), a size (2GB) or frames (1000 frames)"

# 15 digits: what a float still holds exactly, and more than any disk or experiment.
_QUANTITY = re.compile(r"([0-9]{1,15}(?:\.[0-9]{0,30})?)\s*([A-Za-z]*)")


@dataclass(frozen=True, slots=True)
class Amount:
    """How much to record: either a time or a number of frames.

    Parameters
    ----------
    seconds
        Above 0, or None.
    frames
        At least 1, or None. Exactly one of the two is given.

    Raises
    ------
    ConfigError
        For none or both of them, and for zero, negative and endless amounts.
    """

    seconds: float | None = None
    frames: int | None = None

    def __post_init__(self) -> None:
        if (self.seconds is None) == (self.frames is None):
            raise ConfigError("an amount is either seconds or frames")
        value = self.frames if self.seconds is None else self.seconds
        if value is None or not math.isfinite(value) or value <= 0:
            raise ConfigError(f"{value}: must be more than 0")

    def __str__(self) -> str:
        if self.frames is not None:
            return f"{self.frames} frame" + ("" if self.frames == 1 else "s")
        seconds = self.seconds or 0.0
        unit = next(u for u, n in SECONDS.items() if seconds % n == 0 or u == "s")
        # Through Decimal, as repr writes 1e-05, which nobody types and `parse_amount` refuses.
        number = format(Decimal(repr(float(seconds / SECONDS[unit]))), "f")
        return f"{number.removesuffix('.0')}{unit}"


def parse_amount(value: object) -> Amount:
    """Return the amount that a config or a command line gives.

    Parameters
    ----------
    value
        An `Amount`, seconds as a number, or a text: ``90``, ``90s``, ``10min``, ``2h``,
        ``3d``, ``1000 frames``.

    Raises
    ------
    ConfigError
        With the value and what is accepted.
    """
    if isinstance(value, Amount):
        return value
    number, unit = _split(value, _AMOUNTS)
    if unit.lower() in ("frame", "frames"):
        if not number.is_integer():
            _refuse(value, "frames cannot be divided", _AMOUNTS)
        return Amount(frames=int(number))
    factor = SECONDS.get(unit.lower() or "s")
    if factor is None:
        _refuse(value, f"unknown unit {unit}", _AMOUNTS)
    return Amount(seconds=number * factor)


def parse_seconds(value: object) -> float:
    """Return the seconds that a config gives where frames would make no sense.

    Raises
    ------
    ConfigError
        With the value and what is accepted.
    """
    try:
        seconds = parse_amount(value).seconds
    except ConfigError:
        seconds = None
    if seconds is None:
        _refuse(value, "not understood", _TIMES)
    return seconds


@dataclass(frozen=True, slots=True)
class Segment:
    """After how much a recording goes on in a new file: a time, frames, or a size on disk.

    Parameters
    ----------
    amount
        Seconds or frames, counted from the recording's first frame on; None if it is a size.
    size
        Bytes on disk; None if it is an amount.
    """

    amount: Amount | None = None
    size: int | None = None

    def __str__(self) -> str:
        return str(self.amount) if self.size is None else format_size(self.size)


SHORTEST_SEGMENT_S = 1.0
SMALLEST_SEGMENT = 2**20


def parse_segment(value: object) -> Segment:
    """Return the segment that a config gives.

    Parameters
    ----------
    value
        A `Segment`, seconds as a number, or a text: ``10min``, ``2GB``, ``1000 frames``.

    Raises
    ------
    ConfigError
        With the value and what is accepted; also where files would follow too fast on each other.
    """
    if isinstance(value, Segment):
        return value
    segment = _segment(value)
    seconds = None if segment.amount is None else segment.amount.seconds
    if seconds is not None and seconds < SHORTEST_SEGMENT_S:
        _refuse(value, "a file lasts at least 1 s", _SEGMENTS)
    if segment.size is not None and segment.size < SMALLEST_SEGMENT:
        _refuse(value, "a file holds at least 1MiB", _SEGMENTS)
    return segment


def _segment(value: object) -> Segment:
    try:
        return Segment(amount=parse_amount(value))
    except ConfigError:
        pass
    try:
        return Segment(size=parse_size(value))
    except ConfigError:
        reason = "must be more than 0" if _is_no_more_than_0(value) else "not understood"
        _refuse(value, reason, _SEGMENTS)


def _is_no_more_than_0(value: object) -> bool:
    return bool(re.match(r"\s*(-|0+(\.0*)?\s*[A-Za-z]*\s*$)", str(value)))


def parse_size(value: object) -> int:
    """Return the bytes that a config gives.

    Parameters
    ----------
    value
        Bytes as a whole number, or a text: ``256MiB`` (2**20 bytes each), ``5GB`` (10**9).

    Raises
    ------
    ConfigError
        With the value and what is accepted.
    """
    if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 2**63:
        return value  # exactly, as what was parsed once is parsed again by a camera's process
    number, unit = _split(value, _SIZES)
    factor = {name.lower(): size for name, size in BYTES.items()}.get(unit.lower() or "b")
    if factor is None:
        # M and G alone mean 2**20 to some and 10**6 to others: we do not guess.
        _refuse(value, f"unknown unit {unit}", _SIZES)
    # Decimal sizes need not be whole bytes, so 1.3GiB is rounded; 1.5 bytes are a mistake.
    if factor == 1 and not number.is_integer():
        _refuse(value, "bytes cannot be divided", _SIZES)
    return max(1, round(number * factor))


def parse_reserve(value: object) -> int:
    """Return the bytes that a config gives, where 0 has a meaning too; see `parse_size`."""
    return 0 if value in (0, "0") and value is not False else parse_size(value)


def format_size(size: int) -> str:
    """Return bytes in the largest unit that gives them exactly: `parse_size` reads it back."""
    for unit, factor in sorted(BYTES.items(), key=lambda item: -item[1]):
        if size and size % factor == 0:
            return f"{size // factor}{unit}"
    return f"{size}B"


def _split(value: object, accepted: str) -> tuple[float, str]:
    """Split into a number above 0 and its unit, which may be empty."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        _refuse(value, "not understood", accepted)
    text = value.strip() if isinstance(value, str) else format(Decimal(repr(value)), "f")
    match = _QUANTITY.fullmatch(text)
    if match is None:
        reason = "must be more than 0" if text.startswith("-") else "not understood"
        _refuse(value, reason, accepted)
    number = float(match[1])
    if number <= 0:
        _refuse(value, "must be more than 0", accepted)
    return number, match[2]


def _refuse(value: object, reason: str, accepted: str) -> NoReturn:
    """Raise with the value, what is wrong with it and what would be right."""
    shown = str(redact_all(value))
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    raise ConfigError(f"{shown}: {reason}; accepted: {accepted}")
