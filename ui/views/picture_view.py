"""A view of one picture: zoom with the wheel, pan with the mouse, always within the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyqtgraph as pg
from PyQt5.QtCore import QPointF, QRectF, Qt, pyqtSignal
from PyQt5.QtWidgets import QFrame, QWidget

from ui.model.picture import step_for
from ui.views.picture_item import Lines, PictureItem

if TYPE_CHECKING:
    from ui.theme import Theme

_CLOSEST_PX = 8
"""Pixels across at the closest zoom."""

_ZOOM_KEYS = {Qt.Key_Plus: 0.8, Qt.Key_Equal: 0.8, Qt.Key_Minus: 1.25}
_PAN_KEYS = {
    Qt.Key_Left: (-0.1, 0),
    Qt.Key_Right: (0.1, 0),
    Qt.Key_Up: (0, -0.1),
    Qt.Key_Down: (0, 0.1),
}


class PictureBox(pg.ViewBox):
    """Keeps the picture's shape, y down, and never shows only emptiness."""

    banded = pyqtSignal(object)
    """A rectangle is being drawn: QRectF in picture pixels; only while `banding`."""
    moved = pyqtSignal()
    """Another part of the picture is shown."""

    def __init__(self) -> None:
        super().__init__(lockAspect=True, invertY=True, enableMenu=False, defaultPadding=0)
        self.banding = False
        self.fitted = True
        self._picture = QRectF(0, 0, 1, 1)

    def set_picture(self, width: int, height: int) -> None:
        """Show all of a picture of another size."""
        self._picture = QRectF(0, 0, width, height)
        closest = min(_CLOSEST_PX, width, height)
        self.setLimits(minXRange=closest, minYRange=closest)
        self.fit()

    def fit(self) -> None:
        """Show all of the picture."""
        self.fitted = True
        self.setRange(self._picture, padding=0)
        self.moved.emit()

    def zoom(self, factor: float, centre: QPointF | None = None) -> None:
        """Show a part that is larger by a factor; below 1: come closer."""
        self.fitted = False
        self.scaleBy((factor, factor), centre)
        self._stay_inside()

    def pan(self, dx: float, dy: float) -> None:
        """Move what is shown, by shares of what is visible."""
        rect = self.viewRect()
        self._pan_px(dx * rect.width(), dy * rect.height())

    def _pan_px(self, x: float, y: float) -> None:
        if not self.fitted:
            self.translateBy(x=x, y=y)
            self._stay_inside()

    def _stay_inside(self) -> None:
        view, whole = self.viewRect(), self._picture
        if view.width() >= whole.width() and view.height() >= whole.height():
            self.fit()
            return
        left = _kept(view.left(), view.width(), whole.width())
        top = _kept(view.top(), view.height(), whole.height())
        self.setRange(QRectF(left, top, view.width(), view.height()), padding=0)
        self.moved.emit()

    def wheelEvent(self, ev: Any, axis: int | None = None) -> None:
        """Zoom about the mouse."""
        self.zoom(1.02 ** (-ev.delta() / 8), self.mapToView(ev.pos()))
        ev.accept()

    def mouseDragEvent(self, ev: Any, axis: int | None = None) -> None:
        """Draw a rectangle, or move the picture."""
        if ev.button() == Qt.RightButton:
            ev.ignore()
            return
        ev.accept()
        if self.banding and ev.button() == Qt.LeftButton:
            start = self.mapToView(ev.buttonDownPos())
            self.banded.emit(QRectF(start, self.mapToView(ev.pos())).normalized())
            return
        way = self.mapToView(ev.lastPos()) - self.mapToView(ev.pos())
        self._pan_px(way.x(), way.y())


def _kept(start: float, length: float, limit: float) -> float:
    """Return where a window of that length starts: inside, or in the middle if it is larger."""
    if length >= limit:
        return (limit - length) / 2
    return min(max(start, 0.0), limit - length)


class PictureView(pg.GraphicsView):
    """The picture with its lines, and where the mouse is over it."""

    hovered = pyqtSignal(object)
    """(x, y) in whole pixels of the picture, or None outside."""
    pressed = pyqtSignal()
    double_clicked = pyqtSignal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=theme.picture)
        self.setFrameShape(QFrame.NoFrame)
        self.setAntialiasing(False)
        self.setFocusPolicy(Qt.NoFocus)
        self.setContextMenuPolicy(Qt.NoContextMenu)  # the tile has one
        self.viewport().setContextMenuPolicy(Qt.NoContextMenu)
        self.setMinimumSize(160, 90)
        self.box = PictureBox()
        self.setCentralItem(self.box)
        self.picture = PictureItem()
        self.lines = Lines(self.picture)
        for z, item in enumerate((self.picture, self.lines)):
            item.setZValue(z)
            self.box.addItem(item, ignoreBounds=True)
        self.scene().sigMouseMoved.connect(self._hover)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.setBackground(theme.picture)

    def show_frame(self, frame: Any, step: int, size: tuple[int, int]) -> None:
        """Show a frame; one of another size is shown whole, else the zoom stays."""
        old = self.picture.size
        self.picture.show_frame(frame, step, size)
        if size != old:
            self.lines.refresh()
            self.box.set_picture(*size)

    def wanted_step(self) -> int:
        """Return how much the next frame may be thinned for what is visible now."""
        if self.picture.frame is None:
            return 1
        rect, ratio = self.box.viewRect(), self.devicePixelRatioF()
        screen = (self.box.width() * ratio, self.box.height() * ratio)
        return step_for((rect.width(), rect.height()), screen)

    def scale_percent(self) -> float:
        """Return how large a picture's pixel is on the screen."""
        return 100 * self.box.width() / max(1e-9, self.box.viewRect().width())

    def key(self, event: Any) -> bool:
        """Take a key that zooms or moves; say if it was one."""
        key = event.key()
        if key == Qt.Key_0:
            self.box.fit()
        elif key in _ZOOM_KEYS:
            self.box.zoom(_ZOOM_KEYS[key])
        elif key in _PAN_KEYS and event.modifiers() & Qt.ShiftModifier:
            self.box.pan(*_PAN_KEYS[key])
        else:
            return False
        return True

    def _hover(self, where: QPointF) -> None:
        point = self.box.mapSceneToView(where)
        inside = self.picture.boundingRect().contains(point)
        self.hovered.emit((int(point.x()), int(point.y())) if inside else None)

    def leaveEvent(self, event: Any) -> None:
        """Nothing is under the mouse any more."""
        self.hovered.emit(None)
        super().leaveEvent(event)

    def mousePressEvent(self, event: Any) -> None:
        """Choose this camera."""
        self.pressed.emit()
        super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """Tell of a double click, whatever item lies under it."""
        if event.button() == Qt.LeftButton:
            self.double_clicked.emit()
