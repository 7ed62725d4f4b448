"""`recorder record` as a service: systemd, Prometheus, a log and a hook at once, all real."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from helpers import RECORDER, SLOW, assert_adds_up, encoders, invoke, summary_of, until, workers
from helpers import write_config as plain_config
from prometheus_client.parser import text_string_to_metric_families
from stand_in_rig import runtime_folder_of_its_own

from recorder import verify

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="systemd is Linux")
README = Path(__file__).parents[2] / "configs/README.md"
WATCHDOG_S = 2.0


class Systemd:
    """Bound where systemd would listen; keeps what it was told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.told: list[str] = []
        self._unread: deque[str] = deque()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))

    def environment(self) -> dict[str, str]:
        microseconds = f"{WATCHDOG_S * 1e6:.0f}"
        return {**os.environ, "NOTIFY_SOCKET": str(self.path), "WATCHDOG_USEC": microseconds}

    def hears(self, timeout_s: float) -> list[str]:
        """Return the next datagram's lines; none if there is none in time."""
        self._socket.settimeout(timeout_s)
        try:
            lines = self._socket.recv(65536).decode().splitlines()
        except (TimeoutError, BlockingIOError):
            return []
        self.told += lines
        self._unread += lines
        return lines

    def await_line(self, wanted: str) -> str:
        """Return the next line that begins like this."""
        while self._unread or self.hears(SLOW):
            line = self._unread.popleft()
            if line.startswith(wanted):
                return line
        raise AssertionError(f"{wanted} never came, but {self.told}")

    def unread(self) -> list[str]:
        """Return what was told since it was last asked for, or waited for."""
        self.drain()
        lines = list(self._unread)
        self._unread.clear()
        return lines

    def await_silence(self, seconds: float) -> None:
        """Wait until there was no ping for so long."""
        until_s = time.monotonic() + seconds
        while (left_s := until_s - time.monotonic()) > 0:
            if "WATCHDOG=1" in self.hears(left_s):
                until_s = time.monotonic() + seconds
        self._unread.clear()

    def drain(self) -> list[str]:
        while self.hears(0):
            pass
        return self.told

    def listens_to(self, child: subprocess.Popen[str]) -> tuple[str, str]:
        """Wait for the end of a process, and return what it said to others.

        The system keeps ten datagrams at most for one who does not read them, and an end may take
        more than ten pings.
        """
        until_s = time.monotonic() + SLOW
        while True:
            self.drain()
            try:
                return child.communicate(timeout=1)
            except subprocess.TimeoutExpired:
                if time.monotonic() > until_s:
                    raise

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    found = Systemd(tmp_path / "notify")
    with runtime_folder_of_its_own():  # whatever else runs here has no name of ours
        yield found
    found.close()


def write_config(folder: Path, **changes: Any) -> Path:
    """Write a config with sections of the whole beside those of the camera."""
    wholes = {
        key: changes.pop(key) for key in ("log", "metrics", "hook", "schedule") if key in changes
    }
    path = plain_config(folder, **changes)
    path.write_text(json.dumps({**json.loads(path.read_text()), **wholes}))
    return path


@contextmanager
def serving(config: Path, systemd: Systemd) -> Iterator[subprocess.Popen[str]]:
    """Give a recorder that runs as a service; it is never left behind."""
    command = [*RECORDER, "record", str(config), "--json"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, text=True, env=systemd.environment(), **pipes) as child:
        try:
            yield child
        finally:
            if child.poll() is None:
                for each in [*encoders(child.pid), child]:
                    each.kill()


def ended(
    child: subprocess.Popen[str], systemd: Systemd, code: int = 0
) -> tuple[dict[str, Any], str]:
    """Stop a service as systemd does; return its summary and what it said."""
    child.send_signal(signal.SIGTERM)
    stdout, stderr = systemd.listens_to(child)
    assert child.returncode == code, stderr
    assert "Traceback" not in stderr, stderr
    return summary_of(stdout), stderr


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def metric(port: int, name: str, **labels: str) -> float:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=SLOW) as reply:
        text = reply.read().decode()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if (sample.name, sample.labels) == (name, labels):
                return sample.value
    return 0.0


# -- all at once --------------------------------------------------------------------------------


