"""What a rig answers to those who watch it, whatever way the questions came."""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from recorder.errors import ConfigError, RecorderError
from recorder.rig.link.protocol import Answer, Raw, Request, done, failed, parse_request

if TYPE_CHECKING:
    from recorder.config import Amount, Config
    from recorder.controls import CameraDetails
    from recorder.pipeline.memory import Block
    from recorder.stats import RigStatus

log = logging.getLogger(__name__)

FRESH_S = 0.1
"""As often the cameras tell how they go."""
MOST_CLIENTS = 32
"""Watchers at once."""

Begin = Callable[[bytes], Answer | Callable[[], Answer]]
"""From a line to its answer, or to a slow job that gives it."""


class Watched(Protocol):
    """What the link needs of a rig."""

    def status(self) -> RigStatus:
        """Return how it goes; cheap, from any thread."""

    def memory(self, camera: str) -> Block:
        """Return the memory of a camera's ring; KeyError if there is no such camera."""

    def record(self, duration: Amount | None = None) -> None:
        """Begin a recording; may take a second."""

    def end_take(self) -> None:
        """End the recording; the preview goes on."""

    @property
    def config(self) -> Config:
        """What the rig was told, last; with passwords, for none but its own user."""

    def details(self) -> dict[str, CameraDetails]:
        """Return what each camera turned out to be; cheap, from any thread."""

    def set(self, camera: str, name: str, value: float) -> float | None:
        """Change a setting; may take seconds. KeyError if there is no such camera."""

    def configure(self, config: Config) -> None:
        """Take another config."""

    def stop(self) -> None:
        """Ask for the end of everything."""


class Attendance:
    """How many watch, and for how long nobody has.

    Who only connects is no watcher yet: those who look for running rigs do that.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._here: set[int] = set()
        self._empty_since_s = time.monotonic()

    def come(self, who: object) -> None:
        """Count one who asked for something; once, however often it asks."""
        with self._lock:
            self._here.add(id(who))

    def go(self, who: object) -> None:
        """Count one no longer."""
        with self._lock:
            was_here = bool(self._here)
            self._here.discard(id(who))
            if was_here and not self._here:
                self._empty_since_s = time.monotonic()

    @property
    def count(self) -> int:
        """Watchers now."""
        return len(self._here)

    @property
    def idle_s(self) -> float:
        """For how long nobody has watched; 0 while somebody does."""
        with self._lock:
            return 0.0 if self._here else time.monotonic() - self._empty_since_s


class Desk:
    """Answers requests.

    Parameters
    ----------
    rig
        Whose they are.
    name
        What the rig is called from outside.
    attendance
        Who watches.

    Attributes
    ----------
    is_over
        All cameras are closed, and only those who watch are still to be told.
    """

    def __init__(self, rig: Watched, name: str, attendance: Attendance) -> None:
        self._rig = rig
        self._name = name
        self._attendance = attendance
        self.is_over = False
        self._stale_at_s = 0.0
        self._told = ("", Raw({}))
        self._one_at_a_time = threading.Lock()
        self._quick = {
            "hello": self._hello,
            "status": self._status,
            "config": self._config,
            "details": self._details,
            "memory": self._memory,
            "detach": self._detach,
        }
        self._slow = {
            "record": self._record,
            "end_take": self._end_take,
            "set": self._set,
            "configure": self._configure,
            "stop": self._stop,
        }

    def begin(self, line: bytes) -> Answer | Callable[[], Answer]:
        """Return the answer to a line, or a job that takes its time and then gives it."""
        try:
            request = parse_request(line)
        except ConfigError as error:
            return Answer(failed(None, error), is_refusal=True)
        if request.do in self._slow:
            return lambda: self._carry_out(request, self._slow[request.do])
        return self._carry_out(request, self._quick[request.do])

    def _carry_out(self, request: Request, do: Callable[[Request], Answer]) -> Answer:
        try:
            return do(request)
        except RecorderError as error:
            return Answer(failed(request.id, error))
        except Exception as error:
            log.exception("a watcher asked for %s", request.do)  # a mistake of ours
            return Answer(failed(request.id, error))
        finally:
            if request.do in self._slow:
                self._stale_at_s = 0.0  # what was asked for shows in the next status

    def _hello(self, request: Request) -> Answer:
        return Answer(done(request.id, {"name": self._name, "pid": os.getpid()}))

    def _status(self, request: Request) -> Answer:
        """Return the status; made anew ten times a second at most, however many ask how often."""
        now_s = time.monotonic()
        if now_s >= self._stale_at_s or self.is_over:
            found = replace(self._rig.status(), name=self._name, watchers=self._attendance.count)
            if self.is_over:
                found = replace(found, state="ended")
            self._told = found.state, Raw(found.as_dict())
            self._stale_at_s = now_s + FRESH_S
        state, plain = self._told
        return Answer(done(request.id, plain), tells_end=state == "ended")

    def _config(self, request: Request) -> Answer:
        return Answer(done(request.id, self._rig.config.private()))

    def _details(self, request: Request) -> Answer:
        found = {name: details.as_dict() for name, details in self._rig.details().items()}
        return Answer(done(request.id, found))

    def _unknown(self, camera: str) -> ConfigError:
        known = ", ".join(camera.name for camera in self._rig.status().cameras)
        return ConfigError(f"no camera called {camera[:60]!r}; there are: {known}")

    def _memory(self, request: Request) -> Answer:
        try:
            handle = self._rig.memory(request.camera).handle
        except KeyError:
            raise self._unknown(request.camera) from None
        if isinstance(handle, str):
            return Answer(done(request.id, handle))
        return Answer(done(request.id), handle=_for_reading(handle))

    def _record(self, request: Request) -> Answer:
        from recorder.config import parse_amount

        duration = None if request.duration is None else parse_amount(request.duration)
        with self._one_at_a_time:
            self._rig.record(duration)
        return Answer(done(request.id))

    def _end_take(self, request: Request) -> Answer:
        with self._one_at_a_time:
            self._rig.end_take()
        return Answer(done(request.id))

    def _set(self, request: Request) -> Answer:
        try:
            value = float(request.value)
        except ValueError:
            raise ConfigError(f"{request.name[:60]}: {request.value[:60]!r} is no number") from None
        try:
            return Answer(done(request.id, self._rig.set(request.camera, request.name, value)))
        except KeyError:
            raise self._unknown(request.camera) from None

    def _configure(self, request: Request) -> Answer:
        from recorder.config import make_config

        try:
            plain = json.loads(request.config)
        except (ValueError, RecursionError) as error:
            raise ConfigError(f"config: not JSON: {error}"[:200]) from None
        config = make_config(plain)
        with self._one_at_a_time:
            self._rig.configure(config)
        return Answer(done(request.id))

    def _stop(self, request: Request) -> Answer:
        self._rig.stop()  # not one at a time: it must get past a record that hangs
        return Answer(done(request.id))

    def _detach(self, request: Request) -> Answer:
        return Answer(done(request.id), is_last=True)


def _for_reading(handle: int) -> int:
    """Return a descriptor of the same memory through which nobody can write."""
    try:
        fd = os.open(f"/proc/self/fd/{handle}", os.O_RDONLY)
    except OSError as error:
        raise RecorderError(f"the camera's memory cannot be shared: {error.strerror}") from error
    if "recorder-ring" in str(Path(f"/proc/self/fd/{fd}").readlink()):
        return fd
    os.close(fd)  # the camera has just ended, and its number belongs to another file by now
    raise RecorderError("the camera has just ended")
