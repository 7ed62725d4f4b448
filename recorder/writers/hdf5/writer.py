"""Frames into an HDF5 file, with ledger and about in it: STEM.h5."""

from __future__ import annotations

import logging
import os
import struct
import time
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.errors import FileTaken, NoSpace, RecorderError, WriterError
from recorder.frame import FrameSpec, FrameStamp
from recorder.system import sync_folder, yield_to_others
from recorder.writers import about as about_file
from recorder.writers import naming
from recorder.writers.account import STATUSES, Account, why_lost
from recorder.writers.base import Done, WriteReport, nothing
from recorder.writers.hdf5.columns import COLUMNS, row
from recorder.writers.hdf5.dataset import Dataset
from recorder.writers.hdf5.file import GrowingFile
from recorder.writers.hdf5.filters import Filter, Parts
from recorder.writers.ledger import as_recorder_error

if TYPE_CHECKING:
    from recorder.frame import Frame

log = logging.getLogger(__name__)

COMMIT_S = 0.25
"""How often what was written is made visible. A kill costs at most this, the frames that are on
their way then and, where the file is synced meanwhile, `LONGEST_SYNC_S`."""
LONGEST_SYNC_S = 0.5
"""A disk that takes longer to sync is not waited for: programs die more often than power fails."""
WORKERS = min(4, os.cpu_count() or 2)
CHUNK_ROWS = 512
FRAME_BYTES = 1024
"""A chunk has at most so many bytes, and a 64th, more than its frame: the envelope of Blosc2 takes
204, what zlib adds to noise a 3000th."""
ROW_BYTES = sum(int(dtype[2:]) for _, dtype in COLUMNS)
END_BYTES = 1 << 19
"""What the next rows, their index and the last `/about` take at most: rows for 512 frames are 37 KB
and pages of the index 100 KB, twice, as the next ones are always ready."""

_DTYPES = {"uint8": "|u1", "uint16": "<u2"}


@dataclass(slots=True)
class _Entry:
    """A row that waits for its turn, with its frame's chunk if it has one."""

    stamp: FrameStamp
    status: str = "written"
    note: str = ""
    chunk: Future[Parts] | None = None
    done: Done = nothing


