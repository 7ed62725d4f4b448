"""The ring against a model that one can read: a list, and who holds which slot."""

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from recorder.errors import BufferFull
from recorder.frame import FrameSpec, FrameStamp
from recorder.pipeline.ring import Ring
from recorder.pipeline.view import RingView

SPECS = [FrameSpec(1, 1, "gray8"), FrameSpec(5, 3, "bgr8"), FrameSpec(3, 7, "gray16")]
PICK = st.integers(0, 10**6)


class PlainBlock:
    """Bytes that nobody shares."""

    handle = 0

    def __init__(self, nbytes):
        self.buf = memoryview(bytearray(nbytes))

    def close(self):
        pass


class RingAgainstAList(RuleBasedStateMachine):
    """Every slot is free, being filled, queued or being written; the queue is a list."""

    @initialize(
        when_full=st.sampled_from(["drop", "wait", "stop"]),
        slots=st.integers(4, 12),  # fewer and more than are kept warm
        spec=st.sampled_from(SPECS),
    )
    def cut(self, when_full, slots, spec):
        block = PlainBlock(2**18)
        self.view = RingView(block)
        assert self.view.newest() is None
        self.ring = Ring(block, spec, when_full, slots)
        self.when_full, self.slots, self.spec = when_full, slots, spec
        self.filling, self.queue, self.writing = [], [], []
        self.content = {}  # slot index: the value that all its samples have
        self.next = 0
        self.accepted = 0
        self.commits = 0
        self.newest = None  # (sequence, slot index, stamp, value) of the last commit
        self.newest_lent = False
        self.closed = False

    @property
    def free(self):
        queued = sum(slot is not None for _, slot, _ in self.queue)
        return self.slots - len(self.filling) - queued - len(self.writing)

    def number(self):
        self.next += 1
        return self.next

    # -- the camera ---------------------------------------------------------------------------

    @precondition(lambda self: self.when_full != "wait" or self.free or self.closed)
    @rule()
    def reserve(self):
        refuses = self.when_full == "stop" and not self.free and not self.closed
        try:
            slot = self.ring.reserve()
        except BufferFull:
            assert refuses
            return
        assert not refuses
        assert (slot is not None) == bool(self.free and not self.closed)
        if slot is not None:
            held = self.filling + self.writing + [s for _, s, _ in self.queue if s is not None]
            assert slot.index not in [other.index for other in held]
            self.content[slot.index] = self.number() % 251
            slot.frame.fill(self.content[slot.index])
            self.filling.append(slot)
            self.newest_lent |= self.newest is not None and self.newest[1] == slot.index

    @rule()
    def reserve_all(self):
        """As no camera does: the newest frame's slot, too, if nobody holds it."""
        while self.free and not self.closed:
            self.reserve()

    @precondition(lambda self: self.filling)
    @rule(pick=PICK)
    def commit(self, pick):
        slot = self.filling.pop(pick % len(self.filling))
        number = self.number()
        stamp = FrameStamp(number, number + 1, None, number, 1, number)
        assert self.ring.commit(slot, stamp) == (not self.closed)
        if not self.closed:
            self.commits += 1
            self.accepted += 1
            self.queue.append((stamp, slot, "written"))
            self.newest = (self.commits, slot.index, stamp, self.content[slot.index])
            self.newest_lent = False

    @precondition(lambda self: self.filling)
    @rule(pick=PICK)
    def cancel(self, pick):
        self.ring.cancel(self.filling.pop(pick % len(self.filling)))

    @rule(status=st.sampled_from(["dropped", "bad"]))
    def miss(self, status):
        stamp = FrameStamp(self.number(), 0, 1.5)
        assert self.ring.miss(stamp, status, "why") == (not self.closed)
        if not self.closed:
            self.accepted += 1
            self.queue.append((stamp, None, status))

    # -- the writer ---------------------------------------------------------------------------

    @rule()
    def take(self):
        entry = self.ring.take(0)
        if not self.queue:
            assert entry is None
            return
        stamp, slot, status = self.queue.pop(0)
        assert (entry.stamp, entry.slot, entry.status) == (stamp, slot, status)
        if slot is not None:
            self.writing.append(slot)

    @precondition(lambda self: self.writing)
    @rule(pick=PICK)
    def give_back(self, pick):
        self.ring.give_back(self.writing.pop(pick % len(self.writing)))

    # -- anybody ------------------------------------------------------------------------------

    @precondition(lambda self: self.commits + len(self.queue) > 3)  # or most runs end at once
    @rule()
    def close(self):
        self.ring.close()
        self.closed = True

    @rule(have=st.integers(0, 2), through=st.sampled_from(["ring", "view"]))
    def look(self, have, through):
        after = max(0, self.commits - have)
        out = np.zeros(self.spec.shape, self.spec.dtype)
        look = (self.ring if through == "ring" else self.view).newest(out, after)
        if self.newest is None or self.newest_lent or self.newest[0] == after:
            assert look is None
            return
        sequence, _, stamp, value = self.newest
        assert (look.sequence, look.stamp) == (sequence, stamp)
        assert look.frame is out
        assert (out == value).all()

    # -- what always holds --------------------------------------------------------------------

    @invariant()
    def counts_add_up(self):
        frames = sum(slot is not None for _, slot, _ in self.queue)
        assert self.ring.slots == self.slots
        assert self.ring.fill == frames / self.slots
        assert self.ring.is_empty == (not self.queue)
        assert self.ring.drained == (self.closed and not self.queue)
        assert self.ring.accepted == self.accepted

    @invariant()
    def a_lent_slot_never_changes(self):
        queued = [slot for _, slot, _ in self.queue if slot is not None]
        held = self.filling + queued + self.writing
        assert len({slot.index for slot in held}) == len(held)
        for slot in held:
            assert (slot.frame == self.content[slot.index]).all()

    def teardown(self):
        """Whatever happened, every slot can be had again: none lost, none doubled."""
        if not hasattr(self, "ring") or self.closed:
            return
        while self.queue:
            self.take()
        while self.writing:
            self.give_back(0)
        while self.filling:
            self.cancel(0)
        self.reserve_all()
        assert len(self.filling) == self.slots
        self.look(1, "view")  # and the newest frame's slot is not shown while it is filled
        if self.when_full == "drop":
            assert self.ring.reserve() is None


TestRing = RingAgainstAList.TestCase
TestRing.settings = settings(
    max_examples=60,
    stateful_step_count=60,
    deadline=None,  # a busy machine is no mistake in the ring
    suppress_health_check=[HealthCheck.too_slow],
)
