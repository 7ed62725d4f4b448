"""The numbers at the bottom, and the last two minutes."""

import time
from statistics import median

import numpy as np
import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QFontMetrics

from recorder.stats import CameraStatus, RigStatus, Totals
from ui.model.traces import Traces
from ui.theme import DARK, LIGHT, style_sheet
from ui.views.health import HealthBar
from ui.views.numbers import COLUMNS, FILE, LOST
from ui.views.whole import TextBox

PATH = "/home/lab/recordings/2026-11-22/top_20261122_120000.mkv"


def camera(name="top", **changes):
    values = {
        "totals": Totals(600, 598),
        "fps_in": 60.04,
        "fps_written": 59.96,
        "buffer_fill": 0.03,
        "headroom": 0.71,
        "raw_bytes_s": 124e6,
        "disk_bytes_s": 58e6,
        "ratio_now": 2.14,
        "elapsed_s": 60.0,
        "ratio": 2.1,
        "file_bytes": 267_000_000,
        "files": (PATH,),
        **changes,
    }
    return CameraStatus(name, "recording", **values)


def rig(*cameras):
    return RigStatus("demo", 1, "recording", cameras)


@pytest.fixture
def bar(qtbot):
    bar = HealthBar(DARK)
    bar.setStyleSheet(style_sheet(DARK))
    qtbot.addWidget(bar)
    bar.resize(1280, bar.sizeHint().height())
    bar.show()
    return bar


def row(bar, index):
    return [bar.table.item(index, column).text() for column in range(len(COLUMNS))]


def test_a_camera_in_numbers_each_with_its_unit(bar):
    bar.show_status(rig(camera()))
    assert bar.table.rowCount() == 1
    assert row(bar, 0) == [
        *("top", "60.0 / 60.0 fps", "0 lost", "3 %", "71 % free"),
        *("124 → 58 MB/s", "2.14 / 2.10 : 1", "267 MB", "top_20261122_120000.mkv"),
    ]
    assert bar.table.item(0, FILE).toolTip() == PATH


def test_of_several_cameras_there_is_a_total(bar):
    bar.show_status(rig(camera("top"), camera("side")))
    assert [row(bar, n)[0] for n in range(3)] == ["top", "side", "total"]
    assert row(bar, 2)[1] == "120.1 / 119.9 fps"
    assert row(bar, 2)[FILE] == "2 files"


def test_a_camera_that_does_nothing_yet(bar):
    bar.show_status(rig(CameraStatus("top")))
    assert row(bar, 0)[5:] == ["0 → 0 MB/s", "– / –", "–", "no file"]


def test_lost_frames_are_red_and_bold_and_told_with_when(bar):
    bar.show_status(rig(camera()))
    assert bar.table.item(0, LOST).foreground().color().name() == DARK.text
    lost = {"top": ("12 dropped at 14:03:22", "12 dropped at 14:03:22 and so on")}
    bar.show_status(rig(camera(totals=Totals(600, 588, 12))), lost)
    item = bar.table.item(0, LOST)
    assert item.text() == "12 dropped"
    assert item.foreground().color().name() == DARK.bad
    assert item.font().bold()
    assert item.toolTip() == lost["top"][1]
    assert bar.caption.full_text == "top lost: 12 dropped at 14:03:22"
    assert bar.caption.property("role") == "bad"
    bar.set_theme(LIGHT)
    assert item.foreground().color().name() == LIGHT.bad


def test_what_all_cameras_lost_stands_under_the_total(bar):
    lost = {"top": ("2 dropped at 14:03:22", ""), "side": ("1 gap at 14:05:00", "")}
    cameras = camera("top", totals=Totals(9, 7, 2)), camera("side", totals=Totals(9, 9, gaps=1))
    bar.show_status(rig(*cameras), lost)
    words = "all cameras lost: top: 2 dropped at 14:03:22; side: 1 gap at 14:05:00"
    assert bar.caption.full_text == words
    bar.select("side")
    assert bar.caption.full_text == "side lost: 1 gap at 14:05:00"


def test_a_row_is_chosen_by_mouse_and_by_keyboard(bar, qtbot):
    bar.show_status(rig(camera("top"), camera("side")))
    where = bar.table.visualItemRect(bar.table.item(1, 1)).center()
    with qtbot.waitSignal(bar.selected, timeout=1000) as said:
        qtbot.mouseClick(bar.table.viewport(), Qt.LeftButton, pos=where)
    assert said.args == ["side"]
    with qtbot.waitSignal(bar.selected, timeout=1000) as said:
        qtbot.keyClick(bar.table, Qt.Key_Down)
    assert said.args == [None]


