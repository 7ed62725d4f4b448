"""When recordings are made: tables, with the days on which clocks are changed."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from recorder.config import ScheduleConfig
from recorder.config.times import WEEKDAYS
from recorder.unattended import describe, upcoming
from recorder.unattended.schedule import Window
from recorder.unattended.zone import Zone

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def at(text: str, zone: str = "UTC") -> datetime:
    """Return the instant that a local time with an offset means, or one without in a zone."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)


def coming(now: str, count: int, zone: str = "UTC", **keys: Any) -> list[tuple[str, str]]:
    """Return the next windows as local times with offsets."""
    schedule = ScheduleConfig(timezone=zone, **keys)
    found = islice(upcoming(schedule, at(now, zone)), count)
    return [(_show(w.begin, zone), _show(w.end, zone)) for w in found]


def _show(moment: datetime | None, zone: str) -> str:
    if moment is None:
        return "-"
    return moment.astimezone(ZoneInfo(zone)).strftime("%a %m-%d %H:%M:%S %z").replace(":00 ", " ")


TABLE = {
    "nothing said: now, until stopped": (
        *("2026-11-26 12:00", "UTC", {}),
        [("Thu 11-26 12:00 +0000", "-")],
    ),
    "start alone": (
        *("2026-11-26 12:00", "UTC", {"start": "2026-12-01 08:00"}),
        [("Tue 12-01 08:00 +0000", "-")],
    ),
    "start is over: now": (
        *("2026-12-02 12:00", "UTC", {"start": "2026-12-01 08:00"}),
        [("Wed 12-02 12:00 +0000", "-")],
    ),
    "until alone": (
        *("2026-11-26 12:00", "UTC", {"until": "2026-11-27"}),
        [("Thu 11-26 12:00 +0000", "Fri 11-27 00:00 +0000")],
    ),
    "until is over": (*("2026-11-28 12:00", "UTC", {"until": "2026-11-27"}), []),
    "start with an offset of its own": (
        *("2026-11-26 12:00", BERLIN, {"start": "2026-12-01T08:00:00+05:30"}),
        [("Tue 12-01 03:30 +0100", "-")],
    ),
    "hours, before them": (
        *("2026-11-26 06:00", "UTC", {"hours": "08:00-18:00"}),
        [
            ("Thu 11-26 08:00 +0000", "Thu 11-26 18:00 +0000"),
            ("Fri 11-27 08:00 +0000", "Fri 11-27 18:00 +0000"),
        ],
    ),
    "hours under way: what is left of them": (
        *("2026-11-26 17:30", "UTC", {"hours": "08:00-18:00"}),
        [
            ("Thu 11-26 17:30 +0000", "Thu 11-26 18:00 +0000"),
            ("Fri 11-27 08:00 +0000", "Fri 11-27 18:00 +0000"),
        ],
    ),
    "hours that have just ended": (
        *("2026-11-26 18:00", "UTC", {"hours": "08:00-18:00"}),
        [("Fri 11-27 08:00 +0000", "Fri 11-27 18:00 +0000")],
    ),
    "across midnight and the year's end": (
        *("2026-12-31 12:00", "UTC", {"hours": "22:00-06:00"}),
        [
            ("Thu 12-31 22:00 +0000", "Fri 01-01 06:00 +0000"),
            ("Fri 01-01 22:00 +0000", "Sat 01-02 06:00 +0000"),
        ],
    ),
    "across midnight, in the morning": (
        *("2027-01-01 05:00", "UTC", {"hours": "22:00-06:00"}),
        [
            ("Fri 01-01 05:00 +0000", "Fri 01-01 06:00 +0000"),
            ("Fri 01-01 22:00 +0000", "Sat 01-02 06:00 +0000"),
        ],
    ),
    "a night belongs to the day on which it begins": (
        *("2026-11-28 03:00", "UTC", {"hours": "22:00-06:00", "weekdays": ["fri"]}),
        [
            ("Sat 11-28 03:00 +0000", "Sat 11-28 06:00 +0000"),
            ("Fri 12-04 22:00 +0000", "Sat 12-05 06:00 +0000"),
        ],
    ),
    "and not to the one on which it ends": (
        *("2026-11-28 03:00", "UTC", {"hours": "22:00-06:00", "weekdays": ["sat"]}),
        [("Sat 11-28 22:00 +0000", "Sun 11-29 06:00 +0000")],
    ),
    "until cuts a night": (
        *(
            "2026-11-28 12:00",
            "UTC",
            {"hours": "22:00-06:00", "start": "2026-11-28 23:00", "until": "2026-11-30 01:00"},
        ),
        [
            ("Sat 11-28 23:00 +0000", "Sun 11-29 06:00 +0000"),
            ("Sun 11-29 22:00 +0000", "Mon 11-30 01:00 +0000"),
        ],
    ),
    "a leap day": (
        *("2028-02-28 12:00", "UTC", {"hours": "08:00-09:00"}),
        [
            ("Tue 02-29 08:00 +0000", "Tue 02-29 09:00 +0000"),
            ("Wed 03-01 08:00 +0000", "Wed 03-01 09:00 +0000"),
        ],
    ),
    "all hours: a recording a day": (
        *("2026-11-26 12:00", "UTC", {"hours": "00:00-24:00"}),
        [
            ("Thu 11-26 12:00 +0000", "Fri 11-27 00:00 +0000"),
            ("Fri 11-27 00:00 +0000", "Sat 11-28 00:00 +0000"),
        ],
    ),
    "weekdays alone: days that follow one another are one": (
        *("2026-11-26 12:00", "UTC", {"weekdays": ["sat", "sun", "mon", "wed"]}),
        [
            ("Sat 11-28 00:00 +0000", "Tue 12-01 00:00 +0000"),
            ("Wed 12-02 00:00 +0000", "Thu 12-03 00:00 +0000"),
            ("Sat 12-05 00:00 +0000", "Tue 12-08 00:00 +0000"),
        ],
    ),
    "six days, on the last of them": (
        *("2026-11-28 12:00", "UTC", {"weekdays": ["mon", "tue", "wed", "thu", "fri", "sat"]}),
        [
            ("Sat 11-28 12:00 +0000", "Sun 11-29 00:00 +0000"),
            ("Mon 11-30 00:00 +0000", "Sun 12-06 00:00 +0000"),
        ],
    ),
    "all weekdays: all the time": (
        *("2026-11-28 12:00", "UTC", {"weekdays": list(WEEKDAYS)}),
        [("Sat 11-28 12:00 +0000", "-")],
    ),
    "every, from midnight on": (
        *("2026-11-26 12:10", "UTC", {"every": "30min"}),
        [
            ("Thu 11-26 12:30 +0000", "Thu 11-26 13:00 +0000"),
            ("Thu 11-26 13:00 +0000", "Thu 11-26 13:30 +0000"),
        ],
    ),
    "every, from its start on": (
        *("2026-11-26 12:10", "UTC", {"every": "30min", "start": "2026-11-25 00:05"}),
        [("Thu 11-26 12:35 +0000", "Thu 11-26 13:05 +0000")],
    ),
    "every, from the begin of its hours on, and no longer than they last": (
        *("2026-11-26 08:00", "UTC", {"every": "45min", "hours": "08:10-10:00"}),
        [
            ("Thu 11-26 08:10 +0000", "Thu 11-26 08:55 +0000"),
            ("Thu 11-26 08:55 +0000", "Thu 11-26 09:40 +0000"),
            ("Thu 11-26 09:40 +0000", "Thu 11-26 10:00 +0000"),
            ("Fri 11-27 08:10 +0000", "Fri 11-27 08:55 +0000"),
        ],
    ),
    "every, longer than its hours": (
        *("2026-11-26 08:11", "UTC", {"every": "3h", "hours": "08:10-10:00"}),
        [("Fri 11-27 08:10 +0000", "Fri 11-27 10:00 +0000")],
    ),
    "every, a moment late": (
        *("2026-11-26 12:30:01", "UTC", {"every": "30min"}),
        [("Thu 11-26 12:30 +0000", "Thu 11-26 13:00 +0000")],
    ),
    "every, missed": (
        *("2026-11-26 12:30:02", "UTC", {"every": "30min"}),
        [("Thu 11-26 13:00 +0000", "Thu 11-26 13:30 +0000")],
    ),
    "repeats": (
        *("2026-11-26 12:10", "UTC", {"every": "30min", "repeats": 2}),
        [
            ("Thu 11-26 12:30 +0000", "Thu 11-26 13:00 +0000"),
            ("Thu 11-26 13:00 +0000", "Thu 11-26 13:30 +0000"),
        ],
    ),
    "what happens once": (
        *("2026-11-26 12:10", "UTC", {"repeats": 1, "start": "2026-11-27"}),
        [("Fri 11-27 00:00 +0000", "-")],
    ),
    # -- Berlin: 29 March 2026, 02:00 -> 03:00; 25 October 2026, 03:00 -> 02:00 ---------------
    "a night that is an hour shorter": (
        *("2026-03-28 12:00", BERLIN, {"hours": "22:00-06:00"}),
        [("Sat 03-28 22:00 +0100", "Sun 03-29 06:00 +0200")],
    ),
    "a night that is an hour longer": (
        *("2026-10-24 12:00", BERLIN, {"hours": "22:00-06:00"}),
        [("Sat 10-24 22:00 +0200", "Sun 10-25 06:00 +0100")],
    ),
    "a begin that does not exist": (
        *("2026-03-28 12:00", BERLIN, {"hours": "02:30-05:00"}),
        [
            ("Sun 03-29 03:00 +0200", "Sun 03-29 05:00 +0200"),
            ("Mon 03-30 02:30 +0200", "Mon 03-30 05:00 +0200"),
        ],
    ),
    "an end that does not exist": (
        *("2026-03-28 12:00", BERLIN, {"hours": "01:00-02:30"}),
        [
            ("Sun 03-29 01:00 +0100", "Sun 03-29 03:00 +0200"),
            ("Mon 03-30 01:00 +0200", "Mon 03-30 02:30 +0200"),
        ],
    ),
    "hours that do not exist": (
        *("2026-03-28 12:00", BERLIN, {"hours": "02:10-02:50"}),
        [("Mon 03-30 02:10 +0200", "Mon 03-30 02:50 +0200")],
    ),
    "a begin that exists twice is the first": (
        *("2026-10-24 12:00", BERLIN, {"hours": "02:30-05:00"}),
        [("Sun 10-25 02:30 +0200", "Sun 10-25 05:00 +0100")],
    ),
    "an end that exists twice is the last": (
        *("2026-10-24 12:00", BERLIN, {"hours": "01:00-02:30"}),
        [("Sun 10-25 01:00 +0200", "Sun 10-25 02:30 +0100")],
    ),
    "between the two, it is under way": (
        *("2026-10-25T02:45:00+02:00", BERLIN, {"hours": "01:00-02:30"}),
        [("Sun 10-25 02:45 +0200", "Sun 10-25 02:30 +0100")],
    ),
    "start that exists twice, until that does": (
        *(
            "2026-10-24 12:00",
            BERLIN,
            {"start": "2026-10-25 02:15", "until": "2026-10-25 02:45"},
        ),
        [("Sun 10-25 02:15 +0200", "Sun 10-25 02:45 +0100")],
    ),
    "one part of the day meets the next": (
        *("2026-10-24 12:00", BERLIN, {"hours": "02:30-02:30"}),
        [
            ("Sat 10-24 12:00 +0200", "Sun 10-25 02:30 +0100"),
            ("Sun 10-25 02:30 +0100", "Mon 10-26 02:30 +0100"),
        ],
    ),
    "every counts real seconds": (
        *("2026-03-29T00:30:00+01:00", BERLIN, {"every": "1h", "hours": "00:45-05:00"}),
        [
            ("Sun 03-29 00:45 +0100", "Sun 03-29 01:45 +0100"),
            ("Sun 03-29 01:45 +0100", "Sun 03-29 03:45 +0200"),
            ("Sun 03-29 03:45 +0200", "Sun 03-29 04:45 +0200"),
            ("Sun 03-29 04:45 +0200", "Sun 03-29 05:00 +0200"),
        ],
    ),
    # -- New York: 8 March 2026, 02:00 -> 03:00; 1 November 2026, 02:00 -> 01:00 ---------------
    "a begin that does not exist there": (
        *("2026-03-07 12:00", NEW_YORK, {"hours": "02:00-04:00"}),
        [("Sun 03-08 03:00 -0400", "Sun 03-08 04:00 -0400")],
    ),
    "an end that exists twice there": (
        *("2026-10-31 12:00", NEW_YORK, {"hours": "23:00-01:30"}),
        [("Sat 10-31 23:00 -0400", "Sun 11-01 01:30 -0500")],
    ),
    "weekdays over the change": (
        *("2026-10-30 12:00", NEW_YORK, {"weekdays": ["sat", "sun"]}),
        [("Sat 10-31 00:00 -0400", "Mon 11-02 00:00 -0500")],
    ),
}


