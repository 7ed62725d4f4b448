"""The record button, the timer and what stands beside them."""

import pytest
from PyQt5.QtCore import Qt

from recorder.stats import CameraStatus, RigStatus, Totals
from ui.theme import DARK, LIGHT, style_sheet
from ui.views.topbar import RECORD, STOP, TopBar
from ui.views.whole import TextBox


def rig(state="recording", **changes):
    values = {
        "elapsed_s": 754.9,
        "duration": "2h",
        "disk_bytes_s": 4e6,
        "disk_free_bytes": 42 * 10**9,
        "time_left_s": 9660.0,
        **changes,
    }
    return RigStatus("demo", 1, state, (CameraStatus("top", state, **values),))


@pytest.fixture
def bar(qtbot):
    bar = TopBar(DARK)
    bar.setStyleSheet(style_sheet(DARK))
    qtbot.addWidget(bar)
    bar.resize(1280, bar.sizeHint().height())
    bar.show()
    return bar


def test_the_button_asks_for_a_recording_by_mouse_and_by_space(bar, qtbot):
    bar.show_status(rig("previewing"))
    assert bar.button.text() == RECORD
    with qtbot.waitSignal(bar.recordRequested, timeout=1000):
        qtbot.mouseClick(bar.button, Qt.LeftButton)
    with qtbot.waitSignal(bar.recordRequested, timeout=1000):
        qtbot.keyClick(bar.button, Qt.Key_Space)


def test_while_recording_it_asks_for_the_end(bar, qtbot):
    bar.show_status(rig())
    assert bar.button.text() == STOP
    assert bar.button.accessibleName() == "Stop the recording"
    with (
        qtbot.assertNotEmitted(bar.recordRequested),
        qtbot.waitSignal(bar.stopRequested, timeout=1000),
    ):
        qtbot.mouseClick(bar.button, Qt.LeftButton)


def test_a_recording_is_said_by_a_mark_and_a_word(bar):
    bar.show_status(rig("previewing"))
    assert not bar.dot.is_on
    assert bar.state.text() == "Ready"
    bar.show_status(rig())
    assert bar.dot.is_on
    assert bar.state.text() == "RECORDING"
    middle = bar.dot.rect().center()
    assert bar.dot.grab().toImage().pixelColor(middle).name() == DARK.record


def test_time_and_disk_in_words_with_units(bar):
    bar.show_status(rig())
    assert (bar.timer.text(), bar.planned.text()) == ("00:12:34", "of 02:00:00")
    assert bar.remaining.text() == "01:47:25 to go"
    assert (bar.free.text(), bar.lasts.text()) == ("42 GB free", "2 h 41 min at this rate")


@pytest.mark.parametrize(
    ("planned", "shown"),
    [("1000 frames", "of 1000 frames"), ("90s", "of 00:01:30"), (None, "until stopped")],
)
def test_before_a_recording_it_says_how_long_the_next_one_will_be(bar, planned, shown):
    bar.set_planned(planned)
    bar.show_status(rig("previewing", duration="2h"))
    assert bar.timer.text() == "00:00:00"
    assert bar.planned.text() == shown
    assert bar.lasts.text() == ""


def test_after_a_recording_it_says_what_the_last_one_was(bar):
    bar.show_status(rig("previewing", totals=Totals(10, 8, 2)))
    assert bar.detail.full_text == "demo · last recording 00:12:34, 2 dropped"


def test_when_recording_is_impossible_the_reason_is_visible_and_the_tooltip(bar, qtbot):
    bar.show_status(rig("previewing"))
    bar.set_blocked("write nothing is chosen")
    assert not bar.button.isEnabled()
    assert bar.state.text() == "Cannot record"
    assert bar.detail.text() == "write nothing is chosen"
    assert "write nothing is chosen" in bar.button.toolTip()
    with qtbot.assertNotEmitted(bar.recordRequested):
        qtbot.mouseClick(bar.button, Qt.LeftButton)
    bar.set_blocked(None)
    assert bar.button.isEnabled()
    assert bar.state.text() == "Ready"


def test_while_a_schedule_waits_nothing_is_wrong(bar):
    bar.show_status(rig("waiting"))
    bar.set_blocked("the cameras are closed until Tue 01 Dec 22:00:00")
    assert not bar.button.isEnabled()
    assert bar.state.text() == "Waiting for its time"
    assert bar.detail.text() == "the cameras are closed until Tue 01 Dec 22:00:00"
    assert bar.detail.styleSheet() == ""


