"""SIGKILL of a recorder that writes HDF5, at random moments: at most a second is lost.

One moment runs with the suite; the campaign of twenty is `pytest -m slow`.
"""

import random
import subprocess
import sys
import time
from pathlib import Path

import flammkuchen
import h5py
import hdf5plugin  # noqa: F401 - registers the filters with h5py
import numpy as np
import psutil
import pytest
import tables
import xxhash
from helpers import SLOW, kill_rig, until

CONFIG = """
cameras:
  top: {source: synthetic, size: [640, 480], fps: 100, pixel_format: %s}
recording: {format: hdf5, codec: %s, keep_free: 1MiB}
"""
KINDS = [("gray8", "fast"), ("bgr8", "fast"), ("gray16", "none"), ("gray16", "fast")]
MOMENTS = [
    pytest.param(seed, id=str(seed), marks=[] if seed == 0 else pytest.mark.slow)
    for seed in range(20)
]


def start(folder: Path, seed: int) -> psutil.Popen:
    config = folder / "config.yaml"
    config.write_text(CONFIG % KINDS[seed % len(KINDS)])
    command = [sys.executable, "-m", "recorder", "record", str(config)]
    return psutil.Popen(
        [*command, "--output", str(folder / "out")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.parametrize("seed", MOMENTS)
def test_the_recorder_is_killed(tmp_path, seed):
    recorder = start(tmp_path, seed)
    try:
        folder = tmp_path / "out"
        (path,) = until(lambda: list(folder.glob("*.h5")) if folder.is_dir() else [])
        empty = path.stat().st_size
        until(lambda: path.stat().st_size > empty + 200_000)
        time.sleep(random.Random(seed).uniform(0, 2.5))  # the random moment itself
        killed_ns = time.time_ns()
    finally:
        kill_rig(recorder)
        recorder.wait(SLOW)

    with h5py.File(path) as file:
        frames = file["frames"][:]
        ledger = {name: column[:] for name, column in file["ledger"].items()}
        state = file["about"].attrs["state"]
    with tables.open_file(str(path)) as file:
        assert np.array_equal(file.root.frames[:], frames)
    whole = flammkuchen.load(str(path))
    assert np.array_equal(whole["frames"], frames)
    assert state == b"recording"

    rows = len(ledger["grab"])
    assert (ledger["status"] == 0).all()
    assert len(frames) == rows > 0
    assert np.array_equal(ledger["frame"], np.arange(rows))
    assert np.array_equal(ledger["grab"], np.arange(rows))
    assert [xxhash.xxh3_64_intdigest(frame.data) for frame in frames] == list(ledger["xxh3_64"])
    assert (killed_ns - ledger["t_utc_ns"][-1]) / 1e9 <= 1.0
