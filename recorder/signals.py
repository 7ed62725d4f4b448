"""Finish what is open before SIGTERM or SIGHUP ends the program.

Either ends a program at once, unless it has a handler. Ours stands in only while something is
open, only over that default, and ends the program by the same signal: its exit code stays.

Handlers that raise, as Ctrl-C's does, cut off whatever the main thread does: what must not be cut
in two holds them, too (`all_held`).
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Protocol

from recorder import forks


def _those_of(*names: str) -> list[signal.Signals]:
    return [getattr(signal, name) for name in names if hasattr(signal, name)]


_SIGNALS = _those_of("SIGTERM", "SIGHUP")
_RAISING = _those_of("SIGTERM", "SIGHUP", "SIGALRM", "SIGBREAK", "SIGINT")
"""Those for which programs have handlers that raise: to leave, or to limit a time."""
_Handler = Callable[[int, FrameType | None], object]


class Open(Protocol):
    """Something that would be left unfinished."""

    def finish_now(self) -> None:
        """Finish it. The main thread calls this between any two steps of what it was doing."""


class _Endings:
    """What is open, and the signal that waits for what must not be interrupted."""

    def __init__(self) -> None:
        self._generation = 0
        self.forked()
        forks.notify(self)

    def forked(self) -> None:
        """Be inert: what is open is the parent's, and it finishes it.

        No block holds signals here: it may be another thread's, which is not in this process.
        """
        self._generation += 1
        self._open: dict[int, Open] = {}
        self._depth = 0
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
        generation = self._generation
        self._depth += 1
        try:
            yield
        finally:
            if generation == self._generation:
                self._leave()

    def _leave(self) -> None:
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


class _Delay:
    """Stands in for the program's own handlers in a block, and calls them at its end."""

    def __init__(self) -> None:
        self._theirs: dict[int, _Handler] = {}
        self._generation = 0
        self.forked()
        forks.notify(self)

    def forked(self) -> None:
        """Give the handlers back: in this process no block holds them."""
        self._generation += 1
        self._depth = 0
        self._due: list[tuple[int, FrameType | None]] = []
        self._give_back()

    @contextmanager
    def held(self) -> Iterator[None]:
        if not _is_main():
            yield
            return
        generation = self._generation
        self._depth += 1
        try:
            self._stand_in()
            yield
        finally:
            if generation == self._generation:
                self._leave()

    def _stand_in(self) -> None:
        for number in _RAISING:
            handler = signal.getsignal(number)
            if callable(handler) and handler not in (_hear, _delay):
                self._theirs[number] = handler
                signal.signal(number, _delay)

    def hear(self, number: int, frame: FrameType | None) -> None:
        if self._depth:
            self._due.append((number, frame))
        else:  # one that was given back first has raised before this one was
            self._theirs[number](number, frame)

    def _leave(self) -> None:
        self._depth -= 1
        if self._depth:
            return
        with ExitStack() as each:  # each is called, the last one first, whatever another raises
            while self._due:
                number, frame = self._due.pop()
                each.callback(self._theirs[number], number, frame)
            self._give_back()

    def _give_back(self) -> None:
        for number, handler in self._theirs.items():
            if signal.getsignal(number) is _delay:
                signal.signal(number, handler)


def _is_main() -> bool:
    return threading.current_thread() is threading.main_thread()


def _hear(number: int, _: FrameType | None) -> None:
    _endings.hear(number)


def _delay(number: int, frame: FrameType | None) -> None:
    _delayed.hear(number, frame)


_endings = _Endings()
_delayed = _Delay()


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
    """Have SIGTERM and SIGHUP wait for the end of a block, which must come soon."""
    with _endings.held():
        yield


@contextmanager
def all_held() -> Iterator[None]:
    """Have Ctrl-C wait, too, and every handler of the program's own that may raise."""
    with _endings.held(), _delayed.held():
        yield
