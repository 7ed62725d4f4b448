"""Several cameras as one, in real processes: begun together, ended together, and left tidy."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from helpers import (
    SLOW,
    assert_adds_up,
    read_about,
    read_ledger,
    run,
    summary_of,
    until,
    workers,
)
from rigs import FPS, Starting, end_of, previewing, recording, rig_config, rows_of
from stand_in_rig import runtime_folder_of_its_own

from recorder import verify
from recorder.config import Amount
from recorder.errors import (
    CameraLost,
    CameraNotFound,
    CameraTimeout,
    ConfigError,
    NoSpace,
    RecorderError,
    Stopped,
)
from recorder.pipeline.memory import allocate
from recorder.pipeline.order import Order
from recorder.rig import disks as rig_disks
from recorder.rig import rig as rig_module
from recorder.rig.link import connect
from recorder.rig.process import WorkerProcess
from recorder.rig.rig import Rig
from ui.model.totals import total

PERIOD_NS = 10**9 // FPS


@pytest.fixture(autouse=True)
def runtime_folder() -> Iterator[Path]:
    with runtime_folder_of_its_own() as folder:
        yield folder


class OrderBook:
    """Makes the orders of a rig, and keeps them."""

    def __init__(self) -> None:
        self.orders: list[Order] = []

    def __call__(self, *arguments: Any, **options: Any) -> Order:
        self.orders.append(Order(*arguments, **options))
        return self.orders[-1]


# -- all together -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names", [("a", "b"), pytest.param(("a", "b", "c", "d"), marks=pytest.mark.slow)]
)
def test_all_cameras_begin_at_one_instant(
    tmp_path: Path, names: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    book = OrderBook()
    monkeypatch.setattr(rig_module, "Order", book)
    with recording(rig_config(tmp_path, *names, each={"recording__duration": "60 frames"})) as rig:
        summary = end_of(rig)
    assert summary.exit_code == 0
    assert list(summary.cameras) == list(names)
    (order,) = book.orders
    for camera in summary.cameras.values():
        rows = rows_of(camera)
        assert (camera.grabbed, camera.reason) == (60, "duration")
        assert int(rows[0]["t_mono_ns"]) >= order.at_ns
        # A camera that was not delayed by the machine has its first frame within one period.
        assert int(rows[0]["t_mono_ns"]) - order.at_ns < 100 * PERIOD_NS
        assert read_about(camera.files[0])["start"] == order.started.isoformat()
    assert verify(tmp_path).ok


def write_config(folder: Path, **cameras: Any) -> Path:
    path = folder / "config.yaml"
    path.write_text(json.dumps(rig_config(folder / "out", **cameras).private()))
    return path


KEYS = "reason grabbed written dropped bad gaps restarts seconds fps files raw_bytes file_bytes"


def test_the_summary_of_the_command_has_every_camera(tmp_path: Path) -> None:
    config = write_config(tmp_path, left={}, right={"fps": 100})
    result = run("record", config, "--json", "--duration", "40 frames")
    assert result.returncode == 0, result.stderr
    whole = summary_of(result.stdout)
    assert list(whole) == ["exit_code", "cameras"]
    assert list(whole["cameras"]) == ["left", "right"]
    for told in whole["cameras"].values():
        assert list(told) == [*KEYS.split(), "ratio"]
        assert (told["grabbed"], told["reason"]) == (40, "duration")
        assert_adds_up(told)
    for name in ("left", "right"):
        assert f"{name}: 40 of 40 frames" in result.stderr


OVERFLOW = {
    "size": [640, 480],
    "fps": "max",
    "options__pattern": "noise",
    "buffer__when_full": "stop",
    "buffer__memory": "2MiB",
}
LOST = {"on_failure": "leave", "options__resize_at": 20}
FULL = {"recording__keep_free": "900TB"}


def test_the_graver_of_two_exit_codes_is_the_commands(tmp_path: Path) -> None:
    config = write_config(tmp_path, a=OVERFLOW, b=LOST)
    result = run("record", config, "--json", "--duration", "1s")
    assert result.returncode == 3, result.stderr
    whole = summary_of(result.stdout)
    assert whole["exit_code"] == 3
    reasons = {name: told["reason"] for name, told in whole["cameras"].items()}
    assert reasons == {"a": "overflow", "b": "camera_failed"}
    assert "b: frames were 32x24" in whole["error"]
    for told in whole["cameras"].values():
        assert_adds_up(told)


def test_one_full_buffer_stops_its_own_camera_only(tmp_path: Path) -> None:
    with recording(rig_config(tmp_path, a=OVERFLOW, b={})) as rig:
        until(lambda: rig.status().camera("a").state == "ended")
        before = rig.status().camera("b").totals.grabbed
        until(lambda: rig.status().camera("b").totals.grabbed > before + FPS // 4)
        assert rig.status().state == "recording"
        rig.stop()
        summary = end_of(rig)
    assert summary.cameras["a"].reason == "overflow"
    assert summary.cameras["a"].dropped > 0
    assert (summary.cameras["b"].reason, summary.cameras["b"].dropped) == ("requested", 0)
    assert summary.exit_code == 6
    assert len(rows_of(summary.cameras["b"])) > before


# -- preview and recording are one run --------------------------------------------------------


def test_preview_two_recordings_and_preview_again(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path, "a", "b")) as rig:
        until(lambda: rig.latest_frame("a"))
        assert list(tmp_path.iterdir()) == []
        pids = [camera.pid for camera in workers()]
        files = []
        for duration in (Amount(frames=30), Amount(seconds=0.3)):
            rig.record(duration)
            until(lambda: rig.status().state == "previewing")
            told = rig.summary().cameras["a"]
            assert told.reason == "duration"
            assert told.grabbed == 30 if duration.frames else told.seconds < 0.3
            files.append(told.files[0])
            rows = rows_of(told)
            assert [int(row["grab"]) for row in rows] == list(range(told.grabbed))
        last = rig.latest_frame("a")
        assert last is not None
        after = until(lambda: rig.latest_frame("a", after=last.sequence))
        assert after.stamp.take == 0  # preview: in no file
        assert [camera.pid for camera in workers()] == pids
        assert {rig.status().camera(name).pid for name in "ab"} == set(pids)
        rig.stop()
        summary = end_of(rig)
    assert summary.exit_code == 0
    assert len({*files}) == 2
    assert len(list(tmp_path.glob("*.mkv"))) == 4
    last_of_first, first_of_second = read_ledger(files[0])[-1], read_ledger(files[1])[0]
    assert int(last_of_first["t_mono_ns"]) < int(first_of_second["t_mono_ns"])
    assert verify(tmp_path).ok


def test_a_recording_is_ended_by_hand_and_the_preview_goes_on(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path, "a")) as rig:
        rig.record()
        with pytest.raises(RecorderError, match="the rig is recording"):
            rig.record()
        until(lambda: rig.status().camera("a").totals.grabbed > 20)
        rig.end_take()
        until(lambda: rig.status().state == "previewing")
        told = until(lambda: rig.summary().cameras.get("a"))
        assert told.reason == "requested"
        seen = until(lambda: rig.latest_frame("a"))
        until(lambda: rig.latest_frame("a", after=seen.sequence))
        rig.stop()
    assert end_of(rig).cameras["a"] == told
    rows_of(told)


def test_started_with_a_recording_it_ends_with_it(tmp_path: Path) -> None:
    """Also when a watcher ends the recording, whatever the one who started it waits for."""
    with recording(rig_config(tmp_path, "a")) as rig:
        until(lambda: rig.status().camera("a").totals.grabbed > 5)
        rig.end_take()
        with pytest.raises(RecorderError, match=r"the rig is (finishing|ended)"):
            rig.record()
        summary = end_of(rig)
    assert (summary.exit_code, summary.cameras["a"].reason) == (0, "requested")
    rows_of(summary.cameras["a"])


def test_an_order_that_comes_before_the_camera_is_open_is_carried_out(tmp_path: Path) -> None:
    """Its rig takes a process that was lost and replaced a moment ago for the one before."""
    heard: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    config = rig_config(tmp_path, "a")
    setup = {"config": config.private(), "camera": "a", "record": False, "life": 1}
    with contextlib.closing(allocate(2**20)) as block:
        process = WorkerProcess(setup | {"memory": block.handle}, block, heard.put)
        process.send("begin", order=Order(Amount(frames=5)).as_dict())
        for message in iter(lambda: heard.get(timeout=SLOW), None):
            if message["is"] == "take":
                break
        process.send("stop")
        assert process.wait(SLOW)
        assert process.close() == "ended with code 0"
    summary = message["summary"]
    assert (message["number"], summary["grabbed"], summary["reason"]) == (1, 5, "duration")


def test_the_next_recording_waits_for_the_files_of_the_last(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path, "a", "b")) as rig:
        rig.record()
        until(lambda: rig.status().camera("a").totals.grabbed > 5)
        rig.end_take()
        rig.record("5 frames")
        until(lambda: rig.status().state == "previewing")
        assert [camera.grabbed for camera in rig.summary().cameras.values()] == [5, 5]
    assert len(list(tmp_path.glob("*.mkv"))) == 4
    assert verify(tmp_path).ok


def test_what_can_be_seen(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path, "a", "b"), name="demo") as rig:
        status = rig.status()
        assert (status.name, status.pid, status.state) == ("demo", os.getpid(), "previewing")
        assert [camera.name for camera in status.cameras] == ["a", "b"]
        out = np.zeros((24, 32), np.uint8)
        look = until(lambda: rig.latest_frame("a", out))
        assert look.frame is out
        number = int(out.reshape(-1)[:8].view("<u8")[0])
        newer = until(lambda: rig.latest_frame("a", after=look.sequence))
        assert int(newer.frame.reshape(-1)[:8].view("<u8")[0]) > number
        for ask in (rig.latest_frame, rig.memory):
            with pytest.raises(KeyError):
                ask("c")
        until(lambda: rig.status().camera("a").fps_in > 0)
        assert rig.status().camera("a").frame.startswith("32x24 gray8")
        assert rig.memory("a") is not rig.memory("b")
        rig.stop()
        end_of(rig)
    status = rig.status()
    assert (status.state, [camera.state for camera in status.cameras]) == ("ended", ["ended"] * 2)
    assert rig.latest_frame("a") is None


def test_what_cannot_be_kept_leaves_the_preview_alone(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path, a={}, b=FULL)) as rig:
        with pytest.raises(NoSpace, match=r"^b: .* GB free"):
            rig.record()
        until(lambda: rig.status().state == "previewing")
        seen = until(lambda: rig.latest_frame("a"))
        until(lambda: rig.latest_frame("a", after=seen.sequence))
    assert end_of(rig).cameras == {}
    assert list(tmp_path.glob("*.mkv")) == []


# -- it does not start ------------------------------------------------------------------------

MISSING: dict[str, Any] = {"source": "missing_%04d.png"}


def test_a_camera_that_cannot_be_opened_fails_the_start_by_name(tmp_path: Path) -> None:
    rig = Rig(rig_config(tmp_path, a={}, b=MISSING))
    with pytest.raises(CameraNotFound, match=r"^b: .*missing_%04d\.png") as caught:
        rig.start(record=True)
    assert caught.value.exit_code == 3
    assert rig.has_ended
    assert workers() == []
    assert end_of(rig).cameras == {}
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(RecorderError, match="starts once"):
        rig.start()


def test_of_one_camera_the_name_is_not_said(tmp_path: Path) -> None:
    rig = Rig(rig_config(tmp_path, a=MISSING))
    with pytest.raises(CameraNotFound) as caught:
        rig.start()
    assert not str(caught.value).startswith("a:")
    assert end_of(rig).exit_code == 0


def test_no_room_on_the_disk_fails_the_start(tmp_path: Path) -> None:
    rig = Rig(rig_config(tmp_path, a={}, b=FULL))
    with pytest.raises(NoSpace, match=r"^b: "):
        rig.start(record=True)
    assert rig.has_ended


def test_a_ring_that_is_too_small_fails_the_start(tmp_path: Path) -> None:
    too_small = {"source": "synthetic", "size": None, "buffer__memory": "1MiB"}
    rig = Rig(rig_config(tmp_path, a={}, b=too_small))
    with pytest.raises(ConfigError, match=r"^b: "):
        rig.start()
    assert rig.has_ended


def test_a_camera_that_never_came_is_left_out(tmp_path: Path) -> None:
    missing = MISSING | {"on_failure": "leave"}
    with recording(
        rig_config(tmp_path, a=missing, b={}, each={"recording__duration": "30 frames"})
    ) as rig:
        summary = end_of(rig)
    assert list(summary.cameras) == ["a", "b"]
    told = summary.cameras["a"]
    assert (told.reason, told.grabbed, told.files) == ("camera_failed", 0, ())
    assert isinstance(summary.errors["a"], CameraNotFound)
    assert summary.cameras["b"].written == 30
    assert summary.exit_code == 3
    rows_of(summary.cameras["b"])


@pytest.mark.parametrize("names", ["a", pytest.param("ab", marks=pytest.mark.slow)])
def test_a_camera_that_dies_before_its_first_frame_is_in_the_summary(
    tmp_path: Path, names: str
) -> None:
    dead = {"options__crash_at": 0, "on_failure": "leave"}
    each = {"recording__duration": "30 frames"}
    with recording(rig_config(tmp_path, *names[1:], each=each, a=dead)) as rig:
        summary = end_of(rig)
    assert list(summary.cameras) == list(names)
    assert (summary.cameras["a"].reason, summary.cameras["a"].grabbed) == ("camera_failed", 0)
    assert summary.exit_code == 3
    for name in names[1:]:
        assert summary.cameras[name].exit_code == 0
        rows_of(summary.cameras[name])


@contextlib.contextmanager
def slow_to_open() -> Iterator[dict[str, Any]]:
    """Give a network camera that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield {"source": f"http://127.0.0.1:{server.getsockname()[1]}/cam", "on_failure": "leave"}


