"""Play a file at the rate it was recorded with, instead of as fast as it can be read."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_S = 1.0
"""A pause in the file is waited for no longer, unless the rate is slower; its length is in the
frames' times all the same. Nor is waited longer at a time, as the recording may be stopped."""
_PERIODS = 1.5
"""No pause is a step of so many frames' distance."""
_BEHIND_S = 0.25
"""What was late by more is not made up for by hurrying."""


class Pace:
    """Waits until a frame is due, by its own time.

    Parameters
    ----------
    sleep, clock
        To wait for so many seconds, and what time it is, in s; for tests.
    """

    def __init__(
        self,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._sleep = sleep
        self._clock = clock
        self._longest_s = LONGEST_S
        self.restart()

    def agree(self, fps: float | None) -> None:
        """Take note of the rate, frames per second: what is slower than one has no pauses in it."""
        self._longest_s = max(LONGEST_S, _PERIODS / fps) if fps else LONGEST_S

    def restart(self) -> None:
        """Have the next frame be due at once."""
        self._due_s: float | None = None
        self._last_ms: float | None = None
        self._coming_s: float | None = None  # when the frame is due that is waited for

    def wait(self, time_ms: float | None) -> bool:
        """Wait for a frame of this time; one without a time is due at once.

        Returns
        -------
        bool
            Whether it is due; if it is not, ask again with the same time.
        """
        now = self._clock()
        if self._coming_s is None:
            self._coming_s = self._due(time_ms, now)
        left_s = self._coming_s - now
        if left_s > 0:
            self._sleep(min(left_s, LONGEST_S))
        if left_s > LONGEST_S:
            return False
        self._due_s, self._last_ms, self._coming_s = self._coming_s, time_ms, None
        return True

    def _due(self, time_ms: float | None, now: float) -> float:
        step_s = 0.0
        if time_ms is not None and self._last_ms is not None:
            step_s = min(max(0.0, (time_ms - self._last_ms) / 1e3), self._longest_s)
        return now if self._due_s is None else max(self._due_s + step_s, now - _BEHIND_S)
