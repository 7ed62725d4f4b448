"""What became of the last recording, in words that stay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from ui.views.whole import OpeningLabel, WholeLabel

if TYPE_CHECKING:
    from ui.model.checking import Verdict
    from ui.theme import Theme

_SIGNS: dict[str | None, str] = {"good": "✓ ", "warn": "⚠ ", "bad": "✗ "}


class ResultStrip(QFrame):
    """The last recording: its files, and whether they were verified."""

    openFolderRequested = pyqtSignal(str)
    verifyRequested = pyqtSignal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAccessibleName("last recording")
        self.title = QLabel("Last recording")
        self.title.setProperty("role", "title")
        self.files = OpeningLabel("dim", Qt.ElideMiddle)
        self.verdict = WholeLabel(least_px=2 * self.fontMetrics().lineSpacing() + 2)
        self.folder = _button("Open folder", "Show the files in the file manager")
        self.verify = _button("Verify", "Decode the files and compare every frame with its hash")
        self._names: tuple[str, ...] = ()
        self._lay_out()
        self.folder.clicked.connect(lambda _: self.openFolderRequested.emit(self._folder()))
        self.verify.clicked.connect(lambda _: self.verifyRequested.emit())
        self.show_result((), None, False)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(4)
        head.addWidget(self.title)
        head.addStretch(1)
        head.addWidget(self.verify)
        head.addWidget(self.folder)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 6, 12, 6)
        layout.setSpacing(2)
        layout.addLayout(head)
        layout.addWidget(self.files)
        layout.addWidget(self.verdict)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours; the style sheet has them."""

    def show_result(
        self, files: Sequence[str], verdict: Verdict | None, is_recording: bool
    ) -> None:
        """Show the files of the last recording, and how its verification stands."""
        self._names = tuple(files)
        names = [Path(each).name for each in files]
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        shown = f"{names[0]}{more}" if names else "None yet"
        self.files.show_text(shown, "\n".join(files))
        mine = verdict if verdict is not None and verdict.files == self._names else None
        self._show_verdict(mine)
        self.folder.setEnabled(bool(names))
        self.verify.setEnabled(bool(names) and not is_recording and (not mine or mine.is_over))

    def _show_verdict(self, verdict: Verdict | None) -> None:
        level = None if verdict is None else verdict.level
        text = "" if verdict is None else f"{_SIGNS.get(level, '')}{verdict.in_full()}"
        if (self.verdict.full_text, self.verdict.property("role")) != (text, level or "dim"):
            self.verdict.show_text(text, level or "dim")

    def _folder(self) -> str:
        return str(Path(self._names[0]).absolute().parent) if self._names else ""


def _button(text: str, tip: str) -> QPushButton:
    button = QPushButton(text)
    button.setProperty("role", "small")
    button.setToolTip(tip)
    return button
