"""Levels by hand, once by itself, and what the histogram says."""

import numpy as np
import pytest
from PyQt5.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt5.QtGui import QMouseEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QWidget

from ui.model.picture import Levels, histogram
from ui.theme import DARK, LIGHT
from ui.views.histogram_plot import coarse_decades
from ui.views.levels_panel import LevelsPanel

TWELVE_BITS = np.full((20, 20), 4000, np.uint16)


@pytest.fixture
def panel(qtbot):
    panel = LevelsPanel(DARK)
    qtbot.addWidget(panel)
    panel.resize(280, panel.sizeHint().height())
    panel.show()
    return panel


@pytest.fixture
def asked(panel):
    """What is asked for, in order."""
    found = []
    panel.levelsChanged.connect(found.append)
    panel.autoRequested.connect(lambda: found.append("auto"))
    panel.marksToggled.connect(lambda on: found.append(("marks", on)))
    panel.crosshairToggled.connect(lambda on: found.append(("crosshair", on)))
    panel.gridToggled.connect(lambda on: found.append(("grid", on)))
    return found


def drag(plot, start, end):
    QTest.mousePress(plot, Qt.LeftButton, pos=QPoint(round(start), 40))
    place = QPointF(round(end), 40)
    move = QMouseEvent(QEvent.MouseMove, place, Qt.NoButton, Qt.LeftButton, Qt.NoModifier)
    QApplication.sendEvent(plot, move)
    QTest.mouseRelease(plot, Qt.LeftButton, pos=QPoint(round(end), 40))


def type_into(field, text):
    field.selectAll()
    QTest.keyClicks(field, text)
    QTest.keyClick(field, Qt.Key_Return)


def test_it_begins_with_the_full_range_and_asks_for_nothing(panel, asked):
    assert panel.levels() is None
    assert (panel.low.value(), panel.high.value()) == (0, 255)
    panel.show_histogram(histogram(np.full((9, 9), 70, np.uint8)))
    panel.set_levels(Levels(20, 90))
    panel.set_switch("marks", True)
    assert panel.switches["marks"].isChecked()
    assert asked == []


def test_levels_are_shown_in_both_ways(panel):
    panel.set_levels(Levels(20, 90))
    assert (panel.low.value(), panel.high.value()) == (20, 90)
    assert panel.plot.levels == Levels(20, 90)


def test_typed_levels_are_asked_for_once_each(panel, asked):
    type_into(panel.low, "40")
    type_into(panel.high, "200")
    assert asked == [Levels(40, 255), Levels(40, 200)]


def test_white_is_pushed_above_black_and_black_below_white(panel, asked):
    panel.set_levels(Levels(20, 90))
    type_into(panel.low, "120")
    type_into(panel.high, "50")
    type_into(panel.low, "255")
    type_into(panel.high, "0")
    assert asked == [Levels(120, 121), Levels(49, 50), Levels(254, 255), Levels(0, 1)]


def test_handles_are_dragged(panel, asked):
    plot = panel.plot
    drag(plot, plot.x_of(0), plot.x_of(60))
    drag(plot, plot.x_of(255), plot.x_of(180))
    levels = panel.levels()
    assert levels.low == pytest.approx(60, abs=1)
    assert levels.high == pytest.approx(180, abs=1)
    assert asked[-1] == levels
    assert panel.low.value() == levels.low


def test_a_handle_does_not_pass_the_other(panel):
    plot = panel.plot
    panel.set_levels(Levels(100, 150))
    drag(plot, plot.x_of(100), plot.x_of(240))
    assert panel.levels() == Levels(149, 150)
    drag(plot, plot.x_of(250), plot.x_of(20))
    assert panel.levels() == Levels(149, 150)
    plot.mouseMoveEvent(
        QMouseEvent(QEvent.MouseMove, QPointF(9, 9), Qt.NoButton, Qt.NoButton, Qt.NoModifier)
    )
    assert panel.levels() == Levels(149, 150)  # nobody holds one any more


