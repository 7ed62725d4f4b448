"""The ring: what it lends, refuses, passes on and shows."""

import gc
import re
import struct
import sys
import threading
import time
import weakref

import numpy as np
import pytest

from recorder.errors import BufferFull, ConfigError
from recorder.frame import FrameSpec, FrameStamp
from recorder.layout import slots_in
from recorder.pipeline.memory import allocate
from recorder.pipeline.ring import (
    MAX_MISSED,
    MAX_SLOTS,
    WARM_SLOTS,
    Ring,
)
from recorder.pipeline.view import RingView

SPEC = FrameSpec(6, 4, "gray8")
SHAPES = [(1, 1), (1, 7), (7, 1), (37, 53), (64, 64), (64, 65), (4097, 1)]
FORMATS = ["gray8", "gray16", "bgr8"]


class PlainBlock:
    """Bytes that nobody shares."""

    handle = 0

    def __init__(self, nbytes):
        self.buf = memoryview(bytearray(nbytes))

    def close(self):
        pass


class HookedArray(np.ndarray):
    """A target for copies that does something right after each of its first `times` copies."""

    def __array_function__(self, func, types, args, kwargs):
        func(self.view(np.ndarray), *args[1:], **kwargs)
        self.copies += 1
        if self.copies <= self.times:
            self.hook()


def hooked(hook, times=1, spec=SPEC):
    array = np.zeros(spec.shape, spec.dtype).view(HookedArray)
    array.hook, array.times, array.copies = hook, times, 0
    return array


def make_ring(when_full="drop", slots=4, spec=SPEC):
    return Ring(PlainBlock(2**20), spec, when_full, slots)


def stamp(grab, **changes):
    return FrameStamp(grab * 1000, grab * 1000 + 7, grab=grab)._replace(**changes)


def put(ring, grab):
    """Fill and commit one frame; return whether there was room."""
    slot = ring.reserve()
    if slot is not None:
        slot.frame.fill(grab % 251)
        assert ring.commit(slot, stamp(grab))
    return slot is not None


def pull(ring):
    """Take and give back one entry; return (grab, status, first sample or None)."""
    entry = ring.take(0)
    if entry is None:
        return None
    if entry.slot is None:
        return entry.stamp.grab, entry.status, None
    sample = int(entry.slot.frame.flat[0])
    ring.give_back(entry.slot)
    return entry.stamp.grab, entry.status, sample


def start(target):
    """Start a thread; return it once it waits for a lock or event, or has ended."""
    thread = threading.Thread(target=target, daemon=True)
    thread.start()
    deadline = time.monotonic() + 30
    while thread.is_alive() and time.monotonic() < deadline:
        frame = sys._current_frames().get(thread.ident)
        if frame is not None and frame.f_code.co_filename == threading.__file__:
            break
        time.sleep(0)
    return thread


# -- cutting ------------------------------------------------------------------------------------


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("size", SHAPES, ids=str)
def test_slots_are_frames_that_share_no_byte(size, pixel_format):
    spec = FrameSpec(*size, pixel_format)
    ring = make_ring(slots=5, spec=spec)
    slots = [ring.reserve() for _ in range(5)]
    for slot in slots:
        assert spec.fits(slot.frame)
        assert slot.frame.flags.c_contiguous
        assert slot.frame.flags.aligned
    for value, slot in enumerate(slots):
        slot.frame.fill(value + 1)
    for value, slot in enumerate(slots):
        assert (slot.frame == value + 1).all()
        assert ring.commit(slot, stamp(value))
    look = ring.newest()
    assert (look.frame == 5).all()
    assert look.stamp.grab == 4


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("size", [*SHAPES, (1618, 1237)], ids=str)
def test_four_frames_fit_where_slots_in_says_so_and_not_a_byte_less(size, pixel_format):
    spec = FrameSpec(*size, pixel_format)
    with pytest.raises(ConfigError) as error:
        Ring(PlainBlock(8192), spec)
    megabytes = int(re.search(r"buffer.memory to (\d+)MiB or more", str(error.value))[1])
    low, high = 0, megabytes * 2**20
    assert slots_in(high, spec) >= 4  # what the message says is enough
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if slots_in(middle, spec) >= 4 else (middle, high)
    ring = Ring(PlainBlock(high), spec)
    assert ring.slots == 4
    last = [ring.reserve() for _ in range(4)][-1]
    last.frame.fill(1)
    with pytest.raises(ConfigError, match="hold 3 frames"):
        Ring(PlainBlock(low), spec)


