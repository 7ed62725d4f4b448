"""A keeper and processes that do what the test says: who is begun anew, how often, and who not."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from helpers import SLOW, until
from stage import AT_ONCE, FOR_EVER, Stage, part_of

from recorder.config import Amount, make_config
from recorder.errors import (
    CameraLost,
    CameraNotFound,
    CameraTimeout,
    ConfigError,
    NoSpace,
    RecorderError,
)
from recorder.pipeline.order import Order
from recorder.rig import attempt as attempt_module
from recorder.rig import patience as patience_module
from recorder.rig.keeper import Keeper, Patience
from recorder.rig.messages import describe
from recorder.rig.story import Story
from recorder.stats import CameraStatus, Totals


@pytest.fixture
def stage() -> Iterator[Callable[..., Stage]]:
    made: list[Stage] = []

    def make(patience: Patience = AT_ONCE, **camera: Any) -> Stage:
        made.append(Stage(patience, **camera))
        return made[-1]

    yield make
    assert all(each.keeper.has_ended for each in made), "the test did not come to its end"
    for each in made:
        each.keeper.join()


def ended(stage: Stage) -> Keeper:
    until(lambda: stage.keeper.has_ended)
    stage.keeper.join()
    return stage.keeper


# -- one process ------------------------------------------------------------------------------


def test_a_preview_that_is_stopped(stage: Callable[..., Stage]) -> None:
    it = stage()
    process = it.opened()
    assert it.keeper.status().state == "previewing"
    it.keeper.stop()
    assert process.kinds() == ["stop"]
    process.ends()
    keeper = ended(it)
    assert (keeper.reason, keeper.error, keeper.has_failed) == ("requested", None, False)
    assert (keeper.status().state, keeper.summary(), it.count) == ("ended", None, 1)
    assert process.closed == 1


def test_the_process_is_told_all_it_needs(stage: Callable[..., Stage]) -> None:
    it = stage(source="http://me:secret@127.0.0.1:9/cam")
    process = it.opened(record=True)
    setup = process.setup
    assert (setup["camera"], setup["record"], setup["life"]) == ("top", True, 1)
    assert setup["memory"] == it.keeper.memory.handle
    assert "order" not in setup
    assert make_config(setup["config"]).cameras["top"] == it.keeper.config  # password and all
    it.keeper.stop()
    process.ends()
    ended(it)


def test_a_recording_from_its_order_to_its_summary(stage: Callable[..., Stage]) -> None:
    it = stage()
    process = it.recording(Amount(frames=9))
    assert it.keeper.status().state == "recording"  # at once, whoever asks
    kind, content = process.heard[-1]
    assert kind == "begin"
    assert Order.from_dict(content["order"]).duration == Amount(frames=9)
    process.say("take", number=1, summary=part_of(9))
    told = it.keeper.summary()
    process.ends("duration")
    keeper = ended(it)
    assert told is not None
    assert (told.grabbed, told.restarts) == (9, 0)
    assert keeper.summary() == told
    assert (keeper.reason, it.count) == ("duration", 1)


def test_each_recording_of_one_process_has_its_summary(stage: Callable[..., Stage]) -> None:
    it = stage()
    process = it.opened()
    for number in (1, 2):
        it.keeper.prepare()
        process.say("armed")
        assert it.keeper.await_answer(SLOW)
        assert it.keeper.refusal is None
        it.keeper.begin(Order(at_ns=1))
        process.say("take", number=number - 1, summary=part_of(99))  # of the one before: too late
        process.say("take", number=number, summary=part_of(number))
        told = it.keeper.summary()
        assert told is not None
        assert told.grabbed == number
    assert process.kinds() == ["prepare", "begin", "prepare", "begin"]
    it.keeper.stop()
    process.ends()
    told = ended(it).summary()
    assert told is not None
    assert told.grabbed == 2


def test_a_recording_that_cannot_be_kept(stage: Callable[..., Stage]) -> None:
    it = stage()
    process = it.opened()
    it.keeper.prepare()
    process.say("failed", error=describe(NoSpace("the disk is full")))
    assert it.keeper.await_answer(SLOW)
    assert type(it.keeper.refusal) is NoSpace
    it.keeper.prepare()
    assert it.keeper.refusal is None  # asked anew
    process.say("armed")
    it.keeper.begin(Order(at_ns=1))
    process.say("unbegun")
    assert it.keeper.summary() is None
    it.keeper.stop()
    process.ends()
    ended(it)


def test_a_recording_that_could_not_begin_is_not_told_as_the_one_before(
    stage: Callable[..., Stage],
) -> None:
    it = stage()
    process = it.opened()
    it.keeper.begin(Order(at_ns=1))
    process.say("take", number=1, summary=part_of(9))
    it.keeper.begin(Order(at_ns=1))
    process.say("failed", error=describe(NoSpace("the disk is full")))
    process.say("unbegun")
    assert (it.keeper.summary(), it.keeper.is_recording) == (None, False)
    assert type(it.keeper.error) is NoSpace
    it.keeper.stop()
    process.ends()
    assert ended(it).summary() is None


def test_words_that_make_no_sense_harm_nothing(stage: Callable[..., Stage]) -> None:
    it = stage()
    process = it.opened()
    for garbage in (
        {"is": "nonsense"},
        {"is": "status", "status": 3, "take": 0, "is_told": False},
        {"is": "status"},
        {"is": "take", "number": 1, "summary": {}},
        {"is": "file"},
        {"is": "failed", "error": {}},
        {"is": "__init__"},
    ):
        process.say(garbage.pop("is"), **garbage)
    assert it.keeper.status().state == "previewing"
    process.say_status(take=0, state="previewing", fps_in=7.0)
    assert it.keeper.status().fps_in == 7.0
    it.keeper.stop()
    process.ends()
    assert ended(it).error is None


def test_what_a_process_counted_is_not_added_once_more(stage: Callable[..., Stage]) -> None:
    it = stage()
    process = it.recording()
    totals = Totals(grabbed=9, written=9)
    process.say_status(take=0, state="recording", totals=Totals(grabbed=99, written=99))
    assert it.keeper.status().totals == Totals()  # of another recording
    process.say_status(state="recording", totals=totals)
    assert it.keeper.status().totals == totals
    process.say("take", number=1, summary=part_of(9))
    assert it.keeper.status().totals == totals
    process.say_status(is_told=True, state="previewing", totals=totals)
    assert it.keeper.status().totals == totals
    it.keeper.stop()
    process.ends()
    assert ended(it).status().totals == totals


def test_a_take_that_is_told_while_somebody_looks_counts_once(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    it = stage()
    process = it.recording()
    process.say_status(state="recording", totals=Totals(grabbed=9, written=9))
    telling = threading.Thread(
        target=process.say, args=("take",), kwargs={"number": 1, "summary": part_of(9)}
    )
    over = Story.over

    def slow_over(story: Story, status: CameraStatus) -> CameraStatus:
        telling.start()
        telling.join(0.2)  # it has to wait
        return over(story, status)

    with monkeypatch.context() as patch:
        patch.setattr(Story, "over", slow_over)
        assert it.keeper.status().totals.grabbed == 9
    telling.join()
    assert it.keeper.status().totals.grabbed == 9
    it.keeper.stop()
    process.ends()
    ended(it)


# -- it does not come up ----------------------------------------------------------------------


@pytest.mark.parametrize("error", [CameraNotFound("no such camera"), ConfigError("no")])
def test_a_camera_that_cannot_be_opened_is_not_tried_again(
    stage: Callable[..., Stage], error: RecorderError
) -> None:
    it = stage()
    it.keeper.open(True)
    it.next().ends("camera_failed", error)
    assert it.keeper.await_answer(SLOW)
    keeper = ended(it)
    assert type(keeper.refusal) is type(error)
    assert str(keeper.refusal) == str(error)
    assert it.count == 1


def test_a_process_that_dies_before_it_is_up(stage: Callable[..., Stage]) -> None:
    it = stage()
    it.keeper.open(True)
    it.next().dies("killed by SIGSEGV: Error in libcamera")
    keeper = ended(it)
    assert type(keeper.refusal) is CameraLost
    assert "killed by SIGSEGV: Error in libcamera" in str(keeper.refusal)
    assert it.count == 1


def test_no_process_can_be_had(stage: Callable[..., Stage]) -> None:
    it = stage()
    it.refusals.append(OSError(11, "Resource temporarily unavailable"))
    it.keeper.open(True)
    assert it.keeper.await_answer(SLOW)
    keeper = ended(it)
    assert "no process" in str(keeper.refusal)
    assert keeper.reason == "writer_failed"


def test_no_thread_can_be_had_for_a_process(stage: Callable[..., Stage]) -> None:
    it = stage()
    it.refusals.append(RuntimeError("can't start new thread"))
    it.keeper.open(True)
    assert it.keeper.await_answer(SLOW)
    keeper = ended(it)
    assert "can't start new thread" in str(keeper.refusal)
    assert keeper.reason == "camera_failed"


def test_given_up_it_is_killed(stage: Callable[..., Stage]) -> None:
    it = stage()
    it.keeper.open(True)
    process = it.next()
    assert not it.keeper.await_answer(0)
    it.keeper.give_up()
    keeper = ended(it)
    assert process.killed == 1
    assert it.count == 1
    assert isinstance(keeper.refusal, CameraTimeout)


def test_stopped_before_it_was_started(stage: Callable[..., Stage]) -> None:
    it = stage()
    it.keeper.stop()
    it.keeper.open(True)
    process = it.next()
    until(lambda: process.kinds() == ["stop"])  # it hears of it all the same
    process.ends()
    ended(it)


# -- it is lost -------------------------------------------------------------------------------


def test_a_dead_process_is_replaced_and_goes_on_where_it_was(stage: Callable[..., Stage]) -> None:
    it = stage()
    first = it.recording(Amount(frames=99))
    first.grabs(40)
    first.dies()
    second = it.next()
    assert first.closed == 1
    assert it.keeper.status().state == "restarting"
    assert "killed by SIGSEGV" in str(it.keeper.status().message)
    setup = second.setup
    assert (setup["life"], setup["record"]) == (2, True)
    order = Order.from_dict(setup["order"])
    assert order.duration == Amount(frames=99)
    assert order.resumption is not None
    assert (order.resumption.grabbed, order.resumption.last_ns) == (40, 40)
    assert it.keeper.status().totals.restarts == 0  # it is not back yet
    second.arms()
    second.say_status(state="recording", totals=Totals(gaps=1))
    status = it.keeper.status()
    assert (status.state, status.totals.restarts, status.totals.gaps) == ("recording", 1, 1)
    second.say("take", number=1, summary=part_of(59, gaps=1))
    second.ends("duration")
    told = ended(it).summary()
    assert told is not None
    assert (told.restarts, told.gaps, told.reason, told.exit_code) == (1, 1, "duration", 6)


@pytest.mark.parametrize("error", [CameraLost("gone"), CameraTimeout("silent")])
def test_a_camera_that_failed_is_opened_again(
    stage: Callable[..., Stage], error: RecorderError
) -> None:
    it = stage()
    first = it.recording()
    first.say("take", number=1, summary=part_of(9, "camera_failed"))
    first.ends("camera_failed", error)
    second = it.next()
    assert it.keeper.status().totals.grabbed == 9
    it.keeper.stop()
    second.ends()
    told = ended(it).summary()
    assert told is not None
    assert told.grabbed == 9


@pytest.mark.parametrize("was_open", [True, False])
def test_a_camera_that_never_answered_is_not_called_gone(
    stage: Callable[..., Stage], was_open: bool
) -> None:
    it = stage()
    process = it.recording()
    it.keeper._course.was_open = was_open
    process.ends("camera_failed", CameraTimeout("http://cam/x: cam:80 never answered"))
    process = it.next()
    message = it.keeper.status().message or ""
    assert ("is gone" in message, "has not answered yet" in message) == (was_open, not was_open)
    assert "cam:80 never answered" in message
    it.keeper.stop()
    process.ends()
    ended(it)


@pytest.mark.parametrize(
    ("reason", "error"),
    [
        ("writer_failed", RecorderError("the encoder died five times")),
        ("no_space", NoSpace("full")),
        ("overflow", RecorderError("full")),
        ("end_of_source", None),
        ("duration", None),
        ("camera_failed", ConfigError("no such setting")),
    ],
)
def test_what_a_new_process_would_not_mend_ends_it(
    stage: Callable[..., Stage], reason: str, error: RecorderError | None
) -> None:
    it = stage()
    process = it.recording()
    process.say("take", number=1, summary=part_of(9, reason))
    process.ends(reason, error)
    keeper = ended(it)
    assert (keeper.reason, it.count) == (reason, 1)
    assert type(keeper.error) is type(error)
    # What `on_failure: stop` asks: a full buffer is no failure, nor is an end.
    assert keeper.has_failed is (reason in ("camera_failed", "writer_failed", "no_space"))


@pytest.mark.parametrize("on_failure", ["stop", "leave"])
def test_a_camera_that_shall_not_be_restarted(stage: Callable[..., Stage], on_failure: str) -> None:
    it = stage(on_failure=on_failure)
    it.recording().dies()
    keeper = ended(it)
    assert keeper.has_failed
    assert it.count == 1


def test_a_file_is_not_recorded_from_its_beginning_once_more(stage: Callable[..., Stage]) -> None:
    it = stage(source="frames_%04d.png")
    it.recording().dies()
    keeper = ended(it)
    assert (it.count, keeper.reason) == (1, "camera_failed")


def test_a_stuck_process_is_ended_and_replaced(stage: Callable[..., Stage]) -> None:
    it = stage()
    first = it.recording()
    first.stuck = True
    second = it.next()
    assert (first.asked_to_end, first.closed) == (1, 1)
    assert "did not answer" in str(it.keeper.error)
    it.keeper.stop()
    second.ends()
    ended(it)


def test_a_process_that_stays_after_its_last_word_is_killed(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt_module, "EXIT_S", 0.01)
    it = stage()
    process = it.opened()
    process.say("ended", reason="requested", error=None)
    assert ended(it).error is None
    assert process.killed == 1


def test_after_bounded_tries_it_is_lost_for_good(stage: Callable[..., Stage]) -> None:
    it = stage()
    it.recording().dies()
    for _ in range(AT_ONCE.tries):
        it.next().ends("camera_failed", CameraNotFound("no such camera"))
    keeper = ended(it)
    assert keeper.has_failed
    assert it.count == 1 + AT_ONCE.tries
    assert type(keeper.error) is CameraNotFound
    assert keeper.status().message == "no such camera"
    assert keeper.refusal is keeper.error


def test_a_camera_that_was_healthy_for_long_is_given_all_its_tries(
    stage: Callable[..., Stage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience_module, "HEALTHY_S", -1.0)
    it = stage()
    it.recording().dies()
    for _ in range(3 * AT_ONCE.tries):
        process = it.next()
        process.arms()
        process.dies()
    monkeypatch.setattr(patience_module, "HEALTHY_S", 10_000.0)
    it.end()
    assert it.count > 3 * AT_ONCE.tries


def test_what_was_lost_before_a_recording_does_not_count(stage: Callable[..., Stage]) -> None:
    it = stage()
    process = it.opened()
    for _ in range(2 * AT_ONCE.tries):  # in the preview
        process.dies()
        process = it.next()
        process.opens()
    for _ in range(2):  # and in the recording before this one
        it.keeper.begin(Order(at_ns=1))
        for _ in range(AT_ONCE.tries):
            process.dies()
            process = it.next()
            process.arms()
        process.say("take", number=1, summary=part_of(9))
    it.keeper.stop()
    process.ends()
    assert not ended(it).has_failed


def test_what_ended_an_attempt_of_the_preview_is_no_news_of_a_later_recording(
    stage: Callable[..., Stage],
) -> None:
    it = stage()
    it.opened().dies()
    process = it.next()
    process.opens()
    it.keeper.begin(Order(at_ns=1))
    process.say("take", number=1, summary=part_of(9))
    process.say_status(is_told=True, state="previewing")
    assert it.keeper.status().reason == "duration"
    it.keeper.stop()
    process.say_status(is_told=True, state="finishing", reason="requested")
    process.ends()
    keeper = ended(it)
    assert keeper.error is None
    assert (keeper.status().reason, keeper.status().message) == ("duration", None)


@pytest.mark.parametrize("record", [True, False])
def test_lost_after_its_last_frame_it_has_all_and_gets_no_frame_more(
    stage: Callable[..., Stage], record: bool
) -> None:
    it = stage()
    process = it.opened(record)
    it.keeper.begin(Order(Amount(frames=5), at_ns=1))
    process.grabs(5)
    process.say_status(state="finishing", totals=Totals(grabbed=5, written=5))
    process.dies()
    if not record:
        process = it.next()
        assert "order" not in process.setup
        assert not it.keeper.is_recording
        it.keeper.stop()
        process.ends()
    told = ended(it).summary()
    assert told is not None
    assert (told.reason, told.grabbed, told.restarts, told.exit_code) == ("duration", 5, 0, 0)
    assert it.count == 2 - record


def test_a_failure_that_nobody_foresaw_ends_it_and_its_process(stage: Callable[..., Stage]) -> None:
    it = stage(recording={"format": "video"})
    process = it.recording()
    process.grabs(5)
    process.fault = ZeroDivisionError("division by zero")
    keeper = ended(it)
    assert (process.killed, process.closed, it.count) == (1, 1, 1)
    assert (keeper.reason, keeper.has_failed) == ("camera_failed", True)
    assert str(keeper.error) == "ZeroDivisionError: division by zero"
    told = keeper.summary()
    assert told is not None
    assert (told.grabbed, told.dropped, told.exit_code) == (5, 5, 3)


def test_a_preview_waits_for_its_camera_for_ever(stage: Callable[..., Stage]) -> None:
    it = stage()
    it.opened().dies()
    for _ in range(5 * AT_ONCE.tries):
        it.next().dies()
    back = it.next()
    assert it.keeper.status().state == "restarting"
    back.opens()
    assert it.keeper.status().state == "previewing"
    it.keeper.stop()
    back.ends()
    ended(it)


def test_a_recording_whose_time_is_up_is_not_begun_again(stage: Callable[..., Stage]) -> None:
    it = stage()
    process = it.recording(Amount(seconds=1e-9))
    process.dies()
    assert ended(it).has_failed
    assert it.count == 1


def test_no_process_can_be_had_later(stage: Callable[..., Stage]) -> None:
    it = stage()
    first = it.recording()
    it.refusals.append(OSError(11, "Resource temporarily unavailable"))
    first.dies()
    keeper = ended(it)
    assert keeper.reason == "writer_failed"
    assert "no process" in str(keeper.error)


# -- while it is away -------------------------------------------------------------------------


def away(it: Stage, record: bool = True) -> None:
    process = it.recording() if record else it.opened()
    process.dies()
    until(lambda: it.keeper.status().state == "restarting")


def test_stopped_while_it_waits_for_the_next_attempt(stage: Callable[..., Stage]) -> None:
    it = stage(FOR_EVER)
    away(it)
    it.keeper.stop()
    keeper = ended(it)
    assert it.count == 1
    assert keeper.status().state == "ended"


def test_its_recording_is_ended_by_hand(stage: Callable[..., Stage]) -> None:
    it = stage()
    first = it.recording()
    first.dies()
    second = it.next()
    it.keeper.end_take()
    assert second.kinds() == ["end_take"]  # it was started to go on with it
    second.arms()
    assert it.keeper.status().state != "restarting"
    assert it.keeper.status().totals.restarts == 0
    it.keeper.stop()
    second.ends()
    ended(it)


def test_its_recording_is_ended_by_hand_before_it_is_missed(stage: Callable[..., Stage]) -> None:
    it = stage()
    first = it.opened()
    it.keeper.begin(Order(at_ns=1))
    it.on_change = lambda: first.closed and it.keeper.end_take()  # it is booked, and not yet away
    first.dies()
    second = it.next()
    assert "order" not in second.setup
    assert not it.keeper.is_recording
    second.opens()
    assert it.keeper.status().state == "previewing"
    it.keeper.stop()
    second.ends()
    ended(it)


def test_a_recording_that_its_process_did_not_live_to_end_is_over(
    stage: Callable[..., Stage],
) -> None:
    it = stage()
    first = it.recording()
    first.grabs(5)
    it.keeper.end_take()
    assert first.kinds() == ["begin", "end_take"]
    first.dies()
    second = it.next()
    assert "order" not in second.setup
    assert not it.keeper.is_recording
    second.opens()
    assert it.keeper.status().state == "previewing"
    it.keeper.stop()
    second.ends()
    assert ended(it).summary() is not None


def test_a_preview_goes_on_when_the_time_of_its_recording_was_up_without_it(
    stage: Callable[..., Stage],
) -> None:
    it = stage(recording={"format": "video"})
    first = it.opened()
    it.keeper.begin(Order(Amount(seconds=1e-9), at_ns=1))
    first.grabs(3)
    first.dies()
    second = it.next()
    assert "order" not in second.setup
    told = it.keeper.summary()
    assert told is not None
    assert (told.reason, told.grabbed, told.dropped) == ("camera_failed", 3, 3)
    second.opens()
    assert it.keeper.status().state == "previewing"
    it.keeper.stop()
    second.ends()
    ended(it)


def test_without_a_recording_there_is_nothing_to_end(stage: Callable[..., Stage]) -> None:
    it = stage()
    process = it.opened()
    it.keeper.end_take()
    assert process.kinds() == []
    it.keeper.stop()
    process.ends()
    ended(it)


def test_frames_that_a_process_told_of_before_it_died_count_once(
    stage: Callable[..., Stage],
) -> None:
    it = stage(recording={"format": "video"})
    first = it.recording()
    first.grabs(5)
    first.say("take", number=1, summary=part_of(5, "camera_failed"))
    first.dies()
    second = it.next()
    rest = second.setup["order"]["resumption"]
    assert (rest["grabbed"], rest["rows"]) == (5, ())
    it.keeper.stop()
    second.ends()
    told = ended(it).summary()
    assert told is not None
    assert (told.grabbed, told.written, told.dropped) == (5, 5, 0)


def test_a_recording_cannot_begin(stage: Callable[..., Stage]) -> None:
    it = stage(FOR_EVER)
    away(it, record=False)
    it.keeper.prepare()
    assert it.keeper.await_answer(0)
    assert isinstance(it.keeper.refusal, CameraLost)
    assert "killed by SIGSEGV" in str(it.keeper.refusal)
    it.keeper.stop()
    ended(it)


def test_it_dies_while_it_prepares(stage: Callable[..., Stage]) -> None:
    it = stage(FOR_EVER)
    process = it.opened()
    it.keeper.prepare()
    process.dies()
    assert it.keeper.await_answer(SLOW)
    assert "killed by SIGSEGV" in str(it.keeper.refusal)
    it.keeper.stop()
    ended(it)


def test_armed_and_dead_it_is_refused_even_if_it_is_back(stage: Callable[..., Stage]) -> None:
    it = stage()
    first = it.opened()
    it.keeper.prepare()
    first.say("armed")
    assert it.keeper.refusal is None
    first.dies()  # while others prepare
    second = it.next()
    assert isinstance(it.keeper.refusal, CameraLost)
    second.opens()
    assert isinstance(it.keeper.refusal, CameraLost)  # what had been prepared is gone
    it.keeper.prepare()
    assert it.keeper.refusal is None
    it.keeper.stop()
    second.ends()
    ended(it)


def test_lost_while_others_are_opened_it_may_be_back_in_time(stage: Callable[..., Stage]) -> None:
    it = stage()
    it.opened().dies()
    second = it.next()
    assert isinstance(it.keeper.refusal, CameraLost)
    second.opens()
    assert it.keeper.refusal is None
    it.keeper.stop()
    second.ends()
    ended(it)


def test_its_process_is_known_before_it_says_how_it_goes(stage: Callable[..., Stage]) -> None:
    it = stage()
    process = it.opened()
    status = it.keeper.status()
    assert (status.state, status.pid) == ("previewing", process.pid)
    it.keeper.stop()
    process.ends()
    ended(it)
    assert it.keeper.status().pid is None


def test_its_rates_are_those_of_nobody(stage: Callable[..., Stage]) -> None:
    it = stage(FOR_EVER)
    process = it.recording()
    process.say_status(state="recording", fps_in=60.0, buffer_fill=0.5, warning="no frame")
    pid = it.keeper.status().pid
    process.dies()
    until(lambda: it.keeper.status().state == "restarting")
    status = it.keeper.status()
    assert (pid, status.pid) == (process.pid, None)
    assert (status.fps_in, status.buffer_fill, status.warning) == (0.0, 0.0, None)
    it.keeper.stop()
    ended(it)


def test_words_of_a_dead_process_that_come_late_count_nothing(
    stage: Callable[..., Stage],
) -> None:
    it = stage()
    first = it.recording()
    first.dies()
    second = it.next()
    first.say_status(state="recording", fps_in=60.0)
    assert it.keeper.status().fps_in == 0.0
    first.say("take", number=1, summary=part_of(9))
    assert it.keeper.status().totals.grabbed == 0
    first.say("ended", reason="requested", error=None)
    second.dies()
    third = it.next()  # the second has said no such thing
    it.keeper.stop()
    third.ends()
    ended(it)


# -- patience ---------------------------------------------------------------------------------


def test_each_pause_is_twice_the_one_before_up_to_the_longest() -> None:
    patience = Patience(tries=10, first_pause_s=0.25, longest_pause_s=10.0)
    pauses = [patience.pause_s(tries) for tries in range(10)]
    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0, 10.0, 10.0]
    assert patience.pause_s(10**9) == 10.0
    assert replace(patience, first_pause_s=0.0).pause_s(5) == 0.0


def test_the_keeper_is_quiet_about_its_folder(tmp_path: Path, stage: Callable[..., Stage]) -> None:
    """A keeper makes no files: that is its processes' part."""
    it = stage(recording={"folder": str(tmp_path / "out"), "format": "video"})
    process = it.recording()
    process.say("take", number=1, summary=part_of(0))
    process.ends("duration")
    ended(it)
    assert list(tmp_path.iterdir()) == []
