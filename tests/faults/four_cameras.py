"""Four cameras recorded by a real `recorder record`, and what must be true after a fault."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
from helpers import RECORDER, SLOW, read_ledger, until
from losses import FPS, LOST_S, code_of

from recorder.errors import RecorderError
from recorder.playback.files import find_parts
from recorder.playback.verify import verify
from recorder.rig.link import Link, connect
from recorder.stats import CameraStatus, RigStatus

CAMERAS: dict[str, dict[str, Any]] = {
    "top": {"pixel_format": "gray8"},
    "side": {"pixel_format": "gray16", "recording": {"format": "hdf5"}},
    "front": {"pixel_format": "bgr8"},
    "back": {"pixel_format": "gray8", "recording": {"format": "hdf5"}},
}
TWO = {name: CAMERAS[name] for name in ("top", "side")}
"""A video and an HDF5 file: for the suite, which has little time."""
VIDEO = ("top", "front")
ORPHAN_S = 5.0
"""How long a process of a killed rig may live."""
ENDING_S = 60.0
"""An encoder that takes nothing any more is waited for, for half of it."""
_SYNTHETIC = {"source": "synthetic", "size": [160, 120], "fps": FPS}
_MARK = "RECORDER_TEST_FAMILY"


class FourCameras:
    """`recorder record` at work: its processes, its status, its end.

    Parameters
    ----------
    folder
        For the config and the files.
    options
        Of the command.
    cameras
        Other cameras than the four; synthetic if they name no source.
    env
        More environment for it and its children.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        cameras: dict[str, dict[str, Any]] = CAMERAS,
        env: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder / "out"
        self.names = tuple(cameras)
        self._stderr = folder / "stderr"
        config = folder / "config.json"
        config.write_text(json.dumps(self._config(cameras)))
        self._mark = f"{os.getpid()} {folder}"
        with self._stderr.open("wb") as stderr:
            self.rig = psutil.Popen(
                [*RECORDER, "record", str(config), "--json", *options],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env={**os.environ, **(env or {}), _MARK: self._mark},
            )
        self._link: Link | None = None
        self._rings: set[int] = set()

    def _config(self, cameras: dict[str, dict[str, Any]]) -> dict[str, Any]:
        whole = {
            name: camera if "source" in camera else {**_SYNTHETIC, **camera}
            for name, camera in cameras.items()
        }
        return {
            "cameras": whole,
            "buffer": {"memory": "24MiB"},  # of ten seconds and more: nobody loses a frame by load
            "recording": {"folder": str(self.folder), "keep_free": 1},
        }

    def __enter__(self) -> FourCameras:
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self.detach()
        for process in self.family():
            with suppress(psutil.Error):
                process.kill()
        self.rig.wait(SLOW)
        assert self.rig.stdout is not None
        self.rig.stdout.close()
        if kind is None:  # those who watched are gone, too
            until(lambda: not holders(self._rings), "for the memory to be free")

    # -- while it runs ------------------------------------------------------------------------

    @property
    def stderr(self) -> str:
        """What it has said so far."""
        return self._stderr.read_text(encoding="utf-8")

    def status(self) -> RigStatus:
        """Return what it tells from outside."""
        if self._link is None:
            self._link = until(self._connected, "for the rig")
        return self._link.status()

    def _connected(self) -> Link | None:
        assert self.rig.poll() is None, self.stderr
        with suppress(RecorderError):
            return connect("config")
        return None

    def detach(self) -> None:
        """Look no longer: the link of the test is not to count as a watcher."""
        if self._link is not None:
            self._link.close()
            self._link = None

    def camera(self, name: str) -> CameraStatus:
        """Return what it tells of one camera."""
        return self.status().camera(name)

    def record_more(self, *names: str, frames: int = 20) -> None:
        """Wait until cameras, all if none is named, have written so many frames more."""
        goals = {name: self.camera(name).totals.written + frames for name in names or self.names}
        until(lambda: self._reach(goals), f"for more frames: {goals}\n{self.stderr}")
        self.look_at_memory()
        assert self._rings

    def look_at_memory(self) -> None:
        """Take note of its rings: they must not outlive it."""
        self._rings |= rings_of(self.rig.pid)

    def _reach(self, goals: dict[str, int]) -> bool:
        status = self.status()
        return all(
            status.camera(name).state == "recording" and status.camera(name).totals.written >= goal
            for name, goal in goals.items()
        )

    def process_of(self, name: str) -> psutil.Process:
        """Return a camera's process."""
        return psutil.Process(until(lambda: self.camera(name).pid))

    def encoder_of(self, name: str) -> psutil.Process:
        """Return the ffmpeg that writes a camera's newest file."""
        found = self.process_of(name).children()
        mine = [each for each in found if f"/{name}_" in each.cmdline()[-1]]
        return max(mine, key=lambda each: each.create_time())

    def family(self) -> list[psutil.Process]:
        """Return all its living processes, orphans among them: all have its environment."""
        return list(_living_with(self._mark))

    # -- its end ------------------------------------------------------------------------------

    def finish(self) -> dict[str, Any]:
        """Press Ctrl-C; return the summary."""
        with suppress(psutil.Error):
            self.rig.send_signal(signal.SIGINT)
        return self.end()

    def end(self) -> dict[str, Any]:
        """Wait for the end; return a summary that was checked against the files."""
        self.detach()
        out, _ = self.rig.communicate(timeout=ENDING_S)
        assert "Traceback" not in self.stderr, self.stderr
        summary = json.loads(out.splitlines()[-1])
        cameras = summary["cameras"]
        assert self.rig.returncode == summary["exit_code"]
        assert summary["exit_code"] == code_of(cameras.values())
        assert tuple(cameras) == self.names
        assert verify(self.folder).ok, verify(self.folder)
        self.expect_nothing_left()
        told = {file for camera in cameras.values() for file in camera["files"]}
        # One that was killed while it was opened holds nothing, and is nobody's.
        assert told == {str(part.file) for part in find_parts(self.folder) if part.rows()}
        return cameras

    def expect_nothing_left(self, within_s: float = ORPHAN_S) -> None:
        """Fail unless all its processes end by themselves."""
        until(lambda: not self.family(), f"for the end of {self.family()}", within_s)

    def expect_finished(self, killed_ns: int, least: str = "complete") -> None:
        """Fail unless the files that a killed rig left are whole, up to their end.

        Parameters
        ----------
        killed_ns
            Monotonic time at which the rig was killed.
        least
            interrupted: they need not be complete.
        """
        verdict = verify(self.folder)
        assert verdict.ok, verdict
        parts = find_parts(self.folder)
        assert [part.stem.name.split("_")[0] for part in parts] == sorted(self.names)
        for part, found in zip(parts, verdict.parts, strict=True):
            assert part.state in ("complete", least)
            rows = read_ledger(part.file)
            assert [int(row["grab"]) for row in rows] == list(range(len(rows)))
            kept = [row for row in rows if row["status"] == "written"][: found.exact]
            assert killed_ns - int(kept[-1]["t_mono_ns"]) < LOST_S * 1e9, part.file


