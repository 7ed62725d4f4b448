"""The packets of a video file: which of them a frame needs, and in which order frames are shown."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from recorder.playback.matroska import packet, read_index
from recorder.system import read_at

_STEP_MS = 1_000_000
"""Between the times of two packets. ffmpeg counts time in frames of the file's nominal rate: this
is more than one at any rate, so no two packets share a time."""


class Packets:
    """Gives the packets of a file as pieces of a Matroska stream that has only them.

    Frames have numbers, in the order in which they are shown; packets have places, in the order in
    which they are stored. Both are the same unless the codec looks ahead.

    Parameters
    ----------
    path
        A Matroska file; see `read_index`.

    Attributes
    ----------
    head
        What a decoder needs before the first packet.
    size
        (width, height) in pixels, as the file says.
    alone
        Whether each frame can be decoded without any other.
    given
        Packets given so far: what reading has cost. Not exact while several threads read.

    Raises
    ------
    RecorderError
    """

    def __init__(self, path: Path) -> None:
        self._index = read_index(path)
        self.head = self._index.head
        self.size = (self._index.width, self._index.height)
        self._places = np.argsort(self._index.time, kind="stable")
        self._numbers = np.argsort(self._places)
        self._keys = self._numbers[self._index.key]
        in_order = bool(np.all(np.diff(self._places) > 0))
        self.alone = in_order and bool(self._index.key.all())
        self.given = 0
        self._file = path.open("rb", buffering=0)
        self.close = weakref.finalize(self, self._file.close)

    def __len__(self) -> int:
        return len(self._index)

    def key_before(self, number: int) -> int:
        """Return the number of the last frame, not after this one, where decoding can begin."""
        found = int(np.searchsorted(self._keys, number, "right")) - 1
        return int(self._keys[found]) if found >= 0 else 0

    def one(self, number: int, turn: int) -> bytes:
        """Return the packet of a frame that needs no other.

        Parameters
        ----------
        turn
            How many packets the decoder has had before: its time must grow.
        """
        return self._packet(int(self._places[number]), turn)

    def run(self, first: int, stop: int) -> Iterator[bytes]:
        """Give all packets that the frames from a key frame to before `stop` need.

        Yields
        ------
        bytes
            In the order in which they are stored. A last frame that is shown early drags those
            along that are stored before it.
        """
        last = int(self._places[first:stop].max(initial=-1))
        for place in range(int(self._places[first]), last + 1):
            turn = int(self._numbers[place]) - first
            if turn >= 0:  # else it is shown before the key frame that it follows
                yield self._packet(place, turn)

    def _packet(self, place: int, turn: int) -> bytes:
        index = self._index
        data = read_at(self._file.fileno(), int(index.length[place]), int(index.offset[place]))
        self.given += 1
        return packet(index.track, turn * _STEP_MS, bool(index.key[place]), data)
