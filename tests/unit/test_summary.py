"""How a recording went, told by another process, and put together from its parts."""

import itertools
import json

import pytest

from recorder.errors import CameraLost
from recorder.pipeline.summary import REASONS, TakeSummary, frames_per_second, merged
from recorder.rig.rig import RigSummary

GRAVEST_FIRST = {"writer_failed": 4, "no_space": 5, "camera_failed": 3, "overflow": 6}


def summary(**changes):
    plain = {"grabbed": 50, "written": 47, "dropped": 2, "bad": 1, "gaps": 0, "restarts": 0}
    plain |= {"reason": "duration", "seconds": 0.49, "fps": 100.0, "files": ("a.mkv",)}
    return TakeSummary(**plain | {"raw_bytes": 4700, "file_bytes": 2000} | changes)


# -- from another process ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "told",
    [
        summary(),
        summary(files=(), raw_bytes=0, file_bytes=0, fps=0.0, seconds=0.0),
        summary(files=("ä b.mkv", "ä b_0001.mkv"), errors=("gone", "full")),
        summary(reason="camera_failed", gaps=2, restarts=2),
    ],
)
def test_it_comes_through_json_as_it_was(told):
    again = TakeSummary.from_dict(json.loads(json.dumps(told.as_dict(), allow_nan=False)))
    assert again == told
    assert again.as_dict() == told.as_dict()


def test_the_ratio_is_worked_out_and_never_believed():
    assert TakeSummary.from_dict(summary().as_dict() | {"ratio": 99.0}).ratio == 2.35


@pytest.mark.parametrize("change", [{"grabed": 1}, {"number": 3}])
def test_a_key_that_is_none_is_refused(change):
    with pytest.raises(TypeError):
        TakeSummary.from_dict(summary().as_dict() | change)


# -- of several parts -------------------------------------------------------------------------


def test_one_part_is_the_whole():
    part = summary()
    assert merged([part], restarts=0) == part


def test_parts_before_and_after_restarts_add_up():
    parts = [
        summary(reason="camera_failed", files=("t.mkv",), errors=("gone",), seconds=0.49),
        summary(reason="camera_failed", files=("t_0001.mkv",), errors=("gone",), gaps=1, seconds=2),
        summary(files=("t_0003.mkv", "t_0002.mkv"), gaps=1, seconds=4.0, errors=("late",)),
    ]
    assert merged(parts, restarts=2) == TakeSummary(
        reason="duration",
        grabbed=150,
        written=141,
        dropped=6,
        bad=3,
        gaps=2,
        restarts=2,
        seconds=4.0,  # each part's runs from the recording's first grab
        fps=37.25,
        files=("t.mkv", "t_0001.mkv", "t_0002.mkv", "t_0003.mkv"),
        raw_bytes=14100,
        file_bytes=6000,
        errors=("gone", "late"),
    )


def test_the_restarts_are_counted_by_whoever_restarts():
    assert merged([summary(restarts=5), summary(restarts=7)], restarts=1).restarts == 1


@pytest.mark.parametrize("reason", REASONS)
def test_a_recording_ends_as_its_last_part_does(reason):
    assert merged([summary(reason="camera_failed"), summary(reason=reason)], 1).reason == reason


def test_a_last_part_that_never_had_a_frame_shortens_nothing():
    nothing = {"grabbed": 0, "written": 0, "dropped": 0, "bad": 0, "raw_bytes": 0}
    last = summary(reason="requested", seconds=0.0, fps=0.0, files=(), file_bytes=0, **nothing)
    whole = merged([summary(reason="camera_failed"), last], 1)
    assert (whole.seconds, whole.fps, whole.grabbed, whole.reason) == (0.49, 100.0, 50, "requested")


@pytest.mark.parametrize(
    ("grabbed", "seconds", "fps"),
    [(0, 0.0, 0.0), (1, 0.0, 0.0), (2, 0.5, 2.0), (601, 10.0, 60.0), (4, 3.000001, 1.0)],
)
def test_the_rate_counts_intervals(grabbed, seconds, fps):
    assert frames_per_second(grabbed, seconds) == fps


# -- of several cameras -----------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_of_several_exit_codes_the_graver_counts(count):
    for reasons in itertools.permutations(GRAVEST_FIRST, count):
        cameras = {reason: summary(reason=reason) for reason in reasons}
        fine = {"fine": summary(dropped=0, bad=0, written=50)}
        expected = next(code for reason, code in GRAVEST_FIRST.items() if reason in reasons)
        assert RigSummary(fine | cameras).exit_code == expected
        assert RigSummary(cameras | fine).exit_code == expected


@pytest.mark.parametrize("lost", ["dropped", "bad", "gaps", "restarts"])
def test_one_camera_with_a_loss_is_told_of_all(lost):
    fine = summary(dropped=0, bad=0)
    other = summary(**{"dropped": 0, "bad": 0, lost: 1})
    assert RigSummary({"a": fine, "b": fine}).exit_code == 0
    assert RigSummary({"a": fine, "b": other}).exit_code == 6


def test_nothing_recorded_is_no_failure():
    assert RigSummary({}).as_dict() == {"exit_code": 0, "cameras": {}}


def test_as_in_the_contract():
    told = RigSummary({"b": summary(), "a": summary()}, {"a": CameraLost("gone")}).as_dict()
    assert list(told) == ["exit_code", "cameras"]
    assert list(told["cameras"]) == ["b", "a"]  # in the order of the config
    assert told["cameras"]["a"] == summary().as_dict()


def test_of_several_parts_the_greatest_time_deviation_is_told():
    parts = [summary(time_deviation_ms=each) for each in (None, 40.0, 12.5)]
    assert merged(parts, 0).time_deviation_ms == 40.0
    assert merged([summary(), summary()], 0).time_deviation_ms is None
