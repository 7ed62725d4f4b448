"""Calm fields: they keep their place, never stop anybody from typing, and count when left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QFocusEvent, QKeyEvent, QPaintEvent, QResizeEvent
from PyQt5.QtWidgets import QComboBox, QLabel, QLineEdit

from recorder.config import parse_amount
from recorder.errors import ConfigError
from ui.model.wording import Choice, number, shown_number
from ui.views.labels import set_role
from ui.views.rows import calm, draw_chevron, mark_problem


class TextField(QLineEdit):
    """A text that counts on Enter, or when the keyboard goes elsewhere; Escape takes it back.

    While somebody types, nothing from outside is put over it.
    """

    committed = pyqtSignal(object)

    def __init__(self, placeholder: str = "") -> None:
        super().__init__()
        self._value: Any = None
        self._shown: str | None = None
        self.setPlaceholderText(placeholder)
        self.setMinimumWidth(40)
        self.returnPressed.connect(self._commit)

    @property
    def value(self) -> Any:
        """The value that counts."""
        return self._value

    def set_value(self, value: Any, shown: str | None = None) -> None:
        """Show a value; `shown` stands for it while the keyboard is elsewhere."""
        self._value, self._shown = value, shown
        if not (self.hasFocus() and self.isModified()):
            self._show()

    def read(self, text: str) -> Any:
        """Return the value of what was typed."""
        return text.strip() or None

    def write(self, value: Any) -> str:
        """Return a value as it is typed."""
        return "" if value is None else str(value)

    def focusInEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusInEvent(event)
        if self._shown is not None and not self.isModified():
            self.setText(self.write(self._value))

    def focusOutEvent(self, event: QFocusEvent) -> None:  # noqa: D102
        super().focusOutEvent(event)
        if event.reason() != Qt.PopupFocusReason:
            self._commit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        if event.key() == Qt.Key_Escape and self.isModified():
            self._show()
            return
        super().keyPressEvent(event)

    def _commit(self) -> None:
        value = self.read(self.text())
        is_new = self.isModified() and repr(value) != repr(self._value)
        if is_new:
            self._value, self._shown = value, None
        self._show()
        if is_new:
            self.committed.emit(value)

    def _show(self) -> None:
        hidden = self._shown is not None and not self.hasFocus()
        self.setText(
            self._shown if hidden else self.write(self._value)
        )  # not modified from here on
        self.setCursorPosition(0)


class NumberField(TextField):
    """A number with its unit; other words are kept as they are, and said to be wrong elsewhere.

    Parameters
    ----------
    unit
        Stands behind the number.
    placeholder
        What holds when it is empty.
    step
        Of the arrow keys.
    """

    def __init__(self, unit: str = "", placeholder: str = "", step: float = 1) -> None:
        super().__init__(placeholder)
        self._step = step
        self._unit = QLabel(unit, self)
        set_role(self._unit, "dim")
        self._unit.setAttribute(Qt.WA_TransparentForMouseEvents)
        self.textChanged.connect(lambda text: self._unit.setVisible(bool(text)))
        self._unit.setVisible(False)

    def read(self, text: str) -> Any:  # noqa: D102
        return number(text)

    def write(self, value: Any) -> str:  # noqa: D102
        return shown_number(value)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: D102
        direction = {Qt.Key_Up: 1, Qt.Key_Down: -1}.get(event.key(), 0)
        value = self.read(self.text())
        if not direction or not isinstance(value, int | float) or self.isReadOnly():
            super().keyPressEvent(event)
            return
        self.setText(self.write(max(0, value + direction * self._step)))
        self.setModified(True)
        self._commit()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._unit.adjustSize()
        width = self._unit.width()
        self._unit.move(self.width() - width - 8, (self.height() - self._unit.height()) // 2)
        self.setTextMargins(0, 0, width if self._unit.text() else 0, 0)


class DurationField(TextField):
    """``90``, ``90s``, ``10min`` or ``1000 frames``; what is none of them is marked at once."""

    def __init__(self, placeholder: str = "until stopped") -> None:
        super().__init__(placeholder)
        self.textEdited.connect(lambda text: mark_problem(self, bool(self.problem(text))))

    def read(self, text: str) -> Any:  # noqa: D102
        value = number(text)
        return value if value is None or isinstance(value, int | float) else text.strip()

    def problem(self, text: str) -> str:
        """Return what is wrong with a text; empty if nothing is."""
        try:
            _ = text.strip() and parse_amount(text)
        except ConfigError as error:
            return str(error)
        return ""


class ChoiceField(QComboBox):
    """One of several values. The wheel passes by unless the keyboard is here."""

    chosen = pyqtSignal(object)

    def __init__(self, choices: Sequence[Choice] = ()) -> None:
        super().__init__()
        calm(self)
        self.setSizeAdjustPolicy(QComboBox.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)
        self.setMinimumWidth(56)
        self._choices: tuple[Choice, ...] = ()
        self.set_choices(choices)
        self.activated.connect(lambda index: self.chosen.emit(self._choices[index].value))

    @property
    def choice(self) -> Choice | None:
        """What is shown."""
        index = self.currentIndex()
        return self._choices[index] if 0 <= index < len(self._choices) else None

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        super().paintEvent(event)
        draw_chevron(self)

    def set_choices(self, choices: Sequence[Choice]) -> None:
        """Offer other values; what is shown stays if it is among them."""
        if tuple(choices) == self._choices:
            return
        before = self.choice
        self._choices = tuple(choices)
        self.clear()
        for index, choice in enumerate(choices):
            self.addItem(choice.label)
            self.setItemData(index, choice.sentence, Qt.ToolTipRole)
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + 12)
        if before is not None:
            self.set_value(before.value)

    def set_value(self, value: Any) -> None:
        """Show a value; one that nobody offered is shown as it is."""
        values = [repr(choice.value) for choice in self._choices]
        if repr(value) not in values:
            self.set_choices((*self._choices, Choice(value, str(value), "")))
            values.append(repr(value))
        self.setCurrentIndex(values.index(repr(value)))
