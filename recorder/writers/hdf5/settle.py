"""Finish the HDF5 file of a process that is dead; see `recorder.writers.settle`."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from recorder.errors import RecorderError, WriterError
from recorder.frame import FrameStamp
from recorder.system import sync_folder
from recorder.writers import about as about_file
from recorder.writers import naming
from recorder.writers.hdf5.columns import row
from recorder.writers.hdf5.reopen import NotOurs, ReopenedFile
from recorder.writers.ledger import Row, as_recorder_error
from recorder.writers.settled import CRASHED, Audit, SettledFile


def settle_hdf5(stem: Path, lost: Sequence[FrameStamp], error: str, reason: str) -> SettledFile:
    """Finish an HDF5 file; parameters and errors as of `settle.settle_dead`.

    Frames and rows are exact up to the last commit; what the process had taken since then is lost
    with it. Rows of lost frames are appended, and `/about` is written anew.
    """
    path = naming.beside(stem, naming.HDF5)
    try:
        file = ReopenedFile(path)
    except NotOurs as failure:
        return _left(path, lost, error, failure)
    except OSError as failure:
        return _left(path, lost, error, as_recorder_error(failure, path))
    try:
        return _DeadHdf5(path, file).settle(lost, error, reason)
    finally:
        file.abandon()


def rows_of_hdf5(stem: Path) -> Iterator[Row]:
    """Give the rows of a dead process's file, which is not changed; see `settle.grabs_in`."""
    try:
        file = ReopenedFile(naming.beside(stem, naming.HDF5))
    except NotOurs:
        return
    try:
        yield from file.rows()
    finally:
        file.abandon()


def _left(
    path: Path, lost: Sequence[FrameStamp], error: str, why: NotOurs | RecorderError
) -> SettledFile:
    """Leave a file alone that cannot be opened; before its first page there is nothing in it."""
    audit = Audit()
    audit.add_lost(lost)
    nothing = isinstance(why, NotOurs) and not why.begun
    if nothing and not lost:
        return audit.settled((), {}, error, None)
    unfinished = WriterError(str(why)) if isinstance(why, NotOurs) else why
    return audit.settled((path,), {}, error, unfinished)


class _DeadHdf5:
    """STEM.h5, as a kill left it."""

    def __init__(self, path: Path, file: ReopenedFile) -> None:
        self._path = path
        self._file = file
        self._audit = Audit()
        if about_file.is_live(file.about):  # there are file systems without locks
            raise RecorderError(f"{path} is still being written; end that process first")

    def settle(self, lost: Sequence[FrameStamp], error: str, reason: str) -> SettledFile:
        """See `settle.settle_dead`."""
        about = self._file.about
        unfinished: RecorderError | None = None
        try:
            for known in self._file.rows():
                self._audit.add(known.stamp, known.status, known.note)
            if about.get("state") == about_file.COMPLETE:
                return self._audit.settled((self._path,), about, about.get("error"), None)
            about = self._finish(self._audit.add_lost(lost), error, reason)
        except OSError as failure:
            unfinished = as_recorder_error(failure, self._path)
        except (ValueError, KeyError, IndexError, struct.error) as failure:
            unfinished = WriterError(f"{self._path} cannot be finished: {failure}")
        except RecorderError as failure:
            unfinished = failure
        self._audit.add_lost(lost)
        return self._audit.settled((self._path,), about, error, unfinished)

    def _finish(self, lost: Sequence[FrameStamp], error: str, reason: str) -> dict[str, Any]:
        """Write what is missing; nothing of it is visible before all rows are written."""
        self._file.add_rows([row(stamp, -1, "dropped", CRASHED) for stamp in lost])
        about = self._file.about | self._audit.account.finished(reason, error)
        self._file.finish(about)
        sync_folder(self._path.parent)
        return about
