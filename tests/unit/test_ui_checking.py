"""Recordings are verified one after the other, beside the window, and judged in plain words."""

import sys
import threading
import time
from pathlib import Path

import pytest

from recorder.playback.verdict import Difference, PartVerdict
from recorder.playback.verdict import Verdict as Found
from ui.model.checking import MOST, Checker, Verdict, judge

PATIENCE_S = 20.0


def part(name="a.mkv", state="complete", **counts):
    return PartVerdict(f"/data/{name}", state, **counts)


ODD = {"expected": 180, "exact": 179, "wrong": 1}


@pytest.mark.parametrize(
    ("parts", "state", "text"),
    [
        ([part(expected=180, exact=180)], "exact", "verified: all 180 frames are exact"),
        ([part(expected=1, exact=1)], "exact", "verified: the only frame is exact"),
        ([part()], "exact", "verified: no frame is in the file, as its ledger says"),
        (
            [part(expected=100, exact=100), part("b.mkv", expected=80, exact=80)],
            "exact",
            "verified: all 180 frames in 2 files are exact",
        ),
        (
            [part(expected=9, exact=9, dropped=3, bad=1, gaps=1, gap_seconds=1.25)],
            "exact",
            "verified: all 9 frames are exact\n• while recording: 3 dropped\n"
            "• while recording: 1 could not be read\n• while recording: 1 gap of 1.250 s",
        ),
        (
            [part(state="interrupted", expected=9, exact=9, beyond_end=2)],
            "exact",
            "verified: all 9 frames are exact\n"
            "• interrupted: 2 more were grabbed and are not in the file",
        ),
        (
            [part(**ODD, first=Difference(17, 18, "not what the camera gave"))],
            "different",
            "DIFFERENT: frame 17 of a.mkv is not what the camera gave (1 of 180 frames are wrong)",
        ),
        (
            [part(**ODD, first=Difference(179, 0, "followed by a frame that never was"))],
            "different",
            "DIFFERENT: frame 179 of a.mkv followed by a frame that never was "
            "(1 of 180 frames are wrong)",
        ),
        (
            [part(problem="the ledger has 3 rows")],
            "different",
            "DIFFERENT: a.mkv: the ledger has 3 rows",
        ),
        (
            [part(problem="the ledger has 3 rows"), part(), part("c.mkv", problem="no ledger")],
            "different",
            "DIFFERENT: a.mkv: the ledger has 3 rows\n• c.mkv: no ledger",
        ),
        (
            [part(state="recording", problem="it is being written")],
            "failed",
            "could not be verified: it is being written",
        ),
    ],
)
def test_what_verify_finds_in_plain_words(parts, state, text):
    """The answers are made by what makes them in earnest."""
    files = ("/data/a.mkv",)
    found = judge(files, Found(tuple(parts)).as_dict())
    assert (found.files, found.state, found.in_full()) == (files, state, text)


@pytest.mark.parametrize(
    ("numbers", "level"),
    [
        ({}, "good"),
        ({"dropped": 1}, "warn"),
        ({"bad": 1}, "warn"),
        ({"gaps": 1, "gap_seconds": 0.1}, "warn"),
        ({"state": "interrupted", "beyond_end": 1}, "warn"),
    ],
)
def test_only_a_recording_that_is_whole_is_good(numbers, level):
    parts = (part(**{"expected": 9, "exact": 9, **numbers}), part("b.mkv", expected=9, exact=9))
    assert judge(("a.mkv",), Found(parts).as_dict()).level == level


@pytest.mark.parametrize(
    ("state", "level"),
    [("waiting", None), ("running", None), ("different", "bad"), ("failed", "bad")],
)
def test_what_is_not_exact_is_bad_once_it_is_known(state, level):
    assert Verdict((), state, "exact, dropped, gap: words decide nothing").level == level


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"exit_code": 1, "files": [], "error": "no recording there"}, "no recording there"),
        ({}, "verify gave no verdict"),
    ],
)
def test_no_verdict_is_never_a_good_one(answer, why):
    verdict = judge(("a.mkv",), answer)
    assert (verdict.state, verdict.text) == ("failed", f"could not be verified: {why}")


