"""The three recipes that this project grew out of, in our names: equal bit for bit.

And what can go wrong while a video is written: the file that was there stays as it was.
"""

import gc
import signal
import subprocess

import numpy as np
import psutil
import pytest

from recorder import LosslessVideoWriter, load, mimread, mimwrite, save
from recorder.errors import EncoderDied, NoSpace, NotLossless, RecorderError, WriterError
from recorder.pages import SPLICE_FROM
from recorder.system import WINDOWS
from tests.helpers import FFMPEG, encoders, noise, until

CONTAINERS = (".mkv", ".mp4", ".avi", ".mov")
posix = pytest.mark.skipif(WINDOWS, reason="needs a shell script, or a signal")


def assert_same(found, given):
    assert (found.shape, found.dtype) == (given.shape, given.dtype)
    assert np.array_equal(found, given)


def only(folder, name):
    return [path.name for path in folder.iterdir()] == [name]


# -- the recipes --------------------------------------------------------------------------------


def test_recipe_hdf5(tmp_path):
    np.random.seed(42)
    random_data = (np.random.randn(2, 20, 256, 256) ** 2).astype(np.uint8)  # t, z, x, y

    save(tmp_path / "file.h5", {"arbitrary_key": random_data})

    found = load(tmp_path / "file.h5")
    assert list(found) == ["arbitrary_key"]
    assert_same(found["arbitrary_key"], random_data)
    assert random_data.nbytes / (tmp_path / "file.h5").stat().st_size > 2  # blosc, 4: 1.9


def test_recipe_imageio(tmp_path):
    np.random.seed(42)
    ims_in = (np.random.randn(20, 64, 64, 3) ** 2).astype(np.uint8)

    mimwrite(tmp_path / "file.mp4", ims_in, codec="libx264rgb", preset="ultrafast")

    assert_same(mimread(tmp_path / "file.mp4"), ims_in)


def test_recipe_class(tmp_path):
    np.random.seed(42)
    ims = (np.random.randn(20, 64, 64, 3) ** 2).astype(np.uint8)

    vw = LosslessVideoWriter(str(tmp_path / "file.mp4"))
    vw.mimwrite(ims)

    assert_same(mimread(str(tmp_path / "file.mp4")), ims)


@posix
def test_recipe_class_frame_by_frame(tmp_path):
    folder_of_ffmpeg = tmp_path / "bin"
    folder_of_ffmpeg.mkdir()
    (folder_of_ffmpeg / "ffmpeg").symlink_to(FFMPEG)
    ims = noise((5, 48, 64, 3), np.uint8, 1)
    vw = LosslessVideoWriter(
        tmp_path / "file.avi",
        shape=(48, 64),
        fps=25,
        codec="libx264rgb",
        preset="veryfast",
        quality="lossless",
        FFMPEG_DIR=folder_of_ffmpeg,
    )
    vw.open()
    vw.write(ims[0])
    for im in ims[1:]:
        vw.write(im.tobytes())
    vw.close()
    vw.close()
    assert_same(mimread(tmp_path / "file.avi"), ims)


# -- containers ---------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", CONTAINERS)
@pytest.mark.parametrize(
    ("shape", "dtype"),
    [((17, 33), np.uint8), ((17, 33), np.uint16), ((17, 33, 3), np.uint8)],
    ids=["gray8", "gray16", "rgb8"],
)
def test_every_container_holds_every_kind_of_frame(tmp_path, suffix, shape, dtype):
    frames = noise((7, *shape), dtype, 3)
    mimwrite(tmp_path / f"a{suffix}", frames, fps=29.97)
    assert only(tmp_path, f"a{suffix}")
    assert_same(mimread(tmp_path / f"a{suffix}"), frames)


@pytest.mark.parametrize(
    ("suffix", "shape", "dtype"),
    [(".mp4", (1, 1), np.uint16), (".mp4", (1, 1), np.uint8), (".mkv", (1, 1, 3), np.uint8)],
)
def test_one_pixel(tmp_path, suffix, shape, dtype):
    frames = noise((3, *shape), dtype, 4)
    mimwrite(tmp_path / f"a{suffix}", frames)
    assert_same(mimread(tmp_path / f"a{suffix}"), frames)


@pytest.mark.parametrize(
    ("suffix", "codec", "shape"),
    [
        (".mkv", "compatible", (16, 24)),
        (".mov", "archive", (16, 24)),
        (".avi", "ffvhuff", (16, 24, 3)),
        (".mp4", "png", (16, 24, 3)),
    ],
)
def test_codecs_by_name(tmp_path, suffix, codec, shape):
    frames = noise((4, *shape), np.uint8, 5)
    mimwrite(tmp_path / f"a{suffix}", frames, codec=codec)
    assert_same(mimread(tmp_path / f"a{suffix}"), frames)


