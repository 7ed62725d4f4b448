"""The newest frames on their way to the tiles, and the levels they begin with."""

from __future__ import annotations

import numpy as np
import pytest

from recorder.frame import FrameStamp
from recorder.pipeline.view import Look
from ui.model.picture import Levels
from ui.model.selection import Selection
from ui.theme import DARK
from ui.views.grid import TileGrid
from ui.views.levels_panel import LevelsPanel
from ui.views.pictures import Pictures


class StandInDesk:
    """Gives one frame for each camera, a newer one when it is told to."""

    def __init__(self, **frames):
        self.frames = frames
        self.sequence = 1
        self.asked = []
        self.selection = Selection()
        self.selection.follow(list(frames))

    def latest_frame(self, camera, after=0, step=1):
        self.asked.append((camera, after, step))
        if after == self.sequence:
            return None
        frame = self.frames[camera][::step, ::step].copy()
        return Look(frame, FrameStamp(0, 0), self.sequence)


def twelve_bits():
    return np.linspace(100, 4000, 48 * 64).astype(np.uint16).reshape(48, 64)


@pytest.fixture
def seen(qtbot):
    desk = StandInDesk(deep=twelve_bits(), plain=np.full((48, 64), 90, np.uint8))
    grid, panel = TileGrid(DARK), LevelsPanel(DARK)
    for widget in (grid, panel):
        qtbot.addWidget(widget)
    grid.set_cameras(("deep", "plain"))
    pictures = Pictures(desk, grid, panel)
    pictures.show_selection()
    return desk, grid, panel, pictures


def test_a_deep_camera_begins_with_levels_that_show_something_and_they_stay(seen):
    desk, _, panel, pictures = seen
    pictures.pull("deep")
    fitted = panel.levels()
    assert fitted.low < 200 < 3800 < fitted.high < 5000
    desk.frames["deep"] = twelve_bits() // 8
    desk.sequence += 1
    pictures.pull("deep")
    assert panel.levels() == fitted
    pictures.set_levels(None)
    desk.sequence += 1
    pictures.pull("deep")
    assert panel.levels() is None


def test_eight_bits_begin_with_all_of_them(seen):
    desk, _, panel, pictures = seen
    pictures.pull("plain")
    desk.selection.choose("plain")
    pictures.show_selection()
    assert panel.levels() is None
    pictures.fit_levels()
    assert isinstance(panel.levels(), Levels)


def test_the_same_frame_is_not_shown_twice(seen):
    desk, grid, _, pictures = seen
    pictures.pull("plain")
    shown = grid.tile("plain").frame()
    pictures.pull("plain")
    assert grid.tile("plain").frame() is shown
    assert desk.asked[-1][1] == 1
