"""Memory that another process can watch.

On Linux an anonymous memory file: it has no name to leak, the kernel frees it even after every
process was killed, a small /dev/shm does not bound it, and no other user can open it. Elsewhere
named shared memory, with Python's tracker kept away from it (the tracker would unlink the ring
as soon as any watcher exits).
"""

from __future__ import annotations

import mmap
import os
from multiprocessing import resource_tracker, shared_memory
from typing import Protocol

import numpy as np

from recorder import pages
from recorder.errors import ConfigError, RecorderError
from recorder.system import LINUX, WINDOWS

Handle = int | str
"""What a watcher needs to attach: a file descriptor on Linux, a name elsewhere."""


class Block(Protocol):
    """A stretch of shared bytes."""

    @property
    def handle(self) -> Handle:
        """What another process attaches to."""

    @property
    def buf(self) -> memoryview:
        """The bytes, writable for the owner."""

    def close(self) -> None:
        """Let go of the bytes; they are freed with the last array or view that looks at them."""


class _MemoryFile:
    """Linux: memfd."""

    def __init__(self, fd: int, nbytes: int, *, writable: bool) -> None:
        self.handle: Handle = fd
        access = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        flags = mmap.MAP_SHARED | (mmap.MAP_POPULATE if writable else 0)
        self.buf = memoryview(mmap.mmap(fd, nbytes, flags=flags, prot=access))
        self._fd = fd
        self._address = np.frombuffer(self.buf, np.uint8).ctypes.data
        if writable:
            pages.lend(self._address, nbytes, fd)

    def close(self) -> None:
        if self._fd < 0:
            return
        pages.take_back(self._address)
        os.close(self._fd)
        self._fd = -1
        self.buf.release()


class _Named:
    """Elsewhere: named shared memory."""

    def __init__(
        self, memory: shared_memory.SharedMemory, *, owner: bool, writable: bool = True
    ) -> None:
        _untrack(memory)
        self._memory = memory
        self._owner = owner
        self.handle: Handle = memory.name
        buf = memory.buf
        assert buf is not None
        self.buf = buf if writable else buf.toreadonly()
        _leave_to_views(memory)

    def close(self) -> None:
        self.buf.release()
        if self._owner:
            self._owner = False
            _track(self._memory)  # unlink() takes the name off the tracker's list once more
            self._memory.unlink()


def _leave_to_views(memory: shared_memory.SharedMemory) -> None:
    # It would unmap the pages when it is collected, and complain on stderr if anybody still looks.
    # Left to themselves they go with the last view; its descriptor goes now.
    vars(memory).update(_buf=None, _mmap=None)
    memory.close()


def _untrack(memory: shared_memory.SharedMemory) -> None:
    # track=False exists from Python 3.13 on; this is what it does.
    if not WINDOWS:
        resource_tracker.unregister(getattr(memory, "_name", memory.name), "shared_memory")


def _track(memory: shared_memory.SharedMemory) -> None:
    if not WINDOWS:
        resource_tracker.register(getattr(memory, "_name", memory.name), "shared_memory")


def allocate(nbytes: int, *, to_look: bool = False, file: int | None = None) -> Block:
    """Return `nbytes` of shared memory, every page of it really there.

    Parameters
    ----------
    to_look
        The caller will only look: another process attaches to it and puts frames into it.
    file
        An empty memory file to be used (Linux); left out: a new one. It becomes the block's.

    Raises
    ------
    RecorderError
        The machine does not have that much memory, said before a camera is opened rather than
        by a bus error in the middle of a recording.
    """
    try:
        _require_memory(nbytes)
    except RecorderError:
        if file is not None:
            os.close(file)
        raise
    try:
        return _allocate_file(nbytes, not to_look, file) if LINUX else _allocate_named(nbytes)
    except OSError as error:
        raise RecorderError(
            f"the system gives no {nbytes / 2**20:.0f} MiB for the buffer ({error.strerror}); "
            "lower buffer.memory"
        ) from error


def _require_memory(nbytes: int) -> None:
    import psutil

    if nbytes < 1:
        raise ConfigError(f"buffer.memory is {nbytes} bytes; at least one frame must fit")
    available = psutil.virtual_memory().available
    if nbytes > available:
        raise RecorderError(
            f"buffer.memory is {nbytes / 2**20:.0f} MiB, but only {available / 2**20:.0f} MiB of "
            "memory are free; lower it"
        )


def _allocate_file(nbytes: int, writable: bool = True, file: int | None = None) -> Block:
    fd = os.memfd_create("recorder-ring") if file is None else file
    try:
        # ftruncate alone promises nothing: the lack would be a SIGBUS in the middle of a frame.
        os.posix_fallocate(fd, 0, nbytes)
        return _MemoryFile(fd, nbytes, writable=writable)
    except BaseException:
        os.close(fd)
        raise


def _allocate_named(nbytes: int) -> Block:
    block = _Named(shared_memory.SharedMemory(create=True, size=nbytes), owner=True)
    for start in range(0, nbytes, 4096):  # touch every page now, not at the first frames
        block.buf[start] = 0
    return block


def attach(handle: Handle, *, writable: bool = False) -> Block:
    """Return somebody else's memory. A descriptor becomes the caller's to close.

    Parameters
    ----------
    writable
        To put frames into it: the process of a camera works in memory that its rig allocated.
    """
    if isinstance(handle, int):
        return _MemoryFile(handle, os.fstat(handle).st_size, writable=writable)
    return _Named(shared_memory.SharedMemory(name=handle), owner=False, writable=writable)
