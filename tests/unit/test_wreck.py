"""What is known of a recording whose process died: read from the ring it worked in."""

import pytest

from recorder.errors import BufferFull
from recorder.frame import FrameSpec, FrameStamp
from recorder.layout import HISTORY_LENGTH
from recorder.pipeline.ring import Ring
from recorder.rig.wreck import Progress, progress_in, stamps_in

SPEC = FrameSpec(6, 4, "gray8")
SLOTS = 8


class PlainBlock:
    """Bytes that nobody shares."""

    handle = 0

    def __init__(self, nbytes=2**20):
        self.buf = memoryview(bytearray(nbytes))

    def close(self):
        pass


def stamp_of(grab, take=1, camera_ms=None):
    return FrameStamp(10**9 + grab * 1000, 10**18 + grab * 1000, camera_ms, grab, take)


class Process:
    """What a camera's process does to a ring, up to the moment it dies."""

    def __init__(self, block, slots=SLOTS):
        self.ring = Ring(block, SPEC, "drop", slots)

    def grab(self, grab, take=1, camera_ms=None, written=True):
        stamp = stamp_of(grab, take, camera_ms)
        slot = self.ring.reserve()
        if slot is None:
            self.ring.miss(stamp, "dropped", "overflow")
        else:
            self.ring.commit(slot, stamp._replace(xxh3_64=grab + 1))
        first, last = stamp_of(0, take), stamp_of(grab, take)
        self.ring.progress(take, grab + 1, first.t_mono_ns, last.t_mono_ns, last.t_utc_ns)
        entry = self.ring.take(0) if written else None
        if entry is not None and entry.slot is not None:
            self.ring.give_back(entry.slot)

    def grabs(self, count, **options):
        for grab in range(count):
            self.grab(grab, **options)


def found_in(block):
    return stamps_in(block, progress_in(block))


@pytest.fixture
def block():
    return PlainBlock()


def test_of_a_process_that_never_came_to_its_ring_nothing_is_known(block):
    assert progress_in(block) == Progress(0, 0, 0, 0, 0)
    assert found_in(block) == []


def test_of_a_preview_nothing_is_kept(block):
    process = Process(block)
    for _ in range(3):
        slot = process.ring.reserve()
        process.ring.commit(slot, FrameStamp(1, 2))
    assert progress_in(block).take == progress_in(block).grabbed == 0
    assert found_in(block) == []


def test_how_far_a_recording_had_come(block):
    Process(block).grabs(5, take=3)
    last = stamp_of(4)
    first_ns = stamp_of(0).t_mono_ns
    assert progress_in(block) == Progress(3, 5, first_ns, last.t_mono_ns, last.t_utc_ns)


@pytest.mark.parametrize("count", [1, 2, SLOTS, SLOTS + 1, 100, HISTORY_LENGTH])
def test_every_grab_has_its_stamp(block, count):
    Process(block).grabs(count)
    assert found_in(block) == [stamp_of(grab) for grab in range(count)]


@pytest.mark.parametrize("more", [1, 7, HISTORY_LENGTH, 3 * HISTORY_LENGTH + 5])
def test_of_a_long_recording_the_last_grabs_are_known(block, more):
    count = HISTORY_LENGTH + more
    Process(block).grabs(count)
    assert found_in(block) == [stamp_of(grab) for grab in range(more, count)]


def test_frames_without_a_picture_are_known_too(block):
    Process(block, slots=4).grabs(20, written=False)
    assert found_in(block) == [stamp_of(grab) for grab in range(20)]


def test_the_cameras_own_time_is_in_the_slots(block):
    process = Process(block)
    for grab in range(3):
        process.grab(grab, camera_ms=grab * 0.5, written=False)
    assert [stamp.t_camera_ms for stamp in found_in(block)] == [0.0, 0.5, 1.0]


def test_a_ring_that_is_longer_than_the_history_knows_more():
    slots = HISTORY_LENGTH + 200
    block = PlainBlock(2**23)
    Process(block, slots).grabs(HISTORY_LENGTH + 150, written=False)
    assert found_in(block) == [stamp_of(grab) for grab in range(HISTORY_LENGTH + 150)]


def test_another_recording_in_the_same_ring_is_not_mixed_in(block):
    process = Process(block)
    process.grabs(30, take=1)
    process.grabs(3, take=2)
    assert found_in(block) == [stamp_of(grab, 2) for grab in range(3)]


def test_a_ring_that_was_cut_anew_knows_nothing_of_the_process_before(block):
    Process(block).grabs(30)
    fresh = Process(block)
    assert found_in(block) == []
    fresh.grabs(2)
    assert found_in(block) == [stamp_of(grab) for grab in range(2)]


def test_a_process_that_dies_while_it_cuts_the_ring_leaves_no_nonsense(block):
    Process(block).grabs(3)
    block.buf[0:8] = bytes(8)  # the magic number goes first and comes last
    assert found_in(block) == []


def test_a_frame_that_was_being_filled_is_no_frame(block):
    process = Process(block)
    process.grabs(2)
    slot = process.ring.reserve()
    slot.frame.fill(99)
    assert [stamp.grab for stamp in found_in(block)] == [0, 1]


def test_a_grab_is_in_the_ring_a_moment_before_it_counts(block):
    process = Process(block)
    process.grabs(2)
    process.ring.commit(process.ring.reserve(), stamp_of(2))  # killed here
    assert progress_in(block).grabbed == 2
    assert [stamp.grab for stamp in found_in(block)][:2] == [0, 1]


def test_a_recording_that_goes_on_has_the_numbers_it_was_given(block):
    process = Process(block)
    for grab in range(500, 510):
        process.grab(grab)
    assert found_in(block)[-10:] == [stamp_of(grab) for grab in range(500, 510)]


def test_a_full_ring_that_stops_leaves_its_frames(block):
    ring = Ring(block, SPEC, "stop", 4)
    process = Process.__new__(Process)
    process.ring = ring
    process.grabs(4, written=False)
    with pytest.raises(BufferFull):
        ring.reserve()
    assert [stamp.grab for stamp in found_in(block)] == [0, 1, 2, 3]
