"""Before which frame the next file of a recording begins."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.config import parse_segment
from recorder.frame import FrameStamp
from recorder.pipeline.seams import Seams

FIRST_NS = 5_000_000_000
FPS = 50
PERIOD_NS = 10**9 // FPS


class Growing:
    """A file that grows by so much a frame."""

    def __init__(self) -> None:
        self.bytes_on_disk = 0
        self.bytes_at_most = 0


def stamp_of(grab: int, trembling_ns: int = 0) -> FrameStamp:
    return FrameStamp(FIRST_NS + grab * PERIOD_NS + trembling_ns, 0, None, grab, 1)


def cut(
    segment: str | None,
    stamps: Iterable[FrameStamp],
    nbytes: int = 0,
    largest: int | None = None,
) -> list[list[int]]:
    """Return the frames of each file; five of them are still on their way into it."""
    wanted = None if segment is None else parse_segment(segment)
    seams, file, files = Seams(wanted, largest), Growing(), [[]]
    for stamp in stamps:
        place = stamp, FIRST_NS, PERIOD_NS
        if seams.lies_before(*place, file):
            files.append([])
            file = Growing()
            seams.begin(*place)
        files[-1].append(stamp.grab)
        file.bytes_on_disk += nbytes
        file.bytes_at_most = file.bytes_on_disk + 6 * nbytes
    return files


def test_without_segments_there_is_one_file() -> None:
    seams = Seams(None)
    assert not any(
        seams.lies_before(stamp_of(grab), FIRST_NS, 0, Growing()) for grab in range(1000)
    )


@pytest.mark.parametrize("segment", ["2s", "100 frames"])
def test_every_frame_is_in_one_file_and_each_has_its_share(segment: str) -> None:
    files = cut(segment, map(stamp_of, range(350)))
    assert files == [[*range(at, min(at + 100, 350))] for at in range(0, 350, 100)]


@settings(max_examples=25)  # of 300 numbers each
@given(st.lists(st.integers(-PERIOD_NS // 3, PERIOD_NS // 3), min_size=300, max_size=300))
def test_clocks_that_tremble_move_no_frame(trembling: list[int]) -> None:
    trembling[0] = 0  # the first frame is what the others are measured by
    stamps = [stamp_of(grab, by) for grab, by in enumerate(trembling)]
    assert [len(file) for file in cut("2s", stamps)] == [100, 100, 100]


def test_a_file_begins_where_it_would_have_begun_without_a_restart() -> None:
    """The second file is begun in its middle, by a new process."""
    both = [[*range(130, 200)], [*range(200, 250)]]
    assert cut("100 frames", map(stamp_of, range(130, 250))) == both
    assert cut("2s", map(stamp_of, range(130, 250))) == both


def test_frames_that_were_dropped_at_a_seam_do_not_hide_it() -> None:
    stamps = [stamp_of(grab) for grab in range(300) if not 90 <= grab < 120]
    assert [file[0] for file in cut("2s", stamps)] == [0, 120, 200]
    assert [file[0] for file in cut("100 frames", stamps)] == [0, 120, 200]


def test_a_gap_of_several_segments_makes_one_file() -> None:
    stamps = [stamp_of(grab) for grab in (*range(50), *range(1000, 1050))]
    assert [len(file) for file in cut("2s", stamps)] == [50, 50]


@pytest.mark.parametrize("nbytes", [10_000, 100_000, 400_000])
def test_a_file_of_a_size_stays_below_it_by_what_is_on_its_way(nbytes: int) -> None:
    files = cut("32MiB", map(stamp_of, range(20_000)), nbytes)
    assert sum(map(len, files)) == 20_000
    for file in files[:-1]:
        assert 2**25 - FPS * nbytes <= len(file) * nbytes < 2**25


def test_a_file_of_a_size_lasts_a_second_whatever_it_holds() -> None:
    assert [len(file) for file in cut("1MiB", map(stamp_of, range(200)), 2**20)] == [50, 50, 50, 50]


def test_a_file_that_cannot_be_begun_is_tried_again_after_a_second() -> None:
    seams, tried = Seams(parse_segment("100 frames")), []
    for grab in range(320):
        place = stamp_of(grab), FIRST_NS, PERIOD_NS
        if seams.lies_before(*place, Growing()):
            tried.append(grab)
            seams.postpone(stamp_of(grab))
    assert tried == [100, 150, 200, 250, 300]


# -- a disk with a limit --------------------------------------------------------------------------

STAMPS = [stamp_of(grab) for grab in range(250)]


@pytest.mark.parametrize("segment", [None, "1h", "1000000 frames", "1GiB"])
def test_a_file_ends_before_the_disks_limit_whatever_was_asked_for(segment: str | None) -> None:
    """From its first second on: a limit does not wait until a rate is known."""
    files = cut(segment, STAMPS, nbytes=1000, largest=26_000)
    assert files == [[*range(at, at + 21)[: 250 - at]] for at in range(0, 250, 21)]


def test_a_smaller_segment_is_what_it_would_be_without_the_limit() -> None:
    for segment in ("1s", "30 frames"):
        assert cut(segment, STAMPS, 1000, 60_000) == cut(segment, STAMPS, 1000)


def test_segments_begin_where_they_would_also_after_a_file_that_the_limit_ended() -> None:
    files = cut("100 frames", STAMPS, 1000, 76_000)
    assert [file[0] for file in files] == [0, 71, 100, 171, 200]


def test_a_limit_that_one_frame_exceeds_still_gives_each_file_a_frame() -> None:
    assert cut(None, STAMPS[:5], nbytes=1000, largest=1) == [[0], [1], [2], [3], [4]]


def test_a_file_at_its_limit_is_tried_again_after_a_second() -> None:
    seams, file, tried = Seams(None, 10), Growing(), []
    file.bytes_at_most = 11
    for stamp in STAMPS:
        if seams.lies_before(stamp, FIRST_NS, PERIOD_NS, file):
            tried.append(stamp.grab)
            seams.postpone(stamp)
    assert tried == [1, 51, 101, 151, 201]
