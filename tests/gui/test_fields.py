"""Fields keep their place, never stop anybody from typing, and count when they are left."""

import pytest
from PyQt5.QtCore import QPoint, QPointF, Qt
from PyQt5.QtGui import QWheelEvent
from PyQt5.QtWidgets import QApplication, QVBoxLayout, QWidget

from ui.model.wording import Choice
from ui.views.fields import ChoiceField, DurationField, NumberField, TextField
from ui.views.frame_fields import CropField, SizeField
from ui.views.pickers import FolderField, KeyTable
from ui.views.rows import FieldRow, button
from ui.views.slider import SliderSpin
from ui.views.whole import height_of


def shown(qtbot, *widgets):
    """Show widgets in a window, with a button that can take the keyboard."""
    window = QWidget()
    layout = QVBoxLayout(window)
    window.other = button("other", "other", "other")
    for widget in (*widgets, window.other):
        layout.addWidget(widget)
    qtbot.addWidget(window)
    widgets[0].kept = window  # qtbot holds it weakly
    window.resize(320, 200)
    with qtbot.waitActive(window):
        window.show()
        window.activateWindow()
    window.other.setFocus()
    return window


def heard(signal):
    told = []
    signal.connect(lambda *args: told.append(args[0] if len(args) == 1 else args))
    return told


def wheel(widget):
    at = QPointF(5, 5)
    turn = QPoint(0, -120)
    event = QWheelEvent(at, at, turn, turn, Qt.NoButton, Qt.NoModifier, Qt.NoScrollPhase, False)
    QApplication.sendEvent(widget, event)


def test_a_text_counts_on_enter_and_when_left_but_only_once(qtbot):
    field = TextField()
    window = shown(qtbot, field)
    told = heard(field.committed)
    field.setFocus()
    qtbot.keyClicks(field, "abc")
    assert told == []
    qtbot.keyClick(field, Qt.Key_Return)
    window.other.setFocus()
    assert told == ["abc"]
    field.setFocus()
    qtbot.keyClicks(field, "d")
    window.other.setFocus()
    assert told == ["abc", "dabc"]


def test_escape_takes_it_back_and_nothing_is_put_over_what_is_typed(qtbot):
    field = TextField()
    field.set_value("old")
    shown(qtbot, field)
    told = heard(field.committed)
    field.setFocus()
    qtbot.keyClicks(field, "x")
    field.set_value("from outside")
    assert field.text() == "xold"
    qtbot.keyClick(field, Qt.Key_Escape)
    assert field.text() == "from outside"
    assert told == []


def test_a_password_is_shown_only_while_it_is_edited(qtbot):
    field = TextField()
    window = shown(qtbot, field)
    told = heard(field.committed)
    field.set_value("http://me:secret@host", "http://me:***@host")
    assert "secret" not in field.text()
    field.setFocus()
    assert "secret" in field.text()
    window.other.setFocus()
    assert "secret" not in field.text()
    assert told == []


NUMBERS = [("60", 60), ("59.94", 59.94), ("59,94", 59.94), ("60.0", 60), ("max", "max"), ("x", "x")]


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_a_number_is_read_and_other_words_are_left_to_the_config(qtbot, text, value):
    field = NumberField("fps")
    shown(qtbot, field)
    told = heard(field.committed)
    field.setFocus()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key_Return)
    assert list(map(repr, told)) == [repr(value)]


def test_an_emptied_number_is_none_and_arrows_step(qtbot):
    field = NumberField("px", step=2)
    field.set_value(10)
    shown(qtbot, field)
    told = heard(field.committed)
    field.setFocus()
    qtbot.keyClick(field, Qt.Key_Up)
    qtbot.keyClick(field, Qt.Key_Down)
    field.selectAll()
    qtbot.keyClick(field, Qt.Key_Delete)
    qtbot.keyClick(field, Qt.Key_Return)
    assert told == [12, 10, None]


DURATIONS = [("90", 90, False), ("10min", "10min", False), ("1000 frames", "1000 frames", False)]
DURATIONS += [("soon", "soon", True), ("0", 0, True)]


@pytest.mark.parametrize(("text", "value", "is_wrong"), DURATIONS)
def test_a_duration_says_at_once_whether_it_is_one(qtbot, text, value, is_wrong):
    field = DurationField()
    shown(qtbot, field)
    told = heard(field.committed)
    field.setFocus()
    qtbot.keyClicks(field, text)
    assert bool(field.property("problem")) is is_wrong
    assert bool(field.problem(text)) is is_wrong
    qtbot.keyClick(field, Qt.Key_Return)
    assert told == [value]


def test_the_wheel_passes_by_unless_the_keyboard_is_here(qtbot):
    choice = ChoiceField([Choice(1, "one"), Choice(2, "two")])
    slider = SliderSpin(0, 10, 1)
    window = shown(qtbot, choice, slider)
    for widget, value in (
        (choice, lambda: choice.choice.value),
        (slider.slider, lambda: slider.value),
        (slider.spin, lambda: slider.value),
    ):
        slider.set_value(5)
        window.other.setFocus()
        before = value()
        wheel(widget)
        assert value() == before
        widget.setFocus()
        wheel(widget)
        assert value() != before


def test_a_choice_nobody_offered_is_shown_as_it_is(qtbot):
    field = ChoiceField([Choice(None, "as it comes"), Choice("gray8", "gray")])
    qtbot.addWidget(field)
    told = heard(field.chosen)
    field.set_value("gray12")
    assert field.currentText() == "gray12"
    field.set_value(None)
    assert field.currentText() == "as it comes"
    assert told == []


