"""A kill, or a disk that refuses, at any moment while a dead writer's file is being finished.

Whatever is left is readable, with all frames and rows that were there, and the next one finishes it
to the very same result.
"""

import errno
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import xxhash
from test_hdf5_faults import FRAMES, SPEC, assert_sound, disk_of, record, stamp_of, states_of

from recorder import open_recording, verify
from recorder.errors import NoSpace, WriterError
from recorder.frame import FrameSpec, FrameStamp
from recorder.playback.files import find_parts
from recorder.writers import about as about_file
from recorder.writers.codecs import choose
from recorder.writers.hdf5 import Hdf5Writer
from recorder.writers.hdf5 import choose as choose_filter
from recorder.writers.settle import settle_dead
from recorder.writers.video import VideoWriter

KILLS_ITSELF = Path(__file__).with_name("settles_until_killed.py")
ERROR = "killed"


@pytest.fixture(autouse=True)
def _written_elsewhere(monkeypatch):
    """Have the files say that somebody wrote them who does not live on this machine."""
    stranger = {"host": "elsewhere", "pid": 1, "process_started": 0.0}
    monkeypatch.setattr(about_file, "this_writer", lambda: stranger)


# -- HDF5: every write is noted, and the file looked at as a kill would have left it -------------


def lost_after(rows, count=7):
    return [stamp_of(grab) for grab in range(rows, min(rows + count, len(FRAMES)))]


def settle_image(folder, image, lost=None):
    """Settle a file with these bytes; all frames of the recording had been grabbed."""
    (folder / "top.h5").write_bytes(image)
    return settle_dead(folder / "top", "hdf5", lost_after(0, 999) if lost is None else lost, ERROR)


def assert_finished(folder, settled, frames):
    assert settled.report.unfinished is None
    assert settled.totals.grabbed == len(FRAMES)
    assert settled.totals.written == settled.report.written == frames
    assert assert_sound((folder / "top.h5").read_bytes(), frames) == (frames, "complete")
    with h5py.File(folder / "top.h5") as file:
        assert file["frames"].id.get_num_chunks() == frames
        assert file["about/totals"].attrs["dropped"] == len(FRAMES) - frames
        assert file["about"].attrs["reason"] == b"camera_failed"


def dead_states(folder, monkeypatch, step):
    """Give what kills of a writer leave, but those before its file is one."""
    with disk_of(monkeypatch) as disk:
        record(folder)
    opened = next(i for i, (offset, data) in enumerate(disk.log) if offset == 0 and data) + 1
    for number, (index, image) in enumerate(states_of(disk.log)):
        if index >= opened and number % step == 0:
            yield image


@pytest.mark.parametrize(
    "step",
    [pytest.param(97, id="some"), pytest.param(3, id="all", marks=pytest.mark.slow)],
)
def test_whatever_a_kill_of_the_writer_leaves_can_be_finished(tmp_path, monkeypatch, step):
    seen = set()
    for image in dead_states(tmp_path, monkeypatch, step):
        frames, state = assert_sound(image, 0)
        if state == "recording":
            assert_finished(tmp_path, settle_image(tmp_path, image), frames)
            seen.add(frames)
    assert len(seen) > 5


def dead_image(folder, monkeypatch, at=0.7):
    """Return the bytes that a kill leaves in the middle of a recording."""
    images = list(dead_states(folder, monkeypatch, 5))
    return images[int(len(images) * at)]


SOME_OR_ALL = pytest.mark.parametrize(
    "step", [pytest.param(29, id="some"), pytest.param(1, id="all", marks=pytest.mark.slow)]
)


@SOME_OR_ALL
@pytest.mark.parametrize("at", [0.1, 0.7])
def test_a_kill_between_or_within_any_two_writes_of_the_settling(tmp_path, monkeypatch, at, step):
    dead = dead_image(tmp_path, monkeypatch, at)
    frames, _ = assert_sound(dead, 1)
    with disk_of(monkeypatch) as disk:
        reference = settle_image(tmp_path, dead)
    assert_finished(tmp_path, reference, frames)
    states = []
    for number, image in states_of(disk.log, dead):
        if number % step and number < len(disk.log) - 5:
            continue
        count, state = assert_sound(image, frames)
        assert count == frames
        states.append(state)
        again = settle_image(tmp_path, image)
        assert (again.totals, again.report.lost) == (reference.totals, reference.report.lost)
        assert_finished(tmp_path, again, frames)
    assert states[0] == "recording"
    assert states[-1] == "complete"


@pytest.mark.slow
@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=["full", "broken"])
@pytest.mark.parametrize("for_ever", [False, True], ids=["once", "for ever"])
@SOME_OR_ALL
def test_the_nth_write_of_the_settling_fails(tmp_path, monkeypatch, error, for_ever, step):
    dead = dead_image(tmp_path, monkeypatch)
    frames, _ = assert_sound(dead, 1)
    with disk_of(monkeypatch) as whole:
        reference = settle_image(tmp_path, dead)
    for number in range(1, whole.count + 1, step):
        fails = (lambda n, at=number: n >= at) if for_ever else (lambda n, at=number: n == at)
        with disk_of(monkeypatch, fails=fails, error=error):
            settled = settle_image(tmp_path, dead)
        assert settled.totals == reference.totals
        kind = NoSpace if error == errno.ENOSPC else WriterError
        assert settled.report.unfinished is None or isinstance(settled.report.unfinished, kind)
        left = (tmp_path / "top.h5").read_bytes()
        assert assert_sound(left, frames)[0] == frames
        assert_finished(tmp_path, settle_image(tmp_path, left), frames)


