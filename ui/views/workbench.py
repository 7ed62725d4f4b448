"""All views of the window, and where each of them stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt
from PyQt5.QtGui import QResizeEvent
from PyQt5.QtWidgets import (
    QApplication,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ui.theme import GAP_PX
from ui.views.camera_panel import CameraPanel
from ui.views.grid import TileGrid
from ui.views.health import HealthBar
from ui.views.levels_panel import LevelsPanel
from ui.views.notice_bar import NoticeBar
from ui.views.recording_panel import RecordingPanel
from ui.views.result_strip import ResultStrip
from ui.views.topbar import TopBar

if TYPE_CHECKING:
    from ui.theme import Theme

SIDE_PX = 348
_RECORDING = 1
_LOW_PX = 600


class Workbench(QWidget):
    """Top bar and notices, the pictures beside the panels, and the numbers below.

    Parameters
    ----------
    theme
        How it looks at first.
    """

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.topbar, self.notice_bar = TopBar(theme), NoticeBar(theme)
        self.grid, self.health = TileGrid(theme), HealthBar(theme)
        self.camera_panel, self.recording_panel = CameraPanel(theme), RecordingPanel(theme)
        self.levels, self.result = LevelsPanel(theme), ResultStrip(theme)
        self.tabs = self._make_tabs()
        self.side = QWidget()
        self.side.setMinimumWidth(SIDE_PX)
        _stack(self.side, self.tabs, self.result)
        self.splitter = QSplitter(Qt.Horizontal)
        self.splitter.addWidget(self.grid)
        self.splitter.addWidget(self.side)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setChildrenCollapsible(False)
        _stack(self, self.topbar, self.notice_bar, self.splitter, self.health)

    def _make_tabs(self) -> QTabWidget:
        tabs = QTabWidget()
        tabs.setDocumentMode(True)
        tabs.tabBar().setAccessibleName("Settings")
        tabs.tabBar().setToolTip("Settings of camera, recording and picture")
        for panel, name, tip in (
            (self.camera_panel, "Ca&mera", "Which camera, and how it is set"),
            (self.recording_panel, "Recor&ding", "Where and how it is recorded"),
            (_padded(self.levels), "&Picture", "How it is shown; the files are not changed by it"),
        ):
            tabs.addTab(_scrolling(panel), name)
            tabs.setTabToolTip(tabs.count() - 1, tip)
        return tabs

    @property
    def views(self) -> tuple[QWidget, ...]:
        """Everything that takes a theme."""
        panels = (self.camera_panel, self.recording_panel, self.levels, self.result)
        return self.topbar, self.notice_bar, self.grid, self.health, *panels

    def set_theme(self, theme: Theme) -> None:
        """Take other colours, everywhere."""
        for view in self.views:
            view.set_theme(theme)

    def hide_recording(self) -> None:
        """Leave out what is about recordings: there are none."""
        self.tabs.setTabVisible(_RECORDING, False)
        self.result.hide()

    def move_keyboard(self, step: int) -> bool:
        """Give the keyboard to the next (1) or last (-1) part that takes it, as one reads.

        Qt goes in the order in which things were made, which is another one for tiles that come
        later; and its own `setTabOrder` leaves parts out where a field consists of two.
        """
        stops = sorted(_reached_by_tab(self), key=self._place)
        now = QApplication.focusWidget()
        if now is not None and not (now.isVisible() and now.isEnabled()):
            return self._take_keyboard(stops)
        at = stops.index(now) if now in stops else -1 if step > 0 else 0
        if stops:
            reason = Qt.TabFocusReason if step > 0 else Qt.BacktabFocusReason
            stops[(at + step) % len(stops)].setFocus(reason)
        return bool(stops)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out what is least needed where the window is not high enough for all."""
        super().resizeEvent(event)
        self.health.set_low(self.height() < _LOW_PX)

    def _take_keyboard(self, stops: list[QWidget]) -> bool:
        """Give the keyboard to the selected picture, else to the first part that takes it.

        Nothing was asked for here: what had the keyboard was hidden or switched off, as fields are
        when a recording begins.
        """
        selected = self.grid.selection()
        tile = None if selected is None else self.grid.tile(selected)
        heir = tile if tile in stops else next(iter(stops), None)
        if heir is not None:
            heir.setFocus(Qt.OtherFocusReason)
        return heir is not None

    def _place(self, widget: QWidget) -> int:
        tiles = [self.grid.tile(name) for name in self.grid.names()]
        parts = (self.topbar, self.notice_bar, *tiles, self.side, self.health)
        of = (n for n, part in enumerate(parts) if part is widget or part.isAncestorOf(widget))
        return next(of, len(parts))


def _reached_by_tab(inside: QWidget) -> Iterator[QWidget]:
    """Give what takes the keyboard now, in Qt's order."""
    widget, seen = inside.nextInFocusChain(), set[QWidget]()
    while widget is not inside and widget not in seen:
        seen.add(widget)
        takes_it = widget.focusPolicy() & Qt.TabFocus and widget.focusProxy() is None
        if takes_it and widget.isVisible() and widget.isEnabled() and inside.isAncestorOf(widget):
            yield widget
        widget = widget.nextInFocusChain()


def _stack(outer: QWidget, *widgets: QWidget) -> None:
    """Put widgets below each other; those that want it share the height."""
    column = QVBoxLayout(outer)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(0)
    for widget in widgets:
        column.addWidget(widget, int(isinstance(widget, QTabWidget | QSplitter)))


def _scrolling(panel: QWidget) -> QWidget:
    if isinstance(panel, QScrollArea):
        return panel
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.NoFocus)
    area.setWidget(panel)
    return area


def _padded(panel: QWidget) -> QWidget:
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(GAP_PX, GAP_PX, GAP_PX, GAP_PX)
    layout.addWidget(panel)
    layout.addStretch(1)
    return box
