"""The loop of `recorder record`, with a clock and rigs that take no time: a week in a moment."""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from helpers import until
from stand_in_rig import runtime_folder_of_its_own

from recorder.config import Config, make_config
from recorder.errors import CameraLost, ConfigError, NoSpace, RecorderError, Stopped, WriterError
from recorder.pipeline.summary import TakeSummary
from recorder.rig.events import Event
from recorder.rig.link import connect
from recorder.rig.summary import RigSummary
from recorder.stats import CameraStatus, RigStatus
from recorder.unattended import running
from recorder.unattended.account import Recording
from recorder.unattended.crowd import Crowd
from recorder.unattended.running import AHEAD_S, Clock, Unattended
from recorder.unattended.schedule import Window

BERLIN = ZoneInfo("Europe/Berlin")
OPENING_S = 2.0
HOUR = 3600.0


@pytest.fixture(autouse=True)
def _links_of_their_own() -> Iterator[None]:
    with runtime_folder_of_its_own():
        yield


@pytest.fixture(autouse=True)
def _looks_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or a week would be 600 000 looks; whatever has its time is waited for exactly."""
    monkeypatch.setattr(running, "LOOK_S", 600.0)
    monkeypatch.setattr(running, "SHOW_S", 600.0)


def berlin(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


class StandInClock(Clock):
    """Goes on when somebody waits; what is planned happens at its time, measured without jumps."""

    def __init__(self, text: str) -> None:
        self.wall = berlin(text)
        self.passed_s = 0.0
        self._planned: list[tuple[float, int, Callable[[], None]]] = []

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.passed_s

    def wait(self, event: threading.Event, seconds: float) -> bool:
        if not event.is_set():
            self.advance(seconds)
        return event.is_set()

    def plan(self, after_s: float, action: Callable[[], None]) -> None:
        heapq.heappush(self._planned, (self.passed_s + after_s, len(self._planned), action))

    def advance(self, seconds: float) -> None:
        if self._planned:
            seconds = min(seconds, max(0.0, self._planned[0][0] - self.passed_s))
        self.passed_s += seconds
        self.wall += timedelta(seconds=seconds)
        while self._planned and self._planned[0][0] <= self.passed_s:
            heapq.heappop(self._planned)[2]()

    def set(self, text: str) -> None:
        self.wall = berlin(text)

    def sleep(self, seconds: float) -> None:
        """Have the machine sleep: only the clock on the wall goes on."""
        self.wall += timedelta(seconds=seconds)


class StandInRig:
    """Opens in 2 s, records for a while; fails as it is told to."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.error, self.fails_at_once = lab.failures.pop(0) if lab.failures else (None, True)
        self.summary = lab.summaries.pop(0) if lab.summaries else None
        self.is_stopped = self.is_recording = self.has_ended = False
        self.opened = lab.clock.wall
        self.begun: datetime | None = None
        self.ends_s: float | None = None
        self.asked_to_end = 0

    def __enter__(self) -> StandInRig:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._end()

    def start(self, record: bool, when_armed: Callable[[], None]) -> None:
        assert record
        self.lab.clock.advance(OPENING_S)
        if self.error is not None and self.fails_at_once:
            raise self.error
        if self.is_stopped:
            raise Stopped("stopped before the first frame")
        when_armed()
        self.begun = self.lab.clock.wall
        self.is_recording = True
        if self.lab.duration_s is not None:
            self.ends_s = self.lab.clock.passed_s + self.lab.duration_s

    def wait_briefly(self, timeout_s: float) -> bool:
        left_s = timeout_s if self.ends_s is None else self.ends_s - self.lab.clock.passed_s
        self.lab.clock.advance(min(timeout_s, left_s))
        over = self.ends_s is not None and self.lab.clock.passed_s >= self.ends_s
        if over or self.is_stopped:
            self._end()
        return self.has_ended

    def _end(self) -> None:
        if not self.has_ended:
            self.ended = self.lab.clock.wall
        self.has_ended, self.is_recording = True, False

    def end_take(self) -> None:
        self.asked_to_end += 1
        self.is_stopped = True

    def stop(self) -> None:
        self.is_stopped = True

    def wait(self) -> RigSummary:
        assert self.has_ended
        if self.begun is None:
            return RigSummary({})
        if self.summary is not None:
            return self.summary
        part = told("duration" if self.error is None else "camera_failed", len(self.lab.rigs))
        return RigSummary({"top": part}, {} if self.error is None else {"top": self.error})

    def status(self) -> RigStatus:
        state = "ended" if self.has_ended else "recording" if self.is_recording else "opening"
        return RigStatus("rig", 1, state, (CameraStatus("top", state=state),))


