"""What we do for a frame beside copying, hashing and encoding it."""

import threading
import time
from types import SimpleNamespace

import pytest

from recorder.cameras.base import stamp_now
from recorder.config import Amount
from recorder.frame import FrameSpec
from recorder.pipeline.acquire import Acquisition
from recorder.pipeline.memory import allocate
from recorder.pipeline.ring import Ring
from recorder.pipeline.take import Take
from recorder.pipeline.write import Writing
from recorder.writers import video
from recorder.writers.codecs import choose
from recorder.writers.video import VideoWriter

pytestmark = pytest.mark.benchmark

SPEC = FrameSpec(16, 16, "gray8", 1000.0)
FRAMES = 30_000


class InstantCamera:
    """Has a frame at once, and next to nothing to copy or hash."""

    can_wait = True
    timeout_s = 2.0

    def begin(self, grab):
        pass

    def grab(self):
        return stamp_now()

    def retrieve(self, out):
        out[0, 0] = 1


class InstantEncoder:
    """Takes a frame at once."""

    command = ()

    def __init__(self, *_):
        self.handed = 0

    def write(self, frame):
        self.handed += 1

    def check(self):
        pass

    def finish(self):
        pass

    def stderr_tail(self):
        return ""


def test_c_overhead_per_frame(ram, say, monkeypatch):
    monkeypatch.setattr(video, "Encoder", InstantEncoder)
    block = allocate(1 << 20)
    ring = Ring(block, SPEC, "wait", 8)
    stop = []
    take = Take(1, Amount(frames=FRAMES), SimpleNamespace())
    acquisition = Acquisition(InstantCamera(), ring, lambda: stop.append(acquisition.stop()))

    def open_writer(number, part):
        writer = VideoWriter(ram / "overhead", choose("auto", "gray8"), {})
        writer.open(SPEC)
        return writer

    writing = Writing(ring, {1: take}, open_writer, lambda: 1, lambda *_: None)
    writer_thread = threading.Thread(target=writing.run)
    writer_thread.start()
    acquisition.begin_take(take)
    wall, cpu = time.perf_counter(), time.process_time()
    acquisition.run()
    ring.close()
    writer_thread.join()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    totals = take.tally.totals()
    assert totals.written == FRAMES
    block.close()
    say(f"(c) per frame: {wall / FRAMES * 1e6:.0f} us of time (at most 100), both threads,")
    say(f"    {cpu / FRAMES * 1e6:.0f} us of processor, with its ledger row")
