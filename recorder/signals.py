"""Finish what is open before SIGTERM or SIGHUP ends the program.

Either ends a program at once, unless it has a handler. Ours stands in only while something is
open, only over that default, and ends the program by the same signal: its exit code stays.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Protocol

from recorder import forks

_SIGNALS = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Open(Protocol):
    """Something that would be left unfinished."""

    def finish_now(self) -> None:
        """Finish it. The main thread calls this between any two steps of what it was doing."""


class _Endings:
    """What is open, and the signal that waits for what must not be interrupted."""

    def __init__(self) -> None:
        self.forked()
        self._depth = 0
        forks.notify(self)

    def forked(self) -> None:
        """Be inert: what is open is the parent's, and it finishes it."""
        self._open: dict[int, Open] = {}
        self._due: int | None = None
        self._uninstall()

    def watch(self, it: Open) -> None:
        self._open[id(it)] = it
        if _is_main():  # no other thread may set a handler
            for number in _SIGNALS:
                if signal.getsignal(number) is signal.SIG_DFL:
                    signal.signal(number, _hear)

    def release(self, it: Open) -> None:
        self._open.pop(id(it), None)
        if not self._open and _is_main():
            self._uninstall()

    def _uninstall(self) -> None:
        for number in _SIGNALS:
            if signal.getsignal(number) is _hear:
                signal.signal(number, signal.SIG_DFL)

    @contextmanager
    def held(self) -> Iterator[None]:
        if not _is_main():  # handlers run in the main thread alone
            yield
            return
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._due is not None and not self._depth:
                number, self._due = self._due, None
                self._end(number)

    def hear(self, number: int) -> None:
        if self._depth:
            self._due = number
        else:
            self._end(number)

    def _end(self, number: int) -> None:
        signal.signal(number, signal.SIG_DFL)  # the next one does not wait
        with ExitStack() as last:  # each is called, the last one first, whatever another raises
            # The kernel keeps the default action from process 1, as a container's program may be.
            last.callback(os._exit, 128 + number)
            last.callback(os.kill, os.getpid(), number)
            for it in list(self._open.values()):
                last.callback(it.finish_now)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _hear(number: int, _: FrameType | None) -> None:
    _endings.hear(number)


_endings = _Endings()


def watch(it: Open) -> None:
    """Have something finished if SIGTERM or SIGHUP comes, until `release`.

    What is opened in the main thread is safe by that; what another thread opens, only while the
    main thread has something open too.
    """
    _endings.watch(it)


def release(it: Open) -> None:
    """Forget what is finished; with the last one the handlers go. Idempotent."""
    _endings.release(it)


@contextmanager
def held() -> Iterator[None]:
    """Have a signal wait for the end of a block, which must come soon."""
    with _endings.held():
        yield
