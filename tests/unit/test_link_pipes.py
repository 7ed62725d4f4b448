"""The counterpart for Windows, here over the sockets that this machine has."""

import json
import threading
from contextlib import suppress
from multiprocessing.connection import Client

import pytest
from helpers import until
from stand_in_rig import StandInRig, runtime_folder_of_its_own

from recorder.errors import CameraBusy, ConfigError, RecorderError, RigGone
from recorder.pipeline import memory
from recorder.rig.link import Link
from recorder.rig.link.desk import Attendance, Desk
from recorder.rig.link.pipes import PipeChannel, PipeHost, pipe_of, shared_key
from recorder.rig.link.protocol import REQUEST_BYTES

KEY = b"k" * 32


@pytest.fixture
def rig():
    rig = StandInRig(allocate=memory._allocate_named)
    yield rig
    rig.close()


@pytest.fixture
def folder():
    with runtime_folder_of_its_own() as folder:
        yield folder


class Served:
    def __init__(self, rig, folder):
        self.address = str(folder / "demo.pipe")
        self.attendance = Attendance()
        self.desk = Desk(rig, "demo", self.attendance)
        self.host = PipeHost(self.address, KEY, self.desk.begin, self.attendance, "AF_UNIX")
        self.host.start()

    def attach(self, key=KEY):
        return Link(PipeChannel(self.address, key, 10.0, "AF_UNIX"), "demo")


@pytest.fixture
def served(rig, folder):
    before = set(threading.enumerate())
    served = Served(rig, folder)
    yield served
    served.host.close()
    until(lambda: set(threading.enumerate()) <= before)


def test_a_rig_is_watched_and_steered(served, rig):
    with served.attach() as link:
        link.greet()
        assert link.status().name == "demo"
        assert served.attendance.count == 1
        grab = rig.grab()
        assert link.latest_frame("top").stamp.grab == grab
        link.record("10s")
        rig.problem = CameraBusy("top is busy")
        with pytest.raises(CameraBusy, match="top is busy"):
            link.record()
        with pytest.raises(ConfigError, match="no camera called"):
            link.latest_frame("x")
    until(lambda: served.attendance.count == 0)


def test_who_does_not_know_the_key_is_not_let_in(served):
    with pytest.raises(PermissionError, match="another user"):
        served.attach(b"another key")
    with served.attach() as link:
        assert link.status().cameras


def test_one_that_says_nothing_or_nonsense_holds_nobody_up(served):
    with (
        Client(served.address, "AF_UNIX"),
        Client(served.address, "AF_UNIX") as garbled,
        served.attach() as link,
    ):
        garbled.send_bytes(b"\x80\x04 a pickle that nobody reads")
        assert link.status().cameras
        link._channel.send(b"nonsense", 1.0)
        assert b"ConfigError" in link._channel.receive(10.0)[0]
        assert link.status().cameras
        with suppress(OSError):  # it hangs up before all of it is sent
            link._channel.send(b"x" * (REQUEST_BYTES + 1), 1.0)
        with pytest.raises(RigGone):
            link.status()


def test_a_slow_request_holds_nobody_else_up(served, rig):
    rig.may_go_on.clear()
    with served.attach() as slow, served.attach() as quick:
        thread = threading.Thread(target=slow.record)
        thread.start()
        assert rig.slow.wait(30)
        assert quick.status().state == "previewing"
        rig.may_go_on.set()
        thread.join()
        assert quick.status().state == "recording"


def test_those_who_watch_are_told_of_the_end(served, rig):
    with served.attach() as link:
        link.status()
        rig.end()
        closing = threading.Thread(target=served.host.close, args=(30.0,))
        closing.start()
        until(lambda: link.status().state == "ended")  # a status is told for a moment
        closing.join()
        with pytest.raises(RigGone):
            link.status()


def test_a_rig_that_does_not_answer_in_time(served, rig):
    rig.may_go_on.clear()
    with PipeChannelOf(served) as channel:
        channel.send(json.dumps({"do": "record"}).encode(), 1.0)
        with pytest.raises(TimeoutError):
            channel.receive(0.05)
        rig.may_go_on.set()
        assert channel.receive(30.0)[0].startswith(b'{"id": null, "done"')


class PipeChannelOf:
    def __init__(self, served):
        self.channel = PipeChannel(served.address, KEY, 10.0, "AF_UNIX")

    def __enter__(self):
        return self.channel

    def __exit__(self, *_):
        self.channel.close()


def test_nobody_listens(folder):
    with pytest.raises(OSError, match="No such file"):
        PipeChannel(str(folder / "no.pipe"), KEY, 1.0, "AF_UNIX")


def test_the_key_is_made_once_for_this_user_alone(folder):
    keys = [shared_key() for _ in range(2)]
    assert keys[0] == keys[1]
    assert len(keys[0]) == 32
    assert [path.name for path in folder.iterdir()] == ["key"]
    assert (folder / "key").stat().st_mode & 0o777 == 0o600
    folder.chmod(0o777)
    with pytest.raises(RecorderError, match="other users"):
        shared_key()
    folder.chmod(0o700)


def test_a_pipe_is_called_after_user_and_rig():
    assert pipe_of("demo").startswith("\\\\.\\pipe\\recorder-")
    assert pipe_of("demo").endswith("-demo")
