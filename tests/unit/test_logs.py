"""Logs as they are on disk and on stderr; time is passed in where it counts."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from recorder.cli.live import StatusLine
from recorder.config import LogConfig
from recorder.rig.events import Event
from recorder.stats import CameraStatus, RigStatus
from recorder.unattended.logs import Beside, JsonLog, human_log, make_json_log
from recorder.unattended.repeats import Repeats, Thinned, kind_of

Capture = pytest.CaptureFixture[str]
log = logging.getLogger("recorder.test")
STATUS = RigStatus("demo", 1, "recording", ())


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def written(path: Path, act: Callable[[JsonLog], Any], **config: Any) -> list[dict[str, Any]]:
    """Return the lines of a log in which something was done."""
    made = make_json_log(LogConfig(file=path, **config))
    assert made is not None
    try:
        act(made)
    finally:
        made.close()
    return lines(path)


# -- for programs -------------------------------------------------------------------------------


def test_a_line_is_an_object(tmp_path: Path) -> None:
    [line] = written(tmp_path / "new" / "a.jsonl", lambda _: log.info("%s: ümlaut\n%d", "top", 5))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line.pop("time"))
    assert line == {"level": "INFO", "logger": "recorder.test", "message": "top: ümlaut\n5"}


def test_an_event_has_its_facts(tmp_path: Path) -> None:
    facts = {"file": "out/top_0001.mkv", "written": 100, "ratio": float("nan"), "fps": 2.5}

    def act(made: JsonLog) -> None:
        made.hear(Event("start"))
        made.hear(Event("segment", "top", facts))
        made.hear(Event("failure", "side", {"message": "it is on fire"}))

    start, segment, failure = written(tmp_path / "a.jsonl", act)
    assert (start["event"], start["message"]) == ("start", "a recording has begun")
    assert "camera" not in start
    assert (segment["event"], segment["camera"]) == ("segment", "top")
    assert segment["facts"] == facts | {"ratio": None}
    assert (failure["level"], failure["message"]) == ("WARNING", "side: a failure: it is on fire")


def test_exceptions(tmp_path: Path) -> None:
    def act(_: JsonLog) -> None:
        try:
            raise ValueError("rtsp://me:hidden@cam/1")
        except ValueError:
            log.exception("it failed")

    [line] = written(tmp_path / "a.jsonl", act)
    assert line["message"] == "it failed"
    assert "ValueError: rtsp://me:***@cam/1" in line["exception"]


def test_no_passwords(tmp_path: Path, capsys: Capture) -> None:
    def act(made: JsonLog) -> None:
        with human_log():
            log.warning("cannot open %s", "rtsp://me:hidden@cam/1")
            made.hear(Event("failure", "top", {"message": "http://x/?password=hidden"}))

    written(tmp_path / "a.jsonl", act)
    told = (tmp_path / "a.jsonl").read_text() + capsys.readouterr().err
    assert told.count("***") == 4
    assert "hidden" not in told


def test_rotation(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"

    def act(made: JsonLog) -> None:
        for number in range(100):
            made.hear(Event("segment", "top", {"number": number}))

    written(path, act, max_size=1000, keep=3)
    files = [path, *(path.with_name(f"a.jsonl.{number}") for number in (1, 2, 3))]
    assert sorted(tmp_path.iterdir()) == sorted(files)
    assert all(file.stat().st_size <= 1000 for file in files)
    kept = [line["facts"]["number"] for file in reversed(files) for line in lines(file)]
    assert kept == list(range(kept[0], 100))
    assert len(kept) > 15


def test_an_old_file_is_continued(tmp_path: Path) -> None:
    written(tmp_path / "a.jsonl", lambda _: log.info("one"))
    told = written(tmp_path / "a.jsonl", lambda _: log.info("two"))
    assert [line["message"] for line in told] == ["one", "two"]


def test_a_file_that_cannot_be_put_aside_is_gone_on_in(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "a.jsonl.1" / "a folder where the old file should go").mkdir(parents=True)

    def act(made: JsonLog) -> None:
        for number in range(30):
            made.hear(Event("segment", "top", {"number": number}))

    told = written(tmp_path / "a.jsonl", act, max_size=1000, keep=1)
    assert [line["facts"]["number"] for line in told if "event" in line] == list(range(30))
    assert caplog.text.count("cannot be written") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a file on a full disk")
def test_a_full_disk_is_told_once(capsys: Capture) -> None:
    with human_log():
        made = JsonLog(LogConfig(file=Path("/dev/full")))
        for number in range(20):
            made.hear(Event("segment", "top", {"number": number}))
        made.close()
    [told] = capsys.readouterr().err.splitlines()
    assert told.endswith(
        "WARNING the log full cannot be written: [Errno 28] No space left on device"
    )


def test_a_log_that_cannot_be_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    assert make_json_log(LogConfig(file=tmp_path / "file" / "a.jsonl")) is None
    assert "no log in " in caplog.text
    assert make_json_log(LogConfig()) is None


def test_it_leaves_nothing_behind(tmp_path: Path) -> None:
    before = logging.getLogger().handlers[:], logging.getLogger("recorder").level
    written(tmp_path / "a.jsonl", lambda _: None)
    with human_log():
        pass
    assert (logging.getLogger().handlers, logging.getLogger("recorder").level) == before
    assert "log" not in [thread.name for thread in threading.enumerate()]


class Stuck(logging.Handler):
    """A disk that takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self.began, self.goes_on = threading.Event(), threading.Event()
        self.taken: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.began.set()
        self.goes_on.wait()
        self.taken.append(record.getMessage())


