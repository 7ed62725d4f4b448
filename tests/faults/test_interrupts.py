"""Ctrl-C, and other handlers that raise, at every step of a file that is being written."""

from __future__ import annotations

import os
import signal
import threading

import numpy as np
import pytest

from recorder import LosslessVideoWriter, mimread, mimwrite, signals, verify
from recorder.lossless import hdf5 as lossless_hdf5
from recorder.lossless.output import Output
from recorder.system import WINDOWS, is_locked
from recorder.writers.hdf5.chunks import ChunkIndex
from recorder.writers.hdf5.file import GrowingFile
from recorder.writers.hdf5.writer import Hdf5Writer
from tests.helpers import encoders

pytestmark = pytest.mark.skipif(WINDOWS, reason="no process can send itself Ctrl-C there")
FRAMES = np.random.default_rng(0).integers(0, 256, (12, 24, 32), np.uint8)


class Late(Exception):
    """What a program's own handler raises."""


def late(number, frame):
    raise Late(number)


@pytest.fixture
def interrupts(monkeypatch):
    """Give what has a signal come after the nth call of a method, from now on."""

    def arrange(owner, name, nth, number=signal.SIGINT):
        theirs, calls = getattr(owner, name), []

        def method(*args, **kwargs):
            found = theirs(*args, **kwargs)
            calls.append(name)
            if len(calls) == nth:
                signal.raise_signal(number)
            return found

        monkeypatch.setattr(owner, name, method)

    return arrange


STEPS = [
    (ChunkIndex, "append", 20),
    (GrowingFile, "add_frame", 1),
    (Output, "write", 1),
    (Hdf5Writer, "write", 1),
    (GrowingFile, "add_frame", 4),
    (GrowingFile, "_put", 60),
    (Hdf5Writer, "_row", 4),
    (Hdf5Writer, "_take", 4),
    (Hdf5Writer, "write", 4),
    (Output, "write", 4),
]


@pytest.mark.parametrize(("owner", "name", "nth"), STEPS)
def test_ctrl_c_leaves_each_frame_once_and_a_true_count(tmp_path, interrupts, owner, name, nth):
    mimwrite(tmp_path / "proof.h5", FRAMES[:1])  # what is proven once writes, too
    interrupts(owner, name, nth)
    with pytest.raises(KeyboardInterrupt) as cut:
        mimwrite(tmp_path / "a.h5", FRAMES)
    assert_left(tmp_path / "a.unfinished.h5", cut.value)


def test_so_does_every_handler_that_raises(tmp_path, interrupts):
    mimwrite(tmp_path / "proof.h5", FRAMES[:1])
    before = signal.signal(signal.SIGALRM, late)
    try:
        interrupts(GrowingFile, "add_frame", 4, signal.SIGALRM)
        with pytest.raises(Late) as cut:
            mimwrite(tmp_path / "a.h5", FRAMES)
        assert signal.getsignal(signal.SIGALRM) is late
    finally:
        signal.signal(signal.SIGALRM, before)
    assert_left(tmp_path / "a.unfinished.h5", cut.value)


def assert_left(path, error):
    found = mimread(path)
    assert len(found) >= 1
    assert np.array_equal(found, FRAMES[: len(found)])
    assert f"{len(found)} of its frames can be read in {path}" in "".join(error.__notes__)
    assert verify(path).ok
    assert not is_locked(path)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.parametrize("owner", [GrowingFile, Hdf5Writer])
def test_ctrl_c_at_the_close_of_an_hdf5_file_leaves_it_whole_and_says_where(
    tmp_path, interrupts, owner
):
    interrupts(owner, "finish" if owner is GrowingFile else "close", 1)
    with pytest.raises(KeyboardInterrupt) as cut:
        mimwrite(tmp_path / "a.h5", FRAMES)
    assert_left(tmp_path / "a.unfinished.h5", cut.value)
    assert len(mimread(tmp_path / "a.unfinished.h5")) == len(FRAMES)


