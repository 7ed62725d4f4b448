"""Which frames, names and options a lossless video takes; no ffmpeg is started here."""

from pathlib import Path

import numpy as np
import pytest

from recorder import LosslessVideoWriter, mimread, mimwrite
from recorder.errors import ConfigError, NotLossless, RecorderError, WriterError
from recorder.lossless.containers import CONTAINERS, candidates, container_of
from recorder.lossless.encoder import program_in
from recorder.lossless.frames import as_frame, spec_of
from recorder.writers.replace import Replacement
from tests.helpers import noise

GRAY = noise((4, 6), np.uint8, 0)
DEEP = noise((4, 6), np.uint16, 0)
RGB = noise((4, 6, 3), np.uint8, 0)


@pytest.mark.parametrize("frame", [GRAY, DEEP, RGB, RGB[1:3]])
def test_a_frame_is_taken_as_it_is(frame):
    taken = as_frame(frame)
    assert np.shares_memory(taken, frame)
    assert spec_of(taken, 30.0).fits(taken)


@pytest.mark.parametrize(
    "frame",
    [GRAY[:, ::-1], RGB[::2, ::2], RGB[..., ::-1], np.asfortranarray(DEEP), DEEP.astype(">u2")],
)
def test_only_the_order_in_memory_is_changed(frame):
    taken = as_frame(frame)
    assert taken.flags.c_contiguous
    assert taken.dtype.isnative
    np.testing.assert_array_equal(taken, frame)


@pytest.mark.parametrize(
    ("frame", "remedy"),
    [
        (GRAY.astype(float), "round"),
        (GRAY.astype(np.float16), "round"),
        (GRAY > 9, "uint8"),
        (GRAY.astype(np.int64), "astype"),
        (GRAY.astype(np.int8), "astype"),
        (GRAY.astype(np.uint32), "astype"),
        (noise((4, 6, 4), np.uint8, 0), "frame[..., :3]"),
        (noise((4, 6, 1), np.uint8, 0), "frame[..., 0]"),
        (noise((4, 6, 2), np.uint8, 0), "recorder.save"),
        (noise((4, 6, 3), np.uint16, 0), "recorder.save"),
        (noise((4, 6, 3), np.uint16, 0).astype(">u2"), "recorder.save"),
        (np.ma.masked_array(GRAY, GRAY > 9), "filled"),
        (np.zeros((0, 6), np.uint8), "at least one pixel"),
        (np.zeros((2, 4, 6, 3), np.uint8), "(height, width)"),
        (GRAY[0], "(height, width)"),
        (GRAY.astype(complex), "uint8"),
        (GRAY.astype("S3"), "uint8"),
        ("a text", "(height, width)"),
    ],
)
def test_what_a_video_cannot_hold_is_refused_with_a_remedy(frame, remedy):
    with pytest.raises(NotLossless) as refused:
        as_frame(frame)
    assert remedy in str(refused.value)


@pytest.mark.parametrize(
    ("suffix", "name", "kind", "expected"),
    [
        (".mkv", "auto", "rgb8", ["magicyuv"]),
        (".avi", "fast", "gray16", ["ffvhuff"]),
        (".mov", "auto", "gray8", ["magicyuv"]),
        (".mp4", "auto", "rgb8", ["x264rgb"]),
        (".mp4", "fast", "gray8", ["x264"]),
        (".mp4", "auto", "gray16", ["ffv1", "png"]),
        (".mkv", "compatible", "rgb8", ["x264rgb"]),
        (".mp4", "archive", "gray8", ["ffv1"]),
        (".mov", "libx264", "gray8", ["x264"]),
        (".mkv", "hypothetical", "gray8", ["hypothetical"]),
    ],
)
def test_codecs_of_a_name(suffix, name, kind, expected):
    assert [codec.name for codec in candidates(CONTAINERS[suffix], name, None, kind)] == expected


@pytest.mark.parametrize("name", ["compatible", "libx264rgb"])
def test_a_codec_that_is_not_exact_for_16_bit(name):
    with pytest.raises(NotLossless, match="exact"):
        list(candidates(CONTAINERS[".mkv"], name, None, "gray16"))


def test_a_preset_is_for_x264_alone():
    (slow,) = candidates(CONTAINERS[".mp4"], "auto", "veryslow", "rgb8")
    (other,) = candidates(CONTAINERS[".mkv"], "auto", "veryslow", "rgb8")
    assert " ".join(slow.options) == "-preset veryslow -qp 0"
    assert "veryslow" not in other.options


@pytest.mark.parametrize("name", ["a.mkv", "a.MP4", "a.b.avi", "ä ö.Mov"])
def test_containers_by_their_suffix(name):
    assert container_of(Path(name)).suffix == Path(name).suffix.lower()