def test_a_problem_takes_the_place_of_the_sentence_and_is_said_whole(qtbot):
    first, second = TextField(), TextField()
    row = FieldRow("Name", first, second, lines=2)
    window = shown(qtbot, row)
    row.set_hint("what it means")
    height = row.sizeHint().height()
    row.set_problem("two lines have room for this: what is wrong with the name", second)
    assert row.sizeHint().height() == height, "nothing moves"
    story = "a very long story about what is wrong with this name " * 5
    row.set_problem("")
    row.set_problem(story, second)
    qtbot.waitUntil(lambda: row.note.height() >= height_of(row.note, story))
    assert row.note.text() == story
    assert second.property("problem")
    assert not first.property("problem")
    row.set_problem("")
    assert row.note.full_text == "what it means"
    assert row.sizeHint().height() == height
    assert not second.property("problem")
    assert window.isVisible()


def test_two_problems_of_one_row_are_both_said(qtbot):
    row = FieldRow("Size", TextField(), TextField())
    qtbot.addWidget(row)
    row.set_problem("too small", row.fields[0])
    row.set_problem("too fast", row.fields[1])
    assert row.note.full_text == "too small\ntoo fast"
    assert all(field.property("problem") for field in row.fields)


SIZES = [("1280x720", [1280, 720]), ("64 × 48", [64, 48]), ("640, 480", [640, 480]), ("big", "big")]


@pytest.mark.parametrize(("text", "value"), SIZES)
def test_a_size_is_typed(qtbot, text, value):
    field = SizeField()
    shown(qtbot, field)
    told = heard(field.committed)
    field.text.setFocus()
    qtbot.keyClicks(field.text, text)
    qtbot.keyClick(field.text, Qt.Key_Return)
    assert told == [value]


def test_a_size_is_one_of_the_modes_or_what_the_camera_gives(qtbot):
    field = SizeField()
    shown(qtbot, field)
    field.set_modes([(1280, 720, 60.0), (640, 480, 0.0)])
    field.set_value([640, 480])
    assert field.currentIndex() == 2
    told = heard(field.committed)
    field.activated.emit(1)
    assert field.text.text() == "1280 × 720"
    field.activated.emit(0)
    assert field.text.text() == ""
    assert told == [[1280, 720], None]


def test_a_crop_counts_when_all_four_are_there(qtbot):
    field = CropField()
    shown(qtbot, field)
    field.set_value(None)
    told = heard(field.committed)
    for part, number in zip(field.parts, (1, 2, 30, 40), strict=True):
        assert told == []
        part.setFocus()
        qtbot.keyClicks(part, str(number))
        qtbot.keyClick(part, Qt.Key_Return)
        field.set_value(None)  # the form shows the draft again: what is typed stays
    assert told == [[1, 2, 30, 40]]


def test_a_folder_is_chosen_or_not(qtbot):
    answers = iter(["", "/data/new"])
    asked = []
    field = FolderField(ask=lambda parent, start: asked.append(start) or next(answers))
    shown(qtbot, field)
    field.set_value("old")
    told = heard(field.committed)
    field.browse.click()
    field.browse.click()
    assert (asked, told) == (["old", "old"], ["/data/new"])
    assert field.text.text() == "/data/new"


def test_free_keys_are_changed_renamed_added_and_removed(qtbot):
    table = KeyTable()
    shown(qtbot, table)
    table.set_values({"subject": "M12", "code": "12", "weight": 21.5})
    assert [table.item(row, 1).text() for row in range(3)] == ["M12", '"12"', "21.5"]
    changed, renamed, removed = heard(table.changed), heard(table.renamed), heard(table.removed)
    table.item(0, 1).setText("true")
    table.item(1, 0).setText("number")
    table.item(2, 0).setText("subject")  # taken: put back
    assert table.item(2, 0).text() == "weight"
    table.item(3, 0).setText("new")
    assert changed == [("subject", True)]
    table.item(3, 1).setText("007")
    assert changed[1:] == [("new", "007")]
    table.setCurrentCell(2, 0)
    qtbot.keyClick(table, Qt.Key_Delete)
    assert renamed == [("code", "number")]
    assert removed == ["weight"]


def test_a_slider_tells_at_most_ten_times_a_second_and_the_last_value_always(qtbot):
    slider = SliderSpin(0, 100, 1)
    shown(qtbot, slider)
    slider.set_value(0)
    moved, settled = heard(slider.moved), heard(slider.settled)
    slider.slider.setSliderDown(True)
    for value in range(1, 51):
        slider.slider.setValue(value)
    assert moved == [1.0]
    qtbot.waitUntil(lambda: moved == [1.0, 50.0])
    assert settled == []
    slider.slider.setSliderDown(False)
    qtbot.waitUntil(lambda: settled == [50.0])
    assert moved == [1.0, 50.0]


def test_a_click_that_moves_nothing_tells_nothing(qtbot):
    slider = SliderSpin(0, 100, 1)
    shown(qtbot, slider)
    slider.set_value(50)
    moved, settled = heard(slider.moved), heard(slider.settled)
    slider.slider.setSliderDown(True)
    slider.slider.setSliderDown(False)
    slider.flush()
    assert moved == settled == []


def test_a_slider_shows_what_comes_from_outside_without_telling(qtbot):
    slider = SliderSpin(-10, 10, 0.5)
    shown(qtbot, slider)
    moved = heard(slider.moved)
    slider.set_value(2.5)
    assert (slider.value, slider.slider.value()) == (2.5, 25)
    slider.slider.setSliderDown(True)
    slider.set_value(-3)  # not while somebody holds it
    assert slider.value == 2.5
    assert moved == []


def test_a_number_without_limits_has_no_slider(qtbot):
    slider = SliderSpin()
    shown(qtbot, slider)
    assert not slider.slider.isVisible()
    moved = heard(slider.moved)
    slider.spin.setValue(-1234)
    assert moved == [-1234.0]