ANSWER = """
import json, os, sys, time
name = sys.argv[1]
with open(os.path.join(os.path.dirname(name), "order"), "a") as order:
    order.write(os.path.basename(name) + " ")
while os.path.exists(name + ".wait"):
    time.sleep(0.01)
part = {"file": name, "ok": True, "exact": 5, "expected": 5, "beyond_end": 0, "dropped": 0,
        "bad": 0, "gaps": 0, "gap_seconds": 0, "niced": os.nice(0)}
print(json.dumps({"exit_code": 0, "files": [part]}))
"""


class Finals:
    """Final verdicts as they come."""

    def __init__(self):
        self.seen, self._changed = [], threading.Condition()

    def __call__(self, verdict):
        with self._changed:
            self.seen.append(verdict)
            self._changed.notify_all()

    def wait(self, count):
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) >= count, PATIENCE_S)
        return [verdict.state for verdict in self.seen]


@pytest.fixture
def finals():
    return Finals()


@pytest.fixture
def checker(finals):
    checker = Checker([sys.executable, "-I", "-S", "-c", ANSWER], finals)
    yield checker
    checker.close()
    assert not checker._thread or not checker._thread.is_alive()


def states(checker):
    return [verdict.state for verdict in checker.verdicts()]


def reached(tmp_path, text):
    deadline = time.monotonic() + PATIENCE_S
    order = tmp_path / "order"
    while not order.exists() or order.read_text() != text:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_one_after_the_other(checker, finals, tmp_path):
    files = [tmp_path / name for name in ("a", "b", "c")]
    gate = Path(f"{files[0]}.wait")
    gate.touch()
    for file in files:
        checker.check([file])
    checker.check([files[1]])  # it waits already
    reached(tmp_path, "a ")
    assert states(checker) == ["running", "waiting", "waiting"]
    assert checker.is_busy
    gate.unlink()
    assert finals.wait(3) == ["exact"] * 3
    assert states(checker) == ["exact"] * 3
    assert (tmp_path / "order").read_text() == "a b c "
    assert not checker.is_busy
    assert checker.verdict([files[1]]).text == "verified: all 5 frames are exact"
    assert checker.verdict(["else"]) is None


def test_again_if_it_is_asked_for(checker, finals, tmp_path):
    for count in (1, 2):
        checker.check([tmp_path / "a"])
        finals.wait(count)
    assert (tmp_path / "order").read_text() == "a a "
    assert states(checker) == ["exact"]


def test_held_while_something_records(checker, finals, tmp_path):
    checker.hold(True)
    checker.check([tmp_path / "a"])
    assert states(checker) == ["waiting"]
    checker.hold(False)
    assert finals.wait(1) == ["exact"]


def test_nothing_written_is_nothing_to_verify(checker):
    checker.check([])
    assert checker.verdicts() == ()


def test_closing_ends_the_child_and_forgets_what_waits(checker, tmp_path):
    Path(f"{tmp_path / 'a'}.wait").touch()
    checker.check([tmp_path / "a"])
    checker.check([tmp_path / "b"])
    reached(tmp_path, "a ")
    checker.close(PATIENCE_S)
    assert not checker._thread.is_alive()
    checker.check([tmp_path / "c"])
    assert (tmp_path / "order").read_text() == "a "


def test_a_child_that_dies_is_no_verdict_and_the_next_one_follows(finals):
    crash = "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"
    checker = Checker([sys.executable, "-I", "-S", "-c", crash], finals)
    checker.check(["a"])
    checker.check(["b"])
    assert finals.wait(2) == ["failed", "failed"]
    assert finals.seen[0].text == "could not be verified: it ended without a word"
    checker.close()


def test_old_verdicts_are_forgotten(finals):
    checker = Checker(["/nowhere/program"], finals)
    for number in range(MOST + 3):
        checker.check([f"{number}"])
        finals.wait(number + 1)
    assert len(checker.verdicts()) == MOST
    assert checker.verdicts()[-1].files == (f"{MOST + 2}",)
    assert "cannot be started" in checker.verdicts()[-1].text
    checker.close()


def test_the_real_command(finals, tmp_path):
    checker = Checker(on_done=finals)
    checker.check([tmp_path / "none.mkv"])
    assert finals.wait(1) == ["failed"]
    assert "none.mkv" in finals.seen[0].text
    checker.close()
