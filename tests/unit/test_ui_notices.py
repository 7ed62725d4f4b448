"""What is wrong, in words, and until when it is told."""

from dataclasses import replace

import pytest

from recorder.stats import CameraStatus, RigStatus, Totals
from ui.model.notices import MOST, QUIET_S, VISIBLE_S, Notices
from ui.model.troubles import Rules

GB = 10**9
FINE = CameraStatus(
    "top",
    "recording",
    totals=Totals(600, 600),
    elapsed_s=10.0,
    fps_in=60.0,
    headroom=0.7,
    disk_bytes_s=1e6,
    disk_free_bytes=100 * GB,
    time_left_s=90_000.0,
)


class Desk:
    """Notices with a clock that is moved by hand."""

    def __init__(self):
        self.now_s = 100.0
        self.notices = Notices(lambda: self.now_s)

    def look(self, camera=FINE, after_s=0.25, rules=None, lost="", is_visible=True, **changes):
        self.now_s += after_s
        camera = replace(camera, **changes)
        state = "recording" if camera.state == "restarting" else camera.state
        status = RigStatus("demo", 1, state, (camera,))
        self.notices.look(status, {"top": lost} if lost else None, rules, is_visible)
        return self.notices.shown()

    def wait(self, seconds, **changes):
        shown = self.notices.shown()
        for _ in range(round(seconds * 4)):
            shown = self.look(**changes)
        return shown


@pytest.fixture
def desk():
    return Desk()


def dropped(n):
    return {"totals": Totals(600, 600 - n, n)}


def test_nothing_is_wrong(desk):
    assert desk.look() == ()
    assert desk.look() == ()


