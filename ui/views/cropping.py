"""From a rectangle drawn on the picture to the crop that is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import QObject, Qt, pyqtSignal

from ui.model.geometry import Orientation
from ui.views.crop_bar import CropBar
from ui.views.crop_tool import CropTool

if TYPE_CHECKING:
    from ui.model.geometry import Crop
    from ui.theme import Theme
    from ui.views.picture_view import PictureView


class Cropping(QObject):
    """The tool that draws, the bar that says what it means, and how both end."""

    used = pyqtSignal(object)
    """The crop, in the camera's pixels."""
    switched = pyqtSignal(bool)
    """Whether the mouse draws now."""

    def __init__(self, view: PictureView, theme: Theme) -> None:
        super().__init__(view)
        self._view = view
        self.orientation = Orientation()
        self.tool = CropTool(view, theme)
        self.bar = CropBar(theme, view)
        self.tool.changed.connect(self._show)
        self.bar.applied.connect(self.use)
        self.bar.cancelled.connect(lambda: self.switch(False))

    @property
    def is_on(self) -> bool:
        """Whether the mouse draws."""
        return self.tool.active

    def switch(self, on: bool) -> None:
        """Begin to draw, or forget what is drawn."""
        if on == self.is_on:
            return
        self.tool.start() if on else self.tool.stop()
        self.bar.setVisible(on)
        self.bar.place()
        self.switched.emit(on)

    def crop(self) -> Crop | None:
        """Return what the rectangle means; None if there is none, or it cannot be known now."""
        rect, known = self.tool.rect, self.orientation.seen(self._view.picture.size)
        return None if rect is None or known is None else known.to_camera(rect)

    def use(self) -> None:
        """Ask for the crop that is drawn, if one is."""
        crop = self.crop()
        if crop is not None:
            self.switch(False)
            self.used.emit(crop)

    def key(self, event: Any) -> bool:
        """Take a key that is meant for the crop; say if it was."""
        if not self.is_on:
            return False
        if event.key() in (Qt.Key_Return, Qt.Key_Enter):
            self.use()
        elif event.key() == Qt.Key_Escape:
            self.switch(False)
        else:
            return self.tool.key(event)
        return True

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.tool.set_theme(theme)
        self.bar.words.set_theme(theme)

    def _show(self, _: object) -> None:
        crop = self.crop()
        text = None if crop is None else f"{crop[2]}×{crop[3]} px at x {crop[0]}, y {crop[1]}"
        self.bar.show_crop(text)
