"""What is said over a picture that is not live."""

import pytest

from recorder.stats import CameraStatus, Totals
from ui.model.sight import STATES, Veil, paces, veil

LIVE = {"fps_in": 60.0, "age_s": 0.02}
AWAY = "the camera is gone and looked for, attempt 3: /dev/video0 does not open"

CASES = [
    ({"state": "previewing", **LIVE}, None),
    ({"state": "recording", **LIVE}, None),
    ({"state": "finishing", **LIVE}, None),
    ({"state": "opening"}, Veil("wait", "opening the camera …")),
    (
        {"state": "restarting", "message": AWAY},
        Veil("search", "camera lost, looking for it, attempt 3", "/dev/video0 does not open"),
    ),
    (
        {"state": "restarting", "message": "the camera is gone and looked for, attempt 12"},
        Veil("search", "camera lost, looking for it, attempt 12"),
    ),
    ({"state": "restarting"}, Veil("search", "camera lost, looking for it")),
    (
        {"state": "recording", **LIVE, "frozen_s": 5.2},
        Veil("warn", "same picture for 5 s", "Is the camera frozen?"),
    ),
    ({"state": "recording", "fps_in": 60.0, "age_s": 3.2}, Veil("warn", "no frame for 3.2 s")),
    ({"state": "previewing", "fps_in": 0.2, "age_s": 6.0}, None),  # slow, not late
    (
        {"state": "waiting", "reason": "duration"},
        Veil("wait", "closed until its time comes", "The schedule opens it again."),
    ),
    ({"state": "ended"}, Veil("end", "ended")),
    (
        {"state": "ended", "reason": "camera_failed", "message": "it does not open"},
        Veil("end", "ended: the camera failed", "it does not open"),
    ),
    ({"state": "ended", "reason": "new_reason"}, Veil("end", "ended: new_reason")),
]


@pytest.mark.parametrize(("status", "expected"), CASES, ids=str)
def test_veil(status, expected):
    assert veil(CameraStatus("top", **status), has_picture=True) == expected


def test_without_a_picture_something_is_always_said():
    assert veil(None, has_picture=False) == Veil("wait", "no picture yet")
    assert veil(None, has_picture=True) is None
    for state in STATES:
        said = veil(CameraStatus("top", state=state, **LIVE), has_picture=False)
        assert said is not None, state


def test_pace():
    fine = CameraStatus("top", fps_in=59.96)
    assert paces(fine) == ("60.0 fps · 0 lost", "0 lost", "0 lost")
    lossy = CameraStatus("top", fps_in=30.0, totals=Totals(dropped=3, bad=2, gaps=1))
    all_kinds = "3 dropped, 2 bad, 1 gap"
    assert paces(lossy) == (f"30.0 fps · {all_kinds}", all_kinds, "5 lost, 1 gap")
    assert paces(CameraStatus("top", totals=Totals(gaps=2)))[-1] == "2 gaps"
