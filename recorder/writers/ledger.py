"""The ledger: one row for every grabbed frame, with the system before its frame is.

CSV, with the columns of `COLUMNS`; what each means is in recorder/README.md. Rows are written one
by one and unbuffered: what a killed recorder has grabbed is known up to the last frame.
"""

from __future__ import annotations

import csv
import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from recorder.errors import FileTaken, FileTooLarge, NoSpace, RecorderError, WriterError
from recorder.frame import FrameStamp
from recorder.system import sync_file, write_all
from recorder.writers.rewriting import rewrite, rewrite_in_place

COLUMNS = ("frame", "grab", "status", "t_mono_ns", "t_utc_ns", "t_camera_ms", "xxh3_64", "note")
_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_HEAD = ",".join(COLUMNS) + "\n"
NEVER_WRITTEN = "\0"
"""What a file may end in, or consist of, whose size reached the disk before what is in it did."""


class Row(NamedTuple):
    """One row as it stands in the file."""

    frame: int
    """0-based index in the file; -1 when the frame is not in it."""
    grab: int
    """0-based count since the recording began; -1 for a gap."""
    status: str
    """written, dropped, bad or gap."""
    t_mono_ns: int
    t_utc_ns: int
    t_camera_ms: float | None
    xxh3_64: int | None
    note: str

    @property
    def stamp(self) -> FrameStamp:
        """When its frame was grabbed, and what its bytes hash to, if it is in the file."""
        clocks = (self.t_mono_ns, self.t_utc_ns, self.t_camera_ms)
        return FrameStamp(*clocks, self.grab, 1, self.xxh3_64, self.note)


class Ledger:
    """Writes rows; one thread owns it.

    Parameters
    ----------
    path
        A new file. Making it claims the name for this recording.

    Raises
    ------
    FileTaken
        The file exists.
    NoSpace, WriterError
        It cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.frames = 0
        self.missed = 0
        self._size = 0
        self._fd = _create(path)
        try:
            self._write(_HEAD)
        except RecorderError:
            self.discard()
            raise

    @property
    def size(self) -> int:
        """Bytes that it has by now."""
        return self._size

    def written(self, stamp: FrameStamp) -> None:
        """Write the row of the next frame of the file, before the frame itself."""
        self._write(row_text(self.frames, stamp, "written", stamp.note))
        self.frames += 1

    def missing(self, stamp: FrameStamp, status: str, note: str) -> None:
        """Write the row of a frame that is not in the file."""
        self._write(row_text(-1, stamp, status, note))
        self.missed += 1

    def _write(self, text: str) -> None:
        data = text.encode()
        try:
            write_all(self._fd, memoryview(data))
        except OSError as error:
            os.ftruncate(self._fd, self._size)  # half a row would spoil the next one
            raise as_recorder_error(error, self.path) from error
        self._size += len(data)

    def settle(self, in_file: int, note: str) -> int:
        """Turn the rows of frames that did not make it into the file into dropped ones.

        Parameters
        ----------
        in_file
            Frames counted in the file: the first so many.
        note
            Why the others are lost.

        Returns
        -------
        int
            How many rows were changed.
        """
        lost = self.frames - in_file
        if lost <= 0:
            return 0
        os.close(self._fd)  # no row may follow: the file is about to be another one
        self._fd = -1
        _settle_file(self.path, in_file, note)
        self.frames = in_file
        self.missed += lost
        return lost

    def close(self) -> None:
        """Bring the rows to the disk.

        Raises
        ------
        WriterError, NoSpace
        """
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        try:
            sync_path(self.path)
        except OSError as error:
            raise as_recorder_error(error, self.path) from error

    def discard(self) -> None:
        """Remove the file again; nothing was recorded."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        self.path.unlink(missing_ok=True)


def sync_path(path: Path) -> None:
    """Bring a file's bytes to the disk, whoever wrote them."""
    fd = os.open(path, os.O_RDWR)
    try:
        sync_file(fd)
    finally:
        os.close(fd)


def as_recorder_error(error: OSError, path: Path) -> RecorderError:
    """Say an operating system's error in our terms: a full disk is not a broken one."""
    if error.errno in _FULL:
        return NoSpace(f"no space left for {path}")
    if error.errno == errno.EFBIG:
        return FileTooLarge(
            f"{path} cannot become larger: its disk has such a limit (FAT: 4 GB), or see ulimit -f"
        )
    return WriterError(f"cannot write {path}: {error.strerror or error}")


def _create(path: Path) -> int:
    try:
        # O_EXCL is what makes two recorders that start in the same second choose two names.
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        return os.open(path, flags | getattr(os, "O_BINARY", 0), 0o666)  # Windows: no \r\n
    except FileExistsError:
        raise FileTaken(f"{path} exists; nothing is ever overwritten") from None
    except OSError as error:
        raise as_recorder_error(error, path) from error


def row_text(frame: int, stamp: FrameStamp, status: str, note: str) -> str:
    """Return a row as it stands in the file; `frame` is -1 when the frame is not in it."""
    camera = "" if stamp.t_camera_ms is None else f"{stamp.t_camera_ms:.6f}"
    digest = "" if stamp.xxh3_64 is None else f"{stamp.xxh3_64:016x}"
    index = "" if frame < 0 else frame
    clocks = f"{stamp.t_mono_ns},{stamp.t_utc_ns},{camera}"
    return f"{index},{stamp.grab},{status},{clocks},{digest},{note}\n"


def _settle_file(path: Path, in_file: int, note: str) -> None:
    try:
        rewrite(path, in_file, note)
    except OSError as error:
        if error.errno not in _FULL:
            raise as_recorder_error(error, path) from error
        rewrite_in_place(path, in_file, note)


def has_rows(path: Path) -> bool:
    """Whether anything stands below the names of the columns."""
    with path.open("rb") as file:
        begin = file.read(len(_HEAD) + 1)
    return len(begin) > len(_HEAD) and not begin.startswith(NEVER_WRITTEN.encode())


def read_rows(path: Path) -> Iterator[Row]:
    """Read a ledger, also one that was cut off by a kill, or when the power went.

    Raises
    ------
    RecorderError
        The file is no ledger, or a row in its middle makes no sense.
    """
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        head = file.readline()
        if not head.strip(NEVER_WRITTEN):
            return
        if tuple(next(csv.reader([head]), ())) != COLUMNS:
            raise RecorderError(f"{path} is not a ledger: its first line does not name the columns")
        for number, text in enumerate(file, start=2):
            if not text.endswith("\n") or NEVER_WRITTEN in text:
                return  # the end came in the middle of this row, so its frame never followed
            yield _parse(text, path, number)


def _parse(text: str, path: Path, number: int) -> Row:
    cells = text.rstrip("\r\n").split(",")
    try:
        frame, grab, status, mono, utc, camera, digest, note = cells
        return Row(
            int(frame) if frame else -1,
            int(grab),
            status,
            int(mono),
            int(utc),
            float(camera) if camera else None,
            int(digest, 16) if digest else None,
            note,
        )
    except ValueError:
        raise RecorderError(f"{path}:{number}: not a ledger row: {text.strip()[:80]!r}") from None
