"""What the writer thread asks of a writer: where frames go, and what became of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from recorder.errors import RecorderError
from recorder.frame import FrameSpec, FrameStamp

if TYPE_CHECKING:
    from recorder.frame import Frame

Done = Callable[[], None]


def nothing() -> None:
    """Do nothing: for callers that keep their frames anyway."""


@dataclass(frozen=True, slots=True)
class WriteReport:
    """What is in a file, counted in the file itself.

    Parameters
    ----------
    files
        The file with the frames first, then those that belong to it.
    written
        Frames that are in the file.
    lost
        Frames that were handed to the encoder and are not in the file.
    bytes
        Size on disk of all files together.
    error
        Why the file ended early; None if it was closed as intended.
    unfinished
        What kept the file from being finished and confirmed by the disk; it is then not
        reported as a success, whatever is in it. None if nothing did.
    counts
        Rows of the ledger by status; empty if there is none.
    first_grab, last_grab
        The first and the last number in the ledger; -1 if there is none.
    time_deviation_ms
        Greatest difference between a frame's time in the file and its clock, if that is above a
        frame; else None.
    """

    files: tuple[Path, ...]
    written: int
    lost: int = 0
    bytes: int = 0
    error: str | None = None
    unfinished: RecorderError | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    first_grab: int = -1
    last_grab: int = -1
    time_deviation_ms: float | None = None


class Writer(Protocol):
    """Where the frames of one file go. One thread uses it, from `open` to `close`."""

    def open(self, spec: FrameSpec) -> None:
        """Claim the file's name and make ready.

        Raises
        ------
        FileTaken, WriterError, NoSpace
            Nothing was recorded, and nothing is left behind.
        """

    def write(self, frame: Frame, stamp: FrameStamp, done: Done = nothing) -> None:
        """Write a frame's row, then the frame.

        Parameters
        ----------
        frame
            C-contiguous array of the spec given to `open`, lent until `done`.
        done
            Called once, from any thread, when the frame is the caller's again; not if this raises.

        Raises
        ------
        EncoderDied, WriterError, NoSpace
            The file takes no more frames; its row stands, and `close` will say that it is lost.
        """

    def skip(self, stamp: FrameStamp, status: str, note: str) -> None:
        """Write the row of a grabbed frame that is not in the file: dropped or bad, and why."""

    def check(self) -> None:
        """Raise what `write` would raise, while no frame comes."""

    @property
    def bytes_on_disk(self) -> int:
        """How much the file holds by now."""

    @property
    def bytes_at_most(self) -> int:
        """How large the file can become with what it was given by now and one frame more.

        An upper bound, whatever is in the frames: beyond a disk's limit they are lost.
        """

    def sync(self) -> None:
        """Bring to the disk what is written by now; from any thread, also beside `close`.

        Raises
        ------
        OSError
        """

    def close(self, reason: str) -> WriteReport:
        """Finish the file, whatever state it is in, and count what is in it."""
