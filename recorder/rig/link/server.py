"""The rig's side of the link."""

from __future__ import annotations

import threading
from typing import Protocol

from recorder.rig.link.desk import Attendance, Desk, Watched
from recorder.rig.link.folder import Claim
from recorder.system import WINDOWS

LINGER_S = 1.0
"""How long a rig that has ended stays at most, to tell so those who watch."""


class Host(Protocol):
    """A way for others to reach us."""

    def start(self) -> None:
        """Begin to answer."""

    def close(self, linger_s: float = 0.0) -> None:
        """Let go of everybody, after those who watch have been told of the end."""


class LinkServer:
    """Lets other processes of this user watch and steer a rig; costs it one thread.

    Parameters
    ----------
    rig
        It may be opening still. Its status is asked for on the server's thread.
    name
        What it shall be called; if a living rig is called so, a number follows.

    Attributes
    ----------
    name
        What it is called.

    Raises
    ------
    RecorderError
        There is no folder for the link that is this user's alone.
    """

    def __init__(self, rig: Watched, name: str) -> None:
        self._rig = rig
        self._attendance = Attendance()
        self._claim = Claim(name)
        self._lock = threading.Lock()
        self._is_closed = False
        self.name = self._claim.name
        try:
            self._desk = Desk(rig, self.name, self._attendance)
            self._host = self._open_host(self._desk)
            self._host.start()
        except BaseException:
            self._claim.release()
            raise

    def _open_host(self, desk: Desk) -> Host:
        if WINDOWS:
            from recorder.rig.link.pipes import PipeHost, pipe_of, shared_key

            return PipeHost(pipe_of(self.name), shared_key(), desk.begin, self._attendance)
        from recorder.rig.link.sockets import SocketHost

        return SocketHost(self._claim.socket_path, desk.begin, self._attendance)

    @property
    def watchers(self) -> int:
        """How many are attached."""
        return self._attendance.count

    @property
    def idle_s(self) -> float:
        """For how long nobody has been attached, s; 0 while somebody is."""
        return self._attendance.idle_s

    def close(self) -> None:
        """Let go of all watchers; if all cameras have ended, they are told so before."""
        with self._lock:
            if not self._is_closed:
                self._is_closed = True
                # Of the cameras, not of the rig: its last step before the end may be this one.
                states = [camera.state for camera in self._rig.status().cameras]
                self._desk.is_over = all(state == "ended" for state in states)
                self._host.close(LINGER_S if self._desk.is_over else 0.0)
                self._claim.release()

    def __enter__(self) -> LinkServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
