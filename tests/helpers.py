"""What tests of whole recordings share: a camera on a lead, and an independent accountant."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import h5py
import hdf5plugin  # noqa: F401 - registers the filters with h5py
import imageio_ffmpeg
import numpy as np
import psutil
import xxhash

from recorder.cameras.base import BadFrame, CameraInfo, EndOfSource, stamp_now
from recorder.cli import main
from recorder.config import make_config
from recorder.errors import CameraError
from recorder.frame import FrameSpec, FrameStamp

SLOW = 30.0
"""Longest wait for what must come, in s; a loaded machine needs some of it, a good one none."""
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
RAW = {"gray8": "gray", "gray16": "gray16le", "bgr8": "bgr24"}


# -- cameras ------------------------------------------------------------------------------------


class LedCamera:
    """A camera whose every move the test decides, and which counts its own moves.

    Parameters
    ----------
    width, height, pixel_format
        Of its frames; each is noise of its own.
    frames
        After so many the source ends; None: never.
    bad
        Numbers of the grabs that cannot be decoded.
    holds
        By the number of a grab: an event to wait for before that grab returns.
    period_s
        Pause between two grabs.
    """

    timeout_s = 2.0

    def __init__(
        self,
        width: int = 64,
        height: int = 48,
        pixel_format: str = "gray8",
        frames: int | None = None,
        bad: Iterable[int] = (),
        holds: Mapping[int, threading.Event] | None = None,
        period_s: float = 0.001,
        can_wait: bool = True,
    ) -> None:
        self.info = CameraInfo("led", "led")
        self.can_wait = can_wait
        self.spec = FrameSpec(width, height, pixel_format, 30.0)
        self.frames = frames
        self.bad = set(bad)
        self.holds = dict(holds or {})
        self.period_s = period_s
        self.opens = self.closes = self.grabs = 0
        self.number = -1
        self.retrieved: list[int] = []  # numbers since the recording began
        self.before: Callable[[int], Any] = lambda number: None  # called before each grab
        self.reached = {number: threading.Event() for number in self.holds}
        self._let_go = threading.Event()

    def open(self) -> FrameSpec:
        self.opens += 1
        return self.spec

    def begin(self, grab: int) -> None:
        self.number = grab - 1
        self.retrieved.clear()

    def grab(self) -> FrameStamp:
        coming = self.number + 1
        if self.frames is not None and coming >= self.frames:
            raise EndOfSource
        self.before(coming)
        if coming in self.holds:
            self.reached[coming].set()
            self.holds[coming].wait()
        self._let_go.wait(self.period_s)
        self.number = coming
        self.grabs += 1
        return stamp_now()

    def retrieve(self, out: np.ndarray) -> None:
        if self.number in self.bad:
            raise BadFrame(f"frame {self.number} is broken")
        self.retrieved.append(self.number)
        out[...] = noise(out.shape, out.dtype, self.number)

    def set(self, name: str, value: float) -> float | None:
        return None

    def close(self) -> None:
        self.closes += 1


class BrokenCamera(LedCamera):
    """Raises what it is told to, at one grab."""

    def __init__(self, at: int, error: Exception, **options: Any) -> None:
        super().__init__(**options)
        self.at = at
        self.error = error

    def grab(self) -> FrameStamp:
        if self.number + 1 >= self.at:
            raise self.error
        return super().grab()


class ClosedCamera(LedCamera):
    """Cannot be opened."""

    def open(self) -> FrameSpec:
        self.opens += 1
        raise CameraError("the shutter is stuck")


class SlowToOpen(LedCamera):
    """Opens when the test lets it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.opening = threading.Event()
        self.may_open = threading.Event()

    def open(self) -> FrameSpec:
        self.opening.set()
        self.may_open.wait()
        return super().open()


def noise(shape: tuple[int, ...], dtype: Any, seed: int) -> np.ndarray:
    limit = int(np.iinfo(dtype).max)
    return np.random.default_rng(seed).integers(0, limit + 1, shape, dtype=dtype)


def camera_config(folder: Path, **changes: Any) -> Any:
    """Return one synthetic camera called top, recording into a folder.

    Keys with a dot go below: ``buffer.memory``, ``recording.duration``, ``options.fail_at``.
    """
    camera: dict[str, Any] = {"source": "synthetic", "size": [64, 48], "pixel_format": "gray8"}
    camera |= {"buffer": {"memory": "8MiB"}, "recording": {"folder": str(folder), "keep_free": 1}}
    for key, value in changes.items():
        section, _, name = key.rpartition("__")
        (camera.setdefault(section, {}) if section else camera)[name] = value
    return make_config({"cameras": {"top": camera}}).cameras["top"]


def until(condition: Callable[[], Any], what: str = "", timeout_s: float = SLOW) -> Any:
    """Wait for what must come soon; return it."""
    began = time.monotonic()
    while not (found := condition()):
        passed_s = time.monotonic() - began
        assert passed_s < timeout_s, f"waited {timeout_s} s in vain {what}"
        # Conditions are looked at from outside, nothing signals them: the longer, the less often.
        time.sleep(min(0.005 + passed_s / 20, 0.05))
    return found


