"""The ring under two real processes: one fills it, one looks."""

import json
import os
import select
import signal
import subprocess
import sys
from multiprocessing import resource_tracker
from pathlib import Path

import numpy as np
import pytest

from recorder.frame import FrameSpec, FrameStamp
from recorder.pipeline import memory
from recorder.pipeline.ring import Ring
from recorder.pipeline.view import RingView
from recorder.system import LINUX

SPEC = FrameSpec(640, 480, "gray8")

COMMON = """
import json, os, sys
import numpy as np
from recorder.frame import FrameSpec, FrameStamp
from recorder.pipeline.memory import allocate, attach
from recorder.pipeline.ring import Ring
from recorder.pipeline.view import RingView
"""

# Looks until it has seen enough, or for ever; every sample of a frame is its grab mod 251.
WATCHER = f"""{COMMON}
handle, looks = sys.argv[1], int(sys.argv[2])
view = RingView(attach(int(handle) if handle.isdigit() else handle))
print("attached", flush=True)
seen = torn = backwards = after = grab = 0
out = None
while seen < looks:
    look = view.newest(out, after)
    if look is None:
        continue
    if out is None:
        print("looking", flush=True)
    out = look.frame
    torn += not out.min() == out.max() == look.stamp.grab % 251
    backwards += look.sequence <= after or look.sequence != look.stamp.grab + 1
    after = look.sequence
    seen += 1
print(json.dumps({{"torn": torn, "backwards": backwards, "last": after}}))
"""

PRODUCER = f"""{COMMON}
block = allocate({4 * 2**20})
ring = Ring(block, FrameSpec(64, 48, "gray16"))
grab = 0
while True:
    slot = ring.reserve()
    slot.frame.fill(grab)
    ring.commit(slot, FrameStamp(grab, grab, grab=grab))
    ring.give_back(ring.take(0).slot)
    if grab == 20:
        print(block.handle, flush=True)
    if grab == int(sys.argv[1]):
        break
    grab += 1
sys.stdin.read()
"""


class Producer:
    """The camera's side and the writer's, in one thread, as fast as it goes."""

    def __init__(self, ring):
        self.ring = ring
        self.grabs = 0

    def frames(self, count):
        """Put frames through; the writer keeps up, so that slots are refilled at once."""
        for _ in range(count):
            slot = self.ring.reserve()
            slot.frame.fill(self.grabs % 251)
            assert self.ring.commit(slot, FrameStamp(self.grabs, 0, grab=self.grabs))
            self.grabs += 1
            entry = self.ring.take(0)
            assert entry.slot is slot
            assert int(slot.frame[0, 0]) == int(slot.frame[-1, -1]) == entry.stamp.grab % 251
            self.ring.give_back(slot)


@pytest.fixture(scope="module", autouse=True)
def _tracker():
    """Named memory makes Python start this process; it is not what a test leaves behind."""
    resource_tracker.ensure_running()


@pytest.fixture(params=["file", "named"] if LINUX else ["named"])
def block(request):
    block = getattr(memory, f"_allocate_{request.param}")(4 * 2**20)
    yield block
    block.close()


@pytest.fixture
def run():
    """Start Python processes that do not outlive the test."""
    started = []

    def start(code, *arguments, handle=None):
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            pass_fds=[handle] if isinstance(handle, int) else [],
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def watch(run, block, looks):
    watcher = run(WATCHER, block.handle, looks, handle=block.handle)
    assert watcher.stdout.readline() == b"attached\n"
    return watcher


def has_written(process):
    return bool(select.select([process.stdout], [], [], 0)[0])


def work_until_it_looks(producer, watcher):
    while not has_written(watcher):
        producer.frames(20)
    assert watcher.stdout.readline() == b"looking\n"


@pytest.mark.parametrize("looks", [300, pytest.param(5000, marks=pytest.mark.slow)])
def test_looks_at_a_ring_at_full_speed_are_never_torn(block, run, looks):
    """Without the second look at a frame's number most of them would be."""
    watcher = watch(run, block, looks)  # before there are frames, or even a camera
    producer = Producer(Ring(block, SPEC, max_slots=4))
    work_until_it_looks(producer, watcher)
    while not has_written(watcher):
        producer.frames(20)
    out, err = watcher.communicate()
    found = json.loads(out)
    assert (found["torn"], found["backwards"], err) == (0, 0, b"")
    assert looks <= found["last"] <= producer.grabs


def test_a_frozen_watcher_does_not_hold_the_producer_up(block, run):
    producer = Producer(Ring(block, SPEC, max_slots=4))
    watcher = watch(run, block, 10**9)
    work_until_it_looks(producer, watcher)
    for _ in range(5):  # frozen anywhere, also within a copy
        watcher.send_signal(signal.SIGSTOP)
        assert os.WIFSTOPPED(os.waitpid(watcher.pid, os.WUNTRACED)[1])
        producer.frames(200)  # would never return if there were a lock to wait for
        watcher.send_signal(signal.SIGCONT)
        producer.frames(20)
    assert watcher.poll() is None


@pytest.mark.parametrize(
    "how", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_watcher_that_dies_does_not_harm_the_ring(block, run, how):
    producer = Producer(Ring(block, SPEC, max_slots=4))
    watcher = watch(run, block, 10**9)
    work_until_it_looks(producer, watcher)
    watcher.send_signal(how)
    watcher.wait()
    producer.frames(50)
    look = producer.ring.newest()
    assert (look.stamp.grab, look.sequence) == (producer.grabs - 1, producer.grabs)
    successor = watch(run, block, 1)
    out, err = successor.communicate()
    assert json.loads(out.splitlines()[-1]) == {
        "torn": 0,
        "backwards": 0,
        "last": producer.grabs,
    }
    assert err == b""


def attach_to(process):
    handle = int(process.stdout.readline())
    return memory.attach(os.open(f"/proc/{process.pid}/fd/{handle}", os.O_RDONLY))


def test_a_killed_producer_leaves_no_name_and_its_last_frame_to_those_who_watch(run):
    producer = run(PRODUCER, 500)
    block = attach_to(producer)
    view = RingView(block)
    while (look := view.newest()) is None or look.stamp.grab < 500:
        pass
    maps = Path(f"/proc/{producer.pid}/maps").read_text()
    assert "memfd:recorder-ring" in maps
    assert "/dev/shm" not in maps
    producer.kill()
    assert producer.wait() == -signal.SIGKILL
    assert producer.communicate()[1] == b""  # no tracker has anything to say
    np.testing.assert_array_equal(view.newest().frame, np.full((48, 64), 500))
    block.close()


def test_a_producer_killed_in_the_middle_of_a_frame_leaves_no_torn_one(run):
    for _ in range(3):
        producer = run(PRODUCER, 10**6)
        block = attach_to(producer)
        view = RingView(block)
        assert view.spec == FrameSpec(64, 48, "gray16")
        producer.kill()
        producer.wait()
        look = view.newest()
        assert look.stamp.grab >= 20
        assert (look.frame == look.stamp.grab % 2**16).all()
        block.close()
