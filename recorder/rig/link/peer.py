"""One watcher at a Unix socket, as the rig keeps it: one request, one answer, nothing more."""

from __future__ import annotations

import os
import socket
import time

from recorder.rig.link.protocol import REQUEST_BYTES, Answer

_CHUNK = 1 << 16


class Peer:
    """What has come from a watcher, and what is still to go to it; never blocks.

    Attributes
    ----------
    is_busy
        Its request is being carried out.
    heard_s
        Monotonic time of its last whole request, or of its coming.
    is_watcher
        It has asked for something.
    """

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.sock = sock
        self.heard_s = time.monotonic()
        self.is_busy = False
        self.is_watcher = False
        self._inbox = bytearray()
        self._outbox = memoryview(b"")
        self._answer = Answer(b"")

    @property
    def is_free(self) -> bool:
        """Whether the next request may begin."""
        return not self.is_busy and not self._outbox and not self._answer.is_last

    @property
    def is_leaving(self) -> bool:
        """Whether it has got the last answer that it gets."""
        return self._answer.is_last and not self._outbox

    @property
    def knows_end(self) -> bool:
        """Whether it was told that the rig has ended."""
        return self._answer.tells_end and not self._outbox

    def receive(self) -> None:
        """Take what has come, as far as it may be part of a request.

        Raises
        ------
        EOFError
            It has gone.
        """
        data = self.sock.recv(_CHUNK)
        if not data:
            raise EOFError
        self._inbox += data

    def take_line(self) -> bytes | None:
        """Return the next whole line; None if there is none yet, empty if it is too long."""
        end = self._inbox.find(b"\n", 0, REQUEST_BYTES)
        if end < 0:
            return None if len(self._inbox) < REQUEST_BYTES else b""
        line = bytes(self._inbox[: end + 1])
        del self._inbox[: end + 1]
        return line

    def queue(self, answer: Answer) -> None:
        """Have an answer sent; the one before has been."""
        self._answer = answer
        self._outbox = memoryview(answer.line)

    def flush(self) -> None:
        """Send what it takes now."""
        while self._outbox:
            try:
                sent = self._send()
            except BlockingIOError:
                return
            self._outbox = self._outbox[sent:]

    def _send(self) -> int:
        handle = self._answer.handle
        if handle is None:
            return self.sock.send(self._outbox)
        sent = socket.send_fds(self.sock, [self._outbox], [handle])
        self._close_handle()  # one of its own is on the way
        return sent

    def _close_handle(self) -> None:
        if self._answer.handle is not None:
            os.close(self._answer.handle)
            self._answer = self._answer._replace(handle=None)

    def close(self) -> None:
        """Part with it."""
        self._close_handle()
        self.sock.close()
