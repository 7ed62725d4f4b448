"""Video files as the field has them: pauses, sound, cuts, damage, odd depths, turns and rates."""

import json
import os
import re

import numpy as np
import psutil
import pytest
from helpers import FFMPEG, invoke
from video_sources import SIZE, as_source, decoded, ffmpeg, pattern, record

from recorder import mimread, open_recording
from recorder.cameras.base import EndOfSource
from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.opencv import OpenCVCamera
from recorder.errors import CameraLost, RecorderError

MOTION = 70
"""Frames of `motion`: two seconds of them, a pause, and five seconds."""


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