@pytest.mark.parametrize(("now", "zone", "keys", "wanted"), TABLE.values(), ids=TABLE)
def test_windows(now: str, zone: str, keys: dict[str, Any], wanted: list[tuple[str, str]]) -> None:
    assert coming(now, len(wanted) or 1, zone, **keys) == wanted


@pytest.mark.parametrize("keys", [{"every": "30min", "repeats": 2}, {"start": "2026-11-26"}, {}])
def test_then_there_is_no_more(keys: dict[str, Any]) -> None:
    assert len(coming("2026-11-25 12:00", 9, **keys)) == keys.get("repeats", 1)


def test_what_has_been_made_counts() -> None:
    now = at("2026-11-26 12:00")
    three = ScheduleConfig(every="30min", repeats=3, timezone="UTC")
    assert [len(list(upcoming(three, now, done=done))) for done in range(5)] == [3, 2, 1, 0, 0]
    assert list(upcoming(ScheduleConfig(), now, done=1)) == []


def test_every_goes_on_over_midnight() -> None:
    """7 h do not divide a day: without `since` they would begin anew at midnight."""
    schedule = ScheduleConfig(every="7h", timezone="UTC")
    since, now = at("2026-11-26 12:00"), at("2026-11-27 12:00")
    assert next(upcoming(schedule, now, since=since)).begin == at("2026-11-27 18:00")
    assert next(upcoming(schedule, now)).begin == at("2026-11-27 14:00")


