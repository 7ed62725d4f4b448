"""`recorder record` as an experimenter meets it: real signals, a real terminal, real cameras'
processes; the command itself runs in a process of its own where that makes a difference."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import subprocess
import sys
import termios
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers import (
    FFMPEG,
    RECORDER,
    SLOW,
    assert_adds_up,
    encoders,
    invoke,
    read_about,
    read_ledger,
    run,
    summary_of,
    until,
    workers,
    write_config,
)
from stand_in_rig import runtime_folder_of_its_own

from recorder import Session, load_config, verify
from recorder.pipeline.guards import DiskGuard
from recorder.pipeline.summary import TakeSummary
from recorder.rig.link import connect

KEYS = [
    *("reason", "grabbed", "written", "dropped", "bad", "gaps", "restarts"),
    *("seconds", "fps", "files", "raw_bytes", "file_bytes", "ratio"),
]


def record(config: Path, *arguments: Any, code: int = 0, **options: Any) -> dict[str, Any]:
    """Record with --json; return the camera's part of the summary, or all of it if it has none."""
    result = invoke("record", config, "--json", *arguments, **options)
    assert result.returncode == code, result.stderr
    whole = summary_of(result.stdout)
    assert whole["exit_code"] == code
    assert "\x1b" not in result.stderr
    return whole["cameras"].get("top", whole)


def take(config: Path, *overrides: str) -> TakeSummary:
    """Record what the command would, without a process for the camera."""
    session = Session(load_config(config, overrides).cameras["top"])
    session.start(record=True)
    summary = session.wait(SLOW)
    assert summary is not None
    return summary