def told(reason: str, number: int = 1) -> TakeSummary:
    return TakeSummary(reason, 11, 11, 0, 0, 0, 0, 1.0, 10.0, (f"{number}.mkv",), 100, 50)


class Lab:
    """A clock, the rigs that were made, and all that was said."""

    def __init__(self, now: str, duration: str | None = None, **schedule: Any) -> None:
        schedule = {"timezone": "Europe/Berlin"} | schedule
        recording = {} if duration is None else {"duration": duration}
        camera = {"source": "synthetic", "recording": recording}
        self.config: Config = make_config({"cameras": {"top": camera}, "schedule": schedule})
        amount = self.config.cameras["top"].recording.duration
        self.duration_s = None if amount is None else amount.seconds
        self.clock = StandInClock(now)
        self.failures: list[tuple[RecorderError | None, bool]] = []
        self.summaries: list[RigSummary] = []
        self.rigs: list[StandInRig] = []
        self.waited: list[Window] = []
        self.states: list[str] = []
        self.statuses: list[RigStatus] = []
        self.recordings: list[Recording] = []
        self.running = Unattended(
            self.config, "lab", self, clock=self.clock, make_rig=self._make_rig
        )

    def _make_rig(self, config: Config, name: str, **_: Any) -> Any:
        self.rigs.append(StandInRig(self))
        return self.rigs[-1]

    def run(self, for_s: float | None = None) -> Any:
        if for_s is not None:
            self.clock.plan(for_s, self.running.stop)
        return self.running.run()

    def waits(self, window: Window) -> None:
        self.waited.append(window)

    def shows(self, status: RigStatus) -> None:
        if not self.states or self.states[-1] != status.state:
            self.states.append(status.state)
            self.statuses.append(status)

    def recorded(self, recording: Recording) -> None:
        self.recordings.append(recording)

    @property
    def times(self) -> list[tuple[str, str]]:
        """Begin and end of all that was recorded, in Berlin, to the second."""
        return [(_show(rig.begun), _show(rig.ended)) for rig in self.rigs if rig.begun]


def _show(moment: datetime | None) -> str:
    assert moment is not None
    rounded = moment + timedelta(seconds=0.5)
    return rounded.astimezone(BERLIN).strftime("%a %H:%M:%S")


# -- it goes as planned -----------------------------------------------------------------------


def test_a_week_of_nights_with_the_cameras_closed_by_day() -> None:
    lab = Lab("2026-10-22 12:00", hours="22:00-06:00")
    account = lab.run(for_s=7 * 24 * HOUR)
    days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed", "Thu"]
    assert lab.times == [(f"{day} 22:00:00", f"{after} 06:00:00") for day, after in pairwise(days)]
    lengths = [round((rig.ended - rig.begun) / timedelta(hours=1), 3) for rig in lab.rigs]
    assert lengths == [8, 8, 9, 8, 8, 8, 8]  # on Sunday clocks are set back
    for rig in lab.rigs:
        assert (rig.begun - rig.opened).total_seconds() == pytest.approx(AHEAD_S, abs=0.01)
        assert rig.asked_to_end == 1
    assert (account.exit_code, account.count) == (0, 7)
    assert lab.states[:4] == ["waiting", "opening", "recording", "finishing"]
    assert lab.statuses[0].waits_until == berlin("2026-10-22 22:00").timestamp()
    assert [status.openings for status in lab.statuses[:2]] == [0, 1]
    assert len(lab.waited) == 8  # each told once, the last one in vain


def test_every_half_hour_of_a_working_day() -> None:
    lab = Lab("2026-11-26 07:00", "10min", every="30min", hours="08:00-18:00", repeats=21)
    account = lab.run()
    begins = [begin for begin, _ in lab.times]
    assert begins[:2] == ["Thu 08:00:00", "Thu 08:30:00"]
    assert begins[-2:] == ["Thu 17:30:00", "Fri 08:00:00"]
    assert {rig.asked_to_end for rig in lab.rigs} == {0}  # their duration ends them
    whole = account.as_dict()
    assert len(whole["recordings"]) == 21
    assert whole["recordings"][0] == {"begin": "2026-11-26T07:00:00.000+00:00", "exit_code": 0}
    top = whole["cameras"]["top"]
    assert (top["grabbed"], top["seconds"], top["fps"]) == (21 * 11, 21.0, 10.0)
    assert top["files"] == [f"{number}.mkv" for number in range(1, 22)]
    assert (whole["exit_code"], top["reason"], top["ratio"]) == (0, "duration", 2.0)
    assert "error" not in whole