def test_a_year_of_nights() -> None:
    schedule = ScheduleConfig(hours="22:00-06:00", timezone=BERLIN, until="2027-01-01 00:00")
    found = list(upcoming(schedule, at("2025-12-31 23:30", BERLIN)))
    assert len(found) == 366
    assert all(a.end is not None and a.end < b.begin for a, b in pairwise(found))
    lengths = [(w.end - w.begin) / timedelta(hours=1) for w in found if w.end]
    assert sorted(lengths) == [2.0, 6.5, 7.0, *[8.0] * 362, 9.0]


def test_a_year_of_half_hours() -> None:
    schedule = ScheduleConfig(
        every="30min", start="2026-01-01", until="2027-01-01", timezone=NEW_YORK
    )
    found = list(upcoming(schedule, at("2025-12-31", NEW_YORK)))
    assert len(found) == 365 * 48
    assert {b.begin - a.begin for a, b in pairwise(found)} == {timedelta(minutes=30)}


@pytest.mark.parametrize("year", ["0001", "9999"])
def test_no_year_is_too_much(year: str) -> None:
    now = at("2026-11-26 12:00")
    moment = f"{year}-12-31 23:59"
    for keys in ({}, {"hours": "1:00-2:00"}, {"every": "1h"}, {"weekdays": ["mon"]}):
        begun = list(islice(upcoming(ScheduleConfig(start=moment, **keys), now), 2))
        assert (begun == []) == (year == "9999")
        ended = list(islice(upcoming(ScheduleConfig(until=moment, **keys), now), 2))
        assert (ended == []) == (year == "0001")


