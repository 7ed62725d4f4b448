"""The pages of a TIFF file, each found and decoded by itself.

OpenCV reads all pages into memory, or decodes every page before the one it is asked for: the last
of 10,000 takes it half a minute. A file that was cut short it takes for one with fewer pages. So
the directories are followed here, and each page becomes a TIFF file of its own for OpenCV.
"""

from __future__ import annotations

import re
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
    Directory,
    Layout,
)
from recorder.errors import CameraError

_IMAGEJ = re.compile(rb"\AImageJ=.*^images=([0-9]{1,9})\s*$", re.DOTALL | re.MULTILINE)
_UNCOMPRESSED = 1


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

    Only where they begin is kept: memory does not grow with the pictures.

    Parameters
    ----------
    path
        The file.

    Attributes
    ----------
    is_cut
        Whether the file ends before what it announces; the page where it does counts as one.

    Raises
    ------
    CameraError
        It has no page, or how many cannot be known.
    OSError
        It cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.is_cut = False
        with path.open("rb") as file:
            self._layout, first = Layout.of(file, path.name)
            self._places = self._follow(file, first)
            self._count, self._apart = self._behind_one_another(file)

    def __len__(self) -> int:
        return self._count

    def page(self, number: int) -> bytes | None:
        """Return a page as a TIFF file of its own; None if the file ends before it does."""
        place = self._places[min(number, len(self._places) - 1)]
        with self._path.open("rb") as file:
            try:
                directory, _ = self._layout.read(file, place)
                return self._layout.alone(file, directory, number * self._apart)
            except CutShort:
                return None

    def odd_one(self) -> tuple[int, Kind, Kind] | None:
        """Return the number of the first page of another kind, its kind, and the first page's."""
        first: Kind | None = None
        with self._path.open("rb") as file:
            for number, place in enumerate(self._places):
                kind = self._kind(file, place)
                first = first or kind
                if kind is not None and first is not None and kind != first:
                    return number, kind, first
        return None

    def _follow(self, file: IO[bytes], place: int) -> list[int]:
        """Return where all directories are."""
        places: dict[int, None] = {}
        while place:
            if place in places:
                raise CameraError(f"{self._path.name}: damaged: its pages lead back to each other")
            places[place] = None
            try:
                _, place = self._layout.read(file, place)
            except CutShort:
                self.is_cut = True
                break
        if not places:
            raise CameraError(f"{self._path.name}: a TIFF file without any page")
        return list(places)

    def _behind_one_another(self, file: IO[bytes]) -> tuple[int, int]:
        """Return how many pages there are, and how many bytes apart if they share a directory.

        ImageJ writes stacks of more than 4 GiB so: one directory, and a text that says how many.
        """
        if len(self._places) > 1 or self.is_cut:
            return len(self._places), 0
        directory, _ = self._layout.read(file, self._places[0])
        count = self._announced(file, directory)
        kind = self._kind(file, self._places[0])
        packing = self._layout.numbers(file, directory.get(COMPRESSION))
        if count > 1 and (kind is None or packing not in ((), (_UNCOMPRESSED,))):
            raise CameraError(
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

    def _kind(self, file: IO[bytes], place: int) -> Kind | None:
        """Return what the pixels of a page are; None if the file ends before it says so."""
        try:
            directory, _ = self._layout.read(file, place)
            width, height, samples, number = (
                next(iter(self._layout.numbers(file, directory.get(tag))), 1)
                for tag in (WIDTH, HEIGHT, SAMPLES, FORMAT)
            )
            bits = self._layout.numbers(file, directory.get(BITS)) or (1,) * samples
        except CutShort:
            return None
        return Kind(width, height, bits, number)
