"""Which recording comes next, after those that were made or failed, and however clocks are set."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from recorder.unattended.schedule import JOIN_S, Window, upcoming

if TYPE_CHECKING:
    from recorder.config import ScheduleConfig
    from recorder.unattended.account import Recording

LATE_S = 10.0
"""A recording whose time came while the last one was being closed is made, if so late at most."""
RETRY_S, LONGEST_RETRY_S = 60.0, 600.0
"""What is left of a part whose recording failed is tried again after so long, then twice that."""
SET_BACK = timedelta(seconds=60)
"""A clock that is so far behind what was recorded last has been set back."""


class Agenda:
    """The recordings still to be made.

    It is asked again and again, and works everything out anew each time: the clock may have been
    set, or the machine have slept.

    Parameters
    ----------
    schedule
        As configured.
    since
        When the recorder was started.
    """

    def __init__(self, schedule: ScheduleConfig, since: datetime) -> None:
        self._schedule = schedule
        self._since = since
        self._last: Window | None = None
        self._rest: Window | None = None  # of a part whose recording failed
        self._done = self._failed = 0

    def next(self, now: datetime) -> Window | None:
        """Return the window to come or under way; never one that has had its recording."""
        rest = self._rest
        if rest is not None and rest.end is not None:
            if now < rest.end and (rest.begin - now).total_seconds() <= LONGEST_RETRY_S:
                return rest
            self._finish()
        return self._scheduled(now)

    def _scheduled(self, now: datetime) -> Window | None:
        last, moment, late_s = self._last, now, JOIN_S
        if last is not None and now > last.begin - SET_BACK:
            moment = max(now, last.end or now)
            late_s = min(LATE_S, (self._schedule.every or LATE_S) / 2)
        done, since = self._done, self._since
        coming = upcoming(self._schedule, moment, done=done, since=since, late_s=late_s)
        return next(coming, None)

    def note(self, window: Window, recording: Recording, now: datetime) -> None:
        """Take note of a recording that is over.

        If it failed as a whole within hours or days, what is left of them is tried again: else a
        camera that was away for two minutes in the evening would cost the night.
        """
        self._last, self._rest = window, None
        is_part = self._schedule.hours is not None or self._schedule.weekdays is not None
        if is_part and self._schedule.every is None and recording.was_cut_short:
            pause_s = min(LONGEST_RETRY_S, RETRY_S * 2.0 ** min(self._failed, 9))
            begin = now + timedelta(seconds=pause_s)
            if window.end is not None and begin < window.end:
                self._rest = Window(begin, window.end)
                self._failed += 1
                return
        self._finish()

    def _finish(self) -> None:
        self._rest, self._failed = None, 0
        self._done += 1
