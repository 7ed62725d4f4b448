"""The panel for recordings: how, where, under which name, for how long."""

from datetime import datetime

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit

from ui.model.draft import Draft
from ui.theme import DARK, style_sheet
from ui.views.recording_panel import RecordingPanel

NOW = datetime(2026, 11, 22, 12, 0, 0)
TEXT = """\
cameras:
  top: {source: synthetic}
  side: {source: synthetic, recording: {codec: archive}}
recording: {codec: fast, folder: out}
metadata: {subject: M12}
"""


@pytest.fixture
def panel(qtbot):
    panel = RecordingPanel(DARK, ask=lambda parent, start: "/data/new", now=lambda: NOW)
    qtbot.addWidget(panel)
    panel.setStyleSheet(style_sheet(DARK))
    panel.resize(320, 700)
    with qtbot.waitActive(panel):
        panel.show()
        panel.activateWindow()
    panel.verify.setFocus()
    panel.told = []
    panel.edited.connect(panel.told.append)
    panel.set_draft(Draft(TEXT))
    return panel


def type_into(qtbot, field, text):
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key_Return)


def pick(field, value):
    field.set_value(value)
    field.activated.emit(field.currentIndex())


def own(panel, key):
    return panel.draft.own("recording", key)


def test_it_shows_what_the_draft_says_and_changes_nothing_by_it(panel):
    assert panel.format.currentText() == "Video"
    assert panel.codec.currentText() == "Fast"
    assert panel.folder.text.text() == "out"
    assert (panel.segment.text(), panel.keep_free.text()) == ("", "")
    assert panel.duration.text() == ""
    assert panel.duration_row.note.full_text == "Until stopped"
    assert panel.metadata.item(0, 1).text() == "M12"
    assert panel.told == []
    assert panel.draft.text() == TEXT


def test_every_edit_is_in_the_draft_and_told_with_its_keys(panel, qtbot):
    pick(panel.format, "hdf5")
    pick(panel.codec, "archive")
    panel.folder.browse.click()
    type_into(qtbot, panel.name, "{camera}_{subject}")
    type_into(qtbot, panel.duration, "1000 frames")
    type_into(qtbot, panel.segment, "2GB")
    type_into(qtbot, panel.keep_free, "5GB")
    recording = panel.draft.config().recording
    assert (recording.format, recording.codec) == ("hdf5", "archive")
    assert (str(recording.folder), recording.name) == ("/data/new", "{camera}_{subject}")
    assert (str(recording.duration), recording.keep_free) == ("1000 frames", 5 * 10**9)
    assert str(recording.segment) == "2GB"
    keys = ["format", "codec", "folder", "name", "duration", "segment", "keep_free"]
    assert panel.told == [("recording", key) for key in keys]
    panel.duration.setFocus()
    panel.duration.selectAll()
    qtbot.keyClick(panel.duration, Qt.Key_Delete)
    qtbot.keyClick(panel.duration, Qt.Key_Return)
    assert own(panel, "duration") is None


def test_each_format_has_its_sentence_and_its_profiles(panel):
    assert ".mkv" in panel.format_row.note.full_text
    panel.draft.set(None, "cameras", "side", "recording")
    pick(panel.codec, "compatible")
    assert "x264" in panel.codec_row.note.full_text
    pick(panel.format, "hdf5")
    assert ".h5" in panel.format_row.note.full_text
    assert "MATLAB" in panel.codec_row.note.full_text
    pick(panel.format, "none")
    assert "no file" in panel.format_row.note.full_text
    assert panel.name_row.note.full_text == "nothing is written\nnothing is written"


def test_the_name_is_shown_as_each_camera_will_have_it(panel, qtbot):
    assert panel.name_row.note.full_text == "top_20261122_120000.mkv\nside_20261122_120000.mkv"
    type_into(qtbot, panel.name, "{camera}-{subject}")
    assert panel.name_row.note.full_text == "top-M12.mkv\nside-M12.mkv"
    panel.draft.add_camera("back")
    panel.show_draft()
    assert panel.name_row.note.full_text == "top-M12.mkv and 2 more"
    assert "back: back-M12.mkv" in panel.name_row.note.toolTip()


def test_a_problem_stands_at_its_field_and_blocks_nothing(panel, qtbot):
    type_into(qtbot, panel.name, "{camera}_{subjct}")
    assert "did you mean {subject}" in panel.name_row.note.full_text
    assert panel.name.property("problem")
    type_into(qtbot, panel.duration, "soon")
    assert own(panel, "duration") == "soon"
    assert panel.duration_row.has_problem
    assert panel.name_row.has_problem
    type_into(qtbot, panel.duration, "2h")
    type_into(qtbot, panel.name, "{camera}")
    assert not panel.duration_row.has_problem
    assert not panel.name_row.has_problem


