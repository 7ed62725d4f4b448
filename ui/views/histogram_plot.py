"""How often which grey level occurs, with two handles for the levels."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
from PyQt5.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QPainter, QPen, QPolygonF
from PyQt5.QtWidgets import QWidget

from ui.model.picture import BINS, Levels

if TYPE_CHECKING:
    from ui.model.picture import Histogram
    from ui.theme import Theme

HEIGHT_PX, GRIP_PX = 96, 6
_COARSE = 0.5
"""Steps of the vertical axis, in powers of ten."""


class HistogramPlot(QWidget):
    """Logarithmic, and calm: its axes follow the picture in coarse steps only."""

    levelsDragged = pyqtSignal(object)
    """`Levels`, while a handle is dragged."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._counts = np.zeros(BINS, np.int64)
        self._grabbed: str | None = None
        self.decades = 0.0
        self.top, self.limit = BINS, BINS - 1
        self.levels = Levels(0, self.limit)
        self.setFixedHeight(HEIGHT_PX)
        self.setMouseTracking(True)
        self.setAccessibleName("histogram of grey levels")

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def clear(self) -> None:
        """Forget the counts, and how far the axes reached."""
        self._counts = np.zeros(BINS, np.int64)
        self.decades, self.top = 0.0, BINS
        self.update()

    def show_histogram(self, histogram: Histogram) -> None:
        """Show other counts."""
        if histogram.limit != self.limit:
            self.clear()
            self.limit = histogram.limit
        self.top = max(self.top, histogram.top)
        # A picture that grew darker has fewer bins: several of them make one that is shown.
        folded = histogram.counts.reshape(-1, self.top // histogram.top).sum(axis=1)
        self._counts = np.zeros(BINS, np.int64)
        self._counts[: folded.size] = folded
        self.decades = coarse_decades(self.decades, int(self._counts.max()))
        self.update()

    def set_levels(self, levels: Levels) -> None:
        """Put the handles elsewhere."""
        self.levels = levels
        self.update()

    def x_of(self, value: int) -> float:
        """Return where a grey level is; one beyond the axis at its end."""
        return GRIP_PX + min(1.0, value / (self.top - 1)) * (self.width() - 2 * GRIP_PX)

    def value_at(self, x: float) -> int:
        """Return the grey level at a place."""
        share = (x - GRIP_PX) / max(1, self.width() - 2 * GRIP_PX)
        return min(max(round(share * (self.top - 1)), 0), self.limit)

    # -- the mouse ----------------------------------------------------------------------------

    def _handle_near(self, x: float) -> str:
        low, high = self.x_of(self.levels.low), self.x_of(self.levels.high)
        return "low" if abs(x - low) < abs(x - high) else "high"

    def mousePressEvent(self, event: Any) -> None:
        """Take hold of the nearer handle."""
        if event.button() == Qt.LeftButton:
            self._grabbed = self._handle_near(event.x())
            self._drag(event.x())

    def mouseMoveEvent(self, event: Any) -> None:
        """Drag the handle."""
        self.setCursor(Qt.SizeHorCursor)
        if self._grabbed is not None:
            self._drag(event.x())

    def mouseReleaseEvent(self, event: Any) -> None:
        """Let the handle go."""
        self._grabbed = None

    def _drag(self, x: float) -> None:
        value, low, high = self.value_at(x), self.levels.low, self.levels.high
        if self._grabbed == "low":
            low = min(value, high - 1)
        else:
            high = max(value, low + 1)
        if (low, high) != (self.levels.low, self.levels.high):
            self.set_levels(Levels(low, high))
            self.levelsDragged.emit(self.levels)

    # -- the picture --------------------------------------------------------------------------

    def paintEvent(self, event: Any) -> None:
        """Draw the range that is shown, the counts and the handles."""
        painter, theme = QPainter(self), self._theme
        low, high = self.x_of(self.levels.low), self.x_of(self.levels.high)
        painter.fillRect(self.rect(), QColor(theme.picture))
        painter.fillRect(QRectF(low, 0, high - low, self.height()), QColor(theme.raised))
        self._draw_counts(painter)
        painter.setRenderHint(QPainter.Antialiasing)
        for x in (low, high):
            self._draw_handle(painter, x)

    def _draw_counts(self, painter: QPainter) -> None:
        room = self.height() - GRIP_PX - 2
        heights = np.log10(self._counts + 1) / max(self.decades, _COARSE) * room
        width = (self.width() - 2 * GRIP_PX) / BINS
        bars = [
            QRectF(GRIP_PX + place * width, self.height() - tall, width + 0.5, tall)
            for place, tall in enumerate(heights.tolist())
            if tall
        ]
        painter.setPen(Qt.NoPen)
        painter.setBrush(QColor(self._theme.dim))
        painter.drawRects(bars)

    def _draw_handle(self, painter: QPainter, x: float) -> None:
        colour = QColor(self._theme.accent)
        painter.setPen(QPen(colour, 1.5))
        painter.drawLine(QPointF(x, 0), QPointF(x, self.height()))
        painter.setPen(Qt.NoPen)
        painter.setBrush(colour)
        grip = [QPointF(x - GRIP_PX, 0), QPointF(x + GRIP_PX, 0), QPointF(x, 1.5 * GRIP_PX)]
        painter.drawPolygon(QPolygonF(grip))


def coarse_decades(now: float, largest: int) -> float:
    """Return how many powers of ten the axis spans: up at once, down only by a whole one."""
    wanted = math.ceil(math.log10(largest + 1) / _COARSE) * _COARSE
    return wanted if wanted > now or wanted <= now - 1 else now
