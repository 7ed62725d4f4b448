"""The guard of the disk: what it says adds up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from recorder.errors import NoSpace
from recorder.pipeline import guards
from recorder.pipeline.guards import DiskGuard


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
