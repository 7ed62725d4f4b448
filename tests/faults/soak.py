"""Who looks after a recording of hours: what it holds, what it says, what is in its files."""

from __future__ import annotations

import json
import os
import socket
import statistics
import subprocess
import urllib.request
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from helpers import RECORDER, SLOW, read_ledger, until
from prometheus_client.parser import text_string_to_metric_families

from recorder.errors import RecorderError
from recorder.playback.files import find_parts
from recorder.rig.link import Link, connect
from recorder.stats import RigStatus

NAME = "soak"


class Recorder:
    """`recorder record`, as a service would run it, with a watcher that is attached all the time.

    Parameters
    ----------
    folder
        For the config and what is said.
    config
        What to record.
    """

    def __init__(self, folder: Path, config: dict[str, Any]) -> None:
        path = folder / f"{NAME}.yaml"
        path.write_text(json.dumps(config), encoding="utf-8")
        self._out, self._err = folder / "stdout", folder / "stderr"
        with self._out.open("wb") as out, self._err.open("wb") as err:
            self.process = psutil.Popen(
                [*RECORDER, "record", str(path), "--json"],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
            )
        self._link: Link | None = None

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *_: object) -> None:
        if self._link is not None:
            self._link.close()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(SLOW)
            except psutil.TimeoutExpired:
                self.process.kill()

    @property
    def link(self) -> Link:
        """The watcher's."""
        if self._link is None:
            self._link = until(self._connected, "for the rig")
        return self._link

    def _connected(self) -> Link | None:
        assert self.process.poll() is None, self.said
        try:
            return connect(NAME)
        except RecorderError:
            return None

    @property
    def said(self) -> str:
        """What it told people so far."""
        return self._err.read_text(encoding="utf-8")

    def end(self) -> tuple[int, dict[str, Any]]:
        """Wait for the end; return the exit code and the summary."""
        code = self.process.wait(SLOW)
        return code, json.loads(self._out.read_text(encoding="utf-8").splitlines()[-1])


class Eyes:
    """Takes the newest frames, as a window would, and knows them by their numbers."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._last: dict[str, tuple[int, int]] = {}  # sequence, grab
        self.seen: dict[str, int] = defaultdict(int)

    def look(self, camera: str) -> None:
        """Fail if a frame is not the one that it says it is, or older than the one before."""
        sequence, grab = self._last.get(camera, (0, -1))
        look = self._link.latest_frame(camera, after=sequence)
        if look is None or not look.stamp.take:
            return
        number = int(look.frame.reshape(-1)[:8].copy().view("<u8")[0])
        assert number == look.stamp.grab > grab, (camera, number, look.stamp, grab)
        self._last[camera] = look.sequence, look.stamp.grab
        self.seen[camera] += 1


@dataclass(slots=True)
class Told:
    """What the ledger of a closed file says."""

    grabs: list[int]
    counts: dict[str, int]
    gap_is_first: bool


@dataclass(slots=True)
class Accountant:
    """Reads the ledger of each file once it is closed, before the retention takes it.

    Parameters
    ----------
    folder
        Of the files.
    formats
        Suffix of each camera's files.
    """

    folder: Path
    formats: dict[str, str]
    told: dict[str, dict[str, Told]] = field(default_factory=lambda: defaultdict(dict))

    def look(self) -> None:
        """Read what was closed since the last look."""
        for camera, suffix in self.formats.items():
            for path in self.folder.glob(f"{camera}*{suffix}"):
                if path.name not in self.told[camera] and _is_complete(path):
                    self.told[camera][path.name] = _read(path)

    def expect(self, camera: str, summary: dict[str, Any]) -> None:
        """Fail unless all files together, with those that are gone, are what the summary says."""
        names = [Path(file).name for file in summary["files"]]
        read = self.told[camera]
        assert set(names) == set(read), "a file that nobody told of, or that nobody saw"
        files = [read[name] for name in names]
        grabs = [grab for file in files for grab in file.grabs]
        assert grabs == list(range(summary["grabbed"]))
        for status, name in {"written": "written", "dropped": "dropped", "bad": "bad"}.items():
            assert sum(file.counts.get(status, 0) for file in files) == summary[name]
        gaps = sum(file.counts.get("gap", 0) for file in files)
        assert gaps == sum(file.gap_is_first for file in files) == summary["gaps"]


def _is_complete(path: Path) -> bool:
    parts = find_parts(path)
    return len(parts) == 1 and parts[0].state == "complete"


def _read(path: Path) -> Told:
    rows = read_ledger(path)
    counts: dict[str, int] = defaultdict(int)
    for row in rows:
        counts[row["status"]] += 1
    grabs = [int(row["grab"]) for row in rows if row["status"] != "gap"]
    return Told(grabs, dict(counts), bool(rows) and rows[0]["status"] == "gap")


class Scale:
    """Memory and descriptors of the rig and of each camera's process, over time."""

    def __init__(self, rig: psutil.Process) -> None:
        self._rig = rig
        self.series: dict[str, dict[str, list[int]]] = {}
        self.zombies = 0

    def weigh(self, status: RigStatus) -> None:
        """Take a sample of all."""
        self._take("rig", self._rig)
        for camera in status.cameras:
            if camera.pid is not None:
                self._take(f"{camera.name} {camera.pid}", psutil.Process(camera.pid))
        states = [_state_of(child) for child in self._rig.children(recursive=True)]
        self.zombies = self.zombies + 1 if psutil.STATUS_ZOMBIE in states else 0

    def _take(self, name: str, process: psutil.Process) -> None:
        try:
            sample = {
                "rss": process.memory_info().rss,
                "descriptors": process.num_fds(),
                "threads": process.num_threads(),
            }
        except psutil.Error:
            return  # a camera's process that has just gone
        series = self.series.setdefault(name, {key: [] for key in sample})
        for key, value in sample.items():
            series[key].append(value)

    def fifths(self, name: str, key: str) -> tuple[float, float]:
        """Return the medians of the second and of the last fifth."""
        values = self.series[name][key]
        fifth = len(values) // 5
        return statistics.median(values[fifth : 2 * fifth]), statistics.median(values[-fifth:])

    def figures(self) -> str:
        """Return all of them, a line for each process."""
        lines = []
        for name, series in self.series.items():
            told = [f"{name}: {len(series['rss'])} samples"]
            for key, unit in {"rss": 2**20, "descriptors": 1, "threads": 1}.items():
                if len(series[key]) >= 5:
                    early, late = self.fifths(name, key)
                    told.append(f"{key} {early / unit:.2f} -> {late / unit:.2f}")
            lines.append(", ".join(told))
        return "\n".join(lines)


def _state_of(process: psutil.Process) -> str:
    try:
        return str(process.status())
    except psutil.Error:
        return ""


def free_port() -> int:
    """Return the number of a port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def scrape(port: int) -> dict[tuple[str, str], float]:
    """Return what Prometheus would read, by sample and camera."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=SLOW) as answer:
        text = answer.read().decode()
    return {
        (sample.name, sample.labels.get("camera", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def size_of(folder: Path, camera: str) -> int:
    """Return how much of a camera's is on the disk."""
    return sum(path.stat().st_size for path in _there(folder, f"{camera}*"))


def _there(folder: Path, pattern: str) -> list[Path]:
    return [path for path in folder.glob(pattern) if os.path.lexists(path)]
