"""An HDF5 file read back and taken up again without the HDF5 library."""

import flammkuchen
import numpy as np
import pytest
from test_hdf5_file import ABOUT, DOT, KEYS, record

from recorder.errors import RecorderError
from recorder.frame import FrameStamp
from recorder.playback.hdf5 import Hdf5Part
from recorder.writers.hdf5 import Hdf5Writer, choose
from recorder.writers.hdf5.file import room_for
from recorder.writers.hdf5.reopen import NotOurs, ReopenedFile

FEW = np.arange(5, dtype=np.uint16)


def reopened(path):
    file = ReopenedFile(path)
    file.abandon()
    return file


@pytest.mark.parametrize(
    "about",
    [{}, ABOUT, {"groups": {key: {"n": n} for n, key in enumerate(KEYS)}}, {"n": {}, "l": []}],
    ids=["nothing", "all kinds", "odd names", "empty ones"],
)
def test_about_is_what_other_readers_find(tmp_path, about):
    path = record(tmp_path, FEW, about=about)
    assert reopened(path).about == Hdf5Part(path.with_suffix("")).about
    assert set(about) <= set(reopened(path).about)


def test_rows_are_what_other_readers_find(tmp_path):
    path = record(tmp_path, np.arange(1500, dtype=np.uint16))  # in three blocks
    expected = Hdf5Part(path.with_suffix("")).rows()
    file = ReopenedFile(path)
    try:
        assert list(file.rows()) == expected
        assert file.visible == len(expected) == 1500
    finally:
        file.abandon()


@pytest.mark.parametrize("about", [{}, ABOUT], ids=["little", "much"])
def test_the_room_for_the_last_about_is_found_again(tmp_path, about):
    writer = Hdf5Writer(tmp_path / "top", choose("none", DOT), about)
    writer.open(DOT)
    image = (tmp_path / "top.h5").read_bytes()
    room = (writer._file._room, writer._file._room_end)
    writer.close("requested")
    (tmp_path / "dead.h5").write_bytes(image)
    file = reopened(tmp_path / "dead.h5")
    assert (file._room, file._room_end) == room
    assert room[1] - room[0] == room_for(file.about)


def test_rows_are_added_and_the_file_finished(tmp_path):
    path = record(tmp_path, FEW)
    file = ReopenedFile(path)
    try:
        file.add_rows([(-1, 5, 1, 6, 7, np.nan, 0, b"crashed")])
        file.finish(file.about | {"subject": "M12"})
    finally:
        file.abandon()
    whole = flammkuchen.load(str(path))
    assert whole["frames"][:, 0, 0].tolist() == FEW.tolist()
    assert whole["ledger"]["grab"].tolist() == list(range(6))
    assert whole["ledger"]["note"][-1] == b"crashed"
    assert whole["about"]["subject"] == "M12"


def test_nobody_goes_on_with_a_file_that_is_being_written(tmp_path):
    writer = Hdf5Writer(tmp_path / "top", choose("none", DOT), {})
    writer.open(DOT)
    writer.skip(FrameStamp(1, 1), "dropped", "overflow")
    with pytest.raises(RecorderError, match="still being written"):
        ReopenedFile(tmp_path / "top.h5")
    writer.close("requested")
    assert reopened(tmp_path / "top.h5").about["state"] == "complete"


@pytest.mark.parametrize(
    ("at", "pattern"),
    [(8, b"\x02"), (16, b"\x09"), (40, b"\xff" * 8), (64, b"\x00" * 8), (100, b"\xff" * 200)],
    ids=["version", "sizes", "end", "root", "headers"],
)
def test_a_first_page_that_is_not_ours_is_refused(tmp_path, at, pattern):
    path = record(tmp_path, FEW)
    data = bytearray(path.read_bytes())
    data[at : at + len(pattern)] = pattern
    path.write_bytes(data)
    with pytest.raises(NotOurs) as refused:
        ReopenedFile(path)
    assert refused.value.begun


def test_no_file_of_another_program_is_taken_for_ours(tmp_path):
    flammkuchen.save(str(tmp_path / "other.h5"), {"number": 1})
    with pytest.raises(NotOurs):
        ReopenedFile(tmp_path / "other.h5")


@pytest.mark.parametrize("data", [b"", b"text", bytes(5000)])
def test_what_was_never_begun_is_told_apart(tmp_path, data):
    (tmp_path / "top.h5").write_bytes(data)
    with pytest.raises(NotOurs) as refused:
        ReopenedFile(tmp_path / "top.h5")
    assert not refused.value.begun
