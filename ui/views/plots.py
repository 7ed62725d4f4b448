"""Two minutes in small multiples: calm plots on one time axis, whose ranges do not fidget."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyqtgraph as pg
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QColor
from PyQt5.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QWidget

from ui.model.traces import SPAN_S, Scale, Series, Trace
from ui.theme import GAP_PX, Theme
from ui.views.labels import FixedLabel


class Kind(NamedTuple):
    """What one plot shows.

    Parameters
    ----------
    title, unit
        Above it, and beside its axis.
    area
        The quantity drawn as a filled area, and what it is called if there are two.
    line
        The one drawn as a line, and what it is called; empty if there is none.
    least
        Of the top of its axis.
    color
        Which of the theme's.
    """

    title: str
    unit: str
    area: tuple[str, str]
    line: tuple[str, str]
    least: float
    color: int


KINDS = (
    Kind("Ratio raw : disk", ": 1", ("ratio", ""), ("", ""), 2.0, 0),
    Kind("Buffer filled", "%", ("buffer", ""), ("", ""), 100.0, 2),
    Kind("Frames", "fps", ("fps_written", "written"), ("fps_in", "in"), 10.0, 1),
    Kind("Data", "MB/s", ("disk", "to disk"), ("raw", "raw"), 10.0, 3),
)
_TIMES = (("last 2 min", Qt.AlignLeft), ("now", Qt.AlignRight))
_GRID_ALPHA = 110


class TracePlot(QWidget):
    """One plot; what is written is an area, what comes in a line over it.

    Its axes are labels around it: pyqtgraph's own hide what does not fit, and cost most of the
    time that drawing takes.
    """

    def __init__(self, kind: Kind, theme: Theme) -> None:
        super().__init__()
        self._kind = kind
        self._scale = Scale(kind.least)
        self.title = QLabel()
        self.top, self.zero = (FixedLabel("888 MB/s", "dim", Qt.AlignRight) for _ in range(2))
        self.plot = pg.PlotWidget(enableMenu=False)
        self.grid, self.area, self.line = (self.plot.plot() for _ in range(3))
        self._build()
        self.set_theme(theme)
        self._show_top()

    def _build(self) -> None:
        item = self.plot.getPlotItem()
        item.setMenuEnabled(False)
        item.setMouseEnabled(False, False)
        item.hideButtons()
        item.hideAxis("left")
        item.hideAxis("bottom")
        item.disableAutoRange()
        item.setXRange(-SPAN_S, 0, padding=0.004)
        self.plot.setFocusPolicy(Qt.NoFocus)
        self.plot.setFrameShape(self.plot.NoFrame)
        self.plot.setMinimumSize(40, 20)
        self.plot.setToolTip(f"{self._kind.title} in {self._kind.unit}, in the last 2 min")
        self.plot.setAccessibleName(self.plot.toolTip())
        self.title.setProperty("role", "dim")
        self.title.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Preferred)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(6)
        grid.setVerticalSpacing(0)
        grid.addWidget(self.title, 0, 1, 1, 2)
        grid.addWidget(self.top, 1, 0, Qt.AlignTop)
        grid.addWidget(self.zero, 1, 0, Qt.AlignBottom)
        grid.addWidget(self.plot, 1, 1, 1, 2)
        grid.setRowStretch(1, 1)
        for column, (text, side) in enumerate(_TIMES, 1):
            label = QLabel(text)
            label.setProperty("role", "dim")
            label.setAlignment(side)
            grid.addWidget(label, 2, column)
            grid.setColumnStretch(column, 1)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        color = QColor(theme.traces[self._kind.color])
        shade, faint = QColor(color), QColor(theme.line)
        shade.setAlpha(70)
        faint.setAlpha(_GRID_ALPHA)
        self.plot.setBackground(theme.panel)
        self.grid.setPen(pg.mkPen(faint))
        self.area.setPen(pg.mkPen(color))
        self.area.setFillLevel(0)
        self.area.setBrush(shade)
        self.line.setPen(pg.mkPen(theme.text))
        self.title.setText(_title(self._kind, color.name(), theme))

    def show_trace(self, trace: Trace, now_s: float) -> None:
        """Draw what is known up to now."""
        shown = [self._draw(self.area, trace, self._kind.area[0], now_s)]
        if self._kind.line[0]:
            shown.append(self._draw(self.line, trace, self._kind.line[0], now_s))
        before = self._scale.top
        if self._kind.unit != "%" and self._scale.fit(*shown) != before:
            self._show_top()

    def _draw(self, curve: pg.PlotDataItem, trace: Trace, name: str, now_s: float) -> Series:
        t, y = trace.series(name)
        if np.isfinite(y).any():
            curve.setData(t - now_s, y, connect="finite")
        else:
            curve.clear()
        return y

    def _show_top(self) -> None:
        top, unit = self._scale.top, self._kind.unit
        self.top.setText(f"{top:g} {unit}")
        self.zero.setText(f"0 {unit}")
        self.plot.setYRange(0, top, padding=0.02)
        levels, times = (0.0, top / 2, top), (-SPAN_S, -SPAN_S / 2, 0.0)
        ends = [(x, y) for y in levels for x in (-SPAN_S, 0.0)]
        ends += [(x, y) for x in times for y in (0.0, top)]
        self.grid.setData(np.array(ends), connect="pairs")


class TracePlots(QWidget):
    """All plots side by side."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.plots = [TracePlot(kind, theme) for kind in KINDS]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GAP_PX)
        for plot in self.plots:
            row.addWidget(plot, 1)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        for plot in self.plots:
            plot.set_theme(theme)

    def show_trace(self, trace: Trace, now_s: float) -> None:
        """Draw one camera, or all."""
        for plot in self.plots:
            plot.show_trace(trace, now_s)


def _title(kind: Kind, color: str, theme: Theme) -> str:
    """Return the title: what is drawn, and how, each word beside its sign."""
    signs = (("–", theme.text, kind.line[1]), ("▮", color, kind.area[1]))
    words = [f'<span style="color:{c}">{sign}</span> {name}' for sign, c, name in signs if name]
    return "&nbsp;&nbsp; ".join([f"<b>{kind.title}</b>", *words])
