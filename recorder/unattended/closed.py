"""A closed segment of ours: what its own account says of it, and what the system says.

Whatever is not proven here to be ours is never deleted.
"""

from __future__ import annotations

import math
import os
import socket
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from recorder.writers import about as about_file
from recorder.writers import naming
from recorder.writers.hdf5.reading import about_in

LARGEST_ABOUT = 16 * 2**20
"""Bytes; no about file of ours comes near it."""
_S = 1_000_000_000


class Seen(NamedTuple):
    """A file as it was when it was looked at; another one, or a changed one, is not equal."""

    path: Path
    inode: int = 0
    bytes: int = 0
    mtime_ns: int = 0
    is_there: bool = False
    is_plain: bool = False
    """An ordinary file on the folder's own disk, under this one name alone: no link of any kind."""


def see(path: Path, device: int) -> Seen:
    """Look at a file without following a link; `device` is its folder's.

    Raises
    ------
    OSError
        Nobody can tell whether there is one.
    """
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return Seen(path)
    plain = stat.S_ISREG(found.st_mode) and found.st_nlink == 1 and found.st_dev == device
    return Seen(path, found.st_ino, found.st_size, found.st_mtime_ns, True, plain)


def files_of(stem: Path, suffix: str) -> tuple[Path, ...]:
    """Return the files of a segment in the order in which they are removed."""
    if suffix == naming.HDF5:
        return (naming.beside(stem, naming.HDF5),)
    return tuple(naming.beside(stem, each) for each in (suffix, naming.LEDGER, naming.ABOUT))


@dataclass(frozen=True, slots=True)
class Closed:
    """A segment that is complete, or that a deletion has been begun of.

    Parameters
    ----------
    camera
        Whose.
    files
        In the order in which they are removed: the one with the frames first, about last.
    start
        Of its recording; the same text in all of its segments.
    started_ns
        That in Unix time.
    part
        Its number in the recording.
    begun_ns, mono_ns
        When it was begun, by the wall clock and by the monotonic clock of the system's run `boot`.
    length_ns
        From its first grab to its last.
    is_marked
        Its deletion has been begun.
    """

    camera: str
    files: tuple[Seen, ...]
    start: str
    started_ns: int
    part: int
    begun_ns: int
    mono_ns: int
    boot: str | None
    length_ns: int
    is_marked: bool

    @property
    def path(self) -> Path:
        """The file with the frames."""
        return self.files[0].path

    @property
    def is_plain(self) -> bool:
        """Whether all that is there of it are ordinary files of one name."""
        return all(seen.is_plain for seen in self.files if seen.is_there)

    @property
    def is_whole(self) -> bool:
        """Whether all of its files are there."""
        return all(seen.is_there for seen in self.files)

    @property
    def bytes(self) -> int:
        """Of all its files together."""
        return sum(seen.bytes for seen in self.files)

    @property
    def end_ns(self) -> int:
        """When it ended by its own account, Unix time."""
        return self.begun_ns + self.length_ns

    @property
    def mtimes_ns(self) -> tuple[int, ...]:
        """When the system last saw its files written."""
        return tuple(seen.mtime_ns for seen in self.files if seen.is_there)


def recognize(files: tuple[Seen, ...]) -> Closed | None:
    """Read what is said of some files; None unless they are proven to be a closed segment of ours.

    Parameters
    ----------
    files
        Of one stem, as `files_of` orders them.
    """
    holder = files[-1]  # of what is said
    if not holder.is_plain:
        return None
    if holder.path.name.endswith(naming.HDF5):
        about = _in_hdf5(holder.path)
    else:
        about = about_file.read(holder.path) if holder.bytes <= LARGEST_ABOUT else {}
    try:
        return _proven(about, files)
    except (KeyError, TypeError, ValueError, OverflowError):  # not as we write it
        return None


def _proven(about: Mapping[str, Any], files: tuple[Seen, ...]) -> Closed | None:
    camera = _text(about["camera"])
    recording = about["config"]["cameras"][camera]["recording"]
    limits = recording["retention"]
    ours = (
        about["state"] in (about_file.COMPLETE, about_file.DELETED),
        about["file"] == files[0].path.name,
        "ffmpeg_command" in about or about.get("format") == "hdf5",
        "converted_from" not in about,  # what a person has made of it
        about["writer"]["host"]
        == socket.gethostname(),  # not another machine's, in a shared folder
        bool(recording["segment"]),
        any(_whole_or_real(limits.get(key, 0)) > 0 for key in ("age", "size")),
    )
    if not all(ours):
        return None
    start = _text(about["start"])
    return Closed(
        camera,
        files,
        start,
        round(datetime.fromisoformat(start).timestamp() * _S),
        _whole(about["part"]),
        _whole(about["start_t_utc_ns"]),
        _whole(about["start_t_mono_ns"]),
        about.get("boot_id"),
        _length_ns(about),
        about["state"] == about_file.DELETED,
    )


def _length_ns(about: Mapping[str, Any]) -> int:
    fps, grabbed = about.get("measured_fps") or 0, _whole(about["totals"]["grabbed"])
    seconds = (grabbed - 1) / _whole_or_real(fps) if fps and grabbed > 1 else 0.0
    if not 0 <= seconds < math.inf:
        raise ValueError("no length of a recording")
    return round(seconds * _S)


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError("not a text")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("not a count")
    return value


def _whole_or_real(value: Any) -> float:
    if value is None:
        return 0
    if type(value) not in (int, float):
        raise TypeError("not a number")
    return float(value)


def _in_hdf5(path: Path) -> dict[str, Any]:
    """Return what `/about` says; nothing, if the file is not as we left it.

    Without a lock: one that is taken just when a recorder makes a file would be in its way.
    """
    try:
        about = about_in(path)
    except (OSError, LookupError, TypeError, ValueError, struct.error):
        return {}
    return about if isinstance(about, dict) else {}


__all__ = ["Closed", "Seen", "files_of", "recognize", "see"]
