"""What every camera back-end does, whatever it reads: see `recorder.cameras.base.Camera`.

A back-end passes by subclassing `CameraContract` beside a fixture ``case``; how to add one is
shown in test_camera_contract.py.
"""

import gc
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from helpers import open_files

from recorder.cameras.base import CameraInfo, EndOfSource
from recorder.errors import CameraError
from recorder.frame import FrameSpec, FrameStamp

COUNT = 5
"""Frames that every test source has at least."""


@dataclass
class Case:
    """A camera back-end to put through the contract.

    Parameters
    ----------
    make
        Returns a new camera that shows the same frames each time it is opened.
    spec
        What its `open` returns, but for the rate.
    broken
        Returns a camera whose `open` fails.
    frames
        What it shows, bit for bit; None: anything, and without end.
    """

    make: Callable[[], object]
    spec: FrameSpec
    broken: Callable[[], object]
    frames: list[np.ndarray] | None = None
    opened: list = field(default_factory=list)

    def open(self):
        """Return a new open camera; the fixture closes it."""
        camera = self.make()
        self.opened.append(camera)
        camera.spec_opened = camera.open()
        return camera

    def fetch(self, camera, before=0):
        """Return the grabbed frame, retrieved into memory that held something else."""
        memory = np.full(self.spec.nbytes + 128, before, np.uint8)
        out = memory[64:-64].view(self.spec.dtype).reshape(self.spec.shape)
        assert camera.retrieve(out) is None
        assert (memory[:64] == before).all(), "wrote before the slot"
        assert (memory[-64:] == before).all(), "wrote behind the slot"
        return out

    def read(self, camera, count, before=0):
        """Return the next frames."""
        frames = []
        for _ in range(count):
            camera.grab()
            frames.append(self.fetch(camera, before))
        return frames


def held():
    """Return the descriptors and the threads that there are."""
    return open_files() | {str(thread.ident) for thread in threading.enumerate()}


def same(ours, theirs):
    return len(ours) == len(theirs) and all(map(np.array_equal, ours, theirs))


class CameraContract:
    """Tests; ``case`` is a `Case`."""

    def test_open_says_what_the_frames_are(self, case):
        camera = case.open()
        assert camera.spec_opened.with_fps(None) == case.spec
        fps = camera.spec_opened.fps
        assert fps is None or fps > 0

    def test_it_says_who_it_is_before_and_after_it_is_opened(self, case):
        camera = case.make()
        for step in (camera.open, camera.close):
            assert isinstance(camera.info, CameraInfo)
            assert camera.info.backend
            assert camera.info.source
            assert isinstance(camera.can_wait, bool)
            assert 0 < camera.timeout_s <= 5
            step()
        assert all(note.endswith(".") for note in camera.info.notes)

    def test_a_stamp_is_the_instant_of_the_grab(self, case):
        camera = case.open()
        for _ in range(COUNT):
            mono, utc = time.monotonic_ns(), time.time_ns()
            stamp = camera.grab()
            assert isinstance(stamp, FrameStamp)
            assert mono <= stamp.t_mono_ns <= time.monotonic_ns()
            assert utc <= stamp.t_utc_ns <= time.time_ns()
            assert stamp.t_camera_ms is None or np.isfinite(stamp.t_camera_ms)
            assert stamp.xxh3_64 is None

    def test_a_frame_fills_the_slot_whatever_was_there_before(self, case):
        first, second = (case.read(case.open(), COUNT, before) for before in (0, 255))
        assert same(first, second)
        assert case.frames is None or same(first, case.frames[:COUNT])

    def test_frames_follow_each_other(self, case):
        frames = case.read(case.open(), COUNT)
        assert not any(map(np.array_equal, frames, frames[1:]))

    def test_a_frame_need_not_be_fetched(self, case):
        expected = case.read(case.open(), COUNT)
        camera = case.open()
        for _ in range(COUNT):
            camera.grab()
        assert np.array_equal(case.fetch(camera), expected[-1])

    def test_a_fetched_frame_stays_as_it_is(self, case):
        camera = case.open()
        (first,) = case.read(camera, 1)
        kept = first.copy()
        case.read(camera, COUNT - 1)
        assert np.array_equal(first, kept)

    def test_it_ends_with_its_last_frame_and_stays_at_its_end(self, case):
        camera = case.open()
        if case.frames is None:
            case.read(camera, 3 * COUNT)
            return
        assert same(case.read(camera, len(case.frames)), case.frames)
        for _ in range(2):
            with pytest.raises(EndOfSource):
                camera.grab()

    def test_it_can_be_told_that_a_recording_begins(self, case):
        camera = case.open()
        camera.grab()
        assert camera.begin(0) is None
        case.read(camera, COUNT - 1)
        camera.begin(1000)

    def test_a_setting_is_answered_with_what_is_read_back(self, case):
        camera = case.open()
        camera.grab()
        now = camera.set("gain", 1.0)
        assert now is None or isinstance(now, float)
        case.read(camera, COUNT - 1)

    def test_it_can_be_closed_at_any_time_and_twice(self, case):
        never_opened = case.make()
        opened, used = case.open(), case.open()
        used.grab()
        for camera in (never_opened, opened, used):
            assert camera.close() is None
            assert camera.close() is None

    def test_closing_it_leaves_nothing_behind(self, case):
        def once():
            camera = case.make()
            camera.open()
            case.read(camera, 2)
            camera.close()

        once()  # what a library keeps for itself is there now
        gc.collect()
        before = held()
        for _ in range(3):
            once()
        assert not held() - before

    def test_it_can_be_opened_again(self, case):
        camera = case.open()
        first = case.read(camera, 2)
        camera.close()
        assert camera.open().with_fps(None) == case.spec
        assert same(case.read(camera, 2), first)

    def test_a_failed_open_is_a_named_error_and_can_be_closed(self, case):
        camera = case.broken()
        before = held()
        for _ in range(2):
            with pytest.raises(CameraError, match=r"\w+"):
                camera.open()
        camera.close()
        camera.close()
        assert not held() - before

    def test_another_thread_than_its_makers_may_use_it(self, case):
        camera = case.make()
        found = []

        def work():
            camera.open()
            found.extend(case.read(camera, 2))
            camera.close()

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert same(found, case.read(case.open(), 2))