def test_a_camera_that_dies_while_the_others_are_opened_fails_the_start(tmp_path: Path) -> None:
    with slow_to_open() as slow:
        rig = Rig(rig_config(tmp_path, a={"recording__format": "none"}, b=slow))
        starting = Starting(rig)
        until(lambda: rig.status().cameras and rig.status().camera("a").frame)  # it is armed, too
        psutil.Process(rig.status().camera("a").pid).kill()
        starting.join()
    assert isinstance(starting.error, CameraLost)
    assert str(starting.error).startswith("a: ")
    assert end_of(rig).cameras == {}


def test_no_recording_begins_while_cameras_are_opened(tmp_path: Path) -> None:
    """It would take those for lost that are not open yet."""
    with slow_to_open() as slow:
        rig = Rig(rig_config(tmp_path, a={}, b=slow))
        starting = Starting(rig, record=False)
        until(lambda: rig.status().cameras and rig.status().camera("a").frame)
        with pytest.raises(RecorderError, match="the rig is opening"):
            rig.record()
        rig.end_take()
        starting.join()
    assert starting.error is None
    assert isinstance(rig.summary().errors["b"], CameraTimeout)  # its own, not ours
    rig.record(0.05)  # seconds, as in a config
    until(lambda: rig.status().state == "previewing")
    rig.stop()
    assert end_of(rig).cameras["a"].reason == "duration"


