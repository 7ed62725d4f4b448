"""All observers of a recorder together, on a thread of their own: none can hold up a recording."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recorder.rig.events import Event
    from recorder.stats import RigStatus
    from recorder.unattended.observers import Observer

log = logging.getLogger(__name__)

PERIOD_S = 1.0
_JOIN_S = 5.0
_MOST_COMPLAINTS = 100


class Crowd:
    """Passes on to all observers what there is to see and to hear.

    Parameters
    ----------
    observers
        Told in this order. One that fails is logged, and told again the next time.
    see
        Returns what to look at; None: nothing, as whoever should go on does not.
    period_s
        Between two looks.
    """

    def __init__(
        self,
        observers: Sequence[Observer],
        see: Callable[[], RigStatus | None],
        period_s: float = PERIOD_S,
    ) -> None:
        self._observers = observers
        self._see = see
        self._period_s = period_s
        self._said: set[str] = set()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="observers", daemon=True)

    def __enter__(self) -> Crowd:
        if self._observers:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)
            if self._thread.is_alive():
                log.warning("an observer hangs; it is left behind")
        for observer in self._observers:
            self._safely(observer, observer.close)

    def hear(self, event: Event) -> None:
        """Tell all of them of an event."""
        for observer in self._observers:
            self._safely(observer, partial(observer.hear, event))

    def _run(self) -> None:
        while not self._closing.wait(self._period_s):
            self._look()
        self._look()  # once more, at the end

    def _look(self) -> None:
        try:
            status = self._see()
        except Exception:  # this thread goes on: the next look may succeed
            log.exception("there is nothing for observers to see")
            return
        if status is None:
            return
        for observer in self._observers:
            self._safely(observer, partial(observer.look, status))

    def _safely(self, observer: Observer, action: Callable[[], None]) -> None:
        try:
            action()
        except Exception as error:  # of whatever observer: it ends no recording
            said = f"{type(observer).__name__}: {type(error).__name__}: {error}"
            if said not in self._said and len(self._said) < _MOST_COMPLAINTS:  # not every second
                self._said.add(said)
                log.exception("an observer failed; that ends no recording")
