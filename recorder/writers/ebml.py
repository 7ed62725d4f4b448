"""The elements that a Matroska file is made of (RFC 8794): their headers, read and written."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

EBML, SEGMENT, CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
INFO, TIMESTAMP_SCALE = 0x1549A966, 0x2AD7B1
TRACKS, TRACK_ENTRY, DEFAULT_DURATION = 0x1654AE6B, 0xAE, 0x23E383

HEADER = 12
"""Longest header of an element, in bytes: 4 of its id, 8 of its size."""


class Element(NamedTuple):
    """Where an element lies."""

    id: int
    start: int
    """First byte of what is in it."""
    end: int | None
    """First byte behind it; None if it does not say."""


def read_element(head: bytes, at: int) -> Element | None:
    """Read the header of an element; None at the end, or where there is none.

    Parameters
    ----------
    head
        The bytes from its first one on, `HEADER` of them if there are so many.
    at
        Where that first one lies.
    """
    if not head or head[0] < 0x10:  # ids have at most four bytes
        return None
    width = 9 - head[0].bit_length()
    size, more = read_vint(head[width:])
    if more == 0:
        return None
    start = at + width + more
    known = size != (1 << 7 * more) - 1
    return Element(int.from_bytes(head[:width], "big"), start, start + size if known else None)


def read_vint(data: bytes) -> tuple[int, int]:
    """Return a number of variable width, and its width in bytes: 0 if it is not whole."""
    width = 9 - data[0].bit_length() if data else 9
    if width > 8 or len(data) < width:
        return 0, 0
    return int.from_bytes(data[:width], "big") & ((1 << 7 * width) - 1), width


def number(data: bytes) -> int:
    """Return an unsigned number as elements hold it."""
    return int.from_bytes(data, "big")


def children(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Give id and content of each element in another one's content, as far as they are whole."""
    for element in elements(data):
        yield element.id, data[element.start : element.end]


def elements(data: bytes) -> Iterator[Element]:
    """Give each element in another one's content, as far as they say where they end."""
    at = 0
    while (child := read_element(data[at : at + HEADER], at)) is not None:
        if child.end is None:
            return
        yield child
        at = child.end


def sized(size: int, width: int = 8) -> bytes:
    """Return the size of an element, written in so many bytes."""
    return (size | 1 << 7 * width).to_bytes(width, "big")


def element(id_: int, content: bytes, width: int = 8) -> bytes:
    """Return an element with what is in it; its size is written in `width` bytes."""
    return name(id_) + sized(len(content), width) + content


def name(id_: int) -> bytes:
    """Return the id of an element, as it begins."""
    return id_.to_bytes((id_.bit_length() + 7) // 8, "big")
