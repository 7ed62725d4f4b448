"""What the cameras do, in a table: a row each, and one of them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

from PyQt5.QtCore import QModelIndex, QRect, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QBrush, QColor, QFocusEvent, QFontMetrics, QPainter, QResizeEvent
from PyQt5.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableWidget,
    QTableWidgetItem,
)

from recorder import readout
from recorder.stats import CameraStatus
from ui.theme import SMALL_PT, Theme


class Column(NamedTuple):
    """A column of the table.

    Parameters
    ----------
    title, tip
        Above it, and what it means.
    sample
        The longest that it shows: its width.
    word
        What its numbers are, where there is no title.
    """

    title: str
    sample: str
    tip: str
    word: str = ""


COLUMNS = (
    Column("Camera", "camera_1", "Click, or move with the arrow keys, to see its traces"),
    Column("In / written", "888.8 / 888.8 fps", "Frames/s grabbed, and written", "in / written "),
    Column("Lost", "888 dropped, 8 gaps", "Frames that are not in the file, and gaps"),
    Column("Buffer", "100 %", "Share of the buffer that waits to be written", "buffer "),
    Column("Encoder", "100 % free", "Share of the time that the writer has to spare", "encoder "),
    Column("Raw → disk", "8888 → 8888 MB/s", "Data per second: pixels in, file out"),
    Column("Ratio now / all", "88.88 / 88.88 : 1", "Raw : disk, in 2 s and overall", "ratio "),
    Column("On disk", "88.8 GB", "Size of its files"),
    Column("   File", "top_20261122_12", "The file that is being written, or the last one"),
)
LOST, FILE = 2, 8
_ROW_PX, _HEAD_PX = 23, 19
_MOST_ROWS, _LEAST_ROWS = 5, 2
_PAD_PX = 18
_FILE_PX = 10  # it is left-aligned, and stands behind a number that is right-aligned
_NARROW = (8, 7, 4, 6)
"""What is left out, in this order, where there is no room."""


class NumberTable(QTableWidget):
    """The numbers; only what has changed is drawn again.

    Parameters
    ----------
    theme
        Its colours.
    """

    chosen = pyqtSignal(str)
    """The row that was clicked, or moved to: a camera's name, or total."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(0, len(COLUMNS))
        self._names: tuple[str, ...] = ()
        self._marked = ""
        self._is_collapsed = False
        self._most_rows = _MOST_ROWS
        self._lost_px = 0  # the widest so far
        self._is_mine = False  # the row is changed by us, not by hand
        self._build()
        self.set_theme(theme)
        self._fit()
        self.currentCellChanged.connect(lambda row, *_: self._choose(row))
        self.cellClicked.connect(lambda row, _: self._choose(row))

    def _build(self) -> None:
        self.setAccessibleName("What the cameras do")
        self.setEditTriggers(QAbstractItemView.NoEditTriggers)
        self.setSelectionBehavior(QAbstractItemView.SelectRows)
        self.setSelectionMode(QAbstractItemView.NoSelection)  # it would hide what is red
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self.setItemDelegate(_RowDelegate(self))
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.ElideMiddle)
        self.setWordWrap(False)
        self.setShowGrid(False)
        self.setFrameShape(self.NoFrame)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(_ROW_PX)
        self.verticalHeader().setMinimumSectionSize(_ROW_PX)
        head = self.horizontalHeader()
        head.setHighlightSections(False)
        head.setSectionsClickable(False)
        head.setFixedHeight(_HEAD_PX)
        for index, column in enumerate(COLUMNS):
            item = QTableWidgetItem(column.title)
            item.setToolTip(column.tip)
            item.setTextAlignment(_side(index) | Qt.AlignVCenter)
            self.setHorizontalHeaderItem(index, item)
            head.setSectionResizeMode(index, QHeaderView.Fixed)
        head.setSectionResizeMode(FILE, QHeaderView.Stretch)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._bad = QBrush(QColor(theme.bad))
        self._plain = QBrush(QColor(theme.text))
        self.raised, self.accent = QColor(theme.raised), QColor(theme.accent)
        self.setStyleSheet(_style(theme))
        self.ensurePolished()
        self._reserve()
        for row in range(self.rowCount()):
            self._color_lost(row)

    # -- what it is given -----------------------------------------------------------------------

    def show_rows(self, rows: Sequence[CameraStatus], lost: Mapping[str, tuple[str, str]]) -> None:
        """Show the cameras, the total last if there is one."""
        names = tuple(each.name for each in rows)
        if names != self._names:
            self._make_rows(names)
        for row, camera in enumerate(rows):
            if not self.isRowHidden(row):
                self._fill(row, camera, lost.get(camera.name, ("", "")))

    def set_collapsed(self, is_collapsed: bool) -> None:
        """Show one row without a header; its words say what the numbers are."""
        self._is_collapsed = is_collapsed
        self._reserve()
        self.horizontalHeader().setVisible(not is_collapsed)
        self._fit()

    def set_low(self, is_low: bool) -> None:
        """Show fewer rows at once."""
        self._most_rows = _LEAST_ROWS if is_low else _MOST_ROWS
        self._fit()

    def mark(self, name: str) -> None:
        """Mark a row as the one that is looked at; none while there is none of that name."""
        if name == self._marked:
            return
        self._marked = name
        if name in self._names:
            self._is_mine = True
            self.setCurrentCell(self._names.index(name), 0)
            self._is_mine = False
        self.viewport().update()
        self._fit()

    @property
    def marked(self) -> int:
        """The row that is looked at, if there are several; -1 if not."""
        is_one_of = len(self._names) > 1 and self._marked in self._names
        return self._names.index(self._marked) if is_one_of else -1

    # -- how it is kept -------------------------------------------------------------------------

    def _make_rows(self, names: tuple[str, ...]) -> None:
        self._is_mine = True
        self._names, self._marked = names, ""
        self.setRowCount(len(names))
        for row in range(len(names)):
            for index in range(len(COLUMNS)):
                item = QTableWidgetItem()
                item.setToolTip(COLUMNS[index].tip)
                item.setTextAlignment(_side(index) | Qt.AlignVCenter)
                self.setItem(row, index, item)
        self._is_mine = False
        self._fit()

    def _reserve(self) -> None:
        """Give every column the room that its longest text takes; leave out what has none."""
        texts, head = self.fontMetrics(), self.horizontalHeader()
        widths = []
        for index, column in enumerate(COLUMNS):
            word = column.word if self._is_collapsed else ""
            longest = max(map(texts.horizontalAdvance, (word + column.sample, column.title)))
            if index == LOST:
                longest = max(self._bold().horizontalAdvance(column.sample), self._lost_px)
            widths.append(longest + _PAD_PX)
            if index != FILE:
                head.resizeSection(index, widths[-1])
        left_out = [index for n, index in enumerate(_NARROW) if self._lacks(widths, _NARROW[:n])]
        for index in _NARROW:
            self.setColumnHidden(index, index in left_out)

    def _bold(self) -> QFontMetrics:
        font = self.font()
        font.setBold(True)
        return QFontMetrics(font)

    def _make_room(self, item: QTableWidgetItem) -> None:
        """Give what is lost all the width that it takes, in bold: it is never cut off."""
        width = self._bold().horizontalAdvance(item.text())
        if width > self._lost_px:
            self._lost_px = width
            self._reserve()

    def _lacks(self, widths: list[int], left_out: tuple[int, ...]) -> bool:
        needed = sum(width for index, width in enumerate(widths) if index not in left_out)
        return needed > self.viewport().width()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._reserve()

    def _fit(self) -> None:
        """Be as high as what is shown; of many cameras the rest is scrolled to."""
        only = self._names.index(self._marked) if self._marked in self._names else 0
        for row in range(self.rowCount()):
            self.setRowHidden(row, self._is_collapsed and row != only)
        shown = 1 if self._is_collapsed else min(self._most_rows, max(1, self.rowCount()))
        self.setFixedHeight(shown * _ROW_PX + (0 if self._is_collapsed else _HEAD_PX) + 2)

    def _fill(self, row: int, camera: CameraStatus, lost: tuple[str, str]) -> None:
        words = cells(camera, self._is_collapsed)
        for index, text in enumerate(words):
            item = self.item(row, index)
            if item.text() != text:
                item.setText(text)
                if index == LOST:
                    item.setData(Qt.UserRole, readout.has_lost(camera))
                    self._color_lost(row)
                    self._make_room(item)
        files = "\n".join(camera.files)
        hints = {LOST: lost[1] or lost[0] or COLUMNS[LOST].tip, FILE: files or COLUMNS[FILE].tip}
        for index, hint in hints.items():
            if self.item(row, index).toolTip() != hint:
                self.item(row, index).setToolTip(hint)

    def _color_lost(self, row: int) -> None:
        item = self.item(row, LOST)
        is_lost = bool(item.data(Qt.UserRole))
        font = self.font()
        font.setBold(is_lost)
        item.setFont(font)
        item.setForeground(self._bad if is_lost else self._plain)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Take the keyboard; Qt goes to the first row where none is current, which asks nothing."""
        self._is_mine = True
        super().focusInEvent(event)
        self._is_mine = False

    def _choose(self, row: int) -> None:
        if not self._is_mine and 0 <= row < len(self._names) and row != self.marked:
            self._marked = self._names[row]
            self.viewport().update()
            self.chosen.emit(self._marked)


def cells(camera: CameraStatus, in_words: bool = False) -> tuple[str, ...]:
    """Return a row of the table, each number with its unit.

    Parameters
    ----------
    in_words
        Say what a number is where its unit does not: there is no header.
    """
    now = "–" if camera.ratio_now is None else f"{camera.ratio_now:.2f}"
    words = [column.word if in_words else "" for column in COLUMNS]
    told = (
        camera.name,
        f"{_rate(camera.fps_in)} / {_rate(camera.fps_written)} fps",
        readout.lost(camera),
        f"{camera.buffer_fill * 100:.0f} %",
        f"{camera.headroom * 100:.0f} % free",
        f"{camera.raw_bytes_s / 1e6:.0f} → {camera.disk_bytes_s / 1e6:.0f} MB/s",
        f"{now} / {readout.ratio(camera.ratio)}",
        readout.size(camera.file_bytes) if camera.file_bytes else "–",
        _file(camera),
    )
    return tuple(word + text for word, text in zip(words, told, strict=True))


def _rate(fps: float) -> str:
    return f"{fps:.1f}" if fps < 999.95 else f"{fps:.0f}"


def _file(camera: CameraStatus) -> str:
    if not camera.files:
        return "no file"
    name = PurePath(camera.files[-1]).name
    return name if camera.name != "total" else f"{len(camera.files)} files"


def _side(index: int) -> Qt.AlignmentFlag:
    return Qt.AlignLeft if index in (0, FILE) else Qt.AlignRight


def _style(theme: Theme) -> str:
    return f"""
QTableWidget {{ background: {theme.panel}; border: none; outline: none; }}
QHeaderView {{ background: {theme.panel}; border: none; }}
QHeaderView::section {{ background: {theme.panel}; color: {theme.dim}; border: none;
  font-size: {SMALL_PT}pt; padding: 0 4px; }}
"""


class _RowDelegate(QStyledItemDelegate):
    """Marks the whole row, at its left edge where the keyboard is too."""

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        table = self.parent()
        if index.row() == table.marked:
            painter.fillRect(option.rect, table.raised)
        if table.hasFocus() and index.row() == table.currentRow() and index.column() == 0:
            edge = QRect(option.rect.topLeft(), QSize(3, option.rect.height()))
            painter.fillRect(edge, table.accent)
        if index.column() == FILE:
            option.rect.adjust(_FILE_PX, 0, 0, 0)
        option.state &= ~QStyle.State_HasFocus
        super().paint(painter, option, index)
