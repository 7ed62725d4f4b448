"""The file of a process that was killed, finished by somebody else: complete, exact, and honest."""

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import psutil
import pytest
from helpers import assert_adds_up, read_about, read_ledger, until

from recorder import RecorderError, open_recording, verify
from recorder.errors import NoSpace, WriterError
from recorder.frame import FrameStamp
from recorder.playback.files import find_parts
from recorder.writers import settle as module
from recorder.writers.ledger import COLUMNS
from recorder.writers.settle import CRASHED, settle_dead

DOOMED = Path(__file__).with_name("doomed_writer.py")
KINDS = [
    ("video", "gray8", "magicyuv"),
    ("video", "gray8", "x264"),
    ("video", "bgr8", "x264rgb"),
    ("video", "gray16", "ffvhuff"),
    ("hdf5", "gray8", "fast"),
    ("hdf5", "gray16", "none"),
    ("hdf5", "bgr8", "zlib"),
]
SOME = [KINDS[0], KINDS[4]]
ALL = [pytest.param(each, marks=[] if each in SOME else pytest.mark.slow) for each in KINDS]
SUFFIX = {"video": ".mkv", "hdf5": ".h5"}
ERROR = "the camera's process was killed by signal 9"


def start(stem, kind, gap=False):
    """Start a process that writes until it is killed."""
    command = [sys.executable, str(DOOMED), str(stem), *kind, "gap" if gap else "no gap"]
    child = psutil.Popen(command, stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "open\n"
    return child


def encoders_of(child):
    return [process for process in child.children() if "pipe:0" in process.cmdline()]


def kill(child):
    """Kill it at once; return the last grab that it is known to have handed to its writer."""
    child.kill()
    lines = [line for line in child.stdout.read().split("\n") if line]
    child.stdout.close()
    child.wait()
    return int(lines[-1]) if lines else -1


def write_and_kill(stem, kind, grabs=300, gap=False, encoder_too=False):
    """Leave a file behind as a SIGKILL does; return the number of its last grab."""
    child = start(stem, kind, gap)
    for _ in range(grabs):
        child.stdout.readline()
    until(lambda: stem.with_name(stem.name + SUFFIX[kind[0]]).exists())
    if encoder_too:
        for encoder in encoders_of(child):
            encoder.kill()
    return kill(child)


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """Give a function that does the same; each kind is killed once, and what it leaves copied."""
    made = {}

    def leave(stem, kind, **options):
        key = (kind, *options.items())
        if key not in made:
            first = tmp_path_factory.mktemp("killed") / stem.name
            made[key] = first, write_and_kill(first, kind, **options)
            until(lambda: not writers_into(first.parent), "for its ffmpeg to end")
        first, last = made[key]
        assert first.name == stem.name  # it is in the file
        shutil.copytree(first.parent, stem.parent, dirs_exist_ok=True)
        return last

    return leave


def writers_into(folder):
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if any(str(folder) in argument for argument in process.info["cmdline"] or [])
    ]


def lost_after(last, count=6):
    """Return stamps of the frames that were in the ring, two of which have a row already."""
    now = time.monotonic_ns()
    grabs = range(last - 1, last + count)
    return [FrameStamp(now + grab, time.time_ns(), None, grab, 1, 7) for grab in grabs]


def last_row(stem, kind):
    (part,) = find_parts(stem.with_name(stem.name + SUFFIX[kind[0]]))
    return part.rows()[-1].grab


def summary_of(settled):
    totals = settled.totals
    span_ns = settled.last.t_mono_ns - settled.first.t_mono_ns
    return {
        **{name: getattr(totals, name) for name in ("grabbed", "written", "dropped", "bad")},
        "files": [str(settled.report.files[0])],
        "raw_bytes": settled.raw_bytes,
        "file_bytes": settled.report.bytes,
        "seconds": span_ns / 1e9,
    }


