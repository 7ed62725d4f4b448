"""What every writer does, whatever it writes."""

import json

import numpy as np
import pytest
import xxhash

from recorder.cameras.scene import painter
from recorder.errors import EncoderDied, FileTaken, WriterError
from recorder.ffmpeg.decode import decode_frames
from recorder.frame import FrameSpec, FrameStamp
from recorder.playback.files import find_parts
from recorder.playback.verify import verify_part
from recorder.writers import ffmpeg
from recorder.writers.codecs import choose
from recorder.writers.hdf5 import Hdf5Writer
from recorder.writers.hdf5 import choose as choose_filter
from recorder.writers.ledger import read_rows
from recorder.writers.null import NullWriter
from recorder.writers.video import VideoWriter

SPECS = [FrameSpec(64, 48, "gray8", 60.0), FrameSpec(33, 17, "bgr8", 60.0)]


def video(folder, spec, about=None):
    return VideoWriter(folder / "top.1", choose("auto", spec.pixel_format), about or {})


def hdf5(folder, spec, about=None):
    return Hdf5Writer(folder / "top.1", choose_filter("auto", spec), about or {})


MAKERS = {"null": lambda folder, spec: NullWriter(), "video": video, "hdf5": hdf5}


GAP = FrameStamp(-(10**9), 1, None, -1, 1)
"""Two seconds before the first of the frames."""


def frames_of(spec, count):
    paint = painter("scene", spec, 0)
    for grab in range(count):
        frame = np.empty(spec.shape, spec.dtype)
        paint(grab, frame)
        digest = xxhash.xxh3_64_intdigest(frame.data)
        yield frame, FrameStamp(10**9 + grab * 10**7, 2 * 10**9, None, grab, 1, digest)


@pytest.mark.parametrize("spec", SPECS, ids=str)
@pytest.mark.parametrize("kind", MAKERS)
class TestEveryWriter:
    def test_counts_what_it_was_given(self, tmp_path, kind, spec):
        writer = MAKERS[kind](tmp_path, spec)
        writer.open(spec)
        back = []
        for frame, stamp in frames_of(spec, 7):
            # It is ours again only then: until then it may be read.
            writer.write(frame, stamp, lambda frame=frame: back.append(frame.fill(0)))
        report = writer.close("duration")
        assert (report.written, report.lost, report.error) == (7, 0, None)
        assert len(back) == 7  # each frame once

    def test_takes_rows_without_frames(self, tmp_path, kind, spec):
        writer = MAKERS[kind](tmp_path, spec)
        writer.open(spec)
        for number, (frame, stamp) in enumerate(frames_of(spec, 6)):
            if number % 2:
                writer.skip(stamp._replace(xxh3_64=None), "dropped", "overflow")
            else:
                writer.write(frame, stamp)
        writer.check()
        assert writer.close("requested").written == 3

    def test_may_be_closed_without_a_frame(self, tmp_path, kind, spec):
        writer = MAKERS[kind](tmp_path, spec)
        writer.open(spec)
        report = writer.close("requested")
        assert (report.written, report.lost) == (0, 0)

    def test_says_how_much_is_on_disk(self, tmp_path, kind, spec):
        writer = MAKERS[kind](tmp_path, spec)
        writer.open(spec)
        assert writer.bytes_on_disk >= 0
        report = writer.close("requested")
        assert report.bytes == sum(path.stat().st_size for path in report.files)

    def test_takes_gaps(self, tmp_path, kind, spec):
        writer = MAKERS[kind](tmp_path, spec)
        writer.open(spec)
        writer.skip(GAP, "gap", "2000000000")
        for frame, stamp in frames_of(spec, 3):
            writer.write(frame, stamp)
        report = writer.close("requested")
        assert (report.written, report.lost) == (3, 0)

    def test_holds_nothing_but_a_gap(self, tmp_path, kind, spec):
        writer = MAKERS[kind](tmp_path, spec)
        writer.open(spec)
        writer.skip(GAP, "gap", "2000000000")
        report = writer.close("camera_failed")
        assert (report.written, report.lost, report.error) == (0, 0, None)


