"""A program of the user's is told what happens, one event after the other, in order.

It runs beside the recording and never delays it; at the end, the last events are waited for.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque

from recorder.config import HookConfig, redact
from recorder.rig.events import Event
from recorder.stats import RigStatus
from recorder.unattended.program import ASKED_S, Outcome, run_limited

log = logging.getLogger(__name__)

WAITING_EVENTS = 100
"""So many wait for a slow program; then the oldest segment is left out."""
CLOSE_S = 5.0
"""How much longer than one time limit the end may take for all events that are left."""


class Hook:
    """An observer that runs a program for each event it is wanted for.

    Parameters
    ----------
    config
        With a command.
    name
        What the rig is called; it tells if that has become another.
    """

    def __init__(self, config: HookConfig, name: str = "rig") -> None:
        assert config.command is not None
        self._config = config
        self._command = config.command
        self._name = name
        self._events: deque[Event] = deque()
        self._changed = threading.Condition()
        self._ends_at: float | None = None  # set when nothing more will happen
        self._thread = threading.Thread(target=self._run, name="hook", daemon=True)
        self._thread.start()

    def look(self, status: RigStatus) -> None:
        """Take note of what the rig is called."""
        self._name = status.name

    def hear(self, event: Event) -> None:
        """Have the program run for it, in its turn."""
        if event.kind not in self._config.on:
            return
        with self._changed:
            if self._ends_at is None:
                self._events.append(event)
                left_out = self._make_room()
                self._changed.notify()
            else:
                left_out = event
        if left_out is not None:
            log.warning("the hook is too slow: it is not told of %s", _words(left_out))

    def close(self) -> None:
        """Wait for the program to be run for what is left, for a limited time in all."""
        with self._changed:
            self._ends_at = time.monotonic() + self._config.timeout + CLOSE_S
            self._changed.notify()
        self._thread.join(self._config.timeout + CLOSE_S + 2 * ASKED_S + 1)

    def _make_room(self) -> Event | None:
        """Leave an event out if there are too many: rather a segment than what went wrong."""
        if len(self._events) <= WAITING_EVENTS:
            return None
        kinds = [event.kind for event in self._events]
        first = next((kind for kind in ("segment", "failure") if kind in kinds), kinds[0])
        left_out = self._events[kinds.index(first)]
        del self._events[kinds.index(first)]
        return left_out

    # -- its thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        while (event := self._next()) is not None:
            timeout_s = self._time_left()
            if timeout_s <= 0:
                log.warning("the hook takes too long: it is not told of %s", _words(event))
                continue
            try:
                self._run_for(event, timeout_s)
            except Exception:  # an observer's failure never matters to the recording
                log.exception("the hook for %s could not be run", _words(event))

    def _next(self) -> Event | None:
        """Return the next event; None when there will be none."""
        with self._changed:
            while not self._events and self._ends_at is None:
                self._changed.wait()
            return self._events.popleft() if self._events else None

    def _time_left(self) -> float:
        ends_at = self._ends_at
        timeout_s = self._config.timeout
        return timeout_s if ends_at is None else min(timeout_s, ends_at - time.monotonic())

    def _run_for(self, event: Event, timeout_s: float) -> None:
        began = time.monotonic()
        try:
            outcome = run_limited(self._command, environment(event, self._name), timeout_s)
        except OSError as error:
            log.warning("the hook for %s cannot be run: %s", _words(event), error)
            return
        _tell(event, outcome, time.monotonic() - began)


def environment(event: Event, name: str) -> dict[str, str]:
    """Return the environment that tells a program of an event.

    Parameters
    ----------
    event
        Its facts become ``RECORDER_`` and their name in capitals.
    name
        What the rig is called.
    """
    told: dict[str, object] = dict(event.facts)
    told |= {"event": event.kind, "camera": event.camera or "", "name": name}
    told["time"] = event.at.isoformat(timespec="milliseconds")
    ours = {f"RECORDER_{key.upper()}": _plain(key, value) for key, value in told.items()}
    return {**os.environ, **ours}


def _plain(key: str, value: object) -> str:
    text = str(value) if key == "file" else redact(str(value))  # a path has to stay what it is
    return text.replace("\0", "")  # which no environment can hold


def _tell(event: Event, outcome: Outcome, seconds: float) -> None:
    """Log how it went."""
    if outcome.said:
        more = f" … and {outcome.unsaid_bytes} bytes more" if outcome.unsaid_bytes else ""
        log.info("the hook for %s said: %s%s", _words(event), outcome.said, more)
    if not outcome.in_time:
        log.warning("the hook for %s was ended after %.1f s", _words(event), seconds)
    elif outcome.code:
        said = f": {outcome.said.splitlines()[-1][:200]}" if outcome.said else ""
        log.warning("the hook for %s failed with code %d%s", _words(event), outcome.code, said)
    else:
        log.info("the hook for %s ended with code 0 after %.1f s", _words(event), seconds)


def _words(event: Event) -> str:
    return event.kind if event.camera is None else f"{event.kind} of {event.camera}"


def make_hook(config: HookConfig, name: str = "rig") -> Hook | None:
    """Return what runs the program; None if none is wanted."""
    return None if config.command is None else Hook(config, name)


__all__ = ["Hook", "environment", "make_hook"]
