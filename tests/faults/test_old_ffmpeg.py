"""An ffmpeg that is too old or broken is named; no file is taken for damaged because of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers import FFMPEG

from recorder import LosslessVideoWriter, mimread, mimwrite, open_recording, verify
from recorder.errors import NoFfmpeg
from recorder.ffmpeg.program import executable, require_new
from recorder.frame import FrameSpec
from tests.integration.recordings import write

OLD_VERSION = "ffmpeg version 4.2.2-static Copyright (c) 2000-2019 the FFmpeg developers"
OLD_OPTIONS = """
case " $* " in *" -fps_mode "*)
  echo "Unrecognized option 'fps_mode'." >&2
  echo "Error splitting the argument list: Option not found" >&2
  exit 1;;
esac
"""
BROKEN = {
    "refuses": OLD_OPTIONS,
    "is killed": 'case "$*" in *" pipe:1") kill -9 $$;; esac',
    "lacks a decoder": """
case "$*" in *rawvideo*-i*) ;; *pipe:1)
  echo "Decoder (codec magicyuv) not found for input stream #0:0" >&2; exit 1;;
esac
""",
}
"""By what they do wrong; of version "N-112233-gabcdef", which may be any."""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="stands in as a shell script")


def stand_in(folder: Path, version: str, does: str = "") -> Path:
    """Make a program that says it is of this version, does something else, or is our ffmpeg."""
    program = folder / "ffmpeg"
    says = f'if [ "$1" = -version ]; then echo "{version}"; exit 0; fi'
    program.write_text(f'#!/bin/sh\n{says}\n{does}\nexec "{FFMPEG}" "$@"\n')
    program.chmod(0o755)
    return program


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("good") / "top", FrameSpec(64, 48, "gray8", 100.0))


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = stand_in(tmp_path, OLD_VERSION, OLD_OPTIONS)
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
    return program


def test_an_old_one_is_refused_by_all_that_need_one(old: Path, video: Path, tmp_path: Path) -> None:
    """With its path, its version, and what to do."""
    frames = np.zeros((2, 48, 64), np.uint8)
    with open_recording(video) as recording:
        for needs in (
            lambda: verify(video),
            lambda: recording[0],
            lambda: list(recording),
            lambda: mimwrite(tmp_path / "clip.mkv", frames),
            lambda: mimread(video),
        ):
            with pytest.raises(NoFfmpeg, match=r"is ffmpeg 4\.2\.2-static; 5\.1 or newer") as said:
                needs()
            assert str(old) in str(said.value)
            assert "IMAGEIO_FFMPEG_EXE" in str(said.value)
    assert not (tmp_path / "clip.mkv").exists()


def test_an_old_one_in_a_folder_is_refused(tmp_path: Path) -> None:
    stand_in(tmp_path, OLD_VERSION, OLD_OPTIONS)
    writer = LosslessVideoWriter(tmp_path / "clip.mkv", (48, 64), FFMPEG_DIR=tmp_path)
    with pytest.raises(NoFfmpeg, match=r"4\.2\.2-static; .*FFMPEG_DIR"):
        writer.mimwrite(np.zeros((2, 48, 64), np.uint8))
    assert [path.name for path in tmp_path.iterdir()] == ["ffmpeg"]


def test_the_commands_say_so_and_exit_with_4(old: Path, video: Path, tmp_path: Path) -> None:
    config = Path(__file__).parents[2] / "configs" / "demo.yaml"
    out = tmp_path / "out"
    for words in (
        ["verify", str(video), "--json"],
        ["record", str(config), "--output", str(out), "--json"],
        ["convert", str(video), str(tmp_path / "copy.h5")],
    ):
        command = [sys.executable, "-m", "recorder", *words]
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
        assert done.returncode == 4, done.stderr
        assert "ffmpeg 4.2.2-static; 5.1 or newer is needed" in done.stderr + done.stdout
        if "--json" in words:
            assert json.loads(done.stdout.splitlines()[-1])["exit_code"] == 4
    assert not out.exists() or not list(out.iterdir())


@pytest.mark.parametrize("does", BROKEN)
def test_a_decoder_that_fails_is_no_damage(
    tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    program = stand_in(tmp_path, "ffmpeg version N-112233-gabcdef Copyright", BROKEN[does])
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(program))
    with open_recording(video) as recording:
        for needs in (lambda: verify(video), lambda: recording[3], lambda: list(recording)):
            with pytest.raises(NoFfmpeg, match=str(program)):
                needs()


def test_a_decoder_that_works_still_finds_damage(
    tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever its version may be."""
    monkeypatch.setenv("IMAGEIO_FFMPEG_EXE", str(stand_in(tmp_path, "ffmpeg version git-abc")))
    assert verify(video).ok
    for suffix in (".frames.csv", ".json"):
        copy = tmp_path / f"top{suffix}"
        copy.write_bytes(video.with_suffix(suffix).read_bytes())
    (tmp_path / "top.mkv").write_bytes(bytes(9000))
    assert verify(tmp_path / "top.mkv").exit_code == 7


@pytest.mark.parametrize(
    ("version", "is_new"),
    [
        ("7.0.2-static https://johnvansickle.com/ffmpeg/", True),
        ("n9.0.2-17-g2a571b6068-20260930", True),
        ("5.1.6-0+deb12u1", True),
        ("5.0.1", False),
        ("4.4", False),
        ("n4.3.1", False),
        ("10.1", True),
        ("N-12345-gabcdef", True),
        ("git-2020-01-01-abcdef", True),
        ("2019-12-30-git-abcdef-full_build", True),
    ],
)
def test_versions(tmp_path: Path, version: str, is_new: bool) -> None:
    program = str(stand_in(tmp_path, f"ffmpeg version {version} Copyright (c) the developers"))
    if is_new:
        require_new(program, "")
    else:
        with pytest.raises(NoFfmpeg):
            require_new(program, "")


def test_our_own_is_new() -> None:
    assert Path(executable()).is_file()