def assert_good(settled, stem, kind):
    """Check a settled file with our readers."""
    assert settled.report.unfinished is None
    file = stem.with_name(stem.name + SUFFIX[kind[0]])
    (part,) = verify(file).parts
    assert part.ok, part
    assert (part.state, part.exact) == ("complete", settled.report.written)
    with open_recording(file) as recording:
        assert recording.state == "complete"
        assert recording.about["metadata"] == {"subject": "M12"}
        assert len(recording) == settled.totals.written == settled.report.written
        assert sum(1 for _ in recording) == len(recording)  # each compared with its hash
    assert [path for path in stem.parent.iterdir() if path.name.startswith(".")] == []


@pytest.mark.parametrize("kind", ALL, ids=str)
def test_it_reads_as_complete_and_all_adds_up(killed, tmp_path, kind):
    stem = tmp_path / "top.1"
    killed(stem, kind)
    settled = settle_dead(stem, kind[0], [], ERROR)
    assert_good(settled, stem, kind)
    rows = assert_adds_up(summary_of(settled))
    assert len(rows) > 50
    about = read_about(settled.report.files[0])
    assert (about["reason"], about["error"]) == ("camera_failed", ERROR)
    assert 0 < about["measured_fps"] < 510
    assert {row["note"] for row in rows if row["status"] == "written"} == {"", "late"}


@pytest.mark.parametrize("kind", SOME, ids=str)
def test_frames_that_were_in_the_ring_get_rows(killed, tmp_path, kind):
    stem = tmp_path / "top.1"
    killed(stem, kind)
    last = last_row(stem, kind)
    lost = lost_after(last)
    settled = settle_dead(stem, kind[0], [*reversed(lost), lost[-1]], ERROR, "requested")
    assert_good(settled, stem, kind)
    rows = assert_adds_up(summary_of(settled))
    assert [int(row["grab"]) for row in rows] == list(range(last + 6))
    for row in rows[last + 1 :]:
        assert (row["status"], row["note"], row["xxh3_64"]) == ("dropped", CRASHED, "")
    assert settled.last == lost[-1]._replace(xxh3_64=None, note=CRASHED)
    assert settled.first.grab == 0
    crashed = [row for row in rows if row["note"] == CRASHED]
    assert settled.report.lost == len(crashed) >= 5
    assert read_about(settled.report.files[0])["reason"] == "requested"


@pytest.mark.parametrize(
    "kind",
    [*KINDS[:2], pytest.param(KINDS[2], marks=pytest.mark.slow)],  # without and with B-frames
    ids=str,
)
def test_ffmpeg_was_killed_too(killed, tmp_path, kind):
    stem = tmp_path / "top.1"
    last = killed(stem, kind, encoder_too=True)
    settled = settle_dead(stem, "video", [], ERROR)
    assert_good(settled, stem, kind)
    rows = assert_adds_up(summary_of(settled))
    assert len(rows) >= last + 1
    assert settled.report.lost == sum(row["note"] == CRASHED for row in rows) > 0


@pytest.mark.parametrize("kind", SOME, ids=str)
def test_a_file_that_began_with_a_gap(killed, tmp_path, kind):
    stem = tmp_path / "top.1"
    killed(stem, kind, gap=True)
    settled = settle_dead(stem, kind[0], lost_after(last_row(stem, kind)), ERROR)
    assert_good(settled, stem, kind)
    gap, *rows = read_ledger(settled.report.files[0])
    assert (gap["status"], gap["grab"], gap["note"]) == ("gap", "-1", "2000000000")
    assert [int(row["grab"]) for row in rows] == [*range(1000, 1000 + len(rows))]
    totals = settled.totals
    assert (totals.gaps, totals.grabbed, settled.first.grab) == (1, len(rows), 1000)
    assert totals.in_flight == 0
    told = {name: getattr(totals, name) for name in ("grabbed", "written", "dropped", "bad")}
    assert read_about(settled.report.files[0])["totals"] == told | {"gap": 1}


@pytest.mark.parametrize("kind", SOME, ids=str)
def test_twice_is_once(killed, tmp_path, kind):
    stem = tmp_path / "top.1"
    lost = lost_after(killed(stem, kind))
    settled = settle_dead(stem, kind[0], lost, ERROR)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert settle_dead(stem, kind[0], lost, "another error", "no_space") == settled
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize("kind", SOME, ids=str)
def test_a_living_writer_is_left_in_peace(tmp_path, kind):
    stem = tmp_path / "top"
    child = start(stem, kind)
    try:
        with pytest.raises(RecorderError, match="still being written"):
            settle_dead(stem, kind[0], [], ERROR)
    finally:
        kill(child)


