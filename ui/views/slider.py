"""A slider and a number that are one value, told at most ten times a second."""

from __future__ import annotations

from PyQt5.QtCore import Qt, QTimer, pyqtSignal
from PyQt5.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QWidget

from ui.views.rows import calm

EVERY_MS = 100
_MOST_STEPS = 1000
_ENDLESS = 1e9


class SliderSpin(QWidget):
    """A number within limits; without limits there is no slider, and its place stays empty.

    `moved` comes at most every `EVERY_MS` while it is dragged, and always with the last value.
    `settled` comes once after it, when nobody holds the slider.
    """

    moved = pyqtSignal(float)
    settled = pyqtSignal(float)

    def __init__(
        self, minimum: float | None = None, maximum: float | None = None, step: float | None = None
    ) -> None:
        super().__init__()
        self._low = -_ENDLESS if minimum is None else minimum
        self._high = _ENDLESS if maximum is None else maximum
        self._has_limits = minimum is not None and maximum is not None and maximum > minimum
        self._step = step or self._usual_step()
        self._told: float | None = None
        self._is_settled = True
        # Not a clock: it runs once after a value that came too soon after the one before.
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(EVERY_MS)
        self._pause.timeout.connect(self._after_pause)
        self.spin = self._make_spin()
        self.slider = self._make_slider()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.slider, 1)
        row.addWidget(self.spin)
        self.setFocusProxy(self.slider if self._has_limits else self.spin)

    @property
    def value(self) -> float:
        """What is shown."""
        return float(self.spin.value())

    def set_value(self, value: float) -> None:
        """Show a value without telling anybody; not while somebody moves it."""
        if not self.slider.isSliderDown() and not self._pause.isActive():
            self._show(value)
            self._told = self.value  # a click that moves nothing tells nothing

    def flush(self) -> None:
        """Tell at once what is still to be told."""
        if self._pause.isActive():
            self._pause.stop()
            self._tell()
            self._pause.stop()
        if not self._is_settled:
            self._is_settled = True
            self.settled.emit(self.value)

    def set_name(self, name: str, tip: str) -> None:
        """Name both parts for who cannot see them."""
        for part in (self.slider, self.spin):
            part.setAccessibleName(name)
            part.setToolTip(tip)

    def _usual_step(self) -> float:
        span = self._high - self._low
        return 1.0 if not self._has_limits or span > 10 else span / 100

    def _make_spin(self) -> QDoubleSpinBox:
        spin = QDoubleSpinBox()
        calm(spin)
        decimals = 0 if self._step == int(self._step) and self._low == int(self._low) else 3
        spin.setDecimals(decimals)
        spin.setRange(self._low, self._high)
        spin.setSingleStep(self._step)
        spin.setKeyboardTracking(False)
        spin.setButtonSymbols(QDoubleSpinBox.NoButtons)
        spin.setAlignment(Qt.AlignRight)
        spin.setFixedWidth(62)
        spin.valueChanged.connect(self._on_spin)
        return spin

    def _make_slider(self) -> QSlider:
        slider = QSlider(Qt.Horizontal)
        calm(slider)
        if not self._has_limits:
            slider.hide()
        count = (self._high - self._low) / self._step if self._has_limits else 1
        slider.setRange(0, max(1, min(_MOST_STEPS, round(count))))
        slider.setPageStep(max(1, slider.maximum() // 10))
        slider.valueChanged.connect(self._on_slider)
        slider.sliderReleased.connect(self._tell)
        return slider

    def _on_slider(self, position: int) -> None:
        span = self._high - self._low
        value = self._low + span * position / self.slider.maximum()
        value = self._low + round((value - self._low) / self._step) * self._step
        self._show(value, from_slider=True)
        self._tell()

    def _on_spin(self, value: float) -> None:
        self._show(value)
        self._tell()

    def _show(self, value: float, from_slider: bool = False) -> None:
        for part in (self.spin, self.slider):
            part.blockSignals(True)
        self.spin.setValue(value)
        if self._has_limits and not from_slider:
            share = (value - self._low) / (self._high - self._low)
            self.slider.setValue(round(share * self.slider.maximum()))
        for part in (self.spin, self.slider):
            part.blockSignals(False)

    def _tell(self) -> None:
        """Tell the value, unless one was told just now; then the last one is told after a while."""
        if self._pause.isActive():
            return
        if self.value != self._told:
            self._told = self.value
            self._is_settled = False
            self.moved.emit(self._told)
        if not self._is_settled:
            self._pause.start()

    def _after_pause(self) -> None:
        if self.value != self._told:
            self._tell()
        elif not self.slider.isSliderDown():
            self._is_settled = True
            self.settled.emit(self.value)
