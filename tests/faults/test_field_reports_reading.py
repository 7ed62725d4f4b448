"""Video files as the field has them: pauses, sound, cuts, damage, odd depths, turns and rates."""

import contextlib
import json
import os
import re
import shlex
import subprocess

import numpy as np
import psutil
import pytest

from recorder import Session, mimread, open_recording
from recorder.cameras.base import EndOfSource
from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.opencv import OpenCVCamera
from recorder.config import make_config
from recorder.errors import CameraLost, CameraRefused, RecorderError
from tests.helpers import FFMPEG, invoke

SIZE = (64, 48)
MOTION = 70
"""Frames of `motion`: two seconds of them, a pause, and five seconds."""


def ffmpeg(*arguments, data=None):
    command = [FFMPEG, "-v", "error", "-y", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, input=data, timeout=60).stdout


def pattern(seconds, rate=25, size=SIZE):
    return ("-f", "lavfi", "-i", f"testsrc2=s={size[0]}x{size[1]}:r={rate}:d={seconds}")


def from_samples(path, frames, pix_fmt, *options):
    """Write frames without a loss; each is the bytes of one picture."""
    given = ("-f", "rawvideo", "-pix_fmt", pix_fmt, "-s", f"{SIZE[0]}x{SIZE[1]}", "-i", "-")
    ffmpeg(*given, "-c:v", "ffv1", "-pix_fmt", pix_fmt, *options, path, data=frames.tobytes())
    return path


def decoded(path, pix_fmt="bgr24", *options):
    """What ffmpeg's own program makes of a file."""
    shown = ("-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", pix_fmt)
    return ffmpeg("-noautorotate", "-i", path, *options, *shown, "-")


def record(tmp_path, source, **camera):
    """Record a file in this process; return how it went, and what was recorded."""
    settings = {"fps": "max", "buffer": {"when_full": "wait"}} | camera
    config = make_config(
        {
            "cameras": {"file": {"source": str(source), **settings}},
            "recording": {"folder": str(tmp_path / "out")},
        }
    )
    with Session(config.cameras["file"]) as session:
        session.start(record=True)
        summary = session.wait(60)
    return summary, open_recording(summary.files[0])


def as_source(path, **wanted):
    """Every frame that a file gives as a camera, and the camera."""
    camera = OpenCVCamera(str(path), **wanted)
    spec = camera.open()
    frames = []
    try:
        with contextlib.suppress(EndOfSource):
            while True:
                camera.grab()
                frames.append(np.empty(spec.shape, spec.dtype))
                camera.retrieve(frames[-1])
    finally:
        camera.close()
    return np.array(frames), camera


# -- to the end ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def motion(tmp_path_factory):
    """What a camera with motion detection keeps: sound all the time, pictures now and then."""
    path = tmp_path_factory.mktemp("motion") / "motion.mp4"
    sound = ("-f", "lavfi", "-i", "sine=r=44100:d=110")  # 4400 packets of it in the pause
    moves = ("-vf", "select='lt(t,2)+gt(t,104.95)'", "-fps_mode", "vfr")
    options = (*moves, "-c:v", "libx264", "-g", 10, "-c:a", "aac", "-movflags", "+faststart")
    ffmpeg(*pattern(110, 10), *sound, *options, path)
    return path


def test_a_video_with_a_long_pause_and_sound_is_recorded_to_its_end(tmp_path, motion):
    summary, recording = record(tmp_path, motion)
    with recording:
        assert (summary.exit_code, summary.reason) == (0, "end_of_source")
        assert summary.grabbed == summary.written == len(recording) == MOTION
        assert recording.about["nominal_fps"] == 10
        times = recording.timestamps
    assert times[-1] == pytest.approx(109.9)
    assert times[20] - times[19] == pytest.approx(103.1)
    assert np.diff(np.delete(times, range(20))) == pytest.approx(0.1)
    assert len(mimread(motion)) == MOTION


