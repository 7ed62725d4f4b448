"""Find out how fast a camera really is, before its recording starts.

What cameras claim is often wrong: a network camera that sends 60 frames a second says 25.
"""

from __future__ import annotations

import threading
from collections import deque

from recorder.errors import CameraRefused

SETTLE_NS = 500_000_000
"""Frames a camera or its driver had stored up come in a burst; the rate is measured after it."""
MEASURE_NS = 1_000_000_000
LONGEST_NS = 5_000_000_000
STRICT_TOLERANCE = 0.03
_KEPT = 4096


class RateGauge:
    """Measures a rate from grab times, burst and all."""

    def __init__(self) -> None:
        self._times: deque[int] = deque(maxlen=_KEPT)
        self._first_ns: int | None = None
        self._measured = threading.Event()

    def add(self, t_mono_ns: int) -> None:
        """Take note of a grab."""
        if self._first_ns is None:
            self._first_ns = t_mono_ns
        if t_mono_ns - self._first_ns >= SETTLE_NS:
            self._times.append(t_mono_ns)
        if not self._measured.is_set() and self._is_enough(t_mono_ns - self._first_ns):
            self._measured.set()

    def _is_enough(self, since_first_ns: int) -> bool:
        steady = len(self._times) >= 4 and since_first_ns >= SETTLE_NS + MEASURE_NS
        return steady or (len(self._times) >= 2 and since_first_ns >= LONGEST_NS)

    def wait(self, timeout_s: float) -> bool:
        """Wait until enough frames came; False if they did not in time."""
        return self._measured.wait(timeout_s)

    @property
    def fps(self) -> float | None:
        """Frames per second over the last grabs (at most 4096), or None with too few."""
        times = list(self._times)
        if len(times) < 2 or times[-1] == times[0]:
            return None
        return (len(times) - 1) * 1e9 / (times[-1] - times[0])


def require_rate(measured: float | None, wanted: float | None) -> None:
    """Refuse a camera that does not give the rate that the config insists on.

    Parameters
    ----------
    measured, wanted
        Frames per second.

    Raises
    ------
    CameraRefused
        When they are more than 3 % apart: what a second of measuring tells for sure.
    """
    if measured is None or wanted is None or abs(measured / wanted - 1) <= STRICT_TOLERANCE:
        return
    raise CameraRefused(
        f"strict is set and the camera gives {measured:.1f} frames per second, not {wanted:g}; "
        "a shorter exposure, another fourcc or a smaller size may help, or leave strict out"
    )


def nominal_fps(measured: float | None, claimed: float | None) -> float | None:
    """Return the rate to write into a file.

    Parameters
    ----------
    measured, claimed
        Frames per second, as far as known.

    Returns
    -------
    float or None
        The measured rate; the claimed or a whole one if that is within 1 %, which a second of
        measuring cannot tell apart.
    """
    if measured is None:
        return claimed
    for rate in (claimed, float(round(measured))):
        if rate and abs(measured / rate - 1) < 0.01:
            return rate
    return round(measured, 3)
