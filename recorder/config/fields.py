"""The types of single values of a config, with error messages in our own words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator

from recorder.config import shapes
from recorder.config.base import Problem, checked, plain, show
from recorder.config.names import Plain
from recorder.config.quantities import (
    Amount,
    Segment,
    parse_amount,
    parse_reserve,
    parse_seconds,
    parse_segment,
    parse_size,
)
from recorder.config.sources import Source, parse_source, plain_source

_LARGEST_PX = 65535


def pixels(what: str, count: int) -> Any:
    """Return a validator for a list of `count` whole numbers of pixels."""

    def run(value: Any) -> tuple[int, ...]:
        fits = isinstance(value, list | tuple) and len(value) == count
        if not fits or any(type(n) is not int or not 0 <= n <= _LARGEST_PX for n in value):
            raise Problem(f"{show(value)}: accepted: {what}, whole numbers of pixels")
        if min(value[-2:]) < 1:
            raise Problem(f"{show(value)}: width and height are at least 1 pixel")
        return tuple(value)

    # Before, not instead of, pydantic's own: PlainValidator dumps tuples to JSON with a warning.
    return BeforeValidator(run)


def fps(value: Any) -> float | Literal["max"]:
    """Accept a rate above 0, or max."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if value == "max" or (is_number and 0 < value <= 1e6):
        return value if value == "max" else float(value)
    raise Problem(f"{show(value)}: accepted: frames per second, more than 0, or max")


@dataclass(frozen=True)
class Whole:
    """Marks a whole number within limits."""

    least: int
    most: int

    def check(self, value: Any) -> int:
        """Return the number, or raise a `Problem`."""
        if type(value) is not int or not self.least <= value <= self.most:
            raise Problem(f"{show(value)}: accepted: a whole number, {self.least} to {self.most}")
        return value

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """Tell pydantic how it is checked."""
        return PlainValidator(self.check).__get_pydantic_core_schema__(source, handler)

    def __get_pydantic_json_schema__(self, schema: Any, handler: Any) -> dict[str, Any]:
        """Tell editors the same."""
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


def folder(value: Any) -> Path:
    """Accept a folder, also one that begins with ~."""
    if not isinstance(value, str | Path) or not str(value).strip() or "\0" in str(value):
        raise Problem(f"{show(value)}: accepted: a folder, made when missing")
    try:
        return Path(plain(str(value))).expanduser()  # type: ignore[arg-type]
    except RuntimeError as error:
        raise Problem(f"{show(value)}: {error}") from None


Reserve = Annotated[int, PlainValidator(checked(parse_reserve)), shapes.RESERVE]
Size = Annotated[int, PlainValidator(checked(parse_size)), shapes.SIZE]
Rate = Annotated[float | Literal["max"], PlainValidator(fps), shapes.RATE]
Folder = Annotated[Path, BeforeValidator(folder), shapes.FOLDER]
Duration = Annotated[
    Amount,
    PlainValidator(checked(parse_amount)),
    PlainSerializer(str, return_type=str),
    shapes.DURATION,
]
Seconds = Annotated[float, PlainValidator(checked(parse_seconds)), shapes.TIME]
SegmentSize = Annotated[
    Segment,
    PlainValidator(checked(parse_segment)),
    PlainSerializer(str, return_type=str),
    shapes.SEGMENT,
]
Value = Annotated[float | int | bool | str, PlainValidator(plain), shapes.VALUE]
MetaValue = Annotated[Plain, PlainValidator(plain), shapes.META_VALUE]
AnySource = Annotated[
    Source,
    PlainValidator(checked(parse_source)),
    PlainSerializer(plain_source, return_type=object),
    shapes.SOURCE,
]
Count = Annotated[int, Field(ge=0)]
FrameSize = Annotated[tuple[int, int], pixels("[width, height]", 2), shapes.FRAME_SIZE]
Crop = Annotated[tuple[int, int, int, int], pixels("[x, y, width, height]", 4), shapes.CROP]
