"""Where a camera's frames come from: chosen from a list, or typed."""

from __future__ import annotations

from typing import Any

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QWidget

from ui.model.sources import (
    Entry,
    Found,
    chosen,
    entries,
    read_source,
    sequence_pattern,
    shown_text,
    source_text,
)
from ui.model.wording import Choice
from ui.views.fields import ChoiceField, TextField
from ui.views.pickers import Ask, ask_file
from ui.views.rows import button


class _SourceText(TextField):
    def read(self, text: str) -> Any:
        return read_source(text) if text.strip() else None

    def write(self, value: Any) -> str:
        return source_text(value)


class SourceList(QWidget):
    """The connected cameras and what else there is, and a button that looks again."""

    entryChosen = pyqtSignal(object)
    listRequested = pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._found: Found = ()
        self.list = ChoiceField()
        self.list.setAccessibleName("Source")
        self.list.setToolTip("Where the frames come from")
        self.list.chosen.connect(lambda index: self.entryChosen.emit(entries(self._found)[index]))
        self.refresh = button("⟳", "Look for cameras", "Look again which cameras are connected")
        self.refresh.setFixedWidth(30)
        self.refresh.clicked.connect(self.listRequested)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.list, 1)
        row.addWidget(self.refresh)
        self.setFocusProxy(self.list)

    def show_source(self, found: Found, source: Any) -> None:
        """Offer what was found, and show which of it a source is."""
        self._found = found
        offered = entries(found)
        self.list.set_choices([Choice(i, each.label, each.tip) for i, each in enumerate(offered)])
        self.list.set_value(chosen(found, source))


class SourceField(QWidget):
    """The source itself, as the config has it; passwords are shown only while it is edited."""

    committed = pyqtSignal(object)

    def __init__(self, ask: Ask = ask_file) -> None:
        super().__init__()
        self._ask = ask
        self._source: Any = None
        self._is_asking = False
        self.text = _SourceText()
        self.text.setAccessibleName("Address of the source")
        self.text.setToolTip("A number, a device, a file, or an address: as the config has it")
        self.text.committed.connect(self._on_text)
        self.text.editingFinished.connect(self._on_finished)
        self.browse = button("…", "Browse for a file", "Choose a video file or an image")
        self.browse.setFixedWidth(30)
        self.browse.clicked.connect(lambda: self.ask_for("video"))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.text, 1)
        row.addWidget(self.browse)
        self.setFocusProxy(self.text)

    def set_value(self, source: Any) -> None:
        """Show a source."""
        self._source = source
        self.text.set_value(source, shown_text(source))

    def take(self, entry: Entry) -> None:
        """Take what was chosen from the list, or ask for what is missing."""
        if entry.source is not None:
            self.committed.emit(entry.source)
        elif entry.kind == "address":
            self._is_asking = True
            self.text.setFocus()
            self.text.clear()
            self.text.setPlaceholderText("http://… or rtsp://…")
        else:
            self.ask_for(entry.kind)

    def ask_for(self, kind: str) -> None:
        """Let a file be chosen; one image stands for its whole sequence."""
        path = self._ask(self, "")
        if not path:
            self.committed.emit(self._source)  # the list shows again what it is
            return
        is_image = path.lower().endswith((".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg"))
        self.committed.emit(sequence_pattern(path) if kind == "images" or is_image else path)

    def _on_text(self, value: Any) -> None:
        # A camera without a source is no camera: an emptied field shows again what it was.
        if value is not None:
            self._source = value
        self.committed.emit(self._source)

    def _on_finished(self) -> None:
        if self._is_asking:
            self._is_asking = False
            self.text.setPlaceholderText("")
            self.committed.emit(self._source)
