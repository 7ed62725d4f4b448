"""Real files of cameras whose rate is not the nominal one: how long they are, and who finds what.

Stamps are given, so no camera and no time is needed.
"""

import json
import re
import signal
import subprocess
from pathlib import Path

import cv2
import numpy as np
import psutil
import pytest
import xxhash
from helpers import (
    FFMPEG,
    LedCamera,
    camera_config,
    invoke,
    read_about,
    read_ledger,
    until,
    write_config,
)
from recordings import interrupt

from recorder import Session, open_recording, verify
from recorder.errors import EncoderDied
from recorder.ffmpeg.decode import decode_frames
from recorder.ffmpeg.program import file_url
from recorder.frame import FrameSpec, FrameStamp
from recorder.playback.convert import convert
from recorder.playback.matroska import read_index
from recorder.writers import retime
from recorder.writers.codecs import choose
from recorder.writers.ffmpeg import encode_command
from recorder.writers.proof import prove
from recorder.writers.settle import settle_dead
from recorder.writers.uncompressed import UncompressedStream
from recorder.writers.video import VideoWriter

SIZE = (48, 32)
BEGUN_NS = 5 * 10**9


def frame_of(spec, number):
    """Return a frame that says its number, also in colour and 16 bit."""
    frame = np.zeros(spec.shape, spec.dtype)
    blocks = frame.reshape(spec.height, spec.width, -1)
    for bit in range(16):
        blocks[:, 3 * bit : 3 * bit + 3] = (np.iinfo(spec.dtype).max) * (number >> bit & 1)
    return frame


def number_in(picture):
    row = picture[10].reshape(SIZE[0], -1)[:, 0]
    return sum(int(row[3 * bit + 1] > row.dtype.type(127)) << bit for bit in range(16))


def record(stem, seconds, nominal=30.0, lost=(), codec="auto", pixel_format="gray8", **about):
    """Record a frame at each of these times (s); return the about file."""
    report = writing(stem, seconds, nominal, lost, codec, pixel_format, **about).close("duration")
    assert report.unfinished is None
    return read_about(stem.with_suffix(".mkv")) | {"report": report}


def writing(stem, seconds, nominal, lost=(), codec="auto", pixel_format="gray8", **about):
    spec = FrameSpec(*SIZE, pixel_format, nominal)
    writer = VideoWriter(stem, choose(codec, pixel_format), {"camera": "top", "part": 0} | about)
    writer.open(spec)
    number = 0
    for grab, second in enumerate(seconds):
        now = BEGUN_NS + round(second * 1e9)
        stamp = FrameStamp(now, now, None, grab, 1)
        if grab in lost:
            writer.skip(stamp, "dropped", "overflow")
            continue
        frame = frame_of(spec, number)
        writer.write(frame, stamp._replace(xxh3_64=xxhash.xxh3_64_intdigest(frame.data)))
        number += 1
    return writer


def at_rate(fps, count, jitter=0.0):
    random = np.random.default_rng(0)
    return [n / fps + (random.random() * jitter if 0 < n < count - 1 else 0) for n in range(count)]


def cv2_finds(path, numbers):
    """Return what cv2 says of a file, and how many of these frames it finds."""
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        found = 0
        for number in numbers:
            capture.set(cv2.CAP_PROP_POS_FRAMES, number)
            came, picture = capture.read()
            found += came and number_in(picture) == number
        count, fps = capture.get(cv2.CAP_PROP_FRAME_COUNT), capture.get(cv2.CAP_PROP_FPS)
    finally:
        capture.release()
    return int(count), fps, found


def said_length(path):
    """Return how long ffmpeg says that a file is, s."""
    said = subprocess.run([FFMPEG, "-i", str(path)], capture_output=True, text=True, check=False)
    hours, minutes, seconds = re.search(r"Duration: (\d+):(\d+):([\d.]+)", said.stderr).groups()
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


def some(count, most=43):
    """Return so many frame numbers, in no order."""
    return np.random.default_rng(1).permutation(count)[:most].tolist()


def assert_right(path, fps, count, written=None):
    """Check that a file has its frames, lasts as long as they took, and can be searched."""
    assert verify(path).ok
    numbers = some(count)
    seen, said, found = cv2_finds(path, numbers)
    assert (seen, found) == (count, len(numbers))
    assert said == pytest.approx(fps, rel=2e-5)
    assert abs(said_length(path) - count / fps) < 1 / fps + 0.01  # ffmpeg says hundredths
    index = read_index(path)
    assert len(index) == count
    with open_recording(path) as recording:
        for number in numbers[:5]:
            assert number_in(recording[number]) == number


