"""Change, in place, how fast the times of a Matroska file run.

A file keeps the time of a block in units of its TimestampScale: one number in the header moves all
of them. What is changed lies in the header and is written at once, with the length that it had;
nothing else is touched. Doing it again gives the same file, so a kill in between is mended by
doing it again, and until then the file opens at the one rate or the other.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from recorder.writers import ebml

AS_WRITTEN_NS = 1_000_000
"""ffmpeg's unit, the only one it writes: whole milliseconds."""

_TAGS, _DURATION = 0x1254C367, 0x4489
_VOID, _CRC, _MAX_BLOCK_ADDITION = 0xEC, 0xBF, 0x55EE
_ROOM_FROM = (_VOID, _MAX_BLOCK_ADDITION, _CRC)
"""What may be given up for a longer number, in this order: padding, a limit of 0 that says what
leaving it out says, a checksum."""
_DURATION_TAG = re.compile(rb"\x45\xa3\x88DURATION\x44\x87[\x92-\x95]([0-9:.]{18,21})")
_HEAD = 1 << 16
"""Bytes in which the header of a recording ends, far below that."""


class Header(NamedTuple):
    """What a file's header says of its times."""

    scale_ns: int
    """Length of a unit."""
    period_ns: int
    """From frame to frame."""
    units: float
    """How long the file lasts; put in only where a kill left it out."""


def set_times(path: Path, header: Header) -> bool:
    """Have the times of a file run at another rate.

    Parameters
    ----------
    path
        A Matroska file of ffmpeg's, whole or cut off, that nothing writes to any more.
    header
        What it is to say.

    Returns
    -------
    bool
        False if it has no room for these numbers, or is not what ffmpeg writes: it is as it was.

    Raises
    ------
    OSError
        It cannot be read or written.
    """
    with path.open("r+b") as file:
        old = file.read(_HEAD)
        new = _changed(old, header)
        if new is None:
            return False
        if new != old:
            first = next(at for at in range(len(old)) if old[at] != new[at])
            last = next(at for at in reversed(range(len(old))) if old[at] != new[at])
            file.seek(first)
            file.write(new[first : last + 1])  # in one piece, and far smaller than a disk's block
    return True


def _changed(head: bytes, header: Header) -> bytes | None:
    new = bytearray(head)
    seen = set()
    for part in _parts(head):
        content = head[part.start : part.end]
        fresh = _CHANGES[part.id](content, header) if part.id in _CHANGES else content
        if fresh is None:
            return None
        new[part.start : part.end] = _summed(fresh)
        seen.add(part.id)
    return bytes(new) if {ebml.INFO, ebml.TRACKS} <= seen and len(new) == len(head) else None


def _parts(head: bytes) -> Iterator[ebml.Element]:
    """Give the parts of the segment that stand before its first frame."""
    at = 0
    while (part := ebml.read_element(head[at : at + ebml.HEADER], at)) is not None:
        if part.id == ebml.SEGMENT:  # its size may be unknown, or was still to be filled in
            at = part.start
            continue
        if part.id == ebml.CLUSTER or part.end is None or part.end > len(head):
            return
        if part.id in _CHANGES:
            yield part
        at = part.end


def _info(content: bytes, header: Header) -> bytes | None:
    fresh = _put(content, ebml.TIMESTAMP_SCALE, _unsigned(header.scale_ns))
    if fresh is None or any(id_ == _DURATION for id_, _ in ebml.children(fresh)):
        return fresh
    # A kill left the place empty: readers then guess the number of frames from the file's size.
    return _put(fresh, _DURATION, struct.pack(">d", header.units), fixed=True) or fresh


def _tracks(content: bytes, header: Header) -> bytes | None:
    tracks = [element for element in ebml.elements(content) if element.id == ebml.TRACK_ENTRY]
    if len(tracks) != 1:
        return None
    (track,) = tracks
    fresh = _put(
        content[track.start : track.end], ebml.DEFAULT_DURATION, _unsigned(header.period_ns)
    )
    return None if fresh is None else content[: track.start] + fresh + content[track.end :]


def _tags(content: bytes, header: Header) -> bytes | None:
    """Have ffmpeg's own note of the length say the same as the header."""
    found = _DURATION_TAG.search(content)
    if found is None:
        return content
    minutes, seconds = divmod(header.units * header.scale_ns / 1e9, 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{hours:02d}:{minutes:02d}:{seconds:012.9f}".encode()
    begin, end = found.span(1)
    fits = len(text) == end - begin
    return content[:begin] + text + content[end:] if fits else content


_CHANGES = {ebml.INFO: _info, ebml.TRACKS: _tracks, _TAGS: _tags}


def _put(content: bytes, id_: int, value: bytes, fixed: bool = False) -> bytes | None:
    """Put a value into an element that stays as long as it is.

    Parameters
    ----------
    content
        What is in it.
    id_
        Which of its children has the value; it need not have it yet.
    value
        Longer than the old one, it takes its room from `_ROOM_FROM`.
    fixed
        Whether the value must not be padded by a zero in front.

    Returns
    -------
    bytes or None
        None: there is no room.
    """
    parts = [(each.id, each) for each in ebml.elements(content)]
    if not parts or parts[-1][1].end != len(content):
        return None  # not all of it is understood
    old = dict(parts).get(id_)
    if old is not None and old.end is not None and len(value) <= old.end - old.start:
        return content[: old.start] + value.rjust(old.end - old.start, b"\0") + content[old.end :]
    return None if old is None and not fixed else _make_room(content, id_, value, fixed)


def _make_room(content: bytes, id_: int, value: bytes, fixed: bool) -> bytes | None:
    pieces = list(_pieces(content))
    for spare in _ROOM_FROM:
        free = sum(len(piece) for each, piece in pieces if each in (id_, spare))
        for fresh in (value,) if fixed else (value, b"\0" + value):
            new = ebml.element(id_, fresh, width=1)
            left = free - len(new)
            if left == 0 or left >= len(_void(2)):
                kept = [piece for each, piece in pieces if each not in (id_, spare)]
                return b"".join((*kept, new, _void(left)))
    return None


def _pieces(content: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    for element in ebml.elements(content):
        piece = content[at : element.end]
        is_limit = element.id == _MAX_BLOCK_ADDITION
        in_use = is_limit and ebml.number(content[element.start : element.end]) > 0
        yield (0 if in_use else element.id), piece
        at += len(piece)


def _void(length: int) -> bytes:
    """Return padding of so many bytes, 0 or at least 2."""
    width = 1 if length < 100 else 8
    return ebml.element(_VOID, bytes(length - 1 - width), width) if length else b""


def _summed(content: bytes) -> bytes:
    """Return the content with its checksum put right, if it has one."""
    first = next(ebml.elements(content), None)
    if first is None or first.id != _CRC or first.end != first.start + 4:
        return content
    rest = content[first.end :]
    return content[: first.start] + zlib.crc32(rest).to_bytes(4, "little") + rest


def _unsigned(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8 or 1, "big")
