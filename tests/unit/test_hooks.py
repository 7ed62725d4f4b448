"""Hooks: real programs that behave, and that do not."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers import until

from recorder.config import HookConfig
from recorder.rig.events import Event
from recorder.stats import RigStatus
from recorder.unattended import hooks, program
from recorder.unattended.hooks import Hook, environment, make_hook
from recorder.unattended.program import KEPT_BYTES

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the programs are shell scripts")
SH = "/bin/sh"
LONG_S = 60.0


@pytest.fixture(autouse=True)
def _log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "recorder.unattended.hooks")


@contextmanager
def hook(*command: Any, timeout_s: float = LONG_S, **config: Any) -> Iterator[Hook]:
    """Give a hook; it is closed, so that all its programs have been run."""
    made = make_hook(HookConfig(command=[*map(str, command)], timeout=timeout_s, **config))
    assert made is not None
    try:
        yield made
    finally:
        made.close()
    assert not made._thread.is_alive()


def script(text: str, **options: Any) -> Any:
    return hook(SH, "-c", text, **options)


def segment(number: int) -> Event:
    return Event("segment", "top", {"file": f"out/top_{number:04d}.mkv", "part": number})


def await_file(path: Path) -> str:
    """Return what a program wrote into a file, as soon as it has."""
    return until(lambda: path.exists() and path.read_text(), f"for {path.name}")


def assert_gone(pid: int) -> None:
    def is_gone() -> bool:
        try:
            return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True

    until(is_gone, f"for the end of process {pid}")


# -- what a program is told ---------------------------------------------------------------------


def test_the_environment() -> None:
    at = datetime(2026, 12, 1, 8, 30, 5, 123456, UTC)
    facts = {"file": "a\0b?token=5", "written": 100, "message": "rtsp://me:hidden@cam is away"}
    told = environment(Event("segment", "top", facts, at), "demo")
    assert {k: v for k, v in told.items() if os.environ.get(k) != v} == {
        "RECORDER_EVENT": "segment",
        "RECORDER_CAMERA": "top",
        "RECORDER_NAME": "demo",
        "RECORDER_TIME": "2026-12-01T08:30:05.123+00:00",
        "RECORDER_FILE": "ab?token=5",
        "RECORDER_WRITTEN": "100",
        "RECORDER_MESSAGE": "rtsp://me:***@cam is away",
    }
    assert told["PATH"] == os.environ["PATH"]


def test_it_hears_of_events_in_order_and_only_of_those_it_is_wanted_for(tmp_path: Path) -> None:
    told = tmp_path / "told"
    line = f'echo "$RECORDER_EVENT $RECORDER_CAMERA $RECORDER_PART $RECORDER_NAME" >> {told}'
    with script(line, on=["segment", "end"]) as made:
        made.look(RigStatus("demo", 1, "recording", ()))
        made.hear(Event("start"))
        for number in range(5):
            made.hear(segment(number))
        made.hear(Event("failure", "top"))
        made.hear(Event("end"))
    segments = [f"segment top {number} demo" for number in range(5)]
    assert told.read_text().splitlines() == [*segments, "end   demo"]


def test_it_is_not_in_our_session_and_reads_nothing(tmp_path: Path) -> None:
    told = tmp_path / "told"
    code = "import os, sys; print(os.getsid(0), os.getpid(), os.getpgid(0), repr(sys.stdin.read()))"
    with script(f"{sys.executable} -c '{code}' > {told}") as made:
        made.hear(Event("end"))
    session, _, group, read = told.read_text().split()
    assert session == group
    assert int(session) != os.getsid(0)
    assert read == "''"


def test_without_a_command_there_is_none() -> None:
    assert make_hook(HookConfig()) is None


# -- programs that do not behave ----------------------------------------------------------------


def test_one_that_fails(caplog: pytest.LogCaptureFixture) -> None:
    with script("echo first; echo it is broken >&2; exit 3") as made:
        made.hear(segment(1))
    assert "the hook for segment of top said: first\nit is broken" in caplog.messages
    assert "the hook for segment of top failed with code 3: it is broken" in caplog.messages


def test_one_that_is_missing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "data").touch()
    for command in ("/no/such/program", tmp_path / "data"):
        with hook(command) as made:
            made.hear(Event("start"))
            made.hear(Event("end"))
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert len(warnings) == 4
    assert "the hook for start cannot be run: " in warnings[0]
    assert "'/no/such/program'" in warnings[0]


def test_one_that_hangs_is_ended_and_the_next_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told = tmp_path / "told"
    text = f"if [ $RECORDER_EVENT = end ]; then echo ended > {told}; else exec sleep 1000; fi"
    with script(text, timeout_s=0.2) as made:
        made.hear(Event("start"))
        until(lambda: "was ended after" in caplog.text)
        made._config = HookConfig(command=["x"], timeout=LONG_S)  # however busy the machine is
        made.hear(Event("end"))
    assert told.read_text() == "ended\n"


def test_one_that_will_not_end_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(program, "ASKED_S", 0.2)
    told = tmp_path / "told"
    text = f"trap '' TERM; echo $$ > {told}; while :; do sleep 1000; done"
    with ends_when_told(told, monkeypatch), script(text) as made:
        made.hear(Event("start"))
    assert_gone(int(told.read_text()))
    assert "the hook for start was ended after" in caplog.text


def test_a_child_of_its_own_that_hangs_is_ended_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    told = tmp_path / "told"
    text = f"sleep 1000 >/dev/null 2>&1 & echo $! > {told}; exit 0"
    with ends_when_told(told, monkeypatch), script(text) as made:
        made.hear(Event("start"))
    assert_gone(int(told.read_text()))
    assert "the hook for start was ended after" in caplog.text


@contextmanager
def ends_when_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have the time of a program be up as soon as it has written a file."""
    real: Callable[..., bool] = program._is_over
    calls = []

    def is_over(child: Any, output: Any, deadline: float) -> bool:
        if not calls:
            calls.append(await_file(path))
            deadline = time.monotonic() + 0.1
        return real(child, output, deadline)

    monkeypatch.setattr(program, "_is_over", is_over)
    yield