class Hdf5Writer:
    """One HDF5 file: frames, ledger and about in one.

    Frames are compressed by a few threads of low priority and written in their order by the one
    thread that owns the writer. A frame is lent until it is compressed.

    Parameters
    ----------
    stem
        Folder and name without suffix; the folder exists.
    filter_
        Proven for the frames that will come (`filters.prove`).
    about
        What goes into `/about` beside what this writer knows itself.
    at_close
        Gives what goes into it only when the file is finished.
    workers
        Threads that compress.
    """

    def __init__(
        self,
        stem: Path,
        filter_: Filter,
        about: Mapping[str, Any],
        at_close: Callable[[], Mapping[str, Any]] = dict,
        workers: int = WORKERS,
    ) -> None:
        self.stem = stem
        self.path = naming.beside(stem, naming.HDF5)
        self._filter = filter_
        self._about = dict(about)
        self._at_close = at_close
        self._workers = workers
        self._account = Account()
        self._entries: deque[_Entry] = deque()
        self._rows: list[tuple[Any, ...]] = []
        self._in_flight = self._frame_bytes = 0
        self._handed = 0
        self._failure: RecorderError | None = None
        self._is_behind = False
        self._commit_at = time.monotonic()
        self._show_by = self._commit_at
        self._is_synced = False  # by somebody, from time to time

    def open(self, spec: FrameSpec) -> None:
        """Claim the name and lay out the file.

        Raises
        ------
        FileTaken, WriterError, NoSpace
            Nothing is left behind.
        """
        naming.require_free(self.stem)
        self._describe(spec)
        self._frame_bytes = spec.nbytes + spec.nbytes // 64 + FRAME_BYTES
        frames = Dataset("frames", _DTYPES[spec.dtype], (1, *spec.shape), self._filter.pipeline())
        self._columns = [Dataset(name, dtype, (CHUNK_ROWS,)) for name, dtype in COLUMNS]
        try:
            self._file = GrowingFile(self.path, frames, self._columns, self._about)
        except FileExistsError:
            raise FileTaken(f"{self.path} exists; nothing is ever overwritten") from None
        except BaseException as error:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
            if isinstance(error, OSError):
                raise as_recorder_error(error, self.path) from error
            if isinstance(error, ValueError | struct.error):
                raise WriterError(f"HDF5 cannot hold what is to be said: {error}") from error
            raise
        self._pool = ThreadPoolExecutor(self._workers, "compress", initializer=yield_to_others)

    def _describe(self, spec: FrameSpec) -> None:
        self._about |= {
            "file": self.path.name,
            "format": "hdf5",
            "pixel_format": spec.pixel_format,
            "width": spec.width,
            "height": spec.height,
            "dtype": spec.dtype,
            "nominal_fps": spec.fps,
            "codec": self._filter.name,
            "writer": about_file.this_writer(),
            "state": about_file.RECORDING,
            "reason": None,
        }

    @property
    def bytes_on_disk(self) -> int:
        """Size of the file by now."""
        return self._file.size

    @property
    def bytes_at_most(self) -> int:
        """How large the file can become: what it holds, is on its way, and stands at its end."""
        rows = ROW_BYTES * (len(self._rows) + len(self._entries))
        frames = (self._in_flight + 1) * self._frame_bytes
        return self._file.size + frames + rows + END_BYTES

    # -- frames and rows ----------------------------------------------------------------------

    def write(self, frame: Frame, stamp: FrameStamp, done: Done = nothing) -> None:
        """Let a frame be compressed, and write those whose turn it is.

        Raises
        ------
        WriterError, NoSpace
            An earlier frame could not be written; this one has a row that says it is lost.
        """
        self._account.see(stamp)
        try:
            self.check()
            entry = _Entry(stamp, chunk=self._begin(frame, done))
        except (WriterError, NoSpace) as error:
            self._entries.append(_Entry(stamp, "dropped", why_lost(error)))
            raise
        entry.done = done if self._filter.lends else nothing
        self._entries.append(entry)
        self._in_flight += 1
        self._handed += 1
        self._advance(self._workers + 2)

    def _begin(self, frame: Frame, done: Done) -> Future[Parts]:
        if self._filter.lends:  # there is nothing to do for it, and its memory is waited for
            ready: Future[Parts] = Future()
            ready.set_result(self._filter.compress(frame))
            return ready
        try:
            return self._pool.submit(self._compress, frame, done)
        except RuntimeError as error:  # no thread to be had, or the interpreter is going
            self._failure = WriterError(f"a frame could not be compressed: {error}")
            raise self._failure from error

    def _compress(self, frame: Frame, done: Done) -> Parts:
        try:
            return self._filter.compress(frame)
        finally:
            done()

    def skip(self, stamp: FrameStamp, status: str, note: str) -> None:
        """Write the row of a frame that is not in the file, in its turn."""
        self._account.see(stamp)
        self._entries.append(_Entry(stamp, status, note))
        if self._failure is None:
            self._advance(self._workers + 2)

    def check(self) -> None:
        """Write what is ready while no frame comes, and raise what went wrong.

        Raises
        ------
        WriterError, NoSpace
        """
        if self._failure is None:
            self._advance(self._workers + 2)
        if self._failure is not None:
            raise self._failure

    def _advance(self, most: int) -> None:
        """Write what is finished, in order; wait while more than `most` frames are on their way."""
        try:
            while self._entries and (self._in_flight > most or self._is_ready(self._entries[0])):
                self._take(self._entries[0])
                self._entries.popleft()
            if time.monotonic() >= self._commit_at:
                self._commit()
        except OSError as error:
            self._failure = as_recorder_error(error, self.path)
        except RecorderError as error:
            self._failure = error
        except Exception as error:  # what is in the file so far can still be finished
            log.exception("HDF5 could not be written, in an unforeseen way")
            self._failure = WriterError(f"{type(error).__name__}: {error}")

    @staticmethod
    def _is_ready(entry: _Entry) -> bool:
        return entry.chunk is None or entry.chunk.done()

    def _take(self, entry: _Entry) -> None:
        if entry.chunk is None:
            self._row(entry, entry.status, entry.note)
            return
        try:
            parts = entry.chunk.result()
        except Exception as error:
            raise WriterError(f"a frame could not be compressed: {error}") from error
        try:
            self._file.add_frame(parts)
        finally:
            entry.done()
            entry.done = nothing
        self._in_flight -= 1
        self._row(entry, "written", entry.stamp.note)

    def _row(self, entry: _Entry, status: str, note: str) -> None:
        self._rows.append(row(entry.stamp, self._file.frames - 1, status, note))

    def _commit(self) -> None:
        now = time.monotonic()
        if self._file.is_staged and self._is_synced and now < self._show_by:
            return  # it becomes visible when it is on the disk
        self._file.show()
        self._commit_at = now + COMMIT_S
        self._is_behind = self._is_behind or bool(self._rows)
        if self._is_behind:
            self._add_rows()
            self._file.stage()
            self._show_by = now + LONGEST_SYNC_S
            self._is_behind = False
            if not self._is_synced:
                self._file.show()

    def sync(self) -> None:
        """Bring to the disk what is written, then show it; see `GrowingFile.sync`.

        Raises
        ------
        OSError
        """
        self._is_synced = True
        self._file.sync()

    def _add_rows(self) -> None:
        statuses = [STATUSES[cells[2]] for cells in self._rows]
        try:
            self._file.add_rows(self._rows)
        finally:
            for status in statuses[: len(statuses) - len(self._rows)]:
                self._account.counts[status] += 1

    # -- the end ------------------------------------------------------------------------------

    def close(self, reason: str) -> WriteReport:
        """Finish the file, whatever state it is in.

        Parameters
        ----------
        reason
            Why it ends, for `/about`; replaced if the writer failed.
        """
        if self._failure is None:
            self._advance(0)
        self._pool.shutdown(wait=True)
        try:
            self._give_up_the_rest()
            unfinished = self._finish(reason)
        finally:
            self._file.abandon()
        there = self.path.exists()
        return WriteReport(
            (self.path,) if there else (),
            self._file.visible,
            self._handed - self._file.visible,
            self.path.stat().st_size if there else 0,
            None if self._failure is None else str(self._failure),
            unfinished,
            dict(self._account.counts),
            self._account.first_grab,
            self._account.last_grab,
        )

    def _give_up_the_rest(self) -> None:
        """Turn what has not been written by now into rows that say so."""
        for entry in self._entries:
            entry.done()
            status, note = entry.status, entry.note
            if entry.chunk is not None:
                status, note = "dropped", why_lost(self._failure)
            self._row(entry, status, note)
        self._entries.clear()

    def _finish(self, reason: str) -> RecorderError | None:
        unfinished: RecorderError | None = None
        try:
            self._add_rows()
        except OSError as error:  # the rows of lost frames may be too many for a full disk
            unfinished = as_recorder_error(error, self.path)
        try:
            self._about |= dict(self._at_close()) | self._account.closing(reason, self._failure)
            self._file.finish(self._about)
            sync_folder(self.stem.parent)
        except OSError as error:
            return as_recorder_error(error, self.path)
        except (ValueError, struct.error) as error:
            return WriterError(f"HDF5 cannot hold what is to be said: {error}")
        except RecorderError as error:
            return error
        return unfinished
