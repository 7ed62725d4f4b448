"""One camera's live picture, with its name above and how it goes below."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QColor, QPainter, QPen
from PyQt5.QtWidgets import QVBoxLayout, QWidget

from ui.model import sight
from ui.model.geometry import size_before
from ui.model.picture import Levels, pixel_text
from ui.views import tile_menu
from ui.views.cropping import Cropping
from ui.views.picture_item import grid_spacing
from ui.views.picture_view import PictureView
from ui.views.tile_strips import Footer, Header
from ui.views.veil_panel import VeilPanel

if TYPE_CHECKING:
    from recorder.frame import Frame
    from recorder.pipeline.view import Look
    from recorder.stats import CameraStatus
    from ui.model.geometry import Orientation
    from ui.theme import Theme

HELP = (
    "Wheel, + and − zoom; drag or Shift + arrows move; double click or 0 shows all; "
    "right click for more"
)


class CameraTile(QWidget):
    """Shows what it is given; asks for nothing but by its signals.

    The frame given last is kept, not copied: whoever fills it anew shows it anew.
    """

    chosen = pyqtSignal(str)
    cropRequested = pyqtSignal(str, object)
    """The camera and its new crop in the camera's pixels, None for all of the picture."""
    snapshotRequested = pyqtSignal(str)
    fullScreenRequested = pyqtSignal(str)
    levelsAutoRequested = pyqtSignal(str)
    toolChanged = pyqtSignal(str)
    """``look`` or ``crop``: also when the tool ended by itself."""

    shapeChanged = pyqtSignal()
    """The pictures have another size than before."""

    def __init__(self, theme: Theme, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self._theme = theme
        self._status: CameraStatus | None = None
        self._selected = False
        self._cursor: tuple[int, int] | None = None
        self._build(theme)
        self._connect()
        self.setFocusPolicy(Qt.StrongFocus)
        self.setAccessibleName(f"camera {name}")
        self.setAccessibleDescription(HELP)
        self._refresh()

    def _build(self, theme: Theme) -> None:
        self.header, self.footer = Header(theme, self.name), Footer(theme)
        self.view = PictureView(theme)
        self.view.setMinimumHeight(1)  # what stands below it is never covered
        self.veil = VeilPanel(theme, self.view)
        self.cropping = Cropping(self.view, theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(2, 2, 2, 2)
        layout.setSpacing(0)
        layout.addWidget(self.header)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.footer)

    def _connect(self) -> None:
        self.view.hovered.connect(self._hover)
        self.view.pressed.connect(self._choose)
        self.view.box.moved.connect(self._show_info)
        self.view.double_clicked.connect(self._double_clicked)
        self.cropping.used.connect(lambda crop: self.cropRequested.emit(self.name, crop))
        self.cropping.switched.connect(self._switched)

    # -- what is shown ------------------------------------------------------------------------

    def show_look(self, look: Look, step: int) -> None:
        """Show a frame that was copied with `step`."""
        is_first, size = self.frame() is None, self.view.picture.size
        likely = (self.cropping.orientation.shown_size, self.view.picture.size)
        thin = (look.frame.shape[1], look.frame.shape[0])
        self.view.show_frame(look.frame, step, size_before(thin, step, *likely))
        self._show_pixel()
        if self.view.picture.size != size:
            self.set_tool("look")  # what was drawn meant another picture
            self._show_info()
            self.shapeChanged.emit()
        if is_first:
            self._refresh()

    def wanted_step(self) -> int:
        """Return the step to copy the next frame with: fine enough for what is visible."""
        return self.view.wanted_step()

    def frame(self) -> Frame | None:
        """Return the frame shown last, thinned as it was given."""
        return self.view.picture.frame

    def show_status(self, status: CameraStatus) -> None:
        """Say how the camera does."""
        self._status = status
        self._refresh()

    def set_orientation(self, orientation: Orientation) -> None:
        """Take note of how the camera's picture becomes the shown one."""
        self.cropping.orientation = orientation

    def set_levels(self, levels: Levels | None) -> None:
        """Show these levels; None: the full range."""
        self.view.picture.set_levels(levels)

    def set_marks(self, on: bool) -> None:
        """Show saturated pixels red and black ones blue."""
        self.view.picture.set_marks(on)

    def set_crosshair(self, on: bool) -> None:
        """Show the middle of the picture."""
        self.view.lines.crosshair = on
        self.view.lines.refresh()

    def set_grid(self, on: bool) -> None:
        """Show a grid; the header says how wide its cells are."""
        self.view.lines.grid = on
        self.view.lines.refresh()
        self._show_info()

    def set_selected(self, on: bool) -> None:
        """Show that this camera is the one that the panels are about."""
        self._selected = on
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        parts = (self.header, self.footer, self.view, self.veil, self.cropping)
        for part in parts:
            part.set_theme(theme)
        self.update()

    def _refresh(self) -> None:
        status = self._status
        veil = sight.veil(status, self.frame() is not None)
        self.veil.show_veil(veil)
        self.view.picture.set_dimmed(veil is not None)
        if status is not None:
            self.header.show_state(status)
            self.footer.show_pace(status)

    def _show_info(self) -> None:
        view = self.view
        zoom = None if view.box.fitted else view.scale_percent()
        has_grid = view.lines.grid and view.picture.size[0]
        self.header.show_view(zoom, grid_spacing(view.picture.size[0]) if has_grid else None)

    def _hover(self, where: tuple[int, int] | None) -> None:
        self._cursor = where
        self._show_pixel()

    def _show_pixel(self) -> None:
        frame = self.frame()
        known = self._cursor is not None and frame is not None
        text = pixel_text(frame, *self._cursor, self.view.picture.step) if known else ""
        self.footer.pixel.show_text(text)

    # -- tools --------------------------------------------------------------------------------

    def tool(self) -> str:
        """Return ``look`` or ``crop``."""
        return "crop" if self.cropping.is_on else "look"

    def set_tool(self, tool: str) -> None:
        """Let the mouse move the picture (``look``) or draw a crop (``crop``)."""
        self.cropping.switch(tool == "crop")

    def _switched(self, on: bool) -> None:
        if on:
            self.setFocus()
        self.toolChanged.emit(self.tool())

    def _double_clicked(self) -> None:
        if self.cropping.is_on:
            self.cropping.use()
        else:
            self.view.box.fit()

    @property
    def is_cropped(self) -> bool:
        """Whether the config records only a part of the camera's picture."""
        return self.cropping.orientation.crop is not None

    # -- mouse and keys -----------------------------------------------------------------------

    def _choose(self) -> None:
        self.setFocus()
        self.chosen.emit(self.name)

    def contextMenuEvent(self, event: Any) -> None:
        """Offer what can be done with this camera's picture."""
        self._choose()
        tile_menu.build(self).popup(event.globalPos())

    def keyPressEvent(self, event: Any) -> None:
        """Adjust the crop, or the view."""
        if not (self.cropping.key(event) or self.view.key(event)):
            super().keyPressEvent(event)

    def mousePressEvent(self, event: Any) -> None:
        """Choose this camera."""
        self._choose()

    def focusInEvent(self, event: Any) -> None:
        """Choose this camera, by Tab; Qt gives the keyboard for reasons of its own, too."""
        super().focusInEvent(event)
        if event.reason() in (Qt.TabFocusReason, Qt.BacktabFocusReason):
            self.chosen.emit(self.name)
        self.update()

    def focusOutEvent(self, event: Any) -> None:
        """Show that the keyboard is elsewhere."""
        super().focusOutEvent(event)
        self.update()

    def resizeEvent(self, event: Any) -> None:
        """Keep what floats over the picture in its place."""
        super().resizeEvent(event)
        self.layout().activate()
        self.veil.place()
        self.cropping.bar.place()

    def paintEvent(self, event: Any) -> None:
        """Paint it."""
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._theme.panel))
        if self._selected or self.hasFocus():
            colour = self._theme.accent if self.hasFocus() else self._theme.dim
            painter.setPen(QPen(QColor(colour), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
