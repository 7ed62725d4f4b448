"""A form over a draft: shows what holds, puts edits in, and says what is wrong where it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from recorder.errors import ConfigError
from ui.model.draft import Draft
from ui.views.rows import FieldRow

Keys = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Binding:
    row: FieldRow
    field: Any
    keys: Keys


class DraftForm(QWidget):
    """A column of rows, each bound to a key below `section`.

    `edited` comes after every change of the draft, with its keys.
    """

    edited = pyqtSignal(tuple)

    def __init__(self) -> None:
        super().__init__()
        self.draft: Draft | None = None
        self._bindings: list[_Binding] = []
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(12, 8, 12, 8)
        self.column.setSpacing(4)

    def section(self) -> Keys:
        """Return where the rows' keys begin."""
        raise NotImplementedError

    def bind(self, row: FieldRow, field: Any, *keys: str) -> FieldRow:
        """Let a field show and change a key, and a row say what is wrong with it."""
        binding = _Binding(row, field, keys)
        self._bindings.append(binding)
        for name in ("committed", "chosen"):
            if hasattr(field, name):
                getattr(field, name).connect(lambda value: self._on_field(binding, value))
        return row

    def set_draft(self, draft: Draft) -> None:
        """Show a draft, and put edits into it from now on; also after it changed elsewhere."""
        self.draft = draft
        self.show_draft()

    def show_draft(self) -> None:
        """Show what the draft says now."""
        if self.draft is None:
            return
        for binding in self._bindings:
            binding.field.set_value(self.draft.get(*self.section(), *binding.keys))
        self.show_problems()

    def edit(self, value: Any, *keys: str) -> bool:
        """Put a value into the draft and tell; what YAML cannot say is refused in its row."""
        if self.draft is None:
            return False
        before = self.draft.text()
        try:
            self.draft.set(value, *keys)
        except ConfigError as error:
            if not self._blame(keys, str(error)):
                self.show_other_problems([(keys, str(error))])
            return False
        self.show_draft()
        if self.draft.text() != before:
            self.edited.emit(keys)
        return True

    def show_problems(self) -> None:
        """Say under each row what is wrong with it; the rest goes to `show_other_problems`."""
        rows = {id(binding.row): binding.row for binding in self._bindings}
        for row in rows.values():
            row.set_problem("")
        others = []
        for keys, text in self.draft.problems() if self.draft else ():
            if not self._blame(keys, text):
                others.append((keys, text))
        self.show_other_problems(others)

    def show_other_problems(self, problems: list[tuple[Keys, str]]) -> None:
        """Show what no row is to blame for."""

    def _on_field(self, binding: _Binding, value: Any) -> None:
        self.edit(value, *self.section(), *binding.keys)

    def _blame(self, keys: Keys, text: str) -> bool:
        """Show a problem in the row of its key; several fields of a row share its words."""
        start = self.section()
        for binding in self._bindings:
            mine = (*start, *binding.keys)
            if keys[: len(mine)] == mine:
                binding.row.set_problem(text, binding.field)
                return True
        return False
