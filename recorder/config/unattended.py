"""The parts of a config for recorders that nobody watches: when, and who is told."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import (
    BeforeValidator,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    field_validator,
)

from recorder.config import shapes, times
from recorder.config.base import Problem, Section, show
from recorder.config.fields import Folder, Seconds, Size, Whole
from recorder.config.times import DayPart

Moment = Annotated[
    datetime,
    PlainValidator(times.moment),
    PlainSerializer(datetime.isoformat, return_type=str),
    shapes.MOMENT,
]
Hours = Annotated[
    DayPart,
    PlainValidator(times.day_part),
    PlainSerializer(str, return_type=str),
    shapes.HOURS,
]
Weekdays = Annotated[tuple[str, ...], BeforeValidator(times.weekdays), shapes.WEEKDAY_LIST]
TimeZone = Annotated[str, PlainValidator(times.timezone), shapes.TIMEZONE]
SHORTEST_EVERY_S = 10.0


class ScheduleConfig(Section):
    """When recordings are made. Without any key: at once, and once.

    Parameters
    ----------
    start
        Date, maybe with a time: nothing begins before, as 2026-12-24 18:00. None: now.
    until
        Date, maybe with a time: nothing lasts beyond. None: no end.
    hours
        The part of every day in which is recorded, as 08:00-18:00; 22:00-06:00 is across midnight.
        None: all day.
    weekdays
        Days on which such a part begins: mon, tue, wed, thu, fri, sat, sun. None: every day.
    every
        Within each part, a recording every so often (s, min, h, d; at least 10s), of
        ``recording.duration``. None: one recording for each part.
    repeats
        How many recordings there are. None: no end.
    timezone
        Of all these, as Europe/Berlin. None: the system's.
    """

    start: Moment | None = None
    until: Moment | None = None
    hours: Hours | None = None
    weekdays: Weekdays | None = None
    every: Seconds | None = None
    repeats: Annotated[int, Whole(1, 10**9)] | None = None
    timezone: TimeZone | None = None

    @field_validator("until")
    @classmethod
    def _after_start(cls, until: datetime | None, info: ValidationInfo) -> datetime | None:
        start = info.data.get("start")
        if until is not None and start is not None and until.astimezone() <= start.astimezone():
            raise Problem("must be later than start")
        return until

    @field_validator("every")
    @classmethod
    def _time_to_open(cls, every: float | None) -> float | None:
        if every is not None and every < SHORTEST_EVERY_S:
            raise Problem("at least 10s: cameras need time to open")
        return every

    @field_validator("repeats")
    @classmethod
    def _something_repeats(cls, repeats: int | None, info: ValidationInfo) -> int | None:
        named = any(info.data.get(key) is not None for key in ("hours", "weekdays", "every"))
        is_known = {"hours", "weekdays", "every"} <= info.data.keys()  # the others are wrong first
        if repeats is not None and repeats > 1 and is_known and not named:
            raise Problem("needs hours, weekdays or every: else there is one recording")
        return repeats

    @property
    def is_given(self) -> bool:
        """Whether there is anything to wait for."""
        return any(getattr(self, n) is not None for n in type(self).model_fields if n != "timezone")


class LogConfig(Section):
    """A log for programs, one JSON object a line, beside what is said to people.

    Parameters
    ----------
    file
        Where it goes, relative to the working folder. None: no such log.
    max_size
        Bytes, as 10MB, after which the file is put aside as FILE.1 for a new one.
    keep
        How many of those are kept, 1 to 1000.
    """

    file: Folder | None = None
    max_size: Size = 10 * 10**6
    keep: Annotated[int, Whole(1, 1000)] = 5


class MetricsConfig(Section):
    """What Prometheus reads.

    Parameters
    ----------
    port
        TCP port, 1 to 65535; read at http://ADDRESS:PORT/metrics. None: no such server.
    address
        Of this machine; others can read it only if it is not the loopback.
    """

    port: Annotated[int, Whole(1, 65535)] | None = None
    address: str = "127.0.0.1"


EVENTS = ("start", "segment", "failure", "end")


def _command(value: Any) -> tuple[str, ...]:
    """Accept a program with its arguments; a list, so that no shell has to be guessed."""
    texts = isinstance(value, list | tuple) and value and all(type(each) is str for each in value)
    if not texts or not value[0].strip() or any("\0" in each for each in value):
        raise Problem(f"{show(value)}: accepted: a list of a program and its arguments")
    return tuple(value)


def _events(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value or any(e not in EVENTS for e in value):
        raise Problem(f"{show(value)}: accepted: a list of {', '.join(EVENTS)}")
    return tuple(event for event in EVENTS if event in value)


Command = Annotated[tuple[str, ...], BeforeValidator(_command), shapes.COMMAND]
Events = Annotated[tuple[str, ...], BeforeValidator(_events), shapes.some_of(EVENTS)]


class HookConfig(Section):
    """A program that is told what happens, through its environment.

    Parameters
    ----------
    command
        Program and arguments, a list, run without a shell; the facts are in its environment
        (RECORDER_EVENT and others). None: none.
    on
        For which events: start, segment, failure, end.
    timeout
        Time after which it is ended: s, min, h.
    """

    command: Command | None = None
    on: Events = EVENTS
    timeout: Seconds = 30.0


__all__ = ["EVENTS", "HookConfig", "LogConfig", "MetricsConfig", "ScheduleConfig"]
