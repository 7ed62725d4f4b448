"""The ledger: a row for every frame, with the system at once, settled when an encoder dies."""

import errno
import os

import pytest

from recorder.errors import FileTaken, NoSpace, RecorderError, WriterError
from recorder.frame import FrameStamp
from recorder.writers import ledger as module
from recorder.writers.ledger import COLUMNS, Ledger, read_rows


def stamp(grab, camera=None, digest=0x1234):
    return FrameStamp(10**9 + grab, 2 * 10**9 + grab, camera, grab, 1, digest)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.frames.csv"


def test_rows_read_back_as_written(path):
    ledger = Ledger(path)
    ledger.written(stamp(0, 1.5, 0xFFFFFFFFFFFFFFFF))
    ledger.missing(stamp(1, digest=None), "dropped", "overflow")
    ledger.missing(stamp(2), "bad", "bad_read")
    ledger.written(stamp(3, digest=0))
    ledger.close()
    rows = list(read_rows(path))
    assert [tuple(row) for row in rows] == [
        (0, 0, "written", 10**9, 2 * 10**9, 1.5, 0xFFFFFFFFFFFFFFFF, ""),
        (-1, 1, "dropped", 10**9 + 1, 2 * 10**9 + 1, None, None, "overflow"),
        (-1, 2, "bad", 10**9 + 2, 2 * 10**9 + 2, None, 0x1234, "bad_read"),
        (1, 3, "written", 10**9 + 3, 2 * 10**9 + 3, None, 0, ""),
    ]


def test_the_file_is_the_csv_of_the_contract(path):
    ledger = Ledger(path)
    ledger.written(stamp(0, digest=0xABC))
    ledger.missing(stamp(1, digest=None), "dropped", "overflow")
    ledger.close()
    assert path.read_text().splitlines() == [
        "frame,grab,status,t_mono_ns,t_utc_ns,t_camera_ms,xxh3_64,note",
        "0,0,written,1000000000,2000000000,,0000000000000abc,",
        ",1,dropped,1000000001,2000000001,,,overflow",
    ]
    assert path.read_text().splitlines()[0] == ",".join(COLUMNS)


def test_a_row_is_with_the_system_as_soon_as_it_is_written(path):
    ledger = Ledger(path)
    ledger.written(stamp(0))
    assert len(list(read_rows(path))) == 1  # before any close or flush
    ledger.close()


def test_a_row_cut_off_by_a_kill_is_no_row(path):
    ledger = Ledger(path)
    ledger.written(stamp(0))
    ledger.written(stamp(1))
    ledger.close()
    whole = path.read_bytes()
    for cut in range(len(whole) - 1, whole.index(b"\n", 80), -1):
        path.write_bytes(whole[:cut])
        assert len(list(read_rows(path))) <= 1


def test_a_broken_row_is_named(path):
    ledger = Ledger(path)
    ledger.written(stamp(0))
    ledger.close()
    path.write_text(path.read_text().replace("written,1", "written,x"))
    with pytest.raises(RecorderError, match=r"csv:2"):
        list(read_rows(path))


def test_another_file_is_no_ledger(path):
    path.write_text("time,value\n1,2\n")
    with pytest.raises(RecorderError, match="not a ledger"):
        list(read_rows(path))


def test_an_existing_file_is_never_touched(path):
    path.write_text("precious")
    with pytest.raises(FileTaken, match="ever overwritten"):
        Ledger(path)
    assert path.read_text() == "precious"


def fill(path, frames=5):
    ledger = Ledger(path)
    for grab in range(frames):
        ledger.written(stamp(2 * grab))
        ledger.missing(stamp(2 * grab + 1, digest=None), "dropped", "overflow")
    return ledger


def expect_settled(path, ledger):
    rows = list(read_rows(path))
    assert [row.grab for row in rows] == list(range(10))
    assert [row.frame for row in rows] == [0, -1, 1, -1, 2, -1, -1, -1, -1, -1]
    assert [row.status for row in rows].count("written") == 3 == ledger.frames
    assert [row.note for row in rows if row.grab in (6, 8)] == ["encoder_died"] * 2
    assert [row.note for row in rows if row.grab in (7, 9)] == ["overflow"] * 2
    assert all(row.xxh3_64 is None for row in rows if row.status == "dropped")


def test_settling_turns_the_rows_beyond_the_file_into_dropped_ones(path):
    ledger = fill(path)
    assert ledger.settle(3, "encoder_died") == 2
    ledger.close()
    expect_settled(path, ledger)
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_settling_works_on_a_full_disk(path, monkeypatch):
    def no_room(self, target):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    ledger = fill(path)
    monkeypatch.setattr(module.Path, "replace", no_room)
    assert ledger.settle(3, "encoder_died") == 2
    ledger.close()
    expect_settled(path, ledger)


def test_nothing_to_settle_changes_nothing(path):
    ledger = fill(path)
    before = path.read_bytes()
    assert ledger.settle(5, "encoder_died") == 0
    ledger.close()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("code", "error"), [(errno.ENOSPC, NoSpace), (errno.EIO, WriterError), (errno.EDQUOT, NoSpace)]
)
def test_half_a_row_never_stays(path, monkeypatch, code, error):
    ledger = Ledger(path)
    ledger.written(stamp(0))

    def half(fd, data):
        os.write(fd, data[:7])
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(module, "write_all", half)
        with pytest.raises(error):
            ledger.written(stamp(1))
    ledger.written(stamp(1))
    ledger.close()
    assert [row.grab for row in read_rows(path)] == [0, 1]


def test_a_disk_that_does_not_confirm_is_an_error(path, monkeypatch):
    def fails(fd):
        raise OSError(errno.EIO, "Input/output error")

    ledger = fill(path)
    monkeypatch.setattr(module, "sync_file", fails)
    with pytest.raises(WriterError, match="cannot write"):
        ledger.close()
