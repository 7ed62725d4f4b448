"""Where the frames of a Matroska file lie, without decoding or even reading them.

Only the headers of elements are read (RFC 8794 for EBML, RFC 9559 for Matroska), so a large file
costs a few microseconds a frame. A file that was cut off anywhere has the frames that are whole in
it, which are the ones that ffmpeg finds.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import numpy as np

from recorder.errors import RecorderError
from recorder.writers import ebml

if TYPE_CHECKING:
    import numpy.typing as npt

_TIMESTAMP, _SIMPLE_BLOCK, _BLOCK_GROUP, _BLOCK, _REFERENCE = 0xE7, 0xA3, 0xA0, 0xA1, 0xFB
_TRACK_NUMBER, _TRACK_TYPE, _VIDEO = 0xD7, 0x83, 0xE0
_PIXEL_WIDTH, _PIXEL_HEIGHT = 0xB0, 0xBA
_VIDEO_TRACK = 1

_LONGEST = ebml.HEADER + 8 + 2 + 1
"""Longest header of a block, in bytes, with track number, time and flags."""
_LONGEST_NUMBER, _LATEST = 8, 1 << 62
"""Bytes of a time, and how late it may be: it may be rubbish, and must fit an int64."""
_LARGEST_HEAD = 1 << 24
"""Far above any codec's private data, far below memory: a size may be rubbish."""
_UNKNOWN_SIZE = b"\x01" + 7 * b"\xff"
_KEY, _LACED = 0x80, 0x06


@dataclass(frozen=True, slots=True)
class Index:
    """The frames of a file, in the order in which they are stored.

    Parameters
    ----------
    head
        What a decoder needs before the first frame: a Matroska file without any.
    width, height
        In pixels, as the file says; 0 if it does not.
    track
        Number of the track that the frames are of.
    offset, length
        int64 (n,): first byte of each frame's data in the file, and how many.
    key
        bool (n,): whether a frame can be decoded without others.
    time
        int64 (n,): when it is shown, in the file's unit (ms); in another order than the frames
        are stored in where the codec looks ahead.
    """

    head: bytes
    width: int
    height: int
    track: int
    offset: npt.NDArray[np.int64]
    length: npt.NDArray[np.int64]
    key: npt.NDArray[np.bool_]
    time: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.offset)


def read_index(path: Path) -> Index:
    """Find the whole frames of a file's first video track.

    Parameters
    ----------
    path
        A Matroska file, cut off anywhere, or still being written.

    Returns
    -------
    Index
        Without frames if it is no Matroska file.

    Raises
    ------
    RecorderError
        The file cannot be opened, or several frames share a block.
    """
    try:
        with path.open("rb") as file:
            return _Walk(file, path).index()
    except OSError as error:
        raise RecorderError(f"{path} cannot be read: {error.strerror or error}") from error


def packet(track: int, time: int, key: bool, data: bytes) -> bytes:
    """Return one frame as it stands in a Matroska stream: a cluster with one block.

    Parameters
    ----------
    track
        Number of the track.
    time
        When it is shown, in ms.
    key
        Whether it can be decoded without others.
    data
        The frame as the encoder made it.
    """
    when = b"\xe7\x88" + time.to_bytes(8, "big")
    block = ebml.sized(track) + bytes((0, 0, _KEY if key else 0))
    block_head = b"\xa3" + ebml.sized(len(block) + len(data))
    size = len(when) + len(block_head) + len(block) + len(data)
    return b"".join((b"\x1f\x43\xb6\x75", ebml.sized(size), when, block_head, block, data))


