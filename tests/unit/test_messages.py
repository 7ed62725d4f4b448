"""What a rig and its cameras' processes say to each other, and what else comes through a pipe."""

import io
import json
import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.errors import CameraLost, CameraRefused, NoSpace, RecorderError
from recorder.rig.messages import LONGEST, Sender, as_error, describe, receive

TEXTS = st.text(alphabet=st.characters(codec="utf-8"))


@pytest.fixture
def pipe():
    """Give a sender and the other end; both are closed whatever happens."""
    reading, writing = os.pipe()
    sender = Sender(writing)
    with os.fdopen(reading, "rb") as stream:
        yield sender, stream
        sender.close()


def heard(*lines):
    return list(receive(io.BytesIO(b"".join(lines))))


# -- sending and hearing ----------------------------------------------------------------------


def test_what_is_sent_is_heard_in_order(pipe):
    sender, stream = pipe
    assert sender.send("begin", order={"at_ns": 2**63, "stem": "ä\nb\0"})
    assert sender.send("stop")
    sender.close()
    assert list(receive(stream)) == [
        {"is": "begin", "order": {"at_ns": 2**63, "stem": "ä\nb\0"}},
        {"is": "stop"},
    ]


@given(st.dictionaries(TEXTS.filter(lambda key: key != "is"), TEXTS | st.integers() | st.none()))
def test_any_content_is_one_line(content):
    line = json.dumps({"is": "x", **content}).encode() + b"\n"
    assert line.count(b"\n") == 1
    assert heard(line) == [{"is": "x", **content}]


def test_the_end_of_the_pipe_ends_the_messages(pipe):
    sender, stream = pipe
    sender.close()
    assert list(receive(stream)) == []


def test_two_threads_never_mix_their_lines(pipe):
    sender, stream = pipe
    text = "x" * 100_000  # more than a pipe takes at once

    def talk(name):
        for n in range(9):
            sender.send(name, n=n, t=text)

    threads = [threading.Thread(target=talk, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    messages = receive(stream)
    found = [next(messages) for _ in range(18)]
    for thread in threads:
        thread.join()
    for name in ("one", "two"):
        assert [message["n"] for message in found if message["is"] == name] == list(range(9))
    assert all(message["t"] == text for message in found)


# -- nobody there -----------------------------------------------------------------------------


def test_a_dead_listener_is_told_by_false():
    reading, writing = os.pipe()
    os.close(reading)
    sender = Sender(writing)
    assert sender.send("stop") is False
    sender.close()


def test_a_closed_sender_sends_nothing_and_closes_once():
    reading, writing = os.pipe()
    sender = Sender(writing)
    sender.close()
    reused = os.dup(reading)  # very likely the same number: it must not be closed by us
    sender.close()
    assert sender.send("stop") is False
    os.fstat(reused)
    os.close(reused)
    os.close(reading)


# -- what is no message -----------------------------------------------------------------------

GOOD = b'{"is": "stop"}\n'


@pytest.mark.parametrize(
    "line",
    [
        b"\n",
        b"a library greets you\n",
        b"\xff\xfe\x00\x01\n",
        b"[1, 2]\n",
        b'"stop"\n',
        b"null\n",
        b"{}\n",
        b'{"is": null}\n',
        b'{"is": ["stop"]}\n',
        b'{"is": "stop"\n',
        b'{"is": "st\n',
        b'{"is": "stop"}{"is": "stop"}\n',
        b"[" * 100_000 + b"\n",
    ],
)
def test_garbage_between_messages_is_left_out(line):
    assert heard(GOOD, line, GOOD) == [{"is": "stop"}] * 2


def test_half_a_line_at_the_end_is_no_message():
    assert heard(GOOD, b'{"is": "begin", "order"') == [{"is": "stop"}]


def test_a_whole_object_at_the_end_counts_without_its_line_end():
    assert heard(GOOD, GOOD.rstrip()) == [{"is": "stop"}] * 2


def test_a_line_without_end_takes_no_more_than_its_share_of_memory():
    endless = b"x" * (3 * LONGEST)
    assert heard(endless, b"\n", GOOD) == [{"is": "stop"}]


@given(st.binary(max_size=2000))
def test_nothing_that_comes_can_raise(garbage):
    for message in heard(garbage, b"\n", GOOD):
        assert isinstance(message["is"], str)


# -- errors -----------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [CameraLost("gone"), NoSpace("full"), RecorderError("ä\nb")])
def test_our_errors_keep_their_class_and_their_words(error):
    found = as_error(json.loads(json.dumps(describe(error))))
    assert (type(found), str(found)) == (type(error), str(error))
    assert found.exit_code == error.exit_code


def test_a_camera_is_named_before_the_words():
    found = as_error(describe(CameraRefused("no")), "top: ")
    assert (type(found), str(found)) == (CameraRefused, "top: no")


@pytest.mark.parametrize("name", ["ValueError", "SystemExit", "annotations", "", None, ["x"]])
def test_a_class_that_is_not_ours_is_named_in_the_words(name):
    found = as_error({"class": name, "text": "x"})
    assert type(found) is RecorderError
    assert str(found) == f"{name}: x"


def test_a_description_without_words():
    assert str(as_error({"class": "CameraLost"})) == ""
