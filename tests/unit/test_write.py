"""The writer thread: into which file a row goes if one cannot become larger."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from recorder.errors import FileTooLarge
from recorder.frame import FrameSpec, FrameStamp
from recorder.pipeline.ring import Entry
from recorder.pipeline.take import Take
from recorder.pipeline.write import MAX_DEATHS, Writing
from recorder.writers import video
from recorder.writers.base import WriteReport
from recorder.writers.codecs import choose


class Small:
    """A file whose ledger holds so many rows."""

    bytes_at_most = 0

    def __init__(self, room, bytes_on_disk):
        self.room, self.bytes_on_disk, self.rows = room, bytes_on_disk, []

    def skip(self, stamp, status, note):
        if len(self.rows) >= self.room:
            raise FileTooLarge("full")
        self.rows.append(stamp.grab)

    def sync(self):
        pass

    def close(self, reason):
        return WriteReport((), 0)


def skipped(files, rows):
    """Have rows written of frames that came to nothing; return the take and what was said."""
    take, said, coming = Take(1, None, datetime(2026, 11, 22, tzinfo=UTC)), [], iter(files)
    ring = SimpleNamespace(spec=FrameSpec(8, 6, "gray8", 100.0))
    said = []
    writing = Writing(
        ring, {1: take}, lambda *_: next(coming), lambda: 1, lambda *why: said.append(why[0])
    )
    for grab in range(rows):
        writing._handle(Entry(FrameStamp(grab, grab, None, grab, 1), None, "bad", "bad_read"))
    writing.give_up()
    return take, said


@pytest.mark.parametrize("size", [1600, 0])
def test_a_row_for_which_a_ledger_has_no_room_is_in_the_next_file(size):
    files = [Small(3, size), Small(9, 0)]
    take, said = skipped(files, 5)
    assert [file.rows for file in files] == [[0, 1, 2], [3, 4]]
    assert (said, take.errors) == ([], [])
    # Of a file that is not seen, nothing is known of how large one can become.
    assert take.largest == (1500 if size else None)


def test_a_disk_that_takes_no_row_in_any_file_ends_the_recording():
    files = [Small(0, 0) for _ in range(MAX_DEATHS + 2)]
    take, said = skipped(files, 1)
    assert said == ["writer_failed"]
    assert len(take.errors) == 1


def test_a_file_with_times_of_its_own_counts_on_the_quickest_frames(tmp_path):
    spec, sizes = FrameSpec(640, 480, "gray8", 1.0), {}
    for times in ("measured", "own"):
        writer = video.VideoWriter(tmp_path / times, choose("auto", "gray8"), {"times": times})
        writer.open(spec)
        sizes[times] = writer._cluster_bytes
        writer.close("requested")
    assert sizes["own"] > 2 * sizes["measured"]
