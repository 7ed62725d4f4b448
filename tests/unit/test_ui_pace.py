"""How often pictures are shown while a recording needs the processor."""

import pytest

from recorder.stats import CameraStatus, RigStatus
from ui.model.pace import picture_every


def rig(*cameras):
    return RigStatus("demo", 1, "recording", cameras)


def camera(name="top", state="recording", **values):
    return CameraStatus(name, state=state, **values)


@pytest.mark.parametrize(
    ("cameras", "every"),
    [
        ((), 1),
        ((camera(),), 1),
        ((camera(headroom=0.5, buffer_fill=0.01),), 1),
        ((camera(headroom=0.1),), 3),
        ((camera(buffer_fill=0.1),), 3),
        ((camera(buffer_fill=0.3),), 10),
        ((camera(), camera("side", buffer_fill=0.3)), 10),
        ((camera(state="previewing", headroom=0.0, buffer_fill=1.0),), 1),
    ],
)
def test_the_fuller_the_buffer_the_fewer(cameras, every):
    assert picture_every(rig(*cameras)) == every


def test_a_camera_that_waits_loses_nothing():
    assert picture_every(rig(camera(buffer_fill=1.0, headroom=0.0)), {"top"}) == 1


def test_without_a_rig_there_is_nothing_to_spare():
    assert picture_every(None) == 1
