"""Two minutes of numbers: bounded rings, gaps, and axes that do not fidget."""

import numpy as np
import pytest

from recorder.stats import CameraStatus, RigStatus, Totals
from ui.model.totals import remaining_s, total
from ui.model.traces import QUANTITIES, Scale, Trace, Traces


def camera(name="top", state="recording", **numbers):
    return CameraStatus(name, state, **numbers)


def rig(*cameras, state="recording"):
    return RigStatus("demo", 1, state, cameras)


def test_a_trace_gives_what_was_told_oldest_first():
    trace = Trace()
    for step in range(4):
        trace.add(10 + step * 0.25, camera(fps_in=float(step), raw_bytes_s=step * 2e6))
    t, y = trace.series("fps_in")
    assert t.tolist() == [10.0, 10.25, 10.5, 10.75]
    assert y.tolist() == [0, 1, 2, 3]
    assert trace.series("raw")[1].tolist() == [0, 2, 4, 6]


def test_a_trace_never_grows_beyond_two_minutes():
    trace = Trace()
    for step in range(2000):
        trace.add(step * 0.25, camera(fps_in=float(step)))
    t, y = trace.series("fps_in")
    assert len(t) == len(y) == 480
    assert (y[0], y[-1]) == (1520, 1999)
    assert t[-1] - t[0] == pytest.approx(119.75)


def test_no_camera_is_a_gap():
    trace = Trace()
    for step, state in enumerate(("recording", "restarting", "ended", "recording")):
        trace.add(step * 0.25, camera(state=state, fps_in=60.0))
    assert np.isnan(trace.series("fps_in")[1]).tolist() == [False, True, True, False]


def test_a_ratio_that_is_not_known_is_a_gap():
    trace = Trace()
    trace.add(0, camera(ratio_now=None))
    assert np.isnan(trace.series("ratio")[1]).all()


@pytest.mark.parametrize(("late_s", "is_gap"), [(0.75, False), (5.0, True)])
def test_a_window_that_was_late_for_a_moment_draws_on(late_s, is_gap):
    trace = Trace()
    trace.add(0, camera(fps_in=60.0))
    trace.add(late_s, camera(fps_in=60.0))
    between = trace.series("fps_in")[1][1:-1]
    assert len(between) == late_s / 0.25 - 1
    assert np.isnan(between).all() == is_gap


def test_after_a_sleep_of_hours_only_the_last_two_minutes_are_gone_over():
    trace = Trace()
    trace.add(0, camera(fps_in=60.0))
    trace.add(1e6, camera(fps_in=50.0))
    y = trace.series("fps_in")[1]
    assert len(y) == 480
    assert np.isnan(y[:-1]).all()


def test_of_several_looks_in_one_step_the_fullest_buffer_counts_and_the_last_rate():
    trace = Trace()
    for fill, fps in ((0.1, 1.0), (0.9, 2.0), (0.2, 3.0)):
        trace.add(0.1, camera(buffer_fill=fill, fps_in=fps))
    assert trace.series("buffer")[1].tolist() == [90]
    assert trace.series("fps_in")[1].tolist() == [3]


def test_a_clock_that_goes_back_changes_nothing():
    trace = Trace()
    trace.add(10, camera(fps_in=1.0))
    trace.add(5, camera(fps_in=2.0))
    assert trace.series("fps_in")[1].tolist() == [1]


def test_an_empty_trace_has_empty_series_and_no_other_names():
    for name in QUANTITIES:
        assert len(Trace().series(name)[0]) == 0
    with pytest.raises(ValueError, match="not in tuple"):
        Trace().series("nonsense")


def test_traces_of_a_rig_have_each_camera_and_all_together():
    traces = Traces()
    traces.add(0, rig(camera("a", fps_in=60.0), camera("b", fps_in=30.0)))
    assert traces.of("a").series("fps_in")[1].tolist() == [60]
    assert traces.of(None).series("fps_in")[1].tolist() == [90]
    assert len(traces.of("nobody").series("fps_in")[0]) == 0


def test_a_camera_that_the_rig_no_longer_has_is_forgotten():
    traces = Traces()
    traces.add(0, rig(camera("a"), camera("b")))
    traces.add(1, rig(camera("b")))
    assert len(traces.of("a").series("fps_in")[0]) == 0


def test_a_scale_grows_in_coarse_steps_and_shrinks_only_when_far_too_large():
    scale = Scale(10)
    tops = [scale.fit(np.array([value])) for value in (3, 9.4, 9.6, 57, 61, 45, 33, 30)]
    assert tops == [10, 10, 20, 60, 80, 80, 80, 40]


def test_a_scale_is_left_alone_by_gaps_and_nothing():
    scale = Scale(2)
    assert scale.fit(np.array([np.nan, 3.0])) == 4
    assert scale.fit(np.array([np.nan])) == 2
    assert scale.fit() == 2


def test_the_total_adds_rates_and_shows_the_worst_of_the_rest():
    a = camera("a", totals=Totals(10, 8, 2), buffer_fill=0.1, headroom=0.9, elapsed_s=3.0)
    b = camera("b", totals=Totals(20, 20), buffer_fill=0.6, headroom=0.2, raw_bytes=80)
    both = total(rig(a, b))
    assert both.totals == Totals(30, 28, 2)
    assert (both.buffer_fill, both.headroom, both.elapsed_s) == (0.6, 0.2, 3.0)
    assert both.ratio is None


def test_the_first_ratios_of_a_recording_are_left_out():
    """Frames are counted when they are handed over, and bytes when they are on the disk."""
    trace = Trace()
    for step, ratio in enumerate((40.0, 7.0, 3.0, 2.2, 2.1)):
        trace.add(step * 0.25, camera(state="recording", elapsed_s=step * 0.25, ratio_now=ratio))
    ratios = trace.series("ratio")[1]
    assert np.isnan(ratios[:4]).all()
    assert ratios[4] == 2.1


def test_the_total_ratio_is_that_of_the_sums_not_the_mean():
    a = camera("a", raw_bytes=100, file_bytes=50, raw_bytes_s=10, disk_bytes_s=10)
    b = camera("b", raw_bytes=900, file_bytes=150, raw_bytes_s=90, disk_bytes_s=10)
    assert total(rig(a, b)).ratio == 5
    assert total(rig(a, b)).ratio_now == 5


def test_of_several_disks_the_one_that_is_full_first_counts():
    one = camera("a", disk=1, disk_bytes_s=10e6, disk_free_bytes=1_000_000_000, time_left_s=90.0)
    other = camera("b", disk=2, disk_bytes_s=10e6, disk_free_bytes=9_000_000_000, time_left_s=890.0)
    both = total(rig(one, other, camera("idle")))
    assert (both.time_left_s, both.disk_free_bytes) == (90, 1_000_000_000)
    assert total(rig(camera("idle"))).time_left_s is None


@pytest.mark.parametrize(
    ("duration", "left"), [("2h", 7190), ("5s", 0), ("100 frames", None), (None, None)]
)
def test_what_a_recording_has_to_go(duration, left):
    assert remaining_s(camera(duration=duration, elapsed_s=10.0)) == left
