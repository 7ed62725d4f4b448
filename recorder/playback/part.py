"""What is asked of one file of a recording, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from recorder.errors import RecorderError
from recorder.frame import FrameSpec
from recorder.playback.frames import Frames
from recorder.writers.ledger import Row

if TYPE_CHECKING:
    from recorder.frame import Frame

_NO_FILE_YET_NS = 2_000_000_000
"""ffmpeg makes its file while the first frames are on their way to it."""


class Part(Protocol):
    """One file with frames, and what belongs to it: the same for every kind of recording."""

    @property
    def stem(self) -> Path:
        """Folder and name without suffix."""

    @property
    def file(self) -> Path:
        """The file with the frames."""

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that are there, the one with the frames first."""

    @property
    def about(self) -> Mapping[str, Any]:
        """What the recording says of itself; empty if that is missing or unreadable."""

    @property
    def spec(self) -> FrameSpec:
        """What its frames are.

        Raises
        ------
        RecorderError
            Nothing says so.
        """

    @property
    def state(self) -> str:
        """``complete``, ``recording`` (right now), or ``interrupted``."""

    def rows(self) -> list[Row]:
        """Return the ledger's rows, in order.

        Raises
        ------
        RecorderError
            There is no ledger, or it cannot be read.
        """

    def open_frames(self) -> Frames:
        """Open the frames for reading by number.

        Raises
        ------
        RecorderError
            There are none to be read.
        """

    def decode(self) -> Generator[Frame, None, None]:
        """Give every frame that comes out of the file, in order, as any program would get it.

        What cannot be decoded is left out, without an error: this is how `verify` sees a file.

        Yields
        ------
        array of the spec
            May be overwritten by the next frame.
        """


def require_order(part: Part, rows: Sequence[Row]) -> None:
    """Refuse a ledger whose numbers are not in order.

    Raises
    ------
    RecorderError
    """
    frames = [row.frame for row in rows if row.status == "written"]
    grabs = [row.grab for row in rows if row.grab >= 0]
    if frames != list(range(len(frames))):
        raise RecorderError(f"{part.file}: the frame numbers in its ledger are not 0, 1, 2, …")
    if any(after <= before for before, after in pairwise(grabs)):
        raise RecorderError(f"{part.file}: the grab numbers in its ledger do not grow")


def require_file(part: Part, state: str, rows: Sequence[Row]) -> None:
    """Miss a file that should be there; a kill may have come before ffmpeg made it.

    Raises
    ------
    RecorderError
    """
    written = [row for row in rows if row.status == "written"]
    if part.file.exists() or not written:
        return
    just_begun = written[-1].t_mono_ns - written[0].t_mono_ns < _NO_FILE_YET_NS
    if state == "complete" or not just_begun:
        raise RecorderError(f"{part.file} is missing")
