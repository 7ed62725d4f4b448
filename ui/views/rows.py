"""The frame of a form that keeps its place: rows with room for what is wrong, and small parts."""

from __future__ import annotations

from collections.abc import Callable

from PyQt5.QtCore import QEvent, QObject, QPointF, Qt
from PyQt5.QtGui import QPainter, QPen, QWheelEvent
from PyQt5.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from ui.views.labels import set_role
from ui.views.whole import WholeLabel

LABEL_PX = 66
PANEL_PX = 320
"""What a side panel is made for; it may be wider."""


class Note(WholeLabel):
    """A sentence about a field, or what is wrong with it: ``dim``, ``note-warn``, ``note-bad``."""


class FieldRow(QWidget):
    """A label, its fields, and below them room for a sentence or for what is wrong.

    Parameters
    ----------
    label
        What it is; letters after ``&`` jump to it.
    *fields
        Side by side. The first one belongs to the label.
    tip
        The tooltip of label and fields that have none.
    lines
        Room for the sentence, in lines.
    note
        Another row's, further down, that speaks for this one too.
    """

    def __init__(
        self,
        label: str,
        *fields: QWidget,
        tip: str = "",
        lines: int = 1,
        note: Note | None = None,
    ) -> None:
        super().__init__()
        self._label = QLabel(label)
        self._label.setFixedWidth(LABEL_PX)
        self._label.setBuddy(fields[0])
        self._label.setToolTip(tip)
        self.fields = fields
        self.note = note or Note(lines)
        self._has_own_note = note is None and lines > 0
        self._hint = ""
        self._more = ""
        self._remedy_run: Callable[[], None] | None = None
        self._remedy = QToolButton(self)
        set_role(self._remedy, "link")
        self._remedy.hide()
        self._remedy.clicked.connect(self._set_right)
        self._name_fields(label.replace("&", ""), tip)
        self._lay_out()

    @property
    def has_problem(self) -> bool:
        """Whether it says that something is wrong."""
        return bool(self.note.property("role") == "note-bad")

    def set_hint(self, text: str, more: str = "") -> None:
        """Say what the value means, while nothing is wrong; the tooltip may say more."""
        self._hint, self._more = text, more
        self.set_problem("")

    def set_problem(self, text: str, field: QWidget | None = None) -> None:
        """Say what is wrong with a field, the first one if none is named; empty: nothing is."""
        self._remedy.hide()
        if not text:
            for each in self.fields:
                mark_problem(each, False)
            self.note.show_text(self._hint, "dim", self._more)
            return
        mark_problem(field or self.fields[0], True)
        said = f"{self.note.full_text}\n{text}" if self.has_problem else text
        self.note.show_text(said, "note-bad")

    def set_remedy(self, text: str, button: str, tip: str, run: Callable[[], None]) -> None:
        """Say what to look at, with a button that sets it right."""
        self.note.show_text(text, "note-warn")
        self._remedy_run = run
        self._remedy.setText(button)
        self._remedy.setToolTip(tip)
        self._remedy.setAccessibleName(tip)
        self._remedy.show()

    def _set_right(self) -> None:
        if self._remedy_run is not None:
            self._remedy_run()

    def _name_fields(self, name: str, tip: str) -> None:
        for field in self.fields:
            field.setAccessibleName(field.accessibleName() or name)
            field.setToolTip(field.toolTip() or tip)

    def _lay_out(self) -> None:
        top, below = QHBoxLayout(), QHBoxLayout()
        top.addWidget(self._label)
        for field in self.fields:
            top.addWidget(field, int(field.sizePolicy().horizontalPolicy() != QSizePolicy.Fixed))
        column = QVBoxLayout(self)
        for layout in (top, below, column):
            layout.setContentsMargins(0, 0, 0, 0)
            layout.setSpacing(6)
        column.setSpacing(1)
        column.addLayout(top)
        if self._has_own_note:
            below.addSpacing(LABEL_PX + 6)
            below.addWidget(self.note, 1)
            below.addWidget(self._remedy)
            column.addLayout(below)
        elif not self.note.lines:
            self.note.setParent(self)
            self.note.hide()


class _Calm(QObject):
    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        is_passing = isinstance(event, QWheelEvent) and not watched.hasFocus()  # type: ignore[attr-defined]
        if is_passing:
            event.ignore()  # whoever scrolls the panel means the panel
        return is_passing


def calm(widget: QWidget) -> None:
    """Let the wheel change a widget only while the keyboard is there."""
    widget.setFocusPolicy(Qt.StrongFocus)
    widget.installEventFilter(_Calm(widget))


def mark_problem(widget: QWidget, is_wrong: bool) -> None:
    """Draw a widget as wrong, or not; of several in one, all that is typed into."""
    for part in () if isinstance(widget, QComboBox) else widget.findChildren(QLineEdit):
        mark_problem(part, is_wrong)
    if bool(widget.property("problem")) != is_wrong:
        widget.setProperty("problem", "true" if is_wrong else None)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


def button(text: str, name: str, tip: str, role: str = "") -> QToolButton:
    """Return a small button with all that it needs."""
    made = QToolButton()
    made.setText(text)
    made.setAccessibleName(name)
    made.setToolTip(tip)
    made.setFocusPolicy(Qt.StrongFocus)
    set_role(made, role)
    return made


def switch(text: str, tip: str) -> QCheckBox:
    """Return a switch with its words."""
    made = QCheckBox(text)
    made.setToolTip(tip)
    made.setAccessibleName(text)
    return made


def title(text: str) -> QLabel:
    """Return the title of a section."""
    made = QLabel(text)
    set_role(made, "title")
    return made


def scrolled(widget: QWidget) -> QScrollArea:
    """Return a widget in a column that scrolls up and down only."""
    area = QScrollArea()
    area.setWidget(widget)
    area.setWidgetResizable(True)
    area.setFrameShape(QFrame.NoFrame)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
    area.setMinimumWidth(PANEL_PX - 20)
    area.setFocusPolicy(Qt.NoFocus)
    return area


def draw_chevron(widget: QWidget) -> None:
    """Draw the sign that a list opens here; a style sheet can only have it from a picture."""
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.Antialiasing)
    painter.setPen(QPen(widget.palette().text().color(), 1.6, cap=Qt.RoundCap, join=Qt.RoundJoin))
    x, y = widget.width() - 14.0, widget.height() / 2
    painter.drawPolyline(QPointF(x - 3.5, y - 2), QPointF(x, y + 2), QPointF(x + 3.5, y - 2))
