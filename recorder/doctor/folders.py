"""The folders that recordings go to: room, kind of file system, locks, and speed."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from recorder import readout
from recorder.disks import file_limit, file_system, nearest
from recorder.doctor.finding import Finding, warning
from recorder.errors import RecorderError
from recorder.pipeline.guards import reserve
from recorder.rig.link import connect, running
from recorder.system import free_bytes, is_locked, lock_file, sync_file, unlock_file
from recorder.writers import about as about_file
from recorder.writers import naming

if TYPE_CHECKING:
    from recorder.config import CameraConfig, Config

MEASURED_S = 2.0
_BLOCK = 4 * 2**20
_LONGEST_TEST = 2 * 2**30
"""Bytes that are written at most, however fast the disk is."""
_SHARES = ("nfs", "cifs", "smb", "9p", "sshfs", "davfs", "glusterfs", "ceph", "afs", "ncpfs")
_LIKELY_RATIO = 2.0
"""What camera noise is compressed by; see tests/README.md."""


def folders(config: Config | None) -> Iterator[Finding]:
    """Look at each folder of the config once, or at ``recordings``."""
    rates: dict[Path, float] = {}
    kept: dict[Path, int | None] = {}
    for camera in config.cameras.values() if config else ():
        if camera.recording.format != "none":
            folder = camera.recording.folder
            rates[folder] = rates.get(folder, 0.0) + _raw_rate(camera)
            kept[folder] = camera.recording.keep_free
    if config is None:
        rates, kept = {Path("recordings"): 0.0}, {Path("recordings"): None}
    for folder, rate in rates.items():
        yield from _folder(folder, rate, kept[folder])


def _raw_rate(camera: CameraConfig) -> float:
    """Return the bytes per second before compression; 0 where the config does not tell."""
    spec = camera.known_spec()
    return spec.nbytes * spec.fps if spec is not None and spec.fps else 0.0


def _folder(folder: Path, raw_rate: float, keep_free: int | None) -> Iterator[Finding]:
    what = f"folder {folder}"
    place = nearest(folder.absolute())
    if not place.is_dir():
        yield Finding(what, f"{place} is no folder", 4, "name another recording.folder")
        return
    if not os.access(place, os.W_OK | os.X_OK):
        yield Finding(what, f"no permission to write to {place}", 4, "name another folder")
        return
    yield _room(what, place, keep_free)
    yield from _kind(what, place)
    if busy := _who_records(folder) or _too_full(place):
        yield Finding(what, f"speed not measured: {busy}")
        return
    yield from _try_writing(what, place, raw_rate)


def _room(what: str, place: Path, keep_free: int | None) -> Finding:
    free, keep = free_bytes(place), reserve(keep_free)
    text = f"{readout.size(free)} free, {readout.size(keep)} of them kept free"
    if free < keep:
        return Finding(what, text, 5, "make room, or lower recording.keep_free")
    return Finding(what, text)


def _kind(what: str, place: Path) -> Iterator[Finding]:
    """Look what kind of file system it is, and how large a file may become there."""
    limit = file_limit(place)
    if limit is not None:
        text = f"{limit}; a recording then goes on in the next one"
        remedy = (
            "ulimit -f unlimited" if "ulimit" in limit.why else "a disk with exFAT, NTFS or ext4"
        )
        yield warning(what, text, remedy)
    kind = file_system(place).lower()
    if kind.removeprefix("fuse.").startswith(_SHARES):
        text = f"{kind}: a network share; a pause of the network costs frames"
        remedy = "record to a disk of this machine, and copy afterwards"
        yield warning(what, text, remedy)


def _too_full(place: Path) -> str:
    return "" if free_bytes(place) >= 4 * _BLOCK else "the disk is full"


def _who_records(folder: Path) -> str:
    """Say what may be being recorded, there or by a rig anywhere on this machine; else nothing."""
    live = recordings_in(folder)
    if live:
        return f"{live[0].name} is being recorded there"
    with suppress(RecorderError):  # the folder of rigs is not ours alone: there are none of ours
        for rig in running():
            if busy := _is_recording(rig.name):
                return busy
    return ""


def _is_recording(name: str) -> str:
    try:
        with connect(name) as link:
            state = link.status().state
    except RecorderError:  # halted, or just gone: whether it records cannot be told
        return f"{name} does not say whether it is recording"
    return f"{name} is recording on this machine" if state == "recording" else ""


def recordings_in(folder: Path) -> list[Path]:
    """Return the files in a folder that a recorder of this machine is writing now."""
    with suppress(OSError):
        return [path for path in folder.iterdir() if _is_being_written(path)]
    return []


def _is_being_written(path: Path) -> bool:
    if path.suffix == naming.ABOUT:
        return about_file.is_live(about_file.read(path))
    with suppress(OSError):  # another user's, or where there are no locks
        return path.suffix == naming.HDF5 and is_locked(path)
    return False


def _try_writing(what: str, place: Path, raw_rate: float) -> Iterator[Finding]:
    """Write for two seconds, with a lock on the file, and remove it again."""
    try:
        # Without a name: the system removes it, also if this program is killed.
        with tempfile.TemporaryFile(dir=place) as file:
            yield from _locks(what, file.fileno())
            rate = _speed(file.fileno(), free_bytes(place))
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        remedy = "make room" if full else "name another recording.folder"
        yield Finding(what, f"cannot write: {error.strerror}", 5 if full else 4, remedy)
        return
    text = f"writes {readout.size(rate)}/s"
    if raw_rate:
        text += f"; the cameras give {readout.size(raw_rate)}/s before compression"
    if raw_rate / _LIKELY_RATIO > rate:
        yield warning(what, text, "a faster disk, a smaller size or rate, or codec: archive")
    else:
        yield Finding(what, text)


def _locks(what: str, fd: int) -> Iterator[Finding]:
    try:
        lock_file(fd)
    except (OSError, RecorderError) as error:
        yield warning(what, f"files cannot be locked: {error}", "another program may open them")
        return
    unlock_file(fd)


def _speed(fd: int, free: int) -> float:
    """Return how many bytes per second reach the disk: what is only in memory does not count."""
    block = os.urandom(_BLOCK)  # a file system that compresses gains nothing
    most = min(_LONGEST_TEST, free // 4)
    began, written = time.monotonic(), 0
    while written < most and time.monotonic() - began < MEASURED_S:
        written += os.write(fd, block)
        sync_file(fd)
    return written / max(time.monotonic() - began, 1e-6)
