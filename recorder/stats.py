"""How a recording goes: counters, rates and the frozen status that everybody else looks at.

Nothing here reads a clock; times are passed in, in ns.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

OLD_S = 1.5
"""A camera that gave no frame for so long is worth a word; slower ones are rare."""
MOST_FILES = 64
"""A status names the last so many files: a recording of weeks has thousands."""
WINDOW_NS = 2_000_000_000
"""What "now" means for rates, ratio and headroom."""


class RateMeter:
    """The rate of a growing count over the last two seconds.

    Fed with samples of the count, not with events: a sample ten times a second is enough, and
    the threads that count pay nothing.
    """

    def __init__(self, window_ns: int = WINDOW_NS) -> None:
        self._window_ns = window_ns
        self._samples: deque[tuple[int, float]] = deque()

    def sample(self, t_ns: int, count: float) -> None:
        """Take note of the count at a time."""
        self._samples.append((t_ns, count))
        while len(self._samples) > 2 and t_ns - self._samples[1][0] >= self._window_ns:
            self._samples.popleft()

    @property
    def grown(self) -> float:
        """How much the count grew within the window."""
        return self._samples[-1][1] - self._samples[0][1] if self._samples else 0.0

    @property
    def per_second(self) -> float:
        """Growth per second within the window; 0 before the second sample."""
        if len(self._samples) < 2:
            return 0.0
        span_ns = self._samples[-1][0] - self._samples[0][0]
        return self.grown * 1e9 / span_ns if span_ns > 0 else 0.0


@dataclass(frozen=True, slots=True)
class Totals:
    """What became of the grabbed frames: grabbed = written + dropped + bad + in flight.

    Parameters
    ----------
    overflow
        Those of the dropped ones for which the buffer had no room; the others had no writer.
    """

    grabbed: int = 0
    written: int = 0
    dropped: int = 0
    bad: int = 0
    gaps: int = 0
    restarts: int = 0
    overflow: int = 0

    @property
    def in_flight(self) -> int:
        """Frames between the camera and the file."""
        return self.grabbed - self.written - self.dropped - self.bad

    @property
    def lossless(self) -> bool:
        """Whether every grabbed frame is in the file."""
        return not (self.dropped or self.bad or self.gaps or self.in_flight)


class Tally:
    """The counters behind `Totals`. A lock makes every snapshot add up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        names = ("grabbed", "written", "dropped", "bad", "gaps", "overflow")
        self._counts = dict.fromkeys(names, 0)
        self.raw_bytes = 0
        self._settled = False

    def count(self, name: str, by: int = 1) -> None:
        """Add to a counter."""
        with self._lock:
            if not self._settled:
                self._counts[name] += by

    def wrote(self, nbytes: int) -> None:
        """Count a frame as written, and its raw size."""
        with self._lock:
            self._counts["written"] += 1
            self.raw_bytes += nbytes

    def lost(self, frames: int, nbytes: int) -> None:
        """Take frames back that turned out not to be in the file."""
        with self._lock:
            self._counts["written"] -= frames
            self._counts["dropped"] += frames
            self.raw_bytes -= frames * nbytes

    def settle(self, stuck: bool) -> None:
        """Leave nothing in flight, for good: a driver that returns later counts nothing.

        Parameters
        ----------
        stuck
            What is in flight never left the camera; otherwise it never reached the file.
        """
        with self._lock:
            in_flight = Totals(**self._counts).in_flight
            name, by = ("grabbed", -in_flight) if stuck else ("dropped", in_flight)
            self._counts[name] += by
            self._settled = True

    def totals(self) -> Totals:
        """Return the counters at one instant."""
        with self._lock:
            return Totals(**self._counts)


