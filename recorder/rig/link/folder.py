"""Where running rigs are found: a folder of this user alone, with a lock and a socket for each.

A name belongs to whoever holds the lock of its file. Only the holder removes or makes the socket
of that name, so that two rigs which start at once never remove each other's fresh one; the system
lets go of the lock when a rig dies, however it dies.
"""

from __future__ import annotations

import json
import os
import re
import stat
import tempfile
import warnings
from contextlib import suppress
from pathlib import Path

from recorder.errors import RecorderError
from recorder.system import WINDOWS, lock_file

VARIABLE = "RECORDER_RUNTIME_DIR"
"""Environment variable that names another folder."""

_LOCK = ".lock"
_SOCKET = ".sock"
_PATH_BYTES = 103
"""Longest path of a socket: macOS has room for 104 bytes with the zero, Linux for 108."""
_SHORTEST_NAME = 8
_MOST_RIGS = 99
_LOCKED_BYTES = 8  # nobody else may read these on Windows: what the file says begins after them


def runtime_folder(*, make: bool = True) -> Path:
    """Return the folder, which nobody but this user can look into.

    Parameters
    ----------
    make
        Make it if it is missing.

    Raises
    ------
    RecorderError
        It cannot be made, or others could get at it.
    """
    folder = _chosen_folder()
    try:
        if make:
            _make(folder)
        _require_ours(folder)
    except FileNotFoundError:
        if make:
            raise
    except OSError as error:
        raise RecorderError(
            f"{folder}, where running rigs are found, cannot be made or read "
            f"({error.strerror or error}); set {VARIABLE} to a folder of your own"
        ) from error
    return folder


def _chosen_folder() -> Path:
    import platformdirs

    chosen = os.environ.get(VARIABLE)
    if chosen:
        return Path(chosen).absolute()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no /run/user: its fallback is checked here
        try:
            return Path(platformdirs.user_runtime_dir("recorder"))
        except OSError:
            uid = "" if WINDOWS else f"-{os.geteuid()}"
            return Path(tempfile.gettempdir(), f"recorder{uid}")


def _make(folder: Path) -> None:
    for level in (*reversed(folder.parents), folder):
        with suppress(FileExistsError):
            if level == folder or not level.exists():
                level.mkdir(0o700)


def _require_ours(folder: Path) -> None:
    found = folder.lstat()  # a symbolic link could lead anywhere tomorrow
    if not stat.S_ISDIR(found.st_mode):
        _refuse(folder, "it is not a folder")
    if WINDOWS:
        return  # what lies in a user's own folders is closed to others there
    if found.st_uid != os.geteuid():
        _refuse(folder, "it belongs to another user")
    if stat.S_IMODE(found.st_mode) & 0o077:
        _refuse(folder, f"other users may enter it; chmod 700 {folder} if it is yours")


def _refuse(folder: Path, why: str) -> None:
    raise RecorderError(
        f"{folder}: {why}. Running rigs are found there, so it must be a folder of yours alone; "
        f"remove it, or set {VARIABLE} to another one"
    )


def socket_path(name: str) -> Path:
    """Return where a rig of that name listens."""
    return _chosen_folder() / f"{name}{_SOCKET}"


def names() -> list[str]:
    """Return the names that were claimed by rigs, running or dead.

    Raises
    ------
    RecorderError
        The folder is not ours alone.
    """
    folder = runtime_folder(make=False)
    with suppress(FileNotFoundError):
        return sorted(path.stem for path in folder.iterdir() if path.suffix == _LOCK)
    return []


def pid_of(name: str) -> int | None:
    """Return the process that claimed a name last; None if its file does not tell."""
    try:
        fd = os.open(_chosen_folder() / f"{name}{_LOCK}", os.O_RDONLY)
    except OSError:
        return None
    try:
        os.lseek(fd, _LOCKED_BYTES, os.SEEK_SET)
        told = json.loads(os.read(fd, 1000))
    except (OSError, ValueError):
        return None
    finally:
        os.close(fd)
    pid = told.get("pid") if isinstance(told, dict) else None
    return pid if isinstance(pid, int) else None


class Claim:
    """A name that is this rig's until it is released, or the process ends.

    Parameters
    ----------
    wanted
        The name to take; if a living rig has it: with -2, -3, … after it. What cannot stand in
        the name of a file becomes a dash.
    most
        How many rigs may have that name.

    Attributes
    ----------
    name
        What it became.

    Raises
    ------
    RecorderError
        The folder is not ours alone, or its path is too long for a socket.
    """

    def __init__(self, wanted: str, most: int = _MOST_RIGS) -> None:
        self._folder = runtime_folder()
        self._fd = -1
        plain = self._plain(wanted)
        try:
            self._fd, self.name = self._first_free(plain, most)
            self._note()
            self.socket_path.unlink(missing_ok=True)  # a dead rig's
        except OSError as error:
            self.release()
            raise RecorderError(
                f"{error.filename or self._folder}: {error.strerror}; running rigs are found there"
            ) from error

    def _first_free(self, plain: str, most: int) -> tuple[int, str]:
        for name in (plain, *(f"{plain}-{number}" for number in range(2, most + 1))):
            fd = self._try(name)
            if fd is not None:
                return fd, name
        raise RecorderError(f"{most} rigs called {plain} run already")

    def _plain(self, wanted: str) -> str:
        number = f"-{_MOST_RIGS}"
        room = _PATH_BYTES - len(os.fsencode(self._folder)) - len(f"/{number}{_SOCKET}")
        if room < _SHORTEST_NAME and not WINDOWS:
            raise RecorderError(
                f"{self._folder} is too long a path for a socket (the system takes {_PATH_BYTES} "
                f"bytes); set {VARIABLE} to a shorter one"
            )
        plain = re.sub(r"[^\w-]+", "-", wanted).strip("-") or "rig"
        return plain.encode()[: min(room, 60)].decode(errors="ignore")

    @property
    def socket_path(self) -> Path:
        """Where to listen."""
        return self._folder / f"{self.name}{_SOCKET}"

    def _lock_path(self, name: str) -> Path:
        return self._folder / f"{name}{_LOCK}"

    def _try(self, name: str) -> int | None:
        """Return the locked file of a name; None if a living rig has it."""
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0)
        while True:
            fd = os.open(self._lock_path(name), flags, 0o600)
            try:
                lock_file(fd)
            except OSError:
                os.close(fd)
                return None
            if self._is_current(fd, name):
                return fd
            os.close(fd)  # its last holder has removed it meanwhile: locked, but nobody sees it

    def _is_current(self, fd: int, name: str) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), self._lock_path(name).stat())
        except FileNotFoundError:
            return False

    def _note(self) -> None:
        told = b" " * _LOCKED_BYTES + json.dumps({"pid": os.getpid()}).encode()
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        os.write(self._fd, told)

    def release(self) -> None:
        """Remove the socket, then the lock, as long as both are ours; as often as one likes."""
        if self._fd < 0:
            return
        for path in (self.socket_path, self._lock_path(self.name)):
            with suppress(OSError):  # Windows removes no open file; a dead rig's lock harms nobody
                path.unlink()
        os.close(self._fd)
        self._fd = -1
