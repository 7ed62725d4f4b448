"""Where the threads behind the window leave what they know, and the window finds it."""

from __future__ import annotations

import queue
import threading
from dataclasses import replace
from typing import Any

from ui.model.snapshot import Event, Snapshot


class Board:
    """The present snapshot, and what has happened since the window looked last.

    Attributes
    ----------
    snapshot
        Replaced as a whole; any thread may read it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self.snapshot = Snapshot()

    def show(self, **changes: Any) -> None:
        """Change parts of the snapshot."""
        with self._lock:
            self.snapshot = replace(self.snapshot, **changes)

    def tell(self, event: Event) -> None:
        """Add to what has happened."""
        self._events.put(event)

    def events(self) -> list[Event]:
        """Return what has happened since the last call."""
        found = []
        while not self._events.empty():
            found.append(self._events.get())
        return found