def test_too_little_memory_is_said_with_value_limit_and_remedy():
    with pytest.raises(ConfigError) as error:
        Ring(PlainBlock(2**20), FrameSpec(1920, 1080, "bgr8", 30.0))
    assert str(error.value) == (
        "1MiB hold 0 frames of 6220800 bytes (1920x1080 bgr8); "
        "at least 4 are needed: set buffer.memory to 24MiB or more"
    )


def test_tiny_frames_do_not_make_millions_of_slots():
    ring = Ring(PlainBlock(80 * 2**20), FrameSpec(1, 1, "gray8"))
    assert ring.slots == MAX_SLOTS
    for grab in range(MAX_SLOTS):
        assert put(ring, grab)
    assert not put(ring, MAX_SLOTS)
    assert ring.fill == 1
    for grab in range(MAX_SLOTS):
        assert pull(ring) == (grab, "written", grab % 251)


# -- when it is full ----------------------------------------------------------------------------


def test_drop_refuses_the_new_frame_and_keeps_the_old_ones():
    ring = make_ring("drop")
    assert [put(ring, grab) for grab in range(6)] == [True] * 4 + [False] * 2
    assert [pull(ring) for _ in range(5)] == [*[(g, "written", g) for g in range(4)], None]


def test_stop_raises_with_the_remedy_and_keeps_the_old_frames():
    ring = make_ring("stop")
    for grab in range(4):
        assert put(ring, grab)
    for _ in range(2):
        with pytest.raises(BufferFull, match=r"all 4 frames.*when_full is stop; raise"):
            ring.reserve()
    assert [pull(ring) for _ in range(5)] == [*[(g, "written", g) for g in range(4)], None]
    assert put(ring, 4)


def test_wait_blocks_until_a_slot_is_given_back():
    ring = make_ring("wait")
    for grab in range(4):
        assert put(ring, grab)
    entry = ring.take(0)
    got = []
    thread = start(lambda: got.append(ring.reserve()))
    assert thread.is_alive()  # taken is not enough: the writer still holds it
    ring.give_back(entry.slot)
    thread.join(30)
    assert got == [entry.slot]


@pytest.mark.parametrize("when_full", ["drop", "wait", "stop"])
def test_a_slot_that_somebody_holds_is_never_lent_again(when_full):
    ring = make_ring(when_full, slots=5)
    for grab in range(3):
        put(ring, grab)
    held = [ring.take(0).slot for _ in range(3)]
    lent = [ring.reserve() for _ in range(2)]
    assert len({slot.index for slot in held + lent}) == 5
    for slot in lent:
        slot.frame.fill(99)
    assert [int(slot.frame[0, 0]) for slot in held] == [0, 1, 2]


# -- order --------------------------------------------------------------------------------------


def test_frames_and_rows_without_frames_come_in_the_order_of_their_grabs():
    ring = make_ring(slots=8)
    assert ring.miss(stamp(0), "bad", "bad_read")
    put(ring, 1)
    put(ring, 2)
    assert ring.miss(stamp(3), "dropped", "overflow")
    put(ring, 4)
    assert [pull(ring) for _ in range(6)] == [
        (0, "bad", None),
        (1, "written", 1),
        (2, "written", 2),
        (3, "dropped", None),
        (4, "written", 4),
        None,
    ]


def test_a_row_carries_its_stamp_status_and_note():
    ring = make_ring()
    ring.miss(stamp(5, take=2), "dropped", "overflow")
    assert ring.take(0) == (stamp(5, take=2), None, "dropped", "overflow")


