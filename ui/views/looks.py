"""What is done about how things look: the deeds of the View menu, and what is seen at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt

if TYPE_CHECKING:
    from ui.views.window import MainWindow

SWITCHES = ("marks", "crosshair", "grid")


class Looks:
    """The half of `Deeds` that changes nothing but the window."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._bench = window.bench
        self._was_alone = False
        self._is_full = False

    def _selected(self) -> str | None:
        return self._window.desk.selection.name

    def do_alone(self, is_on: bool) -> None:
        """Show one camera, or all of them."""
        grid = self._bench.grid
        grid.show_alone(is_on and self._selected() is not None)
        self._window.menus.check("alone", grid.alone() is not None)

    def show_full_screen(self, name: str) -> None:
        """Show this camera as large as the screen, or everything again."""
        self._window.select(name)
        self.do_full_screen(not self._is_full)

    def do_full_screen(self, is_on: bool) -> None:
        """Show the selected camera as large as the screen, or everything again."""
        if is_on and self._selected() is not None and not self._is_full:
            self._was_alone = self._bench.grid.alone() is not None
            self._show_full(True)
            self.do_alone(True)
        elif not is_on and self._is_full:
            self._show_full(False)
            self.do_alone(self._was_alone)
        self._window.menus.check("full_screen", self._is_full)

    def _show_full(self, is_on: bool) -> None:
        self._is_full = is_on
        self._bench.side.setVisible(not is_on and self._window.menus.is_checked("side"))
        self._bench.health.setVisible(not is_on)
        self._window.menuBar().setVisible(not is_on)
        full = Qt.WindowFullScreen  # the only one that changes: it may have been maximised before
        state = self._window.windowState()
        self._window.setWindowState(state | full if is_on else state & ~full)

    def has_left_full_screen(self) -> None:
        """Show everything again; the window manager has keys for it too."""
        self.do_full_screen(False)

    def leave(self) -> None:
        """Leave full screen, or what is shown alone."""
        if self._is_full:
            self.do_full_screen(False)
        else:
            self.do_alone(False)

    def do_marks(self, is_on: bool) -> None:
        """Mark saturated and black pixels."""
        self._switch("marks", is_on)

    def do_crosshair(self, is_on: bool) -> None:
        """Draw lines through the middle."""
        self._switch("crosshair", is_on)

    def do_grid(self, is_on: bool) -> None:
        """Draw lines at round numbers of pixels."""
        self._switch("grid", is_on)

    def _switch(self, key: str, is_on: bool) -> None:
        """Turn something on or off in every tile, and show that it is."""
        grid = self._bench.grid
        for name in grid.names():
            getattr(grid.tile(name), f"set_{key}")(is_on)
        self._window.menus.check(key, is_on)
        self._bench.levels.set_switch(key, is_on)

    def show_switches(self) -> None:
        """Have new tiles show what the others do."""
        for key in SWITCHES:
            self._switch(key, self._window.menus.is_checked(key))
        self._window.menus.check("alone", self._bench.grid.alone() is not None)

    def show_tool(self) -> None:
        """Show what the mouse does on the selected camera; on the others it draws nothing."""
        grid = self._bench.grid
        for name in grid.names():
            if name != self._selected():
                grid.tile(name).set_tool("look")
        selected = self._selected()
        is_crop = selected is not None and grid.tile(selected).tool() == "crop"
        self._window.menus.check("crop", is_crop)
        self._bench.camera_panel.set_crop_tool(is_crop)

    def do_side(self, is_on: bool) -> None:
        """Show the side panel."""
        self._bench.side.setVisible(is_on)

    def do_traces(self, is_on: bool) -> None:
        """Show all of the strip at the bottom."""
        self._bench.health.set_collapsed(not is_on)

    def do_light(self, is_on: bool) -> None:
        """Take light colours."""
        self._window.set_light(is_on)