def test_no_schedule_is_one_recording_at_once() -> None:
    lab = Lab("2026-11-26 07:00", "10min")
    lab.run()
    assert lab.times == [("Thu 07:00:02", "Thu 07:10:02")]
    assert lab.waited == []


def test_a_recording_that_is_over_is_not_begun_again_within_its_hours() -> None:
    lab = Lab("2026-11-26 07:00", "10min", hours="08:00-18:00", repeats=2)
    lab.run()
    assert [begin for begin, _ in lab.times] == ["Thu 08:00:00", "Fri 08:00:00"]


def test_recordings_that_leave_no_time_to_open_the_cameras() -> None:
    """The next one begins late, ends in time, and the one after it is not late for that."""
    lab = Lab("2026-11-26 07:00", "9s", every="10s", start="2026-11-26 07:01", repeats=4)
    lab.run()
    begins, ends = zip(*lab.times, strict=True)
    assert begins == ("Thu 07:01:00", "Thu 07:01:11", "Thu 07:01:22", "Thu 07:01:32")
    assert ends == ("Thu 07:01:09", "Thu 07:01:20", "Thu 07:01:30", "Thu 07:01:40")


def test_hours_that_meet_are_recordings_that_meet() -> None:
    lab = Lab("2026-11-26 07:00", hours="00:00-24:00", repeats=3)
    lab.run()
    assert [end for _, end in lab.times] == ["Fri 00:00:00", "Sat 00:00:00", "Sun 00:00:00"]
    assert [begin for begin, _ in lab.times[1:]] == ["Fri 00:00:02", "Sat 00:00:02"]


# -- what goes wrong --------------------------------------------------------------------------


def test_a_failure_is_told_and_the_next_one_is_made() -> None:
    lab = Lab("2026-11-26 07:00", "10min", every="30min", repeats=4)
    lab.failures = [(CameraLost("unplugged"), True), (None, True), (CameraLost("again"), False)]
    account = lab.run()
    assert [r.exit_code for r in lab.recordings] == [3, 0, 3, 0]
    assert [begin for begin, _ in lab.times] == ["Thu 07:30:00", "Thu 08:00:00", "Thu 08:30:00"]
    whole = account.as_dict()
    assert (whole["exit_code"], account.exit_code) == (3, 3)
    assert whole["error"] == "unplugged; again"
    assert [r["exit_code"] for r in whole["recordings"]] == [3, 0, 3, 0]
    assert whole["cameras"]["top"]["reason"] == "camera_failed"


def test_what_is_left_of_hours_is_tried_again_ever_less_often() -> None:
    lab = Lab("2026-11-26 07:00", hours="08:00-18:00", repeats=2)
    lab.failures = [(CameraLost("unplugged"), True)] * 6
    account = lab.run()
    assert lab.times == [("Thu 08:34:42", "Thu 18:00:00"), ("Fri 08:00:00", "Fri 18:00:00")]
    opened = [_show(rig.opened) for rig in lab.rigs]
    assert opened[:4] == ["Thu 07:59:55", "Thu 08:00:52", "Thu 08:02:49", "Thu 08:06:46"]
    assert account.as_dict()["error"] == "unplugged"
    assert [r.exit_code for r in lab.recordings] == [3] * 6 + [0, 0]


def test_what_is_left_of_hours_is_given_up_at_their_end() -> None:
    lab = Lab("2026-11-26 07:00", hours="08:00-08:10", repeats=2)
    lab.failures = [(CameraLost("unplugged"), True)] * 4
    lab.run()
    assert lab.times == [("Fri 08:00:00", "Fri 08:10:00")]


