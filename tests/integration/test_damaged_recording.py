"""`open_recording` on recordings that were killed, cut off, altered, or lack something."""

from __future__ import annotations

import random
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from helpers import LedCamera, camera_config, until
from recordings import (
    COUNT,
    GRAY,
    INTER,
    KINDS,
    cut,
    decoders,
    fed,
    frames,
    interrupt,
    spoil,
    write,
)

from recorder import RecorderError, open_recording
from recorder.errors import Damaged
from recorder.ffmpeg.decode import count_frames
from recorder.frame import FrameSpec
from recorder.pipeline.session import Session
from recorder.playback import video
from recorder.playback.frames import readable
from recorder.playback.matroska import read_index
from recorder.playback.video import VideoFrames


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("one")
    write(folder / "top", lost=(3, 4))
    return folder


# -- interrupted ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("pixel_format", "codec"), [*KINDS[:3], *KINDS[4:5]])
def test_the_index_agrees_with_ffmpeg_on_files_cut_off_anywhere(
    tmp_path: Path, pixel_format: str, codec: str
) -> None:
    spec = FrameSpec(40, 30, pixel_format, 30.0)  # type: ignore[arg-type]
    data = write(tmp_path / "top", spec, codec, 12).read_bytes()
    index = read_index(tmp_path / "top.mkv")
    ends = index.offset + index.length
    chance = random.Random(codec)
    sizes = {chance.randrange(len(data)) for _ in range(10)}
    sizes |= {int(chance.choice(ends)) + chance.randint(-12, 12) for _ in range(10)}
    part = tmp_path / "part.mkv"
    for size in sizes:
        part.write_bytes(data[:size])
        assert len(read_index(part)) == count_frames(part), f"{size} of {len(data)} bytes"


def test_interrupted(tmp_path: Path) -> None:
    path = write(tmp_path / "top", lost=(20,))
    interrupt(path)
    whole = path.read_bytes()
    given = np.delete(frames(COUNT), 20, axis=0)
    for size in np.linspace(0, len(whole), 12, dtype=int):
        path.write_bytes(whole[:size])
        with open_recording(path) as recording:
            count = len(recording)
            assert len(recording.timestamps) == len(recording.shape[0:1] * count) == count
            assert recording.state == "interrupted"
            assert len(recording.ledger) == COUNT
            there = recording.ledger["frame"][recording.ledger["frame"] >= 0]
            assert there.tolist() == list(range(count))
            assert recording.ledger["status"].tolist() == [int(i == 20) for i in range(COUNT)]
            if count:
                assert np.array_equal(recording[-1], given[count - 1])
            with pytest.raises(IndexError):
                recording[count]
    assert count == 23


def test_interrupted_in_the_middle_of_a_row(tmp_path: Path) -> None:
    path = write(tmp_path / "top")
    interrupt(path)
    ledger = path.with_suffix(".frames.csv")
    rows = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(rows[:11]) + "10,10,wri")
    with open_recording(path) as recording:  # a power failure may lose rows, and not their frames
        assert len(recording) == len(recording.timestamps) == len(recording.ledger) == 10


def test_killed_before_the_file_was_made(tmp_path: Path) -> None:
    path = write(tmp_path / "top")
    interrupt(path)
    path.unlink()
    with open_recording(tmp_path / "top") as recording:
        assert (len(recording), len(recording.ledger)) == (0, COUNT)
        assert list(recording) == []


def test_while_it_is_being_recorded(tmp_path: Path) -> None:
    with Session(camera_config(tmp_path), camera=LedCamera()) as session:
        session.start(record=True)
        until(lambda: session.status().totals.written >= 100)
        until(lambda: list(tmp_path.glob("*.mkv")))
        with open_recording(tmp_path) as recording:
            assert recording.state == "recording"
            assert len(recording.ledger) >= 100
            assert sum(1 for _ in recording) == len(recording) == len(recording.timestamps)
        session.stop()


# -- what is wrong --------------------------------------------------------------------------------


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecorderError, match="no recording"):
        open_recording(tmp_path / "nowhere")
    path = write(tmp_path / "top", count=3)
    for suffix in (".frames.csv", ".json"):
        file = path.with_suffix(suffix)
        data = file.read_bytes()
        file.unlink()
        with pytest.raises(RecorderError, match=f"top{suffix}.* missing"):
            open_recording(path)
        file.write_bytes(data)
    path.unlink()
    with pytest.raises(RecorderError, match=r"top.mkv is missing"):
        open_recording(tmp_path / "top")


