"""The strip that says what is wrong."""

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget

from ui.model.notices import Notice
from ui.theme import DARK, LIGHT, style_sheet
from ui.views.notice_bar import NoticeBar
from ui.views.whole import height_of

LOST = Notice("bad", "top: 12 dropped at 14:03:22", "Lower the frame rate.", "top:lost", 10.0)
FULL = Notice("warn", "top: the buffer is 63 % full", "Choose fast.", "top:buffer", 40.0)
SAVED = Notice("info", "saved to demo.yaml", key="saved", since_s=90.0)


@pytest.fixture
def window(qtbot):
    window = QWidget()
    window.setStyleSheet(style_sheet(DARK))
    window.bar, window.below = NoticeBar(DARK), QLabel("picture")
    column = QVBoxLayout(window)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    column.addWidget(window.bar)
    column.addWidget(window.below, 1)
    qtbot.addWidget(window)
    window.resize(1000, 400)
    window.show()
    return window


@pytest.fixture
def bar(window):
    return window.bar


def rows(bar):
    return [
        button.accessibleName().removeprefix("Seen: ")
        for button in bar._list.findChildren(QPushButton)
        if button.text() == "Seen"
    ]


def test_it_takes_no_room_when_nothing_is_wrong(window):
    window.layout().activate()
    assert window.below.height() == 400
    window.bar.show_notices([LOST])
    window.layout().activate()
    assert window.below.height() < 400
    window.bar.show_notices([])
    window.layout().activate()
    assert window.below.height() == 400


def test_the_first_is_shown_with_its_remedy(bar):
    bar.show_notices([LOST])
    assert bar.text.text() == LOST.text
    assert bar.remedy.text() == LOST.remedy
    assert not bar.more.isVisible()


@pytest.mark.parametrize(
    ("notice", "word"), [(LOST, "Problem"), (FULL, "Warning"), (SAVED, "Note")]
)
def test_the_level_is_told_in_a_word_and_a_sign(bar, notice, word):
    bar.show_notices([notice])
    assert bar.text.accessibleName() == f"{word}: {notice.text}"
    assert bar.sign.level == notice.level


def test_the_signs_differ_in_shape_not_only_in_colour(bar):
    drawn = []
    for notice in (LOST, FULL, SAVED):
        bar.show_notices([notice])
        bar.sign.set_level(notice.level, "#ffffff")
        drawn.append(bar.sign.grab().toImage())
    assert drawn[0] != drawn[1] != drawn[2] != drawn[0]


def test_a_notice_that_came_up_again_is_counted(bar):
    bar.show_notices([Notice("bad", "no", key="a", count=3)])
    assert bar.text.full_text == "no  (3 times)"


def test_seen_is_said_by_button_and_keys(bar, qtbot):
    bar.show_notices([LOST, FULL])
    with qtbot.waitSignal(bar.seen, timeout=1000) as said:
        qtbot.mouseClick(bar.ok, Qt.LeftButton)
    assert said.args == [LOST.key]
    for key in (Qt.Key_Escape, Qt.Key_Return, Qt.Key_Enter):
        with qtbot.waitSignal(bar.seen, timeout=1000) as said:
            qtbot.keyClick(bar.ok, key)
        assert said.args == [LOST.key]


def test_the_others_are_counted_and_listed(bar, qtbot):
    bar.show_notices([LOST, FULL, SAVED], now_s=100.0)
    assert bar.more.text() == "and 2 more ▾"
    qtbot.mouseClick(bar.more, Qt.LeftButton)
    assert bar._list.isVisible()
    assert rows(bar) == [LOST.text, FULL.text, SAVED.text]
    texts = [label.text() for label in bar._list.findChildren(QLabel)]
    assert {"90 s ago", "60 s ago", "10 s ago", FULL.remedy} <= set(texts)
    bar._list.close()


def test_the_list_opens_by_keyboard(bar, qtbot):
    bar.show_notices([LOST, FULL])
    bar.more.setFocus()
    with qtbot.assertNotEmitted(bar.seen):
        qtbot.keyClick(bar.more, Qt.Key_Return)
    assert bar._list.isVisible()
    qtbot.keyClick(bar._list, Qt.Key_Escape)
    assert not bar._list.isVisible()


def test_a_row_that_is_seen_goes_though_its_own_button_is_being_pressed(bar, qtbot):
    left = [LOST, FULL, SAVED]

    def forget(key):
        left[:] = [each for each in left if each.key != key]
        bar.show_notices(left)

    bar.seen.connect(forget)
    bar.show_notices(left)
    bar._open()
    buttons = bar._list.findChildren(QPushButton)
    qtbot.mouseClick(next(b for b in buttons if FULL.text in b.accessibleName()), Qt.LeftButton)
    assert [each.key for each in left] == [LOST.key, SAVED.key]
    qtbot.waitUntil(lambda: rows(bar) == [LOST.text, SAVED.text], timeout=1000)
    qtbot.mouseClick(bar._list.all, Qt.LeftButton)
    assert left == []
    assert not bar._list.isVisible()
    assert not bar.isVisible()


LIST = "wrong.yaml cannot be opened, 6 problems" + "".join(
    f"\n• line {n}: cameras.top.key_{n}: accepted: a number that is more than 0" for n in range(6)
)
ADDRESS = "opening cameras: top: http://127.0.0.1:9/" + "a/very/long/address" * 12


@pytest.mark.parametrize("text", ["the camera is gone " * 12, LIST, ADDRESS])
@pytest.mark.parametrize("width", [1280, 760])
def test_all_of_it_is_seen_wrapped_at_any_width(window, qtbot, width, text):
    bar = window.bar
    window.resize(width, 500)
    bar.show_notices([Notice("bad", text, "Look at the settings. " * 8, "a")])
    for label in (bar.text, bar.remedy):
        qtbot.waitUntil(lambda each=label: each.height() >= height_of(each, each.full_text))
    assert bar.text.text().replace("\u200b", "") == text
    assert not bar.more.isVisible()
    assert bar.minimumSizeHint().width() < 500


def test_a_whole_page_opens_in_the_list(bar, qtbot):
    page = "\n".join(f"line {n}: something is wrong" for n in range(60))
    bar.show_notices([Notice("bad", page, "", "a")])
    qtbot.waitUntil(bar.more.isVisible)
    assert bar.more.text() == "All of it ▾"
    assert bar.text.text().endswith("…")
    assert bar.height() < 250
    qtbot.mouseClick(bar.more, Qt.LeftButton)
    assert page in [label.text() for label in bar._list.findChildren(QLabel)]
    bar._list.close()
    bar.show_notices([LOST])
    assert not bar.more.isVisible()


def test_it_is_as_high_for_one_as_for_another_that_fits_in_a_line(bar):
    heights = set()
    for notices in ([LOST], [SAVED], [LOST, FULL], [Notice("bad", "x " * 30, "y " * 30, "a")]):
        bar.show_notices(notices)
        heights.add(bar.sizeHint().height())
    assert len(heights) == 1


def test_another_theme_recolours_it(bar):
    bar.show_notices([LOST])
    bar.set_theme(LIGHT)
    assert LIGHT.bad in bar.styleSheet()
