"""The link over a Unix socket: one thread serves every watcher, and none of them can hold it up.

A watcher has at most one request under way. Until it has taken the answer, nothing more is read
from it; so what the rig keeps for it is one request and one answer, however it behaves.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from recorder.errors import ConfigError, RecorderError
from recorder.rig.link.desk import MOST_CLIENTS, Attendance, Begin
from recorder.rig.link.peer import Peer
from recorder.rig.link.protocol import Answer, failed
from recorder.rig.link.unix import is_ours, listen

log = logging.getLogger(__name__)

_TICK_S = 0.5
_JOIN_S = 2.0
_SILENT_S = 10.0
"""A watcher that asked for nothing so long loses its place to the next who comes."""
_ACTIVE_S = 3.0
"""Who asked within this time will ask again, and is told of the end."""
_TOO_LONG = Answer(failed(None, ConfigError("too long for a request")), is_last=True)
_FULL = Answer(
    failed(None, RecorderError(f"{MOST_CLIENTS} watch this rig already; close one of them")),
    is_last=True,
)
_READ = selectors.EVENT_READ
_WRITE = selectors.EVENT_WRITE


class SocketHost:
    """Listens at a path until it is closed.

    Parameters
    ----------
    path
        Nobody else's; its folder is this user's alone.
    begin
        Gives the answer to a line, or the slow job that does.
    attendance
        Told who comes and goes.
    """

    def __init__(self, path: Path, begin: Begin, attendance: Attendance) -> None:
        self._begin = begin
        self._attendance = attendance
        self._peers: list[Peer] = []
        self._answers: deque[tuple[Peer, Answer]] = deque()
        self._end_s: float | None = None
        self._paused_until_s = 0.0
        self._jobs: set[threading.Thread] = set()
        self._listener = listen(path)
        self._wake_out, self._wake_in = socket.socketpair()
        self._selector = selectors.DefaultSelector()
        for sock in (self._wake_out, self._listener):
            sock.setblocking(False)
            self._selector.register(sock, _READ)
        self._wake_in.setblocking(False)
        self._thread = threading.Thread(target=self._run, name="link", daemon=True)

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self, linger_s: float = 0.0) -> None:
        """Accept nobody any more, and let go of everybody.

        Parameters
        ----------
        linger_s
            Wait so long at most for those who just asked, until they have been told of the end.
        """
        self._end_s = time.monotonic() + linger_s
        self._wake()
        for thread in (self._thread, *list(self._jobs)):
            if thread.ident is not None:
                thread.join(linger_s + _JOIN_S)
        if self._thread.is_alive():
            log.warning("the thread that serves watchers is stuck; its sockets stay open")
            return
        for peer in list(self._peers):
            self._drop(peer)
        self._selector.close()
        for sock in (self._listener, self._wake_out, self._wake_in):
            sock.close()

    def _wake(self) -> None:
        with suppress(OSError):  # full: it is awake; closed: it needs no waking
            self._wake_in.send(b"\0")

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._is_over():
            for key, events in self._selector.select(_TICK_S):
                self._attend(key.fileobj, key.data, events)
            while self._answers:
                peer, answer = self._answers.popleft()
                self._finish(peer, answer)
            self._open_door()

    def _is_over(self) -> bool:
        if self._end_s is None:
            return False
        now_s = time.monotonic()
        return now_s >= self._end_s or not any(
            peer.is_watcher and not peer.knows_end and now_s - peer.heard_s < _ACTIVE_S
            for peer in self._peers
        )

    def _attend(self, sock: object, peer: Peer | None, events: int) -> None:
        if sock is self._listener:
            self._accept()
        elif peer is None:
            with suppress(OSError):
                self._wake_out.recv(4096)
        else:
            self._safely(peer, peer.receive if events & _READ else peer.flush)

    def _safely(self, peer: Peer, step: Callable[[], None]) -> None:
        """Take a step with a watcher, then all that follow from it; or part with it."""
        try:
            step()
            self._advance(peer)
        except (OSError, EOFError, RuntimeError):  # it is gone, or there is no thread to be had
            self._drop(peer)

    def _advance(self, peer: Peer) -> None:
        while peer.is_free and (line := peer.take_line()) is not None:
            if line:
                self._ask(peer, line)
            else:
                peer.queue(_TOO_LONG)
            peer.flush()
        if peer.is_leaving:
            raise EOFError
        self._rearm(peer)

    def _ask(self, peer: Peer, line: bytes) -> None:
        peer.heard_s = time.monotonic()
        found = self._begin(line)
        if isinstance(found, Answer):
            self._let_in(peer, found)
            peer.queue(found)
            return
        self._let_in(peer, None)
        peer.is_busy = True
        job = threading.Thread(target=self._work, args=(peer, found), name="link job", daemon=True)
        self._jobs.add(job)
        job.start()

    def _let_in(self, peer: Peer, answer: Answer | None) -> None:
        """Count it as a watcher, once it has asked for something that a rig knows."""
        if answer is None or not answer.is_refusal:
            peer.is_watcher = True
            self._attendance.come(peer)

    def _rearm(self, peer: Peer) -> None:
        events = 0 if peer.is_busy else _READ if peer.is_free else _WRITE
        known = peer.sock in self._selector.get_map()
        if events and known:
            self._selector.modify(peer.sock, events, peer)
        elif events:
            self._selector.register(peer.sock, events, peer)
        elif known:
            self._selector.unregister(peer.sock)

    def _work(self, peer: Peer, job: Callable[[], Answer]) -> None:
        self._answers.append((peer, job()))
        self._jobs.discard(threading.current_thread())
        self._wake()

    def _finish(self, peer: Peer, answer: Answer) -> None:
        def step() -> None:
            peer.is_busy = False
            peer.queue(answer)
            peer.flush()

        if peer in self._peers:
            self._safely(peer, step)

    # -- who comes and goes -------------------------------------------------------------------

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except BlockingIOError:
            return
        except OSError as error:  # no descriptor to be had: look again later, not at once
            log.info("a watcher could not be let in: %s", error.strerror)
            self._selector.unregister(self._listener)
            self._paused_until_s = time.monotonic() + 2 * _TICK_S
            return
        if not is_ours(sock) or self._end_s is not None:
            sock.close()
            return
        peer = Peer(sock)
        if not self._has_room():
            peer.queue(_FULL)
            with suppress(OSError):
                peer.flush()
            peer.close()
            return
        self._peers.append(peer)
        self._selector.register(sock, _READ, peer)

    def _open_door(self) -> None:
        if self._paused_until_s and time.monotonic() >= self._paused_until_s:
            self._paused_until_s = 0.0
            self._selector.register(self._listener, _READ)

    def _has_room(self) -> bool:
        if len(self._peers) < MOST_CLIENTS:
            return True
        quietest = min(self._peers, key=lambda peer: peer.heard_s)
        if time.monotonic() - quietest.heard_s < _SILENT_S:
            return False
        self._drop(quietest)
        return True

    def _drop(self, peer: Peer) -> None:
        with suppress(KeyError):
            self._selector.unregister(peer.sock)
        with suppress(ValueError):
            self._peers.remove(peer)
        peer.close()
        self._attendance.go(peer)
