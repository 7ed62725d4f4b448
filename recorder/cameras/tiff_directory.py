"""One directory of a TIFF file: read from its place, and written again as a file of one page."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from itertools import accumulate
from typing import IO

from recorder.errors import CameraError

WIDTH, HEIGHT, BITS, COMPRESSION, DESCRIPTION, SAMPLES, FORMAT = 256, 257, 258, 259, 270, 277, 339
_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_BYTES |= {16: 8, 17: 8, 18: 8}
_NUMBERS = {1: "B", 3: "H", 4: "I", 16: "Q"}
_LONG, _LONG8 = 4, 16
_DATA = {273: 279, 324: 325}
"""Where strips or tiles begin: the entry that says how long each of them is."""
_ELSEWHERE = (330, 34665, 34853)
"""Entries that lead to further directories, which a file of one page does not have."""


class DamagedTiff(CameraError):
    """The file holds no page that can be found: it is half written, or damaged."""


class CutShort(Exception):
    """The file ends before what it announces, or announces what no picture has."""


@dataclass(frozen=True, slots=True)
class Value:
    """One entry of a directory.

    Parameters
    ----------
    kind, count
        TIFF's type, and how many of it there are.
    raw
        The value itself if it is short, else where in the file it is.
    """

    kind: int
    count: int
    raw: bytes

    @property
    def nbytes(self) -> int:
        """Length of the whole value, bytes; 0 of a type that TIFF does not have."""
        return _BYTES.get(self.kind, 0) * self.count


Directory = dict[int, Value]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a file writes its numbers.

    Parameters
    ----------
    order
        Byte order, as `struct` says it.
    word
        An offset, as `struct` says it: ``I``, or ``Q`` in a BigTIFF.
    count
        How many entries a directory has, likewise: ``H`` or ``Q``.
    """

    order: str
    word: str
    count: str

    @classmethod
    def of(cls, file: IO[bytes], name: str) -> tuple[Layout, int]:
        """Return the layout of a file, and where its first directory is.

        Raises
        ------
        DamagedTiff
            It ends before that.
        """
        head = file.read(16)
        order = {b"II": "<", b"MM": ">"}.get(head[:2], "")
        version, first = struct.unpack_from(f"{order}HI", head, 2) if len(head) == 16 else (0, 0)
        if order and version == 42:
            return cls(order, "I", "H"), first
        if order and version == 43:
            return cls(order, "Q", "Q"), struct.unpack_from(f"{order}Q", head, 8)[0]
        raise DamagedTiff(f"{name}: a TIFF file that ends before its first page")

    def read(self, file: IO[bytes], place: int) -> tuple[Directory, int]:
        """Return the directory at this place, and where the next one is; 0 if it is the last.

        Raises
        ------
        CutShort
            The file ends within it.
        """
        _seek(file, place)
        (count,) = self._take(file, self.count)
        entry = struct.Struct(f"{self.order}HH{self.word}{self._inline}s")
        table = _read(file, count * entry.size)
        (following,) = self._take(file, self.word)
        return {tag: Value(*rest) for tag, *rest in entry.iter_unpack(table)}, following

    def value(self, file: IO[bytes], value: Value) -> bytes:
        """Return the bytes of a value, wherever they are.

        Raises
        ------
        CutShort
            The file ends before it.
        """
        if value.nbytes <= self._inline:
            return value.raw[: value.nbytes]
        _seek(file, struct.unpack(self.order + self.word, value.raw)[0])
        return _read(file, value.nbytes)

    def numbers(self, file: IO[bytes], value: Value | None) -> tuple[int, ...]:
        """Return the whole numbers of a value; none of a value that is missing or has none."""
        code = "" if value is None else _NUMBERS.get(value.kind, "")
        if value is None or not code:
            return ()
        return struct.unpack(f"{self.order}{value.count}{code}", self.value(file, value))

    def alone(self, file: IO[bytes], directory: Directory, further: int) -> bytes:
        """Return a page as a file of its own.

        Parameters
        ----------
        file
            Where it is.
        directory
            The page's.
        further
            How many bytes behind the places that the directory names its data begins.

        Raises
        ------
        CutShort
            The file ends before the page does.
        """
        entries = {tag: value for tag, value in directory.items() if tag not in _ELSEWHERE}
        values = {tag: self.value(file, value) for tag, value in entries.items()}
        pieces: list[bytes] = []
        for tag in _DATA.keys() & entries.keys():
            pieces = self._pieces(file, directory, tag, further)
            kind = _LONG if self.word == "I" else _LONG8
            entries[tag] = Value(kind, len(pieces), b"")
            values[tag] = bytes(len(pieces) * _BYTES[kind])  # as long as the true one will be
            begin = len(self._head(entries, values))
            places = accumulate(map(len, pieces[:-1]), initial=begin)
            values[tag] = struct.pack(f"{self.order}{len(pieces)}{self.word}", *places)
        return self._head(entries, values) + b"".join(pieces)

    def _pieces(self, file: IO[bytes], directory: Directory, tag: int, further: int) -> list[bytes]:
        """Return the strips or tiles of a page."""
        places = self.numbers(file, directory[tag])
        lengths = self.numbers(file, directory.get(_DATA[tag]))
        if len(places) != len(lengths):
            raise CutShort
        pieces = []
        for place, length in zip(places, lengths, strict=True):
            _seek(file, place + further)
            pieces.append(_read(file, length))
        return pieces

    def _head(self, entries: Directory, values: dict[int, bytes]) -> bytes:
        """Return everything before the data: header, directory, and values too long for it."""
        mark = b"II" if self.order == "<" else b"MM"
        if self.word == "I":
            header = mark + struct.pack(f"{self.order}HI", 42, 8)
        else:
            header = mark + struct.pack(f"{self.order}HHHQ", 43, 8, 0, 16)
        table = struct.pack(self.order + self.count, len(entries))
        entry = struct.Struct(f"{self.order}HH{self.word}")
        behind = len(header) + len(table) + len(entries) * (entry.size + self._inline)
        behind += self._inline
        outside = b""
        for tag in sorted(entries):
            raw = values[tag]
            if len(raw) > self._inline:
                place = struct.pack(self.order + self.word, behind + len(outside))
                outside += raw + bytes(len(raw) % 2)
                raw = place
            table += entry.pack(tag, entries[tag].kind, entries[tag].count)
            table += raw.ljust(self._inline, b"\0")
        return header + table + bytes(self._inline) + outside

    @property
    def _inline(self) -> int:
        """Bytes that an entry has room for; also the length of an offset."""
        return 4 if self.word == "I" else 8

    def _take(self, file: IO[bytes], code: str) -> tuple[int, ...]:
        form = struct.Struct(self.order + code)
        return form.unpack(_read(file, form.size))


def _seek(file: IO[bytes], place: int) -> None:
    """Go to a place in the file, if it has that place."""
    if place > os.fstat(file.fileno()).st_size:
        raise CutShort
    file.seek(place)


def _read(file: IO[bytes], count: int) -> bytes:
    """Read so many bytes, all of them."""
    # A damaged length may be anything: no memory is asked for what the file cannot have.
    data = file.read(count) if count <= os.fstat(file.fileno()).st_size else b""
    if len(data) < count:
        raise CutShort
    return data
