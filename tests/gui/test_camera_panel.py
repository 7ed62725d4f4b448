"""The panel of a camera: every edit is in the draft, every problem at its field."""

import pytest
from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QAbstractButton, QApplication, QComboBox, QLineEdit, QSlider

from recorder.controls import CameraControl
from ui.model.draft import Draft
from ui.model.wording import WHILE_RECORDING
from ui.theme import DARK, style_sheet
from ui.views.camera_panel import CameraPanel

FOUND = [
    {
        "name": "Webcam",
        "source": "/dev/v4l/by-id/webcam",
        "path": "/dev/video0",
        "serial": "A1",
        "modes": [["MJPG", 1280, 720, 60.0], ["YUYV", 640, 480, 30.0], ["YUYV", 1280, 720, 10.0]],
        "problem": "",
    },
    {"name": "Built-in", "source": 2, "path": "/dev/video2", "serial": "", "modes": []},
]
CONTROLS = (
    CameraControl("gain", "number", 3, 0, 255, 1, 7),
    CameraControl("autofocus", "switch", 1),
    CameraControl("auto_exposure", "menu", 3, choices=((1.0, "manual"), (3.0, "automatic"))),
    CameraControl("focus", "number", 0, 0, 250, 5, 0, is_locked=True),
)
TEXT = """\
cameras:
  top: {source: /dev/video0, size: [1280, 720], crop: [0, 0, 64, 48]}
  side: {source: synthetic, fps: 30}
"""


@pytest.fixture
def panel(qtbot):
    panel = CameraPanel(DARK, ask=lambda parent, start: panel.answer)
    qtbot.addWidget(panel)
    panel.setStyleSheet(style_sheet(DARK))
    panel.resize(320, 900)
    with qtbot.waitActive(panel):
        panel.show()
        panel.activateWindow()
    panel.bar.add.setFocus()
    panel.told = []
    panel.edited.connect(panel.told.append)
    panel.set_draft(Draft(TEXT))
    panel.set_found(FOUND)
    return panel


def type_into(qtbot, field, text):
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, text)
    qtbot.keyClick(field, Qt.Key_Return)


def top(panel, *keys):
    return panel.draft.own("cameras", "top", *keys)


def test_it_shows_what_the_draft_says_and_changes_nothing_by_it(panel):
    assert panel.camera == "top"
    assert panel.sources.list.currentText() == "Webcam"
    assert panel.source.text.text() == "/dev/video0"
    assert panel.size.text.text() == "1280 × 720"
    assert panel.fps.text() == ""
    assert [part.text() for part in panel.crop.parts] == ["0", "0", "64", "48"]
    assert panel.told == []
    assert panel.draft.text() == TEXT


def test_every_edit_is_in_the_draft_and_told_with_its_keys(panel, qtbot):
    type_into(qtbot, panel.fps, "60")
    type_into(qtbot, panel.size.text, "640x480")
    for field, value in ((panel.pixel_format, "gray8"), (panel.rotate, 90), (panel.flip, "both")):
        values = [choice.value for choice in field._choices]
        field.setCurrentIndex(values.index(value))
        field.activated.emit(values.index(value))
    panel.strict.click()
    camera = panel.draft.config().cameras["top"]
    assert (camera.fps, camera.size, camera.strict) == (60, (640, 480), True)
    assert (camera.pixel_format, camera.rotate, camera.flip) == ("gray8", 90, "both")
    names = ["fps", "size", "pixel_format", "rotate", "flip", "strict"]
    assert panel.told == [("cameras", "top", name) for name in names]
    panel.strict.click()
    assert top(panel, "strict") is None


def test_a_problem_stands_at_its_field_and_blocks_nothing(panel, qtbot):
    type_into(qtbot, panel.fps, "-3")
    assert top(panel, "fps") == -3
    assert panel.fps.property("problem")
    assert not panel.size.property("problem")
    type_into(qtbot, panel.fps, "25")
    assert not panel.fps.property("problem")
    type_into(qtbot, panel.crop.parts[2], "9999")
    assert panel.crop.parts[0].property("problem")
    assert panel.draft.problems()


def test_what_is_wrong_with_another_camera_is_said_too(panel):
    panel.draft.set("fast", "cameras", "side", "rotate")
    panel.show_draft()
    assert "side.rotate" in panel.source_row.note.full_text


