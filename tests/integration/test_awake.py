"""While anything records the machine stays awake, and nothing is left of that afterwards."""

import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading

import psutil
import pytest
from helpers import SLOW, until

from recorder.awake import Awake, ProgramHolder, ThreadHolder, commands, keep_awake

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux' programs")

# Says that it holds the lock, then runs its last argument, as the real ones do.
HOLDS = 'echo "$@" >> "$LOG"; for last; do :; done; "$last"; echo released >> "$LOG"'
REFUSES = 'echo "polkit was asked" >&2; echo "Failed to inhibit: Access denied" >&2; exit 1'
STUBBORN = 'echo "$@" >> "$LOG"; trap "" HUP TERM; while :; do sleep 60; done'


class Programs:
    """A PATH with stand-ins for the system's programs, and what they logged."""

    def __init__(self, folder, monkeypatch):
        self.folder = folder / "bin"
        self.log = folder / "log"
        self.folder.mkdir()
        monkeypatch.setenv("PATH", str(self.folder), prepend=os.pathsep)
        monkeypatch.setenv("LOG", str(self.log))
        monkeypatch.setenv("XDG_CURRENT_DESKTOP", "")

    def add(self, name, body):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def said(self):
        return self.log.read_text().splitlines() if self.log.exists() else []


@pytest.fixture
def programs(tmp_path, monkeypatch):
    return Programs(tmp_path, monkeypatch)


def test_held_while_it_runs(programs):
    programs.add("systemd-inhibit", HOLDS)
    with keep_awake("recording top, side") as awake:
        (said,) = until(programs.said)
        assert "--what=sleep:idle --who=recorder --why=recording top, side" in said
        assert said.endswith("--mode=block cat")
        assert awake.problem is None
    assert programs.said()[1:] == ["released"]
    assert awake.problem is None


def test_again_and_again(programs):
    programs.add("systemd-inhibit", HOLDS)
    awake = keep_awake("test")
    awake.stop()
    for times in (1, 2):
        awake.start()
        awake.start()
        until(lambda times=times: len(programs.said()) == 2 * times - 1)
        awake.stop()
        awake.stop()
        assert programs.said().count("released") == times


def test_gnome_is_asked_too(programs, monkeypatch):
    """Its own sleep ignores systemd's lock of the same user."""
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")
    programs.add("systemd-inhibit", HOLDS)
    programs.add("gnome-session-inhibit", HOLDS)
    with keep_awake("test") as awake:
        until(lambda: len(programs.said()) == 2)
        assert any("--inhibit suspend --reason test cat" in said for said in programs.said())
        assert awake.problem is None
    assert programs.said().count("released") == 2


def test_on_a_mac():
    assert commands("test", "darwin", {}) == [["caffeinate", "-i", "cat"]]


def test_a_missing_program_is_said_and_no_error(programs, monkeypatch):
    monkeypatch.setenv("PATH", str(programs.folder))
    with keep_awake("test") as awake:
        assert awake.problem == "the machine may go to sleep: systemd-inhibit is not there"


def test_a_program_that_cannot_run_is_said(programs, monkeypatch):
    monkeypatch.setenv("PATH", str(programs.folder))
    (programs.folder / "systemd-inhibit").write_text("")
    with keep_awake("test") as awake:
        assert awake.problem == "the machine may go to sleep: systemd-inhibit: Permission denied"


def test_a_refusal_is_said(programs):
    """Over ssh, only root may keep the machine awake."""
    programs.add("systemd-inhibit", REFUSES)
    expected = "the machine may go to sleep: systemd-inhibit: Failed to inhibit: Access denied"
    with keep_awake("test") as awake:
        assert until(lambda: awake.problem) == expected
        assert awake.problem == expected
    assert awake.problem == expected


def test_a_refusal_is_forgotten_when_it_works_again(programs):
    programs.add("systemd-inhibit", REFUSES)
    awake = keep_awake("test")
    awake.start()
    until(lambda: awake.problem)
    awake.stop()
    programs.add("systemd-inhibit", HOLDS)
    with awake:
        until(programs.said)
        assert awake.problem is None


def test_a_program_that_dies_is_said_though_its_child_lives():
    holder = ProgramHolder(["sh", "-c", "cat & echo why >&2; exit 3"])
    with Awake([holder]) as awake:
        assert until(lambda: awake.problem).endswith("sh: why")


def test_silent_death_gives_the_code():
    with Awake([ProgramHolder(["sh", "-c", "exit 3"])]) as awake:
        assert until(lambda: awake.problem).endswith("sh: ended with 3")


def test_what_does_not_end_is_ended(programs):
    programs.add("stubborn", STUBBORN)
    with Awake([ProgramHolder(["stubborn"])]):
        until(programs.said)
        (child,) = (c for c in psutil.Process().children() if "stubborn" in str(c.cmdline()))
        family = [child, *until(child.children)]
    assert psutil.wait_procs(family, timeout=SLOW)[1] == []


def test_ends_with_us_also_after_sigkill(programs):
    programs.add("systemd-inhibit", HOLDS)
    program = """
        import signal
        from recorder.awake import keep_awake
        keep_awake("test").start()
        signal.pause()
    """
    command = [sys.executable, "-c", textwrap.dedent(program)]
    with subprocess.Popen(command) as process:
        try:
            until(programs.said)
            family = until(lambda: psutil.Process(process.pid).children(recursive=True))
        finally:
            process.send_signal(signal.SIGKILL)
    assert psutil.wait_procs(family, timeout=SLOW)[1] == []
    until(lambda: "released" in programs.said())


class Kernel:
    """Windows' side: remembers what it was asked, and by which thread."""

    def __init__(self, answer=1):
        self.answer = answer
        self.asked = []
        self.called = threading.Event()

    def set_state(self, flags):
        self.asked.append((hex(flags), threading.current_thread().name))
        self.called.set()
        return self.answer


def test_on_windows_by_a_thread_of_its_own():
    kernel = Kernel()
    with Awake([ThreadHolder(kernel.set_state)]) as awake:
        assert kernel.called.wait(SLOW)
        assert kernel.asked == [("0x80000001", "awake")]
        assert awake.problem is None
    assert kernel.asked[1:] == [("0x80000000", "awake")]


def test_windows_refuses():
    holder = ThreadHolder(Kernel(answer=0).set_state)
    with Awake([holder]) as awake:
        assert "Windows refuses" in until(lambda: awake.problem)
