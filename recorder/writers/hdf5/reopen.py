"""A growing file taken up again, after the process that wrote it has died.

What it left is exact up to its last commit, and what is written now becomes visible as before: by
one write of the first page. So a kill in here costs nothing, and it can be begun anew.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recorder.errors import RecorderError
from recorder.system import lock_file
from recorder.writers.hdf5 import reading
from recorder.writers.hdf5.chunks import ChunkIndex
from recorder.writers.hdf5.columns import COLUMNS, as_row
from recorder.writers.hdf5.dataset import Dataset
from recorder.writers.hdf5.file import PAGE, GrowingFile, room_for
from recorder.writers.hdf5.reading import ROOT_AT, SIGNATURE
from recorder.writers.ledger import Row

_END_AT = 40
"""Where the superblock has the end of the file and the address of the root group."""


class NotOurs(Exception):
    """The file is not as this recorder lays it out; `begun` tells whether it is one at all."""

    def __init__(self, what: str, begun: bool = True) -> None:
        super().__init__(what)
        self.begun = begun


class _Frames(Dataset):
    """The frames: none is added, so their header stays as it is."""

    def __init__(self, chunk_shape: Sequence[int], header: bytes) -> None:
        super().__init__("frames", "|u1", chunk_shape)
        self._header = header

    def header(self) -> bytes:
        return self._header


class ReopenedFile(GrowingFile):
    """A file that takes more ledger rows and its last `/about`; see `GrowingFile`.

    Parameters
    ----------
    path
        Of the file, which nobody else writes.

    Attributes
    ----------
    about
        What `/about` says.

    Raises
    ------
    RecorderError
        The process that writes it still lives.
    NotOurs
        It was killed before it was a file, or another program has changed it since.
    OSError
        It is gone, or cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._begin(path)
        self._fd = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        try:
            _lock(self._fd, path)
            self._load()
        except (ValueError, KeyError, IndexError, TypeError, struct.error) as error:
            self.abandon()
            raise NotOurs(f"{path} is not as it was left: {error}") from error
        except BaseException:
            self.abandon()
            raise

    def _load(self) -> None:
        if os.read(self._fd, len(SIGNATURE)) != SIGNATURE:
            raise NotOurs("the process was killed before there was a file", begun=False)
        (self._end,) = struct.unpack("<Q", self._get(_END_AT, 8))
        if not PAGE <= self._end <= os.fstat(self._fd).st_size:
            raise ValueError(f"it does not have the {self._end} bytes that it says")
        (self._root,) = struct.unpack("<Q", self._get(ROOT_AT, 8))
        root = reading.Group(self._get, self._root)
        ledger = reading.Group(self._get, root.members["ledger"])
        self._frames = self._frames_at(root.members["frames"])
        self._columns = [self._column(*named, ledger.members[named[0]]) for named in COLUMNS]
        if len({column.rows for column in self._columns}) > 1:
            raise ValueError("the columns of its ledger differ in length")
        self._take_up_block()
        self.visible = self._frames.rows
        self._load_about(root)
        if self._page() != self._get(0, PAGE):
            raise ValueError("another program has changed it")

    def _frames_at(self, address: int) -> Dataset:
        rows, index, chunk, itemsize = reading.dataset(self._get, address)
        header = self._get(address, reading.header_size(self._get, address))
        frames = _Frames(chunk, header)
        self._resume(frames, address, rows, ChunkIndex(chunk, itemsize, self._page_for), index)
        return frames

    def _column(self, name: str, dtype: str, address: int) -> Dataset:
        rows, index, chunk, itemsize = reading.dataset(self._get, address)
        column = Dataset(name, dtype, chunk)
        self._resume(column, address, rows, ChunkIndex(chunk, itemsize, self._page_for), index)
        return column

    def _resume(
        self, dataset: Dataset, address: int, rows: int, index: ChunkIndex, root: int
    ) -> None:
        dataset.header_at, dataset.rows, dataset.index = address, rows, index
        index.resume(self._get, root, -(-rows // dataset.chunk_shape[0]))

    def _take_up_block(self) -> None:
        self._spare = None
        first = self._columns[0]
        is_begun = first.rows % first.chunk_shape[0] != 0
        self._blocks = [column.index.last for column in self._columns] if is_begun else []

    def _load_about(self, root: reading.Group) -> None:
        self.about: dict[str, Any]
        self.about, lowest = reading.value(self._get, root.members["about"])
        self._about_at = root.entries["about"]
        # The room for the last about lies between the list of columns and the first about.
        ledger = root.members["ledger"]
        self._room = ledger + reading.header_size(self._get, ledger)
        is_there = lowest - self._room == room_for(self.about)
        self._room_end = lowest if is_there else self._room

    def _make_ready(self) -> None:
        """Take no room ahead: the rows that come are the last ones."""

    def _get(self, address: int, count: int) -> bytes:
        os.lseek(self._fd, address, os.SEEK_SET)
        data = b""
        while len(data) < count:
            if not (more := os.read(self._fd, count - len(data))):
                raise ValueError(f"it ends before byte {address + count}")
            data += more
        return data

    def rows(self) -> Iterator[Row]:
        """Give the ledger's rows, in order; none may be added meanwhile."""
        left = self._columns[0].rows
        walks = [column.index.addresses(self._get) for column in self._columns]
        for block in zip(*walks, strict=True):
            count = min(left, self._columns[0].chunk_shape[0])
            left -= count
            cells = [
                np.frombuffer(self._get(at, count * column.dtype.itemsize), column.dtype).tolist()
                for column, at in zip(self._columns, block, strict=True)
            ]
            yield from map(as_row, zip(*cells, strict=True))


def _lock(fd: int, path: Path) -> None:
    try:
        lock_file(fd)
    except (BlockingIOError, PermissionError) as error:
        raise RecorderError(f"{path} is still being written; end that process first") from error
