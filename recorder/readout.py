"""A status in words: pure functions from the frozen status to text, every number with its unit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from recorder.stats import CameraStatus, RigStatus, Totals, ratio_of

COLUMNS = (
    *("camera", "state", "time", "in fps", "out fps", "lost frames", "buffer %"),
    *("encoder % free", "MB/s", "ratio", "disk lasts"),
)
"""What `cells` gives, with units."""

_LOSSES = ("dropped", "bad", "gaps")


def clock(seconds: float) -> str:
    """Return h:mm:ss."""
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def timer(seconds: float) -> str:
    """Return hh:mm:ss of the seconds that are over: what a timer shows."""
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def span(seconds: float) -> str:
    """Return a rough length of time: ``48 s``, ``12 min``, ``2 h 41 min``, ``3 days``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = seconds / 60
    if minutes < 100:
        return f"{minutes:.0f} min"
    if minutes < 48 * 60:
        return f"{int(minutes // 60)} h {int(minutes % 60)} min"
    return f"{minutes / 1440:.0f} days"


def size(nbytes: float) -> str:
    """Return bytes with a decimal unit: ``267 MB``."""
    for limit, unit in ((1e15, "PB"), (1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB")):
        if nbytes >= 0.9995 * limit:  # three digits: 999.6 kB would read 1e+03 kB
            return f"{nbytes / limit:.3g} {unit}"
    return f"{nbytes:.0f} bytes"


def ratio(value: float | None) -> str:
    """Return ``2.07 : 1``, or a dash while there is nothing to compare."""
    return "–" if value is None else f"{value:.2f} : 1"


def lost(status: CameraStatus) -> str:
    """Return what is lost, in words: nothing, or how many frames and how."""
    return _lost(status.totals)


def _lost(totals: Totals) -> str:
    gaps = "gap" if totals.gaps == 1 else "gaps"
    kinds = ((totals.dropped, "dropped"), (totals.bad, "bad"), (totals.gaps, gaps))
    named = [f"{count} {kind}" for count, kind in kinds if count]
    return ", ".join(named) if named else "0 lost"


def parts(status: CameraStatus) -> list[str]:
    """Return the pieces of a status line, the most important first."""
    elapsed = clock(status.elapsed_s)
    until = f" of {status.duration}" if status.duration else ""
    found = [
        f"{status.name} {status.state} {elapsed}{until}",
        f"in {status.fps_in:.1f} fps",
        f"out {status.fps_written:.1f} fps",
        lost(status),
        f"buffer {status.buffer_fill * 100:.0f} %",
        f"encoder {status.headroom * 100:.0f} % free",
        f"{status.raw_bytes_s / 1e6:.0f} → {status.disk_bytes_s / 1e6:.0f} MB/s",
        f"ratio now {ratio(status.ratio_now)}, overall {ratio(status.ratio)}",
    ]
    if status.disk_free_bytes is not None:
        found.append(disk(status))
    return found + troubles(status)


def troubles(status: CameraStatus) -> list[str]:
    """Return in words what is not right although the camera goes on, or why it does not."""
    found = []
    if status.late:
        found.append(f"camera late {times(status.late)}")
    if status.totals.restarts:
        found.append(f"restarted {times(status.totals.restarts)}")
    return [*found, *filter(None, (status.warning, status.message))]


def times(count: int) -> str:
    """Return ``once``, ``3 times``."""
    return "once" if count == 1 else f"{count} times"


def disk(status: CameraStatus) -> str:
    """Return what the disk has left, and for how long that lasts at this rate."""
    free = f"{size(status.disk_free_bytes or 0)} free"
    return free if status.time_left_s is None else f"{free}, {span(status.time_left_s)} left"


def line(status: CameraStatus) -> str:
    """Return one line that says how it goes."""
    return " · ".join(parts(status))


def has_lost(status: CameraStatus) -> bool:
    """Whether a frame that was grabbed, or should have been, is not in the file."""
    totals = status.totals
    return bool(totals.dropped or totals.bad or totals.gaps)


def lines(status: RigStatus) -> list[str]:
    """Return a line for each camera that says how it goes."""
    return [line(camera) for camera in status.cameras]


def state(status: RigStatus) -> str:
    """Return what a rig does; if it waits, until when, in local time."""
    if status.waits_until is None:
        return status.state
    return f"{status.state} until {moment(status.waits_until)}, cameras closed"


def moment(unix_s: float) -> str:
    """Return a time to come in local time: ``Tue 01 Dec 22:00:00``."""
    return f"{datetime.fromtimestamp(unix_s).astimezone():%a %d %b %H:%M:%S}"


def title(status: RigStatus) -> str:
    """Return what a rig is and does: its name, state, process and watchers."""
    watched = f"watched by {status.watchers}" if status.watchers else "nobody watches"
    return f"{status.name} {state(status)} · process {status.pid} · {watched}"


def brief(status: RigStatus) -> str:
    """Return one line for all cameras of a rig, for a log."""
    if status.state == "waiting":
        return f"{status.name} {state(status)}"
    told = [", ".join([*parts(camera)[:4], *troubles(camera)]) for camera in status.cameras]
    return f"{status.name} {status.state}: {'; '.join(told)}"


def standing(status: CameraStatus) -> str:
    """Return in a sentence what a camera has, and what ended it if something did."""
    totals, ended = status.totals, f"; ended by {status.reason}" if status.reason else ""
    shown = f"{status.name}: {totals.written} of {totals.grabbed} frames, {lost(status)}{ended}"
    return f"{shown}; {status.message}" if status.message else shown


def total_cells(status: RigStatus) -> tuple[str, ...]:
    """Return the last row of a table: all cameras together; rates and losses are sums."""
    cameras = status.cameras
    left = [camera.time_left_s for camera in cameras if camera.time_left_s is not None]
    raw, disk = (
        sum(getattr(each, f"{name}_bytes") for each in cameras) for name in ("raw", "file")
    )
    return (
        "all",
        status.state,
        clock(max(camera.elapsed_s for camera in cameras)),
        f"{sum(camera.fps_in for camera in cameras):.1f}",
        f"{sum(camera.fps_written for camera in cameras):.1f}",
        _lost(
            Totals(
                **{name: sum(getattr(each.totals, name) for each in cameras) for name in _LOSSES}
            )
        ),
        f"{max(camera.buffer_fill for camera in cameras) * 100:.0f}",
        f"{min(camera.headroom for camera in cameras) * 100:.0f}",
        f"{sum(camera.raw_bytes_s for camera in cameras) / 1e6:.0f} → "
        f"{sum(camera.disk_bytes_s for camera in cameras) / 1e6:.0f}",
        ratio(ratio_of(raw, disk)),
        span(min(left)) if left else "–",
    )


def files(names: Sequence[str]) -> tuple[str, ...]:
    """Return what to say of a recording's files: one by its path, many by their number."""
    if len(names) < 2:
        return tuple(names)
    last, before = Path(names[-1]), Path(names[-2])
    base, _, part = last.stem.rpartition("_")
    if not (part.isdecimal() and before.stem.startswith(base)):
        return (f"{len(names)} files, now {last}",)
    # Only the newest are listed; the first has no number.
    return (f"{max(len(names), int(part) + 1)} files in {last.parent}, now …_{part}{last.suffix}",)


def cells(status: CameraStatus) -> tuple[str, ...]:
    """Return a row of a table: what `COLUMNS` name."""
    until = f" / {status.duration}" if status.duration else ""
    return (
        status.name,
        status.state,
        clock(status.elapsed_s) + until,
        f"{status.fps_in:.1f}",
        f"{status.fps_written:.1f}",
        lost(status),
        f"{status.buffer_fill * 100:.0f}",
        f"{status.headroom * 100:.0f}",
        f"{status.raw_bytes_s / 1e6:.0f} → {status.disk_bytes_s / 1e6:.0f}",
        ratio(status.ratio),
        "–" if status.time_left_s is None else span(status.time_left_s),
    )