def test_the_order_is_that_of_commits_if_several_slots_are_being_filled():
    ring = make_ring()
    first, second = ring.reserve(), ring.reserve()
    ring.commit(second, stamp(0))
    ring.commit(first, stamp(1))
    assert [ring.take(0).slot for _ in range(2)] == [second, first]


def test_a_cancelled_slot_is_free_again_and_leaves_no_trace():
    ring = make_ring()
    for _ in range(9):
        ring.cancel(ring.reserve())
    assert ring.is_empty
    assert ring.take(0) is None
    assert ring.newest() is None
    assert len({ring.reserve().index for _ in range(4)}) == 4
    assert ring.reserve() is None


def test_accepted_counts_what_was_handed_on():
    ring = make_ring()
    put(ring, 0)
    ring.miss(stamp(1), "bad", "bad_read")
    slot = ring.reserve()
    ring.cancel(ring.reserve())
    ring.close()
    ring.commit(slot, stamp(2))
    ring.miss(stamp(3), "bad", "bad_read")
    assert ring.accepted == 2


def test_rows_for_a_stuck_writer_are_bounded():
    ring = make_ring()
    put(ring, 0)
    for grab in range(MAX_MISSED):
        ring.miss(stamp(grab), "dropped", "overflow")
    with pytest.raises(BufferFull, match=f"stuck and {MAX_MISSED} frames"):
        ring.miss(stamp(1), "dropped", "overflow")
    assert ring.accepted == MAX_MISSED + 1
    ring.give_back(ring.take(0).slot)  # a frame makes no room for a row
    with pytest.raises(BufferFull):
        ring.miss(stamp(1), "dropped", "overflow")
    ring.take(0)
    assert ring.miss(stamp(1), "dropped", "overflow")


# -- taking, the end ----------------------------------------------------------------------------


def test_take_does_not_wait_longer_than_asked():
    ring = make_ring()
    assert ring.take(0) is None
    assert ring.take(0.001) is None


@pytest.mark.parametrize(
    ("act", "status"),
    [
        (lambda ring: put(ring, 3), "written"),
        (lambda ring: ring.miss(stamp(3), "bad", ""), "bad"),
        (lambda ring: ring.close(), None),
    ],
    ids=["frame", "row", "close"],
)
def test_a_waiting_writer_wakes_up(act, status):
    ring = make_ring()
    got = []
    thread = start(lambda: got.append(ring.take(100)))
    act(ring)
    thread.join(30)
    assert [entry and entry.status for entry in got] == [status]


@pytest.mark.parametrize("when_full", ["drop", "wait", "stop"])
@pytest.mark.parametrize("filled", [0, 3, 4])
def test_nothing_is_accepted_after_close_and_what_was_there_can_be_taken(when_full, filled):
    ring = make_ring(when_full, slots=5)
    for grab in range(filled):
        put(ring, grab)
    slot = ring.reserve()
    newest = ring.newest()
    for _ in range(2):
        ring.close()
    assert ring.reserve() is None
    assert ring.commit(slot, stamp(filled)) is False
    assert ring.miss(stamp(filled), "bad", "bad_read") is False
    assert ring.drained == (filled == 0)
    for grab in range(filled):
        assert not ring.drained
        assert pull(ring) == (grab, "written", grab)
    assert ring.drained
    assert ring.take(100) is None  # does not wait: nothing will come
    assert (ring.newest() and ring.newest().sequence) == (newest and newest.sequence)


def test_close_wakes_a_camera_that_waits_for_room():
    ring = make_ring("wait")
    for grab in range(4):
        put(ring, grab)
    got = []
    thread = start(lambda: got.append(ring.reserve()))
    assert thread.is_alive()
    ring.close()
    thread.join(30)
    assert got == [None]


def test_drained_needs_both_an_end_and_nothing_left():
    ring = make_ring()
    assert not ring.drained
    ring.close()
    assert ring.drained


