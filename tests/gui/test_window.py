"""The whole window over a desk whose rig the test decides: who asks whom, and who shows what."""

from __future__ import annotations

import inspect
import signal
from dataclasses import replace
from functools import partial, wraps
from itertools import count, cycle, pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from helpers import until
from PyQt5.QtCore import QPoint, Qt, QTimer
from PyQt5.QtGui import QKeySequence
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QLabel,
    QLineEdit,
    QScrollArea,
    QTabBar,
    QTableWidget,
    QWidget,
)
from ui_desk import Stage

from recorder.controls import CameraControl, CameraDetails
from recorder.stats import CameraStatus, RigStatus
from ui.application import apply_theme
from ui.guards import guard_slots
from ui.model.desk import Desk
from ui.model.notices import Notices
from ui.model.preferences import Preferences
from ui.theme import DARK, LIGHT
from ui.views import dialogs
from ui.views.actions import ACTIONS, MENUS, keys_help
from ui.views.deeds import Deeds
from ui.views.menus import Menus
from ui.views.pictures import Pictures
from ui.views.showing import Showing
from ui.views.window import MainWindow

TWO = "cameras: {top: {source: synthetic}, side: {source: synthetic}}"
FOUR = f"cameras: {{{', '.join(f'c{n}: {{source: synthetic}}' for n in range(1, 5))}}}"
BY_KEY = {action.key: action for action in ACTIONS}
BOOM = "the shutter is stuck"
REAL_QUESTION = dialogs.ask_closing


class Seat(SimpleNamespace):
    """Somebody before the window: `window`, its `bench`, its `desk`, the `stage` behind; `told`."""

    def look(self, *events, passed_s=0.1):
        """Let time go by, and have the window look at its desk."""
        self.stage.now += passed_s
        self.stage.control.coming += events
        self.window.due.emit()

    def rig(self, state="previewing", **changes):
        """Have a rig in that state with all cameras of the config."""
        control, names = self.stage.control, self.desk.draft.camera_names
        cameras = tuple(CameraStatus(name, **{"state": state, **changes}) for name in names)
        status = RigStatus("demo", 1, state, cameras)
        control.now = replace(control.now, phase="attached", status=status)
        self.look()

    def action(self, key):
        return self.window.menus.action(key)

    def trigger(self, key):
        self.action(key).trigger()

    def press(self, key, modifiers=Qt.NoModifier):
        QTest.keyClick(QApplication.focusWidget() or self.window, key, modifiers)

    @property
    def asked(self):
        return self.stage.control.words


@pytest.fixture
def sit(qtbot, tmp_path, monkeypatch):
    """Open windows; nothing that asks is ever answered but by the test."""
    seats = []
    monkeypatch.setattr(dialogs, "ask_saving", lambda *_: pytest.fail("asked to save"))
    monkeypatch.setattr(dialogs, "ask_closing", lambda *_: pytest.fail("asked to close"))

    def make(text=TWO, writes=True):
        stage = Stage(tmp_path, text)
        stage.control.list_rigs = lambda: None
        told = []
        window = MainWindow(stage.desk(writes), DARK, told.append)
        parts = {"bench": window.bench, "desk": window.desk, "told": told}
        seats.append(Seat(stage=stage, window=window, **parts))
        with qtbot.waitActive(window):
            window.show()
            window.activateWindow()
        return seats[-1]

    yield make
    for seat in seats:
        if seat.window.isVisible():
            seat.window.close_unasked()
        seat.window.deleteLater()
        assert seat.stage.control.closes == 1


@pytest.fixture
def seat(sit):
    made = sit()
    made.rig()
    return made


# -- the table of actions -------------------------------------------------------------------------


@pytest.mark.parametrize("action", ACTIONS, ids=BY_KEY)
def test_an_action_is_complete(action):
    deed = getattr(Deeds, f"do_{action.key}")
    assert len(inspect.signature(deed).parameters) == 1 + action.is_switch
    assert deed.__doc__
    assert action.menu in MENUS
    assert action.tip
    assert action.tip[0].isupper()
    assert not action.tip.endswith(".")
    assert action.needs in ("", "rig", "camera", "idle", "files")
    for keys in action.shortcuts:
        assert not QKeySequence(keys).isEmpty()


def test_there_is_no_deed_without_an_action():
    deeds = {name.removeprefix("do_") for name in dir(Deeds) if name.startswith("do_")}
    assert deeds == set(BY_KEY)


def test_no_key_means_two_things():
    arrows = ("Left", "Right", "Up", "Down")
    pictures = ["0", "+", "-", "=", "Return", "Enter", "Esc", "Space", "Tab", "Shift+Tab"]
    pictures += [str(n) for n in range(1, 10)]
    pictures += [f"{more}{each}" for more in ("", "Shift+", "Ctrl+") for each in arrows]
    keys = [QKeySequence(keys).toString() for action in ACTIONS for keys in action.shortcuts]
    assert len(keys) == len(set(keys))
    assert not set(keys) & {QKeySequence(each).toString() for each in pictures}


def mnemonics(texts):
    return [text[text.index("&") + 1].lower() for text in texts]


