"""One line of text that changes often: painted, never laid out again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QSize, Qt
from PyQt5.QtGui import QColor, QFont, QFontDatabase, QFontMetrics, QPainter
from PyQt5.QtWidgets import QSizePolicy, QWidget

from ui.theme import SMALL_PT

if TYPE_CHECKING:
    from ui.theme import Theme


class Words(QWidget):
    """A line that keeps its place and size whatever it says; what does not fit is elided.

    Parameters
    ----------
    name
        What it tells, for those who cannot see it.
    reserve
        A text as long as any; None: takes the room that is left.
    colour
        Name of the theme's colour.
    elide
        Where a text that does not fit is cut.
    figures
        Digits of one width.
    """

    def __init__(
        self,
        theme: Theme,
        name: str,
        reserve: str | None = None,
        *,
        colour: str = "dim",
        align: Any = Qt.AlignLeft,
        elide: Any = Qt.ElideRight,
        figures: bool = False,
        bold: bool = False,
        points: int = SMALL_PT,
    ) -> None:
        super().__init__()
        self._theme, self._colour = theme, colour
        self._align, self._elide = align, elide
        self._text = ""
        family = QFontDatabase.systemFont(QFontDatabase.FixedFont) if figures else QFont()
        self._font = QFont(family)
        self._font.setPointSize(points)
        self._font.setBold(bold)
        self._reserve(reserve)
        self.setAccessibleName(name)

    def _reserve(self, reserve: str | None) -> None:
        metrics = QFontMetrics(self._font)
        self.setFixedHeight(metrics.height() + 2)
        self.takes_the_rest = reserve is None
        self._width = 0
        if reserve is None:
            self.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Fixed)
        else:
            self._width = metrics.horizontalAdvance(reserve) + 2
            # May be squeezed when the window is narrow, but the text never asks for another width.
            self.setSizePolicy(QSizePolicy.Maximum, QSizePolicy.Fixed)

    def sizeHint(self) -> QSize:
        """Room for the longest text."""
        return QSize(self._width, self.height())

    def minimumSizeHint(self) -> QSize:
        """In a narrow window it may be squeezed."""
        return QSize(0, self.height())

    def text(self) -> str:
        """Return what it says."""
        return self._text

    def text_width(self) -> int:
        """Return how wide the text is, in px."""
        return QFontMetrics(self._font).horizontalAdvance(self._text) + 2

    def colour(self) -> str:
        """Return the name of its colour in the theme."""
        return self._colour

    def show_text(self, text: str, colour: str | None = None) -> None:
        """Say something else."""
        colour = colour or self._colour
        if (text, colour) == (self._text, self._colour):
            return
        self._text, self._colour = text, colour
        self.setAccessibleDescription(text)
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def paintEvent(self, event: Any) -> None:
        """Paint it."""
        painter = QPainter(self)
        painter.setFont(self._font)
        painter.setPen(QColor(getattr(self._theme, self._colour)))
        shown = QFontMetrics(self._font).elidedText(self._text, self._elide, self.width())
        painter.drawText(self.rect(), int(self._align | Qt.AlignVCenter), shown)
