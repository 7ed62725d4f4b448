"""Frames go into a pipe without a copy, and are ours again when the call returns."""

import os
import threading

import numpy as np
import pytest

from recorder import pages
from recorder.pipeline.memory import allocate
from recorder.system import LINUX

LARGE = pages.SPLICE_FROM * 6  # more than the pipe holds
SIZES = [1, 4096, pages.SPLICE_FROM - 1, pages.SPLICE_FROM, pages.SPLICE_FROM + 1, LARGE + 5]


def send(pipe, array):
    pages.send(pipe, array.data, array.ctypes.data)


def send_for_ever(pipe, array):
    while True:
        send(pipe, array)


class Reader(threading.Thread):
    """Reads a pipe to its end."""

    def __init__(self, fd):
        super().__init__()
        self.fd = fd
        self.data = bytearray()
        self.start()

    def run(self):
        while part := os.read(self.fd, 100_003):
            self.data += part
        os.close(self.fd)


@pytest.fixture
def block():
    block = allocate(LARGE * 2)
    yield block
    block.close()


@pytest.mark.parametrize("offset", [0, 4096, 12345])
@pytest.mark.parametrize("nbytes", SIZES)
def test_what_was_sent_is_what_was_there_at_the_call(block, nbytes, offset):
    out, into = os.pipe()
    reader = Reader(out)
    array = np.frombuffer(block.buf, np.uint8, nbytes, offset)
    random = np.random.default_rng(nbytes)
    given = bytearray()
    for _ in range(5):
        array[:] = random.integers(0, 256, nbytes, dtype=np.uint8)
        given += array.tobytes()
        send(into, array)
        array[:] = 0xEE  # ours again: nothing of this may arrive
    os.close(into)
    reader.join()
    assert reader.data == given


def test_memory_nobody_lent_is_copied():
    out, into = os.pipe()
    reader = Reader(out)
    array = np.arange(LARGE, dtype=np.uint8)
    send(into, array)
    os.close(into)
    reader.join()
    assert reader.data == array.tobytes()


@pytest.mark.skipif(not LINUX, reason="only Linux hands pages over")
def test_large_frames_are_handed_over_not_written(block, monkeypatch):
    monkeypatch.setattr(pages, "write_all", None)
    out, into = os.pipe()
    reader = Reader(out)
    send(into, np.frombuffer(block.buf, np.uint8, LARGE))
    os.close(into)
    reader.join()
    assert len(reader.data) == LARGE


@pytest.mark.parametrize("read_first", [0, pages.SPLICE_FROM])
def test_a_reader_that_goes_away_is_an_error_not_a_wait(block, read_first):
    out, into = os.pipe()
    gone = threading.Event()

    def read_a_little():
        if read_first:
            os.read(out, read_first)
        os.close(out)
        gone.set()

    thread = threading.Thread(target=read_a_little)
    array = np.frombuffer(block.buf, np.uint8, LARGE)
    thread.start()
    with pytest.raises(BrokenPipeError):
        send_for_ever(into, array)
    thread.join()
    assert gone.is_set()
    os.close(into)


def test_closed_memory_is_forgotten():
    before = dict(pages._known)
    block = allocate(LARGE)
    assert (len(pages._known) > len(before)) == LINUX
    block.close()
    assert pages._known == before