@pytest.mark.parametrize(
    ("options", "error", "word"),
    [
        ({"filename": "a.webm"}, ConfigError, ".mkv, .mp4"),
        ({"filename": "a"}, ConfigError, ".mkv"),
        ({"quality": 23}, NotLossless, "23"),
        ({"quality": "high"}, NotLossless, "lossless"),
        ({"fps": 0}, ConfigError, "fps 0"),
        ({"fps": -5}, ConfigError, "above 0"),
        ({"fps": float("nan")}, ConfigError, "nan"),
        ({"fps": float("inf")}, ConfigError, "inf"),
        ({"preset": "ultra-fast"}, ConfigError, "did you mean ultrafast"),
        ({"shape": (480,)}, ConfigError, "(480,)"),
        ({"shape": (480, 640, 4)}, ConfigError, "height"),
        ({"shape": (0, 640)}, ConfigError, "height"),
    ],
)
def test_options_that_make_no_sense(options, error, word):
    with pytest.raises(error) as refused:
        LosslessVideoWriter(**{"filename": "a.mkv"} | options)
    assert word in str(refused.value)


@pytest.mark.parametrize("quality", ["lossless", 0])
def test_lossless_by_both_its_names(quality):
    assert LosslessVideoWriter("a.mp4", quality=quality).fps == 30


def test_an_unknown_option_of_mimwrite(tmp_path):
    with pytest.raises(TypeError, match=r"output_params.*codec, preset"):
        mimwrite(tmp_path / "a.mp4", [RGB], output_params=["-crf", "0"])


@pytest.mark.parametrize(
    ("shape", "frame"),
    [((4, 7), GRAY), ((6, 4, 3), RGB), ((4, 6, 3), GRAY), ((4, 7, 3), RGB)],
)
def test_a_first_frame_of_another_shape(tmp_path, shape, frame):
    video = LosslessVideoWriter(tmp_path / "a.mkv", shape)
    with video, pytest.raises(WriterError, match="shape is"):
        video.write(frame)
    assert list(tmp_path.iterdir()) == []


def test_bytes_need_a_shape(tmp_path):
    video = LosslessVideoWriter(tmp_path / "a.mkv")
    with video, pytest.raises(WriterError, match="24 bytes"):
        video.write(GRAY.tobytes())


def test_frames_only_between_open_and_close(tmp_path):
    video = LosslessVideoWriter(tmp_path / "a.mkv")
    with pytest.raises(WriterError, match=r"open\(\)"):
        video.write(RGB)
    video.open()
    video.close()
    video.close()
    with pytest.raises(WriterError, match=r"open\(\)"):
        video.write(RGB)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("frames", [[], iter(()), np.zeros((0, 4, 6), np.uint8)])
def test_no_frames_at_all(tmp_path, frames):
    (tmp_path / "a.mkv").write_bytes(b"before")
    with pytest.raises(WriterError, match="no frames"):
        mimwrite(tmp_path / "a.mkv", frames)
    assert (tmp_path / "a.mkv").read_bytes() == b"before"


def test_there_is_no_ffmpeg_in_that_folder(tmp_path):
    with pytest.raises(ConfigError, match="FFMPEG_DIR"):
        program_in(tmp_path)
    with pytest.raises(ConfigError, match="FFMPEG_DIR"):
        LosslessVideoWriter(tmp_path / "a.mkv", FFMPEG_DIR=tmp_path).mimwrite([RGB])


def test_nothing_to_read(tmp_path):
    with pytest.raises(RecorderError, match="no such file"):
        mimread(tmp_path / "a.mkv")


# -- the name of a file that is not finished ----------------------------------------------------


def test_a_file_takes_the_place_of_another_one(tmp_path):
    target, link = tmp_path / "there" / "a.mkv", tmp_path / "link.mkv"
    target.parent.mkdir()
    target.write_bytes(b"before")
    target.chmod(0o640)
    mode = target.stat().st_mode
    link.symlink_to(target)
    file = Replacement(link)
    file.fresh.write_bytes(b"after")
    assert target.read_bytes() == b"before"
    file.commit()
    assert link.is_symlink()
    assert (target.read_bytes(), target.stat().st_mode) == (b"after", mode)
    assert list(target.parent.iterdir()) == [target]


def test_a_file_that_is_given_up_changes_nothing(tmp_path):
    file = Replacement(tmp_path / ("n" * 250 + ".mkv"))  # no room for a longer name
    file.fresh.write_bytes(b"half")
    file.discard()
    file.discard()
    assert list(tmp_path.iterdir()) == []


def test_a_name_that_cannot_be_had_costs_no_data(tmp_path):
    target = tmp_path / "a.mkv"
    file = Replacement(target)
    file.fresh.write_bytes(b"whole")
    target.mkdir()  # since
    (target / "in it").touch()
    with pytest.raises(WriterError, match="cannot be replaced") as refused:
        file.commit()
    assert str(file.fresh) in str(refused.value)
    assert file.fresh.read_bytes() == b"whole"


@pytest.mark.parametrize("name", ["missing/a.mkv", "."])
def test_names_that_no_file_can_have(tmp_path, name):
    with pytest.raises(WriterError, match="cannot write"):
        Replacement(tmp_path / name)


def test_a_device_is_not_replaced():
    if not Path("/dev/null").exists():
        pytest.skip("no devices here")
    with pytest.raises(WriterError, match="no ordinary file"):
        Replacement(Path("/dev/null"))
