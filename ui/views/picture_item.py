"""The picture itself, and the lines over it, as items of a pyqtgraph view."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pyqtgraph as pg
from PyQt5 import sip
from PyQt5.QtCore import QLineF, QRectF
from PyQt5.QtGui import QColor, QImage, QPainter, QPen, qRgb

from ui.model import picture
from ui.model.picture import Levels, Rendered

if TYPE_CHECKING:
    from recorder.frame import Frame

SMOOTH_BELOW = 2.0
"""Screen pixels per sample: from here on one wants to see the samples, not a blur."""
DIM_ALPHA = 150
"""How much of an old picture is covered, of 255."""
_GRID_CELLS = 8
# Dark under light: one of the two is seen on any picture.
_FAINT = (QColor(0, 0, 0, 50), QColor(255, 255, 255, 90))
_BRIGHT = (QColor(0, 0, 0, 150), QColor(255, 235, 120, 230))


class PictureItem(pg.GraphicsObject):
    """A camera's newest frame, in pixels of the picture as it is recorded.

    Rendered when it is painted, and only what is visible of it: a hidden or minimised window
    costs nothing, and of frames that come faster than the screen only the last is rendered.
    """

    def __init__(self) -> None:
        super().__init__()
        self.frame: Frame | None = None
        self.step = 1
        self._size = (0, 0)
        self._levels: Levels | None = None
        self._mark = False
        self._dimmed = False
        self._part = (0, 0, 0, 0)
        self._image: QImage | None = None
        self._memory: object = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels of the recorded picture; zeros before the first frame."""
        return self._size

    def show_frame(self, frame: Frame, step: int, size: tuple[int, int]) -> None:
        """Show a frame that was thinned by `step` from a picture of that size."""
        if size != self._size:
            self.prepareGeometryChange()
            self._size = size
        self.frame, self.step = frame, step
        self._again()

    def set_levels(self, levels: Levels | None) -> None:
        """Show these levels; None: the full range."""
        self._levels = levels
        self._again()

    def set_marks(self, on: bool) -> None:
        """Mark saturated and black pixels."""
        self._mark = on
        self._again()

    def set_dimmed(self, on: bool) -> None:
        """Show that the picture is not live."""
        if on != self._dimmed:
            self._dimmed = on
            self.update()

    def _again(self) -> None:
        self._image = None
        self.update()

    def boundingRect(self) -> QRectF:
        """All of the picture."""
        return QRectF(0, 0, *self._size)

    def paint(self, painter: QPainter, *_: object) -> None:
        """Draw it."""
        if self.frame is None:
            return
        part = self._visible()
        if self._image is None or part != self._part:
            self._render(part)
        x, y, width, height = (each * self.step for each in self._part)
        zoom = painter.worldTransform().m11() * self.step
        painter.setRenderHint(QPainter.SmoothPixmapTransform, zoom < SMOOTH_BELOW)
        painter.drawImage(QRectF(x, y, width, height), self._image)
        if self._dimmed:
            painter.fillRect(self.boundingRect(), QColor(0, 0, 0, DIM_ALPHA))

    def _visible(self) -> tuple[int, int, int, int]:
        """Return x, y, width and height of what can be seen, in samples."""
        down, across = self.frame.shape[:2]
        rect = self.getViewBox().viewRect()
        left = min(max(0, math.floor(rect.left() / self.step)), across - 1)
        top = min(max(0, math.floor(rect.top() / self.step)), down - 1)
        right = min(max(left + 1, math.ceil(rect.right() / self.step)), across)
        bottom = min(max(top + 1, math.ceil(rect.bottom() / self.step)), down)
        return left, top, right - left, bottom - top

    def _render(self, part: tuple[int, int, int, int]) -> None:
        x, y, width, height = self._part = part
        seen = self.frame[y : y + height, x : x + width]
        rendered = picture.render(seen, self._levels, self._mark)
        self._image, self._memory = to_qimage(rendered), rendered.image


def to_qimage(rendered: Rendered) -> QImage:
    """Return a 32-bit image, which Qt scales several times faster than any other.

    Of a picture with colours it lies in the memory of `rendered`, which has to be kept.
    """
    image = rendered.image
    if image.strides[1] != math.prod(image.shape[2:]):
        image = np.ascontiguousarray(image)
    height, width = image.shape[:2]
    place = sip.voidptr(image.ctypes.data)
    if image.ndim == 3:
        return QImage(place, width, height, image.strides[0], QImage.Format_RGB32)
    if rendered.lut is None:
        grey = QImage(place, width, height, image.strides[0], QImage.Format_Grayscale8)
        return grey.convertToFormat(QImage.Format_RGB32)
    indexed = QImage(place, width, height, image.strides[0], QImage.Format_Indexed8)
    indexed.setColorTable([qRgb(*rgb) for rgb in rendered.lut.tolist()])
    return indexed.convertToFormat(QImage.Format_RGB32)


class Lines(pg.GraphicsObject):
    """A crosshair in the middle of the picture, and a grid of whole pixels."""

    def __init__(self, picture_item: PictureItem) -> None:
        super().__init__()
        self._picture = picture_item
        self._shown_size = (0, 0)
        self.crosshair = False
        self.grid = False

    def refresh(self) -> None:
        """Take note that something was switched, or that the picture has another size."""
        if self._shown_size != self._picture.size:
            self.prepareGeometryChange()
            self._shown_size = self._picture.size
        self.update()

    def boundingRect(self) -> QRectF:
        """All of the picture."""
        return QRectF(0, 0, *self._shown_size)

    def paint(self, painter: QPainter, *_: object) -> None:
        """Draw it."""
        if self.grid:
            _draw_lines(painter, self._grid(), _FAINT)
        if self.crosshair:
            _draw_lines(painter, self._cross(), _BRIGHT)

    def _cross(self) -> list[QLineF]:
        width, height = self._shown_size
        x, y = width / 2, height / 2
        return [QLineF(x, 0, x, height), QLineF(0, y, width, y)]

    def _grid(self) -> list[QLineF]:
        width, height = self._shown_size
        spacing = grid_spacing(width)
        across = [QLineF(x, 0, x, height) for x in range(spacing, width, spacing)]
        return across + [QLineF(0, y, width, y) for y in range(spacing, height, spacing)]


def _draw_lines(painter: QPainter, lines: list[QLineF], colours: tuple[QColor, QColor]) -> None:
    for colour, width_px in zip(colours, (3, 1), strict=True):
        pen = QPen(colour, width_px)
        pen.setCosmetic(True)
        painter.setPen(pen)
        painter.drawLines(lines)


def grid_spacing(width: int) -> int:
    """Return a round number of pixels that gives about eight cells across."""
    wanted = max(1.0, width / _GRID_CELLS)
    power = 10 ** math.floor(math.log10(wanted))
    return int(power * max(n for n in (1, 2, 5) if n * power <= wanted))
