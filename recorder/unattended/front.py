"""What stands before the rigs of a schedule: one link for all of them, also while none is there.

::

    recorder status, attach, stop ──► LinkServer ──► Front ──► Rig   (the present one)
                                                       └─────► none: it waits, cameras closed
"""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from recorder.errors import RecorderError, Stopped
from recorder.stats import CameraStatus, RigStatus

if TYPE_CHECKING:
    from recorder.config import Amount, Config
    from recorder.controls import CameraDetails
    from recorder.pipeline.memory import Block
    from recorder.rig.rig import Rig

_CLOSED = "the cameras are closed until their schedule opens them"


class Front:
    """Answers for whichever rig is there, from any thread, as `LinkServer` wants it.

    Parameters
    ----------
    config
        Of all the rigs.
    name
        What they are called.

    Attributes
    ----------
    asked
        Set when somebody asked for the end.
    waits_until
        When the next recording begins, if that is waited for.
    """

    def __init__(self, config: Config, name: str) -> None:
        self._config = config
        self._name = name
        self._lock = threading.Lock()
        self._rig: Rig | None = None
        self._cameras = tuple(CameraStatus(name, state="waiting") for name in config.cameras)
        self._openings = 0
        self._is_over = False
        self.asked = threading.Event()
        self.waits_until: datetime | None = None

    # -- what the schedule does ---------------------------------------------------------------

    def take(self, rig: Rig) -> None:
        """Answer for this rig from now on.

        Raises
        ------
        Stopped
            There shall be none any more.
        """
        with self._lock:
            if self.asked.is_set():
                raise Stopped("stopped before the first frame")
            self._rig, self._openings, self.waits_until = rig, self._openings + 1, None

    def let_go(self) -> None:
        """Show that all cameras are closed, and what they have recorded last."""
        with self._lock:
            cameras = () if self._rig is None else self._rig.status().cameras
            if cameras:
                self._cameras = tuple(replace(camera, state="waiting") for camera in cameras)
            self._rig = None

    def end(self) -> None:
        """Show that there will be no more recordings."""
        with self._lock:
            self._is_over, self.waits_until = True, None
            self._cameras = tuple(replace(camera, state="ended") for camera in self._cameras)

    # -- what anyone may ask ------------------------------------------------------------------

    @property
    def is_waiting(self) -> bool:
        """Whether no camera is open, and one will be."""
        return self._rig is None and not self._is_over

    def status(self) -> RigStatus:
        """Return how it goes."""
        with self._lock:
            rig, until, openings = self._rig, self.waits_until, self._openings
        if rig is None:
            state = "ended" if self._is_over else "opening" if until is None else "waiting"
            moment = None if until is None else until.timestamp()
            found = RigStatus(self._name, os.getpid(), state, self._cameras, waits_until=moment)
        else:
            found = self._shown(rig.status())
        return replace(found, openings=openings)

    def _shown(self, found: RigStatus) -> RigStatus:
        if found.state == "ended":  # it is, but not what people know by this name
            return replace(found, state="finishing")
        if not found.cameras:
            names = self._config.cameras
            return replace(found, state="opening", cameras=tuple(map(CameraStatus, names)))
        return found

    @property
    def config(self) -> Config:
        """What all rigs are told."""
        return self._config if self._rig is None else self._rig.config

    def details(self) -> dict[str, CameraDetails]:
        """Return what each camera turned out to be; nothing while they are closed."""
        rig = self._rig
        return {} if rig is None else rig.details()

    def memory(self, camera: str) -> Block:
        """Return the memory of a camera's ring.

        Raises
        ------
        KeyError
            There is no such camera.
        RecorderError
            It is closed.
        """
        if camera not in self._config.cameras:
            raise KeyError(camera)
        try:
            return self._require().memory(camera)
        except KeyError:
            raise RecorderError(f"{camera} is being opened") from None

    # -- what anyone may want -----------------------------------------------------------------

    def _require(self) -> Rig:
        rig = self._rig
        if rig is None:
            raise RecorderError(_CLOSED)
        return rig

    def record(self, duration: Amount | None = None) -> None:
        """Begin a recording: the schedule does that, so what the rig says to it."""
        self._require().record(duration)

    def end_take(self) -> None:
        """End the recording; the schedule goes on with the next one."""
        self._require().end_take()

    def set(self, camera: str, name: str, value: float) -> float | None:
        """Change a setting of a camera that is open."""
        return self._require().set(camera, name, value)

    def configure(self, config: Config) -> None:
        """Take another config: while it records, no rig does."""
        self._require().configure(config)

    def stop(self) -> None:
        """Finish all files, and record no more. Returns at once."""
        with self._lock:
            self.asked.set()
            rig = self._rig
        if rig is not None:
            rig.stop()
