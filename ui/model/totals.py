"""All cameras of a rig as if they were one: what they do together."""

from __future__ import annotations

from collections.abc import Sequence

from recorder.config import parse_amount
from recorder.errors import ConfigError
from recorder.stats import CameraStatus, RigStatus, Totals, ratio_of

_COUNTS = ("grabbed", "written", "dropped", "bad", "gaps", "restarts")


def total(status: RigStatus) -> CameraStatus:
    """Return what the cameras do together.

    Counts, rates and sizes are sums; of buffer and headroom the worst camera counts; the time is
    that of the longest recording, and the disk's that of the disk that is full first.
    """
    cameras = status.cameras
    raw, on_disk = _sum(cameras, "raw_bytes"), _sum(cameras, "file_bytes")
    raw_s, disk_s = _sum(cameras, "raw_bytes_s"), _sum(cameras, "disk_bytes_s")
    return CameraStatus(
        "total",
        state=status.state,
        totals=Totals(*(sum(getattr(each.totals, name) for each in cameras) for name in _COUNTS)),
        elapsed_s=max((each.elapsed_s for each in cameras), default=0.0),
        duration=next((each.duration for each in cameras if each.duration), None),
        fps_in=_sum(cameras, "fps_in"),
        fps_written=_sum(cameras, "fps_written"),
        buffer_fill=max((each.buffer_fill for each in cameras), default=0.0),
        headroom=min((each.headroom for each in cameras), default=1.0),
        raw_bytes=int(raw),
        file_bytes=int(on_disk),
        raw_bytes_s=raw_s,
        disk_bytes_s=disk_s,
        ratio_now=ratio_of(raw_s, disk_s),
        ratio=ratio_of(raw, on_disk),
        disk_free_bytes=_free(cameras),
        time_left_s=min(
            (each.time_left_s for each in cameras if each.time_left_s is not None), default=None
        ),
        files=tuple(path for each in cameras for path in each.files),
    )


def _sum(cameras: Sequence[CameraStatus], name: str) -> float:
    return float(sum(getattr(each, name) for each in cameras))


def _free(cameras: Sequence[CameraStatus]) -> int | None:
    known = [each.disk_free_bytes for each in cameras if each.disk_free_bytes is not None]
    return min(known, default=None)


def planned_s(duration: str | None) -> float | None:
    """Return how long a recording shall last, in s; None if that is not given as a time."""
    try:
        return None if duration is None else parse_amount(duration).seconds
    except ConfigError:
        return None


def remaining_s(status: CameraStatus) -> float | None:
    """Return how long a recording still has to go, in s; None if it is not known."""
    planned = planned_s(status.duration)
    return None if planned is None else max(0.0, planned - status.elapsed_s)