@pytest.mark.parametrize(
    ("suffix", "codec", "word"),
    [
        (".mp4", "magicyuv", "does not take"),
        (".mkv", "mpeg4", "comes back changed"),
        (".mkv", "magicyuf", "did you mean magicyuv"),
        (".mkv", "libx264", "exact are"),
    ],
)
def test_what_is_not_exact_there_is_refused_before_anything_is_written(
    tmp_path, suffix, codec, word
):
    (tmp_path / f"a{suffix}").write_bytes(b"before")
    with pytest.raises(NotLossless, match=word):
        mimwrite(tmp_path / f"a{suffix}", noise((2, 16, 24, 3), np.uint8, 6), codec=codec)
    assert only(tmp_path, f"a{suffix}")
    assert (tmp_path / f"a{suffix}").read_bytes() == b"before"


def test_large_frames_from_a_generator_that_uses_one_array(tmp_path):
    frames = noise((5, 360, 481, 3), np.uint8, 7)
    assert frames[0].nbytes > SPLICE_FROM
    room = np.empty_like(frames[0])

    def one_after_the_other():
        for frame in frames:
            room[...] = frame
            yield room

    mimwrite(tmp_path / "a.mkv", one_after_the_other(), verify=True)
    assert_same(mimread(tmp_path / "a.mkv"), frames)


@pytest.mark.parametrize("fps", [0.5, 23.976, 2000])
def test_rates(tmp_path, fps):
    frames = noise((9, 8, 10), np.uint8, 8)
    for suffix in (".mkv", ".mp4"):
        mimwrite(tmp_path / f"a{suffix}", frames, fps=fps, codec="compatible")
        assert_same(mimread(tmp_path / f"a{suffix}"), frames)


# -- reading what others wrote ------------------------------------------------------------------


