"""A camera's tile: what it shows, what it asks for, by mouse and by keys."""

import numpy as np
import pytest
from frames import live, picture, show
from PyQt5.QtCore import QEvent, QPoint, QPointF, Qt
from PyQt5.QtGui import QContextMenuEvent, QMouseEvent, QWheelEvent
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication

from recorder.frame import FrameStamp
from recorder.pipeline.view import Look
from recorder.stats import Totals
from ui.model.geometry import Orientation
from ui.model.picture import BLACK_RGB, SATURATED_RGB, Levels
from ui.theme import DARK, LIGHT
from ui.views import tile_menu
from ui.views.picture_item import grid_spacing
from ui.views.tile import CameraTile


@pytest.fixture
def tile(qtbot):
    tile = CameraTile(DARK, "top")
    qtbot.addWidget(tile)
    tile.resize(644, 480 + tile.header.sizeHint().height() + tile.footer.height() + 4)
    tile.show()
    tile.layout().activate()
    return tile


@pytest.fixture
def shown(tile):
    """A tile whose picture has the size of its place: a pixel of the one is one of the other."""
    width, height = tile.view.viewport().width(), tile.view.viewport().height()
    assert (width, height) == (640, 480)
    show(tile, np.full((height, width), 100, np.uint8))
    return tile


def asked(signal):
    """Return the list in which a signal's values come to stand."""
    found = []
    signal.connect(lambda *values: found.append(values))
    return found


def at(tile, x, y):
    """Return the place of a picture's pixel in the viewport."""
    return tile.view.mapFromScene(tile.view.box.mapViewToScene(QPointF(x, y)))


def drag(tile, start, end, button=Qt.LeftButton):
    """Drag the mouse from one pixel of the picture to another."""
    viewport, first, last = tile.view.viewport(), at(tile, *start), at(tile, *end)
    QTest.mousePress(viewport, button, pos=first)
    for part in range(1, 9):
        place = QPointF(first + (last - first) * part / 8)
        move = QMouseEvent(QEvent.MouseMove, place, Qt.NoButton, button, Qt.NoModifier)
        # pyqtgraph passes on so many moves a second; none of these may be lost.
        tile.view.scene()._lastMoveEventTime = 0
        QApplication.sendEvent(viewport, move)
    QTest.mouseRelease(viewport, button, pos=last)


