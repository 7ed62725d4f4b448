"""What can be done with a camera's picture: a right click, or the keyboard's menu key."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import QMenu

if TYPE_CHECKING:
    from ui.views.tile import CameraTile


class Entry(NamedTuple):
    """A line of the menu; after a tab in `text` stands the key that does the same."""

    text: str
    run: Callable[[CameraTile], object]
    is_offered: Callable[[CameraTile], bool] = lambda tile: True
    begins_group: bool = False


ENTRIES = (
    Entry("Snapshot of the full frame", lambda tile: tile.snapshotRequested.emit(tile.name)),
    Entry("Full screen", lambda tile: tile.fullScreenRequested.emit(tile.name)),
    Entry("Show all of the picture\t0", lambda tile: tile.view.box.fit(), begins_group=True),
    Entry("Set the levels once", lambda tile: tile.levelsAutoRequested.emit(tile.name)),
    Entry(
        "Draw a crop",
        lambda tile: tile.set_tool("crop"),
        lambda tile: tile.tool() == "look" and tile.frame() is not None,
        begins_group=True,
    ),
    Entry(
        "Leave the crop as it is\tEsc",
        lambda tile: tile.set_tool("look"),
        lambda tile: tile.tool() == "crop",
    ),
    Entry(
        "Remove the crop",
        lambda tile: tile.cropRequested.emit(tile.name, None),
        lambda tile: tile.is_cropped,
    ),
)


def build(tile: CameraTile) -> QMenu:
    """Return the menu of a tile, which is gone when it closes."""
    menu = QMenu(tile)
    menu.setAttribute(Qt.WA_DeleteOnClose)
    for entry in ENTRIES:
        if entry.begins_group:
            menu.addSeparator()
        if entry.is_offered(tile):
            menu.addAction(entry.text, lambda entry=entry: entry.run(tile))
    return menu