def test_if_none_is_left_there_is_nothing_to_start(tmp_path: Path) -> None:
    rig = Rig(rig_config(tmp_path, a=MISSING | {"on_failure": "leave"}))
    with pytest.raises(CameraNotFound, match=r"missing_%04d\.png"):
        rig.start(record=True)
    assert rig.has_ended


# -- starting and stopping, in any order ------------------------------------------------------


def test_stop_before_start(tmp_path: Path) -> None:
    rig = Rig(rig_config(tmp_path, "a"))
    rig.stop()
    assert rig.has_ended
    assert end_of(rig).cameras == {}
    with pytest.raises(Stopped) as caught:  # asked for, so it is no failure
        rig.start()
    assert caught.value.exit_code == 0


def test_never_started(tmp_path: Path) -> None:
    with Rig(rig_config(tmp_path, "a")) as rig:
        assert rig.status().state == "new"
    assert rig.status().state == "ended"


def test_stop_while_opening(tmp_path: Path) -> None:
    rig = Rig(rig_config(tmp_path, "a", "b"))
    starting = Starting(rig)
    until(lambda: len(workers()) == 2)
    rig.stop()
    starting.join()
    assert isinstance(starting.error, RecorderError)
    assert "stopped" in str(starting.error)
    assert end_of(rig).cameras == {}
    assert workers() == []