@pytest.mark.parametrize(
    ("nominal", "fps"),
    [(30, 29.83), (30, 20), (30, 60), (60, 59.94), (60, 59.5), (100, 50), (None, 2.5), (5, 4.9)],
)
def test_a_file_lasts_as_long_as_its_frames_took(tmp_path, nominal, fps):
    about = record(tmp_path / "top", at_rate(fps, 200), nominal)
    assert about["nominal_fps"] == nominal
    assert about["file_fps"] == pytest.approx(fps, rel=2e-5)
    assert about["time_deviation_ms"] < 0.3
    assert about["file_notes"] == []
    assert about["report"].time_deviation_ms is None
    assert_right(tmp_path / "top.mkv", fps, 200)


@pytest.mark.parametrize("fps", [1000, 2000, 1997.3])
def test_above_1000_fps_too(tmp_path, fps):
    about = record(tmp_path / "top", at_rate(fps, 1200), 2000)
    assert about["file_fps"] == pytest.approx(fps, rel=2e-5)
    assert_right(tmp_path / "top.mkv", fps, 1200)


@pytest.mark.parametrize(
    ("pixel_format", "codec"),
    [
        ("bgr8", "auto"),
        ("gray16", "auto"),
        ("gray8", "x264"),
        ("bgr8", "x264rgb"),
        ("bgr8", "ffv1"),
    ],
)
def test_whatever_the_codec(tmp_path, pixel_format, codec):
    """60 to 50 needs a longer number in the header than ffmpeg has written."""
    record(tmp_path / "top", at_rate(50, 100), 60, (), codec, pixel_format)
    assert_right(tmp_path / "top.mkv", 50, 100)


