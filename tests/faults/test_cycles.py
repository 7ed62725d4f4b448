"""Two hundred recordings in one process leave nothing behind: what a program of weeks needs."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
from stand_in_rig import runtime_folder_of_its_own

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
    pytest.mark.timeout(1800),
]
PROGRAM = Path(__file__).with_name("starts_and_stops.py")
CYCLES = 200
GROWTH = 4 * 2**20
"""Bytes, from the second fifth to the last: 120 cycles of 32 KiB. A single ring that stays would be
two MiB, a thread that stays some 100 KiB a cycle; the allocator by itself wavers by less than one.
"""


def test_two_hundred_starts_and_stops_leave_nothing(tmp_path: Path) -> None:
    command = [sys.executable, str(PROGRAM), str(tmp_path / "out"), str(CYCLES)]
    with runtime_folder_of_its_own():
        result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=1700)
    assert result.returncode == 0, result.stderr
    assert "Traceback" not in result.stderr, result.stderr
    told = [json.loads(line) for line in result.stdout.splitlines()]
    assert [each["number"] for each in told] == list(range(CYCLES))
    assert {each["written"] for each in told} == {25}
    first = told[0]["left"]
    for each in told:
        assert each["is_clean"], (each["number"], each["left"], first)
        left = each["left"]
        assert (left["children"], left["rings"], left["shm"]) == ([], 0, first["shm"])
    assert told[-1]["left"]["descriptors"] == told[5]["left"]["descriptors"]
    fifth = CYCLES // 5
    early = statistics.median(each["rss"] for each in told[fifth : 2 * fifth])
    late = statistics.median(each["rss"] for each in told[-fifth:])
    print(f"{early / 2**20:.1f} MiB early, {late / 2**20:.1f} MiB late")
    assert late - early < GROWTH
