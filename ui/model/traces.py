"""Two minutes of numbers per camera, four a second, in rings that never grow.

Nothing here reads a clock; times are passed in, in s.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from recorder.stats import CameraStatus, RigStatus
from ui.model.totals import total

Series: TypeAlias = NDArray[np.float64]

QUANTITIES = ("ratio", "buffer", "fps_in", "fps_written", "raw", "disk")
"""Raw : disk in the last two seconds; % of the buffer; frames/s in and written; MB/s."""
SPAN_S = 120.0
PERIOD_S = 0.25
HELD_S = 1.0
"""A window that was late for so long draws on; longer is a gap."""
RATIO_AFTER_S = 1.0
"""What has come in but is not on the disk yet would make the first ratios look splendid."""

_THERE = ("previewing", "recording", "finishing")
_STEPS = (1.0, 2.0, 4.0, 6.0, 8.0)
_AIR = 1.05
_TOO_LARGE = 0.4


class Trace:
    """What one camera did in the last two minutes.

    Time is cut into steps, and each has one number of a kind: of several the last, of the buffer
    the fullest. Steps without a camera, and those that nobody looked at, are gaps.

    Parameters
    ----------
    span_s, period_s
        How far back it goes, and the length of a step.
    """

    def __init__(self, span_s: float = SPAN_S, period_s: float = PERIOD_S) -> None:
        self._period_s = period_s
        self._slots = round(span_s / period_s)
        self._values = np.full((len(QUANTITIES), self._slots), np.nan)
        self._newest: int | None = None
        self._begun = 0

    def add(self, t_s: float, status: CameraStatus) -> None:
        """Take note of a camera at a time; of one that is not there, as a gap."""
        step = math.floor(t_s / self._period_s)
        if self._newest is None:
            self._newest = self._begun = step
        elif step < self._newest:
            return
        numbers = _numbers(status)
        buffer = QUANTITIES.index("buffer")
        if step == self._newest:
            numbers[buffer] = np.fmax(numbers[buffer], self._values[buffer, step % self._slots])
        else:
            self._skip_to(step)
        self._values[:, step % self._slots] = numbers
        self._newest = step

    def _skip_to(self, step: int) -> None:
        """Fill the steps that were missed: none of a moment's lateness, else with a gap."""
        assert self._newest is not None
        is_late = step - self._newest <= HELD_S / self._period_s
        held = self._values[:, self._newest % self._slots] if is_late else np.nan
        for missed in range(max(self._newest + 1, step - self._slots + 1), step):
            self._values[:, missed % self._slots] = held

    def series(self, name: str) -> tuple[Series, Series]:
        """Return times in s and values, oldest first, NaN where there was no camera.

        Raises
        ------
        ValueError
            It is none of `QUANTITIES`.
        """
        row = self._values[QUANTITIES.index(name)]
        if self._newest is None:
            return np.empty(0), np.empty(0)
        oldest = max(self._begun, self._newest - self._slots + 1)
        steps = np.arange(oldest, self._newest + 1)
        return np.asarray(steps * self._period_s, np.float64), np.asarray(row[steps % self._slots])


def _numbers(status: CameraStatus) -> Series:
    if status.state not in _THERE:
        return np.full(len(QUANTITIES), np.nan)
    is_early = status.state == "recording" and status.elapsed_s < RATIO_AFTER_S
    ratio = np.nan if status.ratio_now is None or is_early else status.ratio_now
    rates = status.fps_in, status.fps_written, status.raw_bytes_s / 1e6, status.disk_bytes_s / 1e6
    return np.array((ratio, status.buffer_fill * 100, *rates))


class Traces:
    """The traces of a rig's cameras, and of all of them together."""

    def __init__(self) -> None:
        self._traces: dict[str | None, Trace] = {}

    def add(self, t_s: float, status: RigStatus) -> None:
        """Take note of all cameras at a time; forget those that the rig no longer has."""
        found: dict[str | None, CameraStatus] = {each.name: each for each in status.cameras}
        found[None] = total(status)
        self._traces = {name: self._traces.get(name) or Trace() for name in found}
        for name, camera in found.items():
            self._traces[name].add(t_s, camera)

    def of(self, name: str | None) -> Trace:
        """Return one camera's trace, of None that of all; an empty one if there is none."""
        return self._traces.get(name) or Trace()


class Scale:
    """The top of an axis that does not fidget.

    It grows in coarse steps as soon as it must, and shrinks only when it is far too large for
    everything that is still shown.

    Parameters
    ----------
    least
        It is never smaller.
    """

    def __init__(self, least: float) -> None:
        self._least = least
        self.top = least

    def fit(self, *shown: Series) -> float:
        """Return the top for these values."""
        values = np.concatenate(shown) if shown else np.empty(0)
        values = values[np.isfinite(values)]
        largest = float(values.max()) * _AIR if values.size else 0.0
        if largest > self.top or largest < _TOO_LARGE * self.top:
            self.top = max(self._least, _step_above(largest))
        return self.top


def _step_above(value: float) -> float:
    if value <= 0:
        return 0.0
    decade = 10.0 ** math.floor(math.log10(value))
    return next((step * decade for step in _STEPS if step * decade >= value), 10 * decade)
