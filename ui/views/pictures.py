"""Takes the newest frames to the tiles, and what is asked about pictures to where it belongs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ui.model.geometry import Orientation
from ui.model.picture import Levels, auto_levels, histogram

if TYPE_CHECKING:
    from recorder.controls import CameraDetails
    from recorder.frame import Frame
    from ui.model.desk import Desk
    from ui.views.grid import TileGrid
    from ui.views.levels_panel import LevelsPanel


class Pictures:
    """The live pictures of a window.

    Frames are pulled, never queued: what a busy window does not take is never shown.
    """

    def __init__(self, desk: Desk, grid: TileGrid, panel: LevelsPanel) -> None:
        self._desk = desk
        self._grid = grid
        self._panel = panel
        self._after: dict[str, tuple[int, int]] = {}  # sequence and step of what is shown
        self._levels: dict[str, Levels | None] = {}
        self._shown: str | None = None  # in the panel

    def pull(self, name: str) -> None:
        """Show the newest frame of a camera that is on the screen."""
        tile = self._grid.tile(name)
        step = tile.wanted_step()
        sequence, shown_step = self._after.get(name, (0, step))
        after = sequence if step == shown_step else 0  # the same frame, but finer
        look = self._desk.latest_frame(name, after, step)
        if look is not None:
            self._after[name] = look.sequence, step
            if name not in self._levels:
                self._begin(name, look.frame)
            tile.show_look(look, step)

    def _begin(self, name: str, frame: Frame) -> None:
        """Choose the levels of a camera at its first picture.

        Cameras of 10 or 12 bits fill the lowest part of 16 only: at the full range they are black.
        """
        is_deep = frame.dtype.itemsize > 1
        self._keep_levels(name, auto_levels(frame) if is_deep else None)

    def show_histogram(self) -> None:
        """Show the grey levels of the selected camera, if anybody can see them."""
        frame = self._frame()
        if frame is not None and self._panel.isVisible():
            self._panel.show_histogram(histogram(frame))

    def _frame(self) -> Frame | None:
        """Return what is shown of the selected camera."""
        name = self._desk.selection.name
        return self._grid.tile(name).frame() if name in self._grid.names() else None

    def show_selection(self) -> None:
        """Take the panel to the selected camera."""
        name = self._desk.selection.name
        if name != self._shown:
            self._shown = name
            self._panel.clear()
            self._panel.set_levels(None if name is None else self._levels.get(name))

    def forget_all_but(self, names: Sequence[str]) -> None:
        """Forget cameras that are gone."""
        for known in (self._after, self._levels):
            for name in set(known) - set(names):
                del known[name]

    def set_levels(self, levels: Levels | None) -> None:
        """Show the selected camera with these levels; None: the full range."""
        name = self._desk.selection.name
        if name is not None and name in self._grid.names():
            self._keep_levels(name, levels)

    def _keep_levels(self, name: str, levels: Levels | None) -> None:
        self._levels[name] = levels
        self._grid.tile(name).set_levels(levels)
        if name == self._desk.selection.name:
            self._panel.set_levels(levels)

    def fit_levels(self) -> None:
        """Fit the levels of the selected camera to its picture; once."""
        frame = self._frame()
        if frame is not None:
            self.set_levels(auto_levels(frame))

    def orient(self, name: str, details: CameraDetails) -> None:
        """Tell a tile how the camera's picture becomes the shown one."""
        if name not in self._grid.names() or self._desk.draft.problems():
            return  # what is typed wrongly opens no camera: the picture is still the one before
        draft, keys = self._desk.draft, ("cameras", name)
        crop = draft.get(*keys, "crop")
        size = details.obtained.get("size")
        self._grid.tile(name).set_orientation(
            Orientation(
                int(draft.get(*keys, "rotate") or 0),
                str(draft.get(*keys, "flip") or "none"),
                tuple(crop) if crop else None,
                tuple(size) if size else None,
            )
        )