def test_stop_twice_and_from_everywhere(tmp_path: Path) -> None:
    with recording(rig_config(tmp_path, "a")) as rig:
        with pytest.raises(RecorderError, match="starts once"):
            rig.start()
        until(lambda: rig.status().camera("a").totals.grabbed > 10)
        threads = [threading.Thread(target=rig.stop) for _ in range(5)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        rig.stop()
        summary = end_of(rig)
        rig.stop()
        rig.end_take()
        with pytest.raises(RecorderError, match="the rig is ended"):
            rig.record()
        with pytest.raises(RecorderError, match="starts once"):
            rig.start()
    assert (summary.exit_code, summary.cameras["a"].reason) == (0, "requested")
    assert end_of(rig) == summary
    rows_of(summary.cameras["a"])


def test_wait_gives_up_in_time(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path, "a")) as rig:
        with pytest.raises(TimeoutError, match="not ended"):
            rig.wait(0.01)
        assert not rig.wait_briefly(0.01)
        rig.stop()
        assert rig.wait_briefly(SLOW)


def held() -> tuple[int, int, int, int]:
    """Return how many descriptors, threads, children and rings there are."""
    gc.collect()
    fds = []
    for fd in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the one that lists them
            fds.append(str(fd.readlink()))
    children = psutil.Process().children(recursive=True)
    rings = sum("recorder-ring" in fd for fd in fds)
    return len(fds), threading.active_count(), len(children), rings