def test_hours_that_were_recorded_are_not_recorded_again() -> None:
    """Also if one of several cameras failed: the others have them."""
    lab = Lab("2026-11-26 07:00", "10min", hours="08:00-18:00", repeats=2)
    lab.failures = [(CameraLost("b"), False)]
    cameras = {"a": told("duration"), "b": told("camera_failed")}
    lab.summaries = [RigSummary(cameras, {"b": CameraLost("b")})]
    assert lab.run().exit_code == 3
    assert [begin for begin, _ in lab.times] == ["Thu 08:00:00", "Fri 08:00:00"]


@pytest.mark.parametrize(
    ("errors", "code"),
    [
        ([CameraLost("a"), NoSpace("b")], 5),
        ([WriterError("a"), NoSpace("b")], 4),
        ([CameraLost("a"), RecorderError("b")], 3),
        ([RecorderError("b")], 1),
    ],
)
def test_the_gravest_names_the_exit_code(errors: list[RecorderError], code: int) -> None:
    lab = Lab("2026-11-26 07:00", hours="08:00-09:00", repeats=3)
    lab.failures = [(error, True) for error in errors]
    assert lab.run().exit_code == code


def test_a_config_that_cannot_work_ends_it() -> None:
    lab = Lab("2026-11-26 07:00", hours="08:00-09:00")
    lab.failures = [(NoSpace("full"), True), (ConfigError("no such setting"), True)]
    assert lab.run().exit_code == 2
    assert len(lab.rigs) == 2


def test_cameras_that_are_ready_too_late_are_a_failure() -> None:
    lab = Lab("2026-11-26 08:59:59", hours="08:00-09:00", repeats=1)
    account = lab.run()
    assert account.exit_code == 3
    assert "over before the cameras were ready" in account.as_dict()["error"]


# -- stopping ---------------------------------------------------------------------------------


def test_stopped_while_it_waits_it_ends_at_once() -> None:
    lab = Lab("2026-11-26 12:00", hours="22:00-06:00")
    assert lab.run(for_s=HOUR).exit_code == 0
    assert lab.rigs == lab.recordings == []
    assert _show(lab.clock.wall) == "Thu 13:00:00"


@pytest.mark.parametrize("after_s", [HOUR - AHEAD_S + 1.0, HOUR - 1.0])
def test_stopped_while_it_opens_there_is_nothing(after_s: float) -> None:
    """Also if it was only waiting for the moment."""
    lab = Lab("2026-11-26 21:00", hours="22:00-06:00")
    account = lab.run(for_s=after_s)
    assert (account.exit_code, account.count, lab.times) == (0, 0, [])
    assert [recording.was_begun for recording in lab.recordings] == [False]


def test_stopped_while_it_records_it_finishes_and_goes_on_with_none() -> None:
    lab = Lab("2026-11-26 21:00", hours="22:00-06:00")
    account = lab.run(for_s=2 * HOUR)
    assert lab.times == [("Thu 22:00:00", "Thu 23:00:00")]
    assert (account.exit_code, account.count) == (0, 1)


def test_the_exit_code_is_that_of_what_was_before() -> None:
    lab = Lab("2026-11-26 07:00", hours="08:00-09:00")
    lab.failures = [(NoSpace("full"), True)]
    assert lab.run(for_s=30 * HOUR).exit_code == 5


# -- clocks that jump -------------------------------------------------------------------------


def test_a_clock_set_back_does_not_make_a_recording_longer() -> None:
    lab = Lab("2026-11-26 07:00", hours="08:00-09:00", repeats=1)
    lab.clock.plan(1.5 * HOUR, lambda: lab.clock.set("2026-11-26 03:00"))
    lab.run()
    (rig,) = lab.rigs
    assert lab.clock.passed_s == pytest.approx(2 * HOUR, abs=1.0)
    assert rig.asked_to_end == 1


def test_a_clock_set_forward_is_believed() -> None:
    lab = Lab("2026-11-26 07:00", hours="08:00-09:00", repeats=1)
    lab.clock.plan(1.5 * HOUR, lambda: lab.clock.set("2026-11-26 09:30"))
    lab.run()
    assert lab.clock.passed_s == pytest.approx(1.5 * HOUR, abs=1.0)


@pytest.mark.parametrize("now", ["2035-01-01 12:00", "1999-12-31 12:00"])
def test_a_clock_that_was_wrong_at_the_start(now: str) -> None:
    lab = Lab(now, hours="22:00-23:00", repeats=1)
    lab.clock.plan(60.0, lambda: lab.clock.set("2026-11-26 21:30"))
    lab.run()
    assert lab.times == [("Thu 22:00:00", "Thu 23:00:00")]
    assert [w.begin.year for w in lab.waited] == [int(now[:4]), 2026]