def test_a_pause_in_a_transport_stream_stays_one(tmp_path, motion):
    path = tmp_path / "motion.ts"
    ffmpeg("-i", motion, "-map", "0:v", "-c", "copy", path)
    camera = OpenCVCamera(str(path))
    camera.open()
    times = [camera.grab().t_camera_ms for _ in range(MOTION)]
    with pytest.raises(EndOfSource) as end:
        camera.grab()
    camera.close()
    assert end.value.fault == ""
    assert times[20] - times[19] == pytest.approx(103_100)


def test_a_file_that_was_cut_in_half_gives_what_it_has_and_exit_code_6(tmp_path, motion):
    half = tmp_path / "half.mp4"
    half.write_bytes(motion.read_bytes()[: motion.stat().st_size // 2])
    there = len(decoded(half)) // (SIZE[0] * SIZE[1] * 3)
    assert 20 <= there < MOTION
    config = {
        "cameras": {"file": {"source": str(half), "fps": "max", "buffer": {"when_full": "wait"}}},
        "recording": {"folder": str(tmp_path / "out")},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    result = invoke("record", tmp_path / "config.yaml", "--json")
    told = json.loads(result.stdout.splitlines()[-1])
    camera = told["cameras"]["file"]
    assert (result.returncode, camera["reason"]) == (6, "end_of_source")
    assert camera["grabbed"] == camera["written"] == there
    words = r"half\.mp4: it announces 110\.00 s, but its frames end at \d+\.\d\d s"
    assert re.search(f"recorder: .*{words}", result.stderr)
    assert re.search(words, told["error"])
    with open_recording(camera["files"][0]) as recording:
        assert "announces 110.00 s" in recording.about["notes"][-1]
    with pytest.raises(RecorderError, match=f"{there} frames can be read: it announces 110"):
        mimread(half)


def test_what_follows_a_stretch_of_zeros_is_recorded_too(tmp_path, motion):
    path = tmp_path / "motion.mkv"
    ffmpeg("-i", motion, "-map", "0:v", "-c", "copy", "-cluster_time_limit", 1000, path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 4000] = bytes(4000)
    path.write_bytes(data)
    there = len(decoded(path)) // (SIZE[0] * SIZE[1] * 3)
    summary, recording = record(tmp_path, path)
    with recording:
        assert 20 < there < MOTION
        assert (summary.exit_code, summary.written) == (6, there)
        assert recording.timestamps[-1] == pytest.approx(109.9)
    assert re.search(r"motion\.mkv: .*ffmpeg: 0x00 at pos", summary.errors[0])


def test_sound_that_goes_on_for_longer_is_no_damage(tmp_path):
    path = tmp_path / "sound.mp4"
    ffmpeg(*pattern(1), "-f", "lavfi", "-i", "sine=d=5", "-c:v", "libx264", path)
    summary, recording = record(tmp_path, path)
    with recording:
        assert (summary.exit_code, len(recording), summary.errors) == (0, 25, ())
    assert len(mimread(path)) == 25


# -- good files ---------------------------------------------------------------------------------


def trimmed(folder):
    ffmpeg(*pattern(4), "-c:v", "libx264", "-g", 50, folder / "whole.mp4")
    ffmpeg("-ss", "0.9", "-i", folder / "whole.mp4", "-c", "copy", folder / "in.mp4")
    return folder / "in.mp4"


def with_hidden_frames(folder):
    hidden = ("-auto-alt-ref", 1, "-lag-in-frames", 16, "-b:v", "100k")
    ffmpeg(*pattern(4), "-c:v", "libvpx", *hidden, folder / "in.webm")
    return folder / "in.webm"


@pytest.mark.parametrize("make", [trimmed, with_hidden_frames])
def test_what_ffmpeg_decodes_without_complaint_is_whole(tmp_path, make):
    path = make(tmp_path)
    expected = np.frombuffer(decoded(path), np.uint8).reshape(-1, SIZE[1], SIZE[0], 3)
    np.testing.assert_array_equal(mimread(path), expected[..., ::-1])
    summary, recording = record(tmp_path, path)
    with recording:
        assert (summary.exit_code, recording.about["notes"][1:]) == (0, [])
        np.testing.assert_array_equal(recording[:], expected)


@pytest.mark.parametrize("coded", ["yuv420p", "yuvj420p", "yuv444p", "bt709"])
def test_colours_are_those_that_opencv_computed_before(tmp_path, coded):
    matrix = ("-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709")
    options = matrix if coded == "bt709" else ()
    codec = "mjpeg" if coded == "yuvj420p" else "libx264"
    kind = "yuv420p" if coded == "bt709" else coded
    path = tmp_path / "in.mkv"
    ffmpeg(*pattern(0.2), *options, "-c:v", codec, "-pix_fmt", kind, path)
    capture = import_cv2().VideoCapture(str(path))
    before = [capture.read()[1] for _ in range(5)]
    capture.release()
    np.testing.assert_array_equal(as_source(path)[0], before)


def test_a_turn_that_the_file_asks_for_is_left_to_the_user_and_said(tmp_path):
    path = tmp_path / "turned.mp4"
    ffmpeg(*pattern(0.2), "-c:v", "libx264", tmp_path / "plain.mp4")
    ffmpeg("-display_rotation", 90, "-i", tmp_path / "plain.mp4", "-c", "copy", path)
    frames, camera = as_source(path)
    assert frames.shape[1:3] == (SIZE[1], SIZE[0])
    assert "turn it by 270 degrees" in camera.info.notes[-1]
    with pytest.warns(UserWarning, match=r"by 270 degrees clockwise.*np\.rot90\(frames, -3"):
        read = mimread(path)
    np.testing.assert_array_equal(read, frames[..., ::-1])
    turned = np.rot90(read, -3, (1, 2))
    players = ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    np.testing.assert_array_equal(turned.ravel(), np.frombuffer(players, np.uint8))


# -- the stored samples -------------------------------------------------------------------------

_RANDOM = np.random.default_rng(5)


@pytest.mark.parametrize("kind", ["9le", "10le", "10be", "12le", "14le", "16le", "16be"])
def test_deep_gray_is_given_as_it_is_stored(tmp_path, kind):
    dtype = ">u2" if kind.endswith("be") else "<u2"
    given = _RANDOM.integers(0, 1 << int(kind[:-2]), (3, SIZE[1], SIZE[0])).astype(dtype)
    raw = ("-f", "rawvideo", "-pix_fmt", f"gray{kind}", "-s", f"{SIZE[0]}x{SIZE[1]}", "-i", "-")
    path = tmp_path / "in.nut"
    ffmpeg(*raw, "-c:v", "rawvideo", "-pix_fmt", f"gray{kind}", path, data=given.tobytes())
    read = mimread(path)
    assert read.dtype == np.uint16
    np.testing.assert_array_equal(read, given)
    frames, camera = as_source(path)
    np.testing.assert_array_equal(frames, given)
    assert ("low bits" in str(camera.info.notes)) == (not kind.startswith("16"))


def test_deep_gray_from_x264_is_gray_too(tmp_path):
    path = tmp_path / "in.mp4"
    ffmpeg(*pattern(0.2), "-c:v", "libx264", "-pix_fmt", "gray10le", path)
    expected = decoded(path, "gray10le", "-vf", "extractplanes=y")
    for frames in (mimread(path), as_source(path)[0]):
        assert frames.dtype == np.uint16
        np.testing.assert_array_equal(frames.ravel(), np.frombuffer(expected, np.uint16))


# pixel format: (sample type, planes in the order of its bytes)
REFUSED = {
    "rgb48le": ("<u2", "rgb"),
    "gbrp12le": ("<u2", None),
    "yuv420p10le": ("<u2", None),
    "yuva444p10le": ("<u2", None),
    "bgra": ("u1", "bgra"),
    "ya8": ("u1", "ya"),
    "ya16be": (">u2", "ya"),
}


@pytest.mark.parametrize("pix_fmt", REFUSED)
def test_what_no_frame_holds_is_refused_with_a_command_that_keeps_it(tmp_path, pix_fmt):
    dtype, order = REFUSED[pix_fmt]
    path = tmp_path / "in.nut"
    codec = "png" if pix_fmt == "ya16be" else "rawvideo"
    ffmpeg(*pattern(0.2), "-vf", "noise=alls=40", "-pix_fmt", pix_fmt, "-c:v", codec, path)
    raw = np.frombuffer(decoded(path, pix_fmt), dtype).reshape(5, -1)
    with pytest.raises(CameraRefused) as refused:
        OpenCVCamera(str(path)).open()
    with pytest.raises(RecorderError) as unread:
        mimread(path)
    found = [re.search(r"ffmpeg (-noaut.*? OUT\.mkv)", str(e.value))[1] for e in (refused, unread)]
    assert found[0] == found[1]
    first = re.search(r"extractplanes=(\w)", found[0])[1]
    names = {"IN": path, "OUT.mkv": tmp_path / "out.mkv"}
    ffmpeg(*(names.get(word, word) for word in shlex.split(found[0])))
    plane = mimread(tmp_path / "out.mkv")
    if order:
        stored = raw.reshape(5, SIZE[1], SIZE[0], len(order))[..., order.index(first)]
    else:  # planes one after the other: g, b, r, or y first
        at = {"r": 2, "y": 0}[first] * SIZE[0] * SIZE[1]
        stored = raw[:, at : at + SIZE[0] * SIZE[1]].reshape(5, SIZE[1], SIZE[0])
    np.testing.assert_array_equal(plane, stored)


def test_transparency_is_dropped_by_the_command_that_says_so(tmp_path):
    given = _RANDOM.integers(0, 256, (3, SIZE[1], SIZE[0], 4), dtype=np.uint8)
    path = from_samples(tmp_path / "in.mkv", given, "bgra")
    with pytest.raises(RecorderError, match="drops the transparency") as error:
        mimread(path)
    command = re.search(r"; ffmpeg (.*OUT\.mkv) drops the transparency", str(error.value))[1]
    names = {"IN": path, "OUT.mkv": tmp_path / "out.mkv"}
    ffmpeg(*(names.get(word, word) for word in shlex.split(command)))
    np.testing.assert_array_equal(mimread(tmp_path / "out.mkv"), given[..., 2::-1])


# -- frames that are not like the others --------------------------------------------------------


def test_a_change_of_size_is_named_and_never_rescaled(tmp_path):
    pictures = b""
    for size in (SIZE, (96, 64)):
        pictures += ffmpeg(*pattern(0.2, size=size), "-c:v", "mjpeg", "-f", "mjpeg", "-")
    path = tmp_path / "sizes.mjpeg"
    path.write_bytes(pictures)
    with pytest.raises(RecorderError, match=r"frame 5 is 96x64 .*before it are 64x48"):
        mimread(path)
    summary, recording = record(tmp_path, path)
    with recording:
        assert (summary.exit_code, summary.reason) == (3, "camera_failed")
        assert (summary.written, summary.bad, len(recording)) == (5, 1, 5)


def test_a_torn_jpeg_is_noted_in_the_ledger(tmp_path):
    data = bytearray(ffmpeg(*pattern(0.4), "-c:v", "mjpeg", "-f", "mjpeg", "-"))
    begins = [found.start() for found in re.finditer(b"\xff\xd8\xff", data)]
    middle = (begins[3] + begins[4]) // 2
    data[middle : begins[4] - 2] = bytes(begins[4] - 2 - middle)
    path = tmp_path / "torn.mjpeg"
    path.write_bytes(data)
    summary, recording = record(tmp_path, path)
    with recording:
        notes = recording.ledger["note"].tolist()
        assert notes == [b""] * 3 + [b"torn"] + [b""] * 6
        assert (summary.exit_code, summary.written) == (0, 10)
    with pytest.raises(RecorderError, match="a part of frame 3 is lost"):
        mimread(path)


# -- rates and times ----------------------------------------------------------------------------


def motion_jpeg_avi(folder):
    ffmpeg(*pattern(2, 30), "-c:v", "mjpeg", "-f", "mjpeg", folder / "p.mjpeg")
    copied = ("-f", "mjpeg", "-framerate", 30, "-i", folder / "p.mjpeg", "-c", "copy")
    ffmpeg(*copied, folder / "in.avi")
    return folder / "in.avi"


def webm(folder):
    ffmpeg(*pattern(2, "30000/1001"), "-c:v", "libvpx", folder / "in.webm")
    return folder / "in.webm"


def transport_stream(folder):
    ffmpeg(*pattern(2), "-c:v", "mpeg2video", folder / "in.ts")
    return folder / "in.ts"


@pytest.mark.parametrize(
    ("make", "rate"), [(motion_jpeg_avi, 30), (webm, 30000 / 1001), (transport_stream, 25)]
)
def test_the_rate_is_that_of_the_frames_own_times(tmp_path, make, rate):
    _, recording = record(tmp_path, make(tmp_path))
    with recording:
        assert recording.about["nominal_fps"] == pytest.approx(rate, abs=1e-5)
        expected = np.arange(len(recording)) / rate
        assert recording.timestamps == pytest.approx(expected, abs=1.01e-3)  # whole milliseconds


def test_the_configs_rate_wins(tmp_path):
    path = motion_jpeg_avi(tmp_path)
    camera = OpenCVCamera(str(path), fps=15)
    assert camera.open().fps == 15
    times = [camera.grab().t_camera_ms for _ in range(60)]
    camera.close()
    assert times == pytest.approx(np.arange(60) / 15 * 1e3)
    assert "fps: asked 15, the source says 30." in camera.info.notes


def test_a_file_plays_at_its_own_rate_unless_told_to_be_fast(tmp_path):
    path = tmp_path / "slow.mkv"
    ffmpeg(*pattern(40, 0.5), "-c:v", "ffv1", path)  # 20 frames, 2 s apart: waited for 1 s each
    summary, recording = record(tmp_path, path, fps="max")
    recording.close()
    assert summary.written == 20
    assert summary.seconds < 15
    ffmpeg(*pattern(1, 20), "-c:v", "ffv1", path)
    for wanted, seconds in ((None, 0.95), (10, 1.9)):
        summary, recording = record(tmp_path, path, fps=wanted)
        recording.close()
        assert summary.written == 20
        assert summary.seconds >= seconds - 0.3  # the start may be late


# -- the decoder --------------------------------------------------------------------------------


@pytest.mark.skipif(os.name != "posix", reason="a shell script stands before ffmpeg")
def test_a_frame_that_was_not_announced_is_noticed(tmp_path, monkeypatch):
    path = tmp_path / "in.mkv"
    ffmpeg(*pattern(0.4), "-c:v", "ffv1", path)
    program = tmp_path / "ffmpeg"
    program.write_text(
        f"#!/usr/bin/env bash\n{FFMPEG} \"$@\" 2> >(sed --unbuffered '/n:   3 pts/d' >&2)\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr("recorder.ffmpeg.reader.executable", lambda: str(program))
    with pytest.raises(RecorderError, match="more than the frames that it announced"):
        mimread(path)


def test_a_decoder_that_is_killed_is_no_end_of_the_file(tmp_path):
    path = tmp_path / "in.mkv"
    ffmpeg(*pattern(4, size=(640, 480)), "-c:v", "ffv1", path)
    camera = OpenCVCamera(str(path))
    spec = camera.open()
    out = np.empty(spec.shape, spec.dtype)
    (child,) = psutil.Process().children()
    child.kill()

    def to_the_end():
        while True:
            camera.grab()
            camera.retrieve(out)

    with pytest.raises(CameraLost, match="ffmpeg was killed by signal 9"):
        to_the_end()
    camera.close()
    assert not psutil.Process().children()
