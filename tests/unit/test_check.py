import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from recorder import disks
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


WEEKS = """
cameras:
  top: {source: synthetic, size: [640, 480], fps: 30, pixel_format: gray8}
  side: {source: synthetic, recording: {segment: 2GB, retention: }}
recording: {segment: 10min, retention: {age: 14d, size: 50GB}, keep_free: 5GB}
schedule: {hours: 22:00-06:00, weekdays: [fri, mon], until: 2999-01-01}
hook: {command: [sh, -c, 'exit 0'], on: [failure]}
log: {file: logs/x.jsonl, keep: 1}
metrics: {port: 9464}
"""


def rows(path, capsys, *overrides: str) -> list[list[str]]:
    """Return label and text of each row that is shown."""
    check(path, list(overrides))
    return [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()[2:]]


def test_check_shows_what_happens_when_nobody_watches(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "x.yaml"
    path.write_text(WEEKS)
    found = rows(path, capsys)
    assert ["segment", "10min, 5.53 GB raw each at most, 144 files in a day"] in found
    old = "that ended more than 14d ago, and those beyond 50GB"
    deletes = "deletes this camera's closed segments"
    for kept in (" (90 min or more)", ""):
        row = ["retention", f"{deletes} {old}{kept} together, the oldest first"]
        assert row in found
    assert ["segment", "2GB on disk"] in found
    assert ["keep_free", "5GB stay free on the disk"] in found
    weekly = "until 2999-01-01 00:00:00, hours 22:00-06:00, weekdays mon fri"
    assert ["schedule", weekly] in found
    assert ["hook", "sh -c 'exit 0' (on failure; for 30s at most)"] in found
    assert ["log", "logs/x.jsonl, beside it 1 older file, 10MB each at most"] in found
    assert ["metrics", "http://127.0.0.1:9464/metrics"] in found
    assert [p.name for p in tmp_path.iterdir()] == ["x.yaml"]


def test_check_says_when_the_next_recording_begins(tmp_path, capsys):
    path = tmp_path / "x.yaml"
    path.write_text(WEEKS)
    ((_, later),) = [
        row for row in rows(path, capsys, "schedule.start=2998-01-01") if row[0] == "next"
    ]
    assert "2998 22:00" in later
    assert "never" in str(rows(path, capsys, "schedule.until=2001-01-01"))
    all_day = ["schedule.hours=00:00-24:00", "schedule.weekdays=", "schedule.until="]
    assert "['next', 'at once, until" in str(rows(path, capsys, *all_day))


def test_check_says_how_often_a_file_is_begun(tmp_path, capsys):
    path = tmp_path / "x.yaml"
    path.write_text(
        "cameras: {top: {source: synthetic, size: [640, 480], fps: 30, pixel_format: gray8}}"
    )
    for segment, shown in {
        "1000 frames": "1000 frames, 0.31 GB raw each at most, 108 files in an hour",
        "2d": "2d, 1592.52 GB raw each at most, 0.5 files in a day",
        "1d": "1d, 796.26 GB raw each at most, 1 file in a day",
        "2GB": "2GB on disk, at most 17 files in an hour",
        "1s": "1s, 0.01 GB raw each at most, 3600 files in an hour",
    }.items():
        assert ["segment", shown] in rows(path, capsys, f"recording.segment={segment}")
    unknown = rows(path, capsys, "cameras.top.fps=", "recording.segment=1000 frames")
    assert ["segment", "1000 frames, 0.31 GB raw each at most"] in unknown
    unknown = rows(path, capsys, "cameras.top.fps=", "recording.segment=10min")
    assert ["segment", "10min, 144 files in a day"] in unknown


def test_check_says_nothing_of_what_is_not_given(tmp_path, capsys):
    path = tmp_path / "x.yaml"
    path.write_text(LEAST)
    found = rows(path, capsys)
    assert not {"segment", "retention", "schedule", "hook", "log"} & {label for label, _ in found}
    automatic = (
        "the larger of 1GiB and 30 s of recording, or the rest of it if that is less, "
        "stays free on the disk"
    )
    assert ["keep_free", automatic] in found
    assert "keep_free" not in dict(rows(path, capsys, "recording.format=none"))


def test_check_hides_the_hooks_passwords_and_says_what_others_can_read(tmp_path, capsys):
    path = tmp_path / "x.yaml"
    path.write_text(f"{LEAST}\nhook: {{command: [no-such-program, 'http://u:secret@h']}}\n")
    for address, others in {"127.0.0.1": False, "::1": False, "0.0.0.0": True, "::": True}.items():
        shown = rows(path, capsys, "metrics.port=80", f"metrics.address='{address}'")
        assert ("other machines" in dict(shown)["metrics"]) == others
    assert dict(shown)["metrics"].startswith("http://[::]:80/metrics")
    assert dict(shown)["hook"].endswith("there is no such program here")
    assert "secret" not in str(shown)


def test_check_says_where_files_end_on_this_disk(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(disks, "file_system", lambda folder: "vfat")
    path = tmp_path / "x.yaml"
    path.write_text(LEAST)
    ends = "files end at 4 GiB (the disk is FAT); the recording then goes on in the next one"
    for segment, is_said in {"": True, "10min": True, "5GB": True, "2GB": False}.items():
        found = rows(path, capsys, f"recording.segment={segment}")
        assert (["segment", ends] in found) == is_said, segment
    assert "segment" not in dict(rows(path, capsys, "recording.format=none"))


def test_check_adds_up_what_the_cameras_write_to_one_disk(tmp_path, capsys, monkeypatch):
    free = SimpleNamespace(free=100 * 10**9 + 2**30)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: free)
    path = tmp_path / "x.yaml"
    camera = "{source: synthetic, size: [1000, 1000], pixel_format: gray8, fps: %d}"
    cameras = ", ".join(f"{name}: {camera % fps}" for name, fps in {"a": 10, "b": 20}.items())
    path.write_text(f"cameras: {{{cameras}, c: {{source: 0, recording: {{format: none}}}}}}")
    disks = [text for label, text in rows(path, capsys) if label == "disk"]
    assert disks == ["100.0 GB to use by 2 cameras; uncompressed that lasts 55.6 min"] * 2
    for duration, is_short in {"50min": False, "60min": True}.items():
        disks = [t for label, t in rows(path, capsys, f"recording.duration={duration}")]
        assert ("too short" in str(disks)) == is_short
    unknown = [t for label, t in rows(path, capsys, "cameras.b.fps=") if label == "disk"]
    assert unknown == ["100.0 GB to use by 2 cameras"] * 2
    alone = [t for label, t in rows(path, capsys, "cameras.b.recording.format=none")]
    assert "100.0 GB to use; uncompressed that lasts 2.8 h" in alone


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
