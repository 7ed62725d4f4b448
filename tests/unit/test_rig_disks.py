"""How long a disk lasts: one number for all cameras that write to it, wherever it is shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from recorder import readout
from recorder.rig.disks import DiskWatch, shared
from recorder.stats import CameraStatus, RigStatus
from recorder.unattended.families import StatusCollector
from ui.model.totals import total

GB = 10**9


def camera(name: str, rate: float, disk: int | None = 1, **changes: Any) -> CameraStatus:
    """Return a camera that writes so many bytes a second, as its own process tells of it."""
    free, kept = changes.pop("free", 101 * GB), changes.pop("kept", GB)
    alone = (free - kept) / rate if rate else None
    numbers: dict[str, Any] = {"state": "recording", "elapsed_s": 60.0, "time_left_s": alone}
    numbers |= {"disk": disk, "disk_bytes_s": rate, "disk_free_bytes": free}
    return CameraStatus(name, disk_kept_bytes=kept, **numbers | changes)


def left(*cameras: CameraStatus) -> list[float | None]:
    return [each.time_left_s for each in shared(cameras)]


def test_cameras_on_one_disk_fill_it_together() -> None:
    assert left(camera("a", 10e6), camera("b", 30e6)) == [2500, 2500]
    eight = [camera(f"c{n}", 6.25e6) for n in range(8)]
    assert left(*eight) == [2000] * 8
    assert eight[0].time_left_s == 16_000  # what each of them says by itself


def test_one_camera_alone_is_right_already() -> None:
    assert left(camera("a", 10e6)) == [10_000]


def test_other_disks_are_no_business_of_a_camera() -> None:
    assert left(camera("a", 10e6), camera("b", 50e6, disk=2)) == [10_000, 2000]


def test_a_camera_that_writes_nothing_shows_how_long_its_disk_lasts_and_shortens_nothing() -> None:
    """One that is looked for, or only previews; what it kept free before no longer counts."""
    idle = camera("b", 0.0, state="restarting", kept=90 * GB)
    assert left(camera("a", 10e6), idle) == [10_000, 10_000]
    assert left(idle) == [None]


def test_a_camera_without_files_has_no_disk() -> None:
    nothing = CameraStatus("b", "recording", disk_bytes_s=0.0)
    assert left(camera("a", 10e6), nothing) == [10_000, None]


def test_the_camera_that_keeps_most_free_stops_first() -> None:
    assert left(camera("a", 10e6, kept=GB), camera("b", 10e6, kept=21 * GB)) == [4000, 4000]
    assert left(camera("a", 10e6, kept=200 * GB), camera("b", 10e6)) == [0, 0]


def test_cameras_that_looked_at_different_instants_show_the_same() -> None:
    cameras = shared([camera("a", 10e6, free=101 * GB), camera("b", 10e6, free=100 * GB)])
    assert {each.disk_free_bytes for each in cameras} == {100 * GB}
    assert {each.time_left_s for each in cameras} == {4950}


def test_line_table_metrics_and_window_show_the_same_number() -> None:
    cameras = shared([camera("a", 10e6), camera("b", 30e6)])
    status = RigStatus("demo", 1, "recording", cameras)
    for each in cameras:
        assert "101 GB free, 42 min left" in readout.line(each)
        assert readout.cells(each)[-1] == "42 min"
    assert total(status).time_left_s == 2500
    collector, registry = StatusCollector(), CollectorRegistry()
    registry.register(collector)
    collector.note(status)
    told = generate_latest(registry).decode()
    for name in ("a", "b"):
        assert f'recorder_disk_time_left_seconds{{camera="{name}"}} 2500.0' in told


def test_what_a_closed_camera_saw_last_no_longer_counts() -> None:
    for state in ("ended", "restarting"):
        gone = camera("b", 0.0, state=state, free=5 * GB)
        cameras = shared([camera("a", 10e6), gone])
        assert {each.disk_free_bytes for each in cameras} == {101 * GB}
        assert {each.time_left_s for each in cameras} == {10_000}


# -- the warning ----------------------------------------------------------------------------------

FOLDERS = {name: Path("recordings") for name in ("a", "b", "c")}


def said(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records]


def test_a_disk_that_does_not_last_is_said_once_for_all_its_cameras(
    caplog: pytest.LogCaptureFixture,
) -> None:
    watch = DiskWatch()
    for rate in (10e6, 15e6, 20e6, 100e6):  # 83 min, 55 min, 41 min, 8 min
        for _ in range(3):
            watch.look(shared([camera("a", rate), camera("b", rate)]), FOLDERS)
    ends = ("lasts 56 min at this rate", "lasts 8 min at this rate")
    assert said(caplog) == [f"recordings: the disk {end}" for end in ends]


def test_each_disk_has_its_own_warning(caplog: pytest.LogCaptureFixture) -> None:
    cameras = shared([camera("a", 50e6), camera("b", 100e6, disk=2), camera("c", 1e6, disk=3)])
    DiskWatch().look(cameras, FOLDERS | {"b": Path("elsewhere")})
    assert said(caplog) == [
        "recordings: the disk lasts 33 min at this rate",
        "elsewhere: the disk lasts 17 min at this rate",
    ]


@pytest.mark.parametrize(
    "changes",
    [{"elapsed_s": 9.0}, {"state": "previewing"}, {"to_go_s": 900.0}, {"disk": None}],
    ids=str,
)
def test_nothing_is_said_of_a_disk_that_lasts_long_enough_as_far_as_is_known(
    caplog: pytest.LogCaptureFixture, changes: dict[str, Any]
) -> None:
    cameras = [camera(name, 50e6, **changes) for name in ("a", "b")]  # 1000 s
    DiskWatch().look(shared(cameras), FOLDERS)
    assert said(caplog) == []


def test_the_camera_that_records_longest_counts(caplog: pytest.LogCaptureFixture) -> None:
    for longest in (None, 1100.0):
        cameras = camera("a", 50e6, to_go_s=10.0), camera("b", 50e6, to_go_s=longest)
        DiskWatch().look(shared(cameras), FOLDERS)
    assert said(caplog) == ["recordings: the disk lasts 17 min at this rate"] * 2