def test_buttons_and_switches_ask(panel, asked):
    QTest.mouseClick(panel.auto, Qt.LeftButton)
    panel.set_levels(Levels(20, 90))
    QTest.mouseClick(panel.full, Qt.LeftButton)
    for key in ("marks", "crosshair", "grid"):
        panel.switches[key].click()
    panel.switches["grid"].click()
    on = [("marks", True), ("crosshair", True), ("grid", True), ("grid", False)]
    assert asked == ["auto", None, *on]
    assert panel.high.value() == 255


def test_sixteen_bits_are_in_their_own_units(panel, asked):
    panel.show_histogram(histogram(TWELVE_BITS))
    assert panel.high.value() == 65535
    type_into(panel.high, "4095")
    assert asked == [Levels(0, 4095)]
    assert panel.plot.top == 4096
    assert panel.plot.x_of(4095) == panel.plot.x_of(65535)  # at the axis' end, not beyond it


def test_levels_of_the_full_range_stay_so_with_another_pixel_format(panel):
    panel.show_histogram(histogram(TWELVE_BITS))
    panel.show_histogram(histogram(np.zeros((9, 9), np.uint8)))
    assert panel.levels() is None
    assert panel.high.value() == 255
    assert panel.plot.top == 256


def test_the_shares_have_their_unit_and_do_not_move_the_rest(panel):
    frame = np.full((50, 50), 9, np.uint8)
    frame[0, :3], frame[1, :5] = 255, 0
    places = [child.geometry() for child in panel.findChildren(QWidget)]
    panel.show_histogram(histogram(frame))
    assert panel.shares.text() == "saturated 0.12 %, black 0.20 %"
    panel.layout().activate()
    assert [child.geometry() for child in panel.findChildren(QWidget)] == places
    assert panel.shares.text_width() <= panel.shares.width()
    panel.clear()
    assert panel.shares.text() == "saturated 0.00 %, black 0.00 %"


def test_the_horizontal_axis_does_not_shrink_with_a_darker_picture(panel):
    panel.show_histogram(histogram(TWELVE_BITS))
    dark = np.full((20, 20), 500, np.uint16)
    seen = histogram(dark)
    assert seen.top == 512
    panel.show_histogram(seen)
    assert panel.plot.top == 4096
    counts = panel.plot._counts
    assert counts[500 * 256 // 4096] == 400
    assert counts.sum() == 400


def test_the_vertical_axis_moves_in_coarse_steps_only():
    assert coarse_decades(0, 999) == 3
    assert coarse_decades(3, 1100) == 3.5  # up at once
    assert coarse_decades(3.5, 900) == 3.5  # not down for a little
    assert coarse_decades(3.5, 400) == 3.5
    assert coarse_decades(3.5, 300) == 2.5
    assert coarse_decades(2, 0) == 0


def test_counts_are_drawn(panel):
    empty = panel.plot.grab().toImage()
    panel.show_histogram(histogram(np.full((9, 9), 128, np.uint8)))
    drawn = panel.plot.grab().toImage()
    x, low = round(panel.plot.x_of(128)), panel.plot.height() - 3
    assert drawn.pixelColor(x, low).name() == DARK.dim
    assert empty.pixelColor(x, low).name() == DARK.raised
    panel.set_theme(LIGHT)
    assert panel.plot.grab().toImage().pixelColor(x, low).name() == LIGHT.dim


def test_everything_is_named_explained_and_reached_by_tab(panel):
    controls = [panel.low, panel.high, panel.auto, panel.full, *panel.switches.values()]
    for control in controls:
        assert control.accessibleName()
        assert control.toolTip()
        assert control.focusPolicy() & Qt.TabFocus
    order = [controls[0]]
    while len(order) < len(controls):
        following = order[-1].nextInFocusChain()
        while following not in controls:
            following = following.nextInFocusChain()
        order.append(following)
    assert order == controls