def wheel(tile, x, y, notches):
    place = at(tile, x, y)
    event = QWheelEvent(
        QPointF(place),
        QPointF(tile.view.viewport().mapToGlobal(place)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.NoButton,
        Qt.NoModifier,
        Qt.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(tile.view.viewport(), event)


def colour_at(tile, x, y):
    """The colour of the screen where a picture's pixel is."""
    colour = tile.view.grab().toImage().pixelColor(at(tile, x + 0.5, y + 0.5))
    return colour.red(), colour.green(), colour.blue()


# -- the picture ----------------------------------------------------------------------------------


def test_a_frame_is_on_the_screen_right_way_up(shown):
    frame = np.full((480, 640), 100, np.uint8)
    frame[40:80, 300:340] = 200
    show(shown, frame)
    assert colour_at(shown, 320, 60) == (200, 200, 200)
    assert colour_at(shown, 320, 420) == (100, 100, 100)
    assert colour_at(shown, 60, 60) == (100, 100, 100)


def test_colours_are_those_of_a_bgr_frame(shown):
    show(shown, np.full((480, 640, 3), (10, 20, 250), np.uint8))
    assert colour_at(shown, 320, 240) == (250, 20, 10)


def test_levels_and_marks(shown):
    frame = np.full((480, 640), 60, np.uint8)
    frame[:100], frame[100:200] = 0, 255
    show(shown, frame)
    shown.set_levels(Levels(50, 70))
    assert abs(colour_at(shown, 320, 300)[0] - 128) <= 1
    shown.set_marks(True)
    assert colour_at(shown, 320, 50) == BLACK_RGB
    assert colour_at(shown, 320, 150) == SATURATED_RGB
    shown.set_levels(None)
    shown.set_marks(False)
    assert colour_at(shown, 320, 300) == (60, 60, 60)
    assert colour_at(shown, 320, 150) == (255, 255, 255)


def test_a_thinned_frame_fills_the_same_place(tile):
    frame = np.zeros((1081, 1441), np.uint8)
    frame[540:, 720:] = 250
    tile.set_orientation(Orientation(full_size=(1441, 1081)))
    show(tile, frame, 4)
    assert tile.view.picture.size == (1441, 1081)
    assert tile.frame().shape == (271, 361)
    assert colour_at(tile, 1000, 800)[0] > 240
    assert colour_at(tile, 600, 400)[0] < 10


def test_only_what_is_visible_is_rendered_and_moving_renders_the_rest(shown):
    frame = np.zeros((480, 640), np.uint8)
    frame[:, 320:] = 255
    show(shown, frame)
    shown.view.box.zoom(0.1, QPointF(100, 100))
    assert colour_at(shown, 100, 100) == (0, 0, 0)
    image = shown.view.picture._image
    assert image.width() < 80
    shown.view.box.pan(20, 0)
    assert colour_at(shown, 630, 100) == (255, 255, 255)


def test_the_caller_may_fill_its_array_anew(shown):
    frame = np.full((480, 640), 10, np.uint8)
    show(shown, frame)
    colour_at(shown, 9, 9)
    reused = shown.frame()
    reused[:] = 90
    shown.show_look(Look(reused, FrameStamp(0, 0), 2), 1)
    assert colour_at(shown, 9, 9) == (90, 90, 90)


# -- zoom and steps -------------------------------------------------------------------------------


def test_the_step_follows_what_is_visible(tile):
    assert tile.wanted_step() == 1  # nothing is known yet
    show(tile, picture(1920, 1080))
    assert tile.wanted_step() == 3
    show(tile, picture(1920, 1080), 3)
    assert tile.wanted_step() == 3
    tile.view.box.zoom(0.5)
    assert tile.wanted_step() == 1
    assert tile.view.picture.size == (1920, 1080)
    tile.view.box.fit()
    tile.resize(300, 240)
    assert tile.wanted_step() == 6


def test_the_wheel_zooms_about_the_mouse_and_never_leaves_the_picture(shown):
    before = at(shown, 500, 100)
    wheel(shown, 500, 100, 3)
    rect = shown.view.box.viewRect()
    assert rect.width() < 300
    assert (at(shown, 500, 100) - before).manhattanLength() <= 2
    assert "zoom" in shown.header.info.text()
    wheel(shown, 500, 100, -9)
    rect = shown.view.box.viewRect()
    assert (rect.x(), rect.y(), rect.width(), rect.height()) == pytest.approx((0, 0, 640, 480))
    assert shown.header.info.text() == ""


def test_dragging_moves_the_picture_as_far_as_it_goes(shown):
    shown.view.box.zoom(0.5)
    left = shown.view.box.viewRect().left()
    drag(shown, (320, 240), (300, 240))
    assert shown.view.box.viewRect().left() == pytest.approx(left + 20, abs=2)
    drag(shown, (200, 240), (470, 240))
    drag(shown, (20, 240), (280, 240))
    assert shown.view.box.viewRect().left() == pytest.approx(0)


def test_what_is_zoomed_stays_where_it_is_while_frames_come(shown):
    shown.view.box.zoom(0.3)
    rect = shown.view.box.viewRect()
    show(shown, np.zeros((480, 640), np.uint8), 2)
    assert shown.view.box.viewRect() == rect


def test_a_picture_of_another_size_is_shown_whole(shown):
    sizes = asked(shown.shapeChanged)
    shown.view.box.zoom(0.3)
    show(shown, picture(100, 300))
    assert len(sizes) == 1
    rect = shown.view.box.viewRect()
    assert rect.top() == pytest.approx(0)
    assert rect.height() == pytest.approx(300)


@pytest.mark.parametrize("way", ["double click", "key"])
def test_fit_again(shown, way):
    shown.view.box.zoom(0.3)
    if way == "key":
        QTest.keyClick(shown, Qt.Key_0)
    else:
        QTest.mouseDClick(shown.view.viewport(), Qt.LeftButton, pos=at(shown, 320, 240))
    assert shown.view.box.fitted
    assert shown.view.box.viewRect().width() == pytest.approx(640)


def test_keys_zoom_and_move(shown):
    QTest.keyClick(shown, Qt.Key_Plus)
    near = shown.view.box.viewRect()
    assert near.width() == pytest.approx(640 * 0.8)
    QTest.keyClick(shown, Qt.Key_Right, Qt.ShiftModifier)
    assert shown.view.box.viewRect().left() == pytest.approx(near.left() + near.width() * 0.1)
    QTest.keyClick(shown, Qt.Key_Minus)
    assert shown.view.box.fitted


# -- words ----------------------------------------------------------------------------------------


def test_the_footer_says_rate_and_losses_with_a_word_and_a_colour(tile):
    tile.show_status(live())
    assert tile.footer.pace.text().strip() == "60.0 fps · 0 lost"
    assert tile.footer.pace.colour() == "dim"
    tile.show_status(live(totals=Totals(dropped=3)))
    assert tile.footer.pace.text().strip() == "60.0 fps · 3 dropped"
    assert tile.footer.pace.colour() == "bad"


def test_nothing_moves_when_numbers_change(shown):
    shown.show_status(live(fps_in=99.94))
    place = shown.footer.pace.text().index("fps")
    sizes = [part.geometry() for part in (shown.header, shown.view, shown.footer)]
    shown.show_status(live(fps_in=100.1, state="recording", totals=Totals(dropped=12345, gaps=3)))
    shown.view.hovered.emit((600, 400))
    assert shown.footer.pace.text().index("fps") == place
    shown.layout().activate()
    assert [part.geometry() for part in (shown.header, shown.view, shown.footer)] == sizes


def test_losses_have_the_room_that_they_need_and_the_pixel_the_rest(tile):
    tile.show_status(live(totals=Totals(dropped=12345, bad=3, gaps=3)))
    pace, pixel = tile.footer.pace, tile.footer.pixel
    assert pace.width() == pace.text_width()
    assert pace.geometry().right() < pixel.geometry().left()
    tile.resize(200, 200)
    assert pace.geometry().right() <= tile.footer.width()
    assert pace.text() == "12348 lost, 3 gaps", "all that is lost; the rate has no room"
    assert pace.width() == pace.text_width()


@pytest.mark.parametrize("size", [(200, 120), (150, 90), (420, 400)])
def test_words_over_a_picture_stay_inside_it_and_are_shortened_as_a_whole(tile, size):
    long = "attempt 3: http://127.0.0.1:9/" + "a/very/long/address" * 8
    tile.resize(*size)
    tile.show_status(live(state="restarting", message=f"the camera is gone, {long}"))
    veil = tile.veil
    assert tile.view.rect().contains(veil.geometry())
    assert not veil.geometry().intersects(tile.footer.geometry().translated(0, -tile.view.y()))
    assert veil._is_small is (size[0] < 400)
    veil.grab()  # paints


def test_the_name_has_all_the_room_while_the_view_is_a_plain_one(tile):
    tile.show_status(live())
    assert not tile.header.info.isVisible()
    tile.set_grid(True)
    show(tile, picture(64, 48))
    tile.set_grid(True)
    assert tile.header.info.isVisible()


def test_the_pixel_under_the_mouse(tile):
    frame = picture(1920, 1080, np.uint16)
    show(tile, frame, 3)
    place = at(tile, 901, 601)
    QTest.mouseMove(tile.view.viewport(), place)
    move = QMouseEvent(QEvent.MouseMove, QPointF(place), Qt.NoButton, Qt.NoButton, Qt.NoModifier)
    tile.view.scene()._lastMoveEventTime = 0
    QApplication.sendEvent(tile.view.viewport(), move)
    assert tile.footer.pixel.text() == f"x 900 px, y 600 px: {frame[600, 900]}"
    show(tile, frame + np.uint16(1), 3)  # a new frame under a mouse that rests
    assert tile.footer.pixel.text() == f"x 900 px, y 600 px: {frame[600, 900] + 1}"
    QApplication.sendEvent(tile.view, QEvent(QEvent.Leave))
    assert tile.footer.pixel.text() == ""


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"age_s": 3.2}, "no frame for 3.2 s"),
        ({"frozen_s": 5.0}, "same picture for 5 s"),
        ({"state": "restarting"}, "camera lost, looking for it"),
        ({"state": "ended"}, "ended"),
    ],
)
def test_an_old_picture_is_dimmed_and_said_to_be_old(shown, values, words):
    shown.show_status(live())
    bright = colour_at(shown, 20, 20)
    assert not shown.veil.isVisible()
    shown.show_status(live(**values))
    assert shown.veil.isVisible()
    assert words in shown.veil.accessibleDescription()
    assert colour_at(shown, 20, 20)[0] < bright[0] / 2
    assert shown.view.rect().contains(shown.veil.geometry())
    shown.show_status(live())
    assert not shown.veil.isVisible()
    assert colour_at(shown, 20, 20) == bright