class _Walk:
    """Goes from element to element, into segments and clusters, over all else."""

    def __init__(self, file: IO[bytes], path: Path) -> None:
        self._file = file
        self._path = path
        self._size = file.seek(0, 2)
        self._head: dict[int, bytes] = {}
        self._track = self._width = self._height = 0
        self._cluster_time = 0
        self._offset, self._length, self._time = array("q"), array("q"), array("q")
        self._key = array("b")

    def index(self) -> Index:
        self._walk()
        needed = (ebml.EBML, ebml.INFO, ebml.TRACKS)
        whole = self._track > 0 and all(part in self._head for part in needed)
        top, info, tracks = (self._head.get(part, b"") for part in needed)
        head = top + ebml.SEGMENT.to_bytes(4, "big") + _UNKNOWN_SIZE + info + tracks
        return Index(
            head if whole else b"",
            *(self._width, self._height, self._track),
            np.array(self._offset if whole else (), np.int64),
            np.array(self._length if whole else (), np.int64),
            np.array(self._key if whole else (), np.bool_),
            np.array(self._time if whole else (), np.int64),
        )

    def _walk(self) -> None:
        at = 0
        while True:
            head = self._read(at, _LONGEST)
            element = ebml.read_element(head, at)
            if element is None:
                return
            # Into segments and clusters wherever they are: then it does not matter whether their
            # sizes are known, true, or were still to be filled in when the kill came.
            if element.id in (ebml.SEGMENT, ebml.CLUSTER):
                at = element.start
                continue
            if element.end is None or element.end > self._size:
                return
            if element.id == _SIMPLE_BLOCK:
                self._take_block(head[element.start - at :], element.start, element.end)
            else:
                self._look_into(element, at)
            at = element.end

    def _read(self, at: int, count: int) -> bytes:
        self._file.seek(at)
        return self._file.read(count)

    def _look_into(self, element: ebml.Element, at: int) -> None:
        assert element.end is not None
        if element.id == _BLOCK_GROUP:
            self._take_group(element.start, element.end)
        elif element.id == _TIMESTAMP:
            size = min(element.end - element.start, _LONGEST_NUMBER)
            self._cluster_time = min(ebml.number(self._read(element.start, size)), _LATEST)
        elif element.id in (ebml.EBML, ebml.INFO, ebml.TRACKS) and element.end - at < _LARGEST_HEAD:
            self._head.setdefault(element.id, self._read(at, element.end - at))
            if element.id == ebml.TRACKS and not self._track:
                self._take_tracks(self._read(element.start, element.end - element.start))

    def _take_tracks(self, tracks: bytes) -> None:
        for number, track in ebml.children(tracks):
            fields = dict(ebml.children(track))
            if (
                number == ebml.TRACK_ENTRY
                and ebml.number(fields.get(_TRACK_TYPE, b"")) == _VIDEO_TRACK
            ):
                video = dict(ebml.children(fields.get(_VIDEO, b"")))
                self._track = ebml.number(fields.get(_TRACK_NUMBER, b""))
                self._width = ebml.number(video.get(_PIXEL_WIDTH, b""))
                self._height = ebml.number(video.get(_PIXEL_HEIGHT, b""))
                return

    def _take_group(self, start: int, end: int) -> None:
        """Take the block of a group; a frame that refers to another is no key frame."""
        at, block, key = start, None, True
        while at < end:
            child = ebml.read_element(self._read(at, ebml.HEADER), at)
            if child is None or child.end is None:
                break
            block = child if child.id == _BLOCK else block
            key = key and child.id != _REFERENCE
            at = child.end
        if block is not None and block.end is not None:
            self._take_block(self._read(block.start, _LONGEST), block.start, block.end, key)

    def _take_block(self, head: bytes, start: int, end: int, key: bool | None = None) -> None:
        track, width = ebml.read_vint(head)
        fixed, data = head[width : width + 3], start + width + 3
        if track != self._track or data > end or len(fixed) < 3:
            return
        if fixed[2] & _LACED:
            raise RecorderError(f"{self._path}: several frames share a block; no recorder does so")
        self._offset.append(data)
        self._length.append(end - data)
        self._key.append(bool(fixed[2] & _KEY) if key is None else key)
        self._time.append(self._cluster_time + int.from_bytes(fixed[:2], "big", signed=True))
