"""What was lost, and when."""

from datetime import datetime

import pytest

from recorder.stats import CameraStatus, RigStatus, Totals
from ui.model.losses import MOST_EVENTS, Losses

NOON = datetime(2026, 11, 22, 14, 3, 22).timestamp()


class Rig:
    """A rig of one camera that is looked at again and again."""

    def __init__(self):
        self.losses = Losses()

    def look(self, after_s, state="recording", elapsed_s=None, **counts):
        elapsed_s = after_s if elapsed_s is None else elapsed_s
        totals = Totals(**{"grabbed": round(elapsed_s * 60), **counts})
        camera = CameraStatus("top", state, totals=totals, elapsed_s=elapsed_s)
        self.losses.add(NOON + after_s, RigStatus("demo", 1, state, (camera,)))
        return self.losses.sentence("top")


@pytest.fixture
def rig():
    return Rig()


def test_nothing_lost_needs_no_words(rig):
    assert rig.look(0, "previewing") == ""
    assert rig.look(1) == ""
    assert rig.losses.words() == {}
    assert rig.losses.sentence("nobody") == ""


def test_what_is_lost_is_told_with_the_time_of_day_and_into_the_recording(rig):
    rig.look(-67, elapsed_s=0)
    assert rig.look(0, elapsed_s=67, dropped=12) == "12 dropped at 14:03:22 (0:01:07 into it)"


def test_what_follows_is_added(rig):
    rig.look(0)
    rig.look(10, dropped=12)
    assert rig.look(70, dropped=15).endswith("at 14:03:32 (0:00:10 into it), 3 more since")


def test_a_burst_over_several_looks_is_one_event(rig):
    rig.look(0)
    for step in range(1, 5):
        rig.look(10 + step / 4, dropped=3 * step)
    assert rig.losses.sentence("top").startswith("12 dropped at 14:03:32")
    assert len(rig.losses.events("top")) == 1


def test_losses_of_different_kinds_are_named(rig):
    rig.look(0)
    rig.look(10, gaps=1, restarts=1)
    told = rig.look(70, gaps=1, restarts=1, dropped=2, bad=1)
    assert told.startswith("1 gap, 1 restart at 14:03:32")
    assert told.endswith("since then 2 dropped, 1 bad")


def test_a_window_attached_late_says_before(rig):
    assert rig.look(0, dropped=12) == "12 dropped before 14:03:22"
    assert rig.look(0.5, dropped=13) == "12 dropped before 14:03:22, 1 more since"


def test_it_stays_after_the_recording_until_the_next_begins(rig):
    rig.look(0)
    rig.look(10, dropped=12)
    lost = rig.losses.sentence("top")
    assert rig.look(20, "previewing", 10, dropped=12) == lost
    assert rig.look(99, "recording", 0) == ""
    assert rig.look(101, "recording", 2, dropped=1).startswith("1 dropped at 14:05:03 (0:00:02")


def test_a_loss_in_the_first_look_of_the_next_recording_belongs_to_that(rig):
    rig.look(10, dropped=12)
    rig.look(20, "previewing", 10, dropped=12)
    assert rig.look(21, "recording", 1, dropped=30).startswith("30 dropped at 14:03:43")


def test_another_recording_is_noticed_though_nobody_saw_the_first_end(rig):
    rig.look(0)
    rig.look(60, dropped=12)
    assert rig.look(61, elapsed_s=0.5, dropped=2).startswith("2 dropped at 14:04:23")


def test_a_restart_of_the_camera_is_no_new_recording(rig):
    rig.look(0)
    rig.look(60, dropped=12)
    kept = rig.look(61, elapsed_s=60, dropped=12, grabbed=3599)
    assert kept.startswith("12 dropped")


def test_frames_counted_back_are_not_lost_twice(rig):
    rig.look(0)
    rig.look(10, dropped=12)
    rig.look(20, dropped=11)
    assert rig.look(30, dropped=12).startswith("12 dropped at")
    assert len(rig.losses.events("top")) == 1


def test_the_details_have_a_line_for_each_and_the_list_is_bounded(rig):
    rig.look(0)
    rig.look(10, dropped=1)
    rig.look(20, dropped=3)
    lines = rig.losses.details("top").splitlines()
    assert [line.split(" at ")[0] for line in lines] == ["1 dropped", "2 dropped"]
    for step in range(2, 3 * MOST_EVENTS):
        rig.look(10 * step, dropped=2 * step)
    assert len(rig.losses.events("top")) == MOST_EVENTS
    assert sum(event.counts["dropped"] for event in rig.losses.events("top")) == 598
    assert len(rig.losses.details("top").splitlines()) < 20