def _living_with(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(_MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                yield process


# -- memory ---------------------------------------------------------------------------------------


def rings_of(pid: int) -> set[int]:
    """Return the inodes of the rings that a process has open, or looks into."""
    found: set[int] = set()
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            if "/memfd:recorder-ring" in line:
                found.add(int(line.split()[4]))
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):  # it was closed meanwhile
                if str(link.readlink()).startswith("/memfd:recorder-ring"):
                    found.add(link.stat().st_ino)
    return found


def holders(rings: set[int]) -> list[int]:
    """Return the processes that keep rings in memory."""
    return [pid for pid in psutil.pids() if rings & rings_of(pid)]


# -- faults ---------------------------------------------------------------------------------------


def inflict(process: psutil.Process, fault: str) -> int:
    """Do something bad to a process; return at what monotonic time, in ns.

    Parameters
    ----------
    fault
        A signal, ``halted`` for ever, or ``halted 8`` for so many seconds.
    """
    at_ns = time.monotonic_ns()
    if fault.startswith("SIG"):
        process.send_signal(signal.Signals[fault])
        return at_ns
    process.suspend()
    _, _, seconds = fault.partition(" ")
    if seconds:
        time.sleep(float(seconds))  # the fault itself
        with suppress(psutil.NoSuchProcess):
            process.resume()
    return at_ns


@contextmanager
def watcher(*command: str) -> Iterator[psutil.Popen]:
    """Run something that looks at the rig; what it prints is read line by line."""
    child = psutil.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        yield child
    finally:
        with suppress(psutil.NoSuchProcess):
            child.kill()
        child.wait(SLOW)
        assert child.stdout is not None
        child.stdout.close()
