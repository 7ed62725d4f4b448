"""`open_recording`: every frame of every kind of recording, by its number, bit for bit."""

from __future__ import annotations

import gc
import itertools
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import xxhash
from helpers import LedCamera, camera_config
from recordings import COUNT, GRAY, INTER, KINDS, decoders, fed, frames, write

from recorder import RecorderError, open_recording
from recorder.frame import FrameSpec
from recorder.pipeline.session import Session
from recorder.playback.matroska import read_index
from recorder.writers.codecs import Codec, choose


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    write(folder / "top", lost=(3, 4))
    return folder


# -- every frame of every kind --------------------------------------------------------------------


@pytest.mark.parametrize(("pixel_format", "codec"), KINDS)
def test_every_frame_in_any_order(tmp_path: Path, pixel_format: str, codec: str) -> None:
    spec = FrameSpec(65, 47, pixel_format, 100.0)  # type: ignore[arg-type]
    options = choose(codec, pixel_format)
    if codec in INTER:  # several key frames
        options = Codec(
            options.name, options.encoder, options.coded_format, (*options.options, "-g", "7")
        )
    path = write(tmp_path / "top", spec, options)
    given = frames(COUNT, spec)
    order = [*range(COUNT), *reversed(range(COUNT)), *random.Random(1).choices(range(COUNT), k=9)]
    with open_recording(path) as recording:
        for index in order if codec not in INTER else order[:30] + order[-4:]:
            frame = recording[index]
            assert np.array_equal(frame, given[index]), index
            assert frame.flags.owndata
            assert frame.flags.c_contiguous
        assert [np.array_equal(*pair) for pair in zip(recording, given, strict=True)] == [True] * 24
        assert recording.dtype == given.dtype
        assert recording.shape == given.shape
        assert np.array_equal(recording, given)


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8"])
@pytest.mark.parametrize("size", [(1, 1), (5, 1), (1, 7)])
def test_tiny_frames(tmp_path: Path, pixel_format: str, size: tuple[int, int]) -> None:
    spec = FrameSpec(*size, pixel_format, 4000.0)  # type: ignore[arg-type]
    given = frames(5, spec)
    with open_recording(write(tmp_path / "top", spec, count=5)) as recording:
        assert [recording[i].tolist() for i in (4, 0, 2)] == [given[i].tolist() for i in (4, 0, 2)]
        assert np.array_equal(recording, given)


@pytest.mark.parametrize("fps", [0.01, 1.0, 1000.0])
def test_slow_and_fast_cameras(tmp_path: Path, fps: float) -> None:
    given = frames(4)
    with open_recording(write(tmp_path / "top", GRAY.with_fps(fps), count=4)) as recording:
        assert np.array_equal(recording[3], given[3])
        assert np.array_equal(recording[1], given[1])
        assert np.array_equal(recording, given)


def test_frames_that_are_stored_in_another_order(tmp_path: Path) -> None:
    """x265 looks ahead: its key frames are followed by frames that are shown before them."""
    options = ("-x265-params", "lossless=1:keyint=8:bframes=3:b-adapt=0:log-level=none")
    path = write(tmp_path / "top", codec=Codec("libx265", "libx265", "gray", options))
    times = read_index(path).time
    assert times.tolist() != sorted(times)
    given = frames(COUNT)
    with open_recording(path) as recording:
        for index in (0, 1, 2, 9, 7, 8, 23, 16, 15):
            assert np.array_equal(recording[index], given[index]), index
        assert np.array_equal(recording, given)
        assert np.array_equal(recording[9:22], given[9:22])


# -- as an array ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key",
    [
        slice(None),
        slice(10, 20, 2),
        slice(5, 8),
        slice(8, 19),
        slice(None, None, -1),
        slice(None, None, -7),
        slice(-3, None),
        slice(7, 7),
        slice(9, 2),
        slice(50, 99),
        slice(-99, 99, 3),
    ],
    ids=str,
)
def test_slices(folder: Path, key: slice) -> None:
    given = np.delete(frames(COUNT), (3, 4), axis=0)
    with open_recording(folder) as recording:
        found = recording[key]
    assert found.shape == given[key].shape
    assert np.array_equal(found, given[key])


def test_it_reads_as_an_array(folder: Path) -> None:
    given = np.delete(frames(COUNT), (3, 4), axis=0)
    with open_recording(folder) as recording:
        assert (len(recording), recording.ndim, recording.shape) == (22, 3, (22, 48, 64))
        assert recording.dtype == np.uint8
        assert np.array_equal(recording[-1], given[-1])
        assert np.array_equal(recording[np.int64(5)], given[5])
        assert np.array_equal(np.asarray(recording), given)
        assert np.asarray(recording, np.float32).dtype == np.float32
        assert np.array_equal(np.stack(list(recording)), given)  # each is one's own
        assert recording[:].mean() == np.mean(recording)
        with pytest.raises(ValueError, match="copy"):
            np.array(recording, copy=False)
    assert repr(recording) == "<Recording top: 22 frames of 64x48 gray8, 0.230 s, complete>"


@pytest.mark.parametrize("key", [22, -23, 10**30])
def test_no_such_frame(folder: Path, key: int) -> None:
    with open_recording(folder) as recording, pytest.raises(IndexError, match="22 frames"):
        recording[key]


@pytest.mark.parametrize("key", [1.0, "a", None, [1, 2], (1, 2), ..., np.array([True])])
def test_no_index(folder: Path, key: Any) -> None:
    with open_recording(folder) as recording, pytest.raises(TypeError, match="whole number"):
        recording[key]


