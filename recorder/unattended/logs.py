"""Logs: lines with time and level for people, on stderr; one JSON object a line for programs.

Neither ever holds up a recording, nor does it matter to one if they cannot be written.
"""

from __future__ import annotations

import contextlib
import copy
import logging
import math
import queue
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from recorder.config import LogConfig, redact, redact_all
from recorder.rig.events import Event
from recorder.stats import RigStatus
from recorder.unattended.repeats import Thinned

log = logging.getLogger(__name__)
events = logging.getLogger("recorder.events")

WAITING_LINES = 10_000
"""So many lines wait for a slow disk; then they are left out."""
CLOSE_S = 5.0
"""How long the last lines may take to be written."""

_WORDS = {
    "start": "a recording has begun",
    "segment": "a file is complete",
    "failure": "a failure",
    "end": "the recording is over",
}


# -- for people ---------------------------------------------------------------------------------


class Human(logging.Handler):
    """Lines on whatever stderr is now: above the status line if there is one.

    Events are left out: what people should know of them was said already, in more words.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S")
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line; a stderr that nobody reads any more does not matter."""
        if hasattr(record, "event") or sys.stderr is None:
            return
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(redact(self.format(record)) + "\n")
            sys.stderr.flush()


@contextlib.contextmanager
def human_log() -> Iterator[None]:
    """Show warnings on stderr, with time and level, for as long as this lasts."""
    handler = Thinned(Human())
    root = logging.getLogger()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        handler.close()


# -- for programs -------------------------------------------------------------------------------


class Lines(JsonFormatter):
    """A record as one JSON object: time (UTC), level, logger, message, and an event's parts."""

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Choose what is told, and how it is called."""
        at = datetime.fromtimestamp(record.created, UTC)
        log_data["time"] = at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        log_data |= {"level": record.levelname, "logger": record.name, "message": record.message}
        for name in ("event", "camera", "facts"):
            if (value := getattr(record, name, None)) is not None:
                log_data[name] = value
        if "exc_info" in message_dict:
            log_data["exception"] = message_dict["exc_info"]

    def process_log_record(self, log_data: dict[str, Any]) -> dict[str, Any]:
        """Hide passwords, wherever they are."""
        return {key: redact_all(value) for key, value in log_data.items()}


class Rotating(RotatingFileHandler):
    """A file that is put aside for a new one when it is large; failures are told once.

    Raises
    ------
    OSError
        It cannot be opened.
    """

    def __init__(self, config: LogConfig) -> None:
        assert config.file is not None
        config.file.parent.mkdir(parents=True, exist_ok=True)
        self._is_told = False
        super().__init__(
            config.file, maxBytes=config.max_size, backupCount=config.keep, encoding="utf-8"
        )
        self.setFormatter(Lines())

    def doRollover(self) -> None:
        """Begin a new file; if the old one cannot be put aside, go on in it."""
        try:
            super().doRollover()
        except OSError as error:  # on Windows as soon as somebody looks at it
            self._tell(error)
            if self.stream is None:
                self.stream = self._open()

    def handleError(self, record: logging.LogRecord) -> None:
        """Tell, once, that lines are lost; the disk may be full."""
        self._tell(sys.exc_info()[1])

    def close(self) -> None:
        """Close the file; what a full disk does not take is lost."""
        with contextlib.suppress(OSError):
            super().close()

    def _tell(self, error: BaseException | None) -> None:
        if not self._is_told:
            self._is_told = True
            log.warning("the log %s cannot be written: %s", Path(self.baseFilename).name, error)


class Beside(logging.Handler):
    """Hands lines to another handler on a thread of its own: a slow disk holds up nobody.

    Parameters
    ----------
    target
        Whom they are handed to; closed with this one.
    """

    def __init__(self, target: logging.Handler) -> None:
        super().__init__()
        self._target = target
        self._lines: queue.Queue[logging.LogRecord | None] = queue.Queue(WAITING_LINES)
        self._thread = threading.Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    def emit(self, record: logging.LogRecord) -> None:
        """Hand a line on; it is left out if far too many wait already."""
        line = copy.copy(record)  # whatever its arguments are, they may change
        line.msg, line.args = record.getMessage(), None
        with contextlib.suppress(queue.Full):
            self._lines.put_nowait(line)

    def close(self) -> None:
        """Have the last lines written, unless the disk takes too long."""
        deadline = time.monotonic() + CLOSE_S
        with contextlib.suppress(queue.Full):
            self._lines.put(None, timeout=CLOSE_S)
        self._thread.join(max(0.0, deadline - time.monotonic()))
        if not self._thread.is_alive():
            self._target.close()
        super().close()

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            self._target.handle(line)


class JsonLog:
    """An observer with a log for programs, of all that is logged and all events.

    Parameters
    ----------
    config
        With a file.

    Raises
    ------
    OSError
        The file cannot be opened.
    """

    def __init__(self, config: LogConfig) -> None:
        self._handler = Thinned(Beside(Rotating(config)))
        self._logger = logging.getLogger("recorder")
        self._level_before = self._logger.level
        self._logger.setLevel(logging.INFO)
        logging.getLogger().addHandler(self._handler)

    def look(self, _: RigStatus) -> None:
        """There is nothing to see that is not said as well."""

    def hear(self, event: Event) -> None:
        """Log an event with its facts."""
        facts = {name: _finite(value) for name, value in event.facts.items()}
        extra = {"event": event.kind, "camera": event.camera, "facts": facts}
        about = "" if event.camera is None else f"{event.camera}: "
        level = logging.WARNING if event.kind == "failure" else logging.INFO
        words = _WORDS.get(event.kind, event.kind)
        if "message" in facts:
            words += f": {facts['message']}"
        events.log(level, "%s%s", about, words, extra=extra)

    def close(self) -> None:
        """Write the last lines."""
        logging.getLogger().removeHandler(self._handler)
        self._logger.setLevel(self._level_before)
        self._handler.close()


def _finite(value: object) -> object:
    """Return a value that JSON knows: it has no infinity, and no NaN."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


def make_json_log(config: LogConfig) -> JsonLog | None:
    """Return the log for programs; None if none is wanted, or, with a warning, none can be."""
    if config.file is None:
        return None
    try:
        return JsonLog(config)
    except OSError as error:
        log.warning("no log in %s: %s", config.file, error)
        return None


__all__ = ["Beside", "Human", "JsonLog", "Lines", "Rotating", "human_log", "make_json_log"]
