"""What is said over the link: understood, or refused in words."""

import json

import pytest

from recorder.errors import CameraBusy, ConfigError, RecorderError, RigGone
from recorder.rig.link.protocol import (
    Request,
    ask,
    done,
    failed,
    parse_answer,
    parse_request,
)


@pytest.mark.parametrize(
    "request_",
    [
        Request("hello"),
        Request("status", 7),
        Request("memory", 1, camera="tøp"),
        Request("record", 2, duration="10 frames"),
        Request("record", 3),
        Request("end_take", 4),
        Request("stop", 5),
        Request("detach", 2**53 - 1),
    ],
)
def test_a_request_is_understood_as_it_was_meant(request_):
    line = ask(request_)
    assert line.endswith(b"\n")
    assert parse_request(line) == request_


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"nonsense\n",
        b"\xff\xfe\n",
        b"[1]\n",
        b"null\n",
        b"1e999\n",
        b"{}\n",
        b'{"do": 5}\n',
        b'{"do": ["status"]}\n',
        b'{"do": "quit"}\n',
        b'{"do": "status", "camera": "top"}\n',
        b'{"do": "memory", "camera": 5}\n',
        b'{"do": "record", "duration": {"a": 1}}\n',
        b'{"do": "status", "id": -1}\n',
        b'{"do": "status", "id": true}\n',
        b'{"do": "status", "id": 1.5}\n',
        b'{"do": "status", "id": ' + b"9" * 400 + b"}\n",
        b'{"do": "status", "id": ' + b"9" * 5000 + b"}\n",
        b"[" * 4000 + b"\n",
        b'{"do":' * 680 + b"\n",
    ],
)
def test_anything_else_is_refused(line):
    with pytest.raises(ConfigError):
        parse_request(line)


def test_half_a_character_passes_as_a_name_that_no_camera_has():
    assert parse_request(b'{"do": "memory", "camera": "\\ud800"}\n').camera == "\ud800"


@pytest.mark.parametrize(
    "error", [ConfigError("a"), CameraBusy("b"), RigGone("c"), RecorderError("d")]
)
def test_an_error_arrives_as_what_it_was(error):
    with pytest.raises(type(error), match=str(error)) as caught:
        parse_answer(failed(3, error), 3)
    assert type(caught.value) is type(error)


def test_a_mistake_of_ours_arrives_as_an_error_with_its_name():
    with pytest.raises(RecorderError, match="ZeroDivisionError: oh"):
        parse_answer(failed(3, ZeroDivisionError("oh")), 3)


@pytest.mark.parametrize(
    "name", ["SystemExit", "Exception", "__doc__", "", None, 5, ["ConfigError"]]
)
def test_an_error_of_no_known_class_is_one_all_the_same(name):
    line = json.dumps({"id": 1, "error": {"class": name, "text": "odd"}}).encode()
    with pytest.raises(RecorderError, match="odd") as caught:
        parse_answer(line, 1)
    assert type(caught.value) is RecorderError


def test_no_password_travels_in_an_error():
    line = failed(1, CameraBusy("rtsp://me:secret@host/x is busy"))
    assert b"secret" not in line
    assert b"rtsp://me:***@host/x is busy" in line


def test_an_answer_to_another_request_is_none_to_this_one():
    assert parse_answer(done(4, "x"), 5) == (False, None)
    assert parse_answer(failed(4, ConfigError("late")), 5) == (False, None)
    assert parse_answer(done(5, "x"), 5) == (True, "x")


def test_a_line_that_is_no_answer_is_an_error():
    with pytest.raises(RecorderError, match="JSON"):
        parse_answer(b"?", 1)
