"""A file that is whole or not there: written under a name of its own, then given the final one."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import shutil
from pathlib import Path

from recorder.errors import WriterError
from recorder.system import sync_folder
from recorder.writers.ledger import as_recorder_error, sync_path


class Replacement:
    """A file in the making that takes the place of `target`, or leaves it as it was.

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

    def commit(self) -> None:
        """Bring the file to the disk and give it the final name.

        Raises
        ------
        WriterError, NoSpace
            It is removed again. Only if it is whole and merely the name cannot be had (on Windows,
            while a program has the old file open), it stays where it is, and the error says where.
        """
        try:
            if self.target.exists():
                shutil.copymode(self.target, self.fresh)
            sync_path(self.fresh)
        except OSError as error:
            self.discard()
            raise as_recorder_error(error, self.target) from error
        try:
            self.fresh.replace(self.target)
            sync_folder(self.target.parent)
        except OSError as error:
            raise WriterError(
                f"{self.target} cannot be replaced ({error.strerror}); what was written is whole, "
                f"and in {self.fresh}"
            ) from error

    def discard(self) -> None:
        """Remove what was written; what stands under the final name stays."""
        with contextlib.suppress(OSError):  # the error that brought us here says more
            self.fresh.unlink(missing_ok=True)


def _require_replaceable(path: Path) -> None:
    if not path.parent.is_dir():
        raise WriterError(f"cannot write {path}: there is no folder {path.parent}; make it first")
    if not path.exists():
        return
    if not path.is_file():  # a folder, or a device: a rename would put a file in its place
        raise WriterError(f"cannot write {path}: it is no ordinary file")
    if not os.access(path, os.W_OK):  # a rename would get past this
        raise as_recorder_error(OSError(errno.EACCES, os.strerror(errno.EACCES)), path)
