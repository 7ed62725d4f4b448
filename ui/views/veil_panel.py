"""What stands over a picture that is not live: an icon, a few words, perhaps a sentence more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QPointF, QRect, QRectF, Qt
from PyQt5.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF
from PyQt5.QtWidgets import QWidget

from ui.theme import BODY_PT, GAP_PX, LARGE_PT, RADIUS_PX, SMALL_PT
from ui.views.whole import divisible, shortened

if TYPE_CHECKING:
    from ui.model.sight import Veil
    from ui.theme import Theme

WIDTH_PX, ICON_PX = 420, 36
_COLOURS = {"wait": "dim", "search": "warn", "warn": "warn", "end": "dim"}


class VeilPanel(QWidget):
    """Painted in the middle of its parent; lets the mouse through."""

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme = theme
        self._veil: Veil | None = None
        self._is_small = False
        self.setAttribute(Qt.WA_TransparentForMouseEvents)
        self.setAccessibleName("what is the matter with the picture")
        self.hide()

    def show_veil(self, veil: Veil | None) -> None:
        """Say something, or nothing."""
        if veil == self._veil:
            return
        self._veil = veil
        self.setVisible(veil is not None)
        if veil is not None:
            self.setAccessibleDescription(f"{veil.words}. {veil.detail}")
            self.place()
            self.update()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        self.update()

    def place(self) -> None:
        """Go to the middle of the parent, as high as the words need."""
        if self._veil is None:
            return
        outer = self.parentWidget().rect()
        width = min(WIDTH_PX, outer.width() - 2 * GAP_PX)
        most = outer.height() - 2 * GAP_PX
        height = 0
        for self._is_small in (False, True):
            height = (
                max(self._icon_px(), sum(self._heights(self._room(width)))) + 2 * self._air_px()
            )
            if height <= most:
                break
        height = min(height, most)
        self.setGeometry(
            (outer.width() - width) // 2, (outer.height() - height) // 2, width, height
        )

    def _icon_px(self) -> int:
        return 0 if self._is_small else ICON_PX

    def _air_px(self) -> int:
        return GAP_PX // 2 if self._is_small else 2 * GAP_PX

    def _left(self) -> int:
        return GAP_PX if self._is_small else ICON_PX + 3 * GAP_PX

    def _room(self, width: int) -> int:
        return width - self._left() - GAP_PX

    def _fonts(self) -> tuple[QFont, QFont]:
        words, detail = QFont(self.font()), QFont(self.font())
        words.setPointSize(BODY_PT if self._is_small else LARGE_PT)
        words.setBold(True)
        detail.setPointSize(SMALL_PT if self._is_small else BODY_PT)
        return words, detail

    def _heights(self, room: int) -> tuple[int, int]:
        """Return how high the words and the detail are, wrapped."""
        words, detail = self._fonts()
        below = _height(detail, self._veil.detail, room) + GAP_PX // 2 if self._veil.detail else 0
        return _height(words, self._veil.words, room), below

    def paintEvent(self, event: Any) -> None:
        """Paint it."""
        if self._veil is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.Antialiasing)
        colour = QColor(getattr(self._theme, _COLOURS[self._veil.icon]))
        painter.setPen(QPen(colour, 1))
        painter.setBrush(QColor(self._theme.panel))
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, RADIUS_PX, RADIUS_PX)
        if not self._is_small:
            icon = QRectF(2 * GAP_PX, (self.height() - ICON_PX) / 2, ICON_PX, ICON_PX)
            draw_icon(painter, self._veil.icon, icon, colour)
        self._write(painter)

    def _write(self, painter: QPainter) -> None:
        left, room = self._left(), self._room(self.width())
        words, detail = self._heights(room)
        top = max(self._air_px(), (self.height() - words - detail) // 2)
        fonts, flags = self._fonts(), int(Qt.TextWordWrap)
        painter.setFont(fonts[0])
        painter.setPen(QColor(self._theme.text))
        painter.drawText(QRect(left, top, room, words), flags, self._veil.words)
        painter.setFont(fonts[1])
        painter.setPen(QColor(self._theme.dim))
        start = top + words + GAP_PX // 2
        height = self.height() - start - self._air_px() + 2
        if height >= QFontMetrics(fonts[1]).height():
            # A tile may be too small for all of it; the notice has it then.
            text = shortened(
                self._veil.detail, lambda text: _height(fonts[1], text, room) <= height
            )
            painter.drawText(QRect(left, start, room, height), flags, divisible(text))


def _height(font: QFont, text: str, room: int) -> int:
    flags = int(Qt.TextWordWrap)
    return QFontMetrics(font).boundingRect(0, 0, room, 9999, flags, divisible(text)).height()


def draw_icon(painter: QPainter, icon: str, box: QRectF, colour: QColor) -> None:
    """Draw ``wait`` (three dots), ``search`` (a lens), ``warn`` (!) or ``end`` (a square)."""
    painter.save()
    painter.translate(box.topLeft())
    painter.scale(box.width() / 36, box.height() / 36)
    painter.setPen(QPen(colour, 3, Qt.SolidLine, Qt.RoundCap, Qt.RoundJoin))
    painter.setBrush(Qt.NoBrush)
    if icon == "search":
        painter.drawEllipse(QPointF(15, 15), 10, 10)
        painter.drawLine(QPointF(23, 23), QPointF(32, 32))
    elif icon == "warn":
        painter.drawPolygon(QPolygonF([QPointF(18, 4), QPointF(34, 32), QPointF(2, 32)]))
        painter.drawLine(QPointF(18, 14), QPointF(18, 22))
        painter.drawPoint(QPointF(18, 27))
    else:
        painter.setPen(Qt.NoPen)
        painter.setBrush(colour)
        shapes = (
            [QRectF(8, 8, 20, 20)] if icon == "end" else [QRectF(x, 15, 6, 6) for x in (4, 15, 26)]
        )
        for shape in shapes:
            painter.drawRect(shape) if icon == "end" else painter.drawEllipse(shape)
    painter.restore()
