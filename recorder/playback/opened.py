"""The files of a recording, of which a few are open: one of weeks has thousands."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from recorder import forks
from recorder.errors import RecorderError
from recorder.playback.frames import Frames
from recorder.playback.part import Part

MOST_OPEN = 16
"""Each that is open has a descriptor, of which a process has a thousand, and may have a decoder."""


class OpenFiles:
    """Opens files when they are asked for, and closes those that were not for the longest time.

    Iterates over those that are open. Any thread may ask.

    Parameters
    ----------
    parts
        The files, in order.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts
        self._open: dict[int, Frames] = {}  # the one that was asked for last stands last
        self._held: Counter[int] = Counter()
        self._is_closed = False
        self._lock = forks.Lock()

    def __iter__(self) -> Iterator[Frames]:
        with self._lock:
            return iter(list(self._open.values()))

    def add(self, place: int, frames: Frames) -> None:
        """Take over a file that is open."""
        with self._lock:
            self._open[place] = frames
            idle = [each for each in self._open if each != place and not self._held[each]]
            for each in idle[: max(0, len(self._open) - MOST_OPEN)]:
                self._open.pop(each).close()

    @contextmanager
    def held(self, place: int) -> Iterator[Frames]:
        """Give a file, which stays open meanwhile.

        Raises
        ------
        RecorderError
            It cannot be opened any more, or all are closed.
        """
        with self._lock:
            frames = self._taken(place)
            self._held[place] += 1
            self.add(place, frames)
        try:
            yield frames
        finally:
            with self._lock:
                self._held[place] -= 1

    def _taken(self, place: int) -> Frames:
        if self._is_closed:
            raise RecorderError(f"{self._parts[place].file} is closed")
        frames = self._open.pop(place, None)
        return self._parts[place].open_frames() if frames is None else frames

    def close(self) -> None:
        """Close all of them."""
        with self._lock:
            self._is_closed = True
            for frames in self._open.values():
                frames.close()
