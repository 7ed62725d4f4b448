"""The watcher's side of the link: look at a rig, and steer it."""

from __future__ import annotations

import itertools
import json
import os
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Protocol

from recorder.controls import CameraDetails
from recorder.errors import ConfigError, RecorderError, RigGone
from recorder.rig.link.protocol import Request, ask, parse_answer
from recorder.stats import RigStatus

if TYPE_CHECKING:
    from recorder.config import Amount, Config
    from recorder.frame import Frame
    from recorder.pipeline.memory import Block
    from recorder.pipeline.view import Look, RingView

TIMEOUT_S = 5.0
"""A rig that does not answer for so long is halted, or starved of processor time."""
STEER_TIMEOUT_S = 30.0
"""Beginning a recording takes a second, and longer on a loaded machine."""


class Channel(Protocol):
    """A way to a rig. Each method raises OSError or EOFError when the rig has gone."""

    def send(self, line: bytes, timeout_s: float) -> None:
        """Send a request; TimeoutError if the rig does not take it."""

    def receive(self, timeout_s: float) -> tuple[bytes, int | None]:
        """Return the next line, and the descriptor that came along; or raise TimeoutError."""

    def close(self) -> None:
        """Hang up."""


def gone(name: str) -> RigGone:
    """Return the error that says so."""
    return RigGone(f"the rig {name} is gone: it has ended, or was killed")


def no_answer(name: str, pid: int | None, timeout_s: float) -> RecorderError:
    """Return the error that says so."""
    process = "" if pid is None else f" (process {pid})"
    return RecorderError(
        f"the rig {name}{process} does not answer within {timeout_s:g} s: it is halted, or the "
        "machine is overloaded; its recordings are not affected by this"
    )


