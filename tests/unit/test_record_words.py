"""What `recorder record` says at its end."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from recorder.cli.telling import as_dict, tell, tell_json
from recorder.errors import CameraLost, NoSpace, RecorderError
from recorder.pipeline.summary import TakeSummary
from recorder.rig.summary import RigSummary, never_came
from recorder.unattended.account import Recording

FINE = TakeSummary("duration", 60, 60, 0, 0, 0, 0, 0.983, 60.0, ("b.mkv",), 4_600_000, 2_000_000)
KILLED = "the camera's process: killed by SIGKILL"
MISSING = "a.json is missing: nothing says what the frames are"


def ended(cameras: dict[str, TakeSummary], errors: dict[str, RecorderError]) -> Recording:
    return Recording(datetime(2026, 11, 22, tzinfo=UTC), RigSummary(cameras, errors))


def test_of_a_camera_that_never_came_nobody_says_that_none_was_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    full = NoSpace("the disk is full")
    tell(ended({"a": never_came(full), "b": FINE}, {"a": full}), as_json=False)
    out, err = capsys.readouterr()
    assert err == "recorder: a: the disk is full\n"
    assert "a: 0 of 0 frames in 0.00 s (0.00 fps), it recorded nothing; ended by no_space" in out
    assert "b: 60 of 60 frames in 0.98 s (60.00 fps), none lost; ended by duration" in out


def test_why_a_file_of_a_process_that_is_long_gone_is_not_finished(
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = TakeSummary(
        "writer_failed", 60, 60, 0, 0, 1, 1, 2.0, 30.0, (), 0, 0, (KILLED, MISSING, "late")
    )
    # That it was killed is not all there is to tell.
    recording = ended({"a": broken}, {"a": CameraLost(KILLED)})
    tell(recording, as_json=True)
    tell_json(as_dict(recording))
    out, err = capsys.readouterr()
    assert json.loads(out)["error"] == f"{KILLED}; {MISSING}; late"
    assert f"recorder: {MISSING}\n" in err
    assert err.count("killed by SIGKILL") == 1


def test_a_crash_that_was_got_over_is_told_without_its_history(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = TakeSummary("duration", 60, 60, 0, 0, 1, 1, 2.0, 30.0, (), 0, 0, ("first", KILLED))
    tell(ended({"a": told}, {"a": CameraLost(KILLED)}), as_json=False)
    out, err = capsys.readouterr()
    assert err == f"recorder: {KILLED}\n"
    assert "1 gap without a camera, restarted once; ended by duration" in out


@pytest.mark.parametrize(("dropped", "says"), [(0, False), (3, True)])
def test_who_lost_frames_is_told_where_to_look(
    capsys: pytest.CaptureFixture[str], dropped: int, says: bool
) -> None:
    told = replace(FINE, written=60 - dropped, dropped=dropped)
    tell(ended({"a": told}, {}), as_json=False)
    assert ("recorder doctor" in capsys.readouterr().err) is says


def test_times_that_are_not_the_clocks_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    far = replace(FINE, time_deviation_ms=5000.04)
    tell(ended({"a": far, "b": FINE}, {}), as_json=False)
    out, _ = capsys.readouterr()
    assert out.count("times in the file differ") == 1
    assert "times in the file differ from the clock by up to 5000.0 ms: the rate changed" in out
