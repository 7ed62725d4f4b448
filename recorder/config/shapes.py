"""How single values are written in a config file, as JSON Schema for editors.

A shape may accept a little more than the parser beside it, which has the last word, but never less:
an editor must not mark what is right. Only keywords are used that the draft of 2020-12 and those
before it read alike, as editors are often years behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import WithJsonSchema

from recorder.config.quantities import BYTES, SECONDS
from recorder.config.times import FULL_WEEKDAYS, WEEKDAYS

_NUMBER = r"[0-9]{1,15}(\.[0-9]{0,30})?"
_LARGEST_PX = 65535


def _either_case(text: str) -> str:
    """Return a pattern; JSON Schema has no flag for it."""
    return "".join(f"[{c.upper()}{c.lower()}]" if c.isalpha() else c for c in text)


def _quantity(*units: str) -> dict[str, Any]:
    """Return the shape of a text with a number above 0 and, where one is needed, its unit."""
    known = "|".join(_either_case(unit) for unit in units)
    return {"type": "string", "pattern": rf"^(?=.*[1-9])\s*{_NUMBER}\s*({known})?\s*$"}


def _any(*shapes: dict[str, Any], examples: Iterable[Any]) -> WithJsonSchema:
    return WithJsonSchema({"anyOf": list(shapes), "examples": list(examples)})


def _pixels(least: list[int], example: list[int]) -> WithJsonSchema:
    """Return the shape of a list of whole numbers, each with a least one of its own."""
    item = {"type": "integer", "minimum": min(least), "maximum": _LARGEST_PX}
    shape: dict[str, Any] = {"type": "array", "items": item, "examples": [example]}
    shape.update(minItems=len(least), maxItems=len(least))
    if len(set(least)) > 1:  # apart from `items`, which would mean the rest beside it
        shape["allOf"] = [{"prefixItems": [{"minimum": n} for n in least]}]
    return WithJsonSchema(shape)


def _weekday(day: str) -> str:
    """Return a pattern for three letters of a weekday or more: mon(d(a(y)?)?)?."""
    rest = [f"({_either_case(letter)}" for letter in day[3:]]
    return _either_case(day[:3]) + "".join(rest) + ")?" * len(rest)


_BYTES = {"type": "integer", "minimum": 1}
_SIZE = _quantity(*BYTES)
_SECONDS = _quantity(*SECONDS)
_AMOUNT = _quantity(*SECONDS, "frames", "frame")
_NONEMPTY = {"type": "string", "pattern": r"\S"}

SIZE = _any(_BYTES, _SIZE, examples=["256MiB", "1GiB", "5GB"])
RESERVE = _any({"type": "integer", "minimum": 0}, _SIZE, {"const": "0"}, examples=["1GiB", "5GB"])
TIME = _any(
    {"type": "number", "exclusiveMinimum": 0}, _SECONDS, examples=["90s", "10min", "2h", "14d"]
)
DURATION = _any(
    {"type": "number", "exclusiveMinimum": 0},
    _AMOUNT,
    examples=["10s", "10min", "2h", "3d", "1000 frames"],
)
SEGMENT = _any(
    {"type": "number", "minimum": 1},
    _quantity(*SECONDS, "frames", "frame", *BYTES),
    examples=["10min", "1h", "2GB", "1000 frames"],
)
RATE = _any(
    {"type": "number", "exclusiveMinimum": 0, "maximum": 1e6},
    {"const": "max"},
    examples=[30, 60, "max"],
)
FOLDER = WithJsonSchema(_NONEMPTY)
FRAME_SIZE = _pixels([1, 1], [1280, 720])
CROP = _pixels([0, 0, 1, 1], [0, 0, 640, 480])
VALUE = WithJsonSchema({"type": ["string", "number", "boolean"]})
META_VALUE = WithJsonSchema({"type": ["string", "number", "boolean", "null"]})

_ON_THE_CAMERA = {"type": ["string", "integer"], "pattern": r"^(?=.*\S)[^\x00-\x1f\x7f]+$"}
SOURCE = _any(
    {"type": "integer", "minimum": 0},
    {**_ON_THE_CAMERA, "type": "string"},
    {
        "type": "object",
        "properties": {"name": _ON_THE_CAMERA, "serial": _ON_THE_CAMERA},
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    },
    examples=["synthetic", 0, {"serial": "0042"}, "clip.mkv", "frames_%04d.png", "rtsp://host/1"],
)

_CLOCK = r"(([01]?[0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9])?|24:00(:00)?)"
MOMENT = WithJsonSchema(
    {
        "type": "string",
        "pattern": r"^\s*[0-9]{4}-?W?[0-9]{2}",
        "examples": ["2026-12-24", "2026-12-24 18:00"],
    }
)
HOURS = WithJsonSchema(
    {
        "type": "string",
        "pattern": rf"^\s*{_CLOCK}\s*[-\u2013]\s*{_CLOCK}\s*$",
        "examples": ["08:00-18:00", "22:00-06:00"],
    }
)
_WEEKDAY = "|".join(_weekday(day) for day in FULL_WEEKDAYS)
WEEKDAY_LIST = WithJsonSchema(
    {
        "type": "array",
        "minItems": 1,
        "items": {
            "anyOf": [
                {"enum": list(WEEKDAYS)},  # what an editor offers
                {"type": "string", "pattern": rf"^\s*({_WEEKDAY})\s*$"},
            ]
        },
        "examples": [["mon", "tue", "wed", "thu", "fri"]],
    }
)
TIMEZONE = WithJsonSchema({**_NONEMPTY, "examples": ["Europe/Berlin", "UTC"]})
COMMAND = WithJsonSchema(
    {
        "type": "array",
        "minItems": 1,
        "items": {"type": "string"},
        "allOf": [{"prefixItems": [_NONEMPTY]}],
        "examples": [["notify-send", "recorder"]],
    }
)


def some_of(words: Iterable[str]) -> WithJsonSchema:
    """Return the shape of a list of known words."""
    return WithJsonSchema({"type": "array", "minItems": 1, "items": {"enum": list(words)}})