def test_a_full_disk_takes_rows_and_about_while_their_room_lasts(tmp_path, monkeypatch):
    """A few lost frames fit into the block that is open, and the about has room of its own."""
    with monkeypatch.context() as patch:
        patch.setattr("recorder.writers.hdf5.writer.COMMIT_S", 0.0)
        writer = Hdf5Writer(tmp_path / "top", choose_filter("fast", SPEC), {"subject": "M12"})
        writer.open(SPEC)
        for grab in range(40):
            writer.write(FRAMES[grab], stamp_of(grab))
        writer._advance(0)
        image = (tmp_path / "top.h5").read_bytes()
        writer.close("requested")
    with disk_of(monkeypatch) as disk:
        settled = settle_image(tmp_path, image, lost_after(40))
    assert settled.report.unfinished is None
    assert settled.totals.dropped == 7
    assert max(offset + len(data) for offset, data in disk.log) <= len(image)


@pytest.mark.parametrize(
    "rows",
    [
        *(0, 64, 65, 4096, 4097),
        *(pytest.param(each, marks=pytest.mark.slow) for each in (1, 63, 127, 128, 129)),
        *(pytest.param(each, marks=pytest.mark.slow) for each in (4095, 4160)),
    ],
)
def test_an_index_of_any_height_grows_on(tmp_path, monkeypatch, rows):
    """With one row a chunk, it has one more level at 65 and at 4097."""
    with monkeypatch.context() as patch:
        patch.setattr("recorder.writers.hdf5.writer.CHUNK_ROWS", 1)
        dot = FrameSpec(1, 1, "gray8", 60.0)
        writer = Hdf5Writer(tmp_path / "dead", choose_filter("none", dot), {})
        writer.open(dot)
        for grab in range(rows):
            writer.skip(FrameStamp(grab, grab, None, grab, 1), "dropped", "overflow")
            writer._commit_at = 0.0 if grab % 50 == 0 or grab == rows - 2 else 1e18
        image = (tmp_path / "dead.h5").read_bytes()
        writer.close("requested")
    lost = [FrameStamp(grab, grab, None, grab, 1) for grab in range(rows + 70)]
    settled = settle_image(tmp_path, image, lost)
    assert settled.report.unfinished is None
    assert settled.totals.dropped == rows + 70
    with h5py.File(tmp_path / "top.h5") as file:
        assert np.array_equal(file["ledger/grab"][:], np.arange(rows + 70))
        assert file["ledger/grab"].id.get_num_chunks() == rows + 70
        assert np.array_equal(np.unique(file["ledger/note"][rows:]), [b"crashed"])


# -- video: a process that settles, and kills itself ---------------------------------------------

VIDEO = FrameSpec(64, 48, "gray8", 100.0)
LOST = (46, 47, 49)


@pytest.fixture
def dead_video(tmp_path):
    """A video of 40 frames with 45 rows and a half, as a kill leaves it."""
    stem = tmp_path / "dead" / "top"
    stem.parent.mkdir()
    writer = VideoWriter(stem, choose("auto", "gray8"), {"camera": "top", "start": "today"})
    writer.open(VIDEO)
    unfinished = stem.with_suffix(".json").read_bytes()
    frames = np.random.default_rng(0).integers(0, 256, (40, 48, 64), np.uint8)
    for grab, frame in enumerate(frames):
        writer.write(frame, stamp_of_video(grab, frame))
    writer.close("requested")
    stem.with_suffix(".json").write_bytes(unfinished)
    with stem.with_name("top.frames.csv").open("a") as ledger:
        for grab in range(40, 45):
            ledger.write(f"{grab},{grab},written,{10**9 + grab},5,,0123456789abcdef,late\n")
        ledger.write("45,45,writ")
    return stem


def stamp_of_video(grab, frame):
    return FrameStamp(10**9 + grab, 5, None, grab, 1, xxhash.xxh3_64_intdigest(frame.data))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def settle_video(stem):
    stamps = [FrameStamp(2**62 + grab, 0, None, grab, 1) for grab in LOST]
    return settle_dead(stem, "video", stamps, ERROR)


@pytest.mark.slow
def test_a_kill_at_any_moment_of_the_settling_of_a_video(dead_video, tmp_path):
    shutil.copytree(dead_video.parent, tmp_path / "reference")
    reference = settle_video(tmp_path / "reference" / "top")
    assert (reference.totals.written, reference.totals.dropped) == (40, 8)
    finished = contents(tmp_path / "reference")
    moment, states = 0, []
    while not states or states[-1] != "done":
        moment += 1
        folder = tmp_path / f"{moment}"
        shutil.copytree(dead_video.parent, folder)
        command = [sys.executable, str(KILLS_ITSELF), str(folder / "top"), str(moment)]
        result = subprocess.run([*command, *map(str, LOST)], check=False, capture_output=True)
        assert result.returncode in (0, -signal.SIGKILL), result.stderr
        (part,) = find_parts(folder)
        states.append("done" if result.returncode == 0 else part.state)
        assert verify(folder).ok
        with open_recording(folder) as recording:
            assert len(recording) == 40
            assert recording.ledger["grab"].tolist()[:45] == list(range(45))
        assert settle_video(folder / "top").totals == reference.totals
        assert contents(folder) == finished
    assert len(states) > 8
    assert set(states) == {"interrupted", "complete", "done"}
    assert json.loads(finished["top.json"])["totals"]["dropped"] == 8
