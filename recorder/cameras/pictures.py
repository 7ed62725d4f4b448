"""The pictures of one image file: mostly one, of a TIFF stack or an animation many.

They are decoded one by one as they are stored, gray or colour, 8 or 16 bit; what kind of file it is
says its content, not its name.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.tiff import TiffPages
from recorder.errors import CameraRefused

if TYPE_CHECKING:
    from recorder.frame import Frame

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_PNG = b"\x89PNG\r\n\x1a\n"
_HEAD = 1 << 16  # bytes; what says that a file is an animation stands before its first picture
_AHEAD = 1 << 26  # bytes of pictures that are decoded ahead


class Pictures(Protocol):
    """The pictures of one file, by number."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What an experimenter should know about the file, as far as it was looked at."""

    def __len__(self) -> int:
        """How many there are, at least one; to count them may take long."""

    def has(self, number: int) -> bool:
        """Whether there is a picture of this number.

        Raises
        ------
        CameraError, OSError
            The file is damaged there, or cannot be read.
        """

    def decode(self, number: int) -> Frame | None:
        """Return a picture as it is stored; None if it cannot be decoded."""


def open_pictures(path: Path) -> Pictures:
    """Return the pictures of an image file.

    Raises
    ------
    CameraRefused
        Its first thousand pages are not all of one size and depth; names the first that differs.
        Or how many pages it has cannot be known.
    DamagedTiff
        It has no page that can be found.
    OSError
        It cannot be read.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if head.startswith(_TIFF):
        pages = TiffPages(path)
        if pages.has(1):
            return Stack(path.name, pages)
    if _is_animation(head):
        return Animation(path)
    return Single(path)


class Single:
    """A file of one picture.

    Parameters
    ----------
    path
        Read at once, and decoded when it is asked for.
    """

    notes: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        self._data = np.fromfile(path, np.uint8)

    def __len__(self) -> int:
        return 1

    def has(self, number: int) -> bool:
        """Whether there is a picture of this number: the first alone."""
        return number == 0

    def decode(self, number: int) -> Frame | None:
        """Return the picture; see `Pictures`."""
        return _decode(self._data)


class Stack:
    """A TIFF file of many pages, of which one is in memory.

    Parameters
    ----------
    name
        For messages.
    pages
        At least one.

    Raises
    ------
    CameraRefused
        The first thousand are not all of one size and depth.
    """

    def __init__(self, name: str, pages: TiffPages) -> None:
        self._name = name
        self._pages = pages
        if pages.odd_one is not None:
            number, kind, first = pages.odd_one
            raise CameraRefused(
                f"{name}: page {number + 1} of {len(pages)} is {kind}, the first is {first}; a "
                "recording has one size and depth: save pages that differ in a file of their own"
            )

    @property
    def notes(self) -> tuple[str, ...]:
        """What an experimenter should know; see `Pictures`."""
        if not self._pages.is_cut:
            return ()
        last = len(self._pages)
        return (f"{self._name} ends before its page {last} is complete; there may have been more.",)

    def __len__(self) -> int:
        return len(self._pages)

    def has(self, number: int) -> bool:
        """Whether there is a page of this number; see `Pictures`."""
        return self._pages.has(number)

    def decode(self, number: int) -> Frame | None:
        """Return a page; see `Pictures`."""
        data = self._pages.page(number)
        return None if data is None else _decode(np.frombuffer(data, np.uint8))


class Animation:
    """An animated PNG or WebP, a bounded part of which is decoded ahead.

    OpenCV decodes from the beginning at every call: the longer the part, the fewer the calls.

    Parameters
    ----------
    path
        Read at once, compressed as it is.
    """

    notes: tuple[str, ...] = (
        "An animation's own times are not kept; fps says how fast its pictures were.",
    )

    def __init__(self, path: Path) -> None:
        self._data = np.fromfile(path, np.uint8)
        self._count = max(1, int(import_cv2().imcount(str(path))))
        self._first = 0
        self._part: tuple[Frame, ...] = ()

    def __len__(self) -> int:
        return self._count

    def has(self, number: int) -> bool:
        """Whether there is a picture of this number."""
        return number < self._count

    def decode(self, number: int) -> Frame | None:
        """Return a picture; see `Pictures`."""
        if not self._first <= number < self._first + len(self._part):
            ahead = max(1, _AHEAD // self._part[0].nbytes) if self._part else 1
            self._part = self._decode(number, ahead)
            self._first = number
        return self._part[number - self._first] if self._part else None

    def _decode(self, number: int, count: int) -> tuple[Frame, ...]:
        ok, animation = import_cv2().imdecodeanimation(self._data, number, count)
        return tuple(animation.frames) if ok else ()


def _is_animation(head: bytes) -> bool:
    """Whether a PNG or a WebP says, before its first picture, that more of them follow."""
    if head.startswith(_PNG):
        return b"acTL" in head.partition(b"IDAT")[0]
    return head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X" and bool(head[20] & 2)


def _decode(data: Any) -> Frame | None:
    """Decode one picture as it is stored."""
    if data.size == 0:
        return None
    frame: Frame | None = import_cv2().imdecode(data, import_cv2().IMREAD_UNCHANGED)
    return frame
