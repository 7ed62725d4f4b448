"""What tests of video files share: real files by real ffmpeg, and the ways to read them."""

import contextlib
import subprocess

import numpy as np
from helpers import FFMPEG

from recorder import Session, open_recording
from recorder.cameras.base import EndOfSource
from recorder.cameras.opencv import OpenCVCamera
from recorder.config import make_config

SIZE = (64, 48)


def ffmpeg(*arguments, data=None):
    command = [FFMPEG, "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, input=data, timeout=60).stdout


def pattern(seconds, rate=25, size=SIZE):
    return ("-f", "lavfi", "-i", f"testsrc2=s={size[0]}x{size[1]}:r={rate}:d={seconds}")


def from_samples(path, frames, pix_fmt, *options):
    """Write frames without a loss; each is the bytes of one picture."""
    given = ("-f", "rawvideo", "-pix_fmt", pix_fmt, "-s", f"{SIZE[0]}x{SIZE[1]}", "-i", "-")
    ffmpeg(*given, "-c:v", "ffv1", "-pix_fmt", pix_fmt, *options, path, data=frames.tobytes())
    return path


def decoded(path, pix_fmt="bgr24", *options):
    """What ffmpeg's own program makes of a file."""
    shown = ("-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", pix_fmt)
    return ffmpeg("-noautorotate", "-i", path, *options, *shown, "-")


def record(tmp_path, source, **camera):
    """Record a file in this process; return how it went, and what was recorded."""
    settings = {"fps": "max", "buffer": {"when_full": "wait"}} | camera
    config = make_config(
        {
            "cameras": {"file": {"source": str(source), **settings}},
            "recording": {"folder": str(tmp_path / "out")},
        }
    )
    with Session(config.cameras["file"]) as session:
        session.start(record=True)
        summary = session.wait(60)
    return summary, open_recording(summary.files[0])


def as_source(path, **wanted):
    """Every frame that a file gives as a camera, and the camera."""
    camera = OpenCVCamera(str(path), **wanted)
    spec = camera.open()
    frames = []
    try:
        with contextlib.suppress(EndOfSource):
            while True:
                camera.grab()
                frames.append(np.empty(spec.shape, spec.dtype))
                camera.retrieve(frames[-1])
    finally:
        camera.close()
    return np.array(frames), camera
