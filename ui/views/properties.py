"""Sliders and switches for just those properties that a camera accepts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from recorder.controls import CameraControl
from ui.model.wording import Choice, difference
from ui.views.fields import ChoiceField
from ui.views.labels import ElidedLabel
from ui.views.rows import Note, button, switch
from ui.views.slider import SliderSpin

NAME_PX = 106
_LOCKED = "locked: is an automatic on?"
_NONE_YET = "Shown once the camera is open."
_NONE = "This camera offers nothing to set."


class PropertyRow(QWidget):
    """One property: its name, what sets it, back to the default, and what the camera made of it.

    `moved` while it is changed, at most ten times a second; `settled` once after; `reset` when the
    default is asked for.
    """

    moved = pyqtSignal(str, float)
    settled = pyqtSignal(str, float)
    reset = pyqtSignal(str, float)

    def __init__(self, control: CameraControl) -> None:
        super().__init__()
        self.control = control
        title = control.name.replace("_", " ")
        label = ElidedLabel(text=title)
        label.setFixedWidth(NAME_PX)
        label.setSizePolicy(QSizePolicy.Fixed, QSizePolicy.Preferred)
        self.editor = _make_editor(control, title)
        self.note = Note()
        self.back = button("↺", f"Default {title}", _default_tip(control), "flat")
        self.back.setFixedWidth(28)
        self.back.setEnabled(control.default is not None)
        self._connect()
        self._lay_out(label)
        self.show_control(control)

    def show_control(self, control: CameraControl) -> None:
        """Show the camera's own value, and whether it takes another."""
        self.control = control
        if control.value is not None:
            _show_value(self.editor, control.value)
        self.editor.setEnabled(not control.is_locked)
        self.back.setEnabled(control.default is not None and not control.is_locked)
        if control.is_locked:
            self.note.show_text(_LOCKED)
        elif self.note.full_text == _LOCKED:
            self.note.show_text("")

    def show_obtained(self, asked: float, obtained: float | None) -> None:
        """Say in words what the camera made of a value, if it is not what was asked."""
        text = difference(asked, obtained)
        self.note.show_text(text, "note-warn" if text else "dim")

    def show_problem(self, text: str) -> None:
        """Say what is wrong with the property in the config; empty: nothing is."""
        if text or self.note.property("role") == "note-bad":
            self.note.show_text(text, "note-bad" if text else "dim")

    def _connect(self) -> None:
        name, editor = self.control.name, self.editor
        if isinstance(editor, SliderSpin):
            editor.moved.connect(lambda value: self.moved.emit(name, value))
            editor.settled.connect(lambda value: self.settled.emit(name, value))
        elif isinstance(editor, ChoiceField):
            editor.chosen.connect(self._at_once)
        else:
            editor.clicked.connect(lambda is_on: self._at_once(float(is_on)))
        self.back.clicked.connect(self._to_default)

    def _at_once(self, value: float) -> None:
        self.moved.emit(self.control.name, value)
        self.settled.emit(self.control.name, value)

    def _to_default(self) -> None:
        default = self.control.default
        if default is not None:
            _show_value(self.editor, default)
            self.note.show_text("")
            self.reset.emit(self.control.name, default)

    def _lay_out(self, label: QWidget) -> None:
        top, column = QHBoxLayout(), QVBoxLayout(self)
        for layout in (top, column):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(0)
        top.setSpacing(6)
        top.addWidget(label)
        top.addWidget(self.editor, 1)
        top.addWidget(self.back)
        below = QHBoxLayout()
        below.addSpacing(NAME_PX + 6)
        below.addWidget(self.note, 1)
        column.addLayout(top)
        column.addLayout(below)


class Properties(QWidget):
    """The properties of the camera that is shown, in the camera's order.

    Parameters
    ----------
    after
        The widget from which Tab comes here.
    """

    moved = pyqtSignal(str, float)
    settled = pyqtSignal(str, float)
    reset = pyqtSignal(str, float)

    def __init__(self, after: QWidget) -> None:
        super().__init__()
        self._after = after
        self.rows: dict[str, PropertyRow] = {}
        self._shape: tuple[Any, ...] = ()
        self._none = Note(2)
        self._none.show_text(_NONE_YET)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self._column.addWidget(self._none)

    def flush(self) -> None:
        """Tell at once what is still to be told."""
        for row in self.rows.values():
            if isinstance(row.editor, SliderSpin):
                row.editor.flush()

    def show_controls(self, camera: str, controls: Sequence[CameraControl] | None) -> None:
        """Show what a camera accepts; None while nobody knows."""
        shape = (camera, *(_shape(control) for control in controls or ()))
        if shape != self._shape:
            self._make_rows(controls or ())
            self._shape = shape
        for control in controls or ():
            self.rows[control.name].show_control(control)
        self._none.setVisible(not self.rows)
        self._none.show_text(_NONE_YET if controls is None else _NONE)

    def _make_rows(self, controls: Sequence[CameraControl]) -> None:
        for row in self.rows.values():
            self._column.removeWidget(row)
            row.hide()
            row.deleteLater()
        self.rows = {control.name: PropertyRow(control) for control in controls}
        for row in self.rows.values():
            row.moved.connect(self.moved)
            row.settled.connect(self.settled)
            row.reset.connect(self.reset)
            self._column.addWidget(row)
        self._order_tabs()

    def _order_tabs(self) -> None:
        """Have Tab come here before it goes to what was made earlier but stands further on."""
        before = self._after
        for row in self.rows.values():
            is_slider = isinstance(row.editor, SliderSpin)
            parts = (row.editor.slider, row.editor.spin) if is_slider else (row.editor,)
            for part in (*parts, row.back):
                self.setTabOrder(before, part)
                before = part


def _shape(control: CameraControl) -> tuple[Any, ...]:
    """Return what a row is built from: everything but the value."""
    limits = control.minimum, control.maximum, control.step, control.default
    return control.name, control.kind, limits, control.choices


def _make_editor(control: CameraControl, title: str) -> Any:
    tip = f"{title}{_limits(control)}"
    if control.kind == "switch":
        made = switch("on", tip)
        made.setAccessibleName(title)
        return made
    if control.kind == "menu":
        menu = ChoiceField([Choice(float(value), text) for value, text in control.choices])
        menu.setToolTip(tip)
        menu.setAccessibleName(title)
        return menu
    slider = SliderSpin(control.minimum, control.maximum, control.step)
    slider.set_name(title, tip)
    return slider


def _show_value(editor: Any, value: float) -> None:
    if isinstance(editor, SliderSpin | ChoiceField):
        editor.set_value(float(value))
    else:
        editor.setCheckState(Qt.Checked if value else Qt.Unchecked)


def _limits(control: CameraControl) -> str:
    if control.minimum is None or control.maximum is None:
        return ", in the camera's own units"
    return f", {control.minimum:g} to {control.maximum:g} in the camera's own units"


def _default_tip(control: CameraControl) -> str:
    if control.default is None:
        return "The camera names no default"
    return f"Back to the camera's default, {control.default:g}; the config no longer sets it"