class Recording:
    """A recorder that runs beside the test, and is never left behind."""

    def __init__(self, config: Path, *arguments: Any, **options: Any) -> None:
        self.folder = config.parent / "out"
        command = [*RECORDER, "record", str(config), "--json", *map(str, arguments)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | options
        self.child = subprocess.Popen(command, text=True, **options)

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        for child in [*encoders(self.child.pid), self.child] if self.child.poll() is None else []:
            child.kill()
        self.child.wait()
        for stream in (self.child.stdout, self.child.stderr):
            if stream is not None:
                stream.close()

    def await_frames(self, count: int = 30) -> Path:
        return until(lambda: self._has(count), f"for {count} frames in {self.folder}")

    def _has(self, count: int) -> Path | None:
        found = [p for p in self.folder.glob("*.mkv") if len(read_ledger(p)) >= count]
        return found[0] if found else None

    def end(self, code: int = 0) -> dict[str, Any]:
        stdout, stderr = self.child.communicate(timeout=SLOW)
        assert self.child.returncode == code, stderr
        assert "Traceback" not in stderr, stderr
        return summary_of(stdout)["cameras"]["top"]


# -- the summary ------------------------------------------------------------------------------


def test_the_summary_is_as_in_the_contract(tmp_path: Path) -> None:
    result = run("record", write_config(tmp_path), "--json", "--duration", "60 frames")
    assert result.returncode == 0, result.stderr
    whole = summary_of(result.stdout)
    assert list(whole) == ["exit_code", "cameras"]
    assert list(whole["cameras"]) == ["top"]
    told = whole["cameras"]["top"]
    assert list(told) == KEYS
    assert (whole["exit_code"], told["reason"], told["grabbed"]) == (0, "duration", 60)
    assert told["fps"] == pytest.approx(59 / told["seconds"], abs=0.01)
    assert told["ratio"] == pytest.approx(told["raw_bytes"] / told["file_bytes"], abs=0.001)
    assert_adds_up(told)
    assert "60 of 60 frames" in result.stderr
    assert len(result.stderr.splitlines()) <= 4  # quiet: no status line


def test_without_json_words_go_to_stdout(tmp_path: Path) -> None:
    result = run("record", write_config(tmp_path), "--duration", "20 frames")
    assert result.returncode == 0
    assert result.stderr == ""
    assert "20 of 20 frames" in result.stdout
    assert "none lost" in result.stdout
    assert str(next((tmp_path / "out").glob("*.mkv"))) in result.stdout


@pytest.mark.parametrize(
    "codec", ["fast", "compatible", pytest.param("archive", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8"])
def test_codecs(tmp_path: Path, codec: str, pixel_format: str) -> None:
    config = write_config(tmp_path, pixel_format=pixel_format, size=[33, 17])
    chosen = f"recording.codec={codec}"
    if (codec, pixel_format) == ("compatible", "gray16"):
        assert "gray16" in record(config, "--set", chosen, code=2)["error"]
    else:
        assert_adds_up(take(config, chosen, "recording.duration=10 frames"))
        assert verify(tmp_path / "out").ok


def test_seconds(tmp_path: Path) -> None:
    told = record(write_config(tmp_path), "--duration", "0.4s")
    assert told["reason"] == "duration"
    assert 2 <= told["written"] <= 81
    assert_adds_up(told)


# -- exit codes -------------------------------------------------------------------------------

HEAVY = {"size": [640, 480], "fps": "max", "options__pattern": "noise"}
DROPS = {**HEAVY, "buffer__when_full": "drop", "recording__duration": "200 frames"}


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"recording__duration": "5 frames"}, 0, "duration"),
        ({"options__fail_at": 10, "on_failure": "stop"}, 3, "camera_failed"),
        ({"options__hang_at": 10, "on_failure": "leave"}, 3, "camera_failed"),
        ({"options__resize_at": 10, "on_failure": "stop"}, 3, "camera_failed"),
        ({**DROPS, "recording__codec": "ffv1"}, 6, "duration"),
        ({**HEAVY, "buffer__when_full": "stop", "recording__codec": "ffv1"}, 6, "overflow"),
    ],
    ids=["duration", "fail", "hang", "resize", "dropped", "overflow"],
)
def test_exit_code(tmp_path: Path, changes: dict[str, Any], code: int, reason: str) -> None:
    told = record(write_config(tmp_path, **changes), code=code)
    assert told["reason"] == reason
    rows = assert_adds_up(told)
    assert len(rows) == told["grabbed"] > 0
    assert verify(tmp_path / "out").ok
    assert (told["dropped"] > 0) == (code == 6)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "CONFIG"),
        (("missing.yaml",), "missing.yaml"),
        (("{config}", "--duration", "soon"), "soon"),
        (("{config}", "--duration", "0"), "0"),
        (("{config}", "--set", "nonsense"), "nonsense"),
        (("{config}", "--set", "recording.codecc=fast"), "codec"),
        (("{config}", "--set", "buffer.memory=1KiB"), "memory"),
        (("{config}", "--nonsense"), "--nonsense"),
        (("{config}", "--set", "recording.codec=mpeg4"), "lossless"),
        (("{config}", "--set", "recording.codec=magicyvu"), "magicyuv"),
        (("{config}", "--set", "buffer.memory=100000GiB"), "memory"),
    ],
)
def test_refused_before_the_first_frame(
    tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    config = write_config(tmp_path)
    given = [argument.replace("{config}", str(config)) for argument in arguments]
    result = invoke("record", *given, cwd=tmp_path)
    assert result.returncode in ((1, 2) if "100000GiB" in str(arguments) else (2,))
    assert words in result.stderr
    assert result.stdout == ""
    assert not list(tmp_path.glob("out/*"))


def test_a_refusal_is_json_too(tmp_path: Path) -> None:
    result = invoke("record", tmp_path / "missing.yaml", "--json")
    assert result.returncode == 2
    whole = summary_of(result.stdout)
    assert (whole["exit_code"], whole["cameras"]) == (2, {})
    assert "missing.yaml" in whole["error"]


# -- names ------------------------------------------------------------------------------------


def test_metadata_and_config_keys(tmp_path: Path) -> None:
    told = record(
        write_config(tmp_path, metadata__rig="left"),
        *("--set", "subject=M12", "--set", 'recording.name="{subject}_{rig}"'),
        *("--set", "recording.codec=archive", "--duration", "5 frames"),
    )
    assert told["files"] == [str(tmp_path / "out" / "M12_left.mkv")]
    about = read_about(told["files"][0])
    assert about["metadata"] == {"rig": "left", "subject": "M12"}
    assert about["codec"] == "ffv1"
    assert about["config"]["cameras"]["top"]["recording"]["codec"] == "archive"


def some_of(*names: str, of: tuple[str, ...]) -> list[Any]:
    """Return names as parameters: all that is odd in a few, and each oddity by itself, slow."""
    return [*names, *(pytest.param(name, marks=pytest.mark.slow) for name in of)]


@pytest.mark.parametrize(
    "name",
    some_of(
        "%d_%04d",
        '-it\'s {a} "🐭"',
        of=(
            *("mouse 🐭", 'it\'s "quoted"', "-dash", "{braces}", "with space", "Mäuse_ネズミ"),
            *("no", "file:pipe:1", "a" * 200),
        ),
    ),
)
def test_a_folder_of_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    told = record(write_config(tmp_path), f"--output={folder}", "--duration", "5 frames")
    assert Path(told["files"][0]).parent == folder
    assert_adds_up(told)
    assert invoke("verify", folder).returncode == 0


@pytest.mark.parametrize(
    "name",
    some_of("100%d", "ネ 🐭'b;c&d", of=("with space", "Mäuse_ネズミ", "it's", "🐭", "a'b;c&d")),
)
def test_a_file_of_any_name(tmp_path: Path, name: str) -> None:
    told = record(write_config(tmp_path, recording__name=name), "--duration", "5 frames")
    assert told["files"] == [str(tmp_path / "out" / f"{name}.mkv")]
    assert_adds_up(told)


@pytest.mark.parametrize("name", ["a" * 300, "-dash", "a/b", "..", "{nobody}"])
def test_a_file_name_that_is_refused(tmp_path: Path, name: str) -> None:
    assert "name" in record(write_config(tmp_path, recording__name=name), code=2)["error"]
    assert not (tmp_path / "out").exists()


def test_a_folder_of_300_characters(tmp_path: Path) -> None:
    told = record(write_config(tmp_path), "--output", tmp_path / ("a" * 300), code=4)
    assert "too long" in told["error"]


def test_the_output_is_relative_to_the_working_folder(tmp_path: Path) -> None:
    told = record(
        write_config(tmp_path), "--output", "here", "--duration", "5 frames", cwd=tmp_path
    )
    assert told["files"][0].startswith("here/")
    assert verify(tmp_path / "here").ok


@pytest.mark.parametrize("suffix", [".mkv", ".frames.csv", ".json", ".h5"])
def test_nothing_is_overwritten(tmp_path: Path, suffix: str) -> None:
    config = write_config(tmp_path, recording__name="fixed")
    taken = tmp_path / "out" / f"fixed{suffix}"
    taken.parent.mkdir()
    taken.write_bytes(b"the only copy")
    told = take(config, "recording.duration=5 frames")
    assert taken.read_bytes() == b"the only copy"
    assert told.files == (str(tmp_path / "out" / "fixed-2.mkv"),)
    assert_adds_up(told)
    assert len(list(taken.parent.iterdir())) == 4


@pytest.mark.slow
def test_recorders_of_one_name_do_not_collide(tmp_path: Path) -> None:
    config = write_config(tmp_path, recording__name="same", recording__duration="40 frames")
    with Recording(config) as one, Recording(config) as two, Recording(config) as three:
        told = [recorder.end() for recorder in (one, two, three)]
    files = [file for summary in told for file in summary["files"]]
    assert {Path(file).name for file in files} == {"same.mkv", "same-2.mkv", "same-3.mkv"}
    for summary in told:
        assert_adds_up(summary)


def test_recordings_of_one_name_do_not_collide(tmp_path: Path) -> None:
    """A file is claimed as it is made, whoever else is at it."""
    config = write_config(tmp_path, recording__name="same", recording__duration="40 frames")
    with ThreadPoolExecutor(3) as pool:
        told = [each.result() for each in [pool.submit(take, config) for _ in range(3)]]
    files = [file for summary in told for file in summary.files]
    assert {Path(file).name for file in files} == {"same.mkv", "same-2.mkv", "same-3.mkv"}
    for summary in told:
        assert_adds_up(summary)


# -- signals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        # The others are sent further below, too: in the middle, at the start, at a terminal's end.
        *(pytest.param(each, marks=pytest.mark.slow) for each in (signal.SIGTERM, signal.SIGHUP)),
    ],
)
def test_one_signal_finishes_the_file(tmp_path: Path, number: signal.Signals) -> None:
    with Recording(write_config(tmp_path)) as recording:
        recording.await_frames()
        recording.child.send_signal(number)
        told = recording.end()
    assert told["reason"] == "requested"
    assert_adds_up(told)
    assert verify(tmp_path / "out").ok


