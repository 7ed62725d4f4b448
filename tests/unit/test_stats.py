"""Counters that add up, and rates over the last two seconds."""

import threading

import pytest

from recorder.stats import CameraStatus, RateMeter, Tally, Totals, ratio_of

S = 1_000_000_000


def meter(samples, **options):
    meter = RateMeter(**options)
    for seconds, count in samples:
        meter.sample(round(seconds * S), count)
    return meter


@pytest.mark.parametrize(
    ("samples", "grown", "per_second"),
    [
        ([], 0, 0),
        ([(5, 100)], 0, 0),
        ([(0, 0), (1, 30)], 30, 30),
        ([(0, 0), (0.5, 30)], 30, 60),
        ([(7, 100), (9, 160)], 60, 30),
        ([(0, 0), (2, 20), (4, 100)], 80, 40),  # what is older than two seconds does not count
        ([(0, 0), (1.9, 19), (3.8, 57)], 57, 15),  # … but two samples within it are kept
        ([(0, 0), (1, 10), (2, 20), (60, 600)], 580, 10),  # a pause longer than the window
        ([(0, 5), (1, 5)], 0, 0),
        ([(0, 30), (1, 10)], -20, -20),  # frames taken back
        ([(3, 0), (3, 10)], 10, 0),  # no time has passed
        ([(3, 0), (2, 10)], 10, 0),  # a clock that goes backwards
    ],
)
def test_rate(samples, grown, per_second):
    found = meter(samples)
    assert found.grown == pytest.approx(grown)
    assert found.per_second == pytest.approx(per_second)


def test_a_rate_follows_a_change_within_the_window():
    steady = [(i / 10, i) for i in range(100)]
    silent = [(i / 10, 99) for i in range(100, 121)]
    assert meter(steady).per_second == pytest.approx(10)
    assert meter(steady + silent[:11]).per_second == pytest.approx(5, rel=0.11)
    assert meter(steady + silent).per_second == 0


def test_a_window_of_another_length():
    samples = [(0, 0), (1, 10), (2, 30), (3, 70)]
    assert meter(samples, window_ns=S).per_second == 40
    assert meter(samples, window_ns=3 * S).per_second == pytest.approx(70 / 3)


def test_a_meter_keeps_only_its_window():
    found = meter([(i / 10, i) for i in range(10_000)])
    assert len(found._samples) <= 22


def test_totals_say_what_is_in_flight():
    assert Totals(grabbed=10, written=4, dropped=3, bad=2).in_flight == 1
    assert Totals(grabbed=10, written=10, gaps=4).in_flight == 0


@pytest.mark.parametrize(
    ("totals", "lossless"),
    [
        (Totals(), True),
        (Totals(grabbed=5, written=5), True),
        (Totals(grabbed=5, written=5, restarts=1), True),  # alone it loses nothing
        (Totals(grabbed=5, written=4), False),
        (Totals(grabbed=5, written=4, dropped=1), False),
        (Totals(grabbed=5, written=4, bad=1), False),
        (Totals(grabbed=5, written=5, gaps=1), False),
    ],
)
def test_lossless_is_nothing_lost_and_nothing_under_way(totals, lossless):
    assert totals.lossless is lossless


def test_a_tally_counts():
    tally = Tally()
    assert tally.totals() == Totals()
    for _ in range(6):
        tally.count("grabbed")
    for _ in range(4):
        tally.wrote(100)
    tally.count("dropped")
    tally.count("bad")
    tally.count("gaps", 2)
    assert tally.totals() == Totals(grabbed=6, written=4, dropped=1, bad=1, gaps=2)
    assert tally.raw_bytes == 400
    tally.count("grabbed", -1)
    assert tally.totals().grabbed == 5


def test_a_tally_knows_no_other_names():
    with pytest.raises(KeyError):
        Tally().count("grabs")


def test_frames_that_are_not_in_the_file_after_all_move_to_dropped():
    tally = Tally()
    tally.count("grabbed", 5)
    for _ in range(5):
        tally.wrote(100)
    tally.lost(2, 100)
    assert tally.totals() == Totals(grabbed=5, written=3, dropped=2)
    assert tally.raw_bytes == 300


def test_counts_of_many_threads_are_not_lost():
    tally = Tally()

    def work():
        for _ in range(2000):
            tally.count("grabbed")
            tally.wrote(3)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    snapshots = [tally.totals() for _ in range(500)]
    for thread in threads:
        thread.join()
    assert tally.totals() == Totals(grabbed=8000, written=8000)
    assert tally.raw_bytes == 24000
    assert all(0 <= totals.in_flight <= 4 for totals in snapshots)


@pytest.mark.parametrize(
    ("raw", "disk", "ratio"),
    [(200, 100, 2.0), (100, 200, 0.5), (0, 0, None), (100, 0, None), (0, 100, None)],
)
def test_ratio(raw, disk, ratio):
    assert ratio_of(raw, disk) == ratio


def test_a_status_becomes_plain_values():
    import json

    plain = CameraStatus("top", totals=Totals(grabbed=3), files=("a.mkv",)).as_dict()
    assert plain["name"] == "top"
    assert plain["totals"]["grabbed"] == 3
    assert json.loads(json.dumps(plain))["files"] == ["a.mkv"]


def test_what_others_look_at_is_frozen():
    with pytest.raises(AttributeError):
        Totals().written = 1
    with pytest.raises(AttributeError):
        CameraStatus("top").state = "ended"


@pytest.mark.parametrize(
    ("stuck", "settled"),
    [
        (True, Totals(grabbed=4, written=3, bad=1)),  # it never left the camera
        (False, Totals(grabbed=6, written=3, bad=1, dropped=2)),  # it never reached the file
    ],
)
def test_a_settled_tally_has_nothing_in_flight_and_never_changes(stuck, settled):
    tally = Tally()
    tally.count("grabbed", 6)
    tally.count("bad")
    for _ in range(3):
        tally.wrote(10)
    tally.settle(stuck)
    assert tally.totals() == settled
    assert settled.in_flight == 0
    tally.count("grabbed", -1)  # the driver has come back after all
    tally.settle(stuck)
    assert tally.totals() == settled
