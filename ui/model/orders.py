"""What was asked for, carried out one after the other beside the window."""

from __future__ import annotations

import logging
import threading
import traceback
from collections import deque
from collections.abc import Callable, Hashable
from typing import NamedTuple

from recorder.config import redact
from recorder.errors import RecorderError

log = logging.getLogger(__name__)


class Order(NamedTuple):
    """Something to be done.

    Parameters
    ----------
    what
        In words, for whoever is told that it failed.
    shown
        What to show while it is done or waits; None: it is quick.
    key
        A newer one with the same key makes it needless.
    """

    what: str
    action: Callable[[], None]
    shown: str | None = None
    key: Hashable = None


class Orders:
    """A thread that does what it is told, in order.

    Parameters
    ----------
    on_busy
        Called with what is to be shown as being done, or None; from any thread.
    on_error
        Called with an order's `what` and why it failed.
    at_end
        Called last, on the thread.
    """

    def __init__(
        self,
        on_busy: Callable[[str | None], None],
        on_error: Callable[[str, RecorderError], None],
        at_end: Callable[[], None],
    ) -> None:
        self._on_busy, self._on_error, self._at_end = on_busy, on_error, at_end
        self._changed = threading.Condition()
        self._waiting: deque[Order] = deque()
        self._current: Order | None = None
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name="steer rig", daemon=True)
        self._thread.start()

    def add(self, order: Order) -> None:
        """Have something done; returns at once."""
        with self._changed:
            if self._is_closed:
                return
            self._drop_needless(order.key)
            self._waiting.append(order)
            self._show()
            self._changed.notify()

    def _drop_needless(self, key: Hashable) -> None:
        """Forget an older order of this key, unless one without a key came after it.

        So a slider that is dragged leaves its last value, and a recording begins with what was set
        before it was asked for.
        """
        kept = []
        while key is not None and self._waiting and self._waiting[-1].key is not None:
            last = self._waiting.pop()
            if last.key != key:
                kept.append(last)
        self._waiting.extend(reversed(kept))

    def show(self, what: str) -> None:
        """Show what is being done, as that turns out to take its time; for an action."""
        with self._changed:
            if self._current is not None:
                self._current = self._current._replace(shown=what)
            self._show()

    @property
    def is_idle(self) -> bool:
        """Whether all is done."""
        with self._changed:
            return self._current is None and not self._waiting

    def close(self) -> None:
        """Take no more; what waits is still done. Returns at once."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()

    def join(self, timeout_s: float) -> None:
        """Wait until all is done, after `close`."""
        self._thread.join(timeout_s)

    def _show(self) -> None:
        orders = (*((self._current,) if self._current else ()), *self._waiting)
        self._on_busy(next((order.shown for order in orders if order.shown), None))

    def _run(self) -> None:
        while (order := self._next()) is not None:
            try:
                order.action()
            except RecorderError as error:
                self._on_error(order.what, error)
            except Exception as error:  # noqa: BLE001 - a mistake of ours ends no steering
                log.error("%s: %s", order.what, redact(traceback.format_exc()))
                self._on_error(order.what, RecorderError(f"{type(error).__name__}: {error}"))
        self._at_end()

    def _next(self) -> Order | None:
        with self._changed:
            self._current = None
            self._show()
            while not self._waiting and not self._is_closed:
                self._changed.wait()
            if self._waiting:
                self._current = self._waiting.popleft()
            self._show()
            return self._current
