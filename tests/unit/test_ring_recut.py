"""A camera that is restarted cuts the same memory anew; whoever looks follows by itself."""

import os
import threading

import numpy as np
import pytest

from recorder.frame import FrameSpec, FrameStamp
from recorder.layout import GENERATION, GENERATION_AT
from recorder.pipeline.memory import allocate, attach
from recorder.pipeline.ring import Ring
from recorder.pipeline.view import RingView

SMALL = FrameSpec(6, 4, "gray8")
OTHERS = [FrameSpec(8, 8, "gray8"), FrameSpec(6, 4, "gray16"), FrameSpec(5, 3, "bgr8"), SMALL]
SLOTS = 4


class PlainBlock:
    """Bytes that nobody shares."""

    handle = 0

    def __init__(self, nbytes=2**18):
        self.buf = memoryview(bytearray(nbytes))

    def close(self):
        pass


class HookedArray(np.ndarray):
    """A target for copies that does something right after its first copy."""

    def __array_function__(self, func, types, args, kwargs):
        func(self.view(np.ndarray), *args[1:], **kwargs)
        hook, self.hook = self.hook, None
        if hook is not None:
            hook()


def hooked(spec, hook):
    array = np.zeros(spec.shape, spec.dtype).view(HookedArray)
    array.hook = hook
    return array


class Overtaken(RingView):
    """Has something happen once, right after it has looked how the memory is cut."""

    hook = None

    def _measure(self):
        known = super()._measure()
        hook, self.hook = self.hook, None
        if hook is not None:
            hook()
        return known


def put(ring, value):
    slot = ring.reserve()
    slot.frame.fill(value)
    assert ring.commit(slot, FrameStamp(value, value, grab=value))
    ring.give_back(ring.take(0).slot)


@pytest.fixture
def block():
    return PlainBlock()


def test_sequence_numbers_go_on(block):
    first = Ring(block, SMALL, max_slots=SLOTS)
    for value in range(1, 8):
        put(first, value)
    seen = first.newest()
    second = Ring(block, SMALL, max_slots=SLOTS)
    put(second, 100)
    assert (seen.sequence, second.newest().sequence) == (7, 8)
    assert second.newest(after=seen.sequence).stamp.grab == 100  # not taken for what it has


def test_they_go_on_over_restarts_without_any_frame(block):
    put(Ring(block, SMALL, max_slots=SLOTS), 1)
    for _ in range(5):
        Ring(block, SMALL, max_slots=SLOTS)
    last = Ring(block, SMALL, max_slots=SLOTS)
    put(last, 2)
    assert last.newest().sequence == 2


@pytest.mark.parametrize("spec", OTHERS)
def test_a_frame_of_the_process_before_is_never_shown(block, spec):
    put(Ring(block, SMALL, max_slots=SLOTS), 9)
    view = RingView(block)
    assert view.newest().frame.max() == 9
    fresh = Ring(block, spec, max_slots=SLOTS)
    for looker in (view, RingView(block), fresh):
        assert looker.newest() is None
        assert looker.newest(after=1) is None


@pytest.mark.parametrize("spec", OTHERS)
def test_a_view_follows_to_the_new_shape(block, spec):
    view = RingView(block)
    put(Ring(block, SMALL, max_slots=SLOTS), 9)
    assert view.newest().frame.shape == SMALL.shape
    put(Ring(block, spec, max_slots=2 * SLOTS), 17)
    look = view.newest()
    assert view.spec == spec
    assert (look.frame.shape, str(look.frame.dtype)) == (spec.shape, spec.dtype)
    assert np.all(look.frame == 17)
    assert look.stamp.grab == 17


@pytest.mark.parametrize("spec", OTHERS)
def test_an_array_for_the_old_shape_is_left_alone(block, spec):
    view = RingView(block)
    put(Ring(block, SMALL, max_slots=SLOTS), 9)
    out = np.zeros(SMALL.shape, SMALL.dtype)
    assert view.newest(out).frame is out
    put(Ring(block, spec, max_slots=SLOTS), 17)
    look = view.newest(out)
    assert np.all(look.frame == 17)
    if spec == SMALL:
        assert look.frame is out
    else:
        assert look.frame is not out
        assert np.all(out == 9)


@pytest.mark.parametrize("spec", OTHERS)
def test_a_copy_during_which_the_memory_is_cut_is_thrown_away(block, spec):
    view = RingView(block)
    put(Ring(block, SMALL, max_slots=SLOTS), 9)
    out = hooked(SMALL, lambda: Ring(block, spec, max_slots=SLOTS))
    assert view.newest(out) is None
    assert out.hook is None


def test_a_copy_during_which_the_camera_comes_back_shows_its_new_frame(block):
    view = RingView(block)
    put(Ring(block, SMALL, max_slots=SLOTS), 9)
    spec = OTHERS[0]
    look = view.newest(hooked(SMALL, lambda: put(Ring(block, spec, max_slots=SLOTS), 17)))
    assert look.frame.shape == spec.shape
    assert np.all(look.frame == 17)


@pytest.mark.parametrize("spec", OTHERS)
def test_memory_that_is_cut_before_the_copy_begins_is_looked_at_anew(block, spec):
    view = Overtaken(block)
    put(Ring(block, SMALL, max_slots=SLOTS), 9)
    assert view.newest() is not None
    view.hook = lambda: put(Ring(block, spec, max_slots=SLOTS), 17)
    look = view.newest()
    assert (look.frame.shape, str(look.frame.dtype)) == (spec.shape, spec.dtype)
    assert np.all(look.frame == 17)


def test_memory_that_is_being_cut_is_nobodys(block):
    view = RingView(block)
    put(Ring(block, SMALL, max_slots=SLOTS), 9)
    assert view.newest() is not None
    (generation,) = GENERATION.unpack_from(block.buf, GENERATION_AT)
    block.buf[0:8] = bytes(8)  # as a process leaves it that is killed between these two steps
    GENERATION.pack_into(block.buf, GENERATION_AT, generation + 1)
    assert view.newest() is None
    assert view.spec is None
    put(Ring(block, OTHERS[0], max_slots=SLOTS), 17)
    assert np.all(view.newest().frame == 17)


def test_the_old_ring_closes_without_harm_to_the_new_one(block):
    old = Ring(block, SMALL, max_slots=SLOTS)
    put(old, 9)
    new = Ring(block, SMALL, max_slots=SLOTS)
    put(new, 17)
    old.close()
    old.let_go()
    assert np.all(RingView(block).newest().frame == 17)
    put(new, 18)
    assert np.all(RingView(block).newest().frame == 18)


def test_watchers_of_shared_memory_see_whole_frames_of_the_present_shape_only():
    """One process after the other, frame after frame, while somebody looks as fast as it can."""
    block = allocate(2**16)
    watched = attach(_again(block.handle))
    view, torn, last, over = RingView(watched), [], [0], threading.Event()

    def watch():
        while not over.is_set():
            look = view.newest(after=last[0])
            if look is None:
                continue
            is_whole = np.all(look.frame == look.stamp.grab)
            if look.sequence <= last[0] or not is_whole:
                torn.append(look)
            last[0] = look.sequence

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for restart in range(40):
            ring = Ring(block, OTHERS[restart % len(OTHERS)], max_slots=SLOTS)
            for value in range(1, 50):
                put(ring, value)
            ring.let_go()
    finally:
        over.set()
        watcher.join()
    assert torn == []
    assert view.newest().sequence == 40 * 49
    watched.close()
    block.close()


def _again(handle):
    return os.dup(handle) if isinstance(handle, int) else handle
