"""What a camera's frames are: size and crop, in pixels."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtGui import QPaintEvent
from PyQt5.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QWidget

from ui.views.fields import NumberField, TextField
from ui.views.rows import button, calm, draw_chevron, mark_problem

_SIZE = re.compile(r"\s*(\d+)\s*[x×*, ]\s*(\d+)\s*")


class _SizeText(TextField):
    def read(self, text: str) -> Any:
        match = _SIZE.fullmatch(text)
        return [int(match[1]), int(match[2])] if match else text.strip() or None

    def write(self, value: Any) -> str:
        is_size = isinstance(value, list) and len(value) == 2
        return f"{value[0]} × {value[1]}" if is_size else "" if value is None else str(value)


class SizeField(QComboBox):
    """Width and height: typed, or one of the camera's own; empty is what the camera gives."""

    committed = pyqtSignal(object)

    def __init__(self) -> None:
        super().__init__()
        calm(self)
        self._modes: tuple[tuple[int, int, float], ...] = ()
        self.text = _SizeText("as it comes")
        self.setEditable(True)
        self.setLineEdit(self.text)
        self.setCompleter(None)
        self.setInsertPolicy(QComboBox.NoInsert)
        self.setSizeAdjustPolicy(QComboBox.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(6)
        self.setMinimumWidth(80)
        self.text.committed.connect(self.committed)
        self.activated.connect(self._on_mode)
        self.text.setAccessibleName("Size in pixels")
        self.setToolTip("Width × height in pixels; empty: what the camera gives")
        self.set_modes(())

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        super().paintEvent(event)
        draw_chevron(self)

    def set_modes(self, modes: Sequence[tuple[int, int, float]]) -> None:
        """Offer (width, height, highest fps) of the camera's modes."""
        if tuple(modes) == self._modes and self.count():
            return
        self._modes = tuple(modes)
        self.clear()
        self.addItem("as it comes")
        for width, height, fps in modes:
            self.addItem(f"{width} × {height}" + (f" · {fps:g} fps" if fps else ""))
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 24)
        self.set_value(self.text.value)

    def set_value(self, value: Any) -> None:
        """Show a size, or None."""
        self.text.set_value(value)
        sizes = [[width, height] for width, height, _ in self._modes]
        index = sizes.index(value) + 1 if value in sizes else 0 if value is None else -1
        is_typing = self.text.hasFocus() and self.text.isModified()
        if not is_typing and index != self.currentIndex():
            self.setCurrentIndex(index)
        if not is_typing:
            self.text.set_value(value)  # choosing an item wrote its words there

    def _on_mode(self, index: int) -> None:
        value = list(self._modes[index - 1][:2]) if index > 0 else None
        self.set_value(value)
        self.committed.emit(value)


class CropField(QWidget):
    """Left, top, width and height in pixels; all empty is the whole picture."""

    committed = pyqtSignal(object)
    NAMES = ("left", "top", "width", "height")

    def __init__(self) -> None:
        super().__init__()
        self._value: Any = ()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self.parts = tuple(NumberField(placeholder=name) for name in self.NAMES)
        for part, name in zip(self.parts, self.NAMES, strict=True):
            part.setAccessibleName(f"Crop, {name} in pixels")
            part.setToolTip(f"Crop: {name} in pixels of the camera's picture, before it is turned")
            part.committed.connect(lambda value: self._on_part())
            row.addWidget(part, 2 + len(name))  # as wide as its name, about
        self.setFocusProxy(self.parts[0])

    def set_value(self, value: Any) -> None:
        """Show a crop, or None; numbers that are not complete yet stay."""
        if value == self._value:
            return
        self._value = value
        shown = value if isinstance(value, list) and len(value) == 4 else [None] * 4
        for part, number in zip(self.parts, shown, strict=True):
            part.set_value(number)

    def _on_part(self) -> None:
        values = [part.value for part in self.parts]
        is_partial = None in values and values != [None] * 4
        for part in self.parts:
            mark_problem(part, is_partial and part.value is None)
        if not is_partial:
            self._value = None if values[0] is None else values
            self.committed.emit(self._value)


class CropTools(QWidget):
    """Two ways to a crop without numbers."""

    wholeRequested = pyqtSignal()
    drawRequested = pyqtSignal(bool)

    def __init__(self) -> None:
        super().__init__()
        self.draw = button("Draw it", "Draw the crop", "Draw the crop in the picture")
        self.draw.setCheckable(True)
        self.draw.clicked.connect(self.drawRequested)
        self.whole = button("Whole picture", "No crop", "Record the whole picture")
        self.whole.clicked.connect(self.wholeRequested)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        for each in (self.draw, self.whole):
            each.setSizePolicy(QSizePolicy.Expanding, QSizePolicy.Fixed)
            row.addWidget(each, 1)
