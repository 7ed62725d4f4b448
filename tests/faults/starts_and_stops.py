"""A program that records a little again and again in one process, and says what it holds then.

    python starts_and_stops.py FOLDER CYCLES

One JSON object a line after each cycle.
"""

from __future__ import annotations

import gc
import itertools
import json
import logging
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from recorder import Rig, Session
from recorder.config import Config, make_config

PATIENCE_S = 5.0
"""A thread that has said that all is over needs a moment to be gone."""
SHM = Path("/dev/shm")


def config_of(folder: Path, cameras: dict[str, str], segment: str | None) -> Config:
    """Return a config; cameras are given with their formats."""
    camera = {"source": "synthetic", "size": [64, 48], "pixel_format": "gray8", "fps": 400}
    return make_config(
        {
            "cameras": {
                name: camera | {"recording": {"format": kind}} for name, kind in cameras.items()
            },
            "buffer": {"memory": "2MiB"},
            "recording": {
                "folder": str(folder),
                "keep_free": 1,
                "duration": "25 frames",
                **({"segment": segment} if segment else {}),
            },
        }
    )


def session(kind: str, segment: str | None) -> Callable[[Path], int]:
    """Return a cycle of a session."""

    def run(folder: Path) -> int:
        config = config_of(folder, {"top": kind}, segment).cameras["top"]
        with Session(config) as found:
            found.start(record=True)
            told = found.wait()
        assert told is not None
        assert told.exit_code == 0, told
        return told.written

    return run


def rig(cameras: dict[str, str], segment: str | None) -> Callable[[Path], int]:
    """Return a cycle of a rig."""

    def run(folder: Path) -> int:
        with Rig(config_of(folder, cameras, segment)) as found:
            found.start(record=True)
            told = found.wait()
        assert told.exit_code == 0, told
        return min(camera.written for camera in told.cameras.values())

    return run


def preview_then_record(folder: Path) -> int:
    """Preview, record twice, and stop."""
    with Rig(config_of(folder, {"top": "hdf5"}, "10 frames")) as found:
        found.start()
        for _ in range(2):
            found.record()
            while found.status().state != "previewing":
                found.wait_briefly(0.01)
        found.stop()
        told = found.wait()
    return told.cameras["top"].written


CYCLES = [
    session("video", "10 frames"),
    rig({"top": "video", "side": "hdf5"}, "10 frames"),
    session("hdf5", "10 frames"),
    rig({"top": "hdf5"}, None),
    session("video", None),
    preview_then_record,
]


def held() -> dict[str, Any]:
    """Return what this process holds, beside memory."""
    maps = Path("/proc/self/maps").read_text()
    return {
        "descriptors": sorted(_descriptors()),
        "threads": sorted(thread.name for thread in threading.enumerate()),
        "children": [child.pid for child in psutil.Process().children(recursive=True)],
        "rings": maps.count("recorder-ring"),
        "shm": sorted(path.name for path in SHM.glob("*")),
    }


def _descriptors() -> Iterator[str]:
    for number in Path("/proc/self/fd").iterdir():
        try:
            yield str(number.readlink())
        except OSError:
            continue  # the one that listed them


def main(folder: Path, cycles: int) -> None:
    """Run the cycles."""
    logging.basicConfig(level=logging.WARNING)
    before = held()
    for number, run in zip(range(cycles), itertools.cycle(CYCLES), strict=False):
        written = run(folder)
        shutil.rmtree(folder)
        deadline = time.monotonic() + PATIENCE_S
        gc.collect()
        while (now := held()) != before and time.monotonic() < deadline and number >= len(CYCLES):
            time.sleep(0.01)
            gc.collect()
        if number < len(CYCLES):
            before = now  # what is imported and made once
        told = {"number": number, "written": written, "rss": psutil.Process().memory_info().rss}
        print(json.dumps(told | {"left": now, "is_clean": now == before}), flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
