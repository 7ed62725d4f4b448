"""The rig's side of the link, asked by hand: whatever a watcher does, the others are served."""

import array
import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from helpers import open_files, until
from stand_in_rig import StandInRig, runtime_folder_of_its_own

from recorder.config import Amount
from recorder.errors import CameraBusy
from recorder.pipeline import memory
from recorder.rig.link import LinkServer
from recorder.rig.link.desk import MOST_CLIENTS, Attendance, Desk
from recorder.rig.link.folder import socket_path
from recorder.rig.link.protocol import REQUEST_BYTES

PATIENCE_S = 30.0


@pytest.fixture
def rig():
    rig = StandInRig("top", "side")
    yield rig
    rig.close()


@pytest.fixture
def server(rig):
    before = open_files()
    with runtime_folder_of_its_own(), LinkServer(rig, "demo") as server:
        yield server
    until(lambda: not open_files() - before)


class Visitor:
    """A connection on which the test says what it likes."""

    def __init__(self, name="demo"):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(str(socket_path(name)))
        self.inbox = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def say(self, data):
        self.sock.sendall(data if isinstance(data, bytes) else json.dumps(data).encode() + b"\n")

    def hear(self):
        """Return the next answer; None when the connection has ended."""
        while b"\n" not in self.inbox:
            try:
                data = self.sock.recv(65536)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.inbox += data
        line, _, self.inbox = self.inbox.partition(b"\n")
        return json.loads(line)

    def ask(self, do, **more):
        self.say({"do": do, **more})
        return self.hear()


def test_a_rig_says_who_it_is_and_how_it_goes(server, rig):
    with Visitor() as visitor:
        assert visitor.ask("hello", id=1) == {"id": 1, "done": {"name": "demo", "pid": os.getpid()}}
        status = visitor.ask("status", id=2)["done"]
    assert (status["name"], status["state"], status["watchers"]) == ("demo", "previewing", 1)
    assert list(status["cameras"]) == ["top", "side"]


def test_the_socket_is_this_users_alone(server):
    assert socket_path("demo").stat().st_mode & 0o777 == 0o600