def test_before_the_first_picture_something_is_said(tile):
    assert "no picture yet" in tile.veil.accessibleDescription()
    tile.show_status(live())
    assert "waiting for the first picture" in tile.veil.accessibleDescription()
    show(tile, picture(64, 48))
    assert not tile.veil.isVisible()


def test_the_state_is_a_word(tile):
    tile.show_status(live(state="recording"))
    assert tile.header.state.text() == "● recording"
    tile.show_status(live(state="finishing"))
    assert tile.header.state.text() == "finishing"


# -- lines ----------------------------------------------------------------------------------------


def test_crosshair_and_grid(shown):
    shown.set_crosshair(True)
    assert colour_at(shown, 320, 15) != colour_at(shown, 335, 15)
    shown.set_crosshair(False)
    assert colour_at(shown, 320, 15) == colour_at(shown, 335, 15)
    shown.set_grid(True)
    assert shown.header.info.text() == "grid 50 px"
    assert colour_at(shown, 50, 15) != colour_at(shown, 65, 15)
    shown.set_grid(False)
    assert shown.header.info.text() == ""


@pytest.mark.parametrize(
    ("width", "spacing"), [(1920, 200), (1280, 100), (640, 50), (9, 1), (1, 1)]
)
def test_grid_spacing_is_a_round_number(width, spacing):
    assert grid_spacing(width) == spacing


