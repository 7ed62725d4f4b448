"""Draw a region of interest with the mouse or the keys, and adjust it by its handles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PyQt5.QtCore import QObject, QRectF, Qt, pyqtSignal

from ui.model.geometry import SMALLEST_PX

if TYPE_CHECKING:
    from ui.theme import Theme
    from ui.views.picture_view import PictureView

_ARROWS = {
    Qt.Key_Left: (-1, 0),
    Qt.Key_Right: (1, 0),
    Qt.Key_Up: (0, -1),
    Qt.Key_Down: (0, 1),
}
_EDGES = ((0, 0), (0.5, 0), (1, 0), (0, 0.5), (1, 0.5), (0, 1), (0.5, 1), (1, 1))
_STRIDE_PX = 10
"""With Ctrl, an arrow key goes so far."""


class CropTool(QObject):
    """A rectangle in pixels of the shown picture, always whole and inside it."""

    changed = pyqtSignal(object)
    """The rectangle (x, y, width, height), or None."""

    def __init__(self, view: PictureView, theme: Theme) -> None:
        super().__init__(view)
        self._view = view
        self._roi: pg.ROI | None = None
        self._theme = theme
        view.box.banded.connect(self._band)

    @property
    def active(self) -> bool:
        """Whether the mouse draws a rectangle rather than moving the picture."""
        return bool(self._view.box.banding)

    @property
    def rect(self) -> tuple[int, int, int, int] | None:
        """What is drawn: x, y, width, height; None as long as nothing is."""
        if self._roi is None:
            return None
        pos, size = self._roi.pos(), self._roi.size()
        return (round(pos.x()), round(pos.y()), round(size.x()), round(size.y()))

    def start(self) -> None:
        """Let the mouse draw."""
        self._view.box.banding = True
        self._view.viewport().setCursor(Qt.CrossCursor)
        self.changed.emit(self.rect)

    def stop(self) -> None:
        """Forget what is drawn."""
        self._view.box.banding = False
        self._view.viewport().unsetCursor()
        if self._roi is not None:
            self._view.box.removeItem(self._roi)
            self._roi = None
        self.changed.emit(None)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        if self._roi is not None:
            self._roi.setPen(self._pen())

    def _pen(self) -> Any:
        return pg.mkPen(self._theme.accent, width=2)

    def _band(self, drawn: QRectF) -> None:
        bounds = self._view.picture.boundingRect()
        inside = drawn.intersected(bounds)
        if inside.width() >= SMALLEST_PX and inside.height() >= SMALLEST_PX:
            left, top = round(inside.left()), round(inside.top())
            right, bottom = round(inside.right()), round(inside.bottom())
            self.draw(left, top, right - left, bottom - top)

    def draw(self, x: int, y: int, width: int, height: int) -> None:
        """Draw a rectangle, as far as it lies inside the picture and has 2x2 pixels."""
        across, down = self._view.picture.size
        width = min(max(width, SMALLEST_PX), across)
        height = min(max(height, SMALLEST_PX), down)
        x, y = min(max(x, 0), across - width), min(max(y, 0), down - height)
        if self._roi is None:
            self._roi = self._new_roi()
        self._roi.setPos(x, y, update=False, finish=False)
        self._roi.setSize((width, height), finish=False)

    def _new_roi(self) -> pg.ROI:
        bounds = self._view.picture.boundingRect()
        handles = pg.mkPen(self._theme.text, width=2)
        roi = pg.ROI(
            (0, 0),
            (bounds.width(), bounds.height()),
            pen=self._pen(),
            hoverPen=self._pen(),
            handlePen=handles,
            handleHoverPen=self._pen(),
            maxBounds=bounds,
            snapSize=1.0,
            translateSnap=True,
            scaleSnap=True,
            rotatable=False,
        )
        for x, y in _EDGES:
            roi.addScaleHandle((x, y), (1 - x, 1 - y))
        roi.setZValue(10)
        roi.sigRegionChanged.connect(lambda: self.changed.emit(self.rect))
        self._view.box.addItem(roi, ignoreBounds=True)
        return roi

    def key(self, event: Any) -> bool:
        """Move the rectangle with the arrow keys, with Shift its size; say if that was it."""
        if not self.active or event.key() not in _ARROWS or not all(self._view.picture.size):
            return False
        if self.rect is None:
            across, down = self._view.picture.size
            self.draw(across // 4, down // 4, across // 2, down // 2)
            return True
        far = _STRIDE_PX if event.modifiers() & Qt.ControlModifier else 1
        dx, dy = (far * each for each in _ARROWS[event.key()])
        x, y, width, height = self.rect
        if event.modifiers() & Qt.ShiftModifier:
            self.draw(x, y, width + dx, height + dy)
        else:
            self.draw(x + dx, y + dy, width, height)
        return True
