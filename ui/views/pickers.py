"""Larger parts of a form: a folder, and a table of free keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from ui.model.wording import read_typed, typed
from ui.views.fields import TextField
from ui.views.rows import button

Ask = Callable[[QWidget, str], str]
"""Asks for a path, beginning at one; returns an empty text if nothing was chosen."""


def ask_folder(parent: QWidget, start: str) -> str:
    """Let somebody choose a folder."""
    return QFileDialog.getExistingDirectory(parent, "Folder for recordings", start)


def ask_file(parent: QWidget, start: str) -> str:
    """Let somebody choose a file to record from."""
    return QFileDialog.getOpenFileName(parent, "Record from a file", start)[0]


class FolderField(QWidget):
    """A folder, typed or chosen.

    Parameters
    ----------
    ask
        How to let somebody choose.
    """

    committed = pyqtSignal(object)

    def __init__(self, ask: Ask = ask_folder) -> None:
        super().__init__()
        self._ask = ask
        self.text = TextField("recordings")
        self.text.committed.connect(self.committed)
        self.browse = button("…", "Browse for a folder", "Choose the folder")
        self.browse.setFixedWidth(30)
        self.browse.clicked.connect(self._choose)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.text, 1)
        row.addWidget(self.browse)
        self.setFocusProxy(self.text)

    def set_value(self, value: Any) -> None:
        """Show a folder."""
        self.text.set_value(value)

    def setToolTip(self, text: str) -> None:
        """Explain the text too, which is what the mouse is over."""
        super().setToolTip(text)
        self.text.setToolTip(text)

    def setAccessibleName(self, name: str) -> None:
        """Name the text too, which is what the keyboard is in."""
        super().setAccessibleName(name)
        self.text.setAccessibleName(name)

    def _choose(self) -> None:
        chosen = self._ask(self, str(self.text.value or ""))
        if chosen:
            self.text.set_value(chosen)
            self.committed.emit(chosen)


class KeyTable(QTableWidget):
    """Free keys with values; the last row is for a new one, Delete removes a row."""

    changed = pyqtSignal(str, object)
    renamed = pyqtSignal(str, str)
    removed = pyqtSignal(str)

    def __init__(self, rows: int = 4) -> None:
        super().__init__(0, 2)
        self._keys: list[str] = []
        self._values: list[Any] = []
        self._waiting: Mapping[str, Any] | None = None
        self.setHorizontalHeaderLabels(["key", "value"])
        self.horizontalHeader().setSectionResizeMode(QHeaderView.Stretch)
        self.horizontalHeader().setHighlightSections(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(26)
        self.horizontalHeader().setFixedHeight(24)
        self.setFixedHeight(24 + 26 * rows + 2)
        self.setSelectionMode(QAbstractItemView.SingleSelection)
        self.setTabKeyNavigation(False)  # Tab leaves the table; the arrows move in it
        # All but on arrival: walking through the table by keyboard edits nothing.
        keys = QAbstractItemView.AnyKeyPressed | QAbstractItemView.EditKeyPressed
        mouse = QAbstractItemView.DoubleClicked | QAbstractItemView.SelectedClicked
        self.setEditTriggers(keys | mouse)
        self.itemChanged.connect(self._on_changed)
        self.set_values({})

    def set_values(self, values: Mapping[str, Any]) -> None:
        """Show other keys; while somebody types in a cell, when that is done."""
        if self.state() == QAbstractItemView.EditingState:
            self._waiting = dict(values)
            return
        shown = dict(zip(self._keys, self._values, strict=True))
        if repr(shown) == repr(dict(values)) and self.rowCount():
            return
        self._keys, self._values = list(values), list(values.values())
        place = self.currentRow(), self.currentColumn()
        self.blockSignals(True)
        self.setRowCount(len(self._keys) + 1)
        for row, (key, value) in enumerate([*values.items(), ("", None)]):
            self.setItem(row, 0, _cell(key, "A key; also for {braces} in the file name"))
            self.setItem(row, 1, _cell(typed(value), "A text, a number, true or false"))
        self.blockSignals(False)
        self.setCurrentCell(*place)

    def closeEditor(self, editor: QWidget, hint: Any) -> None:  # noqa: D102
        super().closeEditor(editor, hint)
        if self._waiting is not None and self.state() != QAbstractItemView.EditingState:
            values, self._waiting = self._waiting, None
            self.set_values(values)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        row = self.currentRow()
        is_key = self.state() != QAbstractItemView.EditingState and row < len(self._keys)
        if event.key() in (Qt.Key_Delete, Qt.Key_Backspace) and is_key and row >= 0:
            self.removed.emit(self._keys[row])
            return
        super().keyPressEvent(event)

    def _on_changed(self, item: QTableWidgetItem) -> None:
        row, text = item.row(), item.text().strip()
        if row == len(self._keys):
            self._add(row)
        elif item.column() == 1:
            self._values[row] = read_typed(text)
            self.changed.emit(self._keys[row], self._values[row])
        elif not text:
            self.removed.emit(self._keys[row])
        elif text in self._keys:
            self._put_back(row)
        else:
            self.renamed.emit(self._keys[row], text)

    def _add(self, row: int) -> None:
        """Make a key of the last row, once it has both."""
        key, value = (self.item(row, column).text().strip() for column in (0, 1))
        if key in self._keys:
            self.item(row, 0).setText("")
        elif key and value:
            self.changed.emit(key, read_typed(value))

    def _put_back(self, row: int) -> None:
        self.blockSignals(True)
        self.item(row, 0).setText(self._keys[row])
        self.blockSignals(False)


def _cell(text: str, tip: str) -> QTableWidgetItem:
    item = QTableWidgetItem(text)
    item.setToolTip(tip)
    return item
