"""What a power cut may leave of a file that had just been begun, read as any recording.

The states are those that the disks of virtual machines had (`test_power_loss`), and their
neighbours: names come to the disk before what is in the files, sizes may, and rows and frames come
separately.
"""

import itertools

import pytest
from helpers import LedCamera, camera_config, invoke, read_about

from recorder import open_recording, verify
from recorder.pipeline.session import Session

FRAMES = 60
CLUSTER = b"\x1f\x43\xb6\x75"
"""What a few frames together begin with in Matroska; they reach the file as a whole."""
HEAD = b"frame,grab,status,t_mono_ns,t_utc_ns,t_camera_ms,xxh3_64,note\n"
MISSING, EMPTY, NEVER_WRITTEN = "missing", "empty", "zeros"


def record(folder, **changes):
    """Record two segments; return the files of the second one, which will be the torn one."""
    config = camera_config(folder, recording__segment=f"{FRAMES // 2} frames", **changes)
    session = Session(config, camera=LedCamera(frames=FRAMES))
    session.start(record=True)
    summary = session.wait(60)
    first, second = summary.files
    assert len(first) < len(second)
    return folder / second


def interrupt(video):
    """Have its about file say what it said at first."""
    about = video.with_suffix(".json")
    text = about.read_text().replace('"state": "complete"', '"state": "recording"')
    about.write_text(text.replace('"pid": ', '"pid": 1'))


def tear(path, how):
    """Leave of a file what has come to the disk."""
    data = path.read_bytes()
    if how == MISSING:
        path.unlink()
    elif how == EMPTY:
        path.write_bytes(b"")
    elif how == NEVER_WRITTEN:
        path.write_bytes(bytes(len(data)))
    elif how == "zeros follow":
        path.write_bytes(data + bytes(3000))
    elif how == "half":
        path.write_bytes(data[: len(data) // 2])
    elif how == "half, then zeros":
        end = data.rfind(CLUSTER) if path.suffix == ".mkv" else len(data) // 2
        path.write_bytes(data[:end] + bytes(3000))
    elif how == "only its head":
        path.write_bytes(data[: len(HEAD)])
    else:
        assert how == "whole"


@pytest.fixture(scope="module")
def torn_once(tmp_path_factory):
    """A recording whose second file is as it was before its end."""
    video = record(tmp_path_factory.mktemp("torn"))
    interrupt(video)
    files = {path.name: path.read_bytes() for path in video.parent.iterdir()}
    return video.name, files


@pytest.fixture
def video(torn_once, tmp_path):
    name, files = torn_once
    for each, data in files.items():
        (tmp_path / each).write_bytes(data)
    return tmp_path / name


def expect_readable(folder, least=FRAMES // 2):
    """Check that nothing is called damaged, and that all is read that is known."""
    told = invoke("verify", folder, "--json")
    assert told.returncode == 0, told.stdout + told.stderr
    with open_recording(folder) as recording:
        assert least <= len(recording) == sum(1 for _ in recording)
        return len(recording)


VIDEOS = ("whole", MISSING, EMPTY, NEVER_WRITTEN, "half", "half, then zeros", "zeros follow")
LEDGERS = ("whole", "half", "half, then zeros", "zeros follow")
NO_ROWS = (EMPTY, NEVER_WRITTEN, "only its head")
NO_VIDEO = (MISSING, EMPTY, NEVER_WRITTEN)


@pytest.mark.parametrize(("of_video", "of_ledger"), list(itertools.product(VIDEOS, LEDGERS)))
def test_rows_and_frames_end_where_they_end(video, of_video, of_ledger):
    tear(video, of_video)
    tear(video.with_suffix(".frames.csv"), of_ledger)
    found = expect_readable(video.parent)
    if (of_video, of_ledger) in (("whole", "whole"), ("zeros follow", "zeros follow")):
        assert found == FRAMES


@pytest.mark.parametrize(("of_video", "of_ledger"), list(itertools.product(VIDEOS, NO_ROWS)))
def test_frames_without_rows_are_none(video, of_video, of_ledger):
    tear(video, of_video)
    tear(video.with_suffix(".frames.csv"), of_ledger)
    assert expect_readable(video.parent) == FRAMES // 2


@pytest.mark.parametrize("of_about", [MISSING, EMPTY, NEVER_WRITTEN])
@pytest.mark.parametrize(("of_video", "of_ledger"), list(itertools.product(NO_VIDEO, NO_ROWS)))
def test_names_without_files_are_passed_over(video, of_video, of_ledger, of_about):
    tear(video, of_video)
    tear(video.with_suffix(".frames.csv"), of_ledger)
    tear(video.with_suffix(".json"), of_about)
    assert expect_readable(video.parent) == FRAMES // 2
    assert len(verify(video.parent).parts) == 1


@pytest.mark.parametrize("of_file", [EMPTY, NEVER_WRITTEN])
def test_an_hdf5_file_that_was_only_a_name_is_passed_over(tmp_path, of_file):
    path = record(tmp_path, recording__format="hdf5")
    tear(path, of_file)
    assert expect_readable(tmp_path) == FRAMES // 2


def test_a_finished_file_with_more_frames_than_rows_is_damaged(video):
    """The rows are missing that its about file promises: that was no power cut."""
    finished = next(path for path in video.parent.glob("*.mkv") if path != video)
    assert read_about(finished)["state"] == "complete"
    tear(finished.with_suffix(".frames.csv"), "half")
    assert invoke("verify", video.parent).returncode == 7
