"""From wall time to instants and back, also on the days on which clocks are changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

_RESOLUTION = timedelta(microseconds=1)


class Zone:
    """A time zone.

    All instants are in UTC: between two times of one zone Python subtracts what clocks show, so
    that the night on which they are changed would be an hour too long or too short.

    Parameters
    ----------
    name
        In the IANA database; None: the system's own, for which no such database is needed.
    """

    def __init__(self, name: str | None = None) -> None:
        self._zone: tzinfo | None = None if name is None else ZoneInfo(name)

    def local(self, instant: datetime) -> datetime:
        """Return what clocks show at an instant."""
        return instant.astimezone(self._zone)

    def instant(self, wall: datetime, last: bool = False) -> datetime:
        """Return the instant at which clocks show this.

        Parameters
        ----------
        wall
            Without a time zone. If clocks skip it, the instant at which they do.
        last
            Which one if they show it twice.
        """
        found = self._read(wall, fold=int(last))
        if self.local(found).replace(tzinfo=None) == wall:
            return found
        # Which of them is which differs between zoneinfo and the system's own zone.
        return self._gap(*sorted(self._read(wall, fold) for fold in (0, 1)))

    def midnight(self, day: date, last: bool = False) -> datetime:
        """Return the instant at which a day begins."""
        return self.instant(datetime.combine(day, time()), last)

    def _read(self, wall: datetime, fold: int) -> datetime:
        return wall.replace(tzinfo=self._zone, fold=fold).astimezone(UTC)

    def _gap(self, before: datetime, after: datetime) -> datetime:
        """Return the instant between two at which clocks are set forward."""
        offset = self.local(before).utcoffset()
        while after - before > _RESOLUTION:
            middle = before + (after - before) // 2
            if self.local(middle).utcoffset() == offset:
                before = middle
            else:
                after = middle
        return after