def test_a_slow_disk_holds_up_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.unattended.logs.WAITING_LINES", 3)
    disk = Stuck()
    beside = Beside(disk)
    arguments = [0]
    for number in range(10):  # one is being written, three wait, the others are left out
        arguments[0] = number
        beside.handle(log.makeRecord("x", logging.INFO, "", 1, "%s", (arguments,), None))
        assert disk.began.wait(10)
    disk.goes_on.set()
    beside.close()
    assert disk.taken == ["[0]", "[1]", "[2]", "[3]"]


def test_a_disk_that_never_answers_does_not_keep_us(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("recorder.unattended.logs.CLOSE_S", 0.05)
    disk = Stuck()
    beside = Beside(disk)
    beside.handle(log.makeRecord("x", logging.INFO, "", 1, "one", None, None))
    assert disk.began.wait(10)
    beside.close()
    assert disk.taken == []
    disk.goes_on.set()


# -- for people ---------------------------------------------------------------------------------


def test_people_see_time_and_level_of_warnings(capsys: Capture) -> None:
    with human_log():
        log.info("not this")
        log.warning("top: %s", "the camera was lost")
        log.warning("an event", extra={"event": "failure"})
    log.warning("nor this")
    line = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d WARNING top: the camera was lost\n"
    assert re.fullmatch(line, capsys.readouterr().err)


def test_a_stderr_that_is_gone_is_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    closed = io.StringIO()
    closed.close()
    for gone in (closed, None):
        monkeypatch.setattr(sys, "stderr", gone)
        with human_log():
            log.warning("nobody reads this")


@pytest.mark.skipif(os.name == "nt", reason="no terminals of our own")
def test_on_a_terminal_lines_stand_above_the_status_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = os.openpty()
    with os.fdopen(ours, "rb", 0) as screen, os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr(sys, "stderr", terminal)
        with human_log(), StatusLine() as line:
            line.show(CameraStatus("top", "recording"))
            log.warning("side: %s", "it was lost")
            line.show(CameraStatus("top", "recording"))
        terminal.flush()
        shown = ""
        while "\x1b[?25h" not in shown:  # the last of it; a read gives what is there by then
            shown += screen.read(65536).decode()
    parts = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", part) for part in shown.split("\r\n")]
    [warning] = [number for number, part in enumerate(parts) if "WARNING side: it was lost" in part]
    assert any("top recording" in part for part in parts[:warning])
    assert any("top recording" in part for part in parts[warning + 1 :])
    assert "top recording" not in parts[warning].partition("WARNING")[2]


# -- repetitions --------------------------------------------------------------------------------


class Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.closed = False

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(record.getMessage())

    def close(self) -> None:
        self.closed = True
        super().close()


class Flood:
    def __init__(self) -> None:
        self.now = 0.0
        self.kept = Kept()
        self.handler = Thinned(self.kept, Repeats(clock=lambda: self.now))

    def say(self, template: str, *arguments: Any, name: str = "a", **extra: Any) -> None:
        record = logging.LogRecord(name, logging.WARNING, "", 1, template, arguments, None)
        record.__dict__.update(extra)
        self.handler.handle(record)

    def told(self) -> list[str]:
        found, self.kept.lines = self.kept.lines, []
        return found


@pytest.fixture
def flood() -> Iterator[Flood]:
    found = Flood()
    yield found
    found.handler.close()
    assert found.kept.closed


def test_the_first_few_and_then_how_many_more(flood: Flood) -> None:
    for number in range(125):
        flood.now += 0.4
        flood.say("frame %d is broken", number)
    assert flood.told() == [f"frame {number} is broken" for number in range(5)]
    flood.now = 60.4
    flood.say("frame %d is broken", 125)
    assert flood.told() == [
        "… and 120 more like this in the last 60 s: frame 124 is broken",
        "frame 125 is broken",
    ]


def test_it_is_told_when_others_speak_or_nobody_does(flood: Flood) -> None:
    for _ in range(6):
        flood.say("again")
    flood.handler.tick()
    flood.told()
    flood.now = 61
    flood.say("something else")
    assert flood.told() == ["… and 1 more like this in the last 61 s: again", "something else"]
    for _ in range(6):
        flood.say("again")
    flood.told()
    flood.now = 122
    flood.handler.tick()
    assert flood.told() == ["… and 1 more like this in the last 61 s: again"]


def test_it_is_told_though_nobody_logs_any_more() -> None:
    told = threading.Event()

    class Waited(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if "… and 1 more" in record.getMessage():
                told.set()

    handler = Thinned(Waited(), Repeats(first=0, window_s=0.05))
    handler.handle(logging.LogRecord("a", 30, "", 1, "again", None, None))
    assert told.wait(30)
    handler.close()


def test_it_is_told_at_the_end(flood: Flood) -> None:
    for _ in range(7):
        flood.say("again")
    flood.now = 10
    flood.handler.close()
    assert flood.told()[5:] == ["… and 2 more like this in the last 10 s: again"]


def test_few_lines_are_never_touched(flood: Flood) -> None:
    for _ in range(10):
        for _ in range(5):
            flood.say("slowly")
        flood.now += 60
    assert flood.told() == 50 * ["slowly"]


def test_others_are_not_held_back(flood: Flood) -> None:
    for _ in range(9):
        flood.say("%s: lost", "top")
        flood.say("%s: lost", "side")
        flood.say("%s: lost", "top", name="another logger")
        flood.say("%s: %s", "top", "said by its process")
        flood.say("%s: %s", "top", "also said by it")
    assert len(flood.told()) == 5 * 5


def test_events_are_never_held_back(flood: Flood) -> None:
    for _ in range(9):
        flood.say("a file is complete", event="segment")
    assert len(flood.told()) == 9


def test_what_a_process_says_with_other_numbers_is_the_same() -> None:
    def kind(template: str, *arguments: Any) -> Any:
        return kind_of(logging.LogRecord("a", 30, "", 1, template, arguments, None))

    assert kind("%s: %s", "top", "frame 5 at 0x7fff") == kind("%s: %s", "top", "frame 66 at 0x1")
    assert kind("%s: %s", "top", "frame 5") != kind("%s: %s", "side", "frame 5")
    assert kind("cannot write %s", "out/top_0001") == kind("cannot write %s", "out/top_0002")
    assert kind("100 %") == kind("99 %")


def test_no_kind_is_kept_for_longer_than_its_minute() -> None:
    now = [0.0]
    repeats = Repeats(clock=lambda: now[0])
    for number in range(1000):
        now[0] += 1
        text = f"message {chr(97 + number % 26)}{number // 26 * 'x'}"
        list(repeats.take(logging.LogRecord("a", 30, "", 1, text, None, None)))
    assert len(repeats._windows) <= 61


def test_json_lines_are_thinned_too(tmp_path: Path) -> None:
    def act(made: JsonLog) -> None:
        for _ in range(10):
            log.info("again")
            made.look(STATUS)

    told = [line["message"] for line in written(tmp_path / "a.jsonl", act)]
    assert told == [*(5 * ["again"]), "… and 5 more like this in the last 0 s: again"]
