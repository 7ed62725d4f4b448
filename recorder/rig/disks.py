"""How long each disk lasts on which a rig records: one number for all cameras that write to it.

A camera only knows what it writes itself. What all write together is known here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from recorder.pipeline.guards import SETTLED_S, DiskWarner
from recorder.stats import CameraStatus

OPEN = ("previewing", "recording", "finishing")

Disks = Mapping[int, list[CameraStatus]]


def shared(cameras: Iterable[CameraStatus]) -> tuple[CameraStatus, ...]:
    """Return the statuses, with the same numbers of a disk for all cameras that write to it.

    What is free is the least that an open camera has seen: each looks at an instant of its own.
    What must stay free is the most that a camera keeps that writes: there the first one stops.
    """
    cameras = tuple(cameras)
    disks = _by_disk(cameras)
    lasts = {disk: _lasts_s(found) for disk, found in disks.items()}
    free = {disk: _free(found) for disk, found in disks.items()}
    return tuple(
        each
        if each.disk is None
        else replace(each, disk_free_bytes=free[each.disk], time_left_s=lasts[each.disk])
        for each in cameras
    )


def _by_disk(cameras: Iterable[CameraStatus]) -> Disks:
    disks: dict[int, list[CameraStatus]] = {}
    for camera in cameras:
        if camera.disk is not None:
            disks.setdefault(camera.disk, []).append(camera)
    return disks


def _free(cameras: Sequence[CameraStatus]) -> int | None:
    # One that is closed no longer looks.
    cameras = [each for each in cameras if each.state in OPEN] or cameras
    known = [each.disk_free_bytes for each in cameras if each.disk_free_bytes is not None]
    return min(known, default=None)


def _lasts_s(cameras: Sequence[CameraStatus]) -> float | None:
    """Return for how long one disk lasts at the rate of all that write to it."""
    writing = [each for each in cameras if each.disk_bytes_s > 0]
    free = _free(writing)
    if free is None:
        return None
    kept = max(each.disk_kept_bytes for each in writing)
    return max(0.0, (free - kept) / sum(each.disk_bytes_s for each in writing))


class DiskWatch:
    """Says in the log, once for each disk, that it does not last long."""

    def __init__(self) -> None:
        self._warners: dict[int, DiskWarner] = {}

    def look(self, cameras: Iterable[CameraStatus], folders: Mapping[str, Path]) -> None:
        """Look at the disks that are recorded to.

        Parameters
        ----------
        cameras
            As `shared` gives them.
        folders
            Where each camera records, by its name.
        """
        recording = [each for each in cameras if each.state == "recording"]
        for disk, found in _by_disk(recording).items():
            if max(each.elapsed_s for each in found) > SETTLED_S:
                where = ", ".join(dict.fromkeys(str(folders[each.name]) for each in found))
                warner = self._warners.setdefault(disk, DiskWarner())
                warner.look(where, found[0].time_left_s, _longest_s(found))


def _longest_s(cameras: Iterable[CameraStatus]) -> float | None:
    """Return how long the last of these recordings lasts yet; None: not known."""
    known = [each.to_go_s for each in cameras]
    return None if None in known else max(each for each in known if each is not None)
