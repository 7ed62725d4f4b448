"""Unix sockets: to listen at one, and the watcher's side, where every wait has an end."""

from __future__ import annotations

import os
import socket
import struct
import sys
import time
from pathlib import Path

from recorder.errors import RecorderError
from recorder.rig.link.protocol import ANSWER_BYTES

_CHUNK_BYTES = 1 << 16
_BACKLOG = 128
_AGAIN_S = 0.01


def listen(path: Path) -> socket.socket:
    """Return a socket that listens at a path.

    Raises
    ------
    RecorderError
        It cannot be made there.
    """
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise RecorderError(f"{path}: no socket can be made there: {error.strerror}") from error
    return listener


def is_ours(sock: socket.socket) -> bool:
    """Whether the other end belongs to this user."""
    try:
        if sys.platform == "darwin":
            peer = sock.getsockopt(0, 1, 76)  # SOL_LOCAL, LOCAL_PEERCRED: a struct xucred
            uid = struct.unpack_from("@Ii", peer)[1]
        else:
            peer = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
            uid = struct.unpack("@iii", peer)[1]
    except OSError:
        return False
    return bool(uid == os.geteuid())


class SocketChannel:
    """A connection to a rig.

    Raises
    ------
    OSError
        Nobody listens at that path; or, as PermissionError, another user does.
    """

    def __init__(self, path: Path, timeout_s: float) -> None:
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._inbox = bytearray()
        self._handle: int | None = None
        try:
            self._connect(path, time.monotonic() + timeout_s)
            if not is_ours(self._sock):
                raise PermissionError(f"{path} belongs to another user's program")
        except BaseException:
            self._sock.close()
            raise

    def _connect(self, path: Path, deadline_s: float) -> None:
        self._sock.settimeout(max(_AGAIN_S, deadline_s - time.monotonic()))
        while True:
            try:
                return self._sock.connect(str(path))
            except BlockingIOError:  # Linux: so many want in that it would have to wait
                if time.monotonic() > deadline_s:
                    raise
                time.sleep(_AGAIN_S)

    def send(self, line: bytes, timeout_s: float) -> None:
        """Send a request; TimeoutError if the rig does not take it."""
        self._sock.settimeout(timeout_s)
        self._sock.sendall(line)

    def receive(self, timeout_s: float) -> tuple[bytes, int | None]:
        """Return the next line, and the descriptor that came along; or raise TimeoutError."""
        deadline_s = time.monotonic() + timeout_s
        searched = 0
        while (end := self._inbox.find(b"\n", searched)) < 0:
            searched = len(self._inbox)
            if searched > ANSWER_BYTES:
                raise EOFError("an answer without an end")
            self._read(deadline_s - time.monotonic())
        line = bytes(self._inbox[:end])
        del self._inbox[: end + 1]
        handle, self._handle = self._handle, None
        return line, handle

    def _read(self, timeout_s: float) -> None:
        if timeout_s <= 0:
            raise TimeoutError
        self._sock.settimeout(timeout_s)
        data, handles, _, _ = socket.recv_fds(self._sock, _CHUNK_BYTES, 1)
        for handle in handles:
            os.set_inheritable(handle, False)
            self._forget_handle()
            self._handle = handle
        if not data:
            raise EOFError
        self._inbox += data

    def _forget_handle(self) -> None:
        if self._handle is not None:
            os.close(self._handle)
        self._handle = None

    def close(self) -> None:
        """Hang up."""
        self._forget_handle()
        self._sock.close()
