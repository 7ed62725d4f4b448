"""Several cameras: where they go, which is selected, one alone."""

import pytest
from frames import live, picture, show
from PyQt5.QtCore import Qt
from PyQt5.QtTest import QTest

from ui.theme import DARK, LIGHT
from ui.views.grid import TileGrid


@pytest.fixture
def grid(qtbot):
    grid = TileGrid(DARK)
    grid.chosen.connect(grid.show_selected)  # as the window does
    qtbot.addWidget(grid)
    grid.resize(1000, 640)
    grid.show()
    return grid


def places(grid):
    """Row and column of every tile that can be seen."""
    layout = grid.layout()
    layout.activate()
    found = {}
    for name in grid.shown():
        row, column, *_ = layout.getItemPosition(layout.indexOf(grid.tile(name)))
        found[name] = (row, column)
    return found


def test_four_cameras_make_a_square(grid):
    grid.set_cameras(["a", "b", "c", "d"])
    assert places(grid) == {"a": (0, 0), "b": (0, 1), "c": (1, 0), "d": (1, 1)}
    sizes = {(grid.tile(name).width(), grid.tile(name).height()) for name in "abcd"}
    assert len(sizes) == 1


def test_the_grid_fits_the_window(grid):
    grid.set_cameras(["a", "b"])
    grid.resize(1600, 500)
    assert places(grid) == {"a": (0, 0), "b": (0, 1)}
    grid.resize(500, 1000)
    assert places(grid) == {"a": (0, 0), "b": (1, 0)}
    grid.layout().activate()
    assert grid.tile("a").width() == 500  # no room is left to a column that is no more


def test_the_grid_fits_the_pictures(grid):
    grid.set_cameras(["a", "b"])
    grid.resize(1000, 900)
    assert places(grid) == {"a": (0, 0), "b": (1, 0)}
    for name in "ab":
        show(grid.tile(name), picture(100, 300))
    assert places(grid) == {"a": (0, 0), "b": (0, 1)}


def test_a_camera_that_stays_keeps_its_tile(grid):
    grid.set_cameras(["a", "b"])
    kept = grid.tile("b")
    grid.set_cameras(["b", "c"])
    assert grid.tile("b") is kept
    assert places(grid)["b"] == (0, 0)
    with pytest.raises(KeyError):
        grid.tile("a")


def test_without_a_camera_it_says_so(grid):
    assert grid._nothing.isVisible()
    grid.set_cameras(["a"])
    assert not grid._nothing.isVisible()
    grid.set_cameras([])
    assert grid._nothing.isVisible()
    assert grid.selection() is None
    QTest.keyClick(grid, Qt.Key_1)


def test_a_click_asks_for_a_camera_and_one_that_goes_leaves_none(grid, qtbot):
    grid.set_cameras(["a", "b"])
    assert grid.selection() is None
    with qtbot.waitSignal(grid.chosen) as signal:
        QTest.mouseClick(grid.tile("b").view.viewport(), Qt.LeftButton)
    assert signal.args == ["b"]
    grid.set_cameras(["b", "c"])
    assert grid.selection() == "b"
    grid.tile("b").clearFocus()
    grid.set_cameras(["c"])
    assert grid.selection() is None


@pytest.mark.parametrize(
    ("reason", "is_asked_for"),
    [
        (Qt.TabFocusReason, True),
        (Qt.BacktabFocusReason, True),
        (Qt.OtherFocusReason, False),
        (Qt.ActiveWindowFocusReason, False),
        (Qt.PopupFocusReason, False),
    ],
)
def test_only_tab_asks_for_a_camera_by_the_keyboard(grid, qtbot, reason, is_asked_for):
    grid.set_cameras(["a", "b"])
    asked = []
    grid.chosen.connect(asked.append)
    grid.activateWindow()
    grid.tile("b").setFocus(reason)
    qtbot.waitUntil(grid.tile("b").hasFocus)
    assert asked == (["b"] if is_asked_for else [])


@pytest.mark.parametrize(
    ("keys", "selected"),
    [
        ([Qt.Key_Right], "b"),
        ([Qt.Key_Down], "c"),
        ([Qt.Key_Down, Qt.Key_Right], "d"),
        ([Qt.Key_Left], "a"),
        ([Qt.Key_4], "d"),
        ([Qt.Key_4, Qt.Key_Up], "b"),
        ([Qt.Key_9], "a"),
    ],
)
def test_keys_select(grid, keys, selected):
    grid.set_cameras(["a", "b", "c", "d"])
    grid.show_selected("a")
    for key in keys:
        QTest.keyClick(grid.tile(grid.selection()), key)
    assert grid.selection() == selected


def test_a_key_that_draws_a_crop_selects_nothing(grid):
    grid.set_cameras(["a", "b"])
    grid.show_selected("a")
    show(grid.tile("a"), picture(64, 48))
    grid.tile("a").set_tool("crop")
    QTest.keyClick(grid.tile("a"), Qt.Key_Right)
    assert grid.selection() == "a"
    assert grid.tile("a").cropping.tool.rect is not None


def test_one_camera_alone(grid):
    grid.set_cameras(["a", "b", "c"])
    grid.show_selected("b")
    grid.show_alone(True)
    assert grid.shown() == ("b",)
    assert [grid.tile(name).isVisible() for name in "abc"] == [False, True, False]
    grid.layout().activate()
    assert grid.tile("b").width() == grid.width()
    QTest.keyClick(grid.tile("b"), Qt.Key_Right)
    assert grid.alone() == "c"
    grid.show_alone(False)
    assert all(grid.tile(name).isVisible() for name in "abc")


def test_in_the_place_of_a_camera_alone_that_goes_the_next_selected_is_shown(grid):
    grid.set_cameras(["a", "b", "c"])
    grid.show_selected("b")
    grid.show_alone(True)
    grid.set_cameras(["a", "c"])
    assert grid.shown() == ("a", "c")
    grid.show_selected("c")
    assert grid.shown() == ("c",)
    grid.set_cameras([])
    assert grid.alone() is None


def test_what_a_tile_asks_for_the_grid_asks_for(grid):
    found = []
    grid.cropRequested.connect(lambda *values: found.append(values))
    grid.snapshotRequested.connect(lambda *values: found.append(values))
    grid.fullScreenRequested.connect(lambda *values: found.append(values))
    grid.levelsAutoRequested.connect(lambda *values: found.append(values))
    grid.toolChanged.connect(lambda *values: found.append(values))
    grid.set_cameras(["a", "b"])
    tile = grid.tile("b")
    tile.cropRequested.emit("b", (1, 2, 3, 4))
    tile.snapshotRequested.emit("b")
    tile.fullScreenRequested.emit("b")
    tile.levelsAutoRequested.emit("b")
    tile.set_tool("crop")
    assert found == [("b", (1, 2, 3, 4)), ("b",), ("b",), ("b",), ("b", "crop")]


def test_a_new_theme_reaches_tiles_of_now_and_later(grid):
    grid.set_cameras(["a"])
    grid.set_theme(LIGHT)
    grid.set_cameras(["a", "b"])
    for name in "ab":
        grid.tile(name).show_status(live(name))
        assert grid.tile(name).grab().toImage().pixelColor(8, 8).name() == LIGHT.panel
