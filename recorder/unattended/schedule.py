"""When recordings are made: from the config's schedule and a moment to the windows to come.

::

    hours, weekdays      parts of the time      ├────────┤            ├────────┤
    start, until         cut them                  ├─────┤            ├───┤
    every                begins within each        ├─┤├─┤│            ├─┤├┤
    repeats              counts what is left       1  2               3

Nothing here reads a clock or waits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from typing import TYPE_CHECKING

from recorder.unattended.zone import Zone

if TYPE_CHECKING:
    from recorder.config import DayPart, ScheduleConfig

JOIN_S = 1.0
"""A recording of ``every`` that should have begun so long ago is still made."""

_DAY = timedelta(days=1)
_LONGEST = 365 * 400 * _DAY
# Beyond these some systems cannot tell local time; nobody's schedule is.
_FIRST = datetime(1971, 1, 1, tzinfo=UTC)
_LAST = datetime(2999, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Window:
    """A time in which one recording is made; both in UTC.

    Parameters
    ----------
    begin
        When it begins.
    end
        When it ends at the latest; None: when it is stopped.
    """

    begin: datetime
    end: datetime | None = None


def upcoming(
    schedule: ScheduleConfig,
    now: datetime,
    *,
    done: int = 0,
    since: datetime | None = None,
    late_s: float = JOIN_S,
) -> Iterator[Window]:
    """Give the windows to come, in order; none overlaps another.

    What is under way begins now, with what is left of it. A recording of ``every`` is not: it has
    been made or missed, and the next one is waited for.

    Parameters
    ----------
    schedule
        As configured.
    now
        Aware of its time zone, as all moments here.
    done
        How many recordings have been made already: fewer are left of ``repeats``.
    since
        Those of ``every`` are counted from midnight of this day if nothing else says from when;
        None: of today.
    late_s
        A recording of ``every`` that should have begun so long ago is still made.
    """
    plan = _Plan(schedule, now.astimezone(UTC), since)
    left = None if schedule.repeats is None else max(0, schedule.repeats - done)
    if plan.is_single:
        left = 0 if done else 1
    return islice(plan.windows(timedelta(seconds=late_s)), left)


class _Plan:
    """A schedule, seen from a moment."""

    def __init__(self, schedule: ScheduleConfig, now: datetime, since: datetime | None) -> None:
        self._hours = schedule.hours
        days = schedule.weekdays or ()
        self._days = frozenset(days) if 0 < len(days) < 7 else None
        self._every = schedule.every
        self._zone = Zone(schedule.timezone)
        self._start = self._bound(schedule.start, last=False)
        self._until = self._bound(schedule.until, last=True)
        self._now = now
        self._since = since or now

    @property
    def is_single(self) -> bool:
        """Whether there is one recording, and no more."""
        return self._hours is None and self._days is None and self._every is None

    def _bound(self, moment: datetime | None, last: bool) -> datetime | None:
        if moment is None:
            return None
        if not _FIRST.year < moment.year < _LAST.year:
            return _FIRST if moment.year <= _FIRST.year else _LAST
        if moment.tzinfo is None:
            return self._zone.instant(moment, last)
        return moment.astimezone(UTC)

    def windows(self, late: timedelta) -> Iterator[Window]:
        """Give one window after the other, as if there were no ``repeats``."""
        for part in self._parts():
            begin = part.begin if self._start is None else max(part.begin, self._start)
            end = part.end if self._until is None else min(part.end or _LAST, self._until)
            if begin >= (self._until or _LAST):
                return
            if end is not None and end <= max(begin, self._now):
                continue
            if self._every is None:
                yield Window(max(begin, self._now), end)
            else:
                yield from _slots(Window(begin, end), self._every, self._now - late)

    # -- parts of the time, before `start` and `until` cut them -------------------------------

    def _parts(self) -> Iterator[Window]:
        if self._hours is not None:
            return self._daily(self._hours)
        if self._days is not None:
            return self._whole_days()
        anchor = self._start or self._zone.midnight(self._zone.local(self._since).date())
        return iter([Window(anchor)])

    def _daily(self, hours: DayPart) -> Iterator[Window]:
        """Give the hours of each day. In the night clocks are set back two may meet, or overlap."""
        before = _FIRST
        for day in self._dates():
            last = day + _DAY if hours.is_past_midnight else day
            begin = self._zone.instant(datetime.combine(day, hours.begin))
            end = self._zone.instant(datetime.combine(last, hours.end), last=True)
            begin = max(begin, before)
            if begin < end:  # not: clocks skip all of it
                yield Window(begin, end)
                before = end

    def _whole_days(self) -> Iterator[Window]:
        """Give days; those that follow one another as one."""
        first: date | None = None
        for day, after in pairwise(self._dates()):
            first = first or day
            if after != day + _DAY:
                begin, end = self._zone.midnight(first), self._zone.midnight(day + _DAY, last=True)
                yield Window(begin, end)
                first = None

    def _dates(self) -> Iterator[date]:
        """Give the days on which a part may begin, from before the first that matters."""
        from recorder.config.times import WEEKDAYS

        begin = min(max(self._now, self._start or _FIRST), _LAST)
        # A week: as many days as can follow one another without being all of them, and more.
        day = self._zone.local(begin).date() - 8 * _DAY
        while day < _LAST.date():
            if self._days is None or WEEKDAYS[day.weekday()] in self._days:
                yield day
            day += _DAY


def _slots(part: Window, every_s: float, earliest: datetime) -> Iterator[Window]:
    """Give the recordings within a part; of real seconds, whatever clocks do."""
    step = min(timedelta(seconds=min(every_s, _LONGEST.total_seconds())), _LONGEST)
    skipped = max(0, -((part.begin - earliest) // step))
    begin = part.begin + min(skipped * step, _LONGEST * 3)
    while begin < (part.end or _LAST):
        yield Window(begin, begin + step if part.end is None else min(begin + step, part.end))
        begin += step
