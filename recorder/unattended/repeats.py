"""Lines of a log that say the same again and again: the first few, and then how many more."""

from __future__ import annotations

import contextlib
import logging
import re
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

FIRST = 5
"""So many lines of a kind are shown within a minute."""
WINDOW_S = 60.0

_PLACEHOLDER = re.compile(r"%(\(\w+\))?[-#0 +]*[\d.*]*[a-zA-Z]")
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+")
Kind = tuple[str, ...]


def kind_of(record: logging.LogRecord) -> Kind:
    """Return what lines have in common that say the same.

    That is logger and template, and whom it is about, which is what our templates begin with. What
    a camera's process says comes in a template without words: there it is the text, whatever
    numbers are in it.
    """
    template = str(record.msg)
    if not re.search("[A-Za-z]{2}", _PLACEHOLDER.sub("", template)):
        return record.name, record.levelname, _NUMBER.sub("#", record.getMessage())
    about = record.args[0] if isinstance(record.args, tuple) and record.args else ""
    about = _NUMBER.sub("#", about) if isinstance(about, str) else ""
    return record.name, record.levelname, template, about


class _Window:
    """A minute of one kind of lines."""

    def __init__(self, since: float) -> None:
        self.since = since
        self.count = 0
        self.last: logging.LogRecord | None = None  # of those that were held back


class Repeats:
    """Decides which lines are shown.

    Parameters
    ----------
    first
        So many of a kind within `window_s` are.
    window_s
        Seconds; counted from the first line of the kind.
    clock
        In seconds, never backwards.
    """

    def __init__(
        self,
        first: int = FIRST,
        window_s: float = WINDOW_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._first = first
        self.window_s = window_s
        self._clock = clock
        self._windows: dict[Kind, _Window] = {}

    @property
    def holds_back(self) -> bool:
        """Whether there is anything untold."""
        return any(window.last is not None for window in self._windows.values())

    def take(self, record: logging.LogRecord) -> Iterator[logging.LogRecord]:
        """Return what is to be shown now that this one has come."""
        yield from self.due()
        window = self._windows.setdefault(kind_of(record), _Window(self._clock()))
        window.count += 1
        if window.count <= self._first:
            yield record
        else:
            window.last = record

    def due(self) -> Iterator[logging.LogRecord]:
        """Return how many more there were of each kind whose minute is over."""
        now = self._clock()
        over = [key for key, each in self._windows.items() if now - each.since >= self.window_s]
        for key in over:
            yield from self._told(self._windows.pop(key))

    def rest(self) -> Iterator[logging.LogRecord]:
        """Return the same of all kinds: there will be no more lines."""
        windows, self._windows = self._windows, {}
        for window in windows.values():
            yield from self._told(window)

    def _told(self, window: _Window) -> Iterator[logging.LogRecord]:
        last = window.last
        if last is None:
            return
        more, seconds = window.count - self._first, self._clock() - window.since
        message = f"… and {more} more like this in the last {seconds:.0f} s: {last.getMessage()}"
        source = (last.name, last.levelno, last.pathname, last.lineno)
        yield logging.LogRecord(*source, message, None, None)


class Thinned(logging.Handler):
    """Hands lines on to another handler, without those that only repeat.

    Events and deletions all pass.

    Parameters
    ----------
    target
        Whom they are handed to; closed with this one.
    repeats
        Decides.
    """

    def __init__(self, target: logging.Handler, repeats: Repeats | None = None) -> None:
        super().__init__(target.level)
        self._target = target
        self._repeats = Repeats() if repeats is None else repeats
        self._timer: threading.Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a line on, or count it."""
        passes = hasattr(record, "event") or hasattr(record, "deleted")
        for each in (record,) if passes else self._repeats.take(record):
            self._target.handle(each)
        self._look_again()

    def tick(self) -> None:
        """Tell of repetitions whose minute is over: maybe nobody logs anything any more."""
        with self._guard():
            for each in self._repeats.due():
                self._target.handle(each)
            self._timer = None
            self._look_again()

    def close(self) -> None:
        """Tell of the repetitions that are still untold, and close the other handler."""
        with self._guard():
            if self._timer is not None:
                self._timer.cancel()
            for each in self._repeats.rest():
                self._target.handle(each)
        self._target.close()
        super().close()

    def _look_again(self) -> None:
        if self._timer is not None or not self._repeats.holds_back:
            return
        timer = threading.Timer(self._repeats.window_s, self.tick)
        timer.daemon, timer.name = True, "log repetitions"
        with contextlib.suppress(RuntimeError):  # no thread to be had: the next line tells
            timer.start()
            self._timer = timer

    def _guard(self) -> contextlib.AbstractContextManager[Any]:
        assert self.lock is not None  # the library's, which is held around `emit`
        return self.lock


__all__ = ["FIRST", "WINDOW_S", "Repeats", "Thinned", "kind_of"]