@pytest.mark.parametrize("kind", SOME, ids=str)
def test_killed_before_the_first_frame_or_soon_after(tmp_path, kind):
    """Maybe before ffmpeg made its file, and before the first commit."""
    stem = tmp_path / "top"
    kill(start(stem, kind))
    lost = lost_after(0)
    settled = settle_dead(stem, kind[0], lost, ERROR)
    assert settled.report.unfinished is None
    assert settled.totals.in_flight == 0
    rows = read_ledger(f"{stem}{SUFFIX[kind[0]]}")
    assert [int(row["grab"]) for row in rows] == list(range(len(rows)))
    assert settled.totals.grabbed == len(rows) >= 6
    with open_recording(stem) as recording:
        assert recording.state == "complete"
        assert len(recording) == settled.totals.written
    assert verify(stem).ok


def dead_parent(stem, kind):
    """Leave a video whose ffmpeg is halted: it cannot see the end of its input."""
    child = start(stem, kind)
    for _ in range(50):
        child.stdout.readline()
    (encoder,) = encoders_of(child)
    encoder.suspend()
    kill(child)
    return encoder


def test_an_encoder_that_hangs_is_ended(tmp_path):
    encoder = dead_parent(tmp_path / "top", KINDS[0])
    settled = settle_dead(tmp_path / "top", "video", [], ERROR, patience_s=0.2)
    until(lambda: not psutil.pid_exists(encoder.pid))
    assert settled.report.unfinished is None
    assert verify(tmp_path).ok
    assert_adds_up(summary_of(settled))


def test_an_encoder_that_is_still_at_it_is_waited_for(tmp_path):
    encoder = dead_parent(tmp_path / "top", KINDS[0])
    encoder.send_signal(signal.SIGCONT)  # it may have anything up to the whole rest to do
    settled = settle_dead(tmp_path / "top", "video", [], ERROR)
    assert not psutil.pid_exists(encoder.pid) or encoder.status() == psutil.STATUS_ZOMBIE
    assert verify(tmp_path).ok
    assert settled.report.lost <= 1  # the frame that was in the pipe by half


# -- what else a kill, a disk and other people leave --------------------------------------------


@pytest.fixture
def dead(killed, tmp_path):
    """Leave a video and an HDF5 file as SIGKILL does; return the stem of a format."""
    for kind in SOME:
        killed(tmp_path / "dead" / kind[0] / "top.1", kind)
    return lambda format_: tmp_path / "dead" / format_ / "top.1"


def test_half_a_row_is_cut_off(dead):
    ledger = dead("video").with_name("top.1.frames.csv")
    whole = ledger.read_bytes()
    rows = whole.count(b"\n") - 1
    ledger.write_bytes(whole[:-9])
    settled = settle_dead(dead("video"), "video", [], ERROR)
    assert settled.totals.grabbed == rows - 1
    assert ledger.read_bytes().endswith(b"\n")
    assert settled.report.unfinished is None


def test_more_frames_than_rows_are_told(dead):
    ledger = dead("video").with_name("top.1.frames.csv")
    rows = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(rows[:51]))
    settled = settle_dead(dead("video"), "video", [], ERROR)
    assert settled.report.unfinished is None
    assert "frames more than the ledger has rows" in settled.report.error
    assert settled == settle_dead(dead("video"), "video", [], ERROR)


def test_the_video_is_gone(dead):
    dead("video").with_name("top.1.mkv").unlink()
    settled = settle_dead(dead("video"), "video", [], ERROR)
    assert settled.report.unfinished is None
    assert (settled.totals.written, settled.totals.in_flight) == (0, 0)
    assert settled.report.lost > 100
    assert verify(dead("video")).ok