def test_a_complete_recording_that_was_cut_short(tmp_path: Path) -> None:
    path = write(tmp_path / "top")
    cut(path, path.stat().st_size // 2)
    with pytest.warns(UserWarning, match=r"top.mkv holds \d+ frames, and its ledger says 24"):
        recording = open_recording(path)
    with recording:
        assert 0 < len(recording) < COUNT
        assert sum(1 for _ in recording) == len(recording)


def test_another_ones_video(tmp_path: Path) -> None:
    one = write(tmp_path / "one", count=3)
    one.write_bytes(write(tmp_path / "other", FrameSpec(32, 24, "gray8", 30.0)).read_bytes())
    with pytest.raises(RecorderError, match="32x24"):
        open_recording(one)


@pytest.mark.parametrize(("pixel_format", "codec"), KINDS)
@pytest.mark.parametrize("pattern", [bytes(64), b"\xff" * 64], ids=["0", "1"])
def test_a_broken_frame_is_never_returned(
    tmp_path: Path, pixel_format: str, codec: str, pattern: bytes
) -> None:
    spec = FrameSpec(64, 48, pixel_format, 100.0)  # type: ignore[arg-type]
    path = write(tmp_path / "top", spec, codec, 12)
    spoil(path, 7, pattern)
    given = frames(12, spec)
    with open_recording(path) as recording:
        with pytest.raises(Damaged, match=r"top\.mkv: frame 7"):
            recording[7]
        assert np.array_equal(recording[6], given[6])
        came = []
        with pytest.raises(Damaged, match=r"frame 7"):
            came.extend(recording)
        assert np.array_equal(came, given[:7])
        for index in range(8, 12):
            if codec in INTER:  # these build on it
                with pytest.raises(Damaged):
                    recording[index]
            else:
                assert np.array_equal(recording[index], given[index])
        with pytest.raises(Damaged):
            recording[:]


def test_a_changed_frame_can_be_looked_at(tmp_path: Path) -> None:
    path = write(tmp_path / "top", FrameSpec(64, 48, "gray8", 30.0), "ffvhuff")
    other = write(tmp_path / "other", FrameSpec(64, 48, "gray8", 30.0), "ffvhuff", first=500)
    path.write_bytes(other.read_bytes())
    with open_recording(path, check=False) as recording:
        assert np.array_equal(recording, frames(COUNT, first=500))
    with open_recording(path) as recording, pytest.raises(Damaged, match="not what the camera"):
        recording[0]


def test_readable_leaves_out_what_is_broken(tmp_path: Path) -> None:
    path = write(tmp_path / "top", count=12)
    for index in (0, 5, 6, 11):
        spoil(path, index, bytes(64), at=0.0)
    given = frames(12)
    with closing(VideoFrames(path, GRAY)) as found:
        kept = [frame.copy() for frame in readable(found)]
    assert np.array_equal(kept, np.delete(given, (0, 5, 6, 11), axis=0))


def test_a_decoder_that_is_killed_is_replaced(folder: Path) -> None:
    with open_recording(folder) as recording:
        for index in (3, 4, 5):
            expected = recording[index]
            (child,) = decoders()
            child.kill()
            assert np.array_equal(recording[index], expected)


def test_a_decoder_that_holds_frames_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The decoder that stays does not answer in time: each frame then has one of its own."""
    monkeypatch.setattr(video, "PATIENCE_S", 0.0)
    given = np.delete(frames(COUNT), (3, 4), axis=0)
    with open_recording(folder) as recording:
        for index in (5, 0, 20):
            assert np.array_equal(recording[index], given[index])
        assert 3 <= fed(recording) <= 4  # one more, if it was late


def test_without_an_ffmpeg(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("nowhere", None), ("broken", "#!/bin/sh\necho bad >&2; exit 1\n")):
        program = tmp_path / name
        if text is not None:
            program.write_text(text)
            program.chmod(0o755)
        monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
        with open_recording(folder) as recording:  # to look at its ledger one needs none
            assert len(recording) == 22
            with pytest.raises(RecorderError, match=r"ffmpeg|bad"):
                recording[0]
