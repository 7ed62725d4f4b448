"""Tells systemd that the recording has begun, how it goes, and that it is alive while it is.

systemd's own protocol (sd_notify(3)): one datagram to the socket that ``$NOTIFY_SOCKET`` names.
Without that variable, so outside a service of ``Type=notify``, all of this is silent.
"""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import time
from collections.abc import Callable, MutableMapping

from recorder import readout
from recorder.rig.events import Event
from recorder.stats import CameraStatus, RigStatus

log = logging.getLogger(__name__)

STATUS_S = 10.0
"""How often the words that `systemctl status` shows are told anew."""
GRACE_S = 300.0
"""How long opening or finishing counts as alive; each has shorter time-outs of its own."""


class Channel:
    """The socket to systemd; a system that does not listen never holds up anything.

    Parameters
    ----------
    address
        A path, or an abstract name that begins with ``@``.
    """

    def __init__(self, address: str) -> None:
        self._address = "\0" + address[1:] if address.startswith("@") else address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)

    def send(self, *lines: str) -> bool:
        """Send assignments such as ``READY=1``, in one datagram; return whether that was taken."""
        try:
            self._socket.sendto("\n".join(lines).encode("utf-8", "replace"), self._address)
        except OSError as error:
            log.info("systemd cannot be told %s: %s", lines[0], error)
            return False
        return True

    def close(self) -> None:
        """Let go of the socket."""
        self._socket.close()


class Progress:
    """Whether one camera's frames get into its file.

    Held against it is only that frames wait while none is written: a slow camera, or one that is
    away, is none of the writer's faults. A bad frame is the camera's fault, too.
    """

    def __init__(self) -> None:
        self._came = self._written = 0
        self._stuck_since: float | None = None

    def note(self, camera: CameraStatus, now: float) -> bool:
        """Take note of its counters; return whether more is written than the last time."""
        came, written = camera.totals.grabbed - camera.totals.bad, camera.totals.written
        more_came, more_written = came > self._came, written > self._written
        self._came, self._written = came, written
        if more_written or camera.state != "recording":
            self._stuck_since = None
        elif (more_came or camera.totals.in_flight > 0) and self._stuck_since is None:
            self._stuck_since = now
        return more_written

    def stuck_s(self, now: float) -> float:
        """Return for how long frames have come of which none was written."""
        return 0.0 if self._stuck_since is None else now - self._stuck_since


class Pulse:
    """Decides whether there is life in what is seen: the only reason for a ping.

    Parameters
    ----------
    watchdog_s
        After so long without a ping systemd restarts the service.
    clock
        In seconds, never backwards.
    """

    def __init__(self, watchdog_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._watchdog_s = watchdog_s
        self._clock = clock
        self._state = ""
        self._since = clock()
        self._cameras: dict[str, Progress] = {}

    def beats(self, status: RigStatus) -> bool:
        """Return whether a ping is justified now."""
        now = self._clock()
        if status.state != self._state:
            self._state, self._since = status.state, now
        if status.state == "recording":
            return self._is_written(status, now)
        self._cameras.clear()  # the next recording counts from zero
        return status.state == "waiting" or now - self._since < GRACE_S

    def _is_written(self, status: RigStatus, now: float) -> bool:
        seen = [self._progress(each.name).note(each, now) for each in status.cameras]
        stuck_s = max((each.stuck_s(now) for each in self._cameras.values()), default=0.0)
        return any(seen) and stuck_s <= self._watchdog_s / 2

    def _progress(self, camera: str) -> Progress:
        return self._cameras.setdefault(camera, Progress())


class Notifier:
    """An observer that tells systemd.

    Parameters
    ----------
    channel
        Where to.
    pulse
        Decides on watchdog pings; None: the service has no watchdog.
    clock
        In seconds, never backwards.
    """

    def __init__(
        self,
        channel: Channel,
        pulse: Pulse | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._channel = channel
        self._pulse = pulse
        self._clock = clock
        self._is_ready = False
        self._state = ""
        self._told_at = 0.0

    def look(self, status: RigStatus) -> None:
        """Tell what is new, and ping if frames are being written or a schedule waits."""
        if status.state in ("recording", "waiting"):
            self._tell_ready()
        lines = []
        if self._pulse is not None and self._pulse.beats(status):
            lines.append("WATCHDOG=1")
        now = self._clock()
        if status.state != self._state or now - self._told_at >= STATUS_S:
            self._state, self._told_at = status.state, now
            lines.append(f"STATUS={readout.brief(status)}".replace("\n", " "))
        if lines:
            self._channel.send(*lines)

    def hear(self, event: Event) -> None:
        """Tell that the service is up: the recording may be over before anybody looks."""
        if event.kind == "start":
            self._tell_ready()

    def close(self) -> None:
        """Tell that it ends; from here on systemd expects no pings."""
        self._channel.send("STOPPING=1")
        self._channel.close()

    def _tell_ready(self) -> None:
        """Tell it once, but until it is taken: a service that is never ready is ended."""
        self._is_ready = self._is_ready or self._channel.send("READY=1")


def make_notifier(environ: MutableMapping[str, str] = os.environ) -> Notifier | None:
    """Return what tells systemd; None if it is not systemd that runs us.

    Parameters
    ----------
    environ
        Its variables are removed: cameras' processes and hooks must not speak for the service.
    """
    address = environ.pop("NOTIFY_SOCKET", "")
    watchdog_us, pid = environ.pop("WATCHDOG_USEC", ""), environ.pop("WATCHDOG_PID", "")
    if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
        return None
    pulse = None
    if pid in ("", str(os.getpid())):
        with contextlib.suppress(ValueError):  # not a number: there is no watchdog
            pulse = Pulse(int(watchdog_us) / 1e6)
    return Notifier(Channel(address), pulse)


__all__ = ["Channel", "Notifier", "Progress", "Pulse", "make_notifier"]
