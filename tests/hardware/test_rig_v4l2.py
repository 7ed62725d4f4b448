"""Cameras that are unplugged come back as themselves, under whatever number.

RECORDER_TEST_CAMERA=0 pytest -m hardware tests/hardware, on a machine whose two cameras are the
kernel's test driver (vivid): in the virtual machine, see tests/README.md.
"""

import contextlib
import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from recorder import open_recording
from recorder.cameras import v4l2
from recorder.cameras.connected import connected
from recorder.cameras.identity import Identity, find_again, identify
from recorder.cameras.opencv import OpenCVCamera
from recorder.config.sources import CameraId
from recorder.errors import CameraNotFound

PROJECT = Path(__file__).parents[2]
AWAY_S = 5.0
PATIENCE_S = 120.0
BLACK, WHITE = 5, 6  # of vivid's test patterns
LEFT, RIGHT = "vivid-000-vid-cap", "vivid-001-vid-cap"


def the_two():
    """Whether the cameras here are exactly the two of the test driver."""
    if not sys.platform.startswith("linux") or not os.environ.get("RECORDER_TEST_CAMERA"):
        return False
    return [node.driver for _, node in v4l2.capture_nodes()] == ["vivid", "vivid"]


pytestmark = [
    pytest.mark.hardware,
    pytest.mark.skipif(not the_two(), reason="needs two cameras of the vivid test driver"),
    pytest.mark.timeout(500),
]


def plug_in(*numbers):
    """Load the test driver, its two cameras under these numbers of /dev/video."""
    script = Path(shutil.which("vivid-reload")).read_text()
    if numbers:
        wanted = ",".join(map(str, numbers))
        script = script.replace("n_devs=2", f"n_devs=2 vid_cap_nr={wanted}")
    subprocess.run(["bash", "-c", script], check=True, timeout=60, stderr=subprocess.DEVNULL)
    expected = {f"/dev/video{number}" for number in numbers or (0, 1)}
    assert {path for path, _ in v4l2.capture_nodes()} == expected


def unplug(number):
    control(number, "disconnect=1")


def unplug_for_good():
    """Unplug both, and wait until nobody holds them any more and they are really absent."""
    for path, _ in v4l2.capture_nodes():
        unplug(path.removeprefix("/dev/video"))
    deadline = time.monotonic() + PATIENCE_S
    while subprocess.run(
        ["busybox", "rmmod", "vivid"], check=False, capture_output=True
    ).returncode:
        assert time.monotonic() < deadline, "somebody still holds the cameras"
        time.sleep(0.1)
    assert not list(Path("/dev").glob("video*"))


def control(number, setting):
    subprocess.run(["v4l2-ctl", "-d", f"/dev/video{number}", "-c", setting], check=True, timeout=60)


def paint(left, right):
    """Give the cameras pictures that tell them apart; what is written on them still changes."""
    for number, pattern in ((left, BLACK), (right, WHITE)):
        control(number, f"test_pattern={pattern}")


@pytest.fixture(autouse=True)
def _plugged_in():
    yield
    with contextlib.suppress(AssertionError):
        unplug_for_good()
    plug_in()


@pytest.fixture
def known():
    """The two cameras as they are known from before."""
    return identify(0), identify(1)


# -- who is it ----------------------------------------------------------------------------------


def test_both_are_known(known):
    left, right = known
    assert (left.name, left.port) == (LEFT, "platform:vivid-000")
    assert (right.name, right.port) == (RIGHT, "platform:vivid-001")
    assert Identity.from_dict(json.loads(json.dumps(left.as_dict()))) == left
    for source in ("/dev/video0", CameraId(name=LEFT)):
        assert identify(source) == left
        assert find_again(source, left) == source
    assert [device.sources for device in connected()] == [(0, "/dev/video0"), (1, "/dev/video1")]


def test_known_while_it_is_in_use(known):
    camera = OpenCVCamera(0, size=(640, 360))
    camera.open()
    try:
        camera.grab()
        assert identify(0) == known[0]
        assert find_again(0, known[0]) == 0
    finally:
        camera.close()


def test_one_is_unplugged_and_the_other_is_not_taken_for_it(known):
    left, right = known
    with Path("/dev/video0").open("rb", buffering=0):  # the driver plugs in again when it closes
        unplug(0)
        for source in (0, 1, "/dev/video0", CameraId(name="vivid")):
            with pytest.raises(
                CameraNotFound, match=rf"{LEFT} .*: not there; connected: 1 \({RIGHT}"
            ):
                find_again(source, left)
        assert find_again(1, right) == 1
        assert identify(0) is None
    plug_in()
    assert find_again(0, left) == 0


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0), (4, 2)], ids=str)
def test_back_after_a_real_absence(known, numbers):
    unplug_for_good()
    for source, identity in enumerate(known):
        with pytest.raises(CameraNotFound, match="no camera is connected"):
            find_again(source, identity)
    plug_in(*numbers)
    assert tuple(find_again(source, each) for source, each in enumerate(known)) == numbers
    assert find_again(CameraId(name=LEFT), known[0]) == CameraId(name=LEFT)
    paint(*numbers)
    assert brightness(find_again(0, known[0])) < 50 < 200 < brightness(find_again(1, known[1]))


