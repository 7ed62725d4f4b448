"""Ctrl-C once finishes the file, twice leaves at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from recorder.system import stop_signals

SECOND_TIME = 130


class Stopper:
    """Turns the first stop signal into a polite request, and a second Ctrl-C into an exit.

    Parameters
    ----------
    stop
        Asks for the end; returns soon.
    restore
        Gives the terminal back as it was, before an exit at once.
    """

    def __init__(self, stop: Callable[[], None], restore: Callable[[], None]) -> None:
        self._stop = stop
        self._restore = restore
        self._before: dict[signal.Signals, Any] = {}
        self.asked = False

    def __enter__(self) -> Stopper:
        for number in stop_signals():
            if number != signal.SIGINT and signal.getsignal(number) == signal.SIG_IGN:
                continue  # nohup: it shall go on when the terminal goes
            self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, number: int, _: FrameType | None) -> None:
        if not self.asked:
            self.asked = True
            # In a thread: the main thread may hold the very lock that stopping needs.
            threading.Thread(target=self._stop, name="stop").start()
        elif number == signal.SIGINT:
            self._restore()
            # ffmpeg sees the end of its input and finishes the file by itself.
            os._exit(SECOND_TIME)
