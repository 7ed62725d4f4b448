"""A rig in the background: it outlives its starter, ends when nobody needs it, and says why it
could not start."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers import invoke, read_about, read_ledger, until, write_config
from stand_in_rig import runtime_folder_of_its_own

from recorder import verify
from recorder.config import load_config
from recorder.errors import CameraError, ConfigError, RecorderError, RigGone
from recorder.rig.background import LOG_BYTES, start_in_background
from recorder.rig.link import Link, connect, running


@pytest.fixture(autouse=True)
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Leave nothing in this user's own folders, and no rig behind."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    with runtime_folder_of_its_own():
        yield tmp_path / "state" / "recorder" / "log"
        for rig in running():
            if rig.pid is not None:
                psutil.Process(rig.pid).kill()
        until(lambda: running() == ())


def config(folder: Path, **changes: Any) -> Any:
    return load_config(write_config(folder, **changes))


def await_end(link: Link) -> Any:
    last = link.status()

    def has_ended() -> bool:
        nonlocal last
        last = link.status()
        return last.state == "ended"

    with suppress(RigGone):
        until(has_ended)
    until(lambda: running() == ())
    return last


def the_file(folder: Path) -> Path:
    (file,) = (folder / "out").glob("*.mkv")
    return file


def has_finished(folder: Path) -> bool:
    for about in (folder / "out").glob("*.json"):
        with suppress(ValueError):  # it is just being made
            if json.loads(about.read_text())["state"] == "complete":
                return True
    return False


def test_preview_record_and_stop_from_outside(tmp_path: Path) -> None:
    with start_in_background(config(tmp_path), "demo") as link:
        assert link.name == "demo"
        until(lambda: link.status().state == "previewing")
        assert link.pid != os.getpid()
        first = until(lambda: link.latest_frame("top"))
        until(lambda: link.latest_frame("top", after=first.sequence))
        link.record("40 frames")
        until(lambda: has_finished(tmp_path), "for the end of the recording")
        until(lambda: link.status().state == "previewing")
        first_file = the_file(tmp_path)
        link.record()
        until(lambda: link.status().camera("top").totals.written)
        with pytest.raises(RecorderError, match="cannot begin a recording"):
            link.record()
        link.stop()
        assert await_end(link).state == "ended"
    assert len(read_ledger(first_file)) == 40
    assert len(list((tmp_path / "out").glob("*.mkv"))) == 2
    assert verify(tmp_path / "out").ok


def test_a_second_of_the_same_name_has_a_number(tmp_path: Path) -> None:
    with (
        start_in_background(config(tmp_path), "demo") as first,
        start_in_background(config(tmp_path), "demo") as second,
    ):
        assert [rig.name for rig in running()] == ["demo", "demo-2"]
        assert (first.name, second.name) == ("demo", "demo-2")
        first.stop()
        second.stop()
        await_end(first)


def test_a_recording_goes_on_without_watchers_and_then_the_rig_ends(tmp_path: Path) -> None:
    link = start_in_background(config(tmp_path), "demo")
    link.record("2s")
    link.close()
    until(lambda: running() == ())
    assert len(read_ledger(the_file(tmp_path))) > 200
    assert read_about(the_file(tmp_path))["reason"] == "duration"


def test_a_preview_that_nobody_watches_ends(tmp_path: Path) -> None:
    link = start_in_background(config(tmp_path), "demo")
    assert running() != ()
    link.close()
    until(lambda: running() == ())
    assert not (tmp_path / "out").exists()


STARTER = """
import sys
from recorder.config import load_config
from recorder.rig.background import start_in_background
link = start_in_background(load_config(sys.argv[1]), "demo", record=True)
print(link.pid, flush=True)
sys.stdin.read()
"""


@pytest.mark.parametrize(
    "how", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_the_starters_end_is_not_the_rigs(tmp_path: Path, how: signal.Signals) -> None:
    path = write_config(tmp_path)
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    os.killpg(starter.pid, how)  # as Ctrl-C in its terminal would
    starter.communicate()
    with connect() as link:
        assert link.pid == pid
        written = link.status().camera("top").totals.written
        until(lambda: link.status().camera("top").totals.written > written + 50)
        assert link.status().state == "recording"
    result = invoke("stop", "--yes")
    assert result.returncode == 0
    assert "none lost" in result.stdout or "0 lost" in result.stdout
    until(lambda: not psutil.pid_exists(pid))
    assert verify(the_file(tmp_path)).ok


def test_sigterm_ends_it_politely(tmp_path: Path) -> None:
    with start_in_background(config(tmp_path), "demo", record=True) as link:
        until(lambda: link.status().camera("top").totals.written > 20)
        assert link.pid is not None
        os.kill(link.pid, signal.SIGTERM)
        last = await_end(link)
    assert last.state == "ended"
    about = read_about(the_file(tmp_path))
    assert (about["state"], about["reason"]) == ("complete", "requested")


def test_what_keeps_it_from_starting_is_raised_here(tmp_path: Path) -> None:
    missing = config(tmp_path, source=str(tmp_path / "no.mkv"))
    with pytest.raises(CameraError, match=r"no\.mkv"):
        start_in_background(missing, "demo")
    assert running() == ()


def test_what_makes_no_sense_to_the_rig_is_raised_here(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        start_in_background(config(tmp_path, size=[4000, 3000], buffer__memory="2MiB"), "demo")


def test_one_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(RecorderError, match=r"did not start within 0\.01 s; its log is "):
        start_in_background(config(tmp_path), "demo", timeout_s=0.01)
    assert running() == ()


def test_nothing_of_its_streams_leads_to_the_starter(tmp_path: Path, logs: Path) -> None:
    with start_in_background(config(tmp_path), "demo") as link:
        streams = [str(Path(f"/proc/{link.pid}/fd/{number}").readlink()) for number in range(3)]
        log = str(logs / "demo.log")
        assert streams == [os.devnull, log, log]
        assert os.getsid(link.pid or 0) == link.pid
        link.stop()
        await_end(link)


def test_no_password_is_seen_from_outside(tmp_path: Path, logs: Path) -> None:
    private = config(tmp_path, source="http://me:secret@127.0.0.1:9/cam", size=None)
    seen: list[str] = []
    with pytest.raises(CameraError) as caught:
        start_in_background(private, "demo")
    seen.append(str(caught.value))
    seen.append((logs / "demo.log").read_text())
    assert "secret" not in "".join(seen)


def test_neither_arguments_nor_environment_hold_the_config(tmp_path: Path) -> None:
    with start_in_background(config(tmp_path, options__seed=987654321), "demo") as link:
        process = psutil.Process(link.pid)
        assert "987654321" not in json.dumps([process.cmdline(), process.environ()])
        link.stop()
        await_end(link)


def test_an_overlong_log_is_begun_anew(tmp_path: Path, logs: Path) -> None:
    logs.mkdir(parents=True)
    (logs / "demo.log").write_bytes(b"x" * (LOG_BYTES + 1))
    with start_in_background(config(tmp_path), "demo") as link:
        assert (logs / "demo.log").stat().st_size < LOG_BYTES
        assert (logs / "demo.log").read_bytes().startswith(b"what was said before is gone")
        link.stop()
        await_end(link)


def test_a_home_that_cannot_be_written_to_keeps_nobody_from_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with start_in_background(config(tmp_path), "demo") as link:
        link.stop()
        await_end(link)
    assert Path(tempfile.gettempdir()).exists()
    assert (Path(os.environ["RECORDER_RUNTIME_DIR"]) / "demo.log").exists()