def test_fill_is_the_share_of_frames_not_taken_yet():
    ring = make_ring()
    fills = [ring.fill]
    for act in (
        lambda: put(ring, 0),
        lambda: ring.miss(stamp(1), "bad", "bad_read"),  # takes no slot
        lambda: put(ring, 2),
        lambda: ring.take(0),
        lambda: ring.take(0),
        lambda: ring.take(0),
    ):
        act()
        fills.append(ring.fill)
    assert fills == [0, 0.25, 0.25, 0.5, 0.25, 0.25, 0]


# -- few slots as long as few will do -------------------------------------------------------------


def slots_used(ring, frames):
    """The slots that a writer which keeps up sees."""
    used = set()
    for grab in range(frames):
        put(ring, grab)
        entry = ring.take(0)
        used.add(entry.slot.index)
        ring.give_back(entry.slot)
    return used


def test_only_the_warm_slots_are_used_while_the_writer_keeps_up():
    ring = make_ring(slots=30)
    assert len(slots_used(ring, 100)) == WARM_SLOTS


def test_a_backlog_uses_all_slots_and_then_few_again():
    ring = make_ring(slots=30)
    for _ in range(3):
        backlog = {ring.reserve().index for _ in range(30)}
        assert len(backlog) == 30
        assert ring.reserve() is None
        for index in backlog:
            ring.give_back(ring._slots[index])
        assert len(slots_used(ring, 100)) == WARM_SLOTS


# -- looking --------------------------------------------------------------------------------------


def test_a_view_of_memory_that_is_not_cut_yet_sees_nothing():
    block = PlainBlock(2**20)
    view = RingView(block)
    assert view.spec is None
    assert view.newest() is None
    ring = Ring(block, SPEC)
    assert view.spec == SPEC
    assert view.newest() is None
    put(ring, 0)
    assert view.newest().sequence == 1


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("size", SHAPES, ids=str)
def test_a_view_copies_the_newest_frame_exactly(size, pixel_format):
    spec = FrameSpec(*size, pixel_format, 30.0)
    block = PlainBlock(2**20)
    ring, view = Ring(block, spec, max_slots=4), RingView(block)
    random = np.random.default_rng(1)
    pictures = [random.integers(0, 256, spec.shape).astype(spec.dtype) for _ in range(3)]
    for grab, picture in enumerate(pictures):
        slot = ring.reserve()
        slot.frame[...] = picture
        ring.commit(slot, stamp(grab))
    look = view.newest()
    assert view.spec == spec.with_fps(None)
    assert spec.fits(look.frame)
    np.testing.assert_array_equal(look.frame, pictures[2])
    assert look.sequence == 3


@pytest.mark.parametrize(
    "given",
    [
        FrameStamp(1, 2, None, 3, 4, 5),
        FrameStamp(2**63 - 1, 2**63 - 1, 1e300, 2**62, 2**31, 2**64 - 1),
        FrameStamp(0, -1, 0.0, 0, 0, 0),
        FrameStamp(7, 8, -0.1, 9, 1, 2**63),
    ],
)
def test_a_look_carries_the_frames_stamp(given):
    ring = make_ring()
    ring.commit(ring.reserve(), given)
    assert ring.newest().stamp == given


def test_a_camera_time_that_is_no_number_is_none():
    ring = make_ring()
    ring.commit(ring.reserve(), stamp(0, t_camera_ms=float("nan")))
    assert ring.newest().stamp.t_camera_ms is None


def test_a_look_is_a_copy_and_takes_nothing_away():
    ring = make_ring()
    put(ring, 7)
    look = ring.newest()
    assert ring.newest().sequence == look.sequence
    entry = ring.take(0)
    entry.slot.frame.fill(200)
    assert (look.frame == 7).all()
    look.frame.fill(100)
    assert (entry.slot.frame == 200).all()


def test_a_look_goes_into_the_array_given():
    ring = make_ring()
    put(ring, 7)
    out = np.zeros(SPEC.shape, np.uint8)
    assert ring.newest(out=out).frame is out
    assert (out == 7).all()


def test_a_viewer_is_not_given_what_it_has():
    ring = make_ring()
    put(ring, 0)
    first = ring.newest()
    assert ring.newest(after=first.sequence) is None
    put(ring, 1)
    assert ring.newest(after=first.sequence).sequence == first.sequence + 1


