"""All cameras side by side, or one of them alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QGridLayout, QLabel, QWidget

from ui.model.geometry import columns_for
from ui.views.tile import CameraTile

if TYPE_CHECKING:
    from ui.theme import Theme

_GAP_PX = 4
_USUAL_SHAPE = 16 / 9
NOTHING = "No camera yet"


class TileGrid(QWidget):
    """Tiles in the grid that gives the largest pictures; one of them is shown as selected.

    A click, arrow keys and 1 to 9 ask for another one. One camera alone is the selected one.
    """

    chosen = pyqtSignal(str)
    """Another camera is asked for; which one is shown as selected, `show_selected` says."""
    cropRequested = pyqtSignal(str, object)
    snapshotRequested = pyqtSignal(str)
    fullScreenRequested = pyqtSignal(str)
    levelsAutoRequested = pyqtSignal(str)
    toolChanged = pyqtSignal(str, str)
    """The camera and its tool now."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._tiles: dict[str, CameraTile] = {}
        self._selected: str | None = None
        self._is_alone = False
        self._placed: tuple[tuple[str, ...], int] = ((), 0)
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(_GAP_PX)
        self._nothing = QLabel(NOTHING, self)
        self._nothing.setProperty("role", "large")
        self._nothing.setAlignment(Qt.AlignCenter)
        self._arrange()

    # -- which cameras ------------------------------------------------------------------------

    def set_cameras(self, names: Sequence[str]) -> None:
        """Show these cameras in this order; tiles that stay keep their zoom and picture."""
        for name in set(self._tiles) - set(names):
            tile = self._tiles.pop(name)
            self._layout.removeWidget(tile)
            tile.hide()
            tile.deleteLater()
        self._tiles = {name: self._tiles.get(name) or self._new_tile(name) for name in names}
        self.show_selected(self._selected if self._selected in self._tiles else None)

    def _new_tile(self, name: str) -> CameraTile:
        tile = CameraTile(self._theme, name, self)
        tile.chosen.connect(self.chosen)
        tile.cropRequested.connect(self.cropRequested)
        tile.snapshotRequested.connect(self.snapshotRequested)
        tile.fullScreenRequested.connect(self.fullScreenRequested)
        tile.levelsAutoRequested.connect(self.levelsAutoRequested)
        tile.toolChanged.connect(lambda tool: self.toolChanged.emit(name, tool))
        tile.shapeChanged.connect(self._arrange)
        return tile

    def tile(self, name: str) -> CameraTile:
        """Return a camera's tile.

        Raises
        ------
        KeyError
            There is no such camera.
        """
        return self._tiles[name]

    def names(self) -> tuple[str, ...]:
        """Return the cameras, in order."""
        return tuple(self._tiles)

    def shown(self) -> tuple[str, ...]:
        """Return the cameras that can be seen now: the only ones worth a look."""
        alone = self.alone()
        return self.names() if alone is None else (alone,)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self._theme = theme
        for tile in self._tiles.values():
            tile.set_theme(theme)

    # -- which of them ------------------------------------------------------------------------

    def selection(self) -> str | None:
        """Return the camera that is shown as selected; None if none is."""
        return self._selected

    def show_selected(self, name: str | None) -> None:
        """Show which camera is selected; it takes the place of the one shown alone."""
        self._selected = name
        for each, tile in self._tiles.items():
            tile.set_selected(each == name and len(self._tiles) > 1)
        self._arrange()

    def alone(self) -> str | None:
        """Return the camera that is shown alone."""
        return self._selected if self._is_alone else None

    def show_alone(self, is_alone: bool) -> None:
        """Show the selected camera as large as can be, or all of them."""
        self._is_alone = is_alone
        self._arrange()

    # -- where they go ------------------------------------------------------------------------

    def _arrange(self) -> None:
        names = self.shown()
        columns = columns_for(len(names), (self.width(), self.height()), self._shape())
        self._nothing.setVisible(not names)
        if (names, columns) == self._placed:
            return
        self._placed = (names, columns)
        for tile in self._tiles.values():
            self._layout.removeWidget(tile)
        for place, name in enumerate(names):
            self._layout.addWidget(self._tiles[name], place // columns, place % columns)
        for name, tile in self._tiles.items():
            tile.setVisible(name in names)
        self._stretch(columns, -(-len(names) // columns))

    def _stretch(self, columns: int, rows: int) -> None:
        """Make used rows and columns equal; the layout remembers those that once were used."""
        for column in range(self._layout.columnCount()):
            self._layout.setColumnStretch(column, 1 if column < columns else 0)
        for row in range(self._layout.rowCount()):
            self._layout.setRowStretch(row, 1 if row < rows else 0)

    def _shape(self) -> float:
        sizes = [tile.view.picture.size for tile in self._tiles.values()]
        shapes = [width / height for width, height in sizes if width and height]
        return sum(shapes) / len(shapes) if shapes else _USUAL_SHAPE

    def resizeEvent(self, event: Any) -> None:
        """Fit the grid to the window."""
        super().resizeEvent(event)
        self._nothing.setGeometry(self.rect())
        self._arrange()

    def keyPressEvent(self, event: Any) -> None:
        """Select a camera by an arrow key or its number."""
        place = self._place_for(event)
        if place is None:
            super().keyPressEvent(event)
        elif 0 <= place < len(self._tiles):
            name = self.names()[place]
            self.chosen.emit(name)
            self._tiles[name].setFocus()

    def _place_for(self, event: Any) -> int | None:
        """Return which camera a key means, perhaps one that does not exist; None: no such key."""
        if event.modifiers() & ~Qt.KeypadModifier or not self._tiles:
            return None
        if Qt.Key_1 <= event.key() <= Qt.Key_9:
            return int(event.key() - Qt.Key_1)
        row = 1 if self._is_alone else self._placed[1]
        way = {Qt.Key_Left: -1, Qt.Key_Right: 1, Qt.Key_Up: -row, Qt.Key_Down: row}
        if event.key() not in way:
            return None
        now = self.names().index(self._selected) if self._selected else 0
        return int(now + way[event.key()])
