"""A rig as a table: a row for each camera and one for all, as wide as the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from recorder import readout

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

    from recorder.stats import RigStatus

_LEFT_OUT_FIRST = ("encoder % free", "MB/s", "ratio", "out fps", "buffer %", "disk lasts")
"""What a narrow terminal does without, in this order: what was lost is always shown."""
_GAP = 2
_LONG_NAME, _SHORTEST_NAME = 16, 4
_LOST = readout.COLUMNS.index("lost frames")


def table(status: RigStatus, width: int, hint: str = "") -> RenderableType:
    """Return a row for each camera, what was lost in red, and what is not right in words.

    Parameters
    ----------
    width
        Of the terminal, in characters. Columns are left out and names are cut until it fits; a
        number is shown whole or not at all.
    hint
        A last line.
    """
    from rich.console import Group
    from rich.text import Text

    troubles = [
        Text(f"{camera.name}: {trouble}", style="yellow")
        for camera in status.cameras
        for trouble in readout.troubles(camera)
    ]
    title = Text(readout.title(status), style="bold")
    return Group(title, _rows(status, width), *troubles, *([Text(hint)] if hint else []))


def _rows(status: RigStatus, width: int) -> Table:
    from rich.table import Table
    from rich.text import Text

    rows = [readout.cells(camera) for camera in status.cameras]
    lost = [readout.has_lost(camera) for camera in status.cameras]
    if len(rows) > 1:
        rows.append(readout.total_cells(status))
        lost.append(any(lost))
    places, names = fit(readout.COLUMNS, rows, width)
    # A word of each head in a line of its own.
    heads = [readout.COLUMNS[place].replace(" ", "\n", 1) for place in places]
    found = Table(*heads, box=None, padding=(0, _GAP // 2), pad_edge=False)
    for place, column in zip(places, found.columns, strict=True):
        column.justify = "left" if place < 2 else "right"
        column.no_wrap = True
    for name, row, is_lost in zip(names, rows, lost, strict=True):
        cells = [name, *row[1:]]
        styles = {_LOST: "bold red" if is_lost else ""}
        found.add_row(*(Text(cells[place], style=styles.get(place, "")) for place in places))
    return found


def fit(
    heads: Sequence[str], rows: Sequence[Sequence[str]], width: int
) -> tuple[list[int], list[str]]:
    """Return which columns to show, and what to call the cameras, so that a row fits.

    Parameters
    ----------
    heads
        Of all columns; each word stands in a line of its own.
    rows
        Their cells; the first is the name.
    width
        In characters.
    """
    widths = [
        max(*(len(word) for word in head.split(" ", 1)), *(len(row[place]) for row in rows))
        for place, head in enumerate(heads)
    ]
    if _width(widths, range(len(heads))) > width:
        widths[0] = min(widths[0], _LONG_NAME)  # before a number is left out
    shown = list(range(len(heads)))
    for head in _LEFT_OUT_FIRST:
        if _width(widths, shown) <= width:
            break
        shown.remove(heads.index(head))
    room = widths[0] - max(0, _width(widths, shown) - width)
    longest = max(_SHORTEST_NAME, room)
    names = [row[0] if len(row[0]) <= longest else f"{row[0][: longest - 1]}…" for row in rows]
    return shown, names


def _width(widths: Sequence[int], shown: Sequence[int]) -> int:
    return sum(widths[place] for place in shown) + _GAP * (len(shown) - 1)