def test_a_clock_that_was_wrong_at_a_recording() -> None:
    lab = Lab("2035-01-01 12:00", "10min", hours="12:30-23:00", repeats=2)
    lab.clock.plan(HOUR, lambda: lab.clock.set("2026-11-26 12:00"))
    lab.run()
    assert [begin for begin, _ in lab.times] == ["Mon 12:30:00", "Thu 12:30:00"]


def test_a_machine_that_slept_records_what_is_left() -> None:
    lab = Lab("2026-11-26 21:00", hours="22:00-06:00", repeats=1)
    lab.clock.plan(60.0, lambda: lab.clock.sleep(4 * HOUR))
    lab.run()
    assert lab.times == [("Fri 01:01:02", "Fri 06:00:00")]


def test_a_machine_that_slept_over_one_of_every_waits_for_the_next() -> None:
    lab = Lab("2026-11-26 21:05", "10min", every="1h", repeats=2)
    lab.clock.plan(60.0, lambda: lab.clock.sleep(HOUR))
    lab.run()
    assert [begin for begin, _ in lab.times] == ["Thu 23:00:00", "Fri 00:00:00"]


def test_a_machine_that_slept_in_a_recording_does_not_go_on_for_as_long() -> None:
    lab = Lab("2026-11-26 21:00", hours="22:00-23:00", repeats=1)
    lab.clock.plan(1.5 * HOUR, lambda: lab.clock.sleep(HOUR))
    lab.run()
    assert lab.clock.passed_s == pytest.approx(1.5 * HOUR, abs=1.0)


# -- who looks at it --------------------------------------------------------------------------


def test_while_it_waits_it_can_be_found_asked_and_stopped() -> None:
    lab = Lab("2026-11-26 12:00", hours="22:00-06:00")
    seen: list[Any] = []

    def visit() -> None:
        with connect("lab") as link:
            seen.append(link.status())
            for ask in (link.record, link.end_take, lambda: link.latest_frame("top")):
                with pytest.raises(RecorderError, match="closed until"):
                    ask()
            with pytest.raises(ConfigError, match="no camera called"):
                link.latest_frame("side")
            assert (link.details(), link.config()) == ({}, lab.config)
            link.stop()
            seen.append(link.status())

    lab.clock.plan(60.0, visit)
    lab.run()
    assert seen[0].state == "waiting"
    assert seen[0].waits_until == berlin("2026-11-26 22:00").timestamp()
    assert [camera.state for camera in seen[0].cameras] == ["waiting"]
    assert lab.running._status().state == "ended"  # and so say those who watch


class Witness:
    """Keeps what it is told, and fails as often as it is asked to."""

    def __init__(self, fails: bool = False) -> None:
        self.fails = fails
        self.seen: list[str] = []
        self.heard: list[str] = []
        self.closed = 0

    def look(self, status: RigStatus) -> None:
        self.seen.append(status.state)
        if self.fails:
            raise ValueError("no eyes")

    def hear(self, event: Event) -> None:
        self.heard.append(event.kind)
        if self.fails:
            raise ValueError("no ears")

    def close(self) -> None:
        self.closed += 1
        if self.fails:
            raise ValueError("no end")


def test_an_observer_that_fails_keeps_nobody_from_looking(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bad, good = Witness(fails=True), Witness()
    status = RigStatus("rig", 1, "waiting", ())
    with Crowd([bad, good], lambda: status, period_s=0.001) as crowd:
        crowd.hear(Event("start"))
        until(lambda: len(good.seen) > 3)
    assert (good.heard, good.closed, bad.closed) == (["start"], 1, 1)
    assert len(bad.seen) == len(good.seen)
    assert len(caplog.records) == 3  # each complaint once, not every second


def test_observers_see_nothing_of_a_schedule_that_hangs() -> None:
    witness = Witness()
    with Crowd([witness], lambda: None, period_s=0.001):
        threading.Event().wait(0.02)
    assert (witness.seen, witness.closed) == ([], 1)
    lab = Lab("2026-11-26 12:00", hours="22:00-06:00")
    assert lab.running._see() is not None
    lab.clock.advance(31.0)
    assert lab.running._see() is None