def test_a_found_camera_a_file_a_sequence_or_an_address_is_the_source(panel, qtbot):
    listed = panel.sources.list
    assert [listed.itemText(i) for i in range(listed.count())][:3] == [
        "Webcam",
        "Built-in",
        "Synthetic (no hardware)",
    ]
    listed.activated.emit(1)
    assert top(panel, "source") == 2
    panel.answer = "/data/clip.mkv"
    listed.activated.emit(4)
    assert top(panel, "source") == "/data/clip.mkv"
    panel.answer = "/data/frames_0007.png"
    listed.activated.emit(5)
    assert top(panel, "source") == "/data/frames_%04d.png"
    panel.answer = ""
    listed.setCurrentIndex(4)
    listed.activated.emit(4)  # nothing chosen: the list shows the sequence again
    assert top(panel, "source") == "/data/frames_%04d.png"
    assert listed.currentText() == "Image sequence…"
    listed.activated.emit(3)
    qtbot.keyClicks(panel.source.text, "http://me:secret@host/x")
    qtbot.keyClick(panel.source.text, Qt.Key_Return)
    panel.bar.add.setFocus()
    assert top(panel, "source") == "http://me:secret@host/x"
    assert "secret" not in panel.source.text.text()


def test_an_address_that_is_not_given_leaves_the_source(panel):
    panel.sources.list.setCurrentIndex(3)
    panel.sources.list.activated.emit(3)
    assert panel.source.text.hasFocus()
    panel.bar.add.setFocus()
    assert top(panel, "source") == "/dev/video0"
    assert panel.source.text.text() == "/dev/video0"
    assert panel.sources.list.currentText() == "Webcam"


def test_the_camera_s_own_sizes_are_offered(panel):
    offered = [panel.size.itemText(i) for i in range(panel.size.count())]
    assert offered == ["as it comes", "1280 × 720 · 60 fps", "640 × 480 · 30 fps"]
    panel.size.activated.emit(2)
    assert top(panel, "size") == [640, 480]


def test_cameras_are_chosen_added_renamed_and_removed(panel, qtbot):
    chosen = []
    panel.cameraChosen.connect(chosen.append)
    panel.bar.names.activated.emit(1)
    assert panel.camera == "side"
    assert panel.fps.text() == "30"
    panel.bar.add.click()
    assert panel.camera == "camera1"
    qtbot.keyClicks(panel.bar.name, "back")
    qtbot.keyClick(panel.bar.name, Qt.Key_Return)
    assert panel.draft.camera_names == ("top", "side", "back")
    panel.bar.rename.click()
    qtbot.keyClicks(panel.bar.name, "top")
    qtbot.keyClick(panel.bar.name, Qt.Key_Return)
    assert "already" in panel.source_row.note.full_text
    panel.bar.rename.click()
    qtbot.keyClicks(panel.bar.name, "dropped")
    qtbot.keyClick(panel.bar.name, Qt.Key_Escape)
    assert panel.camera == "back"
    panel.bar.remove.click()
    panel.bar.remove.click()
    assert panel.draft.camera_names == ("side",)
    assert not panel.bar.remove.isEnabled()
    assert chosen == ["side", "camera1", "back"], "of those removed the window knows the heir"
    assert panel.told == [("cameras",)] * 4


def test_the_crop_is_the_whole_picture_or_drawn(panel):
    asked = []
    panel.cropToolRequested.connect(asked.append)
    panel.crop_tools.draw.click()
    assert asked == [True]
    panel.draft.set([5, 6, 7, 8], "cameras", "top", "crop")
    panel.show_draft()
    panel.set_crop_tool(False)
    assert [part.text() for part in panel.crop.parts] == ["5", "6", "7", "8"]
    panel.crop_tools.whole.click()
    assert top(panel, "crop") is None
    assert asked == [True]


def test_just_what_the_camera_accepts_can_be_set(panel, qtbot):
    panel.show_controls("top", CONTROLS)
    rows = panel.properties.rows
    assert list(rows) == ["gain", "autofocus", "auto_exposure", "focus"]
    assert not rows["focus"].editor.isEnabled()
    moved = []
    panel.settingMoved.connect(lambda *args: moved.append(args))
    rows["gain"].editor.spin.setValue(5)
    qtbot.waitUntil(lambda: top(panel, "settings", "gain") == 5)
    rows["autofocus"].editor.click()
    rows["auto_exposure"].editor.activated.emit(0)
    assert moved == [("top", "gain", 5), ("top", "autofocus", 0), ("top", "auto_exposure", 1)]
    assert top(panel, "settings") == {"gain": 5, "autofocus": 0, "auto_exposure": 1}
    rows["gain"].back.click()
    assert moved[-1] == ("top", "gain", 7)
    assert rows["gain"].editor.value == 7
    assert "gain" not in top(panel, "settings")
    assert not rows["autofocus"].back.isEnabled()


