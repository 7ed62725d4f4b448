"""Cameras that crash, hang, fail, change or freeze: each costs itself a gap, and others nothing."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from helpers import read_about, until, workers
from ip_camera import ip_camera
from rigs import (
    AT_ONCE,
    FPS,
    assert_gaps_are_true,
    end_of,
    previewing,
    recording,
    rig_config,
    rows_of,
)
from stand_in_rig import runtime_folder_of_its_own

from recorder import verify
from recorder.config import Amount
from recorder.errors import CameraError, CameraLost, RecorderError
from recorder.rig.keeper import Patience
from recorder.rig.rig import Rig
from recorder.stats import CameraStatus

FOR_EVER = Patience(first_pause_s=1e4, longest_pause_s=1e4)
PLACES = (0, 1, 40)
FRAMES = 80
FAULTS = ("crash_at", "hang_at", "fail_at", "resize_at")
SOME = {
    "video": [("crash_at", 0), ("crash_at", 40), ("hang_at", 40), ("fail_at", 1)],
    "hdf5": [("crash_at", 40), ("resize_at", 0)],
}
"""Faults and their places that are tried with the suite, in one rig each."""


@pytest.fixture(autouse=True)
def runtime_folder() -> Iterator[Path]:
    with runtime_folder_of_its_own() as folder:
        yield folder


def written(rows: list[dict[str, str]]) -> list[int]:
    return [int(row["grab"]) for row in rows if row["status"] == "written"]


def warned(rig: Rig, name: str) -> CameraStatus | None:
    status = rig.status().camera(name)
    return status if status.warning else None


# -- one fault at each place ------------------------------------------------------------------


@pytest.mark.parametrize("format_", SOME)
def test_some_faults_cost_one_restart_and_a_gap(tmp_path: Path, format_: str) -> None:
    expect_one_restart_and_a_gap(tmp_path, format_, SOME[format_])


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["video", "hdf5"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_costs_one_restart_and_a_gap(tmp_path: Path, fault: str, format_: str) -> None:
    expect_one_restart_and_a_gap(tmp_path, format_, [(fault, place) for place in PLACES])


def expect_one_restart_and_a_gap(folder: Path, format_: str, faults: list[tuple[str, int]]) -> None:
    each = {"recording__format": format_, "recording__duration": f"{FRAMES} frames"}
    cameras = {f"{fault}{place}": each | {f"options__{fault}": place} for fault, place in faults}
    with recording(rig_config(folder, **cameras), patience=AT_ONCE) as rig:
        summary = end_of(rig)
    assert summary.exit_code == 6
    for (fault, place), told in zip(faults, summary.cameras.values(), strict=True):
        rows = rows_of(told)
        assert (told.reason, told.grabbed, told.restarts, told.gaps) == ("duration", FRAMES, 1, 1)
        assert_gaps_are_true(rows, 1)
        # Numbers go on: the rows beside the gap are those of the place where it failed.
        at = next(number for number, row in enumerate(rows) if row["status"] == "gap")
        last = place if fault == "resize_at" else place - 1
        assert int(rows[at + 1]["grab"]) == last + 1
        assert not at or int(rows[at - 1]["grab"]) == last
        assert told.bad == (fault == "resize_at")
        if fault != "crash_at":  # a crash may take what was not in the file yet
            assert told.dropped == 0
        assert set(written(rows)) >= set(range(last + 1, FRAMES))
        assert read_about(told.files[-1])["totals"]["gap"] == 1
        assert all(verify(file).ok for file in told.files)


@pytest.mark.parametrize(
    ("format_", "places"),
    [
        ("video", (0, 40)),
        ("hdf5", (1,)),
        *(pytest.param(each, PLACES, marks=pytest.mark.slow) for each in ("video", "hdf5")),
    ],
)
def test_a_frozen_picture_is_said_at_once_and_kept(
    tmp_path: Path, format_: str, places: tuple[int, ...]
) -> None:
    each = {"recording__format": format_}
    cameras = {f"at{place}": each | {"options__freeze_at": place} for place in places}
    with recording(rig_config(tmp_path, **cameras, fine=each)) as rig:
        until(lambda: all(camera.totals.grabbed > 40 for camera in rig.status().cameras))
        for place in places:
            camera = until(lambda name=f"at{place}": warned(rig, name))
            assert "has not changed" in str(camera.warning)
            assert 1.0 <= camera.frozen_s < 2.0  # said after so long
        assert rig.status().camera("fine").warning is None
        rig.stop()
        summary = end_of(rig)
    assert summary.exit_code == 0
    for place in places:
        told = summary.cameras[f"at{place}"]
        rows = rows_of(told)
        assert (told.restarts, told.written) == (0, told.grabbed)
        frozen = [int(row["grab"]) for row in rows if row["note"] == "frozen"]
        assert frozen == list(range(place + 1, told.grabbed))
    assert not any(row["note"] == "frozen" for row in rows_of(summary.cameras["fine"]))
    assert verify(tmp_path).ok


def test_seconds_are_counted_from_the_first_frame_over_a_restart(tmp_path: Path) -> None:
    changes = {"recording__duration": "2s", "options__crash_at": 20}
    with recording(rig_config(tmp_path, a=changes), patience=AT_ONCE) as rig:
        told = end_of(rig).cameras["a"]
    rows = rows_of(told)
    assert_gaps_are_true(rows, told.gaps)
    assert told.seconds < 2
    assert (told.reason, told.gaps) == ("duration", 1)
    if rows[-1]["status"] != "gap":  # on a very slow machine its time is up before it is back
        assert told.restarts == 1
        assert told.seconds > 1.9
        assert written(rows)[-1] == told.grabbed - 1


def test_a_camera_of_a_mere_preview_comes_back(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path, "a"), patience=AT_ONCE) as rig:
        first = until(lambda: rig.status().camera("a").pid)
        psutil.Process(first).kill()
        second = until(lambda: rig.status().camera("a").pid not in (None, first))
        until(lambda: rig.status().camera("a").state == "previewing")
        assert [camera.pid for camera in workers()] == [rig.status().camera("a").pid]
        before = until(lambda: rig.latest_frame("a"))
        until(lambda: rig.latest_frame("a", after=before.sequence))
        rig.record(Amount(frames=20))
        until(lambda: rig.status().state == "previewing")
        told = rig.summary().cameras["a"]
        rig.stop()
    assert second
    assert (told.grabbed, told.restarts, told.gaps) == (20, 0, 0)
    rows_of(told)


# -- what happens to the others ---------------------------------------------------------------


def test_left_behind_it_harms_nobody(tmp_path: Path) -> None:
    lost = {"options__fail_at": 40, "on_failure": "leave"}
    with recording(rig_config(tmp_path, a=lost, b={})) as rig:
        until(lambda: rig.status().camera("a").state == "ended")
        status = rig.status()
        assert status.state == "recording"
        assert "fail_at" in str(status.camera("a").message)
        before = status.camera("b").totals.grabbed
        until(lambda: rig.status().camera("b").totals.grabbed > before + FPS // 4)
        rig.stop()
        summary = end_of(rig)
    assert (summary.exit_code, summary.cameras["a"].reason) == (3, "camera_failed")
    assert isinstance(summary.errors["a"], CameraLost)
    assert summary.cameras["a"].grabbed == 40
    rows_of(summary.cameras["a"])
    told = summary.cameras["b"]
    assert (told.reason, told.exit_code) == ("requested", 0)
    assert written(rows_of(told)) == list(range(told.grabbed))
    assert verify(tmp_path).ok


def test_if_so_configured_all_end_with_it(tmp_path: Path) -> None:
    lost = {"options__fail_at": 40, "on_failure": "stop"}
    with recording(rig_config(tmp_path, a=lost, b={})) as rig:
        summary = end_of(rig)
    assert (summary.exit_code, summary.cameras["a"].reason) == (3, "camera_failed")
    assert (summary.cameras["b"].reason, summary.cameras["b"].exit_code) == ("requested", 0)
    for told in summary.cameras.values():
        rows_of(told)


def test_a_camera_that_is_gone_for_good(tmp_path: Path) -> None:
    patience = Patience(tries=2, first_pause_s=0.01)
    with ip_camera(size=(64, 48)) as (url, server):
        config = rig_config(tmp_path, away={"source": url}, fine={})
        with recording(config, patience=patience) as rig:
            until(lambda: rig.status().camera("away").totals.grabbed > 20)
            server.kill()
            until(lambda: rig.status().camera("away").state == "ended")
            before = rig.status().camera("fine").totals.grabbed
            until(lambda: rig.status().camera("fine").totals.grabbed > before + FPS // 4)
            rig.stop()
            summary = end_of(rig)
    told = summary.cameras["away"]
    assert (told.reason, told.restarts, told.gaps) == ("camera_failed", 0, 0)
    assert isinstance(summary.errors["away"], CameraError)
    assert summary.exit_code == 3
    rows_of(told)
    fine = summary.cameras["fine"]
    assert written(rows_of(fine)) == list(range(fine.grabbed))
    assert verify(tmp_path).ok


# -- while it is away -------------------------------------------------------------------------


def lose(rig: Rig) -> None:
    """Kill the process of the camera a."""
    psutil.Process(until(lambda: rig.status().camera("a").pid)).kill()
    until(lambda: rig.status().camera("a").state == "restarting")


def test_stopped_while_restarting(tmp_path: Path) -> None:
    with recording(rig_config(tmp_path, "a", "b"), patience=FOR_EVER) as rig:
        until(lambda: rig.status().camera("a").totals.written > 20)
        lose(rig)
        assert rig.status().state == "recording"
        rig.stop()
        summary = end_of(rig)
    told = summary.cameras["a"]
    assert (told.reason, told.restarts, told.gaps) == ("camera_failed", 0, 0)
    assert told.grabbed > 20
    assert summary.exit_code == 3
    for each in summary.cameras.values():
        rows_of(each)


def test_stopped_while_its_new_process_is_opening(tmp_path: Path) -> None:
    with recording(rig_config(tmp_path, "a", "b"), patience=AT_ONCE) as rig:
        until(lambda: rig.status().camera("a").totals.written > 20)
        lose(rig)
        until(lambda: len(workers()) == 2)
        rig.stop()
        summary = end_of(rig)
    assert summary.cameras["a"].grabbed > 20
    for each in summary.cameras.values():
        rows_of(each)


@pytest.mark.parametrize(
    "patience", [pytest.param(AT_ONCE, marks=pytest.mark.slow), Patience(first_pause_s=0.5)]
)
def test_its_recording_ends_while_it_is_restarting(tmp_path: Path, patience: Patience) -> None:
    """While that is opening the camera, or before its new process is there."""
    with previewing(rig_config(tmp_path, "a", "b"), patience=patience) as rig:
        rig.record()
        until(lambda: rig.status().camera("a").totals.written > 20)
        lose(rig)
        rig.end_take()
        until(lambda: rig.status().state == "previewing")
        until(lambda: rig.status().camera("a").fps_in > 0)  # back, and for some time
        assert rig.status().state == "previewing"
        summary = rig.summary()
        rig.record(Amount(frames=20))  # and it can begin anew
        until(lambda: rig.status().state == "previewing")
        anew = rig.summary()
        rig.stop()
        end_of(rig)
    for each in summary.cameras.values():
        assert each.grabbed > 20
        assert rows_of(each)
    assert anew.exit_code == 0
    for each in anew.cameras.values():
        assert written(rows_of(each)) == list(range(20))
    files = {file for each in (summary, anew) for c in each.cameras.values() for file in c.files}
    assert files == set(map(str, tmp_path.glob("*.mkv")))  # nothing was recorded besides
    assert verify(tmp_path).ok


def test_nothing_is_begun_without_it(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path, "a", "b"), patience=FOR_EVER) as rig:
        lose(rig)
        with pytest.raises(RecorderError, match=r"^a: the camera is gone"):
            rig.record()
        assert rig.status().camera("b").state == "previewing"
    assert list(tmp_path.glob("*.mkv")) == []


def test_a_process_that_is_killed_from_outside(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    with recording(rig_config(tmp_path, "a", "b"), patience=AT_ONCE) as rig:
        until(lambda: all(c.totals.grabbed > 20 for c in rig.status().cameras))
        psutil.Process(until(lambda: rig.status().camera("a").pid)).kill()
        until(lambda: rig.status().camera("a").totals.restarts == 1)
        until(lambda: rig.status().camera("a").fps_written > 0)
        rig.stop()
        summary = end_of(rig)
    told = summary.cameras["a"]
    assert (told.restarts, told.gaps, told.exit_code) == (1, 1, 6)
    assert "SIGKILL" in caplog.text
    assert_gaps_are_true(rows_of(told), 1)
    assert summary.cameras["b"].exit_code == 0
    assert verify(tmp_path).ok