def test_everybody_is_told(tmp_path: Path, systemd: Systemd) -> None:
    port, told = free_port(), tmp_path / "told"
    line = "$RECORDER_EVENT|$RECORDER_CAMERA|$RECORDER_NAME|$RECORDER_FILE|$NOTIFY_SOCKET"
    config = write_config(
        tmp_path,
        recording__segment="1s",
        log={"file": str(tmp_path / "logs" / "log.jsonl")},
        metrics={"port": port},
        hook={"command": ["sh", "-c", f'echo "{line}" >> {told}']},
    )
    with serving(config, systemd) as child:
        systemd.await_line("READY=1")
        assert systemd.await_line("STATUS=").startswith("STATUS=config recording: top recording")
        systemd.await_line("WATCHDOG=1")
        until(lambda: metric(port, "recorder_segments_closed_total") >= 1, "for a segment")
        assert metric(port, "recorder_frames_written_total", camera="top") > 0
        assert metric(port, "recorder_camera_up", camera="top") == 1
        for worker in workers(child.pid):
            assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC"} & set(worker.environ())
        summary, _ = ended(child, systemd)
    camera = summary["cameras"]["top"]
    files = [str(Path(file).absolute()) for file in camera["files"]]
    assert len(files) >= 2
    assert_adds_up(camera)

    assert systemd.drain()[-1] == "STOPPING=1"
    assert systemd.told.count("READY=1") == 1
    segments = [f"segment|top|config|{file}|" for file in files]
    first, *between, last = told.read_text().splitlines()
    assert (first, last) == ("start||config||", "end||config||")
    assert sorted(between) == segments  # files are finished beside each other
    text = (tmp_path / "logs" / "log.jsonl").read_text(encoding="utf-8")
    lines = [json.loads(each) for each in text.splitlines()]
    events = [each for each in lines if "event" in each]
    assert [each["event"] for each in events] == ["start", *(len(files) * ["segment"]), "end"]
    assert [each["facts"]["file"] for each in events[1:-1]] == files
    assert events[-1]["facts"]["written"] == camera["written"]
    assert lines[-1]["message"].startswith("the hook for end ended with code 0")


def test_nobody_can_be_told_and_it_records_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        config = write_config(
            tmp_path,
            recording__duration="50 frames",
            log={"file": str(tmp_path / "file" / "log.jsonl")},
            metrics={"port": other.getsockname()[1]},
            hook={"command": ["/no/such/program"], "on": ["end"]},
        )
        result = invoke("record", config, "--json", env={"NOTIFY_SOCKET": "/no/such/socket"})
    assert result.returncode == 0, result.stderr
    assert_adds_up(summary_of(result.stdout)["cameras"]["top"])
    for told in ("no log in ", "no metrics at ", "the hook for end cannot be run: "):
        assert re.search(f"^[-0-9]+ [:0-9]+ WARNING {told}", result.stderr, re.MULTILINE)


def test_a_mistake_in_the_config_is_never_ready(tmp_path: Path, systemd: Systemd) -> None:
    config = write_config(tmp_path, hook={"command": "not a list"})
    assert invoke("record", config, env=systemd.environment()).returncode == 2
    assert systemd.drain() == []


# -- is it alive? -------------------------------------------------------------------------------


def test_no_ping_while_the_writer_is_stuck(tmp_path: Path, systemd: Systemd) -> None:
    """The main loop lives, the camera gives frames, and none of them gets anywhere."""
    port = free_port()
    config = write_config(tmp_path, size=[320, 240], fps=100, metrics={"port": port})

    def frames(what: str) -> float:
        return metric(port, f"recorder_frames_{what}", camera="top")

    with serving(config, systemd) as child:
        systemd.await_line("READY=1")  # by then the encoder is no longer the one that is proven
        systemd.await_line("WATCHDOG=1")
        [ffmpeg] = until(lambda: encoders(child.pid), "for the encoder")
        ffmpeg.send_signal(signal.SIGSTOP)
        until(lambda: frames("in_flight") > 40, "for more than the buffer holds")
        systemd.await_silence(1.5)  # it is looked at once a second
        seen = frames("grabbed_total")
        until(lambda: frames("grabbed_total") > seen, "for somebody to look once more")
        assert "WATCHDOG=1" not in systemd.unread()
        ffmpeg.send_signal(signal.SIGCONT)
        systemd.await_line("WATCHDOG=1")
        summary, _ = ended(child, systemd, code=6)
    assert_adds_up(summary["cameras"]["top"])
    assert verify(tmp_path / "out").ok


def test_waiting_for_the_schedule_is_being_alive(tmp_path: Path, systemd: Systemd) -> None:
    config = write_config(tmp_path, schedule={"start": "2099-01-01 08:00"})
    with serving(config, systemd) as child:
        systemd.await_line("READY=1")
        assert systemd.await_line("STATUS=").startswith("STATUS=config waiting")
        systemd.await_line("WATCHDOG=1")
        systemd.await_line("WATCHDOG=1")
        child.send_signal(signal.SIGTERM)
        _, stderr = child.communicate(timeout=SLOW)
    assert child.returncode == 0, stderr
    assert systemd.drain()[-1] == "STOPPING=1"
    assert not (tmp_path / "out").exists()


# -- the unit in the README ---------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd's own checker")
def test_systemd_has_nothing_to_say_against_the_unit(tmp_path: Path) -> None:
    [unit] = re.findall(r"```ini\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    here = unit.replace("/opt/recorder/bin/recorder", sys.executable)
    assert here != unit
    path = tmp_path / "recorder.service"

    def said_of(text: str) -> list[str]:
        path.write_text(text)
        command = ["systemd-analyze", "verify", "--man=no", str(path)]
        result = subprocess.run(command, capture_output=True, text=True, timeout=SLOW, check=False)
        lines = (result.stdout + result.stderr).splitlines()
        return [line for line in lines if "recorder.service" in line]

    assert said_of(here) == []
    assert len(said_of(here.replace("Restart=", "Restrat="))) == 1
