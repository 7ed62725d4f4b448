"""`recorder record` with a schedule: real processes, real time, so only what needs them."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from helpers import (
    RECORDER,
    SLOW,
    assert_adds_up,
    invoke,
    read_about,
    read_ledger,
    summary_of,
    until,
    workers,
    write_config,
)
from stand_in_rig import runtime_folder_of_its_own

from recorder import verify
from recorder.rig.link import connect

SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _links_of_their_own() -> Iterator[None]:
    with runtime_folder_of_its_own():
        yield


def scheduled(folder: Path, changes: dict[str, Any] | None = None, **schedule: Any) -> Path:
    """Write a config of the synthetic camera with a schedule."""
    path = write_config(folder, **(changes or {}))
    whole = json.loads(path.read_text()) | {"schedule": schedule}
    path.write_text(json.dumps(whole))
    return path


def from_now(seconds: float) -> datetime:
    return (datetime.now() + seconds * SECOND).replace(microsecond=0)


class Recorder:
    """A recorder beside the test, never left behind."""

    def __init__(self, config: Path) -> None:
        command = [*RECORDER, "record", str(config), "--json"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        self.child = subprocess.Popen(command, **pipes)

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate()

    def await_state(self, state: str) -> Any:
        return until(lambda: self._in(state), f"for {state}")

    def _in(self, state: str) -> Any:
        assert self.child.poll() is None
        try:
            with connect() as link:
                status = link.status()
        except Exception:  # noqa: BLE001 - it has no link yet
            return None
        return status if status.state == state else None

    def end(self, code: int = 0) -> tuple[dict[str, Any], str]:
        stdout, stderr = self.child.communicate(timeout=SLOW)
        assert self.child.returncode == code, stderr
        assert "Traceback" not in stderr, stderr
        return summary_of(stdout), stderr


def test_it_begins_at_its_time(tmp_path: Path) -> None:
    start = from_now(8)
    keys = {"start": start.isoformat(), "every": "10s", "repeats": 1}
    config = scheduled(tmp_path, {"recording__duration": "0.3s"}, **keys)
    with Recorder(config) as recorder:
        whole, stderr = recorder.end()
    assert stderr.endswith("the schedule has ended, 1 recording made\n")
    top = whole["cameras"]["top"]
    assert_adds_up(top)
    (file,) = top["files"]
    about = [start + n * SECOND for n in range(6)]
    assert Path(file).name in {f"top_{moment:%Y%m%d_%H%M%S}.mkv" for moment in about}
    first_s = int(read_ledger(file)[0]["t_utc_ns"]) / 1e9
    assert 0 <= first_s - start.timestamp() < 5  # a loaded machine may not even have begun to wait
    begin = datetime.fromisoformat(whole["recordings"][0]["begin"])
    assert begin >= start.astimezone(UTC)
    assert (top["reason"], whole["recordings"][0]["exit_code"]) == ("duration", 0)


def test_a_part_under_way_begins_at_once_and_ends_in_time(tmp_path: Path) -> None:
    for patience_s in (7, 20, 60):  # a slow machine needs longer until its camera is open
        end = from_now(patience_s)
        with Recorder(scheduled(tmp_path, until=end.isoformat())) as recorder:
            stdout, _ = recorder.child.communicate(timeout=patience_s + SLOW)
        whole = json.loads(stdout)
        if whole["exit_code"] == 0:
            break
    top = whole["cameras"]["top"]
    rows = assert_adds_up(top)
    last_s = int(rows[-1]["t_utc_ns"]) / 1e9
    assert -1.0 < last_s - end.timestamp() < 10.0
    assert (top["reason"], len(whole["recordings"])) == ("requested", 1)


@pytest.mark.parametrize("how", ["signal", "recorder stop"])
def test_stopped_while_it_waits_it_ends_at_once(tmp_path: Path, how: str) -> None:
    start = from_now(3600)
    with Recorder(scheduled(tmp_path, start=start.isoformat())) as recorder:
        assert recorder.await_state("waiting").waits_until == start.timestamp()
        assert workers(recorder.child.pid) == []
        told = invoke("status", "config").stdout
        assert told.startswith(f"config waiting until {start:%a %d %b %H:%M:%S}, cameras closed")
        if how == "signal":
            recorder.child.send_signal(signal.SIGTERM)
        else:
            assert invoke("stop", "config").stdout.startswith("config has ended\n")
        whole, stderr = recorder.end()
    assert stderr.startswith(f"waits until {start:%a} {start.day} {start:%b %H:%M}")
    assert whole == {"exit_code": 0, "cameras": {}, "recordings": []}
    assert stderr.endswith("stopped, nothing recorded\n")
    assert not (tmp_path / "out").exists()


def test_interrupted_while_it_records_it_finishes_and_records_no_more(tmp_path: Path) -> None:
    with Recorder(scheduled(tmp_path, hours="00:00-24:00")) as recorder:
        recorder.await_state("recording")
        recorder.child.send_signal(signal.SIGINT)
        whole, _ = recorder.end()
    top = whole["cameras"]["top"]
    assert_adds_up(top)
    assert read_about(top["files"][0])["state"] == "complete"
    assert verify(tmp_path / "out").ok
    assert [each["exit_code"] for each in whole["recordings"]] == [0]


def test_a_recording_that_fails_is_told(tmp_path: Path) -> None:
    until_then = from_now(3600).isoformat()
    config = scheduled(tmp_path, {"recording__keep_free": "900000GiB"}, until=until_then)
    result = invoke("record", config, "--json")
    whole = summary_of(result.stdout)
    assert (result.returncode, whole["exit_code"]) == (5, 5)
    assert [each["exit_code"] for each in whole["recordings"]] == [5]
    assert "keep_free" in whole["error"]
    assert "keep_free" in result.stderr


# -- the plan ---------------------------------------------------------------------------------


def plan(folder: Path, *arguments: str, changes: Any = None, **schedule: Any) -> Any:
    config = scheduled(folder, changes, **({"timezone": "Europe/Berlin"} | schedule))
    result = invoke("record", config, "--dry-run", *arguments)
    assert result.returncode == 0, result.stderr
    assert not (folder / "out").exists()
    return result.stdout


def test_a_plan_of_nights(tmp_path: Path) -> None:
    lines = plan(tmp_path, hours="22:00-06:00", start="2036-03-28 12:00").splitlines()
    assert len(lines) == 12
    assert lines[:3] == [
        "would record:",
        "   1  Fri 28 Mar 2036 22:00 CET, until Sat 29 Mar 2036 06:00 CET (8 h 0 min)",
        "   2  Sat 29 Mar 2036 22:00 CET, until Sun 30 Mar 2036 06:00 CEST (7 h 0 min)",
    ]
    assert lines[-1] == "and so on, without an end"


def test_a_plan_with_an_end(tmp_path: Path) -> None:
    keys = {"every": "30min", "start": "2036-03-28", "until": "2036-03-29"}
    lines = plan(tmp_path, changes={"recording__duration": "10min"}, **keys).splitlines()
    assert lines[1].endswith("Fri 28 Mar 2036 00:00 CET, until Fri 28 Mar 2036 00:10 CET (10 min)")
    assert lines[-1] == "and 38 more; the last one Fri 28 Mar 2036 23:30 CET"


@pytest.mark.parametrize(
    ("changes", "schedule", "words"),
    [
        ({}, {}, "would record at once, until it is stopped; there is no schedule\n"),
        ({"recording__duration": "9 frames"}, {}, "at once, 9 frames long; there is no schedule"),
        ({}, {"until": "2001-01-01"}, "would record nothing: the time of the schedule is over\n"),
        ({}, {"start": "2036-03-28"}, "1  Fri 28 Mar 2036 00:00 CET, until it is stopped\n"),
    ],
)
def test_other_plans(tmp_path: Path, changes: Any, schedule: Any, words: str) -> None:
    told = plan(tmp_path, changes=changes, **schedule)
    assert words in told
    assert "and" not in told


def test_a_plan_for_programs(tmp_path: Path) -> None:
    keys = {"hours": "22:00-06:00", "start": "2036-03-29 12:00", "repeats": 1}
    whole = summary_of(plan(tmp_path, "--json", **keys))
    times = {"begin": "2036-03-29T22:00:00+01:00", "end": "2036-03-30T06:00:00+02:00"}
    assert whole == {"exit_code": 0, "cameras": {}, "plan": [times]}
