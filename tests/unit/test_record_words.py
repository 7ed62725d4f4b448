"""What `recorder record` says at its end."""

from __future__ import annotations

import json

import pytest

from recorder.cli.record import _tell
from recorder.errors import CameraLost, NoSpace
from recorder.pipeline.summary import TakeSummary
from recorder.rig.summary import RigSummary, never_came

FINE = TakeSummary("duration", 60, 60, 0, 0, 0, 0, 0.983, 60.0, ("b.mkv",), 4_600_000, 2_000_000)
KILLED = "the camera's process: killed by SIGKILL"
MISSING = "a.json is missing: nothing says what the frames are"


def test_of_a_camera_that_never_came_nobody_says_that_none_was_lost(
    capsys: pytest.CaptureFixture[str],
) -> None:
    full = NoSpace("the disk is full")
    _tell(RigSummary({"a": never_came(full), "b": FINE}, {"a": full}), None, 5, as_json=False)
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
    _tell(RigSummary({"a": broken}, {"a": CameraLost(KILLED)}), None, 4, as_json=True)
    out, err = capsys.readouterr()
    assert json.loads(out)["error"] == f"{KILLED}; {MISSING}; late"
    assert f"recorder: {MISSING}\n" in err
    assert err.count("killed by SIGKILL") == 1


def test_a_crash_that_was_got_over_is_told_without_its_history(
    capsys: pytest.CaptureFixture[str],
) -> None:
    told = TakeSummary("duration", 60, 60, 0, 0, 1, 1, 2.0, 30.0, (), 0, 0, ("first", KILLED))
    _tell(RigSummary({"a": told}, {"a": CameraLost(KILLED)}), None, 6, as_json=False)
    out, err = capsys.readouterr()
    assert err == f"recorder: {KILLED}\n"
    assert "1 gap without a camera, restarted once; ended by duration" in out