def test_a_profile_that_is_not_exact_for_a_camera_is_said_at_once(panel):
    panel.draft.set("gray16", "cameras", "top", "pixel_format")
    pick(panel.codec, "compatible")
    assert panel.codec_row.has_problem
    pick(panel.codec, "archive")
    assert not panel.codec_row.has_problem


def test_a_problem_without_a_field_is_said_below(panel):
    panel.draft.set("2KiB", "buffer", "memory")
    panel.draft.set("often", "buffer", "when_full")
    panel.show_draft()
    assert "buffer.when_full" in panel.other.full_text


def test_what_a_camera_has_of_its_own_is_not_masked_silently(panel, qtbot):
    assert panel.codec_row.note.full_text == "side: archive of its own"
    assert not panel.format_row._remedy.isVisible()
    qtbot.mouseClick(panel.codec_row._remedy, Qt.LeftButton)
    assert panel.draft.masked("recording", "codec") == ()
    assert panel.draft.get("cameras", "side", "recording", "codec") == "fast"
    assert panel.told == [("cameras", "side", "recording", "codec")]
    assert "exact codec" in panel.codec_row.note.full_text
    assert not panel.codec_row._remedy.isVisible()


def test_metadata_are_edited_in_the_table(panel):
    panel.metadata.item(1, 0).setText("weight")
    panel.metadata.item(1, 1).setText("21.5")
    panel.metadata.item(0, 0).setText("animal")
    assert panel.draft.get("metadata") == {"animal": "M12", "weight": 21.5}
    panel.metadata.item(1, 0).setText("")
    assert panel.draft.get("metadata") == {"animal": "M12"}
    assert panel.told == [("metadata", key) for key in ("weight", "animal", "weight")]
    assert panel.metadata.rowCount() == 2


def test_metadata_are_typed_by_keyboard_alone(panel, qtbot):
    table = panel.metadata
    table.setFocus()
    table.setCurrentCell(1, 0)
    qtbot.keyClick(table, "w")
    qtbot.keyClicks(QApplication.focusWidget(), "eight")
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key_Return)
    table.setCurrentCell(1, 1)
    qtbot.keyClick(table, "2")
    qtbot.keyClicks(QApplication.focusWidget(), "1.5")
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key_Return)
    qtbot.waitUntil(lambda: table.rowCount() == 3)
    assert panel.draft.get("metadata") == {"subject": "M12", "weight": 21.5}
    assert table.item(1, 0).text() == "weight"


def test_a_key_that_cannot_be_written_is_refused_in_words(panel):
    panel.metadata.item(0, 0).setText("k" * 2000)
    assert "cannot be written" in panel.other.full_text
    panel.metadata.item(1, 0).setText("k" * 2000)
    panel.metadata.item(1, 1).setText("x")
    assert "cannot be written" in panel.other.full_text
    assert panel.draft.text() == TEXT


def test_the_folder_is_opened_by_somebody_else(panel, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = []
    panel.openFolderRequested.connect(asked.append)
    panel.open.click()
    assert asked == [str(tmp_path / "out")]


def test_verification_is_a_wish_and_not_in_the_config(panel):
    told = []
    panel.verifyToggled.connect(told.append)
    panel.set_verify(True)
    assert told == []
    panel.verify.click()
    assert told == [False]
    assert panel.draft.text() == TEXT


def test_while_recording_it_says_from_when_on_a_change_counts(panel):
    panel.set_recording(True)
    assert "next recording" in panel.other.full_text
    panel.set_recording(False)
    assert panel.other.full_text == ""


def test_everything_has_a_name_a_tip_and_a_place_in_the_tab_order(panel):
    kinds = (QLineEdit, QComboBox, QAbstractButton)
    widgets = [each for kind in kinds for each in panel.findChildren(kind) if each.isVisible()]
    assert len(widgets) >= 9
    for widget in widgets:
        if widget.parent() is not panel.metadata:
            assert widget.accessibleName(), widget
            assert widget.toolTip(), widget
            assert widget.focusPolicy() & Qt.TabFocus, widget


def test_it_is_seen_without_scrolling(panel):
    hint = panel.minimumSizeHint()
    assert hint.width() <= 310
    assert hint.height() <= 690