@pytest.mark.parametrize("kind", ["video", "hdf5"])
class TestEveryFile:
    """What is in a file, read back by our own readers; `test_gaps` has strangers read it."""

    def read(self, folder):
        (part,) = find_parts(folder / "top.1")
        assert verify_part(part).ok
        return part

    def test_a_file_that_begins_with_a_gap(self, tmp_path, kind):
        writer = MAKERS[kind](tmp_path, SPECS[0])
        writer.open(SPECS[0])
        writer.skip(GAP, "gap", "2000000000")
        for frame, stamp in frames_of(SPECS[0], 5):
            writer.write(frame, stamp)
        writer.close("duration")
        part = self.read(tmp_path)
        gap, *others = part.rows()
        assert gap == (-1, -1, "gap", -(10**9), 1, None, None, "2000000000")
        assert [(row.frame, row.grab) for row in others] == [(n, n) for n in range(5)]
        totals = {"grabbed": 5, "written": 5, "dropped": 0, "bad": 0, "gap": 1}
        assert part.about["totals"] == totals
        assert part.about["measured_fps"] == pytest.approx(100)

    def test_two_gaps(self, tmp_path, kind):
        writer = MAKERS[kind](tmp_path, SPECS[0])
        writer.open(SPECS[0])
        writer.skip(GAP, "gap", "2000000000")
        for frame, stamp in frames_of(SPECS[0], 6):
            if stamp.grab == 3:
                writer.skip(stamp._replace(grab=-1, xxh3_64=None), "gap", "500000000")
            later = 5 * 10**8 if stamp.grab >= 3 else 0
            writer.write(frame, stamp._replace(t_mono_ns=stamp.t_mono_ns + later))
        writer.close("duration")
        part = self.read(tmp_path)
        assert [row.grab for row in part.rows()] == [-1, 0, 1, 2, -1, 3, 4, 5]
        assert part.about["totals"]["gap"] == 2
        assert part.about["totals"]["grabbed"] == 6
        assert part.about["measured_fps"] == pytest.approx(100)

    def test_what_is_odd_about_a_frame_stands_in_its_row(self, tmp_path, kind):
        notes = ["", "frozen", "late", ""]
        writer = MAKERS[kind](tmp_path, SPECS[0])
        writer.open(SPECS[0])
        for (frame, stamp), note in zip(frames_of(SPECS[0], 4), notes, strict=True):
            writer.write(frame, stamp._replace(note=note))
        writer.close("duration")
        rows = self.read(tmp_path).rows()
        assert [(row.status, row.note) for row in rows] == [("written", n) for n in notes]


def write_late(writer):
    for frame, stamp in frames_of(SPECS[0], 10_000):
        writer.write(frame, stamp._replace(note="late"))


def test_of_a_frame_that_a_dead_encoder_took_along_only_that_is_noted(tmp_path):
    writer = video(tmp_path, SPECS[0])
    writer.open(SPECS[0])
    writer.kill()
    with pytest.raises(EncoderDied):
        write_late(writer)
    report = writer.close("duration")
    rows = list(read_rows(report.files[1]))
    assert {row.note for row in rows if row.status == "dropped"} == {"encoder_died"}
    assert {row.note for row in rows if row.status == "written"} <= {"late"}
    assert rows[-1].status == "dropped"


class BreaksDown:
    """A filter that compresses so many frames, and then no more."""

    def __init__(self, filter_, frames):
        self._filter = filter_
        self._left = frames
        self.name, self.lends, self.pipeline = filter_.name, False, filter_.pipeline

    def compress(self, frame):
        self._left -= 1
        if self._left < 0:
            raise MemoryError
        return self._filter.compress(frame)


