"""What `recorder record --dry-run` prints: the recordings to come."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

from recorder import readout
from recorder.unattended.schedule import Window, upcoming
from recorder.unattended.words import when
from recorder.unattended.zone import Zone

if TYPE_CHECKING:
    from recorder.config import Config

MOST = 10
_COUNTED = 1000


class Plan:
    """The recordings to come, as seen from a moment.

    Parameters
    ----------
    config
        With or without a schedule.
    now
        Aware of its time zone.
    """

    def __init__(self, config: Config, now: datetime) -> None:
        self._schedule = config.schedule
        self._zone = Zone(config.schedule.timezone)
        self._now = now
        durations = [camera.recording.duration for camera in config.cameras.values()]
        self._frames = " or ".join({str(d): None for d in durations if d and d.frames})
        seconds = [d.seconds for d in durations if d is not None and d.seconds is not None]
        # The camera that records longest; one without a duration has only the window's end.
        self._longest_s = max(seconds) if len(seconds) == len(durations) else None
        found = list(islice(upcoming(config.schedule, now), _COUNTED + 1))
        self._windows, self._count, self._last = found[:MOST], len(found), found[-1:]

    def as_list(self) -> list[dict[str, Any]]:
        """Return plain values for JSON: begin and end of each, in local time."""
        return [
            {"begin": self._iso(w.begin), "end": self._iso(self._end(w))} for w in self._windows
        ]

    def lines(self) -> Iterator[str]:
        """Give it in words."""
        if not self._windows:
            yield "would record nothing: the time of the schedule is over"
        elif not self._schedule.is_given:
            yield f"would record at once, {self._length(self._windows[0])}; there is no schedule"
        else:
            yield from self._table()

    def _table(self) -> Iterator[str]:
        yield "would record:"
        for number, window in enumerate(self._windows, 1):
            yield f"  {number:>2}  {self._show(window.begin)}, {self._length(window)}"
        more = self._count - len(self._windows)
        if more and self._schedule.repeats is None and self._schedule.until is None:
            yield "and so on, without an end"
        elif self._count > _COUNTED:
            yield f"and more than {_COUNTED - MOST} more"
        elif more:
            yield f"and {more} more; the last one {self._show(self._last[0].begin)}"

    def _length(self, window: Window) -> str:
        """Return until when, or for how long."""
        end = self._end(window)
        if end is None:
            return f"{self._frames} long" if self._frames else "until it is stopped"
        shown = f"until {self._show(end)} ({readout.span((end - window.begin).total_seconds())})"
        return f"{self._frames}, {shown} at the latest" if self._frames else shown

    def _end(self, window: Window) -> datetime | None:
        if self._longest_s is None:
            return window.end
        end = window.begin + timedelta(seconds=self._longest_s)
        return end if window.end is None else min(end, window.end)

    def _show(self, moment: datetime) -> str:
        return when(self._zone.local(moment), self._zone.local(self._now))

    def _iso(self, moment: datetime | None) -> str | None:
        return None if moment is None else self._zone.local(moment).isoformat(timespec="seconds")
