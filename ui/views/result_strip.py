"""What became of the last recording, in words that stay."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from ui.theme import GAP_PX

if TYPE_CHECKING:
    from ui.model.checking import Verdict
    from ui.theme import Theme

_ROLES = {"exact": "good", "different": "bad", "failed": "bad"}
_SIGNS = {"exact": "✓ ", "different": "✗ ", "failed": "✗ "}


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
        self.files = QLabel("None yet")
        self.files.setProperty("role", "dim")
        self.verdict = QLabel("")
        self.verdict.setWordWrap(True)
        self.verdict.setMinimumHeight(2 * self.verdict.fontMetrics().lineSpacing())
        self.verdict.setAccessibleName("verdict of the verification")
        self.folder = QPushButton("Open folder")
        self.folder.setToolTip("Show the files in the file manager")
        self.verify = QPushButton("Verify")
        self.verify.setToolTip("Decode the files and compare every frame with its hash")
        for label in (self.files, self.verdict):
            label.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Preferred)
        self._names: tuple[str, ...] = ()
        self._lay_out()
        self.folder.clicked.connect(lambda _: self.openFolderRequested.emit(self._folder()))
        self.verify.clicked.connect(lambda _: self.verifyRequested.emit())
        self.show_result((), None, False)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.setSpacing(GAP_PX)
        buttons.addWidget(self.folder)
        buttons.addWidget(self.verify)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, GAP_PX, 12, GAP_PX)
        layout.setSpacing(4)
        for widget in (self.title, self.files, self.verdict):
            layout.addWidget(widget)
        layout.addLayout(buttons)

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
        if self.files.text() != shown:
            self.files.setText(shown)
            self.files.setToolTip("\n".join(files))
        mine = verdict if verdict is not None and verdict.files == self._names else None
        self._show_verdict(mine)
        self.folder.setEnabled(bool(names))
        self.verify.setEnabled(bool(names) and not is_recording and (not mine or mine.is_over))

    def _show_verdict(self, verdict: Verdict | None) -> None:
        state = "" if verdict is None else verdict.state
        text = "" if verdict is None else f"{_SIGNS.get(state, '')}{verdict.text}"
        if self.verdict.text() == text:
            return
        self.verdict.setText(text)
        self.verdict.setToolTip(text)
        self.verdict.setProperty("role", _ROLES.get(state, "dim"))
        self.verdict.style().unpolish(self.verdict)
        self.verdict.style().polish(self.verdict)

    def _folder(self) -> str:
        return str(Path(self._names[0]).absolute().parent) if self._names else ""
