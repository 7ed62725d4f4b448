"""The rate that a camera really has, whatever it says and however its frames begin."""

import random
import threading

import pytest

from recorder.pipeline.arming import LONGEST_NS, MEASURE_NS, SETTLE_NS, RateGauge, nominal_fps

S = 1_000_000_000
START = 10**15  # a clock that runs since long


def gauge(times_s):
    gauge = RateGauge()
    for t in times_s:
        gauge.add(START + round(t * S))
    return gauge


def grabs(fps, seconds, first=0.0):
    return [first + i / fps for i in range(int(seconds * fps) + 1)]


def test_nothing_is_known_before_two_frames_have_settled():
    assert gauge([]).fps is None
    assert gauge([0, 0.1, 0.49]).fps is None
    assert gauge([0, 0.6]).fps is None
    assert not gauge([0, 0.6]).wait(0)


@pytest.mark.parametrize("fps", [0.5, 3, 24, 59.94, 120, 1000, 5000])
def test_a_steady_rate(fps):
    found = gauge(grabs(fps, max(3, 8 / fps)))
    assert found.wait(0)
    assert found.fps == pytest.approx(fps, rel=1e-6)


def test_a_burst_of_stored_frames_does_not_count():
    burst = [i / 1000 for i in range(100)]
    found = gauge(burst + grabs(25, 3, first=0.14))
    assert found.fps == pytest.approx(25, rel=1e-6)


def test_a_slow_burst_would_be_seen_if_it_counted():
    """The test above is one: without the settling time its rate would be off by a half."""
    burst = [0.6 + i / 1000 for i in range(100)]
    assert gauge([0, *burst, *grabs(25, 3, first=0.74)]).fps > 40


def test_jitter_averages_out():
    rng = random.Random(1)
    jittered = [t + rng.uniform(0, 0.01) for t in grabs(30, 4)]
    assert gauge(jittered).fps == pytest.approx(30, rel=0.005)


@pytest.mark.parametrize(
    ("times_s", "enough"),
    [
        (grabs(30, 1.4), False),
        (grabs(30, 1.55), True),
        ([0, 0.5, 0.9, 1.2], False),  # in one and a half seconds, not before
        ([0, 0.5, 0.9, 1.2, 1.5], True),
        ([0, 0.1, 0.2, 0.9, 1.5], False),  # only two have settled
        ([0, 1, 2, 3], False),  # three have settled: not yet four
        ([0, 1, 2, 3, 4], True),
        ([0, 2, 4], False),
        ([0, 2.4, 4.8], False),
        ([0, 2.5, 5], True),  # a slow camera: two frames and five seconds will do
        ([0, 10], False),
        ([0, 10, 20], True),
    ],
)
def test_when_enough_is_known(times_s, enough):
    assert gauge(times_s).wait(0) is enough


def test_the_numbers_behind_the_table_above():
    assert (SETTLE_NS, MEASURE_NS, LONGEST_NS) == (S // 2, S, 5 * S)


def test_what_is_measured_stays_measured_and_follows_the_camera():
    found = gauge(grabs(30, 2))
    for t in grabs(10, 600, first=2.1):
        found.add(START + round(t * S))
    assert found.wait(0)
    assert found.fps == pytest.approx(10, rel=1e-3)


def test_times_that_stand_still_give_no_rate():
    assert gauge([0, 1, 1, 1]).fps is None


def test_a_waiting_thread_is_told():
    found = RateGauge()
    answers = []
    thread = threading.Thread(target=lambda: answers.append(found.wait(60)))
    thread.start()
    for t in grabs(30, 2):
        found.add(START + round(t * S))
    thread.join(60)
    assert answers == [True]


@pytest.mark.parametrize(
    ("measured", "claimed", "nominal"),
    [
        (None, None, None),
        (None, 25.0, 25.0),  # too slow to be measured: believed
        (60.1, 25.0, 60.0),  # the camera of facts.md
        (29.97, 30.0, 30.0),
        (29.9701, 29.97, 29.97),  # the claim is nearer than the whole number
        (29.97, None, 30.0),
        (30.4, 30.0, 30.4),
        (30.28, 30.0, 30.0),
        (24.5, None, 24.5),
        (1.5, 30.0, 1.5),
        (0.5, None, 0.5),
        (0.2, 0.0, 0.2),
        (12.34567, None, 12.346),
        (998.0, 1000.0, 1000.0),
    ],
)
def test_nominal_rate(measured, claimed, nominal):
    assert nominal_fps(measured, claimed) == nominal