def test_letters_after_alt_are_unique(seat):
    tabs = seat.bench.tabs
    bar = mnemonics([*MENUS, *(tabs.tabText(n) for n in range(tabs.count()))])
    assert len(bar) == len(set(bar))
    for menu in MENUS:
        made = next(m for m in seat.window.menuBar().actions() if m.text() == menu).menu()
        texts = [each.text() for each in made.actions() if not each.isSeparator()]
        letters = mnemonics(texts)
        assert len(letters) == len(set(letters)), texts


def test_the_help_has_every_key():
    told = " ".join(keys for keys, _ in keys_help())
    assert all(keys in told for action in ACTIONS for keys in action.shortcuts)


def test_menus_say_what_they_do(seat):
    for key, action in BY_KEY.items():
        made = seat.action(key)
        assert made.toolTip() == action.tip
        assert made.isCheckable() == action.is_switch
        assert made in seat.window.actions(), "its keys must count while the menu bar is hidden"


# -- what can be asked for when -------------------------------------------------------------------


def enabled(seat):
    return {key for key in BY_KEY if seat.action(key).isEnabled()}


def needing(*what):
    return {key for key, action in BY_KEY.items() if action.needs in what}


def test_what_can_be_asked_for(sit):
    seat = sit()
    seat.look()
    assert enabled(seat) == needing("", "camera", "idle")
    seat.rig("previewing")
    assert enabled(seat) == needing("", "camera", "idle", "rig")
    seat.rig("recording")
    assert enabled(seat) == needing("", "camera", "rig")
    seat.desk.last_files = ("top.mkv",)
    seat.rig("previewing")
    assert enabled(seat) == set(BY_KEY)


def test_record_says_why_it_cannot(sit):
    seat = sit()
    seat.look()
    seat.press(Qt.Key_R)
    seat.look()
    assert "Cannot record: " in seat.bench.notice_bar.text.full_text
    assert "record" not in seat.asked


def test_r_and_space_record_and_stop(seat):
    seat.bench.grid.tile("top").setFocus()
    for key in (Qt.Key_R, Qt.Key_Space):
        seat.stage.control.asked.clear()
        seat.press(key)
        assert seat.asked == ["record"]
        seat.rig("recording")
        seat.press(key)
        assert seat.asked == ["record", "end_recording"]
        seat.rig("previewing")


# -- switches -------------------------------------------------------------------------------------


def is_drawn(tile, key):
    if key == "marks":
        return tile.view.picture._mark
    return getattr(tile.view.lines, key)


@pytest.mark.parametrize("key", ["marks", "crosshair", "grid"])
def test_a_switch_is_the_same_in_menu_panel_and_pictures(seat, key):
    def agrees(is_on):
        tiles = [is_drawn(seat.bench.grid.tile(name), key) for name in ("top", "side")]
        shown = seat.action(key).isChecked(), seat.bench.levels.switches[key].isChecked()
        return {*tiles, *shown} == {is_on}

    assert agrees(False)
    seat.trigger(key)
    assert agrees(True)
    seat.bench.levels.switches[key].click()
    assert agrees(False)
    seat.bench.levels.switches[key].click()
    assert agrees(True)
    seat.desk.new("synthetic", "other")
    seat.look()
    assert is_drawn(seat.bench.grid.tile("other"), key)


def test_the_strip_is_made_one_line_from_both_sides(seat):
    assert seat.action("traces").isChecked()
    seat.bench.health.toggle.click()
    assert not seat.action("traces").isChecked()
    seat.trigger("traces")
    assert not seat.bench.health.is_collapsed


def test_the_crop_tool_is_the_same_in_menu_panel_and_picture(seat):
    show_picture(seat)
    tile, button = seat.bench.grid.tile("top"), seat.bench.camera_panel.crop_tools.draw

    def agrees(is_on):
        return {tile.tool() == "crop", seat.action("crop").isChecked(), button.isChecked()} == {
            is_on
        }

    seat.trigger("crop")
    assert agrees(True)
    button.click()
    assert agrees(False)
    seat.press(Qt.Key_C)
    assert agrees(True)
    seat.window.select("side")
    assert agrees(False), "it would draw on a picture that nobody looks at"


@pytest.mark.parametrize("state", ["recording", "previewing"])
def test_no_crop_is_drawn_where_none_can_be(seat, state):
    seat.rig(state)
    if state == "recording":
        show_picture(seat)
    seat.trigger("crop")
    seat.look()
    assert seat.bench.grid.tile("top").tool() == "look"
    assert not seat.action("crop").isChecked()
    assert "crop" in seat.bench.notice_bar.text.full_text
    seat.trigger("whole")
    assert "open" not in seat.asked


def test_a_crop_that_cannot_be_one_leaves_the_picture_as_it_is(seat):
    seat.stage.control.now = replace(
        seat.stage.control.now, details={"top": CameraDetails(obtained={"size": [64, 48]})}
    )
    seat.look()
    before = seat.bench.grid.tile("top").cropping.orientation
    assert before.full_size == (64, 48)
    seat.desk.draft.set([1, 2], "cameras", "top", "crop")
    seat.look()
    show_picture(seat)
    assert seat.bench.grid.tile("top").cropping.orientation == before
    assert seat.bench.grid.tile("top").frame() is not None


def show_picture(seat):
    for name in seat.bench.grid.names():
        seat.stage.control.frames[name] = np.full((48, 64), 100, np.uint8)
        seat.window.pictureDue.emit(name)


# -- which camera ---------------------------------------------------------------------------------


