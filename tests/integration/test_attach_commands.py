"""`recorder attach`, `status` and `stop` with real processes and a terminal."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import stand_in_rig
from helpers import RECORDER, SLOW, invoke, run, until
from stand_in_rig import StandInRig, runtime_folder_of_its_own

from recorder.rig.link import LinkServer, running

_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


@pytest.fixture(autouse=True)
def _folder() -> Iterator[None]:
    with runtime_folder_of_its_own():
        yield


@pytest.fixture
def rig() -> Iterator[StandInRig]:
    rig = StandInRig("top", "side")
    with LinkServer(rig, "demo"):
        yield rig
    rig.close()


class OtherRig:
    """A rig in a process of its own."""

    def __init__(self, name: str = "demo", kind: str = "StandInRig") -> None:
        env = os.environ | {"PYTHONPATH": str(Path(stand_in_rig.__file__).parent)}
        command = [sys.executable, stand_in_rig.__file__, name, kind]
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, env=env, text=True)
        assert self.child.stdout is not None
        assert self.child.stdout.readline()

    def __enter__(self) -> OtherRig:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.kill()
        self.child.wait()
        assert self.child.stdout is not None
        self.child.stdout.close()


class Command:
    """A command that runs beside the test; its standard output line by line."""

    def __init__(self, *arguments: str) -> None:
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        self.child = subprocess.Popen([*RECORDER, *arguments], text=True, **pipes)

    def __enter__(self) -> Command:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.kill()
        self.child.communicate()

    def line(self) -> str:
        assert self.child.stdout is not None
        return self.child.stdout.readline()

    def end(self) -> tuple[int, str, str]:
        out, err = self.child.communicate(timeout=SLOW)
        return self.child.returncode, out, err


class Screen:
    """A command in a terminal of its own."""

    def __init__(self, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 200, 0, 0))
        self.child = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *RECORDER, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )
        os.close(slave)
        self.text = ""

    def __enter__(self) -> Screen:
        return self

    def __exit__(self, *_: object) -> None:
        self.child.kill()
        self.child.wait()
        os.close(self.master)

    def read_until(self, pattern: str) -> None:
        until(lambda: re.search(pattern, self.text) or not self.read(), f"for {pattern}")
        assert re.search(pattern, self.text), self.text[-2000:]

    def read(self) -> bool:
        ready, _, _ = select.select([self.master], [], [], SLOW)
        try:
            data = os.read(self.master, 65536) if ready else b""
        except OSError:
            data = b""  # Linux says so when the last one has closed its side
        self.text += data.decode(errors="replace")
        return bool(data)

    def end(self) -> int:
        while self.read():
            pass
        assert "Traceback" not in self.text, self.text
        return self.child.wait(SLOW)


# -- status -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [[], ["demo"]])
def test_status_has_a_line_for_each_camera(rig: StandInRig, name: list[str]) -> None:
    result = (run if name else invoke)("status", *name)
    assert (result.returncode, result.stderr) == (0, "")
    first, *lines = result.stdout.splitlines()
    assert first == f"demo previewing · process {os.getpid()} · nobody watches"
    assert [line.split()[0] for line in lines] == ["top", "side"]
    assert all("2 dropped" in line for line in lines)


def test_status_as_json(rig: StandInRig) -> None:
    result = invoke("status", "--json")
    (line,) = result.stdout.splitlines()
    plain = json.loads(line)
    assert (plain["name"], plain["pid"], plain["state"]) == ("demo", os.getpid(), "previewing")
    assert list(plain["cameras"]) == ["top", "side"]
    assert plain["cameras"]["top"]["totals"]["dropped"] == 2


@pytest.mark.parametrize("command", ["status", "attach", "stop"])
def test_without_a_rig_each_says_so(command: str) -> None:
    result = invoke(command)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "recorder: no rig runs; `recorder record CONFIG` starts one\n"


@pytest.mark.parametrize("command", ["status", "attach", "stop"])
def test_with_several_rigs_each_wants_a_name(rig: StandInRig, command: str) -> None:
    with LinkServer(rig, "other"):
        result = invoke(command)
        assert (result.returncode, result.stdout) == (2, "")
        assert result.stderr == "recorder: 2 rigs run; name one of them: demo, other\n"
        result = invoke(command, "third")
        assert result.returncode == 2
        assert result.stderr == "recorder: no rig called third runs; running: demo, other\n"
    assert rig.asked == []


def test_an_error_as_json() -> None:
    result = invoke("status", "--json", "x")
    assert result.returncode == 2
    told = json.loads(result.stdout)
    assert told == {"exit_code": 2, "cameras": {}, "error": result.stderr.strip()[10:]}


# -- stop -------------------------------------------------------------------------------------


def test_stop_waits_for_the_end_and_says_what_each_camera_has() -> None:
    with OtherRig() as other:
        result = run("stop", "demo")
        assert (result.returncode, result.stderr) == (0, "")
        assert result.stdout.splitlines() == [
            "demo has ended",
            "top: 7 of 9 frames, 2 dropped; ended by requested",
            "  out/top.mkv",
        ]
        assert other.child.wait(SLOW) == 0
    assert running() == ()


def test_a_script_has_to_say_which_rig_it_means(rig: StandInRig) -> None:
    result = invoke("stop")
    assert (result.returncode, result.stdout) == (2, "")
    named = "recorder: this would end demo: name it (recorder stop demo), or give --yes\n"
    assert result.stderr == named
    assert rig.asked == []


@pytest.mark.parametrize("answer", ["n", "y"])
def test_on_a_terminal_stop_says_which_rig_and_asks(answer: str) -> None:
    pexpect = pytest.importorskip("pexpect")
    with OtherRig() as other:
        child = pexpect.spawn(sys.executable, ["-m", "recorder", "stop"], timeout=SLOW)
        child.expect("demo (recording|previewing)")
        child.expect("End it")
        child.sendline(answer)
        child.expect("demo has ended" if answer == "y" else pexpect.EOF)
        child.close()
        if answer == "n":
            assert other.child.poll() is None
            assert run("stop", "--yes").returncode == 0
        assert other.child.wait(SLOW) == 0


def test_a_rig_that_is_killed_meanwhile_did_not_end_well(rig: StandInRig) -> None:
    with OtherRig("other", "DyingRig") as other:
        result = invoke("stop", "other")
        assert other.child.wait(SLOW) == -signal.SIGKILL
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == "recorder: the rig other is gone: it has ended, or was killed\n"


# -- attach -----------------------------------------------------------------------------------


def test_attach_without_a_terminal_prints_a_line_for_each_change(rig: StandInRig) -> None:
    with Command("attach") as command:
        assert command.line().startswith("demo previewing: top recording 0:00:00, in 0.0 fps")
        rig.state = "recording"
        assert command.line().startswith("demo recording: top recording")
        command.child.send_signal(signal.SIGINT)
        assert command.end() == (0, "detached; demo goes on\n", "")
    assert rig.asked == []


def test_attach_ends_with_the_rig_and_says_how_each_camera_stands() -> None:
    rig = StandInRig("top", "side")
    with LinkServer(rig, "demo") as server, Command("attach") as command:
        assert "previewing" in command.line()
        rig.end()
        threading.Thread(target=server.close).start()
        code, out, err = command.end()
    rig.close()
    assert (code, err) == (0, "")
    assert out.splitlines()[-3:] == [
        "demo has ended",
        "top: 7 of 9 frames, 2 dropped; ended by requested",
        "side: 7 of 9 frames, 2 dropped; ended by requested",
    ]


def test_attach_outlives_a_killed_rig_and_says_what_it_saw_last() -> None:
    with OtherRig() as other, Command("attach") as command:
        assert "previewing" in command.line()
        other.child.kill()
        assert command.end() == (
            0,
            "demo is gone; last seen:\ntop: 7 of 9 frames, 2 dropped\n",
            "",
        )


def test_attach_at_a_terminal_shows_a_row_for_each_camera(rig: StandInRig) -> None:
    with Screen("attach") as screen:
        screen.read_until("Ctrl-C leaves")
        os.write(screen.master, b"\x03")
        assert screen.end() == 0
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.text)
    for piece in (
        r"fps +fps +frames",
        "top +recording",
        "side +recording",
        "detached; demo goes",
    ):
        assert re.search(piece, plain), plain
    assert re.search(r"\x1b\[1;31m *2 dropped", screen.text)  # bold, red
    assert screen.text.rindex("\x1b[?25h") > screen.text.rindex("\x1b[?25l")  # the cursor is back
    assert rig.asked == []


def test_several_watch_and_one_of_them_hangs(rig: StandInRig) -> None:
    with Command("attach") as halted, Command("attach") as other:
        assert halted.line()
        assert other.line()
        halted.child.send_signal(signal.SIGSTOP)
        rig.state = "recording"
        assert other.line().startswith("demo recording")
        assert invoke("status").stdout.startswith("demo recording")
        halted.child.send_signal(signal.SIGCONT)
        assert halted.line().startswith("demo recording")
