"""HDF5 recordings from camera to file, read back by other people's programs."""

import os
import subprocess
import sys
import threading

import flammkuchen
import h5py
import numpy as np
import pytest
import tables
from helpers import (
    LedCamera,
    assert_adds_up,
    camera_config,
    invoke,
    noise,
    read_about,
    summary_of,
    until,
    write_config,
)

from recorder.pipeline.session import Session
from recorder.playback.verify import verify


def session_of(folder, camera=None, **changes):
    config = camera_config(folder, recording__format="hdf5", **changes)
    return Session(config, {"subject": "M12"}, {"cameras": 1}, camera)


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8"])
@pytest.mark.parametrize("codec", ["fast", "compatible", "archive", "none", "bitshuffle"])
def test_every_frame_is_in_the_file(tmp_path, pixel_format, codec):
    led = LedCamera(33, 17, pixel_format, frames=40, bad=[7])
    session = session_of(tmp_path, led, recording__codec=codec)
    session.start(record=True)
    summary = session.wait()
    rows = assert_adds_up(summary)
    assert (summary.reason, summary.written, summary.bad) == ("end_of_source", 39, 1)
    assert rows[7]["note"] == "bad_read"
    whole = flammkuchen.load(summary.files[0])
    assert sorted(whole) == ["about", "frames", "ledger"]
    wanted = [noise(led.spec.shape, led.spec.dtype, n) for n in range(40) if n != 7]
    assert np.array_equal(whole["frames"], wanted)
    assert whole["about"]["metadata"] == {"subject": "M12"}
    part = flammkuchen.load(summary.files[0], "/frames", sel=flammkuchen.aslice[3:9:2, 2:5])
    assert np.array_equal(part, np.array(wanted)[3:9:2, 2:5])


def test_about_loads_as_plain_numbers_and_texts(tmp_path):
    session = session_of(tmp_path, recording__duration="5 frames", fps="max")
    session.start(record=True)
    (file,) = session.wait().files
    about = flammkuchen.load(file, "/about")
    assert about["width"] == 64
    assert about["pixel_format"] == "gray8"
    assert isinstance(about["camera"], str)
    assert isinstance(about["measured_fps"], float)
    assert about["totals"]["written"] == 5
    assert about["error"] is None
    assert about["obtained"]["size"] == [64, 48]


def test_two_recordings_of_one_session_are_two_files(tmp_path):
    led = LedCamera()
    with session_of(tmp_path, led) as session:
        session.start()
        for _ in range(2):
            before = led.grabs
            session.record()
            until(lambda before=before: led.grabs > before + 20)
            session.end_take()
    first, second = session.takes()
    assert led.opens == 1
    for take in (first, second):
        assert_adds_up(take)
        assert take.written > 0
    assert first.files != second.files


def test_a_small_ring_is_enough(tmp_path):
    """The writer keeps several frames for a while; the camera waits for the others."""
    camera = LedCamera(frames=300, period_s=0)
    options = {"buffer__memory": "44KiB", "buffer__when_full": "wait"}
    session = session_of(tmp_path, camera, **options)
    session.start(record=True)
    summary = session.wait()
    assert (summary.written, summary.dropped) == (300, 0)
    assert_adds_up(summary)


def test_the_command_records_and_verifies(tmp_path):
    config = write_config(
        tmp_path, recording__format="hdf5", recording__duration="100 frames", fps="max"
    )
    result = invoke("record", config, "--json")
    camera = summary_of(result.stdout)["cameras"]["top"]
    assert result.returncode == 0
    assert_adds_up(camera)
    (file,) = camera["files"]
    assert file.endswith(".h5")
    assert verify(file).ok
    assert invoke("verify", file).stdout == f"{file}: all 100 frames are exact\n"
    assert "auto: bytedelta" in invoke("check", config).stdout


def test_a_reader_that_comes_meanwhile(tmp_path):
    with session_of(tmp_path, LedCamera()) as session:
        session.start(record=True)
        until(lambda: session.status().totals.written > 50)
        (path,) = tmp_path.glob("*.h5")
        for _ in range(3):
            with pytest.raises(tables.HDF5ExtError, match="unable to lock file"):
                tables.open_file(str(path))
            with pytest.raises(OSError, match="unable to lock file"):
                h5py.File(path)
            assert "is being recorded right now" in verify(path).parts[0].sentence()
        written = session.status().totals.written
        until(lambda: session.status().totals.written > written + 20)
        session.stop()
        summary = session.wait()
    assert summary.dropped == 0
    assert_adds_up(summary)
    assert verify(path).ok


def test_a_stuck_disk_does_not_stop_the_camera(tmp_path, monkeypatch):
    """The camera's thread goes on while the system lets a write wait."""
    from recorder.writers.hdf5 import file as hdf5_file

    go, waiting, write_at = threading.Event(), threading.Event(), hdf5_file.write_at
    pages = []

    def slow(fd, parts, offset):
        if offset == 0 and len(pages) < 2:
            pages.append(offset)
            if len(pages) == 2:  # the first is written when the file is made
                waiting.set()
                go.wait(30)
        write_at(fd, parts, offset)

    monkeypatch.setattr(hdf5_file, "write_at", slow)
    led = LedCamera(can_wait=False)
    with session_of(tmp_path, led, buffer__memory="4MiB") as session:
        session.start(record=True)
        assert waiting.wait(30)
        grabs = led.grabs
        until(lambda: led.grabs > grabs + 200)
        go.set()
        session.stop()
        summary = session.wait()
    assert summary.dropped == 0
    assert_adds_up(summary)


