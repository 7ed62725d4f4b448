"""The HDF5 library, as PyTables brings it: who may call it when, and files that cannot be locked.

The library is used by one thread at a time, and a fork waits until it is idle: what it has in
memory is whole then in the new process too, which reads on with it. (It reads with positions of its
own, so the two do not disturb each other.)

It locks every file that it opens. Some network shares, containers and encrypted folders have no
locks; HDF5 1.14 refuses to open anything there, and PyTables has no option for it. Such a file is
opened once more without a lock.
"""

from __future__ import annotations

import ctypes
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from recorder import forks
from recorder.errors import RecorderError
from recorder.system import NO_LOCKS

LOCK = forks.wait_for(threading.RLock())
"""Held by code that uses PyTables."""

_LOCK_FAILED = re.compile(r"unable to lock file, errno = (\d+)")
_OPEN_WITHOUT = "file locking flag values don't match"
"""Said of a file that this process has open already, in the other way."""
_Id = ctypes.c_int64
T = TypeVar("T")
_unwanted: deque[Any] = deque()


def open_file(path: Path, mode: str = "r") -> Any:
    """Open a file with PyTables; the caller holds `LOCK` while it uses it.

    Raises
    ------
    tables.HDF5ExtError, OSError
        It cannot be opened, or is being written: another process holds its lock.
    """
    import tables

    with LOCK:
        _close_unwanted()
        return with_or_without_locks(lambda: tables.open_file(str(path), mode))


def with_or_without_locks(opens: Callable[[], T]) -> T:
    """Call what opens a file; once more without locks if its file system has none.

    Raises
    ------
    RecorderError
        The library does not do without.
    """
    import tables

    with LOCK:
        try:
            return opens()
        except tables.HDF5ExtError as error:
            if not _for_want_of_locks(error):
                raise
        with _no_locks():
            return opens()


def discard(file: Any) -> None:
    """Close a file that was forgotten: at once if the library is idle, else before the next use.

    Never waits: the garbage collector may call this in any thread.
    """
    _unwanted.append(file)
    if LOCK.acquire(blocking=False):
        try:
            _close_unwanted()
        finally:
            LOCK.release()


def _close_unwanted() -> None:
    while _unwanted:
        _unwanted.popleft().close()


def _for_want_of_locks(error: Exception) -> bool:
    failed = _LOCK_FAILED.search(str(error))
    return int(failed[1]) in NO_LOCKS if failed else _OPEN_WITHOUT in str(error)


@contextmanager
def _no_locks() -> Iterator[None]:
    """Have the library take no locks for the files that are opened meanwhile.

    PyTables asks for options of the library's class "file access"; meanwhile it gets those of a
    class that is derived from it and differs in one default.
    """
    library = c_library()
    if library is None:
        raise RecorderError(
            "this folder has no file locks, and the HDF5 library insists on them: set "
            "HDF5_USE_FILE_LOCKING=FALSE in the environment, and start again"
        )
    current = _Id.in_dll(library, "H5P_CLS_FILE_ACCESS_ID_g")
    usual, current.value = current.value, _class_without_locks(current.value)
    try:
        yield
    finally:
        current.value = usual


@cache
def c_library() -> Any:
    """Return the very HDF5 library that PyTables uses, in a process that may have others.

    Returns
    -------
    ctypes.CDLL
        Or None, where a module of PyTables does not lead to it, as on Windows.
    """
    from tables import hdf5extension

    library = ctypes.CDLL(hdf5extension.__file__)
    return library if hasattr(library, "H5P_CLS_FILE_ACCESS_ID_g") else None


@cache
def _class_without_locks(usual: int) -> int:
    library = c_library()
    library.H5Pcreate_class.restype = _Id
    library.H5Pcreate_class.argtypes = [_Id, ctypes.c_char_p, *[ctypes.c_void_p] * 6]
    library.H5Pregister2.argtypes = [_Id, ctypes.c_char_p, ctypes.c_size_t, *[ctypes.c_void_p] * 8]
    made = library.H5Pcreate_class(usual, b"file access without locks", *[None] * 6)
    no = ctypes.byref(ctypes.c_bool(False))
    library.H5Pregister2(made, b"use_file_locking", 1, no, *[None] * 7)
    return int(made)
