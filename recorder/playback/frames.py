"""What is asked of the frames of one file, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

from recorder.errors import RecorderError

if TYPE_CHECKING:
    from recorder.frame import Frame


class Frames(Protocol):
    """The frames of one file by their number, for any thread, until `close`, also after a fork."""

    def __len__(self) -> int:
        """How many whole frames the file holds."""

    def read(self, index: int, out: Frame) -> None:
        """Get one frame.

        Parameters
        ----------
        index
            0-based, below the length.
        out
            C-contiguous array of the file's spec; filled.

        Raises
        ------
        RecorderError
            The frame cannot be decoded; the message names file and frame.
        """

    def iterate(self, start: int, stop: int) -> Generator[Frame, None, None]:
        """Decode a range of frames, as fast as it goes.

        Parameters
        ----------
        start, stop
            0-based: the first frame, and the one behind the last.

        Yields
        ------
        array of the spec
            May be overwritten by the next frame.

        Raises
        ------
        RecorderError
            A frame cannot be decoded, after all those before it.
        """

    def close(self) -> None:
        """Let go of the file and of what helped to decode it. May be called twice."""


def readable(frames: Frames) -> Generator[Frame, None, None]:
    """Give every frame that can be decoded, in order; the others are left out.

    Yields
    ------
    array of the spec
        May be overwritten by the next frame.
    """
    at = 0
    while at < len(frames):
        try:
            with closing(frames.iterate(at, len(frames))) as range_:
                for frame in range_:
                    yield frame
                    at += 1
        except RecorderError:
            at += 1


class NoFrames:
    """The frames of a file that a kill left unmade."""

    def __len__(self) -> int:
        return 0

    def read(self, index: int, out: Frame) -> None:
        """Say that there is none."""
        raise IndexError(f"there is no frame {index}")

    def iterate(self, start: int, stop: int) -> Generator[Frame, None, None]:
        """Give nothing."""
        yield from ()

    def close(self) -> None:
        """Do nothing."""