class Link:
    """An attached rig. Any thread may use it.

    Parameters
    ----------
    channel
        The way to it.
    name, pid
        What it is called, and its process.
    timeout_s
        Longest wait for an answer; beginning a recording may take longer.
    """

    def __init__(
        self, channel: Channel, name: str, pid: int | None = None, timeout_s: float = TIMEOUT_S
    ) -> None:
        self._channel = channel
        self._timeout_s = timeout_s
        self._lock = threading.Lock()
        self._attaching = threading.Lock()
        self._numbers = itertools.count(1)
        self._views: dict[str, tuple[RingView, Block]] = {}
        self._openings: int | None = None
        self._is_closed = False
        self.name = name
        self.pid = pid

    def greet(self) -> None:
        """Become one of those who watch, as far as the rig knows."""
        told, _ = self._request(Request("hello"))
        if isinstance(told, dict):
            self.pid = told.get("pid", self.pid)

    def status(self) -> RigStatus:
        """Return how the rig goes.

        Raises
        ------
        RigGone
            It has ended, or was killed.
        RecorderError
            It does not answer in time. It may later: ask again.
        """
        told, _ = self._request(Request("status"))
        try:
            status = RigStatus.from_dict(told)
        except (TypeError, KeyError, AttributeError) as error:
            raise _other_version(self.name) from error
        if status.openings != self._openings:
            self._openings = status.openings
            self._forget_views()
        return status

    def _forget_views(self) -> None:
        """Look no more at memory that the cameras no longer have: they were opened anew."""
        while self._views:
            self._views.popitem()[1][1].close()

    def latest_frame(
        self, camera: str, out: Frame | None = None, after: int = 0, step: int = 1
    ) -> Look | None:
        """Return a copy of a camera's newest frame, or None if there is none newer.

        The rig is asked for the camera's memory once; then this looks into it without the rig
        noticing, and goes on showing the last frame when the rig is gone.

        Parameters
        ----------
        out, after, step
            See `RingView.newest`.

        Raises
        ------
        ConfigError
            There is no camera of that name.
        RecorderError
            As for `status`.
        """
        known = self._views.get(camera)
        if known is None:
            with self._attaching:
                known = self._views.get(camera) or self._attach(camera)
        view, _ = known
        return view.newest(out, after, step)

    def _attach(self, camera: str) -> tuple[RingView, Block]:
        from recorder.pipeline.memory import attach
        from recorder.pipeline.view import RingView

        name, handle = self._request(Request("memory", camera=camera))
        try:
            block = attach(name if handle is None else handle)
        except (OSError, ValueError) as error:
            raise RecorderError(f"{camera}: its memory cannot be seen: {error}") from error
        self._views[camera] = (RingView(block), block)
        return self._views[camera]

    def record(self, duration: Amount | str | None = None) -> None:
        """Begin a recording; left out, its length is that of the config.

        Raises
        ------
        RecorderError
            What the rig says, of the same class as there; and as for `status`.
        """
        text = None if duration is None else str(duration)
        self._request(Request("record", duration=text), STEER_TIMEOUT_S)

    def end_take(self) -> None:
        """End the recording; the preview goes on."""
        self._request(Request("end_take"), STEER_TIMEOUT_S)

    def config(self) -> Config:
        """Return what the rig was told, last.

        Raises
        ------
        RecorderError
            As for `status`.
        """
        from recorder.config import make_config

        told, _ = self._request(Request("config"))
        try:
            return make_config(told)
        except ConfigError as error:
            raise _other_version(self.name) from error

    def details(self) -> dict[str, CameraDetails]:
        """Return what each camera turned out to be, and what it accepts.

        Raises
        ------
        RecorderError
            As for `status`.
        """
        told, _ = self._request(Request("details"))
        try:
            return {name: CameraDetails.from_dict(plain) for name, plain in told.items()}
        except (TypeError, KeyError, ValueError, AttributeError) as error:
            raise _other_version(self.name) from error

    def set(self, camera: str, name: str, value: float) -> float | None:
        """Change a setting of a camera while it runs; return what is read back, None if nothing.

        Raises
        ------
        ConfigError, CameraError, RecorderError
            What the rig says, of the same class as there; and as for `status`.
        """
        request = Request("set", camera=camera, name=name, value=repr(float(value)))
        told, _ = self._request(request, STEER_TIMEOUT_S)
        return told if isinstance(told, float | int) else None

    def configure(self, config: Config) -> None:
        """Have the rig take another config; see `Rig.configure`."""
        plain = json.dumps(config.private())
        self._request(Request("configure", config=plain), STEER_TIMEOUT_S)

    def stop(self) -> None:
        """Ask the rig to finish its files and end; `status` tells when it has."""
        self._request(Request("stop"))

    def _request(self, request: Request, timeout_s: float | None = None) -> tuple[Any, int | None]:
        """Return the answer to a request, and the descriptor that came along."""
        timeout_s = max(timeout_s or 0.0, self._timeout_s)
        with self._lock:
            if self._is_closed:
                raise RigGone(f"this link to the rig {self.name} is closed")
            try:
                return self._converse(request, time.monotonic() + timeout_s)
            except (BlockingIOError, TimeoutError) as error:
                raise no_answer(self.name, self.pid, timeout_s) from error
            except (OSError, EOFError) as error:
                raise gone(self.name) from error

    def _converse(self, request: Request, deadline_s: float) -> tuple[Any, int | None]:
        number = next(self._numbers)
        self._channel.send(ask(request._replace(id=number)), deadline_s - time.monotonic())
        while True:
            line, handle = self._channel.receive(deadline_s - time.monotonic())
            is_mine, told = parse_answer(line, number)
            if is_mine:
                return told, handle
            _close(handle)

    def close(self) -> None:
        """Detach. The rig goes on; a preview that nobody watches ends by itself."""
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            with suppress(OSError, EOFError):
                self._channel.send(ask(Request("detach")), self._timeout_s)
            self._channel.close()
            self._forget_views()

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _other_version(name: str) -> RecorderError:
    return RecorderError(
        f"the rig {name} is of another version of recorder: its status cannot be read"
    )


def _close(handle: int | None) -> None:
    if handle is not None:
        os.close(handle)
