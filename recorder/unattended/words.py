"""A schedule in words; pure functions, local time of the schedule's own zone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from recorder import readout
from recorder.unattended.schedule import Window, upcoming
from recorder.unattended.zone import Zone

if TYPE_CHECKING:
    from recorder.config import ScheduleConfig


def when(moment: datetime, now: datetime) -> str:
    """Return a local time: ``Fri 27 Nov 22:00 CET``, with year and seconds where they matter."""
    year = " %Y" if moment.year != now.year else ""
    seconds = ":%S" if moment.second else ""
    return moment.strftime(f"%a {moment.day} %b{year} %H:%M{seconds} %Z")


def describe(schedule: ScheduleConfig, now: datetime) -> str:
    """Return when the next recording begins, and how long it may last.

    Parameters
    ----------
    schedule
        As configured.
    now
        Aware of its time zone.
    """
    window = next(upcoming(schedule, now), None)
    if window is None:
        return "never: the time of the schedule is over"
    return begins(window, schedule, now) + ends(window, schedule, now)


def begins(window: Window, schedule: ScheduleConfig, now: datetime) -> str:
    """Return ``Fri 27 Nov 22:00 CET (in 5 h 3 min)``, or ``at once``."""
    left_s = (window.begin - now).total_seconds()
    if left_s <= 0:
        return "at once"
    zone = Zone(schedule.timezone)
    return f"{when(zone.local(window.begin), zone.local(now))} (in {readout.span(left_s)})"


def ends(window: Window, schedule: ScheduleConfig, now: datetime) -> str:
    """Return ``, until Sat 28 Nov 06:00 CET at the latest``; nothing if there is no such limit."""
    if window.end is None or schedule.every is not None:
        return ""
    zone = Zone(schedule.timezone)
    return f", until {when(zone.local(window.end), zone.local(now))} at the latest"