def test_of_a_frame_that_was_never_compressed_only_that_is_noted(tmp_path):
    filter_ = BreaksDown(choose_filter("none", SPECS[0]), 2)
    writer = Hdf5Writer(tmp_path / "top.1", filter_, {}, workers=1)
    writer.open(SPECS[0])
    with pytest.raises(WriterError):
        write_late(writer)
    report = writer.close("duration")
    (part,) = find_parts(tmp_path / "top.1")
    notes = [(row.status, row.note) for row in part.rows()]
    assert report.written == 2
    assert notes[:2] == [("written", "late")] * 2
    assert set(notes[2:]) == {("dropped", "encoder_died")}


@pytest.mark.parametrize("spec", SPECS, ids=str)
def test_a_video_holds_the_very_frames_and_their_rows(tmp_path, spec):
    writer = video(tmp_path, spec, {"subject": "M12"})
    writer.open(spec)
    given = []
    for frame, stamp in frames_of(spec, 9):
        if stamp.grab == 4:
            writer.skip(stamp._replace(xxh3_64=None), "bad", "bad_read")
            continue
        given.append(frame.copy())
        writer.write(frame, stamp)
    report = writer.close("duration")
    assert [path.name for path in report.files] == ["top.1.mkv", "top.1.frames.csv", "top.1.json"]
    kept = [frame.copy() for frame in decode_frames(report.files[0], spec)]
    assert np.array_equal(kept, given)
    rows = list(read_rows(report.files[1]))
    assert [row.grab for row in rows] == list(range(9))
    assert [row.frame for row in rows] == [0, 1, 2, 3, -1, 4, 5, 6, 7]
    about = json.loads(report.files[2].read_text())
    assert about["subject"] == "M12"
    assert (about["state"], about["reason"], about["error"]) == ("complete", "duration", None)
    assert about["totals"] == {"grabbed": 9, "written": 8, "dropped": 0, "bad": 1, "gap": 0}
    assert about["measured_fps"] == pytest.approx(100)


def test_an_unfinished_video_says_that_it_is_being_recorded(tmp_path):
    writer = video(tmp_path, SPECS[0])
    writer.open(SPECS[0])
    about = json.loads((tmp_path / "top.1.json").read_text())
    assert about["state"] == "recording"
    assert about["ffmpeg_command"][-1].endswith("top.1.mkv")
    writer.close("requested")


@pytest.mark.parametrize("kind", ["video", "hdf5"])
@pytest.mark.parametrize("suffix", [".mkv", ".frames.csv", ".json", ".h5"])
def test_nothing_is_overwritten_and_nothing_left_behind(tmp_path, suffix, kind):
    there = tmp_path / f"top.1{suffix}"
    there.write_text("precious")
    with pytest.raises(FileTaken):
        MAKERS[kind](tmp_path, SPECS[0]).open(SPECS[0])
    assert list(tmp_path.iterdir()) == [there]
    assert there.read_text() == "precious"


def test_without_ffmpeg_nothing_is_left_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(ffmpeg, "executable", lambda: str(tmp_path / "no-ffmpeg"))
    with pytest.raises(EncoderDied, match="does not start"):
        video(tmp_path, SPECS[0]).open(SPECS[0])
    assert list(tmp_path.iterdir()) == []


def test_the_nominal_rate_is_kept_below_what_matroska_can_tell_apart(tmp_path):
    spec = SPECS[0].with_fps(4000.0)
    writer = video(tmp_path, spec)
    writer.open(spec)
    for frame, stamp in frames_of(spec, 50):
        writer.write(frame, stamp)
    report = writer.close("duration")
    about = json.loads(report.files[2].read_text())
    command = about["ffmpeg_command"]
    assert about["nominal_fps"] == 4000
    assert command[command.index("-framerate") + 1] == "1000"
    assert len(list(decode_frames(report.files[0], spec))) == 50
