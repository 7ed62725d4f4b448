"""Words and signs that keep their place: nothing here changes a layout when its content changes."""

from __future__ import annotations

from PyQt5.QtCore import QPointF, QRectF, QSize, Qt
from PyQt5.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF, QResizeEvent
from PyQt5.QtWidgets import QLabel, QSizePolicy, QWidget

LEVEL_WORDS = {"info": "Note", "warn": "Warning", "bad": "Problem"}


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget its look of the style sheet; does nothing if it has it."""
    if widget.property("role") != role:
        widget.setProperty("role", role)
        widget.style().unpolish(widget)
        widget.style().polish(widget)


class FixedLabel(QLabel):
    """A label as wide as the longest it will show, which a sample stands for."""

    def __init__(self, sample: str, role: str, align: Qt.AlignmentFlag = Qt.AlignLeft) -> None:
        super().__init__()
        self._sample = sample
        self.setProperty("role", role)
        self.setTextFormat(Qt.PlainText)
        self.setAlignment(align | Qt.AlignVCenter)
        self.setSizePolicy(QSizePolicy.Fixed, QSizePolicy.Preferred)

    def set_sample(self, sample: str) -> None:
        """Reserve the width of another text."""
        if sample != self._sample:
            self._sample = sample
            self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: D102
        self.ensurePolished()
        texts = self.fontMetrics()
        return QSize(texts.horizontalAdvance(self._sample) + 2, texts.height())

    minimumSizeHint = sizeHint


class ElidedLabel(QLabel):
    """A label that takes the room it gets, and shortens its text to it; the tooltip has it all."""

    def __init__(
        self, role: str = "", mode: Qt.TextElideMode = Qt.ElideRight, text: str = ""
    ) -> None:
        super().__init__()
        self._mode = mode
        self._full = ""
        self._hint = ""
        self.setProperty("role", role)
        self.setTextFormat(Qt.PlainText)
        self.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Preferred)
        self.show_text(text)

    @property
    def full_text(self) -> str:
        """What it says, shortened or not."""
        return self._full

    def show_text(self, text: str, tooltip: str = "") -> None:
        """Say something else; `tooltip` explains more than the text."""
        if (text, tooltip) != (self._full, self._hint):
            self._full, self._hint = text, tooltip
            self.setAccessibleName(text)
            self._shorten()

    def sizeHint(self) -> QSize:  # noqa: D102
        self.ensurePolished()
        return QSize(0, self.fontMetrics().height())  # also while it says nothing

    minimumSizeHint = sizeHint

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._shorten()

    def _shorten(self) -> None:
        self.ensurePolished()
        short = self.fontMetrics().elidedText(self._full, self._mode, self.width())
        if short != self.text():
            self.setText(short)
        self.setToolTip(self._hint or (self._full if short != self._full else ""))


class Dot(QWidget):
    """A round mark; none when it is off, but its place stays."""

    def __init__(self, color: str, size_px: int = 14) -> None:
        super().__init__()
        self._color = QColor(color)
        self._is_on = False
        self.setFixedSize(size_px, size_px)

    @property
    def is_on(self) -> bool:
        """Whether it is drawn."""
        return self._is_on

    def set_on(self, is_on: bool) -> None:
        """Draw it or not."""
        if is_on != self._is_on:
            self._is_on = is_on
            self.update()

    def set_color(self, color: str) -> None:
        """Draw it in another colour."""
        self._color = QColor(color)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        if self._is_on:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.Antialiasing)
            painter.setPen(Qt.NoPen)
            painter.setBrush(self._color)
            painter.drawEllipse(self.rect().adjusted(1, 1, -1, -1))


class LevelSign(QWidget):
    """A sign for a level, told apart by its shape: round with i, triangle, eight-sided with !."""

    def __init__(self, level: str, color: str, size_px: int = 22) -> None:
        super().__init__()
        self.setFixedSize(size_px, size_px)
        self.set_level(level, color)

    def set_level(self, level: str, color: str) -> None:
        """Show another level."""
        self.level = level
        self._color = QColor(color)
        self.setAccessibleName(LEVEL_WORDS[level])
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: D102
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setPen(QPen(self._color, 1.8, join=Qt.RoundJoin))
        side = float(self.width())
        points = _SHAPES[self.level]
        if points:
            painter.drawPolygon(QPolygonF([QPointF(x * side, y * side) for x, y in points]))
        else:
            painter.drawEllipse(QRectF(2, 2, side - 4, side - 4))
        self._draw_mark(painter, side)

    def _draw_mark(self, painter: QPainter, side: float) -> None:
        """Draw an i, or upside down a !."""
        is_info = self.level == "info"
        low = 0.78 if self.level == "warn" else 0.73
        high = low - 0.42
        dot, tip, foot = (high, low, low - 0.26) if is_info else (low, high, low - 0.16)
        painter.setPen(QPen(self._color, 2.2, cap=Qt.RoundCap))
        painter.drawPoint(QPointF(side / 2, dot * side))
        painter.drawLine(QPointF(side / 2, tip * side), QPointF(side / 2, foot * side))


_SHAPES: dict[str, list[tuple[float, float]]] = {
    "info": [],
    "warn": [(0.5, 0.08), (0.95, 0.90), (0.05, 0.90)],
    "bad": [
        *((0.32, 0.07), (0.68, 0.07), (0.93, 0.32), (0.93, 0.68)),
        *((0.68, 0.93), (0.32, 0.93), (0.07, 0.68), (0.07, 0.32)),
    ],
}