@dataclass(frozen=True, slots=True)
class CameraStatus:
    """One camera at one instant. Rates are over the last two seconds.

    Parameters
    ----------
    state
        opening, previewing, recording, restarting (the camera is gone and looked for), finishing,
        ended, or waiting: it is closed until the schedule opens it again.
    warning
        What is not right although the recording goes on, in words; None if nothing is.
    fps_in, fps_written
        Frames per second grabbed, and handed to the encoder.
    buffer_fill
        Share of the ring that waits to be written, 0 to 1.
    headroom
        1 - the share of the time in which the writer was busy, 0 to 1.
    raw_bytes_s, disk_bytes_s
        Bytes per second of pixels in, and of file out.
    ratio_now, ratio
        Raw size over size on disk, in the last two seconds and overall; None before any.
    disk
        Which disk files go to: cameras with the same number write to the same one.
    disk_free_bytes, disk_kept_bytes
        What the disk has, and what of it must stay free.
    time_left_s
        For how long the disk lasts, down to that, at the present rate of all that write to it.
    to_go_s
        How long the recording lasts yet; None: until it is stopped, or not known.
    late
        Times the camera did not answer in time and was asked again.
    age_s
        Time since the last grab; None before the first.
    frozen_s
        For how long the picture has been the same, bit for bit; 0 when it moves.
    pid
        The process that the camera runs in; None if it has none.
    files
        The last `MOST_FILES` of the recording.
    """

    name: str
    state: str = "opening"
    reason: str | None = None
    message: str | None = None
    warning: str | None = None
    frame: str = ""
    totals: Totals = field(default_factory=Totals)
    elapsed_s: float = 0.0
    duration: str | None = None
    fps_in: float = 0.0
    fps_written: float = 0.0
    buffer_fill: float = 0.0
    headroom: float = 1.0
    raw_bytes: int = 0
    file_bytes: int = 0
    raw_bytes_s: float = 0.0
    disk_bytes_s: float = 0.0
    ratio_now: float | None = None
    ratio: float | None = None
    disk: int | None = None
    disk_free_bytes: int | None = None
    disk_kept_bytes: int = 0
    time_left_s: float | None = None
    to_go_s: float | None = None
    late: int = 0
    age_s: float | None = None
    frozen_s: float = 0.0
    pid: int | None = None
    files: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return _shallow(self) | {"totals": _shallow(self.totals)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> CameraStatus:
        """Return the status that `as_dict` gave, also after a way through JSON.

        Raises
        ------
        TypeError
            It is none.
        """
        totals, files = Totals(**plain["totals"]), tuple(plain["files"])
        return cls(**{**plain, "totals": totals, "files": files})


@dataclass(frozen=True, slots=True)
class RigStatus:
    """All cameras of a rig at one instant.

    Parameters
    ----------
    name
        What `recorder attach`, `status` and `stop` call it.
    pid
        The process of the rig itself.
    state
        opening, previewing, recording, finishing, ended or waiting, all cameras closed, for the
        next recording of a schedule.
    cameras
        In the order of the config.
    watchers
        How many look at it from outside.
    waits_until
        While it waits: when the next recording begins, Unix time in seconds.
    openings
        How often a schedule has opened the cameras; each time their memory is a new one.
    """

    name: str
    pid: int
    state: str
    cameras: tuple[CameraStatus, ...]
    watchers: int = 0
    waits_until: float | None = None
    openings: int = 0

    def camera(self, name: str) -> CameraStatus:
        """Return one camera's status.

        Raises
        ------
        KeyError
            There is none of that name.
        """
        for camera in self.cameras:
            if camera.name == name:
                return camera
        raise KeyError(name)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; cameras by name."""
        cameras = {camera.name: camera.as_dict() for camera in self.cameras}
        return _shallow(self) | {"cameras": cameras}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> RigStatus:
        """Return the status that `as_dict` gave, also after a way through JSON.

        Raises
        ------
        TypeError
            It is none.
        """
        cameras = tuple(CameraStatus.from_dict(camera) for camera in plain["cameras"].values())
        return cls(**{**plain, "cameras": cameras})


def without_me(status: RigStatus) -> RigStatus:
    """Return a status as the watcher who asked for it tells it: it does not count itself."""
    return replace(status, watchers=max(0, status.watchers - 1))


def _shallow(values: Any) -> dict[str, Any]:
    # Not dataclasses.asdict, which copies all the way down: this is done many times a second.
    return {each.name: getattr(values, each.name) for each in fields(values)}


def warning(status: CameraStatus) -> str | None:
    """Return what is not right with a camera that goes on, in words; None if nothing is."""
    if status.state not in ("previewing", "recording"):
        return None
    if status.frozen_s:
        return f"the picture has not changed for {status.frozen_s:.0f} s: is the camera frozen?"
    usual_s = 1 / status.fps_in if status.fps_in else 0.0
    if status.age_s is not None and status.age_s > max(OLD_S, 3 * usual_s):
        return f"no frame for {status.age_s:.1f} s"
    return None


def ratio_of(raw: float, disk: float) -> float | None:
    """Return raw : disk, or None while there is nothing on disk."""
    return raw / disk if disk > 0 and raw > 0 else None
