"""What the field ran into with sources: each test is a report, told by the commands themselves."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from helpers import FFMPEG, assert_adds_up, invoke, noise, summary_of

from recorder import open_recording, verify
from recorder.cameras.cv2_setup import import_cv2


def config_of(folder: Path, source: object, **camera: object) -> Path:
    """Write a config for one camera, top."""
    path = folder / "config.yaml"
    whole = {
        "cameras": {"top": {"source": str(source)} | camera},
        "recording": {"folder": str(folder / "out"), "keep_free": 1},
    }
    path.write_text(json.dumps(whole))
    return path


def record(config: Path, *options: str, code: int = 0) -> dict:
    """Record to the end of the source; return what is told of the camera."""
    result = invoke("record", config, "--json", *options)
    assert result.returncode == code, result.stderr
    return summary_of(result.stdout)["cameras"]["top"]


# -- files of several pictures ------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_all_pages_of_numbered_stacks_are_recorded(tmp_path, dtype):
    pages = noise((50, 24, 32), dtype, 1)
    for number in range(2):
        part = list(pages[number * 25 : number * 25 + 25])
        assert import_cv2().imwritemulti(str(tmp_path / f"stack_{number:03d}.tif"), part)
    told = record(config_of(tmp_path, tmp_path / "stack_%03d.tif"))
    assert (told["written"], told["dropped"], told["reason"]) == (50, 0, "end_of_source")
    (file,) = told["files"]
    np.testing.assert_array_equal(np.asarray(open_recording(file)), pages)
    assert verify(file).ok


def test_a_stack_with_an_odd_page_is_refused_before_anything_is_written(tmp_path):
    pages = [*noise((3, 24, 32), np.uint8, 1), np.zeros((9, 9), np.uint8)]
    assert import_cv2().imwritemulti(str(tmp_path / "stack.tif"), pages)
    result = invoke("record", config_of(tmp_path, tmp_path / "stack.tif"))
    assert result.returncode == 3
    assert "page 4 of 4 is 9x9 pixels of 8 bit, the first is 32x24" in result.stderr
    assert not list((tmp_path / "out").glob("*"))


def test_a_stack_that_is_cut_short_is_told_by_the_exit_code(tmp_path):
    pages = list(noise((20, 24, 32), np.uint8, 1))
    path = tmp_path / "stack.tif"
    assert import_cv2().imwritemulti(str(path), pages)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    told = record(config_of(tmp_path, path), code=6)
    assert told["bad"] >= 1
    assert told["written"] >= 8
    assert {row["note"] for row in assert_adds_up(told)} == {"", "bad_read"}


# -- a full buffer ------------------------------------------------------------------------------


def test_a_video_file_loses_no_frame_by_default(tmp_path):
    """A codec that is slower than the file is read, and a buffer of a few frames."""
    source = tmp_path / "in.mkv"
    command = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=640x480:rate=200:d=1"]
    assert (
        os.spawnv(os.P_WAIT, FFMPEG, [*command, "-pix_fmt", "bgr0", "-c:v", "ffv1", str(source)])
        == 0
    )
    config = config_of(tmp_path, source, buffer={"memory": "4MiB"})
    assert "when full: wait" in invoke("check", config).stdout
    told = record(config, "--set", "recording.codec=ffv1")
    assert (told["written"], told["dropped"]) == (200, 0)
    about = json.loads(Path(told["files"][0]).with_suffix(".json").read_text())
    assert about["config"]["cameras"]["top"]["buffer"]["when_full"] == "wait"


def test_check_says_what_a_full_buffer_means(tmp_path):
    for source, fps, policy in (
        ("synthetic", 60, "drop"),
        ("synthetic", "max", "wait"),
        ("0", 30, "drop"),
    ):
        told = invoke("check", config_of(tmp_path, source, fps=fps)).stdout
        assert f"when full: {policy}" in told


# -- what is no source ----------------------------------------------------------------------------


def test_a_pipe_is_refused_by_name_and_at_once(tmp_path):
    """Nobody writes to it: opening it would wait for ever."""
    pipe = tmp_path / "video.mkv"
    os.mkfifo(pipe)
    for source, code in ((pipe, 3), ("/dev/stdin", 2), ("/dev/fd/63", 2)):
        result = invoke("record", config_of(tmp_path, source))
        assert result.returncode == code
        assert f"{source}: is a pipe, which gives its bytes only once" in result.stderr
        assert "write them to a file first (cat PIPE > video.mkv)" in result.stderr


def test_a_folder_is_refused_with_the_sequences_in_it(tmp_path):
    (tmp_path / "in").mkdir()
    for number in range(3):
        import_cv2().imwrite(
            str(tmp_path / "in" / f"a_{number:03d}.png"), np.zeros((8, 8), np.uint8)
        )
    result = invoke("record", config_of(tmp_path, tmp_path / "in"))
    assert result.returncode == 3
    assert f"is a folder; give one of its sequences: {tmp_path}/in/a_%03d.png (3" in result.stderr


def test_a_misspelt_key_is_refused_before_anything_is_opened(tmp_path):
    config = config_of(tmp_path, "nowhere.mkv")
    result = invoke("record", config, "--set", "durtion=1s")
    assert result.returncode == 2
    assert "did you mean recording.duration?" in result.stderr
