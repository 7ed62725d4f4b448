"""What is to be known of the disk that a folder is on: which one it is, how large files may be."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

from recorder.system import WINDOWS

FAT_LARGEST = 2**32 - 1
"""Bytes of a file: FAT keeps its length in 32 bits."""
_FAT = frozenset({"fat", "fat12", "fat16", "fat32", "vfat", "msdos", "msdosfs", "umsdos"})
"""What systems call it, in lower case; exFAT is another one and has no such limit."""


class FileLimit(NamedTuple):
    """How large a file may become.

    Parameters
    ----------
    size
        The largest, in bytes.
    why
        What sets the limit, in words.
    """

    size: int
    why: str

    def __str__(self) -> str:
        """Return both in words: ``files end at 4 GiB (the disk is FAT)``."""
        return f"files end at {_binary(self.size)} ({self.why})"

    def is_below(self, size: int | None) -> bool:
        """Whether files end before they have a wanted size; None: they have no end of their own."""
        return size is None or size > self.size


def file_limit(folder: Path) -> FileLimit | None:
    """Return how large a file in a folder may become; None: no limit that a recording meets.

    Parameters
    ----------
    folder
        Need not exist yet.
    """
    found = []
    if file_system(folder).lower() in _FAT:
        found.append(FileLimit(FAT_LARGEST, "the disk is FAT"))
    own = _own_limit()
    if own is not None:
        found.append(FileLimit(own, "ulimit -f of this process"))
    return min(found, default=None)


def disk_of(folder: Path) -> int | None:
    """Return a number that folders on the same disk share; None if that is not known.

    Parameters
    ----------
    folder
        Need not exist yet.
    """
    try:
        return nearest(folder).stat().st_dev
    except OSError:
        return None


def nearest(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    places = (folder, *folder.absolute().parents)
    return next((place for place in places if is_folder(place)), Path())


def is_folder(path: Path) -> bool:
    """Whether there is a folder of that name, as far as the system says."""
    try:
        return path.is_dir()
    except OSError:  # a name that is too long, a share that does not answer
        return False


def file_system(folder: Path) -> str:
    """Return what the system calls the kind of a folder's disk, as ``ext4``; empty if unknown."""
    place = nearest(folder)
    try:
        return _windows_kind(place) if WINDOWS else _mounted_kind(place)
    except OSError:
        return ""


def _mounted_kind(folder: Path) -> str:
    import psutil

    place = folder.resolve()
    while not os.path.ismount(place) and place != place.parent:
        place = place.parent
    mounted = psutil.disk_partitions(all=True)
    # The last one at a place hides those that were mounted there before.
    return next((each.fstype for each in reversed(mounted) if each.mountpoint == str(place)), "")


def _windows_kind(folder: Path) -> str:
    """Ask for this volume alone: of all drives, one in the network may not answer for long."""
    import ctypes

    kernel: Any = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    root, kind = ctypes.create_unicode_buffer(1024), ctypes.create_unicode_buffer(64)
    if not kernel.GetVolumePathNameW(str(folder.absolute()), root, len(root)):
        return ""
    nothing = (None, 0, None, None, None)
    found = kernel.GetVolumeInformationW(root, *nothing, kind, len(kind))
    return kind.value if found else ""


def _own_limit() -> int | None:
    """Return what `ulimit -f` allows this process and its encoder; None: anything."""
    try:
        import resource
    except ImportError:  # Windows has none
        return None
    size = resource.getrlimit(resource.RLIMIT_FSIZE)[0]
    return None if size == resource.RLIM_INFINITY else size


def _binary(size: int) -> str:
    for unit, factor in (("GiB", 2**30), ("MiB", 2**20), ("KiB", 2**10)):
        if size >= 0.999 * factor:
            return f"{size / factor:.3g} {unit}"
    return f"{size} bytes"