def test_selecting_from_outside_says_nothing_back(bar, qtbot):
    bar.show_status(rig(camera("top"), camera("side")))
    with qtbot.assertNotEmitted(bar.selected):
        bar.select("side")
        bar.show_status(rig(camera("top"), camera("side")))
        bar.show_status(rig(camera("top"), camera("other")))
    assert bar.table.marked == -1, "side is not there; no other camera takes its place"
    assert bar.caption.full_text == "Nothing recorded yet"
    bar.show_status(rig(camera("other"), camera("side")))
    assert bar.table.marked == 1


def test_the_keyboard_in_the_table_chooses_no_camera(bar, qtbot):
    bar.select("gone")
    bar.show_status(rig(camera("top"), camera("side")))
    bar.activateWindow()
    with qtbot.assertNotEmitted(bar.selected):
        bar.table.setFocus(Qt.TabFocusReason)
        qtbot.waitUntil(bar.table.hasFocus)
    with qtbot.waitSignal(bar.selected, timeout=1000) as said:
        where = bar.table.visualItemRect(bar.table.item(0, 1)).center()
        qtbot.mouseClick(bar.table.viewport(), Qt.LeftButton, pos=where)
    assert said.args == ["top"], "the row that Qt went to by itself"


def traced(*cameras, seconds=130):
    traces = Traces()
    for step in range(seconds * 4):
        traces.add(step / 4, rig(*cameras))
    return traces, seconds


def test_the_traces_are_those_of_what_is_selected(bar):
    cameras = camera("top"), camera("side", fps_in=25.0)
    bar.show_status(rig(*cameras))
    bar.show_traces(*traced(*cameras))
    frames = bar.plots.plots[2]
    assert frames.line.getData()[1][-1] == pytest.approx(85.04)
    bar.select("side")
    bar.show_traces(*traced(*cameras))
    t, y = frames.line.getData()
    assert y[-1] == 25
    assert len(y) <= 480
    assert t[0] >= -120.0
    assert t[-1] <= 0


def test_the_axes_have_units_and_do_not_fidget(bar):
    bar.show_status(rig(camera()))
    bar.show_traces(*traced(camera()))
    assert [plot.top.text() for plot in bar.plots.plots] == ["4 : 1", "100 %", "80 fps", "200 MB/s"]
    ranges = [plot.plot.viewRange() for plot in bar.plots.plots]
    bar.show_traces(*traced(camera(fps_in=63.0, raw_bytes_s=100e6, ratio_now=2.3)))
    assert [plot.plot.viewRange() for plot in bar.plots.plots] == ranges


def test_a_gap_is_not_drawn_over(bar):
    traces = Traces()
    gone = CameraStatus("top", "restarting")
    for step in range(400):
        traces.add(step / 4, rig(gone if 100 < step < 200 else camera()))
    bar.show_status(rig(camera()))
    bar.show_traces(traces, 100.0)
    drawn = bar.plots.plots[0].area.getData()[1]
    assert np.isnan(drawn).sum() == 99
    bar.grab()


def test_traces_without_any_number_are_drawn_as_nothing(bar):
    gone = CameraStatus("top", "ended")
    bar.show_status(rig(gone))
    bar.show_traces(*traced(gone, seconds=1))
    bar.show_traces(Traces(), 5.0)
    bar.grab()
    assert bar.plots.plots[0].area.getData()[1] is None


def test_it_collapses_to_one_line_that_says_what_its_numbers_are(bar, qtbot):
    bar.show_status(rig(camera("top"), camera("side")))
    bar.layout().activate()
    high = bar.sizeHint().height()
    with qtbot.waitSignal(bar.collapsed, timeout=1000) as said:
        qtbot.mouseClick(bar.toggle, Qt.LeftButton)
    assert said.args == [True]
    bar.show_status(rig(camera("top"), camera("side")))
    bar.layout().activate()
    assert bar.sizeHint().height() < 40 < 150 < high
    assert row(bar, 2)[3:5] == ["buffer 3 %", "encoder 71 % free"]
    assert [bar.table.isRowHidden(n) for n in range(3)] == [True, True, False]
    bar.set_collapsed(False)
    bar.layout().activate()
    assert bar.sizeHint().height() == high


