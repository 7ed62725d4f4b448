"""What a rig and the processes of its cameras say to each other: a JSON object a line.

::

    rig to worker                               worker to rig
    setup   what to open, in whose memory       opened    the camera is open, and which one it is
    begin   an order: record from then on       armed     it could record with the next frame
    prepare make sure that it can be kept       file      frames go into this file from now on
    set     a setting, between two grabs        was_set   what was read back, or why not
    configure  what the next recordings are     configured, details  what the camera is by now
    end_take, stop                              status    how it goes, ten times a second
                                                closed    a file is finished, and what is in it
                                                take      a recording is over, its files closed
                                                ended     all is closed, and why
                                                failed    what was asked for cannot be
                                                unbegun   the recording has not begun
                                                log       for the rig's log

The end of the pipe is a message too: to the worker that its rig is gone, to the rig that the
worker is. Never pickles: what comes in is data, whoever sent it.
"""

from __future__ import annotations

import json
import os
import select
import threading
from collections.abc import Iterator, Mapping
from typing import IO, Any

from recorder.errors import RecorderError, error_class
from recorder.system import write_all

Message = dict[str, Any]
LONGEST = 1 << 20
"""Bytes of a line; a config is the longest."""


class Sender:
    """Writes messages to a pipe, from any thread."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._lock = threading.RLock()

    def send(self, kind: str, **content: Any) -> bool:
        """Send a message; False if nobody is there any more to read it."""
        line = json.dumps({"is": kind, **content}).encode() + b"\n"
        try:
            with self._lock:
                write_all(self._fd, memoryview(line))
        except OSError:
            return False
        return True

    def offer(self, kind: str, **content: Any) -> bool:
        """Send a message that may as well be lost; False if there is no room for it.

        A rig that is halted hears nothing, maybe for hours: no camera shall wait for it.
        """
        with self._lock:
            return self._has_room() and self.send(kind, **content)

    def _has_room(self) -> bool:
        try:
            return bool(select.select((), (self._fd,), (), 0)[1])
        except (OSError, ValueError):  # Windows knows only of sockets
            return True

    def close(self) -> None:
        """Tell the other side, by the end of the pipe, that nothing more comes."""
        with self._lock:
            if self._fd >= 0:
                os.close(self._fd)
                self._fd = -1


def receive(pipe: IO[bytes]) -> Iterator[Message]:
    """Give the messages that come, until the pipe ends; what is none is left out."""
    while line := pipe.readline(LONGEST):
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):  # cut off by a kill, or somebody's own words
            continue
        if isinstance(message, dict) and isinstance(message.get("is"), str):
            yield message


def describe(error: BaseException) -> Message:
    """Return an error for a message."""
    return {"class": type(error).__name__, "text": str(error)}


def as_error(plain: Mapping[str, Any], prefix: str = "") -> RecorderError:
    """Return the error that `describe` described, of the same class if it is one of ours.

    Parameters
    ----------
    prefix
        Stands before the text, such as the camera's name.
    """
    name, text = plain.get("class"), str(plain.get("text", ""))
    kind = error_class(name)
    if kind.__name__ != name:
        text = f"{name}: {text}"
    return kind(f"{prefix}{text}")