def open_files(leading_to: str = "") -> set[str]:
    """Return this process's descriptors and what they lead to, a part of its name, on Linux."""
    found = set()
    for number in Path("/proc/self/fd").iterdir() if Path("/proc/self/fd").is_dir() else ():
        with contextlib.suppress(OSError):  # the one that lists them
            found.add(f"{number.name}: {number.readlink()}")
    return {each for each in found if leading_to in each}


def encoders(parent: int | None = None) -> list[psutil.Process]:
    """Return the running children that read frames from a pipe, oldest first."""
    found = []
    for child in psutil.Process(parent).children(recursive=True):
        try:
            if "pipe:0" in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
        except psutil.Error:
            continue
    return sorted(found, key=lambda child: child.create_time())


def workers(parent: int | None = None) -> list[psutil.Process]:
    """Return the processes of a rig's cameras, oldest first."""
    found = []
    for child in psutil.Process(parent).children():
        try:
            if "recorder.rig.worker" in child.cmdline():
                found.append(child)
        except psutil.Error:
            continue
    return sorted(found, key=lambda child: child.create_time())


def kill_rig(rig: psutil.Popen | psutil.Process) -> None:
    """End a recorder with all its processes at one moment, as the power would."""
    rig.suspend()  # or it would see that its cameras are gone
    cameras = workers(rig.pid)
    for camera in cameras:
        camera.kill()
    rig.kill()
    _, alive = psutil.wait_procs(cameras, timeout=SLOW)
    assert not alive


# -- commands -----------------------------------------------------------------------------------

RECORDER = [sys.executable, "-m", "recorder"]


def write_config(folder: Path, **changes: Any) -> Path:
    """Write a config for the synthetic camera top; see `camera_config`."""
    camera: dict[str, Any] = {"source": "synthetic", "size": [64, 48], "pixel_format": "gray8"}
    camera |= {"fps": 200}
    whole: dict[str, Any] = {
        "cameras": {"top": camera},
        "buffer": {"memory": "2MiB"},
        "recording": {"folder": str(folder / "out"), "keep_free": 1},
    }
    for key, value in changes.items():
        section, _, name = key.rpartition("__")
        if section in ("buffer", "recording", "metadata"):
            whole.setdefault(section, {})[name] = value
        else:
            (camera.setdefault(section, {}) if section else camera)[name] = value
    path = folder / "config.yaml"
    path.write_text(json.dumps(whole), encoding="utf-8")  # JSON is YAML
    return path


