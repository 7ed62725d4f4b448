"""Play a file at the rate it was recorded with, instead of as fast as it can be read."""

from __future__ import annotations

import time
from collections.abc import Callable

LONGEST_S = 1.0
"""A pause in the file is waited for no longer; its length is in the frames' times all the same."""
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
        self.restart()

    def restart(self) -> None:
        """Have the next frame be due at once."""
        self._due_s: float | None = None
        self._last_ms: float | None = None

    def wait(self, time_ms: float | None) -> None:
        """Wait for a frame of this time; one without a time is due at once."""
        now = self._clock()
        step_s = 0.0
        if time_ms is not None and self._last_ms is not None:
            step_s = min(max(0.0, (time_ms - self._last_ms) / 1e3), LONGEST_S)
        due_s = now if self._due_s is None else max(self._due_s + step_s, now - _BEHIND_S)
        if due_s > now:
            self._sleep(due_s - now)
        self._due_s, self._last_ms = due_s, time_ms
