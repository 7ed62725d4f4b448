"""Settings changed between two grabs: what comes back, and what is remembered."""

from __future__ import annotations

import threading

import pytest

from recorder.cameras.base import CameraInfo
from recorder.controls import CameraControl, CameraDetails
from recorder.errors import CameraLost, CameraTimeout, ConfigError
from recorder.frame import FrameSpec
from recorder.pipeline.adjust import Adjusting
from recorder.rig.replies import Replies

SPEC = FrameSpec(64, 48, "gray8", 30.0)
GAIN = CameraControl("gain", "number", 3.0, 0.0, 10.0, 1.0, 1.0)
MODE = CameraControl("auto_exposure", "menu", 1.0, choices=((1.0, "manual"), (3.0, "aperture")))


class Adjustable:
    """A camera with one setting."""

    def __init__(self) -> None:
        self.info = CameraInfo("fake", "here", notes=("lossy before us",), controls=(GAIN, MODE))

    def set(self, name: str, value: float) -> float | None:
        if name != "gain":
            raise ConfigError(f"settings.{name}: OpenCV has no such property")
        return min(value, 10.0)


def adjusting(order=lambda action: action()) -> Adjusting:
    return Adjusting(Adjustable(), SPEC, order)


def test_it_gives_what_is_read_back_and_remembers_it():
    adjust = adjusting()
    assert adjust.set("gain", 25) == 10.0
    (change,) = adjust.info().changes
    assert (change["name"], change["asked"], change["obtained"]) == ("gain", 25, 10.0)
    assert change["t_utc_ns"] > 0
    assert change["t_mono_ns"] > 0


def test_a_recording_begins_with_the_outcome_of_earlier_changes():
    adjust = adjusting()
    adjust.set("gain", 1)
    adjust.begin_take()
    assert adjust.info().changes == ()


def test_what_the_camera_refuses_is_raised_where_it_was_asked():
    adjust = adjusting()
    with pytest.raises(ConfigError, match="no such property"):
        adjust.set("gian", 1)
    assert adjust.info().changes == ()


def test_a_camera_that_does_not_come_to_it_is_a_timeout():
    orders = []
    with pytest.raises(CameraTimeout, match="not changed yet"):
        adjusting(orders.append).set("gain", 1, timeout_s=0.01)
    assert len(orders) == 1


def test_details_are_plain_values():
    details = adjusting().details()
    assert (details.width, details.height, details.pixel_format) == (64, 48, "gray8")
    assert details.controls == (GAIN, MODE)
    assert CameraDetails.from_dict(details.as_dict()) == details


@pytest.mark.parametrize(
    "plain", [{}, {"controls": [{}], "notes": []}, {"controls": [], "notes": [], "x": 1}]
)
def test_what_are_no_details_is_refused(plain):
    with pytest.raises((TypeError, KeyError, ValueError)):
        CameraDetails.from_dict(plain)


# -- questions to a camera's process ----------------------------------------------------------


def test_an_answer_reaches_who_asked():
    replies = Replies()

    def send(number: int) -> bool:
        replies.hear({"number": number + 1, "obtained": 2})  # somebody else's
        threading.Thread(target=replies.hear, args=({"number": number, "obtained": 1},)).start()
        return True

    assert replies.ask(send, 30)["obtained"] == 1


def test_an_error_is_raised_in_its_class():
    replies = Replies()

    def send(number: int) -> bool:
        replies.hear({"number": number, "error": {"class": "ConfigError", "text": "no"}})
        return True

    with pytest.raises(ConfigError, match="no"):
        replies.ask(send, 30)


def test_without_a_process_nothing_is_asked():
    with pytest.raises(CameraLost, match="not there"):
        Replies().ask(lambda number: False, 30)


def test_a_process_that_dies_answers_nobody():
    replies = Replies()

    def send(number: int) -> bool:
        replies.give_up()
        return True

    with pytest.raises(CameraLost, match="meanwhile"):
        replies.ask(send, 30)


def test_a_process_that_says_nothing_is_a_timeout():
    replies = Replies()
    with pytest.raises(CameraTimeout):
        replies.ask(lambda number: True, 0.01)
    replies.hear({"number": 1})  # too late, and no harm
