"""The windows of any schedule against an oracle that looks at the local time every five minutes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise, takewhile
from zoneinfo import ZoneInfo

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from recorder.config import ScheduleConfig
from recorder.config.times import WEEKDAYS
from recorder.unattended.schedule import Window, upcoming

DAYS = 9
STEP = timedelta(minutes=5)
"""Everything here is a multiple of it."""
# Near the nights in which clocks are changed; by an hour, by half of one, at midnight, by a day.
NEAR = {
    "Europe/Berlin": ["2026-03-29", "2026-10-25", "2026-12-31"],
    "America/New_York": ["2026-03-08", "2026-11-01", "2028-02-29"],
    "Australia/Lord_Howe": ["2026-04-05", "2026-10-04"],
    "America/Sao_Paulo": ["2018-11-04", "2019-02-17"],
    "Pacific/Apia": ["2011-12-30"],
    "Asia/Kathmandu": ["2026-05-05"],
}
places = st.one_of(
    *(st.tuples(st.just(zone), st.sampled_from(days)) for zone, days in NEAR.items())
)
clocks = st.integers(0, 24 * 12 - 1).map(lambda n: f"{n // 12:02}:{n % 12 * 5:02}")
hours = st.tuples(clocks, clocks).map("-".join)
some_days = st.sets(st.sampled_from(WEEKDAYS), min_size=1)


@st.composite
def moments(draw):
    """A zone, and a moment in the days before its clocks are changed."""
    zone, day = draw(places)
    before = draw(st.integers(0, 7 * 24 * 12)) * STEP
    return zone, datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(days=1) - before


def is_asked(wall, schedule):
    """Whether clocks that show this mean that it is to be recorded."""
    days = schedule.weekdays or WEEKDAYS
    today, yesterday = (WEEKDAYS[(wall - timedelta(days=n)).weekday()] in days for n in (0, 1))
    if schedule.hours is None:
        return today
    begin, end, clock = schedule.hours.begin, schedule.hours.end, wall.time()
    if begin < end:
        return today and begin <= clock < end
    return (today and clock >= begin) or (yesterday and clock < end)


def walls(zone, begin, end):
    """Give all moments between two, and what clocks show then."""
    while begin < end:
        yield begin, begin.astimezone(zone).replace(tzinfo=None)
        begin += STEP


def is_twice(wall, zone):
    """Whether clocks show this twice."""
    both = [wall.replace(tzinfo=zone, fold=fold) for fold in (0, 1)]
    return both[0].utcoffset() != both[1].utcoffset() and all(map(is_real, both))


def is_real(local):
    return local.astimezone(UTC).astimezone(local.tzinfo).replace(tzinfo=None) == local.replace(
        tzinfo=None
    )


def until(schedule, now, end):
    return list(takewhile(lambda window: window.begin < end, upcoming(schedule, now)))


def assert_in_order(windows):
    assert all(w.end is None or w.begin < w.end for w in windows)
    assert all(a.end is not None and a.end <= b.begin for a, b in pairwise(windows))


def test_the_oracle_knows_what_clocks_show_twice():
    zone = ZoneInfo("Europe/Berlin")
    begin = datetime(2026, 10, 24, 22, tzinfo=UTC)
    shown = walls(zone, begin, begin + timedelta(hours=6))
    twice = [moment for moment, wall in shown if is_twice(wall, zone)]
    assert (len(twice), twice[0]) == (24, datetime(2026, 10, 25, 0, tzinfo=UTC))
    spring = datetime(2026, 3, 28, 22, tzinfo=UTC)
    shown = walls(zone, spring, spring + timedelta(hours=6))
    assert not any(is_twice(wall, zone) for _, wall in shown)


@settings(deadline=None, max_examples=40)
@given(moments(), st.none() | hours, st.none() | some_days)
@example(("Europe/Berlin", datetime(2026, 10, 24, tzinfo=UTC)), "02:30-02:30", None)
@example(("Pacific/Apia", datetime(2011, 12, 28, tzinfo=UTC)), "22:00-06:00", None)
def test_what_is_asked_is_recorded_and_nothing_else(place, hours, weekdays):
    name, now = place
    days = None if weekdays is None else sorted(weekdays)
    schedule = ScheduleConfig(hours=hours, weekdays=days, timezone=name)
    end = now + timedelta(days=DAYS)
    windows = until(schedule, now, end)
    assert_in_order(windows)
    covered = cover(windows, now, end)
    zone = ZoneInfo(name)
    for moment, wall in walls(zone, now, end):
        if is_asked(wall, schedule):
            assert moment in covered, f"{wall} is missing"
        elif moment in covered:  # what is shown twice may be more than was asked, never less
            assert is_twice(wall, zone), f"{wall} is too much"


def cover(windows, now, end):
    """Return all moments within windows."""
    found = set()
    for window in windows:
        moment = window.begin
        assert moment >= now
        assert (moment - now) % STEP == timedelta(0)
        while moment < min(window.end or end, end):
            found.add(moment)
            moment += STEP
    return found


@settings(deadline=None, max_examples=40)
@given(
    moments(),
    st.none() | hours,
    st.none() | some_days,
    st.integers(-600, 600),
    st.integers(1, 1200),
)
def test_start_and_until_only_cut(place, hours, weekdays, start, length):
    name, now = place
    days = None if weekdays is None else sorted(weekdays)
    whole = ScheduleConfig(hours=hours, weekdays=days, timezone=name)
    begin = now + start * STEP
    end = begin + length * STEP
    cut = whole.model_copy(update={"start": begin, "until": end})
    wanted = cover(until(whole, now, end), now, end)
    assert cover(until(cut, now, end + STEP), now, end) == {m for m in wanted if m >= begin}
    assert all(w.end <= end for w in until(cut, now, end + STEP))


@settings(deadline=None, max_examples=40)
@given(
    moments(),
    st.tuples(st.integers(6, 13), st.integers(14, 21)),
    st.none() | some_days,
    st.integers(600, 20_000),
    st.sampled_from([0, 1, 10]),
)
def test_every_is_a_grid_within_each_part(place, between, weekdays, every_s, late_s):
    name, now = place
    days = None if weekdays is None else sorted(weekdays)
    text = "{:02}:00-{:02}:00".format(*between)
    schedule = ScheduleConfig(hours=text, weekdays=days, every=every_s, timezone=name)
    end = now + timedelta(days=DAYS)
    found = list(takewhile(lambda w: w.begin < end, upcoming(schedule, now, late_s=late_s)))
    assert_in_order(found)
    asked = [
        m
        for m, wall in walls(ZoneInfo(name), now - timedelta(days=2), end)
        if is_asked(wall, schedule)
    ]
    wanted = []
    for part in parts_of(asked):
        begin = part[0]
        while begin < part[-1] + STEP:
            if begin >= now - timedelta(seconds=late_s) and begin < end:
                wanted.append(begin)
            begin += timedelta(seconds=every_s)
    is_cut_before = asked and asked[0] == now - timedelta(days=2)
    assume(not is_cut_before)
    assert [window.begin for window in found] == wanted


def parts_of(moments):
    """Give runs of moments that follow one another."""
    run = []
    for moment in moments:
        if run and moment - run[-1] != STEP:
            yield run
            run = []
        run.append(moment)
    if run:
        yield run


@settings(deadline=None, max_examples=40)
@given(
    moments(),
    st.none() | hours,
    st.none() | some_days,
    st.none() | st.integers(10, 10**6),
    st.none() | st.integers(1, 30),
    st.integers(0, 31),
)
def test_repeats_only_shorten(place, hours, weekdays, every, repeats, done):
    name, now = place
    days = None if weekdays is None else sorted(weekdays)
    schedule = ScheduleConfig(hours=hours, weekdays=days, every=every, timezone=name)
    some = schedule.model_copy(update={"repeats": repeats})
    left = 40 if repeats is None else max(0, repeats - done)

    def first(which: ScheduleConfig, **options: int) -> list[Window]:
        return [w for w, _ in zip(upcoming(which, now, **options), range(left), strict=False)]

    is_single = not (hours or every) and (weekdays is None or len(weekdays) == 7)
    if is_single:
        assert len(list(upcoming(some, now, done=done))) == (0 if done else 1)
    else:
        assert first(some, done=done) == first(schedule)
        if repeats is not None:
            assert len(list(upcoming(some, now, done=done))) == left
