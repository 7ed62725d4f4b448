"""The pages of a TIFF file, each found and decoded by itself.

OpenCV reads all pages into memory, or decodes every page before the one it is asked for: the last
of 10,000 takes it half a minute. A file that was cut short it takes for one with fewer pages. So
the directories are followed here, and each page becomes a TIFF file of its own for OpenCV.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from recorder.cameras.tiff_directory import (
    BITS,
    COMPRESSION,
    DESCRIPTION,
    FORMAT,
    HEIGHT,
    SAMPLES,
    WIDTH,
    CutShort,
    DamagedTiff,
    Directory,
    Layout,
)
from recorder.errors import CameraRefused

_IMAGEJ = re.compile(rb"\AImageJ=.*^images=([0-9]{1,9})\s*$", re.DOTALL | re.MULTILINE)
_UNCOMPRESSED = 1
_MOST_SAMPLES = 0xFFFF
"""TIFF counts the samples of a pixel in 16 bits."""
_AHEAD = 1000
"""So many pages are looked at when a file is opened."""
_FURTHER = 64
"""How many pages are found at once after that: a grab must not take long."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a page's pixels are.

    Parameters
    ----------
    width, height
        Pixels.
    bits
        Of the samples of one pixel, in the order of the channels.
    number
        TIFF's SampleFormat: 1 whole numbers, 3 floating point.
    """

    width: int
    height: int
    bits: tuple[int, ...]
    number: int

    def __str__(self) -> str:
        channels = f" in {len(self.bits)} channels" if len(self.bits) > 1 else ""
        floating = " floating point" if self.number == 3 else ""
        return f"{self.width}x{self.height} pixels of {max(self.bits)} bit{floating}{channels}"

    @property
    def nbytes(self) -> int:
        """Length of such a page without compression, bytes."""
        return self.height * -(-self.width * sum(self.bits) // 8)


class TiffPages:
    """The pages of one TIFF file; a BigTIFF too, and ImageJ's with one directory for all.

    Only where they begin is kept: memory does not grow with the pictures. Those behind the first
    thousand are found when they are asked for, as a file may have any number of them.

    Parameters
    ----------
    path
        The file.

    Attributes
    ----------
    is_cut
        Whether the file ends before what it announces, as far as it was looked at; the page where
        it does counts as one.
    odd_one
        The number of the first page of another kind, its kind, and the first page's; None if there
        is none among the first thousand.

    Raises
    ------
    DamagedTiff
        It has no page that can be found.
    CameraRefused
        How many pages it has cannot be known.
    OSError
        It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_cut = False
        self._places: list[int] = []  # where the pages are that were found
        self._seen: set[int] = set()
        self.odd_one: tuple[int, Kind, Kind] | None = None
        with path.open("rb") as file:
            self._layout, self._following = Layout.of(file, path.name)
            self._look_ahead(file)
            self._count, self._apart = self._behind_one_another(file)

    def __len__(self) -> int:
        """How many there are; all that have not been found yet are looked for."""
        if self._following:
            self._find(sys.maxsize)
        return self._count if self._apart else len(self._places)

    def has(self, number: int) -> bool:
        """Whether there is a page of this number; the pages before it are known.

        Raises
        ------
        DamagedTiff
            The pages lead back to each other.
        """
        if self._apart:
            return number < self._count
        if self._following and number >= len(self._places):
            self._find(number + _FURTHER)
        return number < len(self._places)

    def page(self, number: int) -> bytes | None:
        """Return a page as a TIFF file of its own; None if the file ends before it does."""
        if not self.has(number):
            return None
        place = self._places[0 if self._apart else number]
        with self._path.open("rb") as file:
            try:
                directory, _ = self._layout.read(file, place)
                return self._layout.alone(file, directory, number * self._apart)
            except CutShort:
                return None

    def _look_ahead(self, file: IO[bytes]) -> None:
        """Find the first pages, and one among them that is of another kind."""
        first: Kind | None = None
        while self._following and len(self._places) < _AHEAD:
            directory = self._step(file)
            kind = None if directory is None else self._kind(file, directory)
            first = first or kind
            if kind is not None and first is not None and kind != first and self.odd_one is None:
                self.odd_one = len(self._places) - 1, kind, first
        if not self._places:
            raise DamagedTiff(f"{self._path.name}: a TIFF file without any page")

    def _find(self, until: int) -> None:
        with self._path.open("rb") as file:
            while self._following and len(self._places) < until:
                self._step(file)

    def _step(self, file: IO[bytes]) -> Directory | None:
        """Find the next page; None if the file ends before its directory does."""
        place = self._following
        if place in self._seen:
            self._following = 0
            raise DamagedTiff(f"{self._path.name}: damaged: its pages lead back to each other")
        self._seen.add(place)
        self._places.append(place)
        try:
            directory, self._following = self._layout.read(file, place)
        except CutShort:
            self.is_cut, self._following = True, 0
            return None
        return directory

    def _behind_one_another(self, file: IO[bytes]) -> tuple[int, int]:
        """Return how many pages there are, and how many bytes apart if they share a directory.

        ImageJ writes stacks of more than 4 GiB so: one directory, and a text that says how many.
        """
        if len(self._places) > 1 or self.is_cut:
            return len(self._places), 0
        try:
            directory, _ = self._layout.read(file, self._places[0])
            packing = self._layout.numbers(file, directory.get(COMPRESSION))
        except CutShort:
            self.is_cut = True
            return 1, 0
        count = self._announced(file, directory)
        kind = self._kind(file, directory)
        if count > 1 and (kind is None or packing not in ((), (_UNCOMPRESSED,))):
            raise CameraRefused(
                f"{self._path.name}: announces {count} pictures, of which only the first can be "
                "found; save it again with a directory for each picture"
            )
        return count, kind.nbytes if kind is not None and count > 1 else 0

    def _announced(self, file: IO[bytes], directory: Directory) -> int:
        """Return how many pictures ImageJ's text says there are; 1 without such a text."""
        if DESCRIPTION not in directory:
            return 1
        try:
            said = self._layout.value(file, directory[DESCRIPTION])
        except CutShort:
            return 1
        found = _IMAGEJ.match(said.rstrip(b"\0"))
        return max(1, int(found[1])) if found else 1

    def _kind(self, file: IO[bytes], directory: Directory) -> Kind | None:
        """Return what the pixels of a page are; None if the file ends before it says so."""
        try:
            width, height, samples, number = (
                next(iter(self._layout.numbers(file, directory.get(tag))), 1)
                for tag in (WIDTH, HEIGHT, SAMPLES, FORMAT)
            )
            if not 1 <= samples <= _MOST_SAMPLES:
                return None
            bits = self._layout.numbers(file, directory.get(BITS)) or (1,) * samples
        except CutShort:
            return None
        return Kind(width, height, bits, number)
