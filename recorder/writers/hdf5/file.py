"""An HDF5 file that grows frame by frame and is valid whenever its writer is killed.

The HDF5 library changes several places for one flush. Killed between two of them it leaves frames
that read as black without an error, also frames that were safe before (measured: see
recorder/DECISIONS.md). Here everything that makes new frames visible (the end of the file, how
many rows each dataset has, and where its chunk index is) stands in the file's first page, and is
changed by one write of that page. What it names is written before.
"""

from __future__ import annotations

import os
import struct
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from recorder import forks
from recorder.system import (
    detach_all,
    fork_lock,
    grow_file,
    lock_file,
    sync_data,
    sync_file,
    sync_folder,
    unlock_file,
    write_at,
)
from recorder.writers.hdf5 import groups, messages
from recorder.writers.hdf5.chunks import ChunkIndex
from recorder.writers.hdf5.dataset import Dataset
from recorder.writers.hdf5.messages import UNDEFINED

PAGE = 4096
"""A write within a page is not cut in two by a kill, and seldom by a power loss."""
_SUPERBLOCK = 96


class GrowingFile:
    """``/frames``, ``/ledger/<column>`` and ``/about``, as flammkuchen lays out a dict.

    Parameters
    ----------
    path
        A new file.
    frames
        One frame a chunk. How many of them a reader sees by now: `visible`.
    columns
        Of the ledger; all of the same number of rows a chunk, and unfiltered.
    about
        What `/about` says until `finish`.

    Raises
    ------
    FileExistsError
        The file exists; it is not touched.
    OSError
        It cannot be written, or is locked. What was written of it is left behind.
    """

    def __init__(
        self, path: Path, frames: Dataset, columns: Sequence[Dataset], about: Mapping[str, Any]
    ) -> None:
        self._begin(path)
        self._frames = frames
        self._columns = columns
        self._blocks: list[int] = []  # where the columns of the chunk being filled are
        self._spare: list[int] | None = None
        self._end = PAGE
        self.visible = 0
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        self._fd = os.open(path, flags, 0o666)
        try:
            lock_file(self._fd)
            self._build(about)
        except BaseException:
            self.abandon()
            raise

    def _begin(self, path: Path) -> None:
        self._path = path
        self._fd = -1
        self._staged: bytes | None = None  # the first page as it will be next
        self._shows = 0  # frames that it makes visible
        self._is_shown = True
        self._is_named = False  # in its folder, for a disk that loses its power
        self._lock = threading.Lock()  # the first page, and the descriptor's end
        forks.notify(self)

    def forked(self) -> None:
        """Let go of the parent's file: as long as any descriptor is open, it is locked."""
        self._lock = threading.Lock()
        with suppress(OSError):  # it is closed
            detach_all(os.fstat(self._fd))

    @property
    def size(self) -> int:
        """Bytes that the file has by now."""
        return self._end

    # -- the parts that stay ------------------------------------------------------------------

    def _build(self, about: Mapping[str, Any]) -> None:
        at = _SUPERBLOCK
        for dataset in (self._frames, *self._columns):
            chunk = dataset.chunk_shape
            dataset.index = ChunkIndex(chunk, dataset.dtype.itemsize, self._page_for)
            dataset.header_at = at
            at += len(dataset.header())
        if at > PAGE:
            raise AssertionError(f"{at} bytes of headers do not fit into one page")
        ledger = groups.group(
            self._place,
            f"dict:{len(self._columns)}",
            {column.name: column.header_at for column in self._columns},
        )
        self._make_room_for(about)
        members = {
            "frames": self._frames.header_at,
            "ledger": ledger,
            "about": groups.put_value(self._place, about),
        }
        self._build_root(members)
        self._make_ready()
        self._write_page()

    def _build_root(self, members: Mapping[str, int]) -> None:
        noted: dict[str, int] = {}

        def place(data: bytes) -> int:
            address = self._place(data)
            if data.startswith(b"SNOD"):
                noted["node"] = address
            return address

        self._root = groups.group(place, "", members, root=True)
        # The names are in order: about is the first entry, and its second word the address.
        self._about_at = noted["node"] + 8 + 8

    def _make_room_for(self, about: Mapping[str, Any]) -> None:
        """Set room aside for what `finish` will say, which a full disk could refuse then."""
        self._room = self._place(bytes(room_for(about)))
        self._room_end = self._end

    # -- allocation ---------------------------------------------------------------------------

    def _page_for(self, nbytes: int) -> int:
        """Put zeros where a node will be, which must not straddle two pages."""
        if self._end % PAGE + nbytes > PAGE:
            self._end += -self._end % PAGE
        return self._place(bytes(nbytes))

    def _put(self, address: int, data: bytes) -> None:
        write_at(self._fd, [data], address)

    def _place(self, data: bytes) -> int:
        self._put(self._end, data)  # first: what was refused takes no room
        return self._take(len(data))

    def _take(self, nbytes: int) -> int:
        address = self._end
        self._end += nbytes + -nbytes % 8
        return address

    def _place_in_room(self, data: bytes) -> int:
        size = len(messages.pad(data))
        if self._room + size > self._room_end:
            return self._place(data)
        address, self._room = self._room, self._room + size
        self._put(address, data)
        return address

    # -- what grows ---------------------------------------------------------------------------

    def add_frame(self, parts: Sequence[bytes | memoryview]) -> None:
        """Write the next frame's chunk, given in parts; `commit` makes it visible.

        Raises
        ------
        OSError
            The frame is not in the file.
        """
        nbytes = sum(len(part) for part in parts)
        self._frames.index.reserve()
        try:
            write_at(self._fd, parts, self._end)
        except OSError:
            with suppress(OSError):  # what a torn frame has taken, its row may need
                os.ftruncate(self._fd, self._end)
            raise
        self._frames.index.append(self._take(nbytes), nbytes)

    @property
    def frames(self) -> int:
        """How many frames were added; a reader sees those that are committed, with their rows."""
        return self._frames.index.chunks

    def add_rows(self, rows: list[tuple[Any, ...]]) -> None:
        """Write ledger rows, each with a value for every column; `commit` makes them visible.

        Parameters
        ----------
        rows
            Those that were written are taken off the list.

        Raises
        ------
        OSError
        """
        first = self._columns[0]
        per_chunk = first.chunk_shape[0]
        while rows:
            if first.rows == first.index.chunks * per_chunk:
                self._next_block()
            fill = first.rows % per_chunk
            some = rows[: per_chunk - fill]
            cells = zip(*some, strict=True)
            for column, address, values in zip(self._columns, self._blocks, cells, strict=True):
                data = np.array(values, column.dtype).tobytes()
                self._put(address + fill * column.dtype.itemsize, data)
            for column in self._columns:
                column.rows += len(some)
            # A frame is shown with its row, never without; the first cell is its number.
            self._frames.rows = max(self._frames.rows, *(cells[0] + 1 for cells in some))
            del rows[: len(some)]

    def _next_block(self) -> None:
        # One block is always there already: on a full disk the rows still tell what was lost.
        for column in self._columns:
            column.index.reserve()
        self._blocks, self._spare = self._spare or self._new_block(), None
        for column, address in zip(self._columns, self._blocks, strict=True):
            column.index.append(address, column.chunk_bytes)
        with suppress(OSError):  # the next one will say so, if it is needed
            self._make_ready()

    def _make_ready(self) -> None:
        """Take room for the next rows; twice is once."""
        for dataset in (self._frames, *self._columns):
            dataset.index.reserve()
        self._spare = self._spare or self._new_block()

    def _new_block(self) -> list[int]:
        sizes = [column.chunk_bytes for column in self._columns]
        start = self._place(bytes(sum(sizes)))
        return [start + sum(sizes[:i]) for i in range(len(sizes))]

    def commit(self) -> None:
        """Make all frames and rows visible that were added, in one write.

        Raises
        ------
        OSError
            The file is as it was at the last commit.
        """
        self.show()
        self.stage()
        self.show()

    @property
    def is_staged(self) -> bool:
        """Whether something is written that no reader sees yet."""
        return self._staged is not None and not self._is_shown

    def stage(self) -> None:
        """Write all that was added but for the first page, which makes it visible.

        Raises
        ------
        OSError
            The file is as it was at the last commit.
        """
        for dataset in (self._frames, *self._columns):
            dataset.index.write(self._put)
        grow_file(self._fd, self._end)
        with self._lock:
            self._staged, self._shows, self._is_shown = self._page(), self._frames.rows, False

    def show(self) -> None:
        """Make visible what is staged, unless `sync` has.

        Raises
        ------
        OSError
            It stays staged.
        """
        with self._lock:
            if self._staged is None:
                return
            self._show_page(self._fd, self._staged)
            self._staged = None
        for dataset in (self._frames, *self._columns):
            dataset.index.show(self._put)

    def sync(self) -> None:
        """Bring the file to the disk, and make visible what was staged before; from any thread.

        The first page names only what is on the disk already: whenever the power goes, what a
        reader finds there is a whole file.

        Raises
        ------
        OSError
        """
        with self._lock:
            if self._fd < 0:
                return
            fd, staged = os.dup(self._fd), self._staged
        try:
            sync_data(fd)
            self._show_synced(fd, staged)
        finally:
            os.close(fd)

    def _show_synced(self, fd: int, staged: bytes | None) -> None:
        if not self._is_named:
            sync_folder(self._path.parent)
            self._is_named = True
        with self._lock:
            if self._fd < 0 or staged is None or self._staged is not staged or self._is_shown:
                return
            self._show_page(fd, staged)
        sync_data(fd)

    def _show_page(self, fd: int, page: bytes) -> None:
        if not self._is_shown:
            write_at(fd, [page], 0)
            self.visible, self._is_shown = self._shows, True

    def _write_page(self) -> None:
        grow_file(self._fd, self._end)
        self._put(0, self._page())
        self.visible = self._frames.rows

    def _page(self) -> bytes:
        page = bytearray(PAGE)
        page[:_SUPERBLOCK] = self._superblock()
        for dataset in (self._frames, *self._columns):
            header = dataset.header()
            page[dataset.header_at : dataset.header_at + len(header)] = header
        return bytes(page)

    def _superblock(self) -> bytes:
        """Return the superblock, version 0 (II.A)."""
        head = struct.pack(
            "<8s5xBB1xHHI", b"\x89HDF\r\n\x1a\n", 8, 8, groups.LEAF_K, groups.TREE_K, 0
        )
        where = struct.pack("<QQQQ", 0, UNDEFINED, self._end, UNDEFINED)
        return head + where + struct.pack("<QQ24x", 0, self._root)

    # -- the end ------------------------------------------------------------------------------

    def finish(self, about: Mapping[str, Any]) -> None:
        """Replace `/about`, and bring the file to the disk.

        Raises
        ------
        OSError
            The file is as it was at the last commit.
        """
        self.show()
        self.stage()
        sync_file(self._fd)  # a disk writes in any order, and the first page names all of it
        self.show()
        address = groups.put_value(self._place_in_room, about)
        self._write_page()  # the end of the file may have moved
        sync_file(self._fd)  # only then may about call it complete
        self._put(self._about_at, struct.pack("<Q", address))
        sync_file(self._fd)

    def abandon(self) -> None:
        """Close the file as it stands; what was not committed is not in it."""
        with self._lock:
            if self._fd >= 0:
                unlock_file(self._fd)  # `sync` may have a copy for as long as a disk takes
                with fork_lock:
                    os.close(self._fd)
                    self._fd = -1


def room_for(about: Mapping[str, Any]) -> int:
    """Return how many bytes are set aside for the last `/about` of a file that begins with this."""
    return 2 * groups.size_of(about) + 2 * PAGE
