"""Delete one closed segment, so that a kill at any moment leaves nothing that nobody claims."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from recorder.system import is_in_use, sync_folder
from recorder.unattended.closed import Closed
from recorder.unattended.shelf import Shelf
from recorder.writers import about as about_file


class NotDeleted(Exception):
    """A segment is left as it is, and why."""


class Remover:
    """Deletes segments that were found on a shelf.

    Of a video the about file is marked first; then go the video, the ledger, and the about file
    last. Whatever is left after a kill is named by a marked about file, which no reader takes for a
    recording any more, and which is removed together with the rest when it is met again. An HDF5
    file is removed in one step.

    Parameters
    ----------
    shelf
        Where they are.
    unlink, replace
        Remove a file; put a new about file in the place of the old one.
    """

    def __init__(
        self,
        shelf: Shelf,
        unlink: Callable[[Path], None] = os.unlink,
        replace: Callable[[Path, Mapping[str, Any]], None] = about_file.replace,
    ) -> None:
        self._shelf = shelf
        self._unlink = unlink
        self._replace = replace

    def remove(self, closed: Closed, why: str) -> None:
        """Delete a segment, or what is left of one whose about file is marked.

        Raises
        ------
        NotDeleted, RecorderError, FolderChanged, OSError
        """
        if not closed.is_plain or not (closed.is_whole or closed.is_marked):
            raise NotDeleted("not all of it are ordinary files that are there")
        if not self._shelf.is_unchanged(closed):
            raise NotDeleted("it has changed since it was looked at")
        there = [seen.path for seen in closed.files if seen.is_there]
        if any(is_in_use(path) for path in there):
            raise NotDeleted("somebody has it locked")
        if len(closed.files) > 1 and not closed.is_marked:
            self._mark(closed.files[-1].path, why)
        for path in there:
            self._unlink(path)
        sync_folder(closed.path.parent)

    def _mark(self, path: Path, why: str) -> None:
        fresh = path.with_name(f".{path.name}.new")  # which `replace` writes
        if fresh.is_symlink() or (fresh.exists() and fresh.stat().st_nlink != 1):
            raise NotDeleted(f"{fresh.name} is a link")
        about = about_file.read(path)
        if about.get("state") != about_file.COMPLETE:
            raise NotDeleted("it has changed since it was looked at")
        deleted = {"at": datetime.now().astimezone().isoformat(timespec="seconds"), "why": why}
        self._replace(path, about | {"state": about_file.DELETED, "deleted": deleted})
        sync_folder(path.parent)  # the mark is on the disk before anything is missing


__all__ = ["NotDeleted", "Remover"]
