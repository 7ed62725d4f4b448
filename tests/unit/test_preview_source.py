"""What `recorder preview` accepts is known before a window opens."""

import pytest

from recorder.cli.preview import _require
from recorder.errors import ConfigError


@pytest.fixture(autouse=True)
def _folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "clip.mkv").touch()
    (tmp_path / "frames").mkdir()
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
        ("frames", "a folder"),
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