def by_tile(seat):
    QTest.mouseClick(seat.bench.grid.tile("side"), Qt.LeftButton, pos=QPoint(30, 8))


def by_row(seat):
    table = seat.bench.health.table
    cell = table.visualRect(table.model().index(1, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.LeftButton, pos=cell)


def by_list(seat):
    names = seat.bench.camera_panel.bar.names
    names.setCurrentIndex(1)
    names.activated.emit(1)


def by_number(seat):
    seat.press(Qt.Key_2)


@pytest.mark.parametrize("choose", [by_tile, by_row, by_list, by_number])
def test_a_camera_is_selected_everywhere(seat, choose):
    bench = seat.bench
    seat.window.pictures.set_levels(None)
    choose(seat)
    assert bench.grid.selection() == "side"
    assert bench.camera_panel.camera == "side"
    assert bench.health.table.marked == 1
    bench.levels.low.setValue(40)
    assert bench.grid.tile("side").view.picture._levels.low == 40
    seat.window.select("top")
    assert bench.levels.levels() is None
    seat.window.select("side")
    assert bench.levels.levels().low == 40
    seat.window.select("nobody")
    assert bench.grid.selection() == "side"


def selected(seat):
    """Return which camera each part of the window is about; fails if they do not agree."""
    bench, name = seat.bench, seat.desk.selection.name
    assert bench.grid.selection() == bench.camera_panel.camera == name
    assert bench.camera_panel.bar.camera == name
    names = seat.desk.draft.camera_names
    assert bench.health.table.marked == (names.index(name) if len(names) > 1 else -1)
    assert bench.health.caption.full_text.startswith((f"{name}: ", "Nothing recorded"))
    seat.desk.photograph = lambda camera, _: pictured.append(camera)
    pictured = []
    seat.trigger("photo")
    assert pictured == [name]
    low = bench.levels.low.value() + 1
    bench.levels.low.setValue(low)
    assert bench.grid.tile(name).view.picture._levels.low == low
    return name


def test_the_camera_stays_selected_when_its_fields_are_switched_off(seat):
    seat.window.select("side")
    field = seat.bench.camera_panel.fps
    field.setFocus()
    assert QApplication.focusWidget() is field
    seat.rig("recording")
    assert not field.isEnabled()
    assert selected(seat) == "side"
    assert QApplication.focusWidget() is seat.bench.grid.tile("side"), "not the first one"
    seat.rig()
    assert selected(seat) == "side"


def test_the_camera_stays_selected_when_what_has_the_keyboard_is_hidden(seat):
    seat.window.select("side")
    seat.bench.camera_panel.fps.setFocus()
    seat.trigger("side")
    assert QApplication.focusWidget() is seat.bench.grid.tile("side")
    assert selected(seat) == "side"


def test_the_camera_stays_selected_while_cameras_are_opened_again(seat):
    seat.window.select("side")
    seat.bench.health.table.setFocus()
    for phase, status in (("starting", None), ("attached", seat.stage.control.now.status)):
        seat.stage.control.now = replace(seat.stage.control.now, phase=phase, status=status)
        seat.look()
    assert selected(seat) == "side"
    seat.desk.crop("side", (0, 0, 32, 24))
    seat.look(passed_s=1)
    seat.rig("opening")
    seat.rig()
    assert selected(seat) == "side"


def test_a_camera_that_is_added_renamed_or_removed_takes_the_selection_along(seat):
    panel = seat.bench.camera_panel
    panel.bar.add.click()
    panel.bar.end_rename()
    assert seat.bench.health.table.marked == -1, "it is not open yet, and no other one is meant"
    seat.rig()
    assert selected(seat) == "camera1"
    panel.bar.renameRequested.emit("camera1", "back")
    seat.rig()
    assert selected(seat) == "back"
    seat.window.select("side")
    panel.bar.removeRequested.emit("side")
    seat.rig()
    assert selected(seat) == "back", "the neighbour"
    panel.bar.removeRequested.emit("back")
    seat.rig()
    assert selected(seat) == "top"


def test_a_camera_alone_stays_alone_under_another_name(seat):
    seat.window.select("side")
    seat.trigger("alone")
    seat.bench.camera_panel.bar.renameRequested.emit("side", "front")
    assert seat.bench.grid.shown() == ("front",)
    assert seat.action("alone").isChecked()


def test_all_cameras_together_leave_the_selection(seat):
    table = seat.bench.health.table
    seat.window.select("side")
    cell = table.visualRect(table.model().index(2, 0)).center()
    QTest.mouseClick(table.viewport(), Qt.LeftButton, pos=cell)
    assert seat.bench.grid.selection() == "side"
    assert table.marked == 2


def test_four_cameras(sit):
    seat = sit(FOUR)
    seat.rig()
    show_picture(seat)
    assert seat.bench.grid.shown() == ("c1", "c2", "c3", "c4")
    assert all(seat.bench.grid.tile(name).frame() is not None for name in seat.bench.grid.names())
    assert seat.bench.health.table.rowCount() == 5
    seat.press(Qt.Key_4)
    assert seat.bench.camera_panel.camera == "c4"


# -- the config -----------------------------------------------------------------------------------


def test_an_edit_is_applied_in_a_moment(seat):
    field = seat.bench.camera_panel.fps
    field.setFocus()
    QTest.keyClicks(field, "25")
    seat.press(Qt.Key_Return)
    assert seat.desk.draft.get("cameras", "top", "fps") == 25
    assert "not saved" in seat.window.windowTitle()
    assert not seat.stage.control.opened
    seat.look(passed_s=1.0)
    assert [config.cameras["top"].fps for config in seat.stage.control.opened] == [25]


def test_another_config_is_shown_everywhere(seat, tmp_path):
    path = tmp_path / "lab.yaml"
    path.write_text("cameras: {left: {source: synthetic, fps: 12}}\nrecording: {duration: 1h}\n")
    seat.window.deeds.open_path(path)
    seat.look()
    assert seat.bench.grid.names() == ("left",)
    assert seat.bench.camera_panel.camera == "left"
    assert seat.bench.camera_panel.fps.value == 12
    assert "1:00:00" in seat.bench.topbar.planned.text()
    assert "lab.yaml – recorder" in seat.window.windowTitle()


def test_a_config_that_is_not_valid_is_told(seat, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("cameras: {left: {sauce: synthetic}}\n")
    seat.window.deeds.open_path(path)
    seat.look()
    assert "bad.yaml cannot be opened" in seat.bench.notice_bar.text.full_text
    assert seat.bench.grid.names() == ("top", "side")


def test_details_of_cameras_are_shown(seat):
    control = CameraControl("gain", "number", 3.0, 0.0, 10.0, 1.0, 1.0)
    details = {"top": CameraDetails("cam", controls=(control,), notes=("compressed before",))}
    seat.stage.control.now = replace(seat.stage.control.now, details=details)
    seat.look()
    assert list(seat.bench.camera_panel.properties.rows) == ["gain"]
    seat.bench.camera_panel.properties.rows["gain"].editor.spin.setValue(5)
    assert ("set", "top", "gain", 5.0) in seat.stage.control.asked


# -- notices --------------------------------------------------------------------------------------


def test_notices_come_and_are_seen(seat):
    seat.desk.notices.say("bad", BOOM, "Oil it.")
    seat.look()
    bar = seat.bench.notice_bar
    assert bar.isVisible()
    assert (bar.text.full_text, bar.remedy.full_text) == (BOOM, "Oil it.")
    bar.ok.click()
    seat.look()
    assert not bar.isVisible()


def test_a_problem_is_told(seat):
    seat.window.show_problem(BOOM)
    seat.look()
    assert seat.bench.notice_bar.text.full_text == BOOM


# -- large ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("back", "side", "alone"),
    [
        (Qt.Key_F, True, False),
        (Qt.Key_F11, False, False),
        (Qt.Key_Escape, True, True),
        ("window manager", False, True),
    ],
)
def test_full_screen_and_back(seat, side, alone, back):
    seat.window.deeds.do_alone(alone)
    if not side:
        seat.trigger("side")
    before = visible(seat)
    seat.bench.grid.tile("top").setFocus()
    seat.press(Qt.Key_F)
    assert seat.window.isFullScreen()
    assert seat.bench.grid.shown() == ("top",)
    assert visible(seat) == (False, False, False, ("top",), True, side)
    seat.press(Qt.Key_R)
    assert seat.asked == ["record"], "keys count without a menu bar too"
    if back == "window manager":
        seat.window.showNormal()
    else:
        seat.press(back)
    assert visible(seat) == before
    assert not seat.window.isFullScreen()


def visible(seat):
    bench, bar = seat.bench, seat.window.menuBar()
    parts = tuple(each.isVisible() for each in (bench.side, bench.health, bar))
    keys = ("alone", "side")
    return *parts, bench.grid.shown(), *(seat.action(key).isChecked() for key in keys)


def test_full_screen_leaves_a_maximised_window_maximised(seat):
    seat.window.showMaximized()
    seat.trigger("full_screen")
    seat.trigger("full_screen")
    assert seat.window.isMaximized()


def test_escape_leaves_what_is_alone(seat):
    seat.press(Qt.Key_S)
    assert seat.bench.grid.shown() == ("top",)
    assert seat.action("alone").isChecked()
    seat.press(Qt.Key_Escape)
    assert seat.bench.grid.shown() == ("top", "side")
    assert not seat.action("alone").isChecked()


def test_the_next_window_stands_where_this_one_stood(seat, sit, tmp_path):
    seat.window.setGeometry(10, 20, 800, 500)
    seat.trigger("traces")
    seat.trigger("full_screen")
    seat.window.close()
    assert Preferences.load(tmp_path).traces_collapsed
    again = sit()
    assert not again.window.isFullScreen()
    assert again.window.size() == seat.window.size()
    assert again.bench.health.is_collapsed
    assert not again.action("traces").isChecked()


def test_a_window_from_a_larger_screen_fits(seat, sit):
    seat.window.setGeometry(3000, 2000, 2500, 1900)
    seat.window.close()
    again = sit().window
    room = QApplication.primaryScreen().availableGeometry()
    assert again.size() == again.size().boundedTo(room.size())
    assert room.contains(again.pos())


# -- closing --------------------------------------------------------------------------------------


def answers(monkeypatch, saving=None, closing=None):
    """Answer what is asked, and keep what was."""
    asked = []
    for name, answer in (("ask_saving", saving), ("ask_closing", closing)):
        if answer is not None:
            monkeypatch.setattr(dialogs, name, lambda *_, n=name, a=answer: (asked.append(n), a)[1])
    return asked


def change(seat):
    seat.desk.draft.set(25, "cameras", "top", "fps")


def test_it_closes_unasked_when_nothing_would_be_lost(seat):
    assert seat.window.close()
    assert seat.stage.control.closes == 1


@pytest.mark.parametrize(("answer", "closes"), [("cancel", False), ("discard", True)])
def test_a_changed_config_is_asked_about(seat, monkeypatch, answer, closes):
    change(seat)
    asked = answers(monkeypatch, saving=answer)
    assert seat.window.close() is closes
    assert asked == ["ask_saving"]
    assert seat.stage.control.closes == closes


@pytest.mark.parametrize("is_chosen", [True, False])
def test_a_changed_config_is_saved_on_the_way(seat, monkeypatch, tmp_path, is_chosen):
    change(seat)
    answers(monkeypatch, saving="save")
    path = tmp_path / "new.yaml"
    monkeypatch.setattr(dialogs, "choose_target", lambda *_: path if is_chosen else None)
    assert seat.window.close() is is_chosen
    assert path.exists() is is_chosen


def test_in_a_preview_nothing_is_to_be_saved(sit):
    seat = sit(writes=False)
    seat.rig()
    change(seat)
    assert not seat.bench.result.isVisible()
    assert not seat.bench.tabs.isTabVisible(1)
    assert seat.window.close()


@pytest.mark.parametrize(
    ("answer", "closes", "stops"),
    [("cancel", False, False), ("leave", True, False), ("finish", False, True)],
)
def test_a_recording_is_asked_about(seat, monkeypatch, answer, closes, stops):
    seat.rig("recording")
    asked = answers(monkeypatch, closing=answer)
    assert seat.window.close() is closes
    assert asked == ["ask_closing"]
    assert ("end_recording" in seat.asked) is stops


def test_finish_and_close_waits_for_the_files(seat, monkeypatch):
    seat.rig("recording")
    answers(monkeypatch, closing="finish")
    seat.window.close()
    for state in ("recording", "finishing"):
        seat.rig(state)
        assert seat.window.isVisible()
    seat.rig("previewing")
    assert not seat.window.isVisible()
    assert seat.stage.control.closes == 1


def test_a_recording_that_ended_while_it_was_asked(seat, monkeypatch):
    seat.rig("recording")

    def ask(*_):
        seat.rig("previewing")
        return "finish"

    monkeypatch.setattr(dialogs, "ask_closing", ask)
    assert seat.window.close()


# -- a signal -------------------------------------------------------------------------------------

TERMINAL = partial(MainWindow.obey, has_terminal=True)
LEFT = (
    "recorder: the window is closed, the recording goes on: "
    "`recorder attach demo` shows it, `recorder stop demo` ends it"
)
WARNED = (
    "recorder: the window asks before it closes; Ctrl-C again leaves at once, "
    "and the recording goes on"
)


@pytest.mark.parametrize(
    ("answer", "closes", "told"),
    [("cancel", False, [WARNED]), ("leave", True, [WARNED, LEFT]), ("finish", False, [WARNED])],
)
def test_ctrl_c_at_a_terminal_asks_as_closing_does(seat, monkeypatch, answer, closes, told):
    seat.rig("recording")
    asked = answers(monkeypatch, closing=answer)
    TERMINAL(seat.window, signal.SIGINT)
    assert asked == ["ask_closing"]
    assert seat.window.isVisible() is not closes
    assert seat.told == told
    assert seat.window.exit_code == 0


def test_ctrl_c_after_going_back_asks_again(seat, monkeypatch):
    seat.rig("recording")
    asked = answers(monkeypatch, closing="cancel")
    TERMINAL(seat.window, signal.SIGINT)
    TERMINAL(seat.window, signal.SIGINT)
    assert asked == ["ask_closing"] * 2
    assert seat.window.isVisible()


@pytest.mark.parametrize("opened_by", ["Ctrl-C", "Ctrl+Q"])
def test_a_second_ctrl_c_leaves_at_once_while_it_is_asked(sit, monkeypatch, opened_by):
    monkeypatch.setattr(dialogs, "ask_closing", REAL_QUESTION)
    seat = sit()
    seat.rig("recording")

    def while_asked():
        assert QApplication.activeModalWidget() is not None
        if opened_by == "Ctrl+Q":
            TERMINAL(seat.window, signal.SIGINT)
            assert seat.window.isVisible()
        TERMINAL(seat.window, signal.SIGINT)

    QTimer.singleShot(0, while_asked)
    TERMINAL(seat.window, signal.SIGINT) if opened_by == "Ctrl-C" else seat.trigger("quit")
    assert not seat.window.isVisible()
    assert seat.told == [WARNED, LEFT]
    assert "end_recording" not in seat.asked
    assert seat.window.exit_code == 130


@pytest.mark.parametrize(
    ("number", "has_terminal"),
    [(signal.SIGTERM, True), (signal.SIGTERM, False), (signal.SIGINT, False)],
)
def test_where_perhaps_no_one_answers_it_leaves_at_once(seat, number, has_terminal):
    change(seat)
    seat.rig("recording")
    seat.window.obey(number, has_terminal)
    assert not seat.window.isVisible()
    assert seat.told == [LEFT]
    assert (seat.window.exit_code, "end_recording" in seat.asked) == (0, False)


def test_a_dialog_that_is_open_keeps_no_window(seat, monkeypatch):
    seat.rig("recording")
    QTimer.singleShot(0, lambda: seat.window.obey(signal.SIGTERM, True))
    seat.trigger("keys")
    assert not seat.window.isVisible()
    assert seat.told == [LEFT]


def test_a_recording_that_is_just_asked_for_goes_on_too(seat):
    seat.stage.control.is_beginning = True
    seat.window.obey(signal.SIGTERM, True)
    assert seat.told == [LEFT]


def test_a_signal_while_nothing_records_closes_quietly(seat):
    TERMINAL(seat.window, signal.SIGINT)
    assert not seat.window.isVisible()
    assert (seat.told, seat.window.exit_code) == ([], 0)


def test_a_guest_leaves_quietly_and_who_began_a_recording_is_none(sit):
    for begins in (False, True):
        seat = sit()
        seat.desk.is_guest = True
        seat.rig()
        if begins:
            seat.desk.record()
        seat.rig("recording")
        seat.window.obey(signal.SIGINT if not begins else signal.SIGTERM, True)
        assert not seat.window.isVisible()
        assert seat.told == ([LEFT] if begins else [])


def test_closing_by_hand_says_what_goes_on_too(seat, monkeypatch):
    seat.rig("recording")
    answers(monkeypatch, closing="leave")
    assert seat.window.close()
    assert seat.told == [LEFT]


def test_a_rig_that_is_gone_is_not_asked_about(seat):
    seat.rig("recording")
    seat.stage.control.now = replace(seat.stage.control.now, phase="gone")
    seat.look()
    assert seat.window.close()


def test_another_rig_is_attached_to_only_when_nothing_is_lost(seat, monkeypatch):
    change(seat)
    answers(monkeypatch, saving="cancel")
    seat.window.deeds.attach("other")
    assert "attach" not in seat.asked
    answers(monkeypatch, saving="discard")
    seat.window.deeds.attach("other")
    assert ("attach", "other") in seat.stage.control.asked


# -- colours --------------------------------------------------------------------------------------


@pytest.fixture
def plain_app(qapp):
    before = qapp.styleSheet(), qapp.palette()
    apply_theme(qapp, DARK)
    yield qapp
    qapp.setStyleSheet(before[0])
    qapp.setPalette(before[1])


def brightness(view):
    image = view.grab().toImage().convertToFormat(image_format())
    data = np.frombuffer(image.bits().asarray(image.sizeInBytes()), np.uint8)
    return float(np.median(data.reshape(image.height(), -1)))


def image_format():
    from PyQt5.QtGui import QImage

    return QImage.Format_Grayscale8


def test_other_colours_are_taken_everywhere(plain_app, seat):
    seat.window.resize(1280, 800)
    bench = seat.bench
    parts = [bench.topbar, bench.grid.tile("top").header, bench.health, bench.health.plots]
    parts += [bench.camera_panel, bench.result, bench.tabs, seat.window.menuBar()]
    assert all(brightness(part) < 90 for part in parts)
    seat.trigger("light")
    assert seat.window.theme is LIGHT
    assert [brightness(part) > 165 for part in parts] == [True] * len(parts)
    for number, panel in ((1, bench.recording_panel), (2, bench.levels), (2, bench.levels.plot)):
        bench.tabs.setCurrentIndex(number)
        assert brightness(panel) > 165
    seat.trigger("light")
    assert all(brightness(part) < 90 for part in parts)


# -- errors ---------------------------------------------------------------------------------------

SLOTS = {
    "topbar.recordRequested": (Desk, "record"),
    "topbar.stopRequested": (Desk, "stop"),
    "notice_bar.seen": (Notices, "seen", "key"),
    "grid.chosen": (MainWindow, "select", "top"),
    "grid.cropRequested": (Desk, "crop", "top", None),
    "grid.snapshotRequested": (Desk, "photograph", "top"),
    "grid.fullScreenRequested": (Deeds, "show_full_screen", "top"),
    "grid.levelsAutoRequested": (Pictures, "fit_levels", "top"),
    "grid.toolChanged": (Deeds, "show_tool", "top", "crop"),
    "health.selected": (MainWindow, "select", "top"),
    "health.collapsed": (Menus, "check", True),
    "result.openFolderRequested": (MainWindow, "open_folder", "/"),
    "result.verifyRequested": (Desk, "check_last"),
    "levels.levelsChanged": (Pictures, "set_levels", None),
    "levels.autoRequested": (Pictures, "fit_levels"),
    "levels.marksToggled": (Deeds, "do_marks", True),
    "levels.crosshairToggled": (Deeds, "do_crosshair", True),
    "levels.gridToggled": (Deeds, "do_grid", True),
    "camera_panel.edited": (Desk, "edited", ("cameras", "top", "fps")),
    "camera_panel.cameraChosen": (MainWindow, "select", "top"),
    "camera_panel.listRequested": (Deeds, "list_cameras"),
    "camera_panel.cropToolRequested": (Deeds, "do_crop", True),
    "camera_panel.settingMoved": (Desk, "moved", "top", "gain", 1.0),
    "recording_panel.edited": (Desk, "edited", ("recording", "duration")),
    "recording_panel.openFolderRequested": (MainWindow, "open_folder", "/"),
    "recording_panel.verifyToggled": (MainWindow, "_set_verify", True),
}
"""A signal of a view, who answers it, and what comes with it."""


class Traps:
    """Methods that fail while they are armed, each with an error of its own."""

    def __init__(self, monkeypatch):
        self.patch = monkeypatch.setattr
        self.armed = None
        self.numbers = count()
        self.set_ones = set()

    def put(self, owner, name):
        if (owner, name) in self.set_ones:
            return
        self.set_ones.add((owner, name))
        real = getattr(owner, name)

        @wraps(real)
        def trap(*arguments):
            if self.armed == (owner, name):
                raise type(self.error, (ValueError,), {})(BOOM)
            return real(*arguments)

        self.patch(owner, name, trap)

    def is_told(self, seat, owner, name, do):
        """Spring a trap; say whether the window says so, and goes on."""
        self.error = f"Broken{next(self.numbers)}_{name}"  # the same one is told now and then only
        self.armed = (owner, name)
        do()
        self.armed = None
        told = f"{self.error}: {BOOM}"
        key = until(lambda: (QApplication.processEvents(), self._key(seat, told))[1], told)
        seat.look()
        said = seat.bench.notice_bar.text.full_text
        seat.desk.notices.seen(key)
        return told in said and said.startswith("The window met an error and goes on: ")

    def _key(self, seat, told):
        return next((n.key for n in seat.desk.notices.shown() if told in n.text), None)


@pytest.fixture
def traps(monkeypatch):
    return Traps(monkeypatch)


def test_an_error_in_any_deed_is_told(sit, qtbot, traps):
    for key in BY_KEY:
        traps.put(Deeds, f"do_{key}")
    seat = sit()
    seat.desk.last_files = ("top.mkv",)
    seat.rig()
    with guard_slots(seat.window.show_problem):
        for key in BY_KEY:
            assert traps.is_told(seat, Deeds, f"do_{key}", seat.action(key).trigger), key
    assert seat.window.isVisible()


def test_an_error_in_any_slot_is_told(sit, qtbot, traps):
    for owner, method, *_ in SLOTS.values():
        traps.put(owner, method)
    seat = sit()
    seat.rig()
    with guard_slots(seat.window.show_problem):
        for signal, (owner, method, *values) in SLOTS.items():
            view, name = signal.split(".")
            bound = getattr(getattr(seat.bench, view), name)
            assert traps.is_told(seat, owner, method, partial(bound.emit, *values)), signal
    assert seat.window.isVisible()


STEPS = [step.__name__ for step in Showing(SimpleNamespace(bench=0, desk=0)).steps()]


def test_an_error_in_any_step_does_not_keep_the_rest_from_being_shown(sit, qtbot, traps):
    for step in STEPS:
        traps.put(Showing, step)
    for owner, method in ((Desk, "tick"), (Pictures, "pull"), (Pictures, "show_histogram")):
        traps.put(owner, method)
    seat = sit()
    states = cycle(["recording", "previewing"])
    with guard_slots(seat.window.show_problem):
        for step in STEPS:
            state = next(states)
            assert traps.is_told(seat, Showing, step, partial(seat.rig, state)), step
            if step != "_top":
                is_on = seat.bench.topbar.state.full_text == "RECORDING"
                assert is_on is (state == "recording"), step
        assert traps.is_told(seat, Desk, "tick", seat.look)
        show = partial(show_picture, seat)
        assert traps.is_told(seat, Pictures, "pull", show)
        assert traps.is_told(seat, Pictures, "show_histogram", seat.window.histogramDue.emit)


def test_an_error_in_one_picture_leaves_the_others(seat, qtbot, monkeypatch):
    def fail(*_):
        raise ValueError(BOOM)

    with guard_slots(seat.window.show_problem), monkeypatch.context() as patch:
        patch.setattr(seat.bench.grid.tile("top"), "show_look", fail)
        show_picture(seat)
    assert seat.bench.grid.tile("side").frame() is not None


def test_every_signal_of_a_view_that_asks_for_something_is_in_the_table(seat):
    asks = set()
    for view in ("topbar", "notice_bar", "grid", "health", "result", "levels"):
        asks |= {f"{view}.{name}" for name in signals_of(getattr(seat.bench, view))}
    for view in ("camera_panel", "recording_panel"):
        asks |= {f"{view}.{name}" for name in signals_of(getattr(seat.bench, view))}
    assert asks == set(SLOTS)


def signals_of(view):
    meta = view.metaObject()
    first = QWidget.staticMetaObject.methodCount()
    methods = [meta.method(n) for n in range(first, meta.methodCount())]
    mine = {bytes(m.name()).decode() for m in methods if m.methodType() == m.Signal}
    return {name for name in mine if name in vars(type(view)) or name == "edited"}


# -- the keyboard, and who cannot see -------------------------------------------------------------


def reached_by_tab(window):
    """Return what takes the keyboard of all that the window ever shows."""
    found = []
    for widget in window.findChildren(QWidget):
        is_inner = isinstance(widget, QScrollArea) or widget.focusProxy() is not None
        mine = widget.window() is window
        if widget.focusPolicy() & Qt.TabFocus and mine and not (is_inner or widget.isHidden()):
            found.append(widget)
    return found


def full(seat):
    """Show a window in which everything is there."""
    control = CameraControl("gain", "number", 3.0, 0.0, 10.0, 1.0, 1.0)
    details = {"top": CameraDetails("cam", controls=(control,))}
    seat.stage.control.now = replace(seat.stage.control.now, details=details)
    seat.desk.notices.say("bad", BOOM)
    seat.desk.last_files = ("top.mkv",)
    seat.look()


def test_everything_has_a_name_and_a_tooltip(seat):
    full(seat)
    widgets = reached_by_tab(seat.window)
    assert len(widgets) > 40
    unnamed = [w for w in widgets if not (w.accessibleName() or getattr(w, "text", str)())]
    assert not [describe(w) for w in unnamed]
    untold = [w for w in widgets if not (w.toolTip() or w.accessibleDescription())]
    cells = [w.item(0, 0) for w in untold if isinstance(w, QTableWidget)]
    assert all(cell.toolTip() for cell in cells)
    assert len(untold) == len(cells), [describe(w) for w in untold]


def describe(widget):
    parents = []
    while widget is not None:
        text = widget.text() if isinstance(widget, QAbstractButton | QLabel) else ""
        parents.append(f"{type(widget).__name__} {widget.accessibleName() or text}".strip())
        widget = widget.parentWidget()
    return " < ".join(parents[:4])


def tabbed(seat, most):
    """Return what Tab visits, until it is where it began."""
    visited = [QApplication.focusWidget()]
    for _ in range(most):
        QTest.keyClick(QApplication.focusWidget(), Qt.Key_Tab)
        if QApplication.focusWidget() is visited[0]:
            return visited
        visited.append(QApplication.focusWidget())
    pytest.fail(f"Tab never comes back: {[describe(each) for each in visited]}")


@pytest.mark.parametrize("page", [0, 1, 2])
def test_tab_goes_as_one_reads(sit, page):
    seat = sit(FOUR)
    seat.rig()
    full(seat)
    seat.bench.tabs.setCurrentIndex(page)
    seat.bench.topbar.button.setFocus()
    visited = tabbed(seat, 200)
    assert len(visited) == len(set(visited))
    shown = [w for w in reached_by_tab(seat.window) if w.isVisible() and w.isEnabled()]
    assert set(visited) == set(shown), [describe(w) for w in set(visited) ^ set(shown)]
    bench = seat.bench
    tiles = [bench.grid.tile(name) for name in bench.grid.names()]
    parts = [bench.topbar, bench.notice_bar, *tiles, bench.tabs, bench.result, bench.health]
    places = [next(n for n, p in enumerate(parts) if p is w or p.isAncestorOf(w)) for w in visited]
    assert all(a <= b for a, b in pairwise(places)), [describe(w) for w in visited]


def test_a_camera_that_comes_later_is_visited_in_its_place(seat):
    seat.desk.draft.rename_camera("top", "above")
    seat.bench.camera_panel.edited.emit(("cameras",))
    seat.bench.topbar.button.setFocus()
    QTest.keyClick(seat.bench.topbar.button, Qt.Key_Tab)
    assert QApplication.focusWidget() is seat.bench.grid.tile("above")


def test_space_records_at_once(sit):
    seat = sit()
    seat.rig()
    assert QApplication.focusWidget() in (seat.bench.topbar.button, seat.bench.grid.tile("top"))
    seat.press(Qt.Key_Space)
    assert seat.asked == ["record"]


def test_space_presses_the_button_that_has_the_keyboard(seat):
    seat.bench.health.toggle.setFocusPolicy(Qt.StrongFocus)
    seat.bench.health.toggle.setFocus()
    seat.press(Qt.Key_Space)
    assert seat.bench.health.is_collapsed
    assert not seat.asked


def test_what_is_typed_is_typed(seat):
    field = seat.bench.camera_panel.source.findChild(QLineEdit)
    field.setFocus()
    for key in ("R", "r", " ", "P", "s", "1", "0", "+"):
        field.selectAll()
        QTest.keyClicks(field, key)
        assert field.text() == key
    assert not seat.asked
    assert seat.bench.grid.shown() == ("top", "side")


def test_return_in_a_field_is_the_fields(seat):
    bar = seat.bench.camera_panel.bar
    bar.rename.click()
    QTest.keyClicks(bar.name, "above")
    seat.press(Qt.Key_Return)
    assert seat.desk.draft.camera_names == ("above", "side")
    assert seat.bench.grid.shown() == ("above", "side")


def test_what_is_typed_into_a_table_is_typed(seat):
    seat.bench.tabs.setCurrentIndex(1)
    table = seat.bench.recording_panel.metadata
    table.setFocus()
    table.setCurrentCell(0, 0)
    seat.press(Qt.Key_R)
    assert table.state() == QAbstractItemView.EditingState
    assert not seat.asked
    seat.press(Qt.Key_Escape)
    seat.press(Qt.Key_R, Qt.ControlModifier)
    assert "stop_rig" in seat.asked or "open" in seat.asked, "that is no letter"


def test_tabs_can_be_reached(seat):
    bar = seat.bench.tabs.findChild(QTabBar)
    bar.setFocus()
    seat.press(Qt.Key_Right)
    assert seat.bench.tabs.currentIndex() == 1
