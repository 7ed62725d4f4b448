from pathlib import Path

import pytest

from recorder.cli.check import check
from recorder.errors import ConfigError

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
LEAST = "cameras: {top: {source: synthetic}}"
FULL = """
cameras:
  top:
    source: synthetic
    size: [1280, 720]
    fps: 60
    pixel_format: gray8
    crop: [0, 0, 640, 480]
    rotate: 90
recording: {folder: data, name: "{subject}_{camera}", duration: 1000 frames, codec: archive}
metadata: {subject: M12}
"""


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_check_takes_every_example(path, capsys):
    check(path)
    assert f"{path} is fine" in capsys.readouterr().out


def test_check_shows_what_would_be_recorded(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.yaml"
    path.write_text(FULL)
    check(path, ["subject=M14"])
    out = capsys.readouterr().out
    for text in ("top", "synthetic", "480x640, gray8, 60 fps, rotated by 90°", "1000 frames"):
        assert text in out
    for text in ("data/M14_top.mkv", "archive", "18.4 MB/s, 0.31 GB in all", "subject: M14"):
        assert text in out
    assert [p.name for p in tmp_path.iterdir()] == ["x.yaml"]


def test_check_hides_passwords_and_knows_live_sources(tmp_path, capsys):
    path = tmp_path / "x.yaml"
    path.write_text("cameras: {top: {source: 'rtsp://u:secret@h/x', recording: {format: none}}}")
    check(path, ["url=rtsp://u:secret@h"])
    out = capsys.readouterr().out
    assert "rtsp://u:***@h/x" in out
    assert "nothing is written" in out
    assert "secret" not in out


def test_check_refuses_a_file_for_a_folder(tmp_path):
    path = tmp_path / "x.yaml"
    path.write_text(f"{LEAST}\nrecording: {{folder: '{path}/data'}}\n")
    with pytest.raises(ConfigError, match="is a file, not a folder"):
        check(path)


def test_check_says_when_there_is_no_room(tmp_path, capsys):
    path = tmp_path / "x.yaml"
    path.write_text(LEAST)
    check(path, ["recording.keep_free=900000TB"])
    assert "no room" in capsys.readouterr().out
    sized = ["cameras.top.size=[640, 480]", "cameras.top.fps=60", "cameras.top.pixel_format=gray8"]
    check(path, [*sized, "recording.duration=99999999h"])
    assert "too short" in capsys.readouterr().out


def test_check_names_the_codec_and_refuses_one_that_is_not_exact(tmp_path, capsys):
    path = tmp_path / "c.yaml"
    text = "cameras: {{top: {{source: synthetic, pixel_format: gray16}}}}\nrecording: {{codec: {}}}"
    path.write_text(text.format("fast"))
    check(path)
    assert "fast: ffvhuff" in capsys.readouterr().out
    path.write_text(text.format("compatible"))
    with pytest.raises(ConfigError, match="exact for gray16"):
        check(path)
    assert capsys.readouterr().out == ""
