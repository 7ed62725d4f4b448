"""A disk that really is full: recordings in segments stop before, or keep what they have."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers import (
    SLOW,
    LedCamera,
    assert_adds_up,
    camera_config,
    invoke,
    read_about,
    read_ledger,
    summary_of,
)

from recorder import open_recording, verify
from recorder.pipeline.session import Session

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="mounts a file system")

MIB = 2**20
FORMATS = ("video", "hdf5")
SUFFIXES = {"video": ".mkv", "hdf5": ".h5"}
BOTH = pytest.param(FORMATS, id="both", marks=pytest.mark.slow)  # on one disk
VIDEO = pytest.param(("video",), id="video", marks=pytest.mark.slow)
CASES = [*(pytest.param((each,), id=each) for each in FORMATS), BOTH]
FRAMES = 60
"""Of a file: 4.6 MB of noise, which no codec makes smaller."""


def record(folder: Path, disk: Path, formats: tuple[str, ...], keep_free: int) -> dict[str, Any]:
    """Record noise, one camera for each format, until the disk is full; return the summary."""
    camera = {"source": "synthetic", "size": [320, 240], "pixel_format": "gray8", "fps": 200}
    camera |= {"options": {"pattern": "noise"}}
    config = {
        "cameras": {name: camera | {"recording": {"format": name}} for name in formats},
        "buffer": {"memory": "4MiB", "when_full": "wait"},
        "recording": {
            "folder": str(disk / "out"),
            "name": "{camera}",
            "segment": f"{FRAMES} frames",
            "duration": "60s",
            "keep_free": keep_free,
        },
    }
    path = folder / "config.yaml"
    path.write_text(json.dumps(config))
    result = invoke("record", path, "--json")
    told = summary_of(result.stdout)
    assert (result.returncode, told["exit_code"]) == (5, 5), result.stderr
    assert list(told["cameras"]) == list(formats)
    return told["cameras"]


@pytest.mark.parametrize("formats", CASES)
def test_it_stops_cleanly_at_the_reserve(
    tmp_path: Path, small_disk: Callable[[float], Path], formats: tuple[str, ...]
) -> None:
    disk, keep_free = small_disk(64), 16 * MIB
    cameras = record(tmp_path, disk, formats, keep_free)
    assert shutil.disk_usage(disk).free >= 0.9 * keep_free
    for name, told in cameras.items():
        assert (told["reason"], told["dropped"], told["bad"]) == ("no_space", 0, 0)
        assert told["written"] == told["grabbed"] > FRAMES
        assert_adds_up(told)
        grabs = [[int(row["grab"]) for row in read_ledger(file)] for file in told["files"]]
        count = told["grabbed"]
        assert grabs == [[*range(at, min(at + FRAMES, count))] for at in range(0, count, FRAMES)]
        reasons = [read_about(file)["reason"] for file in told["files"]]
        assert reasons == ["segment"] * (len(grabs) - 1) + ["no_space"]
        with open_recording(disk / "out" / name) as whole:
            assert (len(whole), whole.state) == (count, "complete")
    assert verify(disk / "out").ok


@pytest.mark.parametrize("source", ["frames", "seconds", "file"])
def test_a_short_recording_does_not_need_room_for_half_a_minute(
    tmp_path: Path, small_disk: Callable[[float], Path], source: str
) -> None:
    """90 MB/s for 1 s on a disk of 2.3 GB, with the reserve of a config that names none."""
    folder = small_disk(2200) / "out"
    changes: dict[str, Any] = {"fps": 300, "size": [640, 480], "options__pattern": "noise"}
    changes |= {"recording__format": "hdf5", "recording__codec": "none"}
    camera = None
    if source == "file":
        camera = LedCamera(640, 480, frames=300, period_s=1 / 300)
        camera.info = replace(camera.info, frames=300)
    else:
        changes["recording__duration"] = {"frames": "300 frames", "seconds": "1s"}[source]
    config = camera_config(folder, recording__keep_free=None, **changes)
    with Session(config, camera=camera) as session:
        session.start(record=True)
        told = session.wait(SLOW)
    assert told is not None
    assert told.reason == ("end_of_source" if source == "file" else "duration")
    assert told.written == told.grabbed - told.dropped > 0
    assert_adds_up(told)


class Filler:
    """Somebody else who fills the disk, once a recording has its second file.

    Parameters
    ----------
    disk
        To fill.
    awaited
        The files whose third one is waited for.
    """

    def __init__(self, disk: Path, awaited: list[Path]) -> None:
        self._path, self._awaited = disk / "theirs", awaited
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while not all(path.exists() for path in self._awaited):
            if self._over.wait(0.01):
                return
        with self._path.open("wb", buffering=0) as file:
            for size in (MIB, 4096):
                while not self._over.is_set() and self._write(file, size):
                    pass

    @staticmethod
    def _write(file: Any, size: int) -> bool:
        try:
            return bool(os.write(file.fileno(), bytes(size)) == size)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                return False
            raise

    def __enter__(self) -> Filler:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(SLOW)
        assert not self._thread.is_alive()


@pytest.mark.parametrize("formats", [("hdf5",), VIDEO, BOTH])
def test_filled_by_somebody_else_what_is_written_can_be_read(
    tmp_path: Path, small_disk: Callable[[float], Path], formats: tuple[str, ...]
) -> None:
    """So suddenly that it is a write that fails, of a frame, a row, or the next file's name."""
    disk = small_disk(256)
    thirds = [disk / "out" / f"{name}_0002{SUFFIXES[name]}" for name in formats]
    with Filler(disk, thirds):
        cameras = record(tmp_path, disk, formats, keep_free=0)
    for name, told in cameras.items():
        assert told["reason"] == "no_space"
        assert told["grabbed"] == told["written"] + told["dropped"] + told["bad"]
        verdicts = [verify(file) for file in told["files"]]
        assert all(verdict.ok for verdict in verdicts)
        parts = [part for verdict in verdicts for part in verdict.parts]
        assert sum(part.exact for part in parts) == told["written"] >= 2 * FRAMES
        for number, file in enumerate(told["files"][:2]):  # closed before: whole
            about, first = read_about(file), number * FRAMES
            assert (about["state"], about["reason"]) == ("complete", "segment")
            rows = read_ledger(file)
            assert [int(row["grab"]) for row in rows] == [*range(first, first + FRAMES)]
            assert {row["status"] for row in rows} == {"written"}
        with open_recording(disk / "out" / name) as whole:
            assert len(whole) == told["written"]
            numbers = [int(frame.reshape(-1)[:8].view("<u8")[0]) for frame in whole]
        assert numbers[: 2 * FRAMES] == [*range(2 * FRAMES)]
        assert numbers == sorted(set(numbers))
    assert verify(disk / "out").ok


@pytest.mark.slow
@pytest.mark.parametrize("formats", CASES)
def test_without_a_reserve_what_is_written_can_be_read(
    tmp_path: Path, small_disk: Callable[[float], Path], formats: tuple[str, ...]
) -> None:
    disk = small_disk(24)
    cameras = record(tmp_path, disk, formats, keep_free=0)
    for name, told in cameras.items():
        assert told["reason"] == "no_space"
        assert told["grabbed"] == told["written"] + told["dropped"] + told["bad"]
        with open_recording(disk / "out" / name) as whole:
            assert len(whole) == told["written"] > 0
    verdict = verify(disk / "out")
    assert verdict.ok
    assert sum(part.exact for part in verdict.parts) == sum(
        told["written"] for told in cameras.values()
    )