def test_a_second_interrupt_leaves_at_once(tmp_path: Path) -> None:
    # An encoder that is halted keeps the first one from coming to its end.
    config = write_config(tmp_path, size=[640, 480])
    with runtime_folder_of_its_own(), Recording(config) as recording:
        file = recording.await_frames()
        (encoder,) = encoders(recording.child.pid)
        camera = workers(recording.child.pid)
        encoder.send_signal(signal.SIGSTOP)
        try:
            recording.child.send_signal(signal.SIGINT)
            with connect() as link:  # two signals at once are one signal
                until(lambda: link.status().state == "finishing")
            recording.child.send_signal(signal.SIGINT)
            assert recording.child.wait(SLOW) == 130
        finally:
            encoder.send_signal(signal.SIGCONT)
        _, alive = psutil.wait_procs([encoder, *camera], timeout=SLOW)
        assert not alive  # the camera's process finishes its file by itself
    verdict = verify(file)
    assert verdict.ok
    assert verdict.parts[0].exact > 0


def test_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    ignore = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh"]
    command = [*ignore, *RECORDER, "record", str(write_config(tmp_path)), "--json"]
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    with child:
        try:
            out = tmp_path / "out"
            until(lambda: any(len(read_ledger(p)) > 20 for p in out.glob("*.mkv")))
            (file,) = out.glob("*.mkv")
            child.send_signal(signal.SIGHUP)
            rows = len(read_ledger(file))
            until(lambda: len(read_ledger(file)) > rows + 100, "for it to go on")
            child.send_signal(signal.SIGTERM)
            stdout, _ = child.communicate(timeout=SLOW)
        finally:
            child.kill()
    assert child.returncode == 0
    assert_adds_up(summary_of(stdout)["cameras"]["top"])


