"""A pipe whose reader is halted: what may be lost is, and nobody waits."""

import fcntl
import os

import pytest

from recorder.rig.messages import Sender, receive

pytestmark = pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="Linux alone")


def test_an_offer_that_nobody_takes_is_no_wait():
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4 * 4096)
    sender = Sender(writing)
    with os.fdopen(reading, "rb") as stream:
        taken = 0
        while sender.offer("status", text=900 * "a"):
            taken += 1
        assert sender.send("file", path="top.mkv")  # for what must arrive there is room yet
        assert not sender.offer("log")
        sender.close()
        heard = [message["is"] for message in receive(stream)]
    assert heard == [*(taken * ["status"]), "file"]
    assert taken > 10


def test_an_offer_to_nobody_is_refused():
    reading, writing = os.pipe()
    sender = Sender(writing)
    assert sender.offer("status")
    os.close(reading)
    assert not sender.offer("status")
    sender.close()
    assert not sender.offer("status")
