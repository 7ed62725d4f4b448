"""Several keepers as one, their processes played: who is missed, by which name, and who is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from helpers import SLOW, until
from stage import AT_ONCE, FakeProcess, Stage, part_of

from recorder.config import make_config
from recorder.errors import (
    CameraLost,
    CameraNotFound,
    NoSpace,
    RecorderError,
    WriterError,
)
from recorder.pipeline.order import Order
from recorder.rig.team import Team

LEAVE = {"on_failure": "leave"}


class Cast:
    """A team whose keepers have played processes."""

    def __init__(self, **cameras: dict[str, Any]) -> None:
        plain = {name: {"source": "synthetic"} | camera for name, camera in cameras.items()}
        self.stages = {name: Stage(name=name, **camera) for name, camera in cameras.items()}
        self.team = Team(make_config({"cameras": plain}), lambda: None, AT_ONCE)
        self.team.keepers = {name: stage.keeper for name, stage in self.stages.items()}

    def open(self, record: bool = False) -> list[FakeProcess]:
        self.team.open(record)
        return [stage.next() for stage in self.stages.values()]

    def previewing(self) -> list[FakeProcess]:
        processes = self.open()
        for process in processes:
            process.opens()
        self.team.await_armed(SLOW, may_be_left=True)
        return processes

    def begin(self, *processes: FakeProcess) -> None:
        self.team.prepare()
        for process in processes:
            process.say("armed")
        self.team.await_armed(SLOW)
        self.team.begin(Order(at_ns=1))

    def end(self) -> None:
        self.team.stop()
        for stage in self.stages.values():
            stage.end()


@pytest.fixture
def cast() -> Iterator[Callable[..., Cast]]:
    made: list[Cast] = []

    def make(**cameras: dict[str, Any]) -> Cast:
        made.append(Cast(**cameras))
        return made[-1]

    yield make
    for each in made:
        each.end()


# -- nothing is begun without one that was there ----------------------------------------------


def test_one_that_was_armed_and_died_is_missed_though_it_is_back(
    cast: Callable[..., Cast],
) -> None:
    they = cast(a={}, b={})
    a, b = they.previewing()
    they.team.prepare()
    a.say("armed")
    a.dies()
    they.stages["a"].next().opens()
    b.say("armed")
    with pytest.raises(CameraLost, match=r"^a: .* killed by SIGSEGV"):
        they.team.await_armed(SLOW)


def test_one_that_ended_before_it_was_waited_for_is_missed(cast: Callable[..., Cast]) -> None:
    they = cast(a=LEAVE, b={})
    a, b = they.previewing()
    they.team.prepare()
    b.say("armed")
    a.dies()
    until(lambda: they.team.keepers["a"].has_ended)
    with pytest.raises(CameraLost, match=r"^a: .* killed by SIGSEGV"):
        they.team.await_armed(SLOW)


def test_one_for_which_there_is_no_process_fails_the_start(cast: Callable[..., Cast]) -> None:
    they = cast(a={}, b={})
    they.stages["a"].refusals.append(OSError(11, "Resource temporarily unavailable"))
    they.team.open(True)
    until(lambda: they.team.keepers["a"].has_ended)
    they.stages["b"].next().arms()
    with pytest.raises(RecorderError, match=r"^a: the system gives no process"):
        they.team.await_armed(SLOW, may_be_left=True)


# -- left out ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        ({"a": CameraNotFound("none"), "b": NoSpace("full")}, NoSpace),
        ({"a": NoSpace("full"), "b": WriterError("read only")}, WriterError),
        ({"a": CameraNotFound("none")}, CameraNotFound),
    ],
)
def test_if_all_are_left_out_the_gravest_reason_is_told(
    cast: Callable[..., Cast], errors: dict[str, RecorderError], expected: type[RecorderError]
) -> None:
    they = cast(**dict.fromkeys(errors, LEAVE))
    for process, error in zip(they.open(record=True), errors.values(), strict=True):
        process.ends("writer_failed", error)
    with pytest.raises(RecorderError) as caught:
        they.team.await_armed(SLOW, may_be_left=True)
    assert type(caught.value) is expected
    name, error = next((n, e) for n, e in errors.items() if type(e) is expected)
    assert str(caught.value) == (str(error) if len(errors) == 1 else f"{name}: {error}")


@pytest.mark.parametrize(
    ("error", "reason", "code"),
    [
        (NoSpace("the disk is full"), "no_space", 5),
        (WriterError("read only"), "writer_failed", 4),
        (CameraNotFound("no such camera"), "camera_failed", 3),
    ],
)
def test_left_out_its_summary_says_why(
    cast: Callable[..., Cast], error: RecorderError, reason: str, code: int
) -> None:
    they = cast(a=LEAVE, b={})
    a, b = they.open(record=True)
    a.ends(reason, error)
    b.arms()
    they.team.await_armed(SLOW, may_be_left=True)
    assert they.team.summary().cameras == {}  # nothing has begun
    they.team.begin(Order(at_ns=1))
    b.say("take", number=1, summary=part_of(9))
    summary = they.team.summary()
    assert list(summary.cameras) == ["a", "b"]
    told = summary.cameras["a"]
    assert (told.reason, told.grabbed, told.errors) == (reason, 0, (str(error),))
    assert (summary.exit_code, str(summary.errors["a"])) == (code, str(error))


def test_given_up_its_summary_says_why(cast: Callable[..., Cast]) -> None:
    they = cast(a=LEAVE, b={})
    _, b = they.open(record=True)
    b.arms()
    they.team.await_armed(0.0, may_be_left=True)
    they.team.begin(Order(at_ns=1))
    until(lambda: they.team.keepers["a"].has_ended)
    summary = they.team.summary()
    assert summary.cameras["a"].errors == ("it was not ready in time",)
    assert str(summary.errors["a"]) == "it was not ready in time"


# -- one recording after the other ------------------------------------------------------------


def test_a_camera_that_is_gone_has_no_share_in_the_next_recording(
    cast: Callable[..., Cast],
) -> None:
    they = cast(a=LEAVE, b={})
    a, b = they.previewing()
    they.begin(a, b)
    for process in (a, b):
        process.say("take", number=1, summary=part_of(9))
    assert [told.grabbed for told in they.team.summary().cameras.values()] == [9, 9]
    a.dies()
    until(lambda: they.team.keepers["a"].has_ended)
    assert they.team.summary().cameras["a"].reason == "duration"  # it was there for this one
    they.begin(b)
    b.say("take", number=2, summary=part_of(7))
    told = they.team.summary().cameras
    assert (told["a"].reason, told["a"].grabbed) == ("camera_failed", 0)
    assert "killed by SIGSEGV" in told["a"].errors[0]
    assert (told["b"].reason, told["b"].grabbed) == ("duration", 7)
    assert they.team.summary().exit_code == 3


def test_a_recording_that_could_not_begin_is_told(cast: Callable[..., Cast]) -> None:
    they = cast(a={}, b={})
    a, b = they.previewing()
    they.begin(a, b)
    for process in (a, b):
        process.say("take", number=1, summary=part_of(9))
    they.begin(a, b)
    a.say("failed", error={"class": "NoSpace", "text": "the disk is full"})
    a.say("unbegun")
    b.say("take", number=2, summary=part_of(7))
    told = they.team.summary().cameras
    assert (told["a"].reason, told["a"].grabbed, told["b"].grabbed) == ("no_space", 0, 7)
