"""What a seam between two files costs, and what it costs that open files are synced.

Runs are paired: with and without, in turn, on the disk that holds the temporary folder. Each lasts
``RECORDER_BENCH_LONG_S`` seconds (40): at first a system that is not asked to sync keeps all in
memory.
"""

import os
import shutil
import statistics
import time

import pytest

from recorder.config import make_config
from recorder.pipeline.session import Session
from recorder.pipeline.syncing import Syncer

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(3600)]

SECONDS = float(os.environ.get("RECORDER_BENCH_LONG_S", "40"))
ROUNDS = int(os.environ.get("RECORDER_BENCH_ROUNDS", "2"))
FRAMES = {"source": "synthetic", "size": [1920, 1080], "pixel_format": "gray8"}


def record(folder, fps, memory="64MiB", **recording):
    """Record; return the summary and the fullest that the buffer was seen."""
    when_full = "wait" if fps == "max" else "drop"
    config = make_config(
        {
            "cameras": {"top": FRAMES | {"fps": fps}},
            "buffer": {"memory": memory, "when_full": when_full},
            "recording": {"folder": str(folder), "duration": SECONDS, "keep_free": 0} | recording,
        }
    )
    fullest = 0.0
    with Session(config.cameras["top"]) as session:
        session.start(record=True)
        while not session.wait_briefly(0.01):
            fullest = max(fullest, session.status().buffer_fill)
        summary = session.wait()
    shutil.rmtree(folder)
    return summary, fullest


@pytest.mark.parametrize("format_", ["video", "hdf5"])
def test_a_seam(tmp_path, say, format_):
    """At 80 frames a second, which leaves the encoder time, with a buffer for 30 frames."""
    for segment in (None, "2s"):
        extra = {} if segment is None else {"segment": segment}
        summary, fullest = record(tmp_path / "out", 80, format=format_, **extra)
        say(
            f"{format_}, segments of {segment}: {summary.grabbed} frames in {len(summary.files)} "
            f"files, {summary.dropped} dropped; the buffer was {100 * fullest:.0f} % full at most"
        )
        time.sleep(2)


@pytest.mark.parametrize("format_", ["video", "hdf5"])
def test_syncing_what_is_open(tmp_path, say, monkeypatch, format_):
    """As fast as it goes, so that all that it takes shows."""
    shares = []
    for _ in range(ROUNDS):
        synced, _ = record(tmp_path / "out", "max", format=format_)
        with monkeypatch.context() as patch:
            patch.setattr(Syncer, "run", lambda self, writer: writer.join())
            unsynced, _ = record(tmp_path / "out", "max", format=format_)
        shares.append(synced.fps / unsynced.fps)
        say(f"{format_}: synced {synced.fps:.0f} fps, not synced {unsynced.fps:.0f} fps")
    say(
        f"{format_}: synced {statistics.median(shares):.2f} of not synced "
        f"({min(shares):.2f} to {max(shares):.2f})"
    )
