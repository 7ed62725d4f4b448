"""What `recorder preview` accepts is known before a window opens."""

import os

import pytest

from recorder.cameras.sequences import sequences_in
from recorder.cli.preview import _named, _require
from recorder.errors import ConfigError


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mkv").touch()
    (tmp_path / "frames").mkdir()
    (tmp_path / "two").mkdir()
    for name in ("left_001.png", "left_002.png", "left_7.png", "left_003.png", "notes1.txt"):
        (tmp_path / "two" / name).touch()
    for name in ("right_9.tif", "right_10.tif", "single_1.png", "50%d_1.png", "50%d_2.png"):
        (tmp_path / "two" / name).touch()
    os.mkfifo(tmp_path / "pipe.mkv")
    (tmp_path / "rig.yaml").write_text("cameras: {top: {source: synthetic}}")


@pytest.mark.parametrize(
    "source",
    [
        "synthetic",
        "0",
        "clip.mkv",
        "frames/%04d.png",
        "http://127.0.0.1:9/cam",
        "rtsp://u:p@127.0.0.1/x",
        "/dev/null",
        "rig.yaml",
    ],
)
def test_accepted(source):
    _require(source)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("clip.mkw", "no such file"),
        ("frames", "a folder; there are no numbered images in it"),
        ("two", r"a folder; give one .*two/left_%03d.png \(3 images\), two/right_%d.tif \(2 im"),
        ("pipe.mkv", r"is a pipe, .* write them to a file first \(cat PIPE"),
        ("/dev/stdin", "is a pipe"),
        ("/dev/fd/63", "is a pipe"),
        ("nowhere/%04d.png", "no such file"),
        ("/dev/video_of_nobody", "no such file"),
        ("n" * 999, "name too long"),
        ("", "accepted"),
        ("rig2.yml", "no such file"),
    ],
)
def test_refused(source, why):
    with pytest.raises(ConfigError, match=f"(?i){why}"):
        _require(source)


@pytest.mark.parametrize(
    ("names", "pattern"),
    [
        (["f_0001.png", "f_0002.png", "f_0010.png"], "f_%04d.png"),
        (["f1.png", "f2.png", "f10.png"], "f%d.png"),
        (["08.tif", "09.tif", "10.tif"], "%02d.tif"),
        (["a2_1_gray.png", "a2_2_gray.png"], "a2_%d_gray.png"),
        (["f_001.png", "f_002.png", "one.png", "cover.jpg", "f_001.txt"], "f_%03d.png"),
    ],
)
def test_a_folder_means_the_one_sequence_of_images_in_it(tmp_path, names, pattern):
    folder = tmp_path / "one"
    folder.mkdir()
    for name in names:
        (folder / name).touch()
    assert list(sequences_in(folder)) == [pattern]
    named = _named(str(folder))
    assert named == str(folder / pattern)
    _require(named)


def test_every_image_counted_is_one_that_the_name_means(tmp_path):
    assert sequences_in(tmp_path / "two") == {"right_%d.tif": 2} | {"left_%03d.png": 3}
    assert _named("two") == "two"  # which of them it is, only the user knows