def test_a_period_longer_than_history() -> None:
    schedule = ScheduleConfig(every=1e14, start="2026-11-27", timezone="UTC")
    begun = [window.begin for window in upcoming(schedule, at("2026-11-26"))]
    assert begun[0] == at("2026-11-27")
    assert len(begun) < 5


# -- the system's zone ------------------------------------------------------------------------


@pytest.fixture
def system_zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    def set_to(rule: str) -> None:
        monkeypatch.setenv("TZ", rule)
        time.tzset()

    before = os.environ.get("TZ")
    yield set_to
    if before is None:
        monkeypatch.delenv("TZ", raising=False)
    else:
        monkeypatch.setenv("TZ", before)
    time.tzset()


RULE = "CET-1CEST,M3.5.0,M10.5.0/3"
"""Berlin's, as POSIX writes it: without a database."""


@pytest.mark.parametrize("hours", ["22:00-06:00", "02:30-05:00", "01:00-02:30", "02:10-02:50"])
@pytest.mark.parametrize("now", ["2026-03-27 12:00", "2026-10-23 12:00"])
def test_the_systems_zone_is_as_good(system_zone: Any, hours: str, now: str) -> None:
    system_zone(RULE)
    moment = at(now)
    by_name = ScheduleConfig(hours=hours, timezone=BERLIN)
    found = [list(islice(upcoming(s, moment), 5)) for s in (ScheduleConfig(hours=hours), by_name)]
    assert found[0] == found[1]