def test_a_child_that_goes_on_in_a_session_of_its_own_is_left(tmp_path: Path) -> None:
    told = tmp_path / "told"
    code = f"import os, time; os.setsid(); open('{told}', 'w').write(str(os.getpid()))"
    child = f'{sys.executable} -c "{code}; time.sleep(1000)"'
    with script(f"{child} >/dev/null 2>&1 & until [ -s {told} ]; do sleep 0.01; done") as made:
        made.hear(Event("start"))
    left = psutil.Process(int(told.read_text()))
    assert left.is_running()
    left.kill()


def test_one_that_floods_its_output(caplog: pytest.LogCaptureFixture) -> None:
    with script("head -c 3000000 /dev/zero | tr '\\0' x") as made:
        made.hear(Event("start"))
    [said] = [message for message in caplog.messages if " said: " in message]
    assert said.endswith(f"xxx … and {3000000 - KEPT_BYTES} bytes more")
    assert len(said) < KEPT_BYTES + 100
    assert "the hook for start ended with code 0" in caplog.text


# -- too many events, and the end ---------------------------------------------------------------


def test_when_too_many_wait_segments_are_left_out_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hooks, "WAITING_EVENTS", 4)
    told, begun, gate = (tmp_path / name for name in ("told", "begun", "gate"))
    text = (
        f"echo x > {begun}; until [ -e {gate} ]; do sleep 0.01; done;"
        f' echo "$RECORDER_EVENT$RECORDER_PART" >> {told}'
    )
    with script(text) as made:
        made.hear(Event("start"))
        await_file(begun)
        made.hear(Event("failure", "top"))
        for number in range(6):
            made.hear(segment(number))
        made.hear(Event("end"))
        gate.touch()
    assert told.read_text().split() == ["start", "failure", "segment4", "segment5", "end"]
    assert caplog.text.count("the hook is too slow: it is not told of segment of top") == 4


def test_an_event_is_heard_at_once_whatever_the_program_does(tmp_path: Path) -> None:
    begun, gate = tmp_path / "begun", tmp_path / "gate"
    with script(f"echo x > {begun}; until [ -e {gate} ]; do sleep 0.01; done") as made:
        made.hear(Event("start"))
        await_file(begun)
        for _ in range(1000):
            made.hear(segment(1))  # returns, though the program never would
        made._events.clear()
        gate.touch()


def test_the_end_is_bounded_in_all(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(hooks, "CLOSE_S", 0.0)
    with script("sleep 1000", timeout_s=0.3) as made:
        for number in range(50):
            made.hear(segment(number))
    assert 1 <= caplog.text.count("was ended after") <= 10
    assert caplog.text.count("the hook takes too long: it is not told of") >= 40


def test_after_the_end_nothing_is_run(caplog: pytest.LogCaptureFixture) -> None:
    with script("exit 5") as made:
        pass
    made.hear(Event("end"))
    assert "failed" not in caplog.text