STRANGER = """
import os, socket, sys
os.setuid(65534)
try:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(30)
        sock.connect(sys.argv[1])
        sock.sendall(b'{"do": "status"}\\n')
        print(sock.recv(100))
except OSError as error:
    print(type(error).__name__)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")
def test_another_user_can_neither_connect_nor_be_heard(server, rig):
    def call():
        path = socket_path("demo")
        command = [sys.executable, "-c", STRANGER, str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert call() == "PermissionError"
    path = socket_path("demo")
    path.chmod(0o777)
    path.parent.chmod(0o777)  # even if the folder were open, who calls is looked at
    assert call() in ("b''", "ConnectionResetError", "BrokenPipeError")
    assert server.watchers == 0
    path.parent.chmod(0o700)


def test_a_rig_never_speaks_unasked(server, rig):
    with Visitor() as visitor:
        rig.grab()
        rig.end()
        visitor.sock.settimeout(0.1)
        with pytest.raises(TimeoutError):
            visitor.sock.recv(1)


def test_questions_may_come_in_pieces_or_many_at_once(server):
    with Visitor() as visitor:
        for byte in b'{"do": "hello", "id": 1}\n':
            visitor.say(bytes([byte]))
        assert visitor.hear()["id"] == 1
        visitor.say(b"".join(b'{"do":"hello","id":%d}\n' % number for number in range(500)))
        assert [visitor.hear()["id"] for _ in range(500)] == list(range(500))


def test_a_watcher_gets_memory_that_it_cannot_write(server, rig):
    rig.grab("side")
    with Visitor() as visitor:
        visitor.say({"do": "memory", "camera": "side"})
        data, fds, _, _ = socket.recv_fds(visitor.sock, 4096, 4)
    (fd,) = fds
    assert json.loads(data) == {"id": None, "done": None}
    with pytest.raises(OSError, match=r"not permitted|Bad file|denied"):
        os.pwrite(fd, b"x", 0)
    with pytest.raises(OSError, match=r"Invalid|not permitted"):
        os.ftruncate(fd, 0)
    with pytest.raises(PermissionError):
        memory.attach(fd, writable=True)
    block = memory.attach(fd)
    assert bytes(block.buf[:256]) == bytes(rig.blocks["side"].buf[:256])
    block.close()


def test_memory_with_a_name_is_told_by_name():
    rig = StandInRig(allocate=memory._allocate_named)
    with runtime_folder_of_its_own(), LinkServer(rig, "demo"), Visitor() as visitor:
        assert visitor.ask("memory", camera="top")["done"] == rig.blocks["top"].handle
    rig.close()


def test_memory_that_has_just_gone_is_never_another_file(server, rig, tmp_path):
    class Stale:
        pass

    with (tmp_path / "secret").open("w") as other, Visitor() as visitor:
        stale = Stale()
        stale.handle = other.fileno()
        block, rig.blocks["top"] = rig.blocks["top"], stale
        assert "just ended" in visitor.ask("memory", camera="top")["error"]["text"]
        stale.handle = 12345
        assert "cannot be shared" in visitor.ask("memory", camera="top")["error"]["text"]
        rig.blocks["top"] = block


def test_an_unknown_camera_is_an_error_that_names_those_there_are(server):
    with Visitor() as visitor:
        error = visitor.ask("memory", camera="botom")["error"]
        assert error["class"] == "ConfigError"
        assert error["text"] == "no camera called 'botom'; there are: top, side"
        assert visitor.ask("hello")["done"]


def test_steering_reaches_the_rig(server, rig):
    with Visitor() as visitor:
        for words in ({"do": "record", "duration": "10 frames"}, {"do": "record"}):
            visitor.say(words)
            assert visitor.hear() == {"id": None, "done": None}
        for do in ("end_take", "stop"):
            assert visitor.ask(do) == {"id": None, "done": None}
    assert rig.asked == [("record", Amount(frames=10)), ("record", None), "end_take", "stop"]


def test_what_the_rig_refuses_comes_back_as_what_it_was(server, rig):
    rig.problem = CameraBusy("top: rtsp://me:secret@host is busy")
    with Visitor() as visitor:
        told = visitor.ask("record", id=8)
        assert told["error"] == {"class": "CameraBusy", "text": "top: rtsp://me:***@host is busy"}
        assert visitor.ask("record", duration="10 lightyears")["error"]["class"] == "ConfigError"
    assert rig.asked == []


def test_a_mistake_in_the_rig_is_told_and_logged_and_harms_nobody(server, rig, caplog):
    rig.problem = ZeroDivisionError("oh")
    with Visitor() as visitor:
        error = visitor.ask("record")["error"]
        assert error == {"class": "RecorderError", "text": "ZeroDivisionError: oh"}
        assert visitor.ask("hello")["done"]
    assert "ZeroDivisionError" in caplog.text


def test_a_slow_request_holds_nobody_else_up(server, rig):
    rig.may_go_on.clear()
    with Visitor() as slow, Visitor() as quick, Visitor() as third:
        quick.ask("hello")
        slow.say({"do": "record", "id": 1})
        assert rig.slow.wait(PATIENCE_S)
        for _ in range(5):
            assert quick.ask("status")["done"]["watchers"] == 2
        third.say({"do": "end_take", "id": 3})  # in its turn, after the record
        assert quick.ask("stop") == {"id": None, "done": None}  # at once
        assert rig.asked == ["stop"]
        rig.may_go_on.set()
        assert slow.hear() == third.hear() | {"id": 1} == {"id": 1, "done": None}
    assert rig.asked == ["stop", ("record", None), "end_take"]


def test_one_that_leaves_while_its_request_is_carried_out_is_forgotten(server, rig):
    rig.may_go_on.clear()
    with Visitor() as visitor, Visitor() as other:
        visitor.say({"do": "record"})
        assert rig.slow.wait(PATIENCE_S)
        visitor.sock.close()
        rig.may_go_on.set()
        until(lambda: other.ask("status")["done"]["watchers"] == 1)
        until(lambda: rig.asked)  # by a thread of its own
    assert rig.asked == [("record", None)]


def fill(sock):
    """Send requests until nothing is taken any more."""
    with suppress(BlockingIOError):
        while True:
            sock.send(b'{"do": "status"}\n' * 200)


def test_one_that_never_reads_costs_one_answer(server, rig):
    with Visitor() as deaf, Visitor() as other:
        deaf.sock.setblocking(False)
        fill(deaf.sock)
        before = psutil.Process().memory_info().rss
        for _ in range(50):
            assert other.ask("status")["done"]["state"] == "previewing"
            fill(deaf.sock)
        assert psutil.Process().memory_info().rss - before < 4 << 20


def test_half_a_line_holds_nobody_up(server):
    with Visitor() as half, Visitor() as other:
        half.say(b'{"do": "sta')
        assert other.ask("hello")["done"]
        half.say(b'tus"}\n')
        assert half.hear()["done"]["watchers"] == 1  # it was none itself before


def test_a_line_too_long_is_refused_and_its_sender_too(server):
    with Visitor() as visitor, Visitor() as other:
        visitor.say(b"x" * (REQUEST_BYTES + 1000))
        assert visitor.hear()["error"]["text"] == "too long for a request"
        assert visitor.hear() is None
        other.say(b"y" * (REQUEST_BYTES - 6) + b"\n")
        assert other.hear()["error"]["class"] == "ConfigError"
        assert other.ask("hello")["done"]


def test_nonsense_is_answered_with_one_line_each(server, caplog):
    caplog.set_level("INFO")
    with Visitor() as visitor:
        visitor.say(b'nonsense\n\n\xff\xff\n[[[[\n{"do": 5}\n' + b"[" * 4000 + b"\n")
        for _ in range(6):
            assert visitor.hear()["error"]["class"] == "ConfigError"
        assert visitor.ask("memory", camera="\ud800")["error"]["class"] == "ConfigError"
        assert visitor.ask("hello")["done"]
    assert caplog.text == ""


def test_descriptors_that_a_visitor_sends_are_not_kept(server):
    with Visitor() as visitor, Path(os.devnull).open() as nothing:
        rights = (socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [nothing.fileno()] * 9))
        visitor.ask("hello")
        before = open_files(os.devnull)
        assert before
        visitor.sock.sendmsg([b'{"do": "hello"}\n'], [rights])
        assert visitor.hear()["done"]
        assert open_files(os.devnull) == before


def test_who_watches_is_counted(server):
    assert server.watchers == 0
    assert server.idle_s >= 0
    with Visitor() as first, Visitor() as second, Visitor():  # the third only looks who is there
        first.ask("hello")
        first.ask("hello")
        assert (server.watchers, server.idle_s) == (1, 0.0)
        second.say(b"nonsense\n")  # nor does this make it a watcher
        second.hear()
        assert server.watchers == 1
        second.ask("status")
        assert server.watchers == 2
    until(lambda: server.watchers == 0)
    assert server.idle_s > 0


def test_one_that_only_came_to_see_who_is_there_does_not_end_the_idleness(server):
    with Visitor() as visitor:
        visitor.ask("detach")
        assert visitor.hear() is None
    until(lambda: server.watchers == 0)
    alone_since_s = time.monotonic()
    with Visitor() as visitor, Visitor() as other:
        visitor.say(b"nonsense\n")
        assert visitor.hear()["error"]
        other.sock.shutdown(socket.SHUT_WR)
        assert other.hear() is None
    assert server.idle_s >= time.monotonic() - alone_since_s - 0.001


def test_attendance_counts_from_the_last_one_that_left():
    attendance = Attendance()
    first, second = object(), object()
    attendance.come(first)
    attendance.come(second)
    attendance.go(first)
    assert (attendance.count, attendance.idle_s) == (1, 0.0)
    attendance.go(second)
    idle_s = attendance.idle_s
    attendance.go(second)  # one who was not here changes nothing
    assert attendance.idle_s >= idle_s


def test_there_is_an_end_to_how_many_may_watch(server):
    visitors = [Visitor() for _ in range(MOST_CLIENTS)]
    for visitor in visitors:
        assert visitor.ask("hello")["done"]
    with Visitor() as late:
        assert "watch this rig already" in late.hear()["error"]["text"]
        assert late.hear() is None
    visitors.pop().sock.close()
    until(lambda: server.watchers == MOST_CLIENTS - 1)
    with Visitor() as next_one:
        assert next_one.ask("hello")["done"]
    for visitor in visitors:
        visitor.sock.close()


def test_two_rigs_of_one_name(server, rig):
    with LinkServer(rig, "demo") as other, Visitor("demo-2") as visitor:
        assert other.name == "demo-2"
        assert visitor.ask("hello")["done"]["name"] == "demo-2"
    with Visitor() as visitor:
        assert visitor.ask("hello")["done"]["name"] == "demo"


def test_of_a_rig_that_has_ended_those_who_watch_are_told_before_it_goes(rig):
    with runtime_folder_of_its_own():
        server = LinkServer(rig, "demo")
        with Visitor() as watching, Visitor() as silent:
            watching.ask("status")
            silent.say(b"nonsense\n")
            silent.hear()
            rig.end()
            rig.state = "finishing"  # closing the link is the last thing that it does
            closing = threading.Thread(target=server.close)
            closing.start()
            assert watching.ask("status")["done"]["state"] == "ended"
            closing.join()
            assert watching.hear() is None
            assert not socket_path("demo").exists()


def test_a_rig_that_has_not_ended_lets_go_at_once(rig):
    with runtime_folder_of_its_own():
        server = LinkServer(rig, "demo")
        with Visitor() as visitor:
            visitor.ask("status")
            server.close()
            assert visitor.hear() is None
        server.close()


def test_the_desk_never_raises(rig):
    class Broken:
        def __getattr__(self, name):
            raise ValueError(name)

    desk = Desk(Broken(), "demo", Attendance())
    for do in ("status", "memory", "record", "end_take", "stop"):
        found = desk.begin(json.dumps({"do": do}).encode())
        answer = found() if callable(found) else found
        assert b"ValueError" in answer.line
