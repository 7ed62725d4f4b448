"""What a video is called while it is written, and what it is when it is closed."""

import cv2
import numpy as np
import pytest

from recorder import LosslessVideoWriter, mimread, mimwrite
from recorder.errors import RecorderError
from recorder.system import WINDOWS
from tests.helpers import FFMPEG, noise, until

FRAMES = noise((60, 24, 32), np.uint8, 0)


def assert_same(found, given):
    assert (found.shape, found.dtype) == (given.shape, given.dtype)
    assert np.array_equal(found, given)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".avi", ".mov"])
def test_a_closed_file_is_an_ordinary_one(tmp_path, suffix):
    """OpenCV counts its frames, and finds each by its number."""
    path = tmp_path / f"a{suffix}"
    mimwrite(path, FRAMES[:60], fps=50)
    capture = cv2.VideoCapture(str(path))
    assert capture.get(cv2.CAP_PROP_FRAME_COUNT) == 60
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(50)
    for number in (41, 7, 59):
        capture.set(cv2.CAP_PROP_POS_FRAMES, number)
        there, frame = capture.read()
        assert there
        assert np.array_equal(frame[..., 0], FRAMES[number])
    capture.release()


@pytest.mark.skipif(WINDOWS, reason="needs a shell script")
def test_an_older_ffmpeg_writes_ordinary_files(tmp_path):
    """Before 7.1 it knows no fragments that become one in the end."""
    folder = tmp_path / "bin"
    folder.mkdir()
    old = 'case "$*" in *hybrid*) exit 1;; *muxer=mp4*) exit 0;; esac'
    (folder / "ffmpeg").write_text(f'#!/bin/sh\n{old}\nexec {FFMPEG} "$@"\n')
    (folder / "ffmpeg").chmod(0o755)
    LosslessVideoWriter(tmp_path / "a.mp4", FFMPEG_DIR=folder).mimwrite(FRAMES[:5])
    assert_same(mimread(tmp_path / "a.mp4"), FRAMES[:5])


@pytest.mark.parametrize("suffix", [".mkv", ".h5"])
@pytest.mark.parametrize("letter", ["n", "ä", "猫"])
@pytest.mark.skipif(WINDOWS, reason="counts characters, and takes fewer")
def test_names_as_long_as_the_system_allows(tmp_path, suffix, letter):
    count = (255 - len(suffix)) // len(letter.encode())
    target = tmp_path / (letter * count + suffix)

    def frames():
        yield from FRAMES[:3]
        raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError) as broken:
            mimwrite(target, frames())
        (note,) = broken.value.__notes__
        assert_same(mimread(note.split(" read in ")[1]), FRAMES[:3])
    mimwrite(target, FRAMES[:4])
    assert_same(mimread(target), FRAMES[:4])
    assert len(names(tmp_path)) == 3


def test_a_file_without_frames_is_not_kept(tmp_path):
    video = LosslessVideoWriter(tmp_path / "a.mkv")
    with pytest.raises(RecorderError), video:
        video.write(noise((24, 32, 4), np.uint8, 0))
    assert names(tmp_path) == []


@pytest.mark.parametrize("suffix", [".mkv", ".mp4", ".avi", ".mov"])
def test_a_file_that_a_full_disk_cut_is_read_up_to_its_torn_frame(tmp_path, suffix):
    frames = noise((40, 96, 128), np.uint8, 0)
    with LosslessVideoWriter(tmp_path / f"a{suffix}") as video:
        for frame in frames:
            video.write(frame)
        (written,) = tmp_path.glob(f"a.unfinished{suffix}")
        until(lambda: written.stat().st_size > 20 * frames[0].nbytes)
        data = written.read_bytes()[: 20 * frames[0].nbytes]
    counts = set()
    for lost in (100, 5_000, 60_000):
        cut, other = (tmp_path / f"{name}{suffix}" for name in ("b.unfinished-2", f"b{lost}"))
        cut.write_bytes(data[:-lost])
        with pytest.warns(UserWarning, match="ends in the midst of a frame, which is left out"):
            found = mimread(cut)
        assert_same(found, frames[: len(found)])
        counts.add(len(found))
        with pytest.raises(RecorderError, match="damaged"):  # of another name it was once whole
            mimread(cut.rename(other))
    assert len(counts) > 1
    assert min(counts) > 5


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_an_unfinished_file_with_damage_before_its_end_is_damaged(tmp_path, suffix):
    frames = noise((40, 96, 128), np.uint8, 0)
    mimwrite(tmp_path / f"a{suffix}", frames)
    data = bytearray((tmp_path / f"a{suffix}").read_bytes())
    at = len(data) // 2
    data[at : at + 4000] = bytes(4000)
    path = tmp_path / f"a.unfinished{suffix}"
    path.write_bytes(data)
    with pytest.raises(RecorderError, match="damaged"):
        mimread(path)