def test_the_last_value_goes_to_the_camera_that_it_was_moved_for(panel):
    for camera in ("top", "side"):
        panel.show_controls(camera, CONTROLS)
    moved = []
    panel.settingMoved.connect(lambda *args: moved.append(args))
    for value in (5, 6):
        panel.properties.rows["gain"].editor.spin.setValue(value)
    panel.show_obtained("top", "gain", 6, 3)
    panel.bar.names.setCurrentIndex(1)
    panel.bar.names.activated.emit(1)
    assert moved == [("top", "gain", 5), ("top", "gain", 6)]
    assert top(panel, "settings") == {"gain": 6}
    assert panel.draft.own("cameras", "side", "settings") is None
    assert panel.properties.rows["gain"].editor.value == 3
    assert panel.properties.rows["gain"].note.full_text == ""


def test_what_was_asked_and_not_obtained_is_said_in_words(panel):
    panel.show_controls("top", CONTROLS)
    note = panel.properties.rows["gain"].note
    panel.show_obtained("top", "gain", 5, 3)
    assert note.full_text == "asked 5, camera is at 3"
    panel.show_obtained("top", "gain", 5, 5.0001)
    assert note.full_text == ""
    panel.show_obtained("side", "gain", 5, 3)
    panel.show_obtained("top", "nothing", 5, 3)
    assert note.full_text == ""


def test_new_values_keep_the_rows_and_another_camera_has_others(panel):
    panel.show_controls("top", CONTROLS)
    row = panel.properties.rows["gain"]
    panel.show_controls("top", (CameraControl("gain", "number", 9, 0, 255, 1, 7), *CONTROLS[1:]))
    assert panel.properties.rows["gain"] is row
    assert row.editor.value == 9
    panel.show_controls("side", ())
    assert panel.properties.rows["gain"] is row
    panel.set_camera("side")
    assert panel.properties.rows == {}
    panel.set_camera("top")
    assert list(panel.properties.rows) == [control.name for control in CONTROLS]


def test_a_note_about_the_camera_is_shown(panel):
    panel.show_details("top", ["MJPEG: lossy before it reaches us."])
    assert panel.source_row.note.full_text == "MJPEG: lossy before it reaches us."
    panel.set_camera("side")
    assert panel.source_row.note.full_text == ""


def test_while_recording_only_the_properties_can_be_changed(panel):
    panel.show_controls("top", CONTROLS)
    before = panel.fps.toolTip()
    panel.set_recording(True)
    panel.show_draft()
    for field in (panel.source.text, panel.size, panel.fps, panel.crop.parts[0], panel.bar.remove):
        assert not field.isEnabled()
        assert field.toolTip() == WHILE_RECORDING
    assert panel.properties.rows["gain"].editor.isEnabled()
    assert panel.bar.names.isEnabled()
    panel.set_recording(False)
    assert panel.fps.isEnabled()
    assert panel.fps.toolTip() == before


def test_the_list_is_asked_for(panel, qtbot):
    with qtbot.waitSignal(panel.listRequested):
        panel.sources.refresh.click()


def test_everything_has_a_name_a_tip_and_a_place_in_the_tab_order(panel):
    panel.show_controls("top", CONTROLS)
    kinds = (QLineEdit, QComboBox, QAbstractButton, QSlider)
    widgets = [each for kind in kinds for each in panel.findChildren(kind) if each.isVisible()]
    assert len(widgets) > 20
    for widget in widgets:
        if widget.objectName() == "qt_spinbox_lineedit":
            continue
        assert widget.accessibleName(), widget
        assert widget.toolTip() or widget.parent().toolTip(), widget
        assert widget.focusPolicy() & Qt.TabFocus, widget


def test_tab_goes_through_the_properties_in_their_order(panel, qtbot):
    panel.show_controls("top", CONTROLS[:2])
    rows = panel.properties.rows
    panel.crop_tools.whole.setFocus()
    gain = rows["gain"]
    qtbot.waitUntil(rows["autofocus"].isVisible)
    for expected in (gain.editor.slider, gain.editor.spin, gain.back, rows["autofocus"].editor):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key_Tab)
        assert QApplication.focusWidget() is expected


def test_no_part_of_it_ever_is_a_window_of_its_own(panel):
    panel.show_controls("top", (*CONTROLS, CameraControl("gamma")))
    panel.set_camera("side")
    QApplication.processEvents()
    assert [each for each in QApplication.topLevelWidgets() if each.isVisible()] == [panel]
    assert panel.isActiveWindow()


def test_it_fits_into_a_side_panel(panel):
    panel.show_controls("top", CONTROLS)
    assert panel.minimumSizeHint().width() <= 310
    below = panel.crop_tools.mapTo(panel, panel.crop_tools.rect().bottomLeft()).y()
    assert below < 420  # of the 690 that a window of 1280x800 has
