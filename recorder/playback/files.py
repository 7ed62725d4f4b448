"""Find the files of recordings: from a file, a stem or a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from recorder.errors import ConfigError, RecorderError
from recorder.ffmpeg.decode import decode_frames
from recorder.frame import FrameSpec, PixelFormat
from recorder.playback import hdf5
from recorder.playback.part import Part
from recorder.playback.video import VideoFrames
from recorder.writers import about as about_file
from recorder.writers import naming
from recorder.writers.ledger import Row, has_rows, read_rows

if TYPE_CHECKING:
    from recorder.frame import Frame


class VideoPart:
    """A video with its ledger and its about file.

    Parameters
    ----------
    stem
        Folder and name without suffix.
    """

    def __init__(self, stem: Path) -> None:
        self.stem = stem
        self.video = self.file = naming.beside(stem, naming.VIDEO)
        self.ledger = naming.beside(stem, naming.LEDGER)

    def __repr__(self) -> str:
        return f"VideoPart({str(self.stem)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return VideoPart, (self.stem.absolute(),)  # another process reads the files again

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that are there, the one with the frames first."""
        every = (self.video, self.ledger, naming.beside(self.stem, naming.ABOUT))
        return tuple(path for path in every if path.exists())

    @cached_property
    def about(self) -> dict[str, Any]:
        """What the about file says; empty if it is missing or unreadable."""
        return about_file.read(naming.beside(self.stem, naming.ABOUT))

    @property
    def spec(self) -> FrameSpec:
        """What its frames are.

        Raises
        ------
        RecorderError
            The about file does not say.
        """
        try:
            pixel_format: PixelFormat = self.about["pixel_format"]
            return FrameSpec(int(self.about["width"]), int(self.about["height"]), pixel_format)
        except (KeyError, TypeError, ValueError, ConfigError) as error:
            raise RecorderError(
                f"{naming.beside(self.stem, naming.ABOUT)} is missing or does not say what the "
                "frames are"
            ) from error

    @property
    def state(self) -> str:
        """``complete``, ``recording`` (right now), or ``interrupted``."""
        if self.about.get("state") == about_file.COMPLETE:
            return "complete"
        return "recording" if about_file.is_live(self.about) else "interrupted"

    def rows(self) -> list[Row]:
        """Return the ledger's rows, in order.

        Raises
        ------
        RecorderError
            The ledger is missing, or it is none.
        """
        if not self.ledger.exists():
            raise RecorderError(f"{self.ledger} is missing: nothing says what the camera gave")
        return list(read_rows(self.ledger))

    def open_frames(self) -> VideoFrames:
        """Open the frames for reading by number.

        Raises
        ------
        RecorderError
            The video or its about file is missing, or they do not belong together.
        """
        return VideoFrames(self.video, self.spec)

    def decode(self) -> Generator[Frame, None, None]:
        """Give every frame that ffmpeg gets out of the file, in order.

        Yields
        ------
        array of the spec
            The same array each time, overwritten by the next frame.
        """
        return decode_frames(self.video, self.spec)


def _is_video(stem: Path) -> bool:
    """Whether there is a ledger, or an about file of ours whose ledger somebody removed.

    Neither a row nor a word about it: a kill came while it was opened, and nothing is in it. A
    file that the retention is just deleting is none any more.
    """
    ledger, about_path = naming.beside(stem, naming.LEDGER), naming.beside(stem, naming.ABOUT)
    about = about_file.read(about_path)
    if about.get("state") == about_file.DELETED:
        return False
    if ledger.is_file() and (not about_file.is_blank(about_path) or has_rows(ledger)):
        return True
    return "ffmpeg_command" in about


class _Kind(NamedTuple):
    suffixes: tuple[str, ...]
    """What its files end in, the one with the frames first."""
    is_there: Callable[[Path], bool]
    """Whether there is a recording of this kind under a stem."""
    part: Callable[[Path], Part]
    """Makes it from the stem."""


KINDS = (
    _Kind((naming.VIDEO, naming.LEDGER, naming.ABOUT), _is_video, VideoPart),
    _Kind((naming.HDF5,), hdf5.is_recording, hdf5.Hdf5Part),
)
"""The kinds of recording there are. No two have a suffix in common."""


def find_parts(path: Path, below: bool = False) -> list[Part]:
    """Return the parts that a path means, in order by name.

    Parameters
    ----------
    path
        Any file of a recording, a stem (all of its parts), or a folder (everything in it).
    below
        Also what is in the folders of a folder, but for hidden ones.

    Raises
    ------
    ConfigError
        There is no recording.
    RecorderError
        A folder cannot be read.
    """
    if path.is_dir():
        found = _found_in(_files_below(path) if below else path.iterdir())
    elif path.is_file():
        found = _found_in([path])
    else:
        found = _found_under(path)
    if not found:
        raise ConfigError(
            f"{path}: there is no recording (neither {naming.HDF5} nor {naming.VIDEO} with its "
            f"{naming.LEDGER})"
        )
    return _parts(found)


def _files_below(folder: Path) -> Iterator[Path]:
    """Give all files in a folder and its folders; links to folders are not followed."""

    def refuse(error: OSError) -> None:  # it may hold recordings that nobody would have looked at
        raise RecorderError(f"{error.filename}: cannot be read: {error.strerror}") from error

    for root, folders, names in os.walk(folder, onerror=refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        yield from (Path(root, name) for name in names)


def find_under(stem: Path) -> list[Part]:
    """Return the parts whose stem is this one, alone or with a number; maybe none."""
    return _parts(_found_under(stem))


def _parts(found: set[tuple[Path, int]]) -> list[Part]:
    return [KINDS[kind].part(stem) for stem, kind in sorted(found)]


def _found_in(paths: Iterable[Path]) -> set[tuple[Path, int]]:
    """Return stem and kind of all recordings that some files belong to."""
    named = {
        (path.with_name(path.name[: -len(suffix)]), number)
        for path in paths
        for number, kind in enumerate(KINDS)
        for suffix in kind.suffixes
        if path.name.endswith(suffix) and path.name != suffix and not path.name.startswith(".")
    }
    return {(stem, number) for stem, number in named if KINDS[number].is_there(stem)}


def _found_under(stem: Path) -> set[tuple[Path, int]]:
    if not stem.parent.is_dir():
        return set()
    itself = {(stem, number) for number, kind in enumerate(KINDS) if kind.is_there(stem)}
    # Names first: to see what another file is may take opening it.
    near = (path for path in stem.parent.iterdir() if path.name.startswith(f"{stem.name}_"))
    later = {
        (found, number)
        for found, number in _found_in(near)
        if found.name[len(stem.name) + 1 :].isdigit()
    }
    return itself | later