def test_the_newest_frame_can_be_seen_when_it_is_written_and_when_the_ring_is_closed():
    ring = make_ring()
    put(ring, 5)
    pull(ring)
    ring.close()
    assert (ring.newest().frame == 5).all()


def test_whoever_still_looks_or_fills_when_the_memory_is_given_back_does_no_harm():
    block = allocate(2**20)
    ring, late_view = Ring(block, SPEC, max_slots=4), RingView(block)
    put(ring, 5)
    slot = ring.reserve()
    block.close()
    slot.frame.fill(6)  # a driver that comes back too late
    for view in (ring, late_view):
        assert (view.newest().frame == 5).all()
    assert ring.commit(slot, stamp(6))
    assert (late_view.newest().frame == 6).all()


def test_frames_that_fail_do_not_hide_the_newest_one():
    ring = make_ring()
    put(ring, 5)
    pull(ring)
    for _ in range(10):
        slot = ring.reserve()
        slot.frame.fill(255)
        ring.cancel(slot)
        assert (ring.newest().frame == 5).all()


# -- torn copies ----------------------------------------------------------------------------------


def refill(ring, grabs):
    """Overtake a viewer: go once around all slots."""

    def go():
        for grab in grabs:
            put(ring, grab)
            pull(ring)

    return go


def seen(out):
    return set(np.unique(out.view(np.ndarray)).tolist())


def test_a_copy_overtaken_once_is_thrown_away_for_the_newer_frame():
    ring = make_ring()
    refill(ring, [1])()
    out = hooked(refill(ring, range(10, 14)))
    look = ring.newest(out=out)
    assert out.copies == 2
    assert (look.stamp.grab, look.sequence, seen(look.frame)) == (13, 5, {13})


def test_a_copy_overtaken_again_and_again_is_not_shown():
    ring = make_ring()
    refill(ring, [1])()
    out = hooked(refill(ring, range(10, 14)), times=99)
    assert ring.newest(out=out) is None
    assert out.copies == 3
    assert (ring.newest().frame == 13).all()


def test_a_copy_whose_slot_is_being_filled_is_not_shown():
    ring = make_ring()
    refill(ring, [1])()
    out = hooked(lambda: [ring.reserve() for _ in range(4)])
    assert ring.newest(out=out) is None
    assert out.copies == 1


def test_a_slot_is_marked_before_anybody_may_fill_it():
    ring = make_ring()
    refill(ring, [1])()
    lent = [ring.reserve() for _ in range(4)]
    assert ring.newest() is None  # though its bytes are still those of frame 1
    ring.cancel(lent[0])
    assert ring.newest() is None


@pytest.mark.parametrize("written", ["index", "nothing"])
def test_a_look_between_the_steps_of_a_commit_never_mixes_two_frames(written):
    """The header names a slot and a number that do not belong together, as seen half written."""
    block = PlainBlock(2**20)
    ring, view = Ring(block, SPEC, max_slots=4), RingView(block)
    put(ring, 1)
    before = bytes(block.buf[8:24])
    put(ring, 2)
    sequence, index = struct.unpack("@QQ", before)
    if written == "index":  # the new index beside the old number
        index = struct.unpack("@QQ", block.buf[8:24])[1]
    struct.pack_into("@QQ", block.buf, 8, sequence, index)
    look = view.newest()
    if written == "index":
        assert look is None
    else:
        assert (look.stamp.grab, seen(look.frame)) == (1, {1})


def test_letting_go_frees_the_memory_and_leaves_viewers_with_nothing():
    block = allocate(2**20)
    ring = Ring(block, SPEC)
    slot = ring.reserve()
    slot.frame.fill(7)
    ring.commit(slot, FrameStamp(1, 2))
    del slot
    mapped = weakref.ref(block.buf.obj)
    ring.let_go()
    assert ring.newest() is None
    assert ring.reserve() is None
    assert ring.slots > 0
    ring.take(0)
    block.close()
    del block
    gc.collect()
    assert mapped() is None