def ffmpeg(*arguments):
    command = [FFMPEG, "-v", "error", "-nostdin", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


@pytest.mark.parametrize("coded", ["yuv420p", "gray", "gray10le"])
def test_a_foreign_video_is_what_ffmpeg_decodes(tmp_path, coded):
    path = tmp_path / "lossy, 100% foreign.mp4"
    source = ("-f", "lavfi", "-i", "testsrc2=size=46x34:rate=10:duration=1")
    title = "fmt:gray cl:left sar:0/1 s:1x1 i:P"  # what a careless parser would believe
    ffmpeg(*source, "-c:v", "libx264", "-pix_fmt", coded, "-metadata", f"title={title}", path)
    raw, dtype = {
        "yuv420p": ("rgb24", np.uint8),
        "gray": ("gray", np.uint8),
        "gray10le": ("gray10le", np.uint16),
    }[coded]
    expected = np.frombuffer(ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", raw, "pipe:1"), dtype)
    found = mimread(path)
    assert found.shape == (10, 34, 46) + ((3,) if raw == "rgb24" else ())
    assert np.array_equal(found.reshape(-1), expected)


def test_a_damaged_video_is_not_read_as_a_shorter_one(tmp_path):
    frames = noise((8, 64, 64), np.uint8, 9)
    mimwrite(tmp_path / "a.mkv", frames)
    data = bytearray((tmp_path / "a.mkv").read_bytes())
    (tmp_path / "a.mkv").write_bytes(data.replace(b"MAGY", b"OUCH"))
    with pytest.raises(RecorderError, match=r"damaged|no video"):
        mimread(tmp_path / "a.mkv")


def test_what_is_no_video(tmp_path):
    (tmp_path / "a.mkv").write_text("hello " * 100)
    with pytest.raises(RecorderError, match="no video"):
        mimread(tmp_path / "a.mkv")


# -- when something goes wrong ------------------------------------------------------------------


@pytest.fixture
def target(tmp_path):
    path = tmp_path / "out" / "a.mkv"
    path.parent.mkdir()
    path.write_bytes(b"before")
    yield path
    assert only(path.parent, path.name)


def ffmpeg_that(tmp_path, does):
    """Return the folder of an ffmpeg that is exact in the proof, and then does something else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = f'case "$*" in *recorder-proof*) exec {FFMPEG} "$@";; esac\n{does}\n'
    (folder / "ffmpeg").write_text(f"#!/bin/sh\n{script}")
    (folder / "ffmpeg").chmod(0o755)
    return folder


@posix
@pytest.mark.parametrize(
    ("does", "error", "word"),
    [
        ("echo 'Error: on fire' >&2; exit 3", EncoderDied, "on fire"),
        ("cat >/dev/null; echo 'No space left on device' >&2; exit 1", NoSpace, "No space"),
        (f'exec {FFMPEG} -t 0.05 "$@"', EncoderDied, "given 6 frames and wrote 2"),
        ("cat >/dev/null; echo frame=6; exit 0", WriterError, "a.mkv"),
    ],
    ids=["died", "full", "frames lost", "no file"],
)
def test_failures_of_ffmpeg_raise_and_change_nothing(tmp_path, target, does, error, word):
    video = LosslessVideoWriter(target, FFMPEG_DIR=ffmpeg_that(tmp_path, does))
    with pytest.raises(error, match=word):
        video.mimwrite(noise((6, 32, 32), np.uint8, 10))
    video.close()
    assert target.read_bytes() == b"before"


@posix
def test_verify_finds_what_the_proof_could_not(tmp_path, target):
    lossy = f'exec {FFMPEG} $(echo "$@" | sed "s/-c:v magicyuv -pred median/-c:v mpeg4/")'
    folder = ffmpeg_that(tmp_path, lossy.replace("-pix_fmt gray ", ""))
    options = {"FFMPEG_DIR": folder, "verify": True}
    with pytest.raises(WriterError, match="frame 0 does not come back"):
        LosslessVideoWriter(target, **options).mimwrite(noise((3, 32, 32), np.uint8, 11))
    assert target.read_bytes() == b"before"


def test_ffmpeg_is_killed(target):
    frame = noise((64, 64), np.uint8, 12)
    with LosslessVideoWriter(target) as video:
        video.write(frame)
        encoders()[0].kill()
        with pytest.raises(EncoderDied, match=r"killed|exit code"):
            until(lambda: video.write(frame))
        with pytest.raises(WriterError, match="not open"):
            video.write(frame)
    assert target.read_bytes() == b"before"


def test_frames_that_end_in_an_error(target):
    def frames():
        yield noise((32, 32), np.uint8, 13)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        mimwrite(target, frames())
    assert target.read_bytes() == b"before"


@pytest.mark.parametrize("other", [noise((32, 33), np.uint8, 0), noise((32, 32), np.uint16, 0)])
def test_a_frame_unlike_the_others(target, other):
    frames = noise((2, 32, 32), np.uint8, 14)
    with pytest.raises(WriterError, match="frame 2"):
        mimwrite(target, [*frames, other])
    assert target.read_bytes() == b"before"
    with LosslessVideoWriter(target) as video:
        for frame in frames:
            video.write(frame)
        with pytest.raises(WriterError, match="frame 2"):
            video.write(other)
    assert_same(mimread(target), frames)


def record_until(target, frames, end):
    with LosslessVideoWriter(target) as video:
        for frame in frames:
            video.write(frame)
        end(video)


@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
def test_a_with_block_keeps_what_was_written_before_an_exception(target, error):
    def end(video):
        raise error

    frames = noise((3, 32, 32), np.uint8, 15)
    with pytest.raises(error):
        record_until(target, frames, end)
    assert_same(mimread(target), frames)


@posix
def test_ctrl_c_in_the_middle_of_a_frame_costs_that_frame_alone(target):
    frames = noise((3, 1100, 1000, 3), np.uint8, 16)  # more than a pipe holds

    def halted(video):
        ffmpeg = encoders()[0]
        ffmpeg.suspend()
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(KeyboardInterrupt):
            video.write(frames[2])
        ffmpeg.resume()
        with pytest.raises(WriterError, match="interrupted"):
            video.write(frames[2])

    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        record_until(target, frames[:2], halted)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert_same(mimread(target), frames[:2])


def test_a_writer_that_nobody_closes(target):
    before = {child.pid for child in psutil.Process().children()}
    frames = noise((3, 32, 32), np.uint8, 17)
    video = LosslessVideoWriter(target)
    video.open()
    for frame in frames:
        video.write(frame)
    del video
    gc.collect()
    assert_same(mimread(target), frames)
    found = [child for child in psutil.Process().children() if child.pid not in before]
    assert not [child for child in found if child.status() != "zombie"]


def test_one_writer_writes_again(target):
    video = LosslessVideoWriter(target)
    for seed in (18, 19):
        frames = noise((2, 16, 16), np.uint8, seed)
        video.mimwrite(frames)
        assert_same(mimread(target), frames)