def test_a_zone_knows_both_times(system_zone: Any) -> None:
    system_zone(RULE)
    twice = datetime(2026, 10, 25, 2, 30)
    for zone in (Zone(), Zone(BERLIN)):
        assert zone.instant(twice) == at("2026-10-25T02:30:00+02:00")
        assert zone.instant(twice, last=True) == at("2026-10-25T02:30:00+01:00")
        assert zone.instant(datetime(2026, 3, 29, 2, 30, 1)) == at("2026-03-29T03:00:00+02:00")


# -- in words ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({}, "at once"),
        (
            {"hours": "22:00-06:00"},
            "Thu 26 Nov 22:00 CET (in 9 h 59 min), until Fri 27 Nov 06:00 CET at the latest",
        ),
        ({"hours": "08:00-18:00"}, "at once, until Thu 26 Nov 18:00 CET at the latest"),
        ({"every": "30min"}, "Thu 26 Nov 12:30 CET (in 30 min)"),
        ({"start": "2027-01-01 08:00:05"}, "Fri 1 Jan 2027 08:00:05 CET (in 36 days)"),
        ({"until": "2026-11-01"}, "never: the time of the schedule is over"),
    ],
)
def test_described(keys: dict[str, Any], words: str) -> None:
    schedule = ScheduleConfig(timezone=BERLIN, **keys)
    assert describe(schedule, at("2026-11-26 12:00:30", BERLIN)) == words


def test_windows_are_in_utc() -> None:
    """Or subtracting one from another would be wrong by an hour."""
    window = next(upcoming(ScheduleConfig(hours="1:00-2:00", timezone=BERLIN), at("2026-11-26")))
    assert window == Window(window.begin.astimezone(UTC), window.end)
    assert window.begin.tzinfo is UTC
