"""Text that is never cut off: it wraps, divides long words, or opens in a box."""

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QWidget

from ui.views.whole import OpeningLabel, TextBox, WholeLabel, divisible, height_of, shortened

PATH = "/data/" + "a_very_long_name_of_a_folder_without_a_space" * 6 + ".mkv"


def test_a_long_word_may_be_divided_and_nothing_else_changes():
    assert divisible("short words stay as they are") == "short words stay as they are"
    parts = divisible(PATH).split("\u200b")
    assert "".join(parts) == PATH
    assert max(map(len, parts)) <= 8


@pytest.mark.parametrize("text", [PATH, f"it is gone: {PATH} is not there", "words " * 60, ""])
@pytest.mark.parametrize("width", [120, 320])
def test_no_part_of_a_text_is_outside_its_label(qtbot, text, width):
    label = WholeLabel()
    qtbot.addWidget(label)
    label.resize(width, 10)
    label.show()
    label.show_text(text)
    flags = int(Qt.TextWordWrap)
    box = label.fontMetrics().boundingRect(0, 0, width, 9999, flags, label.text())
    assert box.width() <= width
    assert box.height() <= label.sizeHint().height() == label.heightForWidth(width)
    assert label.full_text == text


def test_it_gets_lower_again_when_it_says_less_or_is_wider(qtbot):
    label = WholeLabel(lines=2)
    qtbot.addWidget(label)
    label.resize(100, 10)
    label.show()
    low = label.sizeHint().height()
    label.show_text("words " * 60)
    high = label.sizeHint().height()
    label.resize(900, 10)
    assert low <= label.sizeHint().height() < high
    label.show_text("one line")
    assert label.sizeHint().height() == low


def test_a_limit_of_lines_is_kept_and_the_cut_is_told(qtbot):
    label = WholeLabel(most=3)
    qtbot.addWidget(label)
    label.resize(200, 10)
    told = []
    label.cut.connect(told.append)
    label.show_text("words " * 60)
    assert told[-1] is True
    assert label.text().endswith("…")
    assert height_of(label, label.text()) <= 3 * label.fontMetrics().lineSpacing() + 1
    label.show_text("few words")
    assert told[-1] is False
    assert label.text() == "few words"


def test_the_longest_beginning_that_fits():
    assert shortened("abcdef", lambda text: len(text) <= 6) == "abcdef"
    assert shortened("abcdef", lambda text: len(text) <= 4) == "abc…"
    assert shortened("abcdef", lambda text: False) == "…"


def test_a_box_holds_all_of_it_and_stays_inside_the_window(qtbot):
    window = QWidget()
    qtbot.addWidget(window)
    window.resize(700, 500)
    label = OpeningLabel()
    label.setParent(window)
    label.resize(160, 20)
    window.show()
    label.show_text(f"it is gone: {PATH}", "line\n" * 90)
    assert label.text().endswith("▾")
    label.open_box()
    box = window.findChild(TextBox)
    assert PATH in box.text.full_text
    assert box.text.full_text.count("line") == 90
    qtbot.waitUntil(lambda: box.text.height() >= height_of(box.text, box.text.full_text))
    box.close()
    label.show_text("it is gone", "line\n" * 9)
    label.open_box()
    needed = height_of(box.text, box.text.full_text)
    qtbot.waitUntil(lambda: box.text.parentWidget().height() >= needed)  # nothing to scroll to
    box.close()


def test_where_all_of_it_is_seen_nothing_opens(qtbot):
    label = OpeningLabel()
    qtbot.addWidget(label)
    label.resize(400, 20)
    label.show_text("fine")
    assert not label.has_more
    label.open_box()
    assert label.findChild(TextBox) is None
