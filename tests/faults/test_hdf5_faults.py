"""HDF5 files between any two writes: valid, exact, and with the rows that belong to the frames.

A recording is made once, and every write noted. Then the file is looked at as a kill would have
left it: after each write, and in the middle of it.
"""

import errno
import io
from contextlib import contextmanager

import h5py
import hdf5plugin  # noqa: F401 - registers the filters with h5py
import numpy as np
import pytest
import tables
import xxhash

from recorder.errors import NoSpace, WriterError
from recorder.frame import FrameSpec, FrameStamp
from recorder.writers.hdf5 import Hdf5Writer, choose
from recorder.writers.hdf5 import file as hdf5_file
from recorder.writers.hdf5 import writer as hdf5_writer

SPEC = FrameSpec(8, 6, "gray8", 60.0)
FRAMES = np.random.default_rng(0).integers(0, 256, (150, 6, 8), np.uint8)
ROWS_PER_CHUNK = 2  # so that the ledger's index grows above one node, too
ABOUT = {"subject": "M12", "config": {"size": [8, 6], "nothing": None}}


class Disk:
    """Stands between the file and the system: notes every write, or fails some of them."""

    def __init__(self, fails=lambda number: False, error=errno.ENOSPC):
        self.log = []
        self.count = 0
        self._fails = fails
        self._error = error
        self._write_at = hdf5_file.write_at
        self._grow_file = hdf5_file.grow_file

    def write_at(self, fd, parts, offset):
        self.count += 1
        if self._fails(self.count):
            raise OSError(self._error, "injected")
        self.log.append((offset, b"".join(bytes(part) for part in parts)))
        self._write_at(fd, parts, offset)

    def grow_file(self, fd, size):
        self.log.append((size, b""))
        self._grow_file(fd, size)


@contextmanager
def disk_of(monkeypatch, **options):
    disk = Disk(**options)
    with monkeypatch.context() as patch:
        patch.setattr(hdf5_file, "write_at", disk.write_at)
        patch.setattr(hdf5_file, "grow_file", disk.grow_file)
        patch.setattr(hdf5_writer, "CHUNK_ROWS", ROWS_PER_CHUNK)
        patch.setattr(hdf5_writer, "COMMIT_S", 0.0)
        yield disk


def stamp_of(grab):
    digest = xxhash.xxh3_64_intdigest(FRAMES[grab].data)
    return FrameStamp(10**9 + grab * 10**7, 2 * 10**9 + grab, None, grab, 1, digest)


def record(folder, every=7):
    """Write all frames, commit now and then; every 11th is lost before it comes to the file."""
    writer = Hdf5Writer(folder / "top", choose("fast", SPEC), ABOUT)
    writer.open(SPEC)
    offered = 0
    try:
        for grab, frame in enumerate(FRAMES):
            offered = grab + 1
            writer._commit_at = 0.0 if grab % every == 0 else 1e18
            if grab % 11 == 10:
                writer.skip(stamp_of(grab)._replace(xxh3_64=None), "dropped", "overflow")
            else:
                writer.write(frame, stamp_of(grab))
    except (NoSpace, WriterError):
        pass
    return offered, writer, writer.close("duration")


def states_of(log, before=b""):
    """Give the file's bytes after each write, and with each write cut in two.

    The kernel copies page by page and looks for a kill in between: a write is cut between pages.
    """
    image = bytearray(before)

    def apply(offset, data):
        image.extend(bytes(max(0, offset + len(data) - len(image))))
        image[offset : offset + len(data)] = data

    for number, (offset, data) in enumerate(log):
        cut = hdf5_file.PAGE - offset % hdf5_file.PAGE
        if cut < len(data):
            before = bytes(image)
            apply(offset, data[:cut])
            yield number, bytes(image)
            image[:] = before
        apply(offset, data)
        yield number, bytes(image)