def test_a_recording_can_be_stopped_whatever_is_wrong(bar, qtbot):
    bar.set_blocked("config has a problem: cameras is empty")
    bar.show_status(rig())
    with qtbot.waitSignal(bar.stopRequested, timeout=1000):
        qtbot.mouseClick(bar.button, Qt.LeftButton)


def test_while_busy_a_click_is_not_heard_and_the_keyboard_stays(bar, qtbot):
    bar.show_status(rig("previewing"), busy="starting …")
    assert bar.state.text() == "Starting …"
    assert bar.button.isEnabled()
    with qtbot.assertNotEmitted(bar.recordRequested):
        qtbot.mouseClick(bar.button, Qt.LeftButton)


def test_without_a_rig(bar):
    bar.show_status(None)
    assert bar.state.text() == "No camera is open"
    assert (bar.free.text(), bar.lasts.text(), bar.remaining.text()) == ("", "", "")


def test_cameras_that_are_not_like_the_others_are_named(bar):
    cameras = CameraStatus("top", "recording"), CameraStatus("side", "restarting")
    bar.show_status(RigStatus("demo", 1, "recording", cameras))
    assert bar.detail.text() == "demo · side restarting"


@pytest.mark.parametrize("width", [900, 1280])
def test_nothing_moves_whatever_it_shows(bar, width):
    bar.resize(width, bar.height())
    shown = [rig("previewing"), rig(), rig(elapsed_s=40_000.0), rig(duration="1000 frames"), None]

    def places():
        parts = (bar.button, bar.dot, bar.timer, bar.planned, bar.free, bar.lasts, bar.detail)
        return [part.geometry() for part in parts]

    def settled(status, blocked):
        bar.set_blocked(blocked)
        bar.show_status(status)
        bar.layout().activate()
        return places(), bar.sizeHint().height()

    first = settled(shown[0], None)
    for status in shown:
        for blocked in (None, "x " * 200):
            assert settled(status, blocked) == first
    assert bar.minimumSizeHint().width() <= width


def test_what_is_too_long_opens_whole_in_a_box(bar, qtbot):
    reason = "config has a problem: " + "cameras.top.fps is 0; " * 20
    bar.show_status(rig("previewing"))
    bar.set_blocked(reason)
    assert bar.detail.text().endswith("… ▾")
    assert bar.detail.accessibleName() == reason
    qtbot.mouseClick(bar.detail, Qt.LeftButton)
    box = bar.findChild(TextBox)
    assert box.isVisible()
    assert box.text.full_text == reason
    qtbot.keyClick(box, Qt.Key_Escape)
    assert not box.isVisible()
    bar.detail.setFocus(Qt.TabFocusReason)
    qtbot.keyClick(bar.detail, Qt.Key_Return)
    assert box.isVisible()
    box.close()


def test_several_problems_are_counted_and_listed_in_the_box(bar, qtbot):
    bar.show_status(rig("previewing"))
    bar.set_blocked("the config has 2 problems\n• cameras.top.fps: -3\n• recording.duration: soon")
    assert bar.detail.text() == "the config has 2 problems ▾"
    bar.detail.open_box()
    assert "• recording.duration: soon" in bar.findChild(TextBox).text.text()
    bar.findChild(TextBox).close()
    bar.set_blocked(None)
    assert not bar.detail.has_more
    assert not bar.detail.focusPolicy() & Qt.TabFocus


@pytest.mark.parametrize("width", [760, 1280])
def test_the_state_is_never_cut_off(bar, width):
    bar.resize(width, bar.height())
    bar.show_status(rig("previewing"))
    bar.set_blocked("no camera is open")
    for status, blocked in ((rig(), None), (rig("previewing"), "no camera is open")):
        bar.show_status(status)
        bar.set_blocked(blocked)
        bar.layout().activate()
        assert bar.state.text() == ("Cannot record" if blocked else "RECORDING")
    assert bar.planned.isVisible() is (width > 1000)


def test_another_theme_recolours_the_mark(bar):
    bar.show_status(rig())
    bar.set_theme(LIGHT)
    middle = bar.dot.rect().center()
    assert bar.dot.grab().toImage().pixelColor(middle).name() == LIGHT.record