@pytest.mark.parametrize("codec", ["fast", "none"])
@pytest.mark.parametrize("error", [OSError, MemoryError])
def test_a_write_that_fails_once_costs_a_frame_and_a_file(tmp_path, monkeypatch, error, codec):
    from recorder.writers.hdf5 import file as hdf5_file

    calls, write_at = [], hdf5_file.write_at

    def fails(fd, parts, offset):
        calls.append(offset)
        if len(calls) == 100:
            raise error(5, "injected")
        write_at(fd, parts, offset)

    monkeypatch.setattr(hdf5_file, "write_at", fails)
    session = session_of(tmp_path, LedCamera(frames=200), recording__codec=codec)
    session.start(record=True)
    summary = session.wait()
    rows = assert_adds_up(summary)
    assert len(rows) == summary.grabbed == 200
    assert len(summary.files) == 2
    assert 0 < summary.dropped < 20


def test_what_nobody_foresaw(tmp_path, monkeypatch):
    """What was written before is saved, and no thread, file or lock is left."""
    from recorder.pipeline.write import Writing

    handle, count = Writing._handle, []

    def fails(self, entry):
        count.append(entry)
        if len(count) == 60:
            raise ZeroDivisionError("nobody foresaw this")
        handle(self, entry)

    monkeypatch.setattr(Writing, "_handle", fails)
    with session_of(tmp_path, LedCamera()) as session:
        session.start(record=True)
        summary = session.wait(60)
    assert summary.reason == "writer_failed"
    assert summary.written == 59
    assert verify(*summary.files).ok
    assert len(flammkuchen.load(summary.files[0], "/frames")) == 59


def test_what_lies_beside_a_recording_does_not_matter(tmp_path):
    session = session_of(tmp_path, LedCamera(frames=5))
    session.start(record=True)
    session.wait()
    (tmp_path / "folder.h5").mkdir()
    (tmp_path / "text.h5").write_text("no HDF5")
    os.mkfifo(tmp_path / "pipe.h5")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["x"] = 1
    assert [part.exact for part in verify(tmp_path).parts] == [5]


def test_a_damaged_ledger_is_told(tmp_path):
    session = session_of(tmp_path, LedCamera(frames=5))
    session.start(record=True)
    (file,) = session.wait().files
    with h5py.File(file, "r+") as opened:
        opened["ledger/status"][2] = 77
    assert "cannot be read as a recording" in verify(file).parts[0].sentence()
    assert verify(file).exit_code == 7


def test_frames_before_and_behind_a_broken_one(tmp_path):
    from recorder import RecorderError, open_recording

    session = session_of(tmp_path, LedCamera(frames=30))
    session.start(record=True)
    (file,) = session.wait().files
    with h5py.File(file) as opened:
        at = opened["frames"].id.get_chunk_info(17)
    with open(file, "r+b") as raw:  # noqa: PTH123
        raw.seek(at.byte_offset)
        raw.write(bytes(at.size))
    verdict = verify(file).parts[0]
    assert (verdict.exact, verdict.wrong, verdict.first.frame) == (29, 1, 17)
    with open_recording(file) as recording:
        got = []
        with pytest.raises(RecorderError, match="frame 17"):
            got.extend(recording)
        assert len(got) == 17


def test_a_full_disk(tmp_path, small_disk):
    """On a file system of its own; the rows that say what was lost still fit."""
    disk = small_disk(1)
    config = write_config(
        tmp_path,
        recording__format="hdf5",
        recording__folder=str(disk),
        recording__keep_free=0,
        recording__duration="20s",
        options__pattern="noise",
        fps="max",
        buffer__when_full="drop",
    )
    result = invoke("record", config, "--json")
    camera = summary_of(result.stdout)["cameras"]["top"]
    assert (result.returncode, camera["reason"]) == (5, "no_space")
    assert camera["dropped"] > 0
    assert_adds_up(camera, rows_lost=camera["dropped"])
    about = read_about(camera["files"][0])
    assert (about["state"], about["reason"]) == ("complete", "no_space")
    assert verify(disk).ok


def test_the_engine_needs_neither_pytables_nor_hdf5_to_record(tmp_path):
    """What reads is not loaded while frames are written: it takes half a second and memory."""
    program = (
        "import sys; from recorder import Session, load_config\n"
        f"session = Session(load_config({str(write_config(tmp_path))!r},"
        " ['recording.format=hdf5', 'recording.duration=5 frames']).cameras['top'])\n"
        "session.start(record=True); session.wait()\n"
        "print([name for name in ('tables', 'h5py', 'flammkuchen') if name in sys.modules])"
    )
    command = [sys.executable, "-c", program]
    result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout.strip() == "[]"