def brightness(source):
    camera = OpenCVCamera(source, size=(640, 360), pixel_format="gray8")
    spec = camera.open()
    try:
        frame = np.empty(spec.shape, spec.dtype)
        camera.grab()
        camera.retrieve(frame)
    finally:
        camera.close()
    return float(frame.mean())


# -- the whole ----------------------------------------------------------------------------------


def config(folder):
    """JSON is YAML."""
    modest = {"size": [640, 360], "fps": 25, "pixel_format": "gray8"}
    cameras = {"left": {"source": 0, **modest}, "right": {"source": 1, **modest}}
    recording = {"folder": str(folder / "out"), "keep_free": "1MiB"}
    path = folder / "config.yaml"
    path.write_text(json.dumps({"cameras": cameras, "recording": recording}))
    return path


def recorder(*args):
    return [sys.executable, "-m", "recorder", *map(str, args)]


def environment():
    return os.environ | {"PYTHONPATH": str(PROJECT)}


def wait_for_rows(process, folder, camera, files, count):
    """Wait until a camera has so many files, with so many rows in the last."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        ledgers = sorted(folder.glob(f"{camera}_*.frames.csv"))
        if len(ledgers) >= files and len(ledgers[-1].read_bytes().splitlines()) > count:
            return
        assert process.poll() is None, (folder.parent / "stderr").read_text()
        time.sleep(0.05)
    raise AssertionError(f"{camera}: no {count} rows in file {files} in {PATIENCE_S} s")


def rows_of(file):
    with Path(file).with_suffix(".frames.csv").open(newline="") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("numbers", [(0, 1), (1, 0), (4, 2)], ids=str)
def test_both_are_gone_for_5_s_while_recording_and_come_back(tmp_path, numbers):
    """Each goes on in a second file, with a gap as long as it was, and is still itself."""
    paint(0, 1)
    out = tmp_path / "out"
    command = recorder("record", config(tmp_path), "--duration", "300s", "--json")
    with (
        (tmp_path / "stderr").open("w") as stderr,
        subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        try:
            for camera in ("left", "right"):
                wait_for_rows(process, out, camera, files=1, count=50)
            gone_ns = time.monotonic_ns()
            unplug_for_good()
            time.sleep(AWAY_S)  # this long is what the test is about
            back_ns = time.monotonic_ns()
            plug_in(*numbers)
            paint(*numbers)
            for camera in ("left", "right"):
                wait_for_rows(process, out, camera, files=2, count=50)
            process.send_signal(signal.SIGINT)
            said, _ = process.communicate(timeout=PATIENCE_S)
        finally:
            process.kill()
    complaint = (tmp_path / "stderr").read_text()
    print(complaint, said)
    assert process.returncode == 6, complaint
    assert "Traceback" not in complaint
    cameras = json.loads(said.splitlines()[-1])["cameras"]
    assert sorted(cameras) == ["left", "right"]
    for camera in cameras.values():
        check_camera(camera, gone_ns, back_ns)
    assert last_brightness(cameras["left"]) < 50 < 200 < last_brightness(cameras["right"])


def check_camera(camera, gone_ns, back_ns):
    """One gap, as long as the absence, between two files that are what the camera gave."""
    assert camera["reason"] == "requested"
    assert camera["gaps"] == 1
    assert camera["restarts"] >= 1
    assert camera["grabbed"] == camera["written"] + camera["dropped"] + camera["bad"]
    before, after = map(rows_of, camera["files"])
    gap, *frames = after
    assert (gap["status"], gap["grab"]) == ("gap", "-1")
    last_ns, first_ns = int(before[-1]["t_mono_ns"]), int(frames[0]["t_mono_ns"])
    assert last_ns < back_ns < first_ns
    assert int(gap["note"]) == pytest.approx(first_ns - last_ns, rel=0.01)
    assert int(gap["note"]) > back_ns - gone_ns - 1e9
    grabs = [int(row["grab"]) for row in (*before, *frames)]
    assert grabs == list(range(camera["grabbed"]))
    result = subprocess.run(
        recorder("verify", *camera["files"], "--json"),
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    exact = sum(file["exact"] for file in json.loads(result.stdout.splitlines()[-1])["files"])
    assert exact == camera["written"]


def last_brightness(camera):
    return float(open_recording(camera["files"][-1])[-1].mean())