def test_checksums_in_the_header_still_hold(tmp_path):
    record(tmp_path / "top", at_rate(50, 100), 60)
    command = [FFMPEG, "-v", "warning", "-err_detect", "crccheck+explode"]
    command += ["-i", str(tmp_path / "top.mkv"), "-f", "null", "-"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (said.returncode, said.stderr) == (0, "")


def test_a_rate_that_halves_is_told_and_is_in_the_ledger(tmp_path):
    seconds = [n / 60 for n in range(300)] + [5 + n / 30 for n in range(150)]
    about = record(tmp_path / "top", seconds, 60)
    fps = 449 / (seconds[-1] - seconds[0])
    assert_right(tmp_path / "top.mkv", fps, 450)
    times_ms = [n * 1000 / fps for n in range(450)]
    worst = max(abs(t - s * 1000) for t, s in zip(times_ms, seconds, strict=True))
    assert about["time_deviation_ms"] == pytest.approx(worst, abs=0.1)
    assert about["report"].time_deviation_ms == about["time_deviation_ms"]
    (note,) = about["file_notes"]
    assert f"differ from the clock by up to {worst:.1f} ms" in note
    with open_recording(tmp_path / "top.mkv") as recording:
        assert recording.timestamps == pytest.approx(seconds)
    interrupt(tmp_path / "top.mkv")
    settled = settle_dead(tmp_path / "top", "video", (), "killed")
    assert settled.report.time_deviation_ms == about["time_deviation_ms"]
    again = settle_dead(tmp_path / "top", "video", (), "killed")
    assert again.report.time_deviation_ms == about["time_deviation_ms"]


@pytest.mark.slow
@pytest.mark.parametrize("fps", [60.0006, 29.83, 54.321])
def test_cv2_finds_numbers_in_a_long_file_too(tmp_path, fps):
    """FFmpeg knows no rate between 60 and 60.002: with the nearest header, 8 of 43 were wrong."""
    count = 60_000
    record(tmp_path / "top", at_rate(fps, count), 60)
    numbers = [*some(count, 40), count - 2, count - 1, count // 2]
    assert cv2_finds(tmp_path / "top.mkv", numbers)[::2] == (count, len(numbers))
    assert abs(said_length(tmp_path / "top.mkv") - count / fps) < 1 / fps + 0.01


def test_dropped_frames_make_the_rate_lower_and_leave_numbers_right(tmp_path):
    lost = set(range(50, 80)) | {200, 333}
    about = record(tmp_path / "top", at_rate(60, 400), 60, lost)
    fps = 367 / (399 / 60)
    assert about["file_fps"] == pytest.approx(fps, rel=2e-5)
    assert about["measured_fps"] == pytest.approx(60)
    assert about["time_deviation_ms"] > 30 / 60 * 1000 / 2
    assert_right(tmp_path / "top.mkv", fps, 368)


@pytest.mark.parametrize("count", [0, 1])
def test_too_few_frames_for_a_rate_keep_the_nominal_one(tmp_path, count):
    about = record(tmp_path / "top", at_rate(10, count), 25)
    assert about["file_fps"] == (25 if count else None)
    assert about["time_deviation_ms"] == (0 if count else None)
    assert verify(tmp_path / "top.mkv").ok


def test_what_has_no_clock_keeps_its_nominal_rate(tmp_path):
    about = record(tmp_path / "top", at_rate(777, 100), 25, times="nominal")
    assert (about["file_fps"], about["time_deviation_ms"]) == (25, None)
    assert_right(tmp_path / "top.mkv", 25, 100)


def test_a_nominal_rate_above_1000_is_kept_as_well(tmp_path):
    record(tmp_path / "top", at_rate(123, 100), 4000, times="nominal")
    assert_right(tmp_path / "top.mkv", 4000, 100)


def test_a_header_that_cannot_be_changed_is_told_and_costs_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(retime, "_ROOM_FROM", ())
    about = record(tmp_path / "top", at_rate(50, 100), 60)
    assert about["file_fps"] == 60
    assert about["report"].time_deviation_ms == pytest.approx(
        99 / 50 * 1000 * (1 - 50 / 60), rel=0.01
    )
    assert any("at 60 frames per second instead of 50" in note for note in about["file_notes"])
    assert_right(tmp_path / "top.mkv", 60, 100)


# -- an encoder or a process that dies ------------------------------------------------------------


def killed(stem, fps, count, nominal, **about):
    """Leave what a killed ffmpeg leaves; return its writer, not closed yet."""
    writer = writing(stem, at_rate(fps, count), nominal, **about)
    until(lambda: stem.with_suffix(".mkv").exists() and stem.with_suffix(".mkv").stat().st_size)
    until(lambda: len(read_index(stem.with_suffix(".mkv"))) > count // 2)
    psutil.Process(writer.encoder_pid).send_signal(signal.SIGKILL)
    with pytest.raises(EncoderDied):
        until(writer.check)
    return writer


@pytest.mark.parametrize("fps", [50, 123.4])
def test_a_file_whose_encoder_was_killed_lasts_as_long_as_what_is_in_it(tmp_path, fps):
    report = killed(tmp_path / "top", fps, 400, 60).close("duration")
    assert 0 < report.written < 400
    path = tmp_path / "top.mkv"
    assert read_about(path)["file_fps"] == pytest.approx(fps, rel=2e-5)
    assert abs(said_length(path) - report.written / fps) < 1 / fps + 0.01
    count, said, _ = cv2_finds(path, [0])
    assert (count, said) == (report.written, pytest.approx(fps, rel=2e-5))
    assert verify(path).ok


def test_a_frame_that_did_not_get_into_the_file_does_not_count(tmp_path, monkeypatch):
    """The encoder took no more when it came, ten seconds after the others."""
    writer = writing(tmp_path / "top", at_rate(50, 100), 60)

    def refuse(*_):
        raise EncoderDied("it takes no more")

    late = FrameStamp(BEGUN_NS + 12 * 10**9, 0, None, 100, 1)
    with monkeypatch.context() as patch:
        patch.setattr(writer._encoder, "write", refuse)
        with pytest.raises(EncoderDied):
            writer.write(frame_of(FrameSpec(*SIZE, "gray8"), 100), late)
    assert writer.close("duration").time_deviation_ms is None
    assert [row["status"] for row in read_ledger(tmp_path / "top.mkv")][-2:] == [
        "written",
        "dropped",
    ]
    assert_right(tmp_path / "top.mkv", 50, 100)


@pytest.mark.parametrize("times", ["measured", "own"])
def test_recovery_does_what_the_close_would_have_done(tmp_path, times):
    """Also where the kill came between the header and the about file: it is done again."""
    record(tmp_path / "top", at_rate(50, 100), 60, times=times)
    path = tmp_path / "top.mkv"
    whole, told = path.read_bytes(), read_about(path)
    interrupt(path)
    settled = settle_dead(tmp_path / "top", "video", (), "killed")
    assert settled.report.written == 100
    assert path.read_bytes() == whole
    again = read_about(path)
    for key in ("file_fps", "time_deviation_ms", "times"):
        assert again[key] == told[key]


def test_recovery_of_a_file_that_ffmpeg_finished_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("recorder.writers.video.set_file_times", lambda *_: pytest.fail("killed"))
    with pytest.raises(pytest.fail.Exception):
        record(tmp_path / "top", at_rate(50, 100), 60, lost={3})
    monkeypatch.undo()
    path = tmp_path / "top.mkv"
    about = path.with_suffix(".json")
    said = json.loads(about.read_text())
    assert said["state"] == "recording"
    said["writer"]["process_started"] -= 1000
    about.write_text(json.dumps(said))
    assert cv2_finds(path, [0])[1] == 60
    assert settle_dead(tmp_path / "top", "video", (), "killed").report.written == 99
    assert_right(path, 98 / (99 / 50), 99)
    assert settle_dead(tmp_path / "top", "video", (), "killed").report.written == 99


def test_a_recording_of_an_older_version_keeps_its_times(tmp_path):
    record(tmp_path / "top", at_rate(50, 100), 60, times="nominal")
    path = tmp_path / "top.mkv"
    whole = path.read_bytes()
    interrupt(path)
    about = path.with_suffix(".json")
    said = json.loads(about.read_text())
    del said["times"]
    about.write_text(json.dumps(said))
    settle_dead(tmp_path / "top", "video", (), "killed")
    assert path.read_bytes() == whole


# -- each frame at its own time -------------------------------------------------------------------

UNEVEN = [0, 0.0301, 0.0302, 0.0303, 0.095, 1.5, 1.51, 70.0004, 70.02]
"""Three in the same millisecond, a pause longer than a cluster's times reach."""
UNEVEN_MS = [0, 30, 31, 32, 95, 1500, 1510, 70000, 70020]


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8"])
@pytest.mark.parametrize("codec", ["auto", "archive"])
def test_own_times_are_those_of_the_frames(tmp_path, pixel_format, codec):
    about = record(tmp_path / "top", UNEVEN, 30, (), codec, pixel_format, times="own")
    path = tmp_path / "top.mkv"
    assert read_index(path).time.tolist() == UNEVEN_MS
    assert verify(path).ok
    assert about["file_fps"] == pytest.approx(8 / 70.02)
    assert about["time_deviation_ms"] == pytest.approx(1.7)
    assert "cv2 does not find them by number" in about["file_notes"][-1]
    with open_recording(path) as recording:
        assert [number_in(frame) for frame in recording] == list(range(9))
        assert number_in(recording[7]) == 7
        assert recording.timestamps == pytest.approx(UNEVEN)


def test_own_times_of_a_killed_encoder(tmp_path):
    report = killed(tmp_path / "top", 50, 400, 60, times="own").close("duration")
    assert 0 < report.written < 400
    assert read_index(tmp_path / "top.mkv").time.tolist() == [20 * n for n in range(report.written)]
    assert verify(tmp_path / "top.mkv").ok


@pytest.mark.parametrize("there", [5, 30, 1000])
def test_half_a_frame_with_its_time_is_no_frame(tmp_path, there):
    """So much of the last one is all that a process had sent when it was killed."""
    spec, path = FrameSpec(*SIZE, "gray8", 30.0), tmp_path / "top.mkv"
    stream = UncompressedStream(spec)
    sent = [stream.before(33 * n) + frame_of(spec, n).tobytes() for n in range(11)]
    command = encode_command(spec, choose("auto", "gray8"), file_url(path), own_times=True)
    whole = b"".join(sent[:10]) + sent[10][:there]
    subprocess.run(command, input=whole, capture_output=True, check=False)
    assert len(read_index(path)) == 10
    assert [number_in(frame) for frame in decode_frames(path, spec)] == list(range(10))


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8", "rgb8"])
@pytest.mark.parametrize("size", [(1, 1), (33, 17), (7, 5)])
def test_what_goes_to_ffmpeg_with_times_comes_back_bit_for_bit(pixel_format, size):
    prove(FrameSpec(*size, pixel_format), choose("auto", pixel_format), own_times=True)


def test_own_times_are_kept_when_a_recording_is_converted(tmp_path):
    record(tmp_path / "top", UNEVEN, 30, times="own")
    convert(tmp_path / "top.mkv", tmp_path / "other.mkv", "archive")
    assert read_index(tmp_path / "other.mkv").time.tolist() == UNEVEN_MS


def test_a_converted_recording_lasts_as_long(tmp_path):
    record(tmp_path / "top", at_rate(50, 100), 60)
    convert(tmp_path / "top.mkv", tmp_path / "top.h5", "auto")
    convert(tmp_path / "top.h5", tmp_path / "other.mkv", "archive")
    assert_right(tmp_path / "other.mkv", 50, 100)


# -- whole recordings -----------------------------------------------------------------------------


def session_about(config, camera=None):
    with Session(config, camera=camera) as session:
        session.start(record=True)
        summary = session.wait(60)
    return read_about(summary.files[0]) | {"summary": summary, "path": Path(summary.files[0])}


def test_a_live_camera_has_the_measured_rate(tmp_path):
    config = camera_config(tmp_path, recording__duration="40 frames")
    about = session_about(config, LedCamera(*SIZE, period_s=0.004))
    assert about["times"] == "measured"
    with open_recording(about["path"]) as recording:
        rate = 39 / recording.timestamps[-1]
    assert about["file_fps"] == pytest.approx(rate, rel=2e-5)
    assert cv2_finds(about["path"], [])[1] == pytest.approx(rate, rel=2e-5)


def test_a_file_that_is_recorded_keeps_its_own_rate(tmp_path):
    record(tmp_path / "source", at_rate(25, 60), 25)
    config = camera_config(
        tmp_path, source=str(tmp_path / "source.mkv"), size=None, buffer__when_full="wait"
    )
    about = session_about(config)
    assert (about["times"], about["time_deviation_ms"]) == ("nominal", None)
    assert_right(about["path"], 25, 60)


def test_as_fast_as_possible_keeps_the_nominal_rate(tmp_path):
    about = session_about(
        camera_config(
            tmp_path, fps="max", recording__duration="40 frames", buffer__when_full="wait"
        )
    )
    assert about["times"] == "nominal"
    assert about["file_fps"] == pytest.approx(about["nominal_fps"], rel=2e-5)


def test_own_times_in_a_whole_recording_with_segments(tmp_path):
    """Of frames so large that their pages are lent to ffmpeg, between what stands before them."""
    config = camera_config(
        tmp_path,
        size=[640, 480],
        fps=100,
        recording__duration="50 frames",
        recording__segment="20 frames",
        recording__times="own",
    )
    with Session(config) as session:
        session.start(record=True)
        files = session.wait(60).files
    assert len(files) == 3
    for file in files:
        times = [int(row["t_mono_ns"]) for row in read_ledger(file) if row["frame"]]
        expected = [0]
        for now in times[1:]:
            expected.append(max(round((now - times[0]) / 1e6), expected[-1] + 1))
        assert read_index(Path(file)).time.tolist() == expected
    assert verify(*files).ok


def test_record_says_in_the_end_that_times_are_not_the_clocks(tmp_path):
    """No machine takes so many frames, so most are dropped, and not evenly."""
    config = write_config(
        tmp_path,
        size=[640, 480],
        pixel_format="gray16",
        fps=1000,
        options__pattern="noise",
        buffer__memory="3MiB",
        recording__duration="2000 frames",
        recording__codec="archive",
    )
    result = invoke("record", config, "--json")
    assert result.returncode == 6
    (camera,) = json.loads(result.stdout)["cameras"].values()
    (file,) = camera["files"]
    deviation = read_about(file)["time_deviation_ms"]
    said = f"times in the file differ from the clock by up to {deviation:.1f} ms"
    assert said in result.stderr


def test_record_warns_that_cv2_no_longer_finds_numbers(tmp_path):
    config = write_config(tmp_path, recording__duration="30 frames", recording__times="own")
    result = invoke("record", config, "--json")
    assert result.returncode == 0
    assert "cv2 does not find frames by number" in result.stderr
    said = invoke("check", config)
    assert "each frame's own; cv2 then does not find frames by number" in said.stdout