def run(*arguments: Any, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, its output captured."""
    options = {"capture_output": True, "text": True, "timeout": 60, "encoding": "utf-8"} | options
    result = subprocess.run([*RECORDER, *map(str, arguments)], check=False, **options)
    assert "Traceback" not in str(result.stderr), result.stderr
    return result


def invoke(
    *arguments: Any, env: Mapping[str, str] | None = None, cwd: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end within this process: where its own one is not what is tested.

    That takes a second less of the machine's time. The processes of cameras are real ones.
    """
    command = ["recorder", *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.ExitStack() as stack:
        stack.enter_context(mock.patch.object(sys, "argv", command))
        stack.enter_context(mock.patch.dict(os.environ, env or {}))
        stack.enter_context(contextlib.chdir(cwd or Path.cwd()))
        stack.enter_context(contextlib.redirect_stdout(out))
        stack.enter_context(contextlib.redirect_stderr(err))
        code: Any = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
    return subprocess.CompletedProcess(command, code or 0, out.getvalue(), err.getvalue())


def summary_of(stdout: str) -> dict[str, Any]:
    """Return the JSON of the last line, which is also the only one."""
    lines = stdout.splitlines()
    assert len(lines) == 1, lines
    return json.loads(lines[0])


# -- the accountant -----------------------------------------------------------------------------


def assert_adds_up(summary: Any, rows_lost: int = 0) -> list[dict[str, str]]:
    """Check a summary against its files, read without any of our own code.

    Parameters
    ----------
    summary
        A `TakeSummary`, or a camera's part of the JSON.
    rows_lost
        Rows that the system may have refused at most: their frames count as dropped.

    Returns
    -------
    list
        All ledger rows, file after file.
    """
    told = summary if isinstance(summary, dict) else summary.as_dict()
    assert told["grabbed"] == told["written"] + told["dropped"] + told["bad"], told
    rows: list[dict[str, str]] = []
    raw = size = 0
    for file in told["files"]:
        about = read_about(file)
        part = read_ledger(file)
        assert about["state"] == "complete"
        _assert_part(file, about, part)
        written = sum(row["status"] == "written" for row in part)
        raw += written * _frame_bytes(about)
        size += sum(path.stat().st_size for path in _siblings(file) if path.exists())
        rows += part
    gaps = [row for row in rows if row["status"] == "gap"]
    assert len(gaps) == told.get("gaps", 0)
    assert all(row["grab"] == "-1" and int(row["note"]) > 0 for row in gaps)
    grabs = [int(row["grab"]) for row in rows if row["status"] != "gap"]
    missing = told["grabbed"] - len(grabs)
    assert 0 <= missing <= rows_lost, f"{told['grabbed']} grabbed, {len(grabs)} rows"
    assert grabs == sorted(set(grabs)), "grabs not in order, or twice"
    if not missing:
        assert grabs == list(range(told["grabbed"]))
    for status in ("written", "bad"):
        assert sum(row["status"] == status for row in rows) == told[status], status
    assert sum(row["status"] == "dropped" for row in rows) == told["dropped"] - missing
    assert told["raw_bytes"] == raw
    assert told["file_bytes"] == size
    if rows and not missing:
        assert read_about(told["files"][-1])["reason"] is not None
        times = [int(row["t_mono_ns"]) for row in rows if row["status"] != "gap"]
        seconds = (times[-1] - times[0]) / 1e9 if times else 0
        assert abs(told["seconds"] - seconds) < 1e-5
    return rows


def _assert_part(file: str, about: dict[str, Any], rows: list[dict[str, str]]) -> None:
    counts = {
        status: sum(row["status"] == status for row in rows)
        for status in ("written", "dropped", "bad", "gap")
    }
    assert about["totals"] == {"grabbed": len(rows) - counts["gap"], **counts}
    written = [row for row in rows if row["status"] == "written"]
    assert [int(row["frame"]) for row in written] == list(range(len(written)))
    assert all(row["frame"] == "" for row in rows if row["status"] != "written")
    assert all(row["note"] for row in rows if row["status"] != "written")
    times = [int(row["t_mono_ns"]) for row in rows]
    assert times == sorted(times)
    decoded = decode(file, about) if Path(file).exists() else []
    assert [xxhash.xxh3_64_hexdigest(frame) for frame in decoded] == [
        row["xxh3_64"] for row in written
    ], file


def _siblings(file: str) -> list[Path]:
    if file.endswith(".h5"):
        return [Path(file)]
    stem = file.removesuffix(".mkv")
    return [Path(file), Path(f"{stem}.frames.csv"), Path(f"{stem}.json")]


def _frame_bytes(about: dict[str, Any]) -> int:
    samples = {"gray8": 1, "gray16": 2, "bgr8": 3}[about["pixel_format"]]
    return int(about["width"]) * int(about["height"]) * samples


def read_ledger(file: str | Path) -> list[dict[str, str]]:
    if str(file).endswith(".h5"):
        return _ledger_of_hdf5(file)
    with Path(f"{str(file).removesuffix('.mkv')}.frames.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


def _ledger_of_hdf5(file: str | Path) -> list[dict[str, str]]:
    """Return the rows as they would stand in a CSV file."""
    statuses = ("written", "dropped", "bad", "gap")
    rows = []
    with h5py.File(file) as opened:
        columns = {name: opened[f"ledger/{name}"][:].tolist() for name in opened["ledger"]}
    for number in range(len(columns["grab"])):
        row = {name: column[number] for name, column in columns.items()}
        there = row["status"] == 0
        assert there == (row["frame"] >= 0)
        row |= {"status": statuses[row["status"]], "note": row["note"].decode()}
        row["frame"] = row["frame"] if there else ""
        row["xxh3_64"] = f"{row['xxh3_64']:016x}" if there else ""
        rows.append({name: str(cell) for name, cell in row.items()})
    return rows


def _about_of_hdf5(group: h5py.Group) -> dict[str, Any]:
    found = {name: _about_of_hdf5(member) for name, member in group.items()}
    for name, value in group.attrs.items():
        if name not in ("CLASS", "TITLE", "VERSION"):
            found[name] = value.decode() if isinstance(value, bytes) else value
    return found


def read_about(file: str | Path) -> dict[str, Any]:
    if str(file).endswith(".h5"):
        with h5py.File(file) as opened:
            return _about_of_hdf5(opened["about"])
    return json.loads(Path(f"{str(file).removesuffix('.mkv')}.json").read_text(encoding="utf-8"))


def decode(file: str | Path, about: dict[str, Any]) -> list[bytes]:
    """Return the raw bytes of every frame in a recording."""
    if str(file).endswith(".h5"):
        with h5py.File(file) as opened:
            return [frame.tobytes() for frame in opened["frames"]]
    command = [FFMPEG, "-v", "error", "-nostdin", "-i", f"file:{file}"]
    command += ["-fps_mode", "passthrough", "-f", "rawvideo"]
    command += ["-pix_fmt", RAW[about["pixel_format"]], "pipe:1"]
    result = subprocess.run(command, capture_output=True, check=False)
    data, one = result.stdout, _frame_bytes(about)
    assert len(data) % one == 0
    return [data[at : at + one] for at in range(0, len(data), one)]
