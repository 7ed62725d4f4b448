"""What a drawn crop would be, and what to do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QHBoxLayout, QPushButton, QWidget

from ui.theme import BODY_PT, GAP_PX
from ui.views.words import Words

if TYPE_CHECKING:
    from ui.theme import Theme


class CropBar(QWidget):
    """Floats over the picture: what the crop would be, and what to do with it."""

    applied = pyqtSignal()
    cancelled = pyqtSignal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setProperty("role", "panel")
        self.setAttribute(Qt.WA_StyledBackground)
        self.words = Words(
            theme, "crop", "9999×9999 px at x 9999, y 9999", colour="text", points=BODY_PT
        )
        self.use = QPushButton("Use as crop")
        self.use.setToolTip("Record only this part from now on (Enter, or double click in it)")
        self.cancel = QPushButton("Cancel")
        self.cancel.setToolTip("Leave the crop as it is (Esc)")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GAP_PX, GAP_PX // 2, GAP_PX, GAP_PX // 2)
        for widget in (self.words, self.use, self.cancel):
            layout.addWidget(widget)
        for button, signal in ((self.use, self.applied), (self.cancel, self.cancelled)):
            button.setAccessibleName(button.text())
            button.clicked.connect(lambda _, signal=signal: signal.emit())
        self.hide()

    def show_crop(self, text: str | None) -> None:
        """Say what the crop would be; None: nothing is drawn yet."""
        self.words.show_text(text or "Drag a rectangle on the picture")
        self.use.setEnabled(text is not None)

    def place(self) -> None:
        """Go to the parent's lower edge."""
        outer = self.parentWidget().rect()
        width = min(self.sizeHint().width(), outer.width())
        height = self.sizeHint().height()
        left, top = (outer.width() - width) // 2, outer.height() - height - GAP_PX
        self.setGeometry(left, max(0, top), width, height)
