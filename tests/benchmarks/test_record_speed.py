"""How fast we record, each figure a ratio within one run."""

import os
import subprocess
import time
from pathlib import Path
from statistics import median

import numpy as np
import psutil
import pytest

from recorder.cameras.scene import painter
from recorder.config import parse_config
from recorder.ffmpeg.program import file_url
from recorder.frame import FrameSpec
from recorder.pipeline.session import Session
from recorder.writers.codecs import choose
from recorder.writers.ffmpeg import encode_command
from recorder.writers.proof import prove

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(900)]

ROUNDS = int(os.environ.get("RECORDER_BENCH_ROUNDS", "3"))
SECONDS = float(os.environ.get("RECORDER_BENCH_SECONDS", "10"))
HD = FrameSpec(1920, 1080, "gray8", 300.0)
COLOUR = FrameSpec(1280, 720, "bgr8", 200.0)

CONFIG = """
cameras:
  top:
    source: synthetic
    size: [{spec.width}, {spec.height}]
    pixel_format: {spec.pixel_format}
    fps: max
    buffer: {{memory: 256MiB, when_full: wait}}
recording: {{folder: "{folder}", duration: {seconds}s, keep_free: 1MiB}}
"""


def record(spec, folder, seconds=SECONDS):
    """Record the synthetic camera as fast as it goes; return (fps, bytes per frame)."""
    text = CONFIG.format(spec=spec, folder=folder, seconds=seconds)
    config = parse_config(text, "bench.yaml")
    with Session(config.cameras["top"], public_config=config.public()) as session:
        session.start(record=True)
        summary = session.wait()
    assert summary.exit_code == 0, summary
    for file in summary.files:
        Path(file).unlink()
    return summary.fps, summary.file_bytes / summary.written


def scene_frames(spec, count):
    paint = painter("scene", spec, 0)
    frame = np.empty(spec.shape, spec.dtype)
    for number in range(count):
        paint(number, frame)
        yield frame


def raw_file(spec, folder, count):
    path = folder / "frames.raw"
    with path.open("wb") as file:
        for frame in scene_frames(spec, count):
            file.write(frame.data)
    return path


def feed_by_cat(spec, raw, count, repeats, folder):
    """Feed the same ffmpeg with the same options from a pipe that cat fills; return fps."""
    target = folder / "cat.mkv"
    command = encode_command(spec, choose("auto", spec.pixel_format), file_url(target))
    started = time.perf_counter()
    cat = subprocess.Popen(["cat", *[str(raw)] * repeats], stdout=subprocess.PIPE)
    ffmpeg = subprocess.Popen(
        command, stdin=cat.stdout, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    cat.stdout.close()
    assert ffmpeg.wait() == 0
    cat.wait()
    seconds = time.perf_counter() - started
    target.unlink()
    return count * repeats / seconds


def read_file_itself(spec, raw, count, folder):
    """Let ffmpeg read the file without any pipe; return fps."""
    target = folder / "file.mkv"
    command = encode_command(spec, choose("auto", spec.pixel_format), file_url(target))
    command[command.index("pipe:0")] = str(raw)
    started = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    seconds = time.perf_counter() - started
    target.unlink()
    return count / seconds


def test_a_throughput_beside_cat(ram, say):
    count = 600
    raw = raw_file(HD, ram, count)
    repeats = max(1, round(SECONDS * 330 / count))
    prove(HD.with_fps(None), choose("auto", "gray8"))
    ours, cats, files = [], [], []
    for _ in range(ROUNDS):
        ours.append(record(HD, ram)[0])
        cats.append(feed_by_cat(HD, raw, count, repeats, ram))
        files.append(read_file_itself(HD, raw, count, ram))
        say(f"recorder {ours[-1]:.0f} fps, cat | ffmpeg {cats[-1]:.0f}, ffmpeg {files[-1]:.0f}")
    pairs = [a / b for a, b in zip(ours, cats, strict=True)]
    own = [a / b for a, b in zip(ours, files, strict=True)]
    say(f"(a) 1080p gray8, recorder : cat | ffmpeg = {median(pairs):.2f} (at least 0.85, aim 1)")
    say(f"(a) 1080p gray8, recorder : ffmpeg reading the file itself = {median(own):.2f}")


def imageio_recipe(frames, path):
    """Write frames as the lossless README does; return (fps, bytes per frame)."""
    import imageio

    started = time.perf_counter()
    imageio.mimwrite(
        path,
        frames,
        format="FFMPEG",
        fps=60,
        codec="libx264rgb",
        quality=None,
        pixelformat="rgb24",
        macro_block_size=1,
        output_params=["-crf", "0", "-preset", "ultrafast"],
        ffmpeg_log_level="error",
    )
    seconds = time.perf_counter() - started
    size = path.stat().st_size
    path.unlink()
    return len(frames) / seconds, size / len(frames)


def test_b_colour_beside_imageio(ram, say):
    frames = [frame.copy() for frame in scene_frames(COLOUR, 240)]
    prove(COLOUR.with_fps(None), choose("auto", "bgr8"))
    speed, size = [], []
    for _ in range(ROUNDS):
        fps, nbytes = record(COLOUR, ram, SECONDS / 2)
        other_fps, other_bytes = imageio_recipe(frames, ram / "imageio.mp4")
        say(
            f"recorder {fps:.0f} fps, {COLOUR.nbytes / nbytes:.2f} : 1, "
            f"imageio {other_fps:.0f} fps, {COLOUR.nbytes / other_bytes:.2f} : 1"
        )
        speed.append(fps / other_fps)
        size.append(nbytes / other_bytes)
    say(f"(b) 720p bgr8, recorder : imageio = {median(speed):.2f} in speed (at least 2.5)")
    say(f"(b) 720p bgr8, recorder : imageio = {median(size):.2f} in file size (below 1)")


def peak_memory(command):
    """Return peak MB of a rig, its camera's process and its ffmpeg, sampled 20 times a second."""
    process = psutil.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    peaks = {"rig": 0, "camera": 0, "ffmpeg": 0}
    while process.poll() is None:
        try:
            peaks["rig"] = max(peaks["rig"], process.memory_info().rss)
            for child in process.children(recursive=True):
                command_line = child.cmdline()
                kind = "camera" if "recorder.rig.worker" in command_line else "ffmpeg"
                peaks[kind] = max(peaks[kind], child.memory_info().rss)
        except psutil.Error:
            pass
        time.sleep(0.05)  # the sampling period
    assert process.returncode == 0
    return {kind: peak / 1e6 for kind, peak in peaks.items()}


def test_d_peak_memory(ram, say):
    import sys

    config = ram / "bench.yaml"
    config.write_text(CONFIG.format(spec=HD, folder=ram, seconds=5))
    peaks = peak_memory([sys.executable, "-m", "recorder", "record", str(config)])
    ring = 256 * 2**20 / 1e6
    more = peaks["camera"] - ring
    camera = f"camera {peaks['camera']:.0f} MB"
    say(f"(d) {camera}: the ring's {ring:.0f} and {more:.0f} (at most 200) more")
    say(f"(d) rig {peaks['rig']:.0f} MB, ffmpeg {peaks['ffmpeg']:.0f} MB")