# -- the crop -------------------------------------------------------------------------------------


def test_a_crop_is_drawn_with_the_mouse_and_used(shown):
    crops, tools = asked(shown.cropRequested), asked(shown.toolChanged)
    shown.set_orientation(Orientation(crop=(1000, 500, 640, 480), full_size=(1920, 1080)))
    shown.set_tool("crop")
    assert shown.cropping.bar.isVisible()
    assert not shown.cropping.bar.use.isEnabled()
    drag(shown, (100, 80), (300, 200))
    assert crops == []  # nothing is asked for until one says so
    assert shown.cropping.bar.words.text() == "200×120 px at x 1100, y 580"
    QTest.mouseClick(shown.cropping.bar.use, Qt.LeftButton)
    assert crops == [("top", (1100, 580, 200, 120))]
    assert tools == [("crop",), ("look",)]
    assert shown.cropping.tool.rect is None
    assert not shown.cropping.bar.isVisible()


def test_a_crop_of_a_turned_picture_is_in_the_cameras_pixels(shown):
    crops = asked(shown.cropRequested)
    shown.set_orientation(Orientation(rotate=90, flip="horizontal", full_size=(480, 640)))
    shown.set_tool("crop")
    drag(shown, (100, 80), (300, 200))
    QTest.keyClick(shown, Qt.Key_Return)
    assert crops == [("top", (80, 100, 120, 200))]


def test_a_crop_is_bounded_by_the_picture(shown):
    shown.set_tool("crop")
    drag(shown, (600, 400), (700, 600))
    assert shown.cropping.tool.rect == (600, 400, 40, 80)


def test_a_crop_is_adjusted_by_its_handles_and_moved(shown):
    shown.set_tool("crop")
    drag(shown, (100, 80), (300, 200))
    drag(shown, (300, 200), (340, 260))
    assert shown.cropping.tool.rect == pytest.approx((100, 80, 240, 180), abs=1)
    drag(shown, (200, 150), (220, 140))
    assert shown.cropping.tool.rect == pytest.approx((120, 70, 240, 180), abs=1)
    assert all(type(each) is int for each in shown.cropping.tool.rect)


def test_a_crop_needs_no_mouse(shown):
    crops = asked(shown.cropRequested)
    shown.set_tool("crop")
    QTest.keyClick(shown, Qt.Key_Right)  # begins in the middle
    assert shown.cropping.tool.rect == (160, 120, 320, 240)
    QTest.keyClick(shown, Qt.Key_Right)
    QTest.keyClick(shown, Qt.Key_Up, Qt.ControlModifier)
    QTest.keyClick(shown, Qt.Key_Down, Qt.ShiftModifier)
    assert shown.cropping.tool.rect == (161, 110, 320, 241)
    QTest.keyClick(shown, Qt.Key_Enter)
    assert crops == [("top", (161, 110, 320, 241))]


