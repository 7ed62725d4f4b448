"""The rate of frames from their own times: what a file's header claims is often wrong."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from statistics import median

_PAUSE = 1.5
"""A step longer than so many usual ones is a pause."""
_NTSC = 1000 / 1001


def rate_of(times_s: Sequence[float], tick_s: float, claimed: float | None = None) -> float | None:
    """Return the rate of frames, pauses left out.

    Parameters
    ----------
    times_s
        When they are shown, in any order.
    tick_s
        The unit that the times are whole multiples of: milliseconds make 30 frames per second look
        like 30.3 or 29.4.
    claimed
        What the file says, to two decimals. It counts only where the times agree with it.

    Returns
    -------
    float or None
        Frames per second; where the unit cannot tell them apart, the claimed one, a whole one, or
        one such as 29.97.
        None with fewer than two times.
    """
    steps = [after - before for before, after in pairwise(sorted(times_s)) if after > before]
    if not steps:
        return None
    usual = median(steps)
    regular = [step for step in steps if step <= _PAUSE * usual]
    step = sum(regular) / len(regular)
    is_exact = len(regular) > 2 and max(regular) - min(regular) < tick_s / 2
    # Each run of steps begins and ends up to half a tick off.
    slack = 1e-9 if is_exact else tick_s * (1 + len(steps) - len(regular)) / len(regular)
    for rate in (*_near(claimed or 0.0, 0.005), *_near(1 / step, 1.0)):
        if abs(1 / rate - step) <= slack:
            return rate
    return round(1 / step, 6)


def _near(rate: float, within: float) -> list[float]:
    """Return rates in use that a rate may mean, and if it is exact itself."""
    whole = float(round(rate))
    found = [near for near in (whole, whole * _NTSC) if near > 0 and abs(near - rate) <= within]
    return found or ([rate] if rate else [])
