"""A file that is whole or not there: written under a name of its own, then given the final one."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

from recorder import forks
from recorder.errors import FileTaken, RecorderError, WriterError
from recorder.system import detach_all, sync_folder
from recorder.writers.ledger import as_recorder_error, sync_path
from recorder.writers.naming import SUFFIXES

MadeT = TypeVar("MadeT")


class Replacement:
    """A file in the making that takes the place of `target`, or leaves it as it was.

    In a forked process it is the parent's: nothing happens to it there.

    Parameters
    ----------
    target
        Where it belongs in the end; a link is followed, so that it still is one afterwards.

    Attributes
    ----------
    target
        The same, absolute: it does not move when the program changes its folder.
    fresh
        Where to write: a free name in the same folder, with the same suffix.

    Raises
    ------
    WriterError
        There is no such folder, or the name is that of something that cannot be overwritten.
    """

    def __init__(self, target: Path) -> None:
        self.target = Path(os.path.realpath(target))
        _require_replaceable(self.target)
        # Not made from the target's name, which may be as long as the system allows already.
        name = f".recorder-{secrets.token_hex(4)}{self.target.suffix}"
        self.fresh = self.target.with_name(name)
        self.owner = os.getpid()
        forks.notify(self)

    def forked(self) -> None:
        """Let go of the parent's file, which the HDF5 library locks, and flushes at the exit."""
        with contextlib.suppress(OSError):  # it is not made yet, or has its final name
            detach_all(self.fresh.stat())

    @property
    def is_ours(self) -> bool:
        """Whether this process began it, rather than one that it was forked from."""
        return os.getpid() == self.owner

    def commit(self) -> None:
        """Bring the file to the disk and give it the final name.

        Raises
        ------
        WriterError, NoSpace
            It is removed again. Only if it is whole and merely the name cannot be had (on Windows,
            while a program has the old file open), it stays where it is, and the error says where.
        """
        if not self.is_ours:
            return
        try:
            self._sync()
        except RecorderError:
            self.discard()
            raise
        try:
            self._rename()
        except RecorderError as error:
            raise WriterError(f"{error}; what was written is whole, and in {self.fresh}") from error

    def _sync(self) -> None:
        try:
            if self.target.exists():
                shutil.copymode(self.target, self.fresh)
            sync_path(self.fresh)
        except OSError as error:
            raise as_recorder_error(error, self.target) from error

    def _rename(self) -> None:
        try:
            self.fresh.replace(self.target)
            sync_folder(self.target.parent)
        except OSError as error:
            raise WriterError(f"{self.target} cannot be replaced ({error.strerror})") from error

    def discard(self) -> None:
        """Remove what was written; what stands under the final name stays."""
        if not self.is_ours:
            return
        with contextlib.suppress(OSError):  # the error that brought us here says more
            self.fresh.unlink(missing_ok=True)


class Unfinished(Replacement):
    """A replacement of frames that cannot be taken twice: it is found, and stays, if it must.

    It is written as STEM.unfinished.SUFFIX beside the target, or STEM.unfinished-2.SUFFIX and so
    on where such a file is left from before: that one is not touched. STEM is the whole name of a
    target that does not end in this suffix.

    Parameters
    ----------
    target
        As of `Replacement`.
    suffix
        What the unfinished name ends in, so that it is opened as what it is: a link, and what it
        leads to, may end otherwise.
    """

    def __init__(self, target: Path, suffix: str) -> None:
        super().__init__(target)
        self._suffix = suffix

    def claim(self, make: Callable[[Path], MadeT]) -> MadeT:
        """Make the file under the first name that is free, and note its name in `fresh`.

        Parameters
        ----------
        make
            Makes a new file of a name; raises `FileTaken` if there is one.

        Raises
        ------
        RecorderError
            Whatever else `make` raises.
        """
        for name in _unfinished_names(self.target, self._suffix):
            with contextlib.suppress(FileTaken):
                made = make(self.target.with_name(name))
                self.fresh = self.target.with_name(name)
                return made
        raise AssertionError("names have no end")

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it, or no such file any more."""
        try:
            return self.fresh.stat().st_size == 0
        except OSError:
            return True

    def commit(self) -> None:
        """Bring the file to the disk and give it the final name.

        Raises
        ------
        WriterError, NoSpace
            It stays where it is.
        """
        if self.is_ours:
            self._sync()
            self._rename()


def make_empty(path: Path) -> None:
    """Make a new file, which claims its name.

    Raises
    ------
    FileTaken, WriterError, NoSpace
    """
    try:
        path.touch(exist_ok=False)
    except FileExistsError:
        raise FileTaken(f"{path} exists; nothing is ever overwritten") from None
    except OSError as error:
        raise as_recorder_error(error, path) from error


def _unfinished_names(target: Path, suffix: str) -> Iterator[str]:
    has_it = target.suffix.lower() == suffix.lower()
    stem = target.stem if has_it else target.name
    for number in itertools.count(1):
        last = f".unfinished{f'-{number}' if number > 1 else ''}{suffix}"
        yield _shortened(stem, _longest_name(target.parent) - len(os.fsencode(last))) + last


def _shortened(name: str, most: int) -> str:
    """Return as much of a name's beginning as has so many bytes, in whole characters."""
    while len(os.fsencode(name)) > most:
        name = name[:-1]
    return name


def _longest_name(folder: Path) -> int:
    try:
        longest = os.pathconf(folder, "PC_NAME_MAX")
    except (AttributeError, OSError, ValueError):  # Windows has no such call
        longest = 255
    return longest - len(max(SUFFIXES, key=len))  # a recording's other files are looked for, too


def _require_replaceable(path: Path) -> None:
    if not path.parent.is_dir():
        raise WriterError(f"cannot write {path}: there is no folder {path.parent}; make it first")
    if not path.exists():
        return
    if not path.is_file():  # a folder, or a device: a rename would put a file in its place
        raise WriterError(f"cannot write {path}: it is no ordinary file")
    if not os.access(path, os.W_OK):  # a rename would get past this
        raise as_recorder_error(OSError(errno.EACCES, os.strerror(errno.EACCES)), path)
