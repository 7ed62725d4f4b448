"""The closed segments in a folder, known without reading again what has not changed."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from recorder.unattended.closed import Closed, Seen, files_of, recognize, see
from recorder.writers import naming

_FRESH_NS = 2_000_000_000
"""A file that was written just now may change once more within one tick of the file system."""


class FolderChanged(Exception):
    """The folder is not the one that it was; nothing in it is ours to delete."""


class _Place(NamedTuple):
    path: Path
    device: int
    inode: int


class Shelf:
    """A folder with recordings.

    The folder may be given through a link: where that leads is resolved once, and it has to stay
    that way. What stands in for a disk that is away (another folder, an empty mount point) is no
    place to delete in.

    Parameters
    ----------
    folder
        Of the recordings.
    clock
        Unix time in ns.
    """

    def __init__(self, folder: Path, clock: Callable[[], int] = time.time_ns) -> None:
        self._folder = Path.cwd() / folder
        self._clock = clock
        self._place: _Place | None = None
        self._known: dict[Path, tuple[tuple[Seen, ...], Closed | None]] = {}
        self.read = 0
        """How many files were read so far, for what they say of themselves."""

    def look(self, stop: Callable[[], bool] = lambda: False) -> list[Closed]:
        """Return all segments in the folder that are ours and closed, of whatever camera.

        Parameters
        ----------
        stop
            Asked now and then whether to give up; the list is empty then.

        Raises
        ------
        FolderChanged, OSError
        """
        place = self._require_place()
        if place is None:
            return []
        known = {}
        for files in self._found(place):
            if stop():
                return []
            known[files[-1].path] = kept = self._kept(files)
            self._known[files[-1].path] = kept  # also if it is given up
        self._known = known
        return [closed for _, closed in known.values() if closed is not None]

    def is_unchanged(self, closed: Closed) -> bool:
        """Look again at a segment, as if for the first time: whether all is as it was.

        Raises
        ------
        FolderChanged, OSError
        """
        place = self._require_place()
        paths = [seen.path for seen in closed.files]
        if place is None or any(path.parent != place.path for path in paths):
            return False
        return recognize(tuple(see(path, place.device) for path in paths)) == closed

    def _require_place(self) -> _Place | None:
        """Return the folder, if it is there and where it always was."""
        try:
            path = self._folder.resolve(strict=True)
            found = path.stat()
        except FileNotFoundError:
            if self._place is None:
                return None
            raise FolderChanged(f"{self._folder} is gone") from None
        place = _Place(path, found.st_dev, found.st_ino)
        if self._place is None:
            self._place = place
        if place != self._place:
            raise FolderChanged(f"{self._folder} is another folder than before, or on another disk")
        return place

    def _found(self, place: _Place) -> Iterator[tuple[Seen, ...]]:
        with os.scandir(place.path) as entries:
            names = sorted(entry.name for entry in entries)
        for name in names:
            for held, suffix in ((naming.ABOUT, naming.VIDEO), (naming.HDF5, naming.HDF5)):
                stem = name[: -len(held)]
                if name.endswith(held) and stem and not name.startswith("."):
                    paths = files_of(place.path / stem, suffix)
                    yield tuple(see(path, place.device) for path in paths)

    def _kept(self, files: tuple[Seen, ...]) -> tuple[tuple[Seen, ...], Closed | None]:
        before = self._known.get(files[-1].path)
        settled = all(abs(self._clock() - seen.mtime_ns) > _FRESH_NS for seen in files)
        if before is not None and before[0] == files and settled:
            return before
        self.read += 1
        return files, recognize(files)


__all__ = ["FolderChanged", "Shelf"]
