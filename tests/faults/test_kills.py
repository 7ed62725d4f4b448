"""SIGKILL of the recorder and of ffmpeg at random moments: at most a second is lost.

One moment each runs with the suite; the campaign of twenty is `pytest -m slow`.
"""

import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import psutil
import pytest
from helpers import SLOW, encoders, kill_rig

from recorder.ffmpeg.decode import count_frames
from recorder.playback.files import find_parts
from recorder.playback.verify import verify
from recorder.writers.ledger import read_rows

CONFIG = """
cameras:
  top: {source: synthetic, size: [640, 480], fps: 100, pixel_format: %s}
recording: {codec: %s, keep_free: 1MiB}
"""
KINDS = [("gray8", "fast"), ("bgr8", "fast"), ("gray16", "fast"), ("gray8", "compatible")]
MOMENTS = [
    pytest.param(seed, id=str(seed), marks=[] if seed == 0 else pytest.mark.slow)
    for seed in range(20)
]


@contextmanager
def started(folder: Path, seed: int, *options: str) -> Iterator[psutil.Popen]:
    """Give a recorder that does not outlive the test."""
    pixel_format, codec = KINDS[seed % len(KINDS)]
    config = folder / "config.yaml"
    config.write_text(CONFIG % (pixel_format, codec))
    command = [sys.executable, "-m", "recorder", "record", str(config), "--json", *options]
    recorder = psutil.Popen(
        [*command, "--output", str(folder / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    try:
        yield recorder
    finally:
        if recorder.poll() is None:
            kill_rig(recorder)
            recorder.wait(SLOW)
        recorder.stdout.close()
        recorder.stderr.close()


def await_first_row(folder: Path, recorder: psutil.Popen) -> Path:
    """Return the ledger once it has a row in it, and ffmpeg has made its file."""
    give_up = time.monotonic() + 30
    while time.monotonic() < give_up and recorder.poll() is None:
        for ledger in (folder / "out").glob("*.frames.csv"):
            video = ledger.with_suffix("").with_suffix(".mkv")
            if ledger.read_bytes().count(b"\n") > 1 and video.exists():
                return ledger
        time.sleep(0.01)  # another process makes the file: there is nothing to wait on
    raise AssertionError(recorder.communicate())


def encoder_of(recorder: psutil.Popen) -> psutil.Process:
    """Return the ffmpeg that writes the newest file, not a proof that may still run."""
    return encoders(recorder.pid)[-1]


def expect_one_second(rows, lost, fps: float) -> None:
    assert len(lost) <= fps
    if lost:
        assert (rows[-1].t_mono_ns - lost[0].t_mono_ns) / 1e9 <= 1.0


@pytest.mark.parametrize("seed", MOMENTS)
def test_the_recorder_is_killed(tmp_path, seed):
    with started(tmp_path, seed) as recorder:
        ledger = await_first_row(tmp_path, recorder)
        encoder = encoder_of(recorder)
        time.sleep(random.Random(seed).uniform(0, 2.5))  # the random moment itself
        kill_rig(recorder)
        recorder.wait(SLOW)
    encoder.wait(SLOW)  # no orphan: it sees the end of its input, and finishes

    (part,) = find_parts(tmp_path / "out")
    assert part.state == "interrupted"
    verdict = verify(tmp_path / "out")
    assert verdict.exit_code == 0, verdict
    rows = list(read_rows(ledger))
    written = [row for row in rows if row.status == "written"]
    in_file = verdict.parts[0].exact
    assert in_file + verdict.parts[0].beyond_end == len(written)
    expect_one_second(rows, written[in_file:], 100)
    assert frames_by_cv2(part.video) == in_file == count_frames(part.video)


def frames_by_cv2(path: Path) -> int:
    """Count the frames with OpenCV, as somebody without our tools would."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    assert capture.isOpened()
    count = 0
    while capture.grab():
        count += 1
    capture.release()
    return count


@pytest.mark.parametrize("seed", MOMENTS)
def test_ffmpeg_is_killed(tmp_path, seed):
    with started(tmp_path, seed, "--duration", "4s") as recorder:
        await_first_row(tmp_path, recorder)
        encoder = encoder_of(recorder)
        time.sleep(random.Random(seed).uniform(0, 2.0))  # the random moment itself
        killed_ns = time.time_ns()
        encoder.kill()
        out, err = recorder.communicate(timeout=60)
    summary = json.loads(out.splitlines()[-1])
    camera = summary["cameras"]["top"]

    assert summary["exit_code"] == 6, err
    assert camera["reason"] == "duration"
    assert len(camera["files"]) == 2
    assert camera["grabbed"] == camera["written"] + camera["dropped"] >= 395
    assert b"ffmpeg ended after" in err

    first, second = find_parts(tmp_path / "out")
    assert verify(tmp_path / "out").exit_code == 0
    assert first.state == second.state == "complete"
    assert first.about["error"].startswith("ffmpeg ended after")
    rows = list(read_rows(first.ledger))
    lost = [row for row in rows if row.note == "encoder_died"]
    assert len(lost) == camera["dropped"]
    expect_one_second(rows, lost, 100)
    later = list(read_rows(second.ledger))
    assert [row.grab for row in rows + later] == list(range(camera["grabbed"]))
    assert (later[0].t_utc_ns - killed_ns) / 1e9 <= 1.0  # noticed, and gone on, in a second
