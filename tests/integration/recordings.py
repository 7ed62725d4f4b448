"""Small recordings whose every frame is known."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import xxhash

from recorder.cameras.scene import painter
from recorder.frame import FrameSpec, FrameStamp
from recorder.playback.matroska import read_index
from recorder.writers.codecs import Codec, choose
from recorder.writers.video import VideoWriter

KINDS = [
    ("gray8", "magicyuv"),
    ("bgr8", "magicyuv"),
    ("gray16", "ffvhuff"),
    ("bgr8", "ffv1"),
    ("gray8", "x264"),
    ("bgr8", "x264rgb"),
]
INTER = ("x264", "x264rgb")
GRAY = FrameSpec(64, 48, "gray8", 100.0)
ORIGIN = {"camera": "top", "start": "2026-11-22T12:00:00", "part": 0}
COUNT = 24


def write(
    stem: Path,
    spec: FrameSpec = GRAY,
    codec: Codec | str = "auto",
    count: int = COUNT,
    first: int = 0,
    lost: tuple[int, ...] = (),
    **about: Any,
) -> Path:
    """Record frames of the scene, one each 10 ms; return the video."""
    chosen = choose(codec, spec.pixel_format) if isinstance(codec, str) else codec
    stem.parent.mkdir(exist_ok=True)
    writer = VideoWriter(stem, chosen, ORIGIN | about)
    writer.open(spec)
    paint = painter("scene", spec, 0)
    frame = np.empty(spec.shape, spec.dtype)
    for grab in range(first, first + count):
        paint(grab, frame)
        stamp = FrameStamp(10**9 + grab * 10**7, 2 * 10**9 + grab, 0.5 + grab, grab, 1)
        if grab in lost:
            writer.skip(stamp, "dropped", "overflow")
        else:
            digest = xxhash.xxh3_64_intdigest(frame.data)
            writer.write(frame, stamp._replace(xxh3_64=digest))
    return writer.close("duration").files[0]


def frames(count: int, spec: FrameSpec = GRAY, first: int = 0) -> np.ndarray:
    """The same frames, without any file."""
    paint = painter("scene", spec, 0)
    given = np.empty((count, *spec.shape), spec.dtype)
    for number, frame in enumerate(given, first):
        paint(number, frame)
    return given


def interrupt(path: Path) -> None:
    """Have it look as after a SIGKILL: nobody that wrote it lives any more."""
    file = path.with_suffix(".json")
    about = json.loads(file.read_text())
    about.pop("totals")
    about["writer"]["process_started"] -= 1000
    file.write_text(json.dumps(about | {"state": "recording"}))


def cut(path: Path, size: int) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:size])


def fed(recording: Any) -> int:
    return sum(frames.packets_fed for frames in recording._files)


def spoil(path: Path, index: int, pattern: bytes, at: float = 0.5) -> None:
    """Overwrite a frame's packet, in the middle unless told."""
    found = read_index(path)
    data = bytearray(path.read_bytes())
    begin = int(found.offset[index] + found.length[index] * at)
    data[begin : begin + len(pattern)] = pattern
    path.write_bytes(data)


def decoders():
    """Return this process's ffmpegs, also those that have given all frames and wait to be asked;
    other tests may have left Python's own helpers running."""
    found = []
    for child in psutil.Process().children():
        try:
            if "ffmpeg" in child.name():
                found.append(child)
        except psutil.Error:
            continue
    return found
