"""What is shown black and what white, and the marks and lines over the pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import pyqtSignal
from PyQt5.QtWidgets import (
    QCheckBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from ui.model.picture import Levels
from ui.theme import GAP_PX
from ui.views.histogram_plot import HistogramPlot
from ui.views.words import Words

if TYPE_CHECKING:
    from ui.model.picture import Histogram
    from ui.theme import Theme

_SHARES = "saturated {:.2f} %, black {:.2f} %"
_SWITCHES = {
    "marks": (
        "Mark saturated and black",
        "Saturated pixels are shown red, those at 0 blue. Only on the screen, never in the file",
    ),
    "crosshair": ("Crosshair", "Lines through the middle of the picture"),
    "grid": ("Grid", "Lines at round numbers of pixels; the picture's header says how many"),
}


class LevelsPanel(QWidget):
    """Asks for levels of the selected camera; they are of the screen and never of the file."""

    levelsChanged = pyqtSignal(object)
    """`Levels`, or None for the full range."""
    autoRequested = pyqtSignal()
    marksToggled = pyqtSignal(bool)
    crosshairToggled = pyqtSignal(bool)
    gridToggled = pyqtSignal(bool)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._limit = 255
        self._levels: Levels | None = None
        self._build(theme)
        self._connect()
        self.set_levels(None)
        self._show_shares(0.0, 0.0)

    def _build(self, theme: Theme) -> None:
        self.plot = HistogramPlot(theme)
        self.plot.setToolTip(
            "How many pixels have which grey level (logarithmic). Drag the handles: what lies "
            "left of the first is shown black, right of the second white"
        )
        self.low = _field("Black at", "Grey levels up to this are shown black")
        self.high = _field("White at", "Grey levels from this on are shown white")
        self.auto = _button("Auto", "Fit the levels to the picture once, now; they stay then")
        self.full = _button("Full range", "Show every grey level that the camera can give")
        self.shares = Words(theme, "share of clipped pixels", figures=True)
        self.shares.setToolTip(
            "Saturated: at the largest value of the pixel format, in any colour; what a camera "
            "with 12 bits in 16 can reach at most is not known here. Black: at 0"
        )
        self.switches = {key: QCheckBox(text) for key, (text, _) in _SWITCHES.items()}
        for key, (text, tip) in _SWITCHES.items():
            self.switches[key].setToolTip(tip)
            self.switches[key].setAccessibleName(text)
        self._lay_out()

    def _lay_out(self) -> None:
        fields = QGridLayout()
        fields.setSpacing(GAP_PX)
        for column, field in enumerate((self.low, self.high)):
            label = QLabel(field.accessibleName())
            label.setProperty("role", "dim")
            label.setBuddy(field)
            fields.addWidget(label, 0, column)
            fields.addWidget(field, 1, column)
            fields.setColumnStretch(column, 1)
        fields.addWidget(self.auto, 2, 0)
        fields.addWidget(self.full, 2, 1)
        lines = QHBoxLayout()
        lines.addWidget(self.switches["crosshair"])
        lines.addWidget(self.switches["grid"])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP_PX)
        layout.addWidget(self.plot)
        layout.addWidget(self.shares)
        layout.addLayout(fields)
        layout.addWidget(self.switches["marks"])
        layout.addLayout(lines)

    def _connect(self) -> None:
        self.plot.levelsDragged.connect(self._ask_for)
        self.low.valueChanged.connect(self._low_typed)
        self.high.valueChanged.connect(self._high_typed)
        self.auto.clicked.connect(lambda _: self.autoRequested.emit())
        self.full.clicked.connect(lambda: self._ask_for(None))
        self.switches["marks"].toggled.connect(self.marksToggled)
        self.switches["crosshair"].toggled.connect(self.crosshairToggled)
        self.switches["grid"].toggled.connect(self.gridToggled)

    # -- what is shown ------------------------------------------------------------------------

    def show_histogram(self, histogram: Histogram) -> None:
        """Show how many samples of the selected camera have which value."""
        if histogram.limit != self._limit:
            self._limit = histogram.limit
            self.plot.show_histogram(histogram)
            self.set_levels(self._levels)
        else:
            self.plot.show_histogram(histogram)
        self._show_shares(histogram.saturated, histogram.black)

    def clear(self) -> None:
        """Forget the histogram: another camera is selected."""
        self.plot.clear()
        self._show_shares(0.0, 0.0)

    def _show_shares(self, saturated: float, black: float) -> None:
        self.shares.show_text(_SHARES.format(100 * saturated, 100 * black))

    def levels(self) -> Levels | None:
        """Return the levels that are shown; None: the full range."""
        return self._levels

    def set_levels(self, levels: Levels | None) -> None:
        """Show the levels of the selected camera; None: the full range."""
        self._levels = levels
        shown = levels or Levels(0, self._limit)
        self.plot.set_levels(shown)
        for field, value in ((self.low, shown.low), (self.high, shown.high)):
            field.blockSignals(True)
            field.setRange(0, max(self._limit, shown.high))
            field.setValue(value)
            field.blockSignals(False)

    def set_switch(self, key: str, on: bool) -> None:
        """Show whether ``marks``, ``crosshair`` or ``grid`` are on, and ask for nothing."""
        switch = self.switches[key]
        switch.blockSignals(True)
        switch.setChecked(on)
        switch.blockSignals(False)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours."""
        self.plot.set_theme(theme)
        self.shares.set_theme(theme)

    # -- what is asked for --------------------------------------------------------------------

    def _low_typed(self, value: int) -> None:
        low = min(value, self._limit - 1)
        self._ask_for(Levels(low, max(self.high.value(), low + 1)))

    def _high_typed(self, value: int) -> None:
        high = max(value, 1)
        self._ask_for(Levels(min(self.low.value(), high - 1), high))

    def _ask_for(self, levels: Levels | None) -> None:
        self.set_levels(levels)
        self.levelsChanged.emit(levels)


def _field(name: str, tip: str) -> QSpinBox:
    field = QSpinBox()
    field.setKeyboardTracking(False)  # 2, 20, 200 while one types would flash three pictures
    field.setAccelerated(True)
    field.setButtonSymbols(QSpinBox.NoButtons)  # too small to hit; arrow keys and wheel do it
    field.setAccessibleName(name)
    field.setToolTip(f"{tip}, in the camera's own grey levels")
    return field


def _button(name: str, tip: str) -> QPushButton:
    button = QPushButton(name)
    button.setAccessibleName(name)
    button.setToolTip(tip)
    return button