WRONG = {
    "away": ({"state": "restarting", "message": "no frame for 5 s"}, "bad", "no frame", "cable"),
    "away stream": (
        {"state": "restarting", "message": "http://cam/x: cam:80 never answered"},
        "bad",
        "never answered",
        "Check its address and power, and the network.",
    ),
    "frozen": ({"warning": "not changed", "frozen_s": 9.0}, "warn", "not changed", "moves"),
    "old": ({"warning": "no frame for 2.0 s"}, "warn", "no frame for 2.0 s", "cable"),
    "buffer": ({"buffer_fill": 0.51}, "warn", "51 % full", "fast profile"),
    "encoder": ({"headroom": 0.04}, "warn", "4 % of its time", "fast profile"),
    "disk": ({"time_left_s": 500.0}, "warn", "8 min at this rate", "Make room"),
    "nearly full": ({"time_left_s": 30.0}, "bad", "30 s at this rate", "Make room"),
    "too long": (
        {"time_left_s": 5000.0, "duration": "2h"},
        "warn",
        "83 min at this rate, and the recording has 1 h 59 min to go",
        "Make room",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_state_is_told_with_its_remedy_and_goes_when_it_is_over_and_was_visible(desk, name):
    changes, level, words, remedy = WRONG[name]
    desk.look()
    (told,) = desk.look(**changes)
    assert told.level == level
    assert words in told.text
    assert remedy in told.remedy
    (over,) = desk.look()
    assert over.text == f"{told.text} – over now"
    assert over.level == "info"
    assert desk.wait(VISIBLE_S - 0.75) != ()
    assert desk.wait(1.0) == ()


def test_a_state_that_nobody_could_see_is_kept(desk):
    desk.look(buffer_fill=0.9)
    assert desk.wait(60, is_visible=False) != ()
    assert desk.wait(VISIBLE_S + 0.5) == ()


FINE_YET = [
    {"buffer_fill": 0.5},
    {"headroom": 0.10},
    {"time_left_s": 601.0},
    {"time_left_s": 500.0, "duration": "1min"},
    {"time_left_s": 500.0, "elapsed_s": 1.0},
    {"state": "previewing", "buffer_fill": 1.0, "headroom": 0.0},
]


@pytest.mark.parametrize("changes", FINE_YET)
def test_the_limits_are_not_reached(desk, changes):
    assert desk.look(**changes) == ()


def test_a_camera_that_waits_may_fill_its_buffer(desk):
    assert desk.look(buffer_fill=1.0, headroom=0.0, rules=Rules(waiting=("top",))) == ()


def test_a_disk_with_less_than_it_must_keep(desk):
    (told,) = desk.look(state="previewing", disk_free_bytes=GB // 2, rules=Rules(keep_free=GB))
    assert told.level == "bad"
    assert "500 MB free" in told.text
    assert "keep_free reserves 1 GB" in told.text


def test_a_state_about_its_limit_does_not_come_and_go(desk):
    desk.look(buffer_fill=0.51)
    (told,) = desk.look(buffer_fill=0.45)
    assert told.level == "warn"
    assert "45 %" in told.text
    assert told.count == 1


def test_dropped_frames_stay_until_seen_with_when_and_remedy(desk):
    desk.look()
    words = "12 dropped at 14:03:22 (0:01:07 into it)"
    (told,) = desk.look(**dropped(12), buffer_fill=0.5, lost=words)
    assert told.level == "bad"
    assert told.text == f"top: {words}: writing does not keep up"
    remedy = "Lower the frame rate, choose the fast profile, or enlarge buffer.memory."
    assert told.remedy == remedy
    assert desk.wait(300, **dropped(12)) == (told,)
    desk.notices.seen(told.key)
    assert desk.wait(300, **dropped(12)) == ()


CAUSES = [
    ({"totals": Totals(600, 590, 10, gaps=1)}, "the camera was away"),
    ({"totals": Totals(600, 599, 0, 1)}, "could not be read"),
    ({"totals": Totals(600, 599, 1), "headroom": 0.8}, "stood still for a moment"),
    ({"totals": Totals(600, 599, 1), "headroom": 0.02}, "does not keep up"),
    ({"totals": Totals(600, 599, 1), "state": "ended", "reason": "requested"}, "never reached"),
]


@pytest.mark.parametrize(("changes", "cause"), CAUSES)
def test_the_cause_of_a_loss_is_named(desk, changes, cause):
    desk.look()
    assert cause in desk.look(**changes)[0].text


def test_what_was_lost_before_the_window_came_is_told_too(desk):
    assert "12 dropped" in desk.look(**dropped(12))[0].text


def test_what_goes_on_being_lost_is_one_notice_and_quiet_for_a_while_once_seen(desk):
    for n in range(1, 40):
        shown = desk.look(**dropped(n))
    assert len(shown) == 1
    assert shown[0].count == 1
    desk.notices.seen(shown[0].key)
    for n in range(40, 40 + int(QUIET_S * 4) - 4):
        assert desk.look(**dropped(n)) == ()
    (again,) = desk.wait(3, **dropped(999))
    assert "999 dropped" in again.text


def test_a_loss_that_comes_again_is_counted(desk):
    desk.look(**dropped(1))
    desk.wait(10, **dropped(1))
    assert desk.look(**dropped(2))[0].count == 2


def test_the_next_recording_begins_with_nothing_lost(desk):
    (told,) = desk.look(**dropped(12))
    desk.notices.seen(told.key)
    desk.look(totals=Totals(5, 5))
    assert desk.wait(60, totals=Totals(900, 900)) == ()
    assert "2 dropped" in desk.look(totals=Totals(900, 898, 2))[0].text


def test_a_state_that_was_seen_is_quiet_until_it_is_over_and_comes_again(desk):
    (told,) = desk.look(buffer_fill=0.9)
    desk.notices.seen(told.key)
    assert desk.wait(3 * QUIET_S, buffer_fill=0.9) == ()
    desk.wait(1)
    assert len(desk.look(buffer_fill=0.9)) == 1


def test_what_was_seen_and_becomes_grave_is_told_again(desk):
    (told,) = desk.look(time_left_s=500.0)
    desk.notices.seen(told.key)
    assert desk.look(time_left_s=400.0) == ()
    assert [each.level for each in desk.look(time_left_s=50.0)] == ["bad"]


def test_late_answers_are_told_once_each(desk):
    desk.look()
    (told,) = desk.look(late=3)
    assert "answered late 3 times" in told.text
    desk.notices.seen(told.key)
    assert desk.wait(60, late=3) == ()


@pytest.mark.parametrize("reason", ["duration", "requested", "end_of_source"])
def test_an_ordinary_end_is_no_trouble(desk, reason):
    desk.look()
    assert desk.look(state="ended", reason=reason) == ()


def test_a_bad_end_is_told_once_with_its_message(desk):
    desk.look()
    changes = {"state": "ended", "reason": "no_space", "message": "/data has 0.9 GB free"}
    (told,) = desk.look(**changes)
    assert told.level == "bad"
    assert "/data has 0.9 GB free" in told.text
    assert "What was recorded is kept" in told.remedy
    desk.notices.seen(told.key)
    assert desk.wait(60, **changes) == ()


def test_what_is_bad_comes_first_and_then_what_came_first(desk):
    desk.look(headroom=0.01)
    desk.look(headroom=0.01, buffer_fill=0.9)
    desk.look(headroom=0.01, buffer_fill=0.9, **dropped(1))
    desk.notices.say("info", "saved")
    keys = [each.key for each in desk.notices.shown()]
    assert keys == ["top:lost", "top:encoder", "top:buffer", "saved"]


def test_the_window_says_things_of_its_own(desk):
    desk.notices.say("bad", "ValueError: no", "Please report it.")
    desk.now_s += 10
    desk.notices.say("bad", "ValueError: no", "Please report it.")
    (told,) = desk.wait(60)
    assert (told.text, told.remedy, told.count) == ("ValueError: no", "Please report it.", 2)
    desk.notices.withdraw(told.key)
    assert desk.notices.shown() == ()


def test_what_passes_goes_once_it_was_visible(desk):
    desk.notices.say("info", "config saved", passes=True)
    assert len(desk.wait(2)) == 1
    assert desk.wait(3) == ()


def test_a_thousand_different_exceptions_do_not_pile_up(desk):
    desk.notices.say("bad", "the first")
    for n in range(1000):
        desk.notices.say("warn", f"trouble {n}")
    texts = [each.text for each in desk.notices.shown()]
    assert len(texts) == MOST
    assert texts[0] == "the first"
    assert texts[-1] == "trouble 999"


def test_a_rig_that_is_gone_ends_its_states_and_the_next_is_told_afresh(desk):
    desk.look(buffer_fill=0.9, **dropped(1))
    desk.notices.look(None)
    texts = [each.text for each in desk.notices.shown()]
    assert texts[0].startswith("top: 1 dropped")
    assert texts[1].endswith("over now")
    desk.notices.seen("top:lost")
    desk.wait(QUIET_S + 1, totals=Totals(5, 5))
    assert desk.notices.shown() == ()