def test_a_second_ctrl_c_at_the_end_closes_an_hdf5_file_all_the_same(
    tmp_path, monkeypatch, interrupts
):
    """It comes before the writer's own end, which is in one piece."""
    theirs = Output._complete

    def cut_off(self):
        signal.raise_signal(signal.SIGINT)
        theirs(self)

    interrupts(Output, "write", 4)
    monkeypatch.setattr(Output, "_complete", cut_off)
    with pytest.raises(KeyboardInterrupt) as cut:
        mimwrite(tmp_path / "a.h5", FRAMES)
    assert_left(tmp_path / "a.unfinished.h5", cut.value)
    assert "show frames" not in [thread.name for thread in threading.enumerate()]


@pytest.mark.parametrize("suffix", [".mkv", ".h5"])
def test_ctrl_c_while_a_file_is_opened_leaves_nothing_behind(tmp_path, interrupts, suffix):
    mimwrite(tmp_path / f"proof{suffix}", FRAMES[:1])
    (tmp_path / f"proof{suffix}").unlink()
    interrupts(lossless_hdf5.Unfinished, "claim", 1)
    with pytest.raises(KeyboardInterrupt):
        mimwrite(tmp_path / f"a{suffix}", FRAMES)
    assert list(tmp_path.iterdir()) == []
    assert encoders() == []
    assert not signals._endings._open


def test_ctrl_c_does_not_wait_for_an_ffmpeg_that_hangs(tmp_path):
    large = np.random.default_rng(1).integers(0, 256, (2, 1100, 1000, 3), np.uint8)
    video = LosslessVideoWriter(tmp_path / "a.mkv")
    video.open()
    video.write(large[0])
    (ffmpeg,) = encoders()
    ffmpeg.suspend()
    ctrl_c = threading.Timer(0.2, lambda: os.kill(os.getpid(), signal.SIGINT))
    ctrl_c.start()
    with pytest.raises(KeyboardInterrupt):
        video.write(large[1])  # more than the pipe takes
    ctrl_c.join()
    ffmpeg.resume()
    video.close()
    assert np.array_equal(mimread(tmp_path / "a.mkv"), large[:1])


# -- blocks that hold signals ---------------------------------------------------------------------


def test_all_that_came_in_a_block_is_heard_at_its_end_in_its_order():
    heard = []
    before = {
        number: signal.signal(number, lambda number, _: heard.append(number))
        for number in (signal.SIGALRM, signal.SIGTERM)
    }
    try:
        with pytest.raises(KeyboardInterrupt):
            come_in_a_block(signal.SIGALRM, signal.SIGINT, signal.SIGTERM, heard=heard)
        assert heard == [signal.SIGALRM, signal.SIGTERM]
        signal.raise_signal(signal.SIGTERM)
        assert heard[2:] == [signal.SIGTERM]
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def come_in_a_block(*numbers, heard):
    with signals.all_held():
        for number in numbers:
            with signals.all_held():
                signal.raise_signal(number)
        assert heard == []


def in_a_child(task) -> int:
    """Fork; return the exit code of a child that does something, 77 if it survives that."""
    pid = os.fork()
    if not pid:
        try:
            task()
        except KeyboardInterrupt:
            os._exit(130)
        finally:
            os._exit(77)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class Held:
    """Something that is open; it holds a block open in the main thread as it is watched."""

    def finish_now(self):
        pass


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
@pytest.mark.parametrize("hold", [signals.held, signals.all_held])
@pytest.mark.parametrize("is_thread", [False, True])
def test_a_child_that_is_forked_in_a_block_hears_signals(hold, number, is_thread):
    """Also when it watches something itself, and in a child of the thread that holds the block."""
    codes = []

    def fork():
        def task():
            it = Held()
            signals.watch(it)
            with hold():
                pass
            signal.raise_signal(number)

        codes.append(in_a_child(task))

    with hold():
        if is_thread:
            thread = threading.Thread(target=fork)
            thread.start()
            thread.join()
        else:
            fork()
    assert codes == [130 if number == signal.SIGINT else -number]
    assert signals._endings._depth == 0


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_that_leaves_its_parents_block_can_hold_signals():
    def task():
        signals.watch(it := Held())
        block.__exit__(None, None, None)  # the parent's
        with signals.held():
            signal.raise_signal(signal.SIGTERM)
            signals.release(it)
        os._exit(3)

    block = signals.held()
    block.__enter__()
    code = in_a_child(task)
    block.__exit__(None, None, None)
    assert code == -signal.SIGTERM
