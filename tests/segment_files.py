"""Closed segments as the recorder makes them, for tests of what may be deleted again."""

from __future__ import annotations

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import xxhash

from recorder.cameras.base import CameraInfo
from recorder.config import Config, make_config
from recorder.frame import FrameSpec, FrameStamp
from recorder.pipeline.files import FileMaker
from recorder.pipeline.take import Take
from recorder.system import boot_id
from recorder.unattended.choosing import Clocks
from recorder.unattended.retention import Pruner
from recorder.unattended.shelf import Shelf

SPEC = FrameSpec(32, 24, "gray8", 100.0)
FRAMES = 3
DAY_S = 86_400
PARTS = 6
SUFFIXES = {"video": (".mkv", ".frames.csv", ".json"), "hdf5": (".h5",)}


def rig_config(folder: Path, kind: str = "video", camera: str = "top", **retention: Any) -> Config:
    """Return a config with segments and a retention, of 3 days unless told."""
    recording = {
        "folder": str(folder),
        "format": kind,
        "segment": "10min",
        "retention": retention or {"age": "3d"},
    }
    return make_config(
        {"cameras": {camera: {"source": "synthetic", "fps": 100}}, "recording": recording}
    )


def record(
    folder: Path,
    kind: str = "video",
    camera: str = "top",
    parts: int = PARTS,
    started: datetime | None = None,
    config: Config | None = None,
) -> list[Path]:
    """Record small segments with the real writers; return the files with the frames."""
    config = config or rig_config(folder, kind, camera)
    maker = FileMaker(config.cameras[camera], {}, config.public())
    take = Take(1, None, started or datetime.now().astimezone())
    return [_segment(maker, take, part) for part in range(parts)]


def _segment(maker: FileMaker, take: Take, part: int) -> Path:
    writer = maker.open(take, part, SPEC, lambda: CameraInfo("synthetic", "synthetic"))
    for grab in range(part * FRAMES, (part + 1) * FRAMES):
        frame = np.full(SPEC.shape, grab, SPEC.dtype)
        digest = xxhash.xxh3_64_intdigest(frame.data)
        stamp = FrameStamp(grab * 10**7, grab, 0.0, grab, 1)._replace(xxh3_64=digest)
        writer.write(frame, stamp)
    return writer.close("segment").files[0]


def later(days: float = 10, boot: str | None = "another", mono_days: float | None = None) -> Clocks:
    """Return the clocks in some days; in another run of the system unless told."""
    mono_days = days if mono_days is None else mono_days
    return Clocks(
        time.time_ns() + round(days * DAY_S * 1e9),
        time.monotonic_ns() + round(mono_days * DAY_S * 1e9),
        boot_id() if boot == "this" else boot,
    )


def prune(folder: Path, clocks: Clocks | None = None, camera: str = "top", **limits: Any) -> None:
    """Look once after a camera's segments."""
    retention = rig_config(folder, camera=camera, **limits).cameras[camera].recording.retention
    now = clocks or later()
    Pruner(camera, retention, Shelf(folder, lambda: now.now_ns), lambda: now).prune()


def files_of(path: Path) -> list[Path]:
    """Return all files of a segment."""
    stem = path.with_suffix("")
    kind = "hdf5" if path.suffix == ".h5" else "video"
    return [stem.with_name(stem.name + suffix) for suffix in SUFFIXES[kind]]


def numbers(folder: Path, paths: list[Path]) -> list[int]:
    """Return which of some segments are still there, each of them whole."""
    there = []
    for number, path in enumerate(paths):
        present = [file.exists() for file in files_of(path)]
        assert all(present) or not any(present), f"half of {path} is there"
        there += [number] if all(present) else []
    return there


def retell(path: Path, **changes: Any) -> None:
    """Change what the about file of a video says; its time stays as it was."""
    file = path.with_suffix(".json")
    about = json.loads(file.read_text()) | changes
    file.write_text(json.dumps({key: each for key, each in about.items() if each is not ...}))