def cycle(folder: Path, number: int) -> None:
    """Start and stop in one of several ways."""
    rig = Rig(rig_config(folder, "a", each={"recording__format": "none"}))
    if number % 2:
        starting = Starting(rig)
        until(lambda: workers() != [])
        rig.stop()
        starting.join()
    else:
        rig.start(record=number % 4 == 0)
        rig.latest_frame("a")
        rig.stop()
    rig.wait(SLOW)


@pytest.mark.parametrize("cycles", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_start_and_stop_again_and_again(tmp_path: Path, cycles: int) -> None:
    cycle(tmp_path, 0)  # what is imported and made once
    before = held()
    for number in range(cycles):
        cycle(tmp_path, number)
    until(lambda: held() == before, f"{held()} is not {before}")


# -- the processes ----------------------------------------------------------------------------

SECRET = "Geheim-7"


def texts_of(process: psutil.Process) -> str:
    try:
        return "\n".join([*process.cmdline(), *process.environ().values()])
    except psutil.Error:
        return ""  # it has just gone


def test_a_password_is_nowhere_to_be_seen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    url = f"http://me:{SECRET}@127.0.0.1:9/cam?token={SECRET}"
    said = []
    with Rig(rig_config(tmp_path, a={}, b={"source": url, "on_failure": "leave"})) as rig:
        starting = Starting(rig)
        said += map(texts_of, until(lambda: found if len(found := workers()) == 2 else None))
        starting.join()
        assert starting.error is None
        until(lambda: rig.status().camera("a").totals.grabbed > 20)
        said += map(texts_of, psutil.Process().children(recursive=True))
        said.append(str(rig.status().as_dict()))
        rig.stop()
        said += [str(end_of(rig)), caplog.text]
    said += [path.read_bytes().decode(errors="replace") for path in tmp_path.iterdir()]
    assert any("http://me:***@127.0.0.1:9" in text for text in said)
    assert any("recorder.rig.worker" in text for text in said)
    assert not any(SECRET in text for text in said)


SCRIPT = """
from recorder import Rig
from recorder.config import load_config

with Rig(load_config({config!r})) as rig:
    rig.start(record=True)
    print(rig.wait().exit_code)
"""


@pytest.mark.parametrize("neighbour", [pytest.param(None, marks=pytest.mark.slow), "queue.py"])
def test_a_users_script_in_a_folder_of_its_own(tmp_path: Path, neighbour: str | None) -> None:
    """Without a main guard, beside files that are called like modules of others."""
    each = {"recording__duration": "10 frames"}
    config = write_config(tmp_path, a=each)
    script = SCRIPT.format(config=str(config))
    if neighbour is not None:
        (tmp_path / neighbour).write_text("raise SystemExit('the wrong module')\n")
        # The script's own process must find its modules; those of the cameras are not to follow.
        script = f"import sys\nsys.path.pop(0)\n{script}"
    path = tmp_path / "script.py"
    path.write_text(script)
    result = subprocess.run(
        [sys.executable, str(path)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=2 * SLOW,
        check=False,
    )
    assert (result.returncode, result.stdout, result.stderr) == (0, "0\n", "")
    (file,) = (tmp_path / "out").glob("*.mkv")
    assert len(read_ledger(file)) == 10


@pytest.mark.parametrize(
    "number",
    [
        signal.SIGINT,
        signal.SIGTERM,
        pytest.param(signal.SIGHUP, marks=pytest.mark.slow),
    ],
)
def test_processes_do_not_get_ctrl_c(tmp_path: Path, number: signal.Signals) -> None:
    """Neither with the terminal's group nor when it is sent to them, as at a shutdown."""
    with recording(rig_config(tmp_path, "a")) as rig:
        until(lambda: rig.status().camera("a").totals.grabbed > 0)
        (camera,) = workers()
        assert os.getpgid(camera.pid) == camera.pid != os.getpgid(0)
        for child in camera.children(recursive=True):
            assert os.getpgid(child.pid) != os.getpgid(0)
        camera.send_signal(number)
        before = rig.status().camera("a").totals.grabbed
        until(lambda: rig.status().camera("a").totals.grabbed > before + FPS // 4)
        assert workers() == [camera]
        rig.stop()
        summary = end_of(rig)
    assert (summary.exit_code, summary.cameras["a"].restarts) == (0, 0)
    rows_of(summary.cameras["a"])


# -- the disk that they share ------------------------------------------------------------------


def test_all_cameras_of_a_disk_show_how_long_it_lasts_for_all_of_them(
    tmp_path: Path,
    small_disk: Callable[[float], Path],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """At the rig, at who is attached, in the window's sum; the rig alone warns of it."""
    monkeypatch.setattr(rig_disks, "SETTLED_S", 1.0)
    folder = small_disk(256) / "out"
    noise = {"size": [100, 100], "options__pattern": "noise"}
    config = rig_config(folder, slow=noise | {"fps": 100}, quick=noise | {"fps": 300})
    with recording(config) as rig:
        until(lambda: all(each.disk_bytes_s > 1e5 for each in rig.status().cameras))
        cameras = rig.status().cameras
        with connect(rig.name) as link:
            attached = link.status()
        until(lambda: "the disk lasts" in caplog.text)
        until(lambda: rig.status().camera("slow").elapsed_s > 2.0)
        rig.stop()
        end_of(rig)
    for status in (rig.status(), attached):
        assert len({each.disk for each in status.cameras}) == 1
    for found in (cameras, attached.cameras):
        (left_s,) = {each.time_left_s for each in found}
        rates = sum(each.disk_bytes_s for each in found)
        assert left_s == pytest.approx((found[0].disk_free_bytes - 1) / rates)
    assert total(attached).time_left_s == attached.cameras[0].time_left_s
    said = [record.getMessage() for record in caplog.records if "disk lasts" in record.message]
    # An hour, ten minutes, two minutes: once each as rates rise, by the rig and not by its cameras.
    assert 1 <= len(said) <= 3
    assert all(text.startswith(f"{folder}: the disk lasts ") for text in said)
