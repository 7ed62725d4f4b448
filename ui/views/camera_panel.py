"""The side panel for a camera: its source, what its frames are, and its properties."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QSizePolicy, QWidget

from recorder.controls import CameraControl
from recorder.errors import ConfigError
from ui.model.draft import Draft
from ui.model.sources import Found, sizes
from ui.model.wording import FLIPS, PIXEL_FORMATS, ROTATIONS, WHILE_RECORDING
from ui.theme import Theme
from ui.views.camera_bar import CameraBar
from ui.views.draft_form import DraftForm, Keys
from ui.views.fields import ChoiceField, NumberField
from ui.views.frame_fields import CropField, CropTools, SizeField
from ui.views.pickers import Ask, ask_file
from ui.views.properties import Properties
from ui.views.rows import FieldRow, Note, switch, title
from ui.views.source_field import SourceField, SourceList


class CameraPanel(DraftForm):
    """One camera of the config.

    Parameters
    ----------
    theme
        The look; the style sheet does the rest.
    ask
        How to let somebody choose a file.
    """

    cameraChosen = pyqtSignal(str)
    listRequested = pyqtSignal()
    cropToolRequested = pyqtSignal(bool)
    settingMoved = pyqtSignal(str, str, float)

    def __init__(self, theme: Theme, ask: Ask = ask_file) -> None:
        super().__init__()
        self._theme = theme
        self._found: Found = ()
        self._camera = ""
        self._is_recording = False
        self._controls: dict[str, Sequence[CameraControl]] = {}
        self._details: dict[str, Sequence[str]] = {}
        self._make_fields(ask)
        self._lay_out()
        self._connect()
        self._fixed_while_recording = [
            *(self.bar.add, self.bar.rename, self.bar.remove, self.sources, self.source),
            *(self.size, self.fps, self.pixel_format, self.rotate, self.flip, self.crop),
            *(self.crop_tools, self.strict),
        ]

    @property
    def camera(self) -> str:
        """The camera that is shown."""
        return self._camera

    def section(self) -> Keys:  # noqa: D102
        return ("cameras", self.camera)

    def set_draft(self, draft: Draft) -> None:  # noqa: D102
        self.draft = draft
        self.set_camera(self.camera)

    def set_camera(self, name: str) -> None:
        """Show another camera; the first one if there is none of that name."""
        names = self.draft.camera_names if self.draft else ()
        if not names:
            return
        if self._camera in names:
            self.properties.flush()  # what was moved last was still for the other one
        self._camera = name if name in names else names[0]
        self.set_crop_tool(False)
        self.properties.show_controls(self.camera, self._controls.get(self.camera))
        self.show_draft()

    def show_draft(self) -> None:  # noqa: D102
        if self.draft is None:
            return
        self.bar.set_cameras(self.draft.camera_names, self.camera)
        self._allow_remove()
        source = self.draft.get(*self.section(), "source")
        self.sources.show_source(self._found, source)
        self.size.set_modes(sizes(self._found, source))
        self.strict.setChecked(self.draft.get(*self.section(), "strict") is True)
        self.source_row.set_hint(" ".join(self._details.get(self.camera, ())))
        super().show_draft()

    def set_found(self, cameras: Found) -> None:
        """Offer the connected cameras, as ``recorder cameras --json`` lists them."""
        self._found = cameras
        self.show_draft()

    def show_controls(self, camera: str, controls: Sequence[CameraControl]) -> None:
        """Show what a camera accepts."""
        self._controls[camera] = controls
        if camera == self.camera:
            self.properties.show_controls(camera, controls)

    def show_obtained(self, camera: str, name: str, asked: float, obtained: float | None) -> None:
        """Say what a camera made of a setting."""
        if camera == self.camera and name in self.properties.rows:
            self.properties.rows[name].show_obtained(asked, obtained)

    def show_details(self, camera: str, lines: Sequence[str]) -> None:
        """Show notes about a camera, such as that it compresses before we have the frames."""
        self._details[camera] = lines
        if camera == self.camera:
            self.show_draft()

    def set_crop_tool(self, is_on: bool) -> None:
        """Show whether the crop is drawn with the mouse now."""
        self.crop_tools.draw.setChecked(is_on)

    def set_recording(self, is_recording: bool) -> None:
        """Leave only what is harmless while it records."""
        self._is_recording = is_recording
        for widget in self._fixed_while_recording:
            _lock(widget, is_recording)
        self._allow_remove()

    def set_theme(self, theme: Theme) -> None:
        """Take another look."""
        self._theme = theme

    def show_other_problems(self, problems: list[tuple[Keys, str]]) -> None:  # noqa: D102
        told = []
        for row in self.properties.rows.values():
            row.show_problem("")
        for keys, text in problems:
            row = self.properties.rows.get(keys[-1]) if keys[2:3] == ("settings",) else None
            if row is not None and keys[:2] == self.section():
                row.show_problem(text)
            elif keys[:1] == ("cameras",):
                told.append(f"{'.'.join(keys[1:])}: {text}")
        if told and not self.source_row.has_problem:
            self.source_row.set_problem("\n".join(told), self.bar.names)

    def _make_fields(self, ask: Ask) -> None:
        self.bar = CameraBar()
        self.sources, self.source = SourceList(), SourceField(ask)
        self.size, self.fps = SizeField(), NumberField("fps", "as it comes")
        self.fps.setFixedWidth(94)
        self.fps.setAccessibleName("Frames per second")
        self.fps.setToolTip("Frames per second that are asked for; max for files and synthetic")
        self.pixel_format = ChoiceField(PIXEL_FORMATS)
        self.rotate, self.flip = ChoiceField(ROTATIONS), ChoiceField(FLIPS)
        self.rotate.setAccessibleName("Turned by")
        self.flip.setAccessibleName("Mirrored")
        self.crop, self.crop_tools = CropField(), CropTools()
        self.strict = switch(
            "strict", "Fail before recording when size, rate or a property is not obtained"
        )
        self.strict.setSizePolicy(QSizePolicy.Fixed, QSizePolicy.Fixed)
        self.properties = Properties(after=self.crop_tools.whole)

    def _lay_out(self) -> None:
        column, shape, view = self.column, Note(), Note()
        tip = "Width × height in pixels, and frames per second"
        size = FieldRow("Size", self.size, self.fps, tip=tip, note=shape)
        tip_pixels = "What one pixel of the frames is"
        pixels = FieldRow("Pixels", self.pixel_format, self.strict, tip=tip_pixels, note=shape)
        turned = FieldRow("Turned", self.rotate, self.flip, tip="After the crop", note=view)
        tip = "Left, top, width, height in pixels of the picture"
        crop = FieldRow("Crop", self.crop, tip=tip, note=view)
        tools = FieldRow("", self.crop_tools, note=view)
        self.source_row = FieldRow("Address", self.source)
        self.bind(self.source_row, self.source, "source")
        self.bind(size, self.size, "size")
        self.bind(size, self.fps, "fps")
        self.bind(pixels, self.pixel_format, "pixel_format")
        self.bind(turned, self.rotate, "rotate")
        self.bind(turned, self.flip, "flip")
        self.bind(crop, self.crop, "crop")
        source = FieldRow("Source", self.sources, lines=0)
        above = (title("CAMERA"), self.bar, source, self.source_row, size, pixels, shape)
        below = (turned, crop, tools, view, title("PROPERTIES"), self.properties)
        for widget in (*above, *below):
            column.addWidget(widget)
        column.addStretch(1)

    def _connect(self) -> None:
        self.bar.cameraChosen.connect(self._choose)
        self.bar.addRequested.connect(self._add)
        self.bar.renameRequested.connect(self._rename)
        self.bar.removeRequested.connect(self._remove)
        self.sources.listRequested.connect(self.listRequested)
        self.sources.entryChosen.connect(self.source.take)
        self.crop_tools.wholeRequested.connect(lambda: self.edit(None, *self.section(), "crop"))
        self.crop_tools.drawRequested.connect(self.cropToolRequested)
        self.strict.clicked.connect(
            lambda is_on: self.edit(is_on or None, *self.section(), "strict")
        )
        self.properties.moved.connect(
            lambda name, value: self.settingMoved.emit(self.camera, name, value)
        )
        self.properties.settled.connect(self._keep_setting)
        self.properties.reset.connect(self._reset_setting)

    def _allow_remove(self) -> None:
        is_one_of_many = self.draft is not None and len(self.draft.camera_names) > 1
        self.bar.remove.setEnabled(is_one_of_many and not self._is_recording)

    def _choose(self, name: str) -> None:
        self.set_camera(name)
        self.cameraChosen.emit(name)

    def _keep_setting(self, name: str, value: float) -> None:
        whole = int(value) if value == int(value) else value
        self.edit(whole, *self.section(), "settings", name)

    def _reset_setting(self, name: str, value: float) -> None:
        self.settingMoved.emit(self.camera, name, value)
        self.edit(None, *self.section(), "settings", name)

    def _add(self) -> None:
        if self.draft is not None:
            taken = self.draft.camera_names
            name = next(n for i in range(1, 999) if (n := f"camera{i}") not in taken)
            self._change(name, name, self.draft.add_camera)
            self.bar.begin_rename()

    def _rename(self, old: str, new: str) -> None:
        if self.draft is not None:
            self._change(new, old, new, self.draft.rename_camera)

    def _remove(self, name: str) -> None:
        if self.draft is not None:
            self._change("", name, self.draft.remove_camera)

    def _change(self, shown: str, *change: Any) -> None:
        """Change the list of cameras, show one of them and tell; or say why not."""
        *names, run = change
        try:
            run(*names)
        except ConfigError as error:
            self.source_row.set_problem(str(error), self.bar.names)
            return
        self.set_camera(shown)
        self.edited.emit(("cameras",))
        if shown:  # in place of one that was removed, the window selects its neighbour
            self.cameraChosen.emit(shown)


def _lock(widget: QWidget, is_locked: bool) -> None:
    """Switch a widget off and say why in its tooltip, or on again with its own."""
    widget.setEnabled(not is_locked)
    for part in (widget, *widget.findChildren(QWidget)):
        own = part.property("own_tip")
        if own is None:
            part.setProperty("own_tip", own := part.toolTip())
        if own:
            part.setToolTip(WHILE_RECORDING if is_locked else own)