def test_ledger_and_timestamps(folder: Path) -> None:
    with open_recording(folder) as recording:
        ledger = recording.ledger
        assert ledger["grab"].tolist() == list(range(COUNT))
        assert ledger["frame"].tolist() == [0, 1, 2, -1, -1, *range(3, 22)]
        assert ledger["status"].tolist() == [0, 0, 0, 1, 1, *[0] * 19]
        assert set(ledger["note"]) == {b"", b"overflow"}
        assert ledger["t_mono_ns"].tolist() == [10**9 + i * 10**7 for i in range(COUNT)]
        assert ledger["t_utc_ns"].tolist() == [2 * 10**9 + i for i in range(COUNT)]
        assert ledger["t_camera_ms"].tolist() == [0.5 + i for i in range(COUNT)]
        assert (ledger["xxh3_64"] == 0).tolist() == (ledger["frame"] < 0).tolist()
        kept = ledger[ledger["frame"] >= 0]
        assert recording.timestamps.dtype == np.float64
        assert recording.timestamps == pytest.approx((kept["grab"] - kept["grab"][0]) / 100)
        for index in (0, 5, 21):
            digest = xxhash.xxh3_64_intdigest(recording[index].data)
            assert digest == kept["xxh3_64"][index]
        assert recording.about["camera"] == "top"
        assert recording.about["totals"]["dropped"] == 2
        assert [part.file.name for part in recording.parts] == ["top.mkv"]


def test_times_a_camera_does_not_have(tmp_path: Path) -> None:
    session = Session(camera_config(tmp_path), camera=LedCamera(frames=5, bad=[1]))
    session.start(record=True)
    summary = session.wait(60)
    assert summary is not None
    with open_recording(summary.files[0]) as recording:
        assert np.isnan(recording.ledger["t_camera_ms"]).all()
        assert recording.ledger["status"].tolist() == [0, 2, 0, 0, 0]
        assert len(recording) == len(recording.timestamps) == 4


def test_a_recording_without_frames(tmp_path: Path) -> None:
    with open_recording(write(tmp_path / "top", count=3, lost=(0, 1, 2))) as recording:
        assert recording.shape == (0, 48, 64)
        assert recording.timestamps.shape == (0,)
        assert list(recording) == []
        assert recording[:].shape == np.asarray(recording).shape == (0, 48, 64)
        assert "0 frames" in repr(recording)


# -- what it costs --------------------------------------------------------------------------------


def test_one_frame_costs_one_packet(folder: Path) -> None:
    with open_recording(folder) as recording:
        assert fed(recording) == 0
        for reads, index in enumerate((20, 3, 21, 0, 20), start=1):
            recording[index]
            assert fed(recording) == reads
        recording[2:20:3]
        assert fed(recording) == 5 + 6
        recording[10:20]
        assert fed(recording) == 11 + 10
        assert len(decoders()) == 1  # all that time


def test_steps_forward_do_not_begin_anew(tmp_path: Path) -> None:
    spec = FrameSpec(320, 240, "gray8", 100.0)
    with open_recording(write(tmp_path / "top", spec, "x264", 60)) as recording:
        recording[3]
        (child,) = decoders()
        for index in (4, 10, 30, 59):
            recording[index]
            assert decoders() == [child]
        assert fed(recording) == 60
        recording[5]
        assert decoders() != [child]


def test_iteration_begins_at_a_key_frame(tmp_path: Path) -> None:
    options = choose("x264", "gray8")
    codec = Codec("x264", options.encoder, options.coded_format, (*options.options, "-g", "10"))
    with open_recording(write(tmp_path / "top", codec=codec, count=40)) as recording:
        assert len(recording[22:31]) == 9
        assert fed(recording) == 11


# -- nothing is left behind -----------------------------------------------------------------------


def test_close_ends_all_decoders(folder: Path) -> None:
    recording = open_recording(folder)
    iterations = [iter(recording) for _ in range(2)]
    for iteration in iterations:
        next(iteration)
    recording[0]
    assert len(decoders()) == 3
    recording.close()
    assert decoders() == []
    recording.close()
    for use in (lambda: recording[0], lambda: next(iter(recording)), lambda: recording[:]):
        with pytest.raises(RecorderError, match="closed"):
            use()
    assert len(recording) == len(recording.timestamps) == 22


@pytest.mark.parametrize("codec", ["magicyuv", "x264"])
def test_what_is_forgotten_ends(tmp_path: Path, codec: str) -> None:
    spec = FrameSpec(320, 240, "gray8", 100.0)
    path = write(tmp_path / "top", spec, codec, 200)
    gc.collect()
    gc.disable()  # counting references has to be enough
    try:
        recording = open_recording(path)
        recording[1]
        iteration = iter(recording)
        next(iteration)
        assert len(decoders()) == 2
        del recording, iteration
        assert decoders() == []
    finally:
        gc.enable()


@pytest.mark.parametrize("codec", ["magicyuv", "x264"])
def test_a_program_may_end_in_the_middle(tmp_path: Path, codec: str) -> None:
    path = write(tmp_path / "top", FrameSpec(320, 240, "gray8", 100.0), codec, 200)
    script = (
        "from recorder import open_recording\n"
        f"recording = open_recording({str(path)!r})\n"
        "frames = iter(recording); next(frames); recording[5]\n"
        "import psutil; print(*[c.pid for c in psutil.Process().children()])"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, timeout=60, check=True
    )
    assert done.stderr == b""
    pids = done.stdout.split()
    assert len(pids) == 2
    assert not any(psutil.pid_exists(int(pid)) for pid in pids)


def test_several_iterations_at_a_time(folder: Path) -> None:
    with open_recording(folder) as recording:
        ahead = itertools.islice(recording, 1, None)
        for index, (frame, next_one) in enumerate(zip(recording, ahead, strict=False)):
            assert np.array_equal(frame, recording[index])
            assert np.array_equal(next_one, recording[index + 1])
