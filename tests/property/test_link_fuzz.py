"""Whatever comes over the link: an answer or a closed door, and the next watcher is served."""

import json
import logging
import os
import random
import socket
import threading

import pytest
from helpers import open_files, until
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stand_in_rig import StandInRig, runtime_folder_of_its_own

from recorder.errors import ConfigError
from recorder.rig.link import LinkServer, connect
from recorder.rig.link.desk import Attendance, Desk
from recorder.rig.link.folder import socket_path
from recorder.rig.link.protocol import REQUEST_BYTES, Answer, parse_answer, parse_request

unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

WORDS = ["hello", "status", "memory", "record", "end_take", "detach", "top", "10s", "1 frames"]
scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters())
values = st.recursive(
    scalars | st.sampled_from(WORDS),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
requests = st.dictionaries(
    st.sampled_from(["do", "id", "camera", "duration", "class"]), values, max_size=5
)
lines = (
    st.binary(max_size=200)
    | requests.map(lambda plain: json.dumps(plain).encode())
    | st.builds(
        lambda text, depth: text * depth, st.sampled_from([b"[", b'{"a":']), st.integers(0, 700)
    )
    | st.integers(1, 5000).map(lambda digits: b'{"do":"status","id":' + b"9" * digits + b"}")
)


@pytest.fixture
def rig():
    rig = StandInRig()
    yield rig
    rig.close()


@pytest.fixture
def server(rig):
    with runtime_folder_of_its_own(), LinkServer(rig, "demo") as server:
        yield server


@unhurried
@given(lines)
def test_a_line_is_a_request_or_refused(line):
    problem = None
    try:
        assert parse_request(line).do in [*WORDS, "stop"]
    except ConfigError as error:
        problem = str(error)
    assert problem is None or len(problem) < 300


@unhurried
@given(lines)
def test_a_desk_has_one_line_for_everything(rig, line):
    found = Desk(rig, "demo", Attendance()).begin(line)
    answer = found if isinstance(found, Answer) else found()
    assert answer.line.count(b"\n") == 1
    assert answer.line.endswith(b"\n")
    assert isinstance(json.loads(answer.line), dict)
    if answer.handle is not None:
        os.close(answer.handle)


@unhurried
@given(st.binary(max_size=200) | values.map(lambda plain: json.dumps(plain).encode()))
def test_an_answer_is_one_or_an_error_of_ours(line):
    from recorder.errors import RecorderError

    try:
        is_mine, _ = parse_answer(line, 1)
    except RecorderError:
        return
    assert is_mine in (True, False)


def throw(data, pieces):
    """Send bytes in pieces, and leave without listening."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(5)
        try:
            sock.connect(str(socket_path("demo")))
            for start in range(0, len(data), pieces):
                sock.sendall(data[start : start + pieces])
        except (TimeoutError, OSError):
            return  # it was shown the door


@settings(unhurried, max_examples=60)
@given(st.lists(lines, max_size=5), st.integers(1, 5000))
def test_whatever_is_thrown_at_the_socket_the_next_one_is_served(server, caplog, thrown, pieces):
    throw(b"\n".join(thrown), pieces)
    with connect("demo") as link:
        assert link.status().cameras
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def held():
    """Return the descriptors and the threads that there are."""
    return open_files() | {str(thread.ident) for thread in threading.enumerate()}


def test_random_bytes_leave_nothing_behind(server, caplog):
    numbers = random.Random(0)
    before = held()
    for size in [1, 10, 100, 4096, 5 * 4096] * 20:
        throw(numbers.randbytes(size), numbers.randint(1, 9000))
    throw(b"x" * 5 * REQUEST_BYTES, 9000)
    with connect("demo") as link:
        assert link.status().cameras
        until(lambda: link.status().watchers == 1)
    assert caplog.records == []
    until(lambda: not held() - before, "for the door to close behind the last one")
