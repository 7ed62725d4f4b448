"""Notice what would lose frames: a full disk, a camera or an encoder that no longer answers.

What is found wrong goes to the session's one finish function.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from recorder import readout
from recorder.disks import disk_of, is_folder, nearest
from recorder.errors import CameraLost, NoSpace, RecorderError, WriterError
from recorder.system import free_bytes

if TYPE_CHECKING:
    from recorder.pipeline.acquire import Acquisition
    from recorder.pipeline.write import Writing

log = logging.getLogger(__name__)

LEAVE_TIMEOUT_S = 3.0
"""How long the acquisition thread may take to leave a grab once the session ends."""
STUCK_WRITER_S = 10.0
"""How long an encoder may take nothing at all once the recording is asked to end."""

WARN_S = (3600, 600, 120)
"""A disk that lasts no longer is worth a word in the log, each time."""
SETTLED_S = 10.0
"""Until a recording has lasted so long, how long the disk lasts is a guess."""
LEAST_ALLOWANCE = 2**20
"""Bytes that are recorded between two looks at the disk however full it is."""
LEAST_RESERVE = 2**30
RESERVE_S = 30.0

Finish = Callable[[str, RecorderError], None]


def reserve(keep_free: int | None, bytes_per_s: float = 0.0, to_go_s: float | None = None) -> int:
    """Return how many bytes stay free on a disk.

    Parameters
    ----------
    keep_free
        As the config says; None: 1 GiB, or what is written in 30 s or until the end, if that is
        sooner, whichever of the two is more.
    bytes_per_s
        What is written at present.
    to_go_s
        How long the recording lasts yet; None: not known.
    """
    if keep_free is not None:
        return keep_free
    ahead_s = RESERVE_S if to_go_s is None else min(RESERVE_S, to_go_s)
    return max(LEAST_RESERVE, int(ahead_s * bytes_per_s))


class DiskGuard:
    """Ends a recording while the disk still has what must stay free.

    The disk is asked ten times a second, and whenever so much was recorded since that it could be
    full by now: a burst does not get past it.

    Parameters
    ----------
    folder
        Where files go; None: nowhere.
    keep_free
        See `reserve`.
    finish
        Called when the recording has to end.
    warns
        Whether it says how long the disk lasts. A rig does that for all its cameras.

    Attributes
    ----------
    disk, free, kept
        Which disk it is, the bytes that it has, and those of them that must stay free.
    to_go_s
        How long the recording lasts yet; None: not known.
    """

    def __init__(
        self, folder: Path | None, keep_free: int | None, finish: Finish, warns: bool = True
    ) -> None:
        self._folder = folder
        self._keep_free = keep_free
        self._finish = finish
        self._warns = warns
        self._warner = DiskWarner()
        self._unseen = 0  # bytes recorded since the last look
        self._allowance = 0
        self._last_look: tuple[bool, float, int, float | None] = (False, 0.0, 0, None)
        self.disk: int | None = None
        self.free: int | None = None
        self.kept = reserve(keep_free)
        self.to_go_s: float | None = None

    def aim(self, folder: Path | None, keep_free: int | None) -> None:
        """Look at another folder from now on."""
        self._folder = folder
        self._keep_free = keep_free

    def spend(self, nbytes: int) -> None:
        """Take note that so much was recorded; called by the thread that writes."""
        self._unseen += nbytes
        if self._unseen > self._allowance:
            self.look(*self._last_look)

    def warn(self, bytes_per_s: float) -> None:
        """Say in the log how long the disk lasts, if that is not long."""
        if not self._warns:
            return
        self._warner.look(self._folder, self.time_left_s(bytes_per_s), self.to_go_s)

    def look(
        self,
        recording: bool,
        bytes_per_s: float,
        in_flight_bytes: int,
        to_go_s: float | None = None,
    ) -> None:
        """Compare what is free with what must stay so and what is still on its way.

        Parameters
        ----------
        recording
            Whether there is a recording that could be ended.
        bytes_per_s
            What is written at present.
        in_flight_bytes
            Size of the frames that wait to be written.
        to_go_s
            How long the recording lasts yet; None: not known.
        """
        self._unseen = 0
        self._last_look = (recording, bytes_per_s, in_flight_bytes, to_go_s)
        self.to_go_s = to_go_s
        self.kept = reserve(self._keep_free, bytes_per_s, to_go_s)
        if self._folder is None:
            self._allowance, self.disk, self.free = 2**63, None, None
            return
        is_there = is_folder(self._folder)
        if recording and not is_there:
            gone = f"the folder {self._folder} is gone: removed, renamed or unplugged"
            self._finish("writer_failed", WriterError(gone))
            return
        place = self._folder if is_there else nearest(self._folder)  # where it will be made
        self.disk, self.free = disk_of(place), free_bytes(place)
        # On its way: the ring, and what is written until the encoder has taken all of it.
        coming = in_flight_bytes + bytes_per_s
        # A quarter, as several cameras may share the disk.
        self._allowance = max(LEAST_ALLOWANCE, int(self.free - self.kept - coming) // 4)
        if recording and self.free < self.kept + coming:
            self._finish("no_space", self._no_space(self.free, coming))

    def _no_space(self, free: int, coming: float) -> NoSpace:
        return NoSpace(
            # Rounded so that it adds up.
            f"{self._folder} has {math.floor(free / 1e6)} MB free, "
            f"recording.keep_free reserves {math.ceil(self.kept / 1e6)} MB, and "
            f"{math.ceil(coming / 1e6)} MB are on their way: stopped"
        )

    def time_left_s(self, bytes_per_s: float) -> float | None:
        """Return for how long the disk lasts at a rate, down to what must stay free."""
        if self.free is None or bytes_per_s <= 0:
            return None
        return max(0.0, (self.free - self.kept) / bytes_per_s)


class DiskWarner:
    """Says once when the disk lasts for less than an hour, ten minutes, two minutes."""

    def __init__(self) -> None:
        self._said = 0

    def look(self, where: object, left_s: float | None, to_go_s: float | None) -> None:
        """Say how long a disk lasts, if that is not long, and not until the recording's end.

        Parameters
        ----------
        where
            What to call it.
        left_s
            How long it lasts; None: not known.
        to_go_s
            How long the recording lasts yet; None: not known.
        """
        if left_s is None or (to_go_s is not None and to_go_s <= left_s):
            return
        steps = sum(left_s < limit_s for limit_s in WARN_S)
        if steps > self._said:
            log.warning("%s: the disk lasts %s at this rate", where, readout.span(left_s))
            self._said = steps
        # Not at once: rates tremble, and the retention makes room now and then.
        self._said = min(self._said, sum(left_s < 1.5 * limit_s for limit_s in WARN_S))


class Liveness:
    """Notices a camera that never returns, and an encoder that never takes."""

    def __init__(self, acquisition: Acquisition, writing: Writing, finish: Finish) -> None:
        self._acquisition = acquisition
        self._writing = writing
        self._finish = finish
        self._entries = -1
        self._moved_ns = time.monotonic_ns()

    def look_at_camera(self, t_ns: int) -> None:
        """End the session when one grab takes longer than the camera may be silent."""
        silent_s = self.silent_s(t_ns)
        if silent_s > self._acquisition.patience_s:
            self._finish(
                "camera_failed", CameraLost(f"the camera has not answered for {silent_s:.1f} s")
            )

    def silent_s(self, t_ns: int) -> float:
        """Return for how long the camera has been inside one grab; 0 outside of any."""
        since = self._acquisition.in_driver_since_ns
        return (t_ns - since) / 1e9 if since is not None else 0.0

    def must_abandon(self, t_ns: int) -> bool:
        """Whether an ending session should wait for the camera no longer."""
        limit_s = min(self._acquisition.patience_s, LEAVE_TIMEOUT_S)
        return self.silent_s(t_ns) > limit_s

    def writer_is_stuck(self, t_ns: int) -> bool:
        """Whether one frame has been on its way into the encoder for ten seconds."""
        if self._writing.entries != self._entries or not self._writing.is_handing:
            self._entries = self._writing.entries
            self._moved_ns = t_ns
        return (t_ns - self._moved_ns) / 1e9 > STUCK_WRITER_S