@pytest.mark.parametrize("text", [None, "", '{"state": "rec'])
def test_nothing_says_what_the_frames_are(dead, text):
    about = dead("video").with_name("top.1.json")
    about.unlink() if text is None else about.write_text(text)
    before = dead("video").with_name("top.1.frames.csv").read_bytes()
    settled = settle_dead(dead("video"), "video", lost_after(10_000), ERROR)
    assert isinstance(settled.report.unfinished, WriterError)
    assert "missing" in str(settled.report.unfinished)
    assert (settled.totals.in_flight, settled.report.lost) == (0, 7)
    assert dead("video").with_name("top.1.frames.csv").read_bytes() == before


@pytest.mark.parametrize("head", ["", ",".join(COLUMNS) + "\n"])
def test_a_kill_while_it_was_opened_leaves_nothing(tmp_path, head):
    (tmp_path / "top.frames.csv").write_text(head)
    settled = settle_dead(tmp_path / "top", "video", [], ERROR)
    assert (settled.report.files, settled.report.unfinished) == ((), None)
    assert settled.totals.grabbed == 0
    told = settle_dead(tmp_path / "top", "video", lost_after(1), ERROR)
    assert told.totals.dropped == 7
    assert isinstance(told.report.unfinished, WriterError)


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_a_kill_before_the_first_page_leaves_nothing(tmp_path, size):
    (tmp_path / "top.h5").write_bytes(bytes(size))
    settled = settle_dead(tmp_path / "top", "hdf5", [], ERROR)
    assert (settled.report.files, settled.report.unfinished) == ((), None)
    told = settle_dead(tmp_path / "top", "hdf5", lost_after(1), ERROR)
    assert told.totals.dropped == 7
    assert isinstance(told.report.unfinished, WriterError)


@pytest.mark.parametrize("format_", ["video", "hdf5"])
def test_all_is_gone(tmp_path, format_):
    settled = settle_dead(tmp_path / "no" / "top", format_, lost_after(1), ERROR)
    assert isinstance(settled.report.unfinished, WriterError)
    assert (settled.report.files, settled.totals.dropped) == ((), 7)


def test_an_hdf5_file_that_somebody_has_changed_is_left_alone(dead):
    path = dead("hdf5").with_name("top.1.h5")
    with h5py.File(path, "a") as file:
        file["frames"].resize(3, axis=0)
    before = path.read_bytes()
    settled = settle_dead(dead("hdf5"), "hdf5", [], ERROR)
    assert isinstance(settled.report.unfinished, WriterError)
    assert "changed it" in str(settled.report.unfinished)
    assert path.read_bytes() == before


def test_a_ledger_that_makes_no_sense_is_left_alone(dead):
    ledger = dead("video").with_name("top.1.frames.csv")
    broken = ledger.read_text().replace("written,", "written,x", 1)
    ledger.write_text(broken)
    settled = settle_dead(dead("video"), "video", [], ERROR)
    assert "not a ledger row" in str(settled.report.unfinished)
    assert ledger.read_text() == broken


def test_without_an_ffmpeg_that_runs_no_frame_is_given_up(dead, monkeypatch):
    def dies(path):
        raise WriterError("ffmpeg was killed")

    before = dead("video").with_name("top.1.frames.csv").read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(module, "count_frames", dies)
        settled = settle_dead(dead("video"), "video", [], ERROR)
    assert "ffmpeg was killed" in str(settled.report.unfinished)
    assert settled.totals.written == 0
    assert dead("video").with_name("top.1.frames.csv").read_bytes() == before
    assert settle_dead(dead("video"), "video", [], ERROR).totals.written > 100


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO])
def test_a_full_disk_leaves_a_video_as_it_is(dead, monkeypatch, code):
    def refuses(self, target):
        raise OSError(code, os.strerror(code))

    stem = dead("video")
    before = {path.name: path.read_bytes() for path in stem.parent.iterdir()}
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuses)
        settled = settle_dead(stem, "video", lost_after(10_000), ERROR)
    assert isinstance(settled.report.unfinished, NoSpace if code == errno.ENOSPC else WriterError)
    assert {path.name: path.read_bytes() for path in stem.parent.iterdir()} == before
    assert verify(stem.with_name("top.1.mkv")).ok
    again = settle_dead(stem, "video", lost_after(10_000), ERROR)
    assert again.totals == settled.totals
    assert json.loads(stem.with_name("top.1.json").read_text())["totals"]["gap"] == 0
