"""The lines above and below a camera's picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QHBoxLayout, QWidget

from recorder import readout
from ui.model import sight
from ui.theme import BODY_PT, GAP_PX
from ui.views.words import Words

if TYPE_CHECKING:
    from recorder.stats import CameraStatus
    from ui.theme import Theme

_STATE_COLOURS = {"recording": "record", "lost": "warn"}

_AIR_PX = 3


class Header(QWidget):
    """The camera's name, what is special about the view, and its state."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self.title = Words(theme, "camera", colour="text", bold=True, points=BODY_PT)
        self.info = Words(theme, "view", "zoom 1000 % · grid 500 px", align=Qt.AlignRight)
        self.state = Words(theme, "state", "● recording", align=Qt.AlignRight)
        self.title.show_text(name)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(GAP_PX, _AIR_PX, GAP_PX, _AIR_PX)
        layout.setSpacing(GAP_PX)
        for each in (self.title, self.info, self.state):
            layout.addWidget(each, 1 if each.takes_the_rest else 0)
        self.info.hide()  # the name needs its room while there is nothing special

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        for each in (self.title, self.info, self.state):
            each.set_theme(theme)

    def show_state(self, status: CameraStatus) -> None:
        """Say what the camera does."""
        word = sight.STATES.get(status.state, status.state)
        dot = "● " if word == "recording" else ""
        self.state.show_text(dot + word, _STATE_COLOURS.get(word, "dim"))

    def show_view(self, zoom_percent: float | None, grid_px: int | None) -> None:
        """Say how far the view is zoomed, and how wide the grid's cells are; None: not."""
        zoom = "" if zoom_percent is None else f"zoom {zoom_percent:.0f} %"
        grid = "" if grid_px is None else f"grid {grid_px} px"
        self.info.show_text(" · ".join(filter(None, (zoom, grid))))
        self.info.setVisible(bool(self.info.text()))


class Footer(QWidget):
    """The rate with what is lost, and the pixel under the mouse.

    What is lost is never cut off: where there is no room for the pixel, or the rate, these go
    first; the pixel's value stands last, so that of the two its place goes first.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.pace = Words(theme, "rate and losses", figures=True, points=BODY_PT)
        self.pixel = Words(
            theme,
            "pixel under the mouse",
            align=Qt.AlignRight,
            elide=Qt.ElideLeft,
            figures=True,
        )
        self._paces: tuple[str, ...] = ("",)
        self._colour = "dim"
        for words in (self.pace, self.pixel):
            words.setParent(self)
        self.setFixedHeight(self.pace.height() + 2 * _AIR_PX)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.pace.set_theme(theme)
        self.pixel.set_theme(theme)

    def show_pace(self, status: CameraStatus) -> None:
        """Say how fast frames come, and what is lost."""
        full, *shorter = sight.paces(status)
        # The point of the number stays in its place: 99.9 and 100.1 take turns at 100 fps.
        self._paces = (" " * (len("999.9") - full.index(" ")) + full, full, *shorter)
        self._colour = "bad" if readout.has_lost(status) else "dim"
        self._place()

    def _place(self) -> None:
        # By hand: a layout would be worked out anew with every number.
        room = self.width() - 2 * GAP_PX
        for text in self._paces:
            self.pace.show_text(text, self._colour)
            if self.pace.text_width() <= room:
                break
        width = min(self.pace.text_width(), room)
        self.pace.setGeometry(GAP_PX, _AIR_PX, width, self.pace.height())
        rest = max(0, room - width - GAP_PX)
        top = (self.height() - self.pixel.height()) // 2
        self.pixel.setGeometry(self.width() - GAP_PX - rest, top, rest, self.pixel.height())

    def resizeEvent(self, event: Any) -> None:
        """Keep the pixel at the right edge."""
        super().resizeEvent(event)
        self._place()
