"""The guard of the disk: what it says adds up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recorder.errors import NoSpace
from recorder.pipeline import guards
from recorder.pipeline.guards import DiskGuard, reserve


@pytest.mark.parametrize(
    ("free", "keep_free", "rate", "in_flight"),
    [
        (1_900_000_000, 1 << 30, 8e8, 50_000_000),
        (1_073_800_000, 1 << 30, 1e5, 0),  # all the same in whole GB, and in whole MB
        (2_600_000, 1_000_000, 2e6, 0),
        (1, 1, 1.0, 0),
        (0, 1 << 30, 0.0, 0),
    ],
)
def test_the_numbers_say_why_it_stops(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    free: int,
    keep_free: int,
    rate: float,
    in_flight: int,
) -> None:
    said: list[tuple[str, Exception]] = []
    monkeypatch.setattr(guards, "free_bytes", lambda folder: free)
    guard = DiskGuard(tmp_path, keep_free, lambda reason, error: said.append((reason, error)))
    guard.look(False, rate, in_flight)
    assert said == []
    guard.look(True, rate, in_flight)
    ((reason, error),) = said
    assert (reason, type(error)) == ("no_space", NoSpace)
    has, reserved, coming = map(int, re.findall(r"(\d+) MB", str(error)))
    assert has < reserved + coming
    assert abs(free / 1e6 - has) <= 1
    assert abs(keep_free / 1e6 - reserved) <= 1


def test_with_room_for_all_it_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(guards, "free_bytes", lambda folder: 200)
    guard = DiskGuard(tmp_path, 100, lambda reason, error: said.append(reason))
    guard.look(True, 50.0, 50)
    assert said == []
    guard.look(True, 50.0, 51)
    assert said == ["no_space"]


def test_what_stays_free_is_a_gigabyte_or_half_a_minute() -> None:
    assert reserve(None) == reserve(None, 1e6) == 2**30
    assert reserve(None, 100e6) == 3_000_000_000
    assert reserve(0, 100e6) == 0
    assert reserve(5, 100e6) == 5


def test_no_more_stays_free_than_the_recording_can_still_need() -> None:
    rate = 1_470_000_000.0  # uncompressed, at full speed
    assert reserve(None, rate, 8.0) == 11_760_000_000
    assert reserve(None, rate, 3600.0) == reserve(None, rate) == 44_100_000_000
    assert reserve(None, rate, 0.0) == 2**30
    assert reserve(5, rate, 8.0) == 5


def test_a_short_recording_at_full_speed_is_not_refused_for_half_a_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight seconds of it need 12 GB of the 20 that there are."""
    said: list[str] = []
    disk, rate = {"free": 20_000_000_000}, 1_470_000_000
    monkeypatch.setattr(guards, "free_bytes", lambda folder: disk["free"])
    guard = DiskGuard(tmp_path, None, lambda reason, error: said.append(reason))
    for tenth in range(81):
        guard.look(True, float(rate), 0, 8 - tenth / 10)
        disk["free"] -= rate // 10
    assert said == []
    assert guard.kept == 2**30
    disk["free"] = 20_000_000_000
    guard.look(True, float(rate), 0, None)
    assert said == ["no_space"]


def test_a_burst_between_two_looks_does_not_get_past(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tenth of a second is long for a quick source: the bytes count, not the time."""
    said: list[str] = []
    disk = {"free": 1_100_000_000}
    monkeypatch.setattr(guards, "free_bytes", lambda folder: disk["free"])
    guard = DiskGuard(tmp_path, 1_000_000_000, lambda reason, error: said.append(reason))
    guard.look(True, 0.0, 0)
    while not said:
        disk["free"] -= 3_000_000
        guard.spend(3_000_000)
        assert disk["free"] > 0
    assert said == ["no_space"]
    assert disk["free"] > 1_000_000_000 - 2 * 3_000_000


def test_frames_that_come_after_the_recording_end_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The writer may still be at work when the preview goes on, on a disk that is full by now."""
    said: list[str] = []
    monkeypatch.setattr(guards, "free_bytes", lambda folder: 500)
    guard = DiskGuard(tmp_path, 1000, lambda reason, error: said.append(reason))
    guard.look(False, 0.0, 0)
    guard.spend(10**9)
    assert said == []
    guard.look(True, 0.0, 0)
    assert said == ["no_space"]


def test_a_disk_that_does_not_last_is_said_in_time_and_not_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    disk = {"free": 10_000}
    monkeypatch.setattr(guards, "free_bytes", lambda folder: disk["free"])
    guard = DiskGuard(tmp_path, 1000, lambda reason, error: None)
    for left in [5000, 3601, 3599, 3602, 3590, 700, 599, 601, 500, 119, 30]:
        disk["free"] = 1000 + left
        guard.look(True, 1.0, 0)
        guard.warn(1.0)
    said = [record.getMessage().partition("lasts ")[2] for record in caplog.records]
    assert said == [f"{text} at this rate" for text in ("60 min", "10 min", "2 min")]


def test_a_disk_that_lasts_longer_than_the_recording_is_not_worth_a_word(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(guards, "free_bytes", lambda folder: 1500)
    guard = DiskGuard(tmp_path, 1000, lambda reason, error: None)
    guard.look(True, 1.0, 0, to_go_s=499)
    guard.warn(1.0)
    assert caplog.records == []
    guard.look(True, 1.0, 0, to_go_s=501)
    guard.warn(1.0)
    assert len(caplog.records) == 1