def assert_sound(image, least):
    """Read a file with three libraries; return how many frames are in it."""
    with h5py.File(io.BytesIO(image)) as file:
        frames, ledger = file["frames"][:], {k: v[:] for k, v in file["ledger"].items()}
        assert file["frames"].id.get_num_chunks() >= len(frames)
    with tables.open_file(
        "image.h5", driver="H5FD_CORE", driver_core_image=image, driver_core_backing_store=0
    ) as file:
        assert np.array_equal(file.root.frames[:], frames)
        state = str(file.root.about._v_attrs.state)
        assert file.root.about._v_attrs.subject == "M12"
        assert file.root.about.config.size._v_attrs.i0 == 8
        assert np.array_equal(file.root.ledger.grab[:], ledger["grab"])
    rows = len(ledger["grab"])
    assert all(len(column) == rows for column in ledger.values())
    assert np.array_equal(ledger["grab"], np.arange(rows))
    there = ledger["status"] == 0
    assert np.array_equal(ledger["frame"][there], np.arange(len(frames)))
    assert (ledger["frame"][~there] == -1).all()
    assert np.array_equal(frames, FRAMES[ledger["grab"][there]])
    assert [xxhash.xxh3_64_intdigest(frame.data) for frame in frames] == list(
        ledger["xxh3_64"][there]
    )
    assert len(frames) >= least, "frames that were safe are gone"
    return len(frames), state


@pytest.mark.parametrize(
    "step",
    [pytest.param(13, id="some"), pytest.param(1, id="all", marks=pytest.mark.slow)],
)
def test_a_kill_between_or_within_any_two_writes(tmp_path, monkeypatch, step):
    with disk_of(monkeypatch) as disk:
        record(tmp_path)
    opened = next(i for i, (offset, _) in enumerate(disk.log) if offset == 0 and _) + 1
    safe, states = 0, set()
    for number, (index, image) in enumerate(states_of(disk.log)):
        if index < opened:
            continue  # before the first page there is no recording yet
        if number % step and index < len(disk.log) - 3:
            continue
        safe, state = assert_sound(image, safe)
        states.add(state)
    assert safe == sum(grab % 11 != 10 for grab in range(len(FRAMES)))
    assert states == {"recording", "complete"}
    assert image == (tmp_path / "top.h5").read_bytes()


def accountant(path, report):
    image = path.read_bytes()
    count, state = assert_sound(image, report.written)
    assert count == report.written
    with h5py.File(io.BytesIO(image)) as file:
        status = file["ledger/status"][:]
        notes = file["ledger/note"][:]
    return state, status, notes


@pytest.mark.parametrize(
    ("error", "for_ever", "step"),
    [
        pytest.param(errno.ENOSPC, True, 53, id="full for ever, some"),
        pytest.param(errno.EIO, False, 53, id="broken once, some"),
        pytest.param(errno.ENOSPC, False, 1, id="full once, all", marks=pytest.mark.slow),
        pytest.param(errno.ENOSPC, True, 1, id="full for ever, all", marks=pytest.mark.slow),
        pytest.param(errno.EIO, False, 1, id="broken once, all", marks=pytest.mark.slow),
        pytest.param(errno.EIO, True, 1, id="broken for ever, all", marks=pytest.mark.slow),
    ],
)
def test_the_nth_write_fails(tmp_path, monkeypatch, error, for_ever, step):
    with disk_of(monkeypatch) as whole:
        record(tmp_path)
    (tmp_path / "top.h5").unlink()
    for number in range(for_ever + 1, whole.count + 1, step):
        fails = (lambda n, at=number: n >= at) if for_ever else (lambda n, at=number: n == at)
        with disk_of(monkeypatch, fails=fails, error=error):
            try:
                offered, writer, report = record(tmp_path)
            except (NoSpace, WriterError):
                assert not list(tmp_path.iterdir()), "nothing is left behind"
                continue
        told = report.error or report.unfinished
        assert told or (report.written, report.lost) == (writer._handed, 0)
        if told:
            kind = NoSpace if error == errno.ENOSPC else WriterError
            assert isinstance(report.unfinished or writer._failure, kind)
        state, status, notes = accountant(tmp_path / "top.h5", report)
        if report.unfinished is None:
            assert state == "complete"
            assert (status == 0).sum() == report.written
            assert writer._handed == report.written + report.lost
            assert len(status) == offered  # each has a row, also the one that was refused
            why = {b"overflow", b"no_space" if error == errno.ENOSPC else b"encoder_died"}
            assert set(notes[status == 1]) <= why
        (tmp_path / "top.h5").unlink()
