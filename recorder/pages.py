"""Give frames to a pipe without copying them: on Linux the pipe takes the ring's pages themselves.

Copying a 1080p frame into a pipe costs as much as painting it. `os.splice` hands the pages of a
memory file over instead, and the reader copies straight out of the ring. They must not change
before it has: `send` returns when the pipe is empty again, so a frame is the caller's on return,
as with an ordinary write.
"""

from __future__ import annotations

import os
import select
import struct
import sys
import time

from recorder.system import LINUX, write_all

SPLICE_FROM = 256 * 1024
"""Bytes from which on a copy costs more than waiting for the reader."""

_SHORTEST_S, _LONGEST_S = 50e-6, 2e-3
_known: dict[int, tuple[int, int]] = {}  # first address: (bytes, descriptor)


def lend(address: int, nbytes: int, fd: int) -> None:
    """Make known that these addresses are the pages of a memory file."""
    _known[address] = (nbytes, fd)


def take_back(address: int) -> None:
    """Forget a memory file, before its descriptor is closed."""
    _known.pop(address, None)


def send(pipe: int, data: memoryview, address: int) -> None:
    """Write all of `data` to a pipe; it may be changed again on return.

    Parameters
    ----------
    pipe
        Descriptor of the writing end.
    data
        C-contiguous bytes.
    address
        Where they begin.

    Raises
    ------
    OSError
        The reader has gone (EPIPE), or the pipe is broken in another way.
    """
    found = _find(address, len(data)) if LINUX and len(data) >= SPLICE_FROM else None
    if found is None:
        write_all(pipe, data)
        return
    fd, offset = found
    end = offset + len(data)
    while offset < end:
        offset += _splice(fd, pipe, end - offset, offset)
    _await_empty(pipe)


def _find(address: int, nbytes: int) -> tuple[int, int] | None:
    for first, (size, fd) in list(_known.items()):  # other threads may open a ring meanwhile
        if first <= address and address + nbytes <= first + size:
            return fd, address - first
    return None


def _splice(fd: int, pipe: int, count: int, offset: int) -> int:
    if sys.platform == "linux":
        return os.splice(fd, pipe, count, offset_src=offset)
    raise OSError("no splice on this system")


def _await_empty(pipe: int) -> None:
    """Wait until the reader has copied everything; there is no event for that."""
    import fcntl
    import termios

    poller = select.poll()
    poller.register(pipe, select.POLLERR)
    pause, unread = _SHORTEST_S, bytearray(4)
    while True:
        fcntl.ioctl(pipe, termios.FIONREAD, unread)
        if struct.unpack("i", unread)[0] == 0:
            return
        if poller.poll(0):  # nobody reads any more, so it would never be empty
            raise BrokenPipeError(32, "the reader has gone")
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_S)