def test_one_camera_takes_about_170_px(bar):
    bar.show_status(rig(camera()))
    assert 150 <= bar.sizeHint().height() <= 185


def test_nothing_moves_when_numbers_change(bar):
    small = camera()
    large = camera(
        fps_in=999.0, raw_bytes_s=9999e6, totals=Totals(9**9, 1, 888, gaps=8), file_bytes=10**12
    )
    bar.show_status(rig(small))

    def places():
        widths = [bar.table.columnWidth(n) for n in range(len(COLUMNS))]
        return widths, bar.sizeHint().height(), bar.table.geometry()

    before = places()
    bar.show_status(rig(large), {"top": ("x" * 500, "")})
    bar.layout().activate()
    assert places() == before


@pytest.mark.parametrize("is_collapsed", [False, True])
def test_what_is_lost_is_never_cut_off_in_a_narrow_window(bar, is_collapsed):
    bar.set_collapsed(is_collapsed)
    bar.resize(744, bar.height())
    bar.show_status(rig(camera(totals=Totals(9**9, 1, 1234567, 12345, gaps=1234))))
    bar.layout().activate()
    item = bar.table.item(0, LOST)
    assert item.text() == "1234567 dropped, 12345 bad, 1234 gaps"
    room = bar.table.columnWidth(LOST)
    assert QFontMetrics(item.font()).horizontalAdvance(item.text()) < room
    left = bar.table.columnViewportPosition(LOST)
    assert left + room <= bar.table.viewport().width()


def test_red_is_decided_by_the_numbers(bar):
    bar.show_status(rig(camera("top"), camera("side", totals=Totals(9, 9, gaps=1))))
    fonts = [bar.table.item(n, LOST).font().bold() for n in range(3)]
    assert fonts == [False, True, True]


def test_a_window_that_is_not_high_leaves_the_traces_out(bar):
    bar.show_status(rig(*(camera(f"c{n}") for n in range(4))))
    bar.layout().activate()
    high = bar.sizeHint().height()
    bar.set_low(True)
    bar.layout().activate()
    assert not bar.plots.isVisible()
    assert bar.caption.isVisible()
    assert bar.sizeHint().height() < high - 150
    bar.set_low(False)
    bar.layout().activate()
    assert bar.plots.isVisible()
    assert bar.sizeHint().height() == high


def test_what_was_lost_opens_event_by_event(bar):
    details = "12 dropped at 14:03:22\n3 dropped at 14:05:01"
    bar.show_status(rig(camera()), {"top": ("12 dropped at 14:03:22, 3 more since", details)})
    assert bar.caption.text().endswith("▾")
    bar.caption.open_box()
    box = bar.findChild(TextBox)
    assert details in box.text.full_text
    box.close()


@pytest.mark.parametrize("width", [900, 1280])
def test_it_fits_and_cuts_no_number(bar, width):
    bar.resize(width, bar.height())
    assert bar.minimumSizeHint().width() <= 900
    bar.show_status(rig(camera(), camera("side")))
    texts = bar.table.fontMetrics()
    columns = [n for n in range(len(COLUMNS)) if not bar.table.isColumnHidden(n)]
    assert {0, 1, LOST, 3, 5, 6} <= set(columns)
    assert sum(map(bar.table.columnWidth, columns)) <= bar.table.viewport().width()
    for index in (n for n in columns if n != FILE):
        assert texts.horizontalAdvance(row(bar, 2)[index]) < bar.table.columnWidth(index) - 6


def test_without_a_rig(bar):
    bar.show_status(rig(camera()))
    bar.show_status(None)
    assert bar.table.rowCount() == 0
    assert bar.caption.full_text == "Nothing recorded yet"


def test_an_update_is_cheap(bar, qtbot):
    """It costs a small part of what the same costs in a bar that is made for it."""
    cameras = camera("top"), camera("side")
    traces, now_s = traced(*cameras)

    def update(one, step):
        one.show_status(rig(*cameras))
        one.show_traces(traces, now_s + step)

    def make():
        qtbot.addWidget(one := HealthBar(DARK))
        one.setStyleSheet(style_sheet(DARK))
        update(one, 0)

    made_s = median(cost_s(make) for _ in range(5))
    updated_s = median(cost_s(lambda step=step: update(bar, step)) for step in range(20))
    assert updated_s < made_s / 10


def cost_s(task):
    """Return the processor time of this thread that a task takes, whatever else runs here."""
    begun = time.thread_time()
    task()
    return time.thread_time() - begun
