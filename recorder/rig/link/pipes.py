"""The link where there are no Unix sockets: Windows' named pipes, a thread for each watcher.

Only bytes travel, never pickles. A pipe's name is visible to other users, so each side first
proves that it can read a key in this user's own folder. Memory has a name there, so that no
descriptor has to come along with an answer.
"""

from __future__ import annotations

import getpass
import os
import secrets
import threading
import time
from contextlib import suppress
from multiprocessing import AuthenticationError
from multiprocessing.connection import Client, Connection, Listener, answer_challenge
from multiprocessing.connection import deliver_challenge as challenge
from typing import Any

from recorder.rig.link.desk import MOST_CLIENTS, Attendance, Begin
from recorder.rig.link.folder import runtime_folder
from recorder.rig.link.protocol import ANSWER_BYTES, REQUEST_BYTES, Answer

_TICK_S = 0.25
_GREETING_S = 5.0
_KEY_BYTES = 32


def pipe_of(name: str) -> str:
    """Return where a rig of that name is reached."""
    return rf"\\.\pipe\recorder-{getpass.getuser()}-{name}"


def shared_key() -> bytes:
    """Return the key that only this user's programs can read, made when it is missing."""
    path = runtime_folder() / "key"
    fresh = path.with_name(f"key-{secrets.token_hex(8)}")
    if not path.exists():
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        os.write(fd, secrets.token_bytes(_KEY_BYTES))
        os.close(fd)
        with suppress(FileExistsError):  # another rig was faster; never half a key under the name
            os.link(fresh, path)
        fresh.unlink()
    return path.read_bytes()


class PipeHost:
    """Listens at an address until it is closed; see `SocketHost`.

    Parameters
    ----------
    family
        As for `multiprocessing.connection`.
    """

    def __init__(
        self,
        address: str,
        key: bytes,
        begin: Begin,
        attendance: Attendance,
        family: str = "AF_PIPE",
    ) -> None:
        self._address = address
        self._key = key
        self._begin = begin
        self._attendance = attendance
        self._family = family
        self._listener = Listener(address, family, MOST_CLIENTS)
        self._closing = threading.Event()
        self._heard_s: dict[int, float] = {}  # of the watchers that do not know of the end yet
        self._serving: set[threading.Thread] = set()
        self._places = threading.BoundedSemaphore(MOST_CLIENTS)
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self, linger_s: float = 0.0) -> None:
        """Let go of everybody, after those who watch have been told of the end."""
        end_s = time.monotonic() + linger_s
        while self._heard_s and time.monotonic() < end_s:
            time.sleep(0.02)  # they are told when they ask next; nothing signals that
        self._closing.set()
        with suppress(OSError, EOFError):  # it waits for somebody, and can be told in no other way
            Client(self._address, self._family).close()
        for thread in (self._thread, *list(self._serving)):
            thread.join(4 * _TICK_S)
        self._listener.close()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                connection = self._listener.accept()
            except OSError:
                self._closing.wait(_TICK_S)
                continue
            if self._closing.is_set() or not self._places.acquire(blocking=False):
                connection.close()
                continue
            # Daemons: one that hangs in the middle of a message cannot be called back.
            work = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._serving.add(work)
            work.start()

    def _serve(self, connection: Connection[Any, Any]) -> None:
        try:
            _prove(connection, self._key, first=True)
            while not self._closing.is_set():
                if connection.poll(_TICK_S):
                    self._one_request(connection)
        except (OSError, EOFError, AuthenticationError):
            pass  # it is gone, or speaks another language
        finally:
            self._heard_s.pop(id(connection), None)
            self._attendance.go(connection)
            connection.close()
            self._serving.discard(threading.current_thread())
            self._places.release()

    def _one_request(self, connection: Connection[Any, Any]) -> None:
        found = self._begin(connection.recv_bytes(REQUEST_BYTES))
        answer = found if isinstance(found, Answer) else found()
        if not answer.is_refusal:
            self._attendance.come(connection)
            self._heard_s[id(connection)] = time.monotonic()
        connection.send_bytes(answer.line)
        if answer.tells_end:
            self._heard_s.pop(id(connection), None)
        if answer.is_last:
            raise EOFError


class PipeChannel:
    """The watcher's side; see `SocketChannel`."""

    def __init__(self, address: str, key: bytes, timeout_s: float, family: str = "AF_PIPE") -> None:
        self._connection = Client(address, family)
        try:
            _prove(self._connection, key, first=False, timeout_s=timeout_s)
        except AuthenticationError as error:
            self._connection.close()
            raise PermissionError(f"{address} belongs to another user's program") from error
        except BaseException:
            self._connection.close()
            raise

    def send(self, line: bytes, timeout_s: float) -> None:
        """Send a request; all but a config are short enough for the pipe to take at once."""
        self._connection.send_bytes(line)

    def receive(self, timeout_s: float) -> tuple[bytes, int | None]:
        """Return the next line; or raise TimeoutError."""
        if not self._connection.poll(timeout_s):
            raise TimeoutError
        return self._connection.recv_bytes(ANSWER_BYTES), None

    def close(self) -> None:
        """Hang up."""
        self._connection.close()


def _prove(
    connection: Connection[Any, Any], key: bytes, *, first: bool, timeout_s: float = _GREETING_S
) -> None:
    """Have each side show that it knows the key, without showing the key."""
    for step in (challenge, answer_challenge) if first else (answer_challenge, challenge):
        if step is answer_challenge and not connection.poll(timeout_s):
            raise TimeoutError
        step(connection, key)