def test_double_click_uses_the_crop(shown):
    crops = asked(shown.cropRequested)
    shown.set_tool("crop")
    drag(shown, (100, 80), (300, 200))
    QTest.mouseDClick(shown.view.viewport(), Qt.LeftButton, pos=at(shown, 200, 150))
    assert crops == [("top", (100, 80, 200, 120))]


@pytest.mark.parametrize("way", ["key", "button"])
def test_a_crop_is_cancelled(shown, way):
    crops = asked(shown.cropRequested)
    shown.set_tool("crop")
    drag(shown, (100, 80), (300, 200))
    if way == "key":
        QTest.keyClick(shown, Qt.Key_Escape)
    else:
        QTest.mouseClick(shown.cropping.bar.cancel, Qt.LeftButton)
    assert shown.tool() == "look"
    assert crops == []
    QTest.keyClick(shown, Qt.Key_Return)
    assert crops == []


def test_a_crop_drawn_on_the_picture_of_before_asks_for_nothing(shown):
    crops = asked(shown.cropRequested)
    shown.set_orientation(Orientation(crop=(0, 0, 320, 240), full_size=(640, 480)))
    shown.set_tool("crop")
    drag(shown, (100, 80), (300, 200))
    QTest.keyClick(shown, Qt.Key_Return)
    assert crops == []
    assert shown.tool() == "crop"


def test_a_crop_ends_when_the_picture_becomes_another(shown):
    shown.set_tool("crop")
    drag(shown, (100, 80), (300, 200))
    show(shown, picture(64, 48))
    assert shown.tool() == "look"
    assert shown.cropping.tool.rect is None


# -- what it asks for -----------------------------------------------------------------------------


def test_a_press_on_the_picture_chooses_the_camera(shown):
    chosen = asked(shown.chosen)
    QTest.mouseClick(shown.view.viewport(), Qt.LeftButton, pos=at(shown, 9, 9))
    QTest.mouseClick(shown, Qt.LeftButton, pos=QPoint(20, 10))
    assert set(chosen) == {("top",)}
    assert len(chosen) >= 2


def entry(tile, text):
    [found] = [each for each in tile_menu.ENTRIES if each.text.split("\t")[0] == text]
    assert found.is_offered(tile)
    return found


@pytest.mark.parametrize(
    ("text", "signal"),
    [
        ("Snapshot of the full frame", "snapshotRequested"),
        ("Full screen", "fullScreenRequested"),
        ("Set the levels once", "levelsAutoRequested"),
    ],
)
def test_the_menu_asks(shown, text, signal):
    found = asked(getattr(shown, signal))
    entry(shown, text).run(shown)
    assert found == [("top",)]


def test_the_menu_offers_what_can_be_done(shown):
    def texts():
        menu = tile_menu.build(shown)
        found = [action.text().split("\t")[0] for action in menu.actions()]
        menu.deleteLater()
        return found

    assert "Draw a crop" in texts()
    assert "Remove the crop" not in texts()
    entry(shown, "Draw a crop").run(shown)
    assert "Draw a crop" not in texts()
    entry(shown, "Leave the crop as it is").run(shown)
    assert shown.tool() == "look"
    shown.set_orientation(Orientation(crop=(0, 0, 9, 9)))
    crops = asked(shown.cropRequested)
    entry(shown, "Remove the crop").run(shown)
    assert crops == [("top", None)]
    shown.view.box.zoom(0.4)
    entry(shown, "Show all of the picture").run(shown)
    assert shown.view.box.fitted


def test_the_menu_opens_by_mouse_and_by_key(shown):
    opened = []
    for _ in range(2):
        target, reason = (
            (shown.view.viewport(), QContextMenuEvent.Mouse)
            if not opened
            else (shown, QContextMenuEvent.Keyboard)
        )
        QApplication.sendEvent(target, QContextMenuEvent(reason, QPoint(50, 50)))
        menu = QApplication.activePopupWidget()
        assert menu is not None
        opened.append(menu)
        menu.close()


def test_another_theme_is_taken(shown):
    edge = QPoint(8, 8)
    assert shown.grab().toImage().pixelColor(edge).name() == DARK.panel
    shown.set_theme(LIGHT)
    assert shown.grab().toImage().pixelColor(edge).name() == LIGHT.panel
