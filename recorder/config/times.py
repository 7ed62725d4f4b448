"""Moments, times of day and weekdays as a schedule gives them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from recorder.config.base import Problem, show

FULL_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
WEEKDAYS = tuple(day[:3] for day in FULL_WEEKDAYS)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_MOMENT = "a date and a time, such as 2026-12-24 18:00"


def moment(value: Any) -> datetime:
    """Accept a date, maybe with a time; without an offset it is local time."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime.combine(value, time(0))
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            raise Problem(f"{show(value)}: accepted: {_MOMENT}") from None
    if not isinstance(value, datetime):
        raise Problem(f"{show(value)}: accepted: {_MOMENT}")
    return value


@dataclass(frozen=True, slots=True)
class DayPart:
    """A part of every day, in wall time; it ends on the next day unless `end` is later."""

    begin: time
    end: time

    def __str__(self) -> str:
        end = "24:00" if self.end == time(0) else _show(self.end)
        return f"{_show(self.begin)}-{end}"

    @property
    def is_past_midnight(self) -> bool:
        """Whether it ends on the day after the one on which it begins."""
        return self.end <= self.begin


def _show(clock: time) -> str:
    return clock.isoformat("minutes" if clock.second == 0 else "seconds")


def day_part(value: Any) -> DayPart:
    """Accept a part of the day, such as 22:00-06:00; 24:00 is the end of the day."""
    if isinstance(value, DayPart):
        return value
    sides = re.split(r"\s*[-\u2013]\s*", value.strip()) if isinstance(value, str) else []
    clocks = [_clock(side) for side in sides]
    if len(clocks) != 2 or None in clocks:
        raise Problem(f"{show(value)}: accepted: a part of the day, such as 22:00-06:00")
    begin, end = clocks
    assert begin is not None
    assert end is not None
    return DayPart(begin, end)


def _clock(text: str) -> time | None:
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = (int(part or 0) for part in found.groups())
    if (hour, minute, second) == (24, 0, 0):
        return time(0)
    return time(hour, minute, second) if hour < 24 and minute < 60 and second < 60 else None


def weekdays(value: Any) -> tuple[str, ...]:
    """Accept a list of weekdays, each once, by their first three letters or in full."""
    if not isinstance(value, list | tuple) or not value:
        raise Problem(f"{show(value)}: accepted: a list of {', '.join(WEEKDAYS)}")
    found = []
    for day in value:
        short = day.strip().lower()[:3] if isinstance(day, str) else ""
        if short not in WEEKDAYS or not _FULL[short].startswith(day.strip().lower()):
            raise Problem(f"{show(day)}: accepted: {', '.join(WEEKDAYS)}")
        found.append(short)
    return tuple(day for day in WEEKDAYS if day in found)


_FULL = dict(zip(WEEKDAYS, FULL_WEEKDAYS, strict=True))


def timezone(value: Any) -> str:
    """Accept a time zone by its name in the IANA database."""
    if not isinstance(value, str):
        raise Problem(f"{show(value)}: accepted: a time zone, such as Europe/Berlin")
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise Problem(f"{show(value)}: no such time zone; one is Europe/Berlin") from None
    return value
