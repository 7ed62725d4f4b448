"""The watcher's side of the link: finding rigs, looking, steering, and rigs that go away."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import stand_in_rig
from helpers import open_files, until
from stand_in_rig import SPEC, StandInRig, runtime_folder_of_its_own

from recorder.config import Amount
from recorder.errors import CameraBusy, ConfigError, RecorderError, RigGone
from recorder.rig.link import Link, LinkServer, connect, running
from recorder.rig.link.folder import Claim, socket_path
from recorder.rig.link.protocol import REQUEST_BYTES

PATIENCE_S = 30.0


@pytest.fixture
def folder():
    before = open_files()
    with runtime_folder_of_its_own() as folder:
        yield folder
    until(lambda: not open_files() - before)


@pytest.fixture
def rig():
    rig = StandInRig("top", "side")
    yield rig
    rig.close()


@pytest.fixture
def server(rig, folder):
    with LinkServer(rig, "demo") as server:
        yield server


class OtherProcess:
    """A rig in a process of its own, to be halted and killed."""

    def __init__(self, name):
        program = [sys.executable, stand_in_rig.__file__, name]
        env = os.environ | {"PYTHONPATH": str(Path(stand_in_rig.__file__).parent)}
        self.child = subprocess.Popen(program, stdout=subprocess.PIPE, env=env, text=True)
        self.name = self.child.stdout.readline().strip()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()

    def halt(self):
        self.child.send_signal(signal.SIGSTOP)
        assert os.WIFSTOPPED(os.waitpid(self.child.pid, os.WUNTRACED)[1])

    def go_on(self):
        self.child.send_signal(signal.SIGCONT)


class LyingRig:
    """Listens, and answers every request with what the test says."""

    def __init__(self, name, *answers):
        self.claim = Claim(name)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.claim.socket_path))
        self.listener.listen()
        self.answers = answers
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        self.listener.accept()[0].close()  # this one only wants to know whether we run
        sock, _ = self.listener.accept()
        with suppress(OSError), sock, sock.makefile("rb") as lines:  # it may hang up on us
            for answer, line in zip(self.answers, lines, strict=False):
                number = json.loads(line)["id"]
                sock.sendall(answer.replace(b"ID", b"%d" % number))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.thread.join()
        self.listener.close()
        self.claim.release()


HELLO = b'{"id": ID, "done": {}}\n'


# -- finding ----------------------------------------------------------------------------------


def test_none_runs(folder):
    assert running() == ()
    with pytest.raises(ConfigError, match=r"^no rig runs; `recorder record CONFIG` starts one$"):
        connect()
    with pytest.raises(ConfigError, match=r"^no rig called x runs"):
        connect("x")


def test_the_only_one_needs_no_name(server):
    assert running() == (("demo", os.getpid()),)
    for name in (None, "demo"):
        with connect(name) as link:
            assert (link.name, link.pid) == ("demo", os.getpid())


def test_several_are_named(server, rig):
    with LinkServer(rig, "demo") as other:
        assert [found.name for found in running()] == ["demo", other.name]
        with pytest.raises(ConfigError, match=r"^2 rigs run; name one of them: demo, demo-2$"):
            connect()
        with connect("demo-2") as link:
            assert link.status().name == "demo-2"


@pytest.mark.parametrize("name", ["dem", "../demo", "", "de\0mo", "\ud800", "x" * 1000])
def test_one_that_does_not_run_names_those_that_do(server, name):
    with pytest.raises(ConfigError, match=r"runs; running: demo$"):
        connect(name)


def test_a_killed_rig_does_not_run(folder):
    with OtherProcess("demo") as other:
        assert running() == (("demo", other.child.pid),)
    assert socket_path("demo").exists()
    assert running() == ()
    with OtherProcess("demo") as other:
        assert other.name == "demo"


# -- looking ----------------------------------------------------------------------------------


def test_the_status_is_that_of_the_rig(server, rig):
    with connect() as link:
        status = link.status()
        assert status.cameras == rig.cameras
        assert (status.name, status.watchers, status.pid) == ("demo", 1, os.getpid())
        assert server.watchers == 1


def test_frames_come_from_the_ring_itself(server, rig):
    with connect() as link:
        assert link.latest_frame("top") is None
        first = rig.grab()
        look = link.latest_frame("top")
        assert (look.stamp.grab, look.frame.shape, look.frame[0, 0]) == (first, SPEC.shape, first)
        assert link.latest_frame("top", after=look.sequence) is None
        rig.grab()
        out = np.empty(SPEC.shape, SPEC.dtype)
        look = link.latest_frame("top", out, look.sequence)
        assert look.frame is out
        assert (out == look.stamp.grab).all()


def test_the_rig_is_asked_once_for_a_cameras_memory_and_never_for_frames(server, rig):
    with connect() as link:
        rig.grab()
        rig.grab("side")
        link.latest_frame("top")
        link.latest_frame("side")
        rig.blocks.clear()  # it could give no more
        for camera in ("top", "side"):
            grab = rig.grab(camera)
            assert link.latest_frame(camera).stamp.grab == grab


def test_many_threads_attach_once(server, rig):
    rig.grab()
    with connect() as link:
        before = open_files("recorder-ring")
        link.latest_frame("side")
        # The server, which is in this process, too, closes its own just after it was sent.
        until(lambda: len(open_files("recorder-ring") - before) == 2)
        start = threading.Barrier(8)
        looks = []

        def look():
            start.wait()
            looks.append(link.latest_frame("top"))

        threads = [threading.Thread(target=look) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(looks) == 8
        until(lambda: len(open_files("recorder-ring") - before) == 4)


def test_no_such_camera(server):
    with connect() as link:
        for name in ("botom", "", "\ud800", "x" * 3000):
            with pytest.raises(ConfigError, match=r"no camera called .*there are: top, side"):
                link.latest_frame(name)
        assert link.status().cameras


def test_a_name_longer_than_a_request_ends_the_link_in_words(server):
    with connect() as link, pytest.raises(RecorderError, match="too long for a request"):
        link.latest_frame("x" * REQUEST_BYTES)


# -- steering ---------------------------------------------------------------------------------


def test_steering_reaches_the_rig(server, rig):
    with connect() as link:
        link.record("10 frames")
        link.record(Amount(seconds=90))
        link.record()
        link.end_take()
        link.stop()
    record = [("record", amount) for amount in (Amount(frames=10), Amount(seconds=90), None)]
    assert rig.asked == [*record, "end_take", "stop"]


def test_what_the_rig_refuses_is_raised_here(server, rig):
    rig.problem = CameraBusy("top is busy")
    with connect() as link:
        with pytest.raises(CameraBusy, match=r"^top is busy$"):
            link.record()
        with pytest.raises(ConfigError, match="10 lightyears"):
            link.record("10 lightyears")
        assert link.status().state == "previewing"
    assert rig.asked == []


# -- rigs that go away ------------------------------------------------------------------------


def test_a_closed_link_says_so(server):
    link = connect()
    link.close()
    link.close()
    for call in (link.status, link.stop, lambda: link.latest_frame("top")):
        with pytest.raises(RigGone, match="this link to the rig demo is closed"):
            call()


def test_a_rig_that_closed_is_gone(rig, folder):
    with LinkServer(rig, "demo"):
        link = connect()
    with pytest.raises(RigGone, match="the rig demo is gone"):
        link.status()
    link.close()


def test_the_last_frame_of_a_killed_rig_can_still_be_seen(folder):
    with OtherProcess("demo") as other, connect() as link:
        look = link.latest_frame("top")
        assert look.stamp.grab == 1
        other.child.kill()
        other.child.wait()
        for _ in range(2):
            with pytest.raises(RigGone, match="killed"):
                link.status()
        assert (link.latest_frame("top").frame == look.frame).all()


def test_a_halted_rig_hangs_nobody_and_may_go_on(folder):
    with OtherProcess("demo") as other:
        link = connect(timeout_s=PATIENCE_S)
        link._timeout_s = 0.05
        other.halt()
        for call in (link.status, link.stop):
            with pytest.raises(RecorderError, match=rf"process {other.child.pid}.* 0.05 s: it is"):
                call()
        assert running() == (("demo", other.child.pid),)
        with pytest.raises(RecorderError, match="does not answer"):
            connect(timeout_s=0.05)
        other.go_on()
        link._timeout_s = PATIENCE_S
        # The answers that came too late are not mixed up.
        until(lambda: link.status().state == "ended")
        link.close()
        assert other.child.wait(PATIENCE_S) == 0


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"nonsense\n", "JSON"),
        (b'{"id": ID, "done": null}\n', "another version"),
        (b'{"id": ID, "done": {"name": 5}}\n', "another version"),
        (
            b'{"id": ID, "done": {"cameras": {"a": {"totals": {}, "files": [], "x": 1}}}}\n',
            "version",
        ),
        (b'{"id": ID, "done": {"cameras": 5}}\n', "another version"),
        (b'{"id": 99999, "done": 1}\n', "gone"),  # nothing for us, then the end
        (b"half a line", "gone"),
        (b"", "gone"),
    ],
)
def test_a_rig_that_talks_nonsense_is_an_error(folder, answer, error):
    with (
        LyingRig("demo", HELLO, answer),
        connect("demo") as link,
        pytest.raises(RecorderError, match=error),
    ):
        link.status()


def test_an_answer_without_an_end_is_cut_off(folder):
    with LyingRig("demo", HELLO, b"x" * (6 << 20)), connect("demo") as link:
        with pytest.raises(RigGone):
            link.status()
        link.close()


def test_memory_that_is_none_is_an_error(folder):
    answer = b'{"id": ID, "done": "no-such-memory"}\n'
    with (
        LyingRig("demo", HELLO, answer),
        connect("demo") as link,
        pytest.raises(RecorderError, match="top: its memory cannot be seen"),
    ):
        link.latest_frame("top")


def test_a_link_needs_a_channel_only():
    class Silent:
        def send(self, line, timeout_s): ...

        def receive(self, timeout_s):
            raise TimeoutError

        def close(self): ...

    with Link(Silent(), "demo") as link, pytest.raises(RecorderError, match="within 30 s"):
        link.record()