@pytest.mark.parametrize(
    "after_s", [0.0, 0.3, *(pytest.param(each, marks=pytest.mark.slow) for each in (0.1, 0.2))]
)
def test_a_signal_before_the_first_frame(tmp_path: Path, after_s: float) -> None:
    """At any moment of the start: nothing is left half-made."""
    with Recording(write_config(tmp_path, fps=2)) as recording:
        until(lambda: _handles_signals(recording.child.pid))
        time.sleep(after_s)  # the moment itself
        recording.child.send_signal(signal.SIGTERM)
        stdout, stderr = recording.child.communicate(timeout=SLOW)
    assert recording.child.returncode == 0, stderr
    whole = summary_of(stdout)
    for told in whole["cameras"].values():
        assert_adds_up(told)
    assert "Traceback" not in stderr


def _handles_signals(pid: int) -> bool:
    caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{pid}/status").read_text())
    return caught is not None and bool(int(caught[1], 16) >> (signal.SIGTERM - 1) & 1)


# -- a terminal -------------------------------------------------------------------------------

_TAKE_TERMINAL = (
    "import fcntl, os, sys, termios; fcntl.ioctl(0, termios.TIOCSCTTY, 0); "
    "os.execv(sys.argv[1], sys.argv[1:])"
)


class Terminal:
    """A recorder in a terminal of its own, with a keyboard."""

    def __init__(self, config: Path, *arguments: str) -> None:
        self.folder = config.parent / "out"
        self.master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 240, 0, 0))
        command = [sys.executable, "-c", _TAKE_TERMINAL, *RECORDER, "record", str(config)]
        self.child = subprocess.Popen(
            [*command, *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color"},
        )
        os.close(slave)
        self.text = ""

    def __enter__(self) -> Terminal:
        return self

    def __exit__(self, *_: object) -> None:
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        self.hang_up()

    def hang_up(self) -> None:
        if self.master >= 0:
            os.close(self.master)
        self.master = -1

    def press(self, key: str) -> None:
        os.write(self.master, key.encode())

    def read_until(self, pattern: str) -> str:
        deadline = time.monotonic() + SLOW
        while not re.search(pattern, self.text):
            assert self._read(deadline), f"{pattern!r} never came in {self.text[-2000:]!r}"
        return self.text

    def read_all(self) -> int:
        deadline = time.monotonic() + SLOW
        while self._read(deadline):
            pass
        assert "Traceback" not in self.text, self.text
        return self.child.wait(SLOW)

    def _read(self, deadline: float) -> bool:
        ready, _, _ = select.select([self.master], [], [], max(0.0, deadline - time.monotonic()))
        try:
            data = os.read(self.master, 65536) if ready else b""
        except OSError:
            data = b""  # Linux says so when the last one has closed its side
        self.text += data.decode(errors="replace")
        return bool(data)


CTRL_C = "\x03"


def test_interrupted_once_at_a_terminal(tmp_path: Path) -> None:
    with Terminal(write_config(tmp_path)) as terminal:
        terminal.read_until(r"out [1-9]\d*\.\d fps")
        terminal.read_until(r"overall \d+\.\d+ : 1")
        terminal.press(CTRL_C)
        assert terminal.read_all() == 0
    text = terminal.text
    assert "top recording 0:00:0" in text
    for piece in (
        r"in [1-9]\d*\.\d fps",
        r"0 lost",
        r"buffer \d+ %",
        r"encoder \d+ % free",
        r"\d+ → \d+ MB/s",
        r"ratio now \S+",
        r"[\d.]+ [GMT]B free",
        r"left",
        r"ended by requested",
    ):
        assert re.search(piece, text), f"{piece} not in {text[-1500:]!r}"
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")  # the cursor is back
    (file,) = (tmp_path / "out").glob("*.mkv")
    assert read_about(file)["state"] == "complete"
    assert read_about(file)["reason"] == "requested"
    assert verify(file).ok


def test_interrupted_twice_at_a_terminal(tmp_path: Path) -> None:
    # Halted, the encoder keeps the first Ctrl-C from coming to its end.
    config = write_config(tmp_path, size=[640, 480], fps=100)
    with Terminal(config) as terminal:
        terminal.read_until(r"overall \d+\.\d+ : 1")
        (encoder,) = encoders(terminal.child.pid)
        camera = workers(terminal.child.pid)
        (file,) = (tmp_path / "out").glob("*.mkv")
        encoder.send_signal(signal.SIGSTOP)
        try:
            terminal.press(CTRL_C)
            terminal.read_until("finishing")
            before = time.time_ns()
            terminal.press(CTRL_C)
            assert terminal.read_all() == 130
        finally:
            encoder.send_signal(signal.SIGCONT)
        psutil.wait_procs([encoder, *camera], timeout=SLOW)
    assert terminal.text.rindex("\x1b[?25h") > terminal.text.rindex("\x1b[?25l")
    verdict = verify(file)
    assert verdict.ok
    (part,) = verdict.parts
    rows = read_ledger(file)
    lost_s = (before - int(rows[part.exact - 1]["t_utc_ns"])) / 1e9
    assert part.exact > 0
    assert lost_s < 1.0 + HALTED_S, f"{lost_s:.2f} s lost"


HALTED_S = 1.0
"""The encoder stands still while two Ctrl-C are typed; what came meanwhile is not its loss."""


def test_the_terminal_goes_away(tmp_path: Path) -> None:
    with Terminal(write_config(tmp_path)) as terminal:
        terminal.read_until(r"overall \d+\.\d+ : 1")
        terminal.hang_up()  # the kernel sends SIGHUP, and every write fails from now on
        assert terminal.child.wait(SLOW) == 0
    (file,) = (tmp_path / "out").glob("*.mkv")
    assert read_about(file)["state"] == "complete"
    assert read_about(file)["reason"] == "requested"
    assert verify(file).ok


def test_nobody_reads_the_summary(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    config = write_config(tmp_path, recording__duration="20 frames")
    with Recording(config, stdout=writer) as recording:
        os.close(writer)
        os.close(reader)
        _, stderr = recording.child.communicate(timeout=SLOW)
    assert recording.child.returncode == 0, stderr
    assert "Traceback" not in stderr
    assert "Exception" not in stderr
    assert verify(tmp_path / "out").ok


@pytest.mark.parametrize("json_too", [(), pytest.param(("--json",), marks=pytest.mark.slow)])
def test_an_output_that_knows_only_ascii(tmp_path: Path, json_too: tuple[str, ...]) -> None:
    config = write_config(tmp_path, recording__name="ネズミ", recording__duration="5 frames")
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii:strict"}
    result = run("record", config, *json_too, env=ascii_only)
    assert result.returncode == 0, result.stderr


# -- folders and disks ------------------------------------------------------------------------


@pytest.mark.parametrize("below", ["file", "/proc/recordings"])
def test_a_folder_that_cannot_be_made(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    told = record(write_config(tmp_path), "--output", tmp_path / below / "deep", code=4)
    assert "deep" in told["error"] or "recordings" in told["error"]


def test_a_reserve_larger_than_the_disk(tmp_path: Path) -> None:
    config = write_config(tmp_path, recording__keep_free="900000GiB")
    told = record(config, code=5)
    assert "keep_free" in told["error"]
    assert not list((tmp_path / "out").iterdir())  # refused before the first frame


NOISE = {"size": [320, 240], "fps": "max", "options__pattern": "noise"}
WAIT = {"buffer__when_full": "wait"}


def test_a_clean_stop_at_the_reserve(tmp_path: Path, small_disk: Any) -> None:
    disk = small_disk(48)
    reserve = 16 * 2**20
    config = write_config(tmp_path, **{**NOISE, "fps": 300}, **WAIT, recording__keep_free=reserve)
    told = record(config, "--output", disk / "out", code=5)
    assert told["reason"] == "no_space"
    assert told["dropped"] == 0
    rows = assert_adds_up(told)
    assert len(rows) > 20
    assert read_about(told["files"][0])["reason"] == "no_space"
    assert verify(disk / "out").ok
    assert shutil.disk_usage(disk).free >= 0.9 * reserve


@pytest.mark.parametrize("mib", [1.0, pytest.param(2.0, marks=pytest.mark.slow), 3.1])
def test_a_disk_that_runs_full(
    tmp_path: Path, small_disk: Any, mib: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So fast that whoever looks at it comes too late: it is a write that fails."""
    monkeypatch.setattr(DiskGuard, "look", lambda *_: None)
    disk = small_disk(mib)
    summary = take(write_config(tmp_path, **NOISE, **WAIT, recording__folder=str(disk / "out")))
    assert (summary.reason, summary.exit_code) == ("no_space", 5)
    told = summary.as_dict()
    assert told["written"] > 0
    assert "space" in " ".join(told["errors"])
    verdict = verify(disk / "out")
    assert verdict.ok, verdict
    assert sum(part.exact for part in verdict.parts) == told["written"]
    rows = read_ledger(next(disk.glob("out/*.mkv")))
    assert [int(row["grab"]) for row in rows] == list(range(len(rows)))
    assert told["grabbed"] == told["written"] + told["dropped"]
    assert told["grabbed"] >= len(rows)


# -- ffmpeg -----------------------------------------------------------------------------------


def script(folder: Path, text: str) -> dict[str, str]:
    """Return an environment in which this shell script is ffmpeg."""
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return {**os.environ, "IMAGEIO_FFMPEG_EXE": str(path)}


def test_ffmpeg_is_missing(tmp_path: Path) -> None:
    environment = {**os.environ, "IMAGEIO_FFMPEG_EXE": str(tmp_path / "nowhere")}
    told = record(write_config(tmp_path), code=4, env=environment)
    assert "ffmpeg" in told["error"]
    assert not list((tmp_path / "out").glob("*"))


def test_ffmpeg_is_not_executable(tmp_path: Path) -> None:
    environment = script(tmp_path, "exit 0")
    (tmp_path / "ffmpeg").chmod(0o644)
    told = record(write_config(tmp_path), code=4, env=environment)
    assert "ffmpeg" in told["error"]
    assert not list((tmp_path / "out").glob("*"))


def test_ffmpeg_dies_at_its_start(tmp_path: Path) -> None:
    environment = script(tmp_path, "echo libavcodec.so.61: Error: cannot open >&2; exit 127")
    started = time.monotonic()
    told = record(write_config(tmp_path), code=4, env=environment)
    assert time.monotonic() - started < SLOW
    assert "libavcodec.so.61" in told["error"]
    assert not list((tmp_path / "out").glob("*"))


def test_ffmpeg_dies_when_the_recording_starts(tmp_path: Path) -> None:
    """The proof still went well; nothing is claimed as recorded."""
    environment = script(
        tmp_path,
        f'case "$*" in *{tmp_path / "out"}*) echo Error: no more >&2; exit 3;; esac\n'
        f'exec {FFMPEG} "$@"',
    )
    told = record(write_config(tmp_path), code=4, env=environment)
    assert told["reason"] == "writer_failed"
    assert told["written"] == 0
    assert "Error: no more" in " ".join(told["errors"])
    assert_adds_up(told)


def test_a_megabyte_on_stderr_blocks_nothing(tmp_path: Path) -> None:
    flood = "head -c 1000000 /dev/zero | tr '\\0' 'x' >&2; yes warning | head -n 100000 >&2"
    environment = script(tmp_path, f'{flood}\nexec {FFMPEG} "$@"')
    told = record(write_config(tmp_path), "--duration", "50 frames", env=environment)
    assert told["written"] == 50
    assert_adds_up(told)
    assert len(read_about(told["files"][0])["encoder_messages"]) < 100_000


# -- help -------------------------------------------------------------------------------------


def test_help_loads_nothing_heavy(tmp_path: Path) -> None:
    heavy = ["numpy", "cv2", "tables", "pydantic", "imageio_ffmpeg", "yaml", "psutil"]
    code = (
        "import sys\nfrom recorder.cli import app\n"
        "try: app(['--help'])\nexcept SystemExit: pass\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, text=True
    )
    assert result.stderr.strip() == "[]"


def test_help_lists_what_is_built() -> None:
    result = run("--help", env={**os.environ, "COLUMNS": "100", "TERM": "dumb"})
    assert result.returncode == 0
    listed = result.stdout.partition("Record:")[2]
    assert re.findall(r"^  ([a-z]+) ", listed, re.MULTILINE) == [
        *("record", "gui", "preview", "attach", "status", "stop"),
        *("verify", "convert", "check", "schema", "cameras", "doctor"),
    ]


def test_an_unknown_command() -> None:
    result = invoke("replay")
    assert result.returncode == 2
    assert "replay" in result.stderr


def test_two_runs_of_one_config_make_two_recordings(tmp_path: Path) -> None:
    config = write_config(tmp_path, recording__name="once", recording__duration="5 frames")
    first, second = take(config), take(config)
    assert first.files != second.files
    assert json.loads((tmp_path / "out" / "once.json").read_text())["state"] == "complete"
    assert len(verify(tmp_path / "out").parts) == 2
