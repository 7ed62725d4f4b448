"""What keeps the window up: errors nobody caught are shown, signals close it politely."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from PyQt5.QtCore import QObject, QSocketNotifier, Qt, pyqtSignal

from recorder.system import stop_signals

log = logging.getLogger(__name__)

_QUIET_S = 10.0
"""The same error is told once in this time: a timer's slot would tell it thirty times a second."""
_MOST_PLACES = 100
_TOGETHER_S = 1.0
"""Signals within this time are one request: systemd sends two, a closing terminal up to three."""


class SlotGuard(QObject):
    """Tells of exceptions in slots and threads that nobody caught, and lets the program go on.

    Without it PyQt5 aborts at the first one. A context manager.

    Parameters
    ----------
    on_problem
        Called in the thread of the window with what happened, in words.
    clock
        Seconds, for how often.
    """

    _told = pyqtSignal(str)

    def __init__(
        self, on_problem: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        # Queued: an exception may come from any thread, or from the midst of a paint event.
        self._told.connect(on_problem, Qt.ConnectionType.QueuedConnection)
        self._clock = clock
        self._lock = threading.Lock()
        self._places: dict[object, tuple[float, int]] = {}

    def __enter__(self) -> SlotGuard:
        self._before = sys.excepthook, threading.excepthook
        sys.excepthook, threading.excepthook = self._caught, self._caught_in_thread
        return self

    def __exit__(self, *_: object) -> None:
        sys.excepthook, threading.excepthook = self._before

    def _caught_in_thread(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self._caught(args.exc_type, args.exc_value, args.exc_traceback)

    def _caught(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        place = _place(trace)
        missed = self._missed((kind, place))
        if missed is None:
            return
        often = f", {missed} times more since it was last told" if missed else ""
        log.error("an error that nobody caught%s", often, exc_info=(kind, error, trace))
        what = traceback.format_exception_only(kind, error)[-1].strip()
        self._told.emit(f"The window met an error and goes on: {what} ({place}{often})")

    def _missed(self, key: object) -> int | None:
        """Return how often it was kept quiet about an error; None if that goes on."""
        with self._lock:
            told_s, missed = self._places.get(key, (float("-inf"), 0))
            now_s = self._clock()
            if now_s - told_s < _QUIET_S:
                self._places[key] = (told_s, missed + 1)
                return None
            if len(self._places) >= _MOST_PLACES:
                self._places.clear()
            self._places[key] = (now_s, 0)
            return missed


def guard_slots(on_problem: Callable[[str], None]) -> SlotGuard:
    """Return a guard to enter with ``with``; see `SlotGuard`."""
    return SlotGuard(on_problem)


def _place(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    return f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "nowhere"


class SignalWatch(QObject):
    """Says when the system asks the program to end; if nothing listens, the next one ends it.

    Qt runs no Python while it idles, so a handler alone would wait for the next event. The
    system writes to a socket that Qt watches. A context manager for the main thread.

    Parameters
    ----------
    at_once
        Called before the program is ended by a signal, as Qt hangs and has not taken one from a
        second before, or as it is a second Ctrl-C; it is ended then whatever comes of this.
    clock
        Seconds, for what is a second before.
    """

    asked = pyqtSignal(int)
    """The number of the signal, for each that comes."""

    def __init__(
        self,
        at_once: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._at_once = at_once
        self._clock = clock
        self._unheard_since_s: float | None = None
        self.ends_at_next = False

    def __enter__(self) -> SignalWatch:
        self._reader, self._writer = socket.socketpair()
        for end in (self._reader, self._writer):
            end.setblocking(False)
        self._notifier = QSocketNotifier(self._reader.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._read)
        self._fd = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)
        # What the shell has told us to ignore (nohup, a job in the background) stays ignored.
        watched = [one for one in stop_signals() if signal.getsignal(one) != signal.SIG_IGN]
        self._before: dict[signal.Signals, Any] = {
            one: signal.signal(one, self._handle) for one in watched
        }
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._fd)
        self._notifier.setEnabled(False)
        for end in (self._reader, self._writer):
            end.close()

    def end_at_next(self) -> None:
        """Have the next signal end the program, whatever it does: it should be gone by now."""
        self.ends_at_next = True
        for watched in self._before:
            signal.signal(watched, signal.SIG_DFL)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now_s = self._clock()
        if self._unheard_since_s is None:
            self._unheard_since_s = now_s
        elif number == signal.SIGINT or now_s - self._unheard_since_s > _TOGETHER_S:
            try:
                self._at_once()
            finally:
                os._exit(128 + number)

    def _read(self) -> None:
        try:
            numbers = self._reader.recv(64)
        except BlockingIOError:
            return
        self._unheard_since_s = None
        for number in numbers:
            if number in self._before:
                self.asked.emit(number)
