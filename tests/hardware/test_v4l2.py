"""A real camera: RECORDER_TEST_CAMERA=0 pytest -m hardware tests/hardware

What only the kernel's test driver can be asked to do (vivid: refuse, be unplugged) is skipped
elsewhere. Without a camera it runs in a virtual machine, see tests/README.md.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from recorder.cameras import v4l2
from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.listing import list_cameras
from recorder.cameras.opencv import OpenCVCamera
from recorder.errors import CameraBusy, CameraLost, CameraNotFound, CameraRefused

CAMERA = os.environ.get("RECORDER_TEST_CAMERA", "")
PROJECT = Path(__file__).parents[2]

pytestmark = [
    pytest.mark.hardware,
    pytest.mark.skipif(not CAMERA, reason="RECORDER_TEST_CAMERA=0 names the camera"),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="V4L2 is Linux'"),
    pytest.mark.timeout(300),
]

SOURCE = int(CAMERA) if CAMERA.isdigit() else CAMERA
NODE = v4l2.device_path(SOURCE)
# Small and slow enough for the virtual machine, and common among webcams.
MODEST = {"size": (640, 360), "fps": 25.0}


@pytest.fixture
def vivid():
    """Skip unless the camera is the kernel's test driver; plug it in again afterwards."""
    if v4l2.query(NODE).driver != "vivid":
        pytest.skip("needs the vivid test driver")
    yield
    if not v4l2.is_there(NODE):
        subprocess.run(["vivid-reload"], check=True, timeout=60, stderr=subprocess.DEVNULL)


def this_listing():
    target = os.path.realpath(NODE)
    return next(item for item in list_cameras() if os.path.realpath(item.path) == target)


def needs_format(name):
    if name not in {mode[0] for mode in this_listing().modes}:
        pytest.skip(f"the camera has no {name}")


def frames_of(count=30, **wanted):
    camera = OpenCVCamera(SOURCE, **wanted)
    spec = camera.open()
    stamps, frames = [], np.empty((count, *spec.shape), spec.dtype)
    try:
        for frame in frames:
            stamps.append(camera.grab())
            camera.retrieve(frame)
    finally:
        camera.close()
    return camera, spec, stamps, frames


def recorder(*args, timeout=200):
    command = [sys.executable, "-m", "recorder", *map(str, args)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )


def last_line(result):
    assert "Traceback" not in result.stderr, result.stderr
    return json.loads(result.stdout.splitlines()[-1])


def config(folder, **camera):
    """JSON is YAML."""
    text = {"source": SOURCE, "size": [640, 360], "fps": 25, **camera}
    recording = {"folder": str(folder / "out"), "keep_free": "1MiB"}
    path = folder / "config.yaml"
    path.write_text(json.dumps({"cameras": {"cam": text}, "recording": recording}))
    return path


def about_of(summary):
    (file,) = summary["cameras"]["cam"]["files"]
    return json.loads(Path(file).with_suffix(".json").read_text())


def check_exact(summary):
    """Everything grabbed is in the file, and the file is what the camera gave."""
    camera = summary["cameras"]["cam"]
    assert camera["grabbed"] == camera["written"]
    result = recorder("verify", *camera["files"], "--json")
    assert result.returncode == 0, result.stderr
    assert sum(file["exact"] for file in last_line(result)["files"]) == camera["written"]


def test_listed_with_name_and_modes():
    result = recorder("cameras", "--json")
    assert result.returncode == 0, result.stderr
    found = last_line(result)["cameras"]
    target = os.path.realpath(NODE)
    (this,) = [item for item in found if os.path.realpath(item["path"]) == target]
    assert this["name"]
    assert this["modes"]
    assert all(len(mode) == 4 for mode in this["modes"])
    text = recorder("cameras").stdout
    assert this["name"] in text
    assert f"{this['modes'][0][1]}x{this['modes'][0][2]}" in text


def test_frames_with_times_of_their_own():
    camera, spec, stamps, _ = frames_of(**MODEST)
    assert not camera.can_wait
    assert camera.info.backend == "opencv V4L2"
    assert camera.info.claimed_fps == spec.fps
    for times in ([s.t_mono_ns for s in stamps], [s.t_camera_ms for s in stamps]):
        assert times == sorted(set(times))
    measured = (len(stamps) - 1) * 1e9 / (stamps[-1].t_mono_ns - stamps[0].t_mono_ns)
    print(f"claimed {spec.fps}, measured {measured:.1f}")


def test_what_cannot_be_is_shown_and_strict_refuses():
    wanted = {"size": (641, 361), "fps": 977.0}
    camera, spec, _, _ = frames_of(2, **wanted)
    assert camera.info.asked == {"size": [641, 361], "fps": 977.0}
    assert camera.info.obtained["size"] == [spec.width, spec.height] != [641, 361]
    assert camera.info.obtained["fps"] == spec.fps != 977.0
    notes = " ".join(camera.info.notes)
    assert "size: asked 641x361" in notes
    assert "fps: asked 977" in notes
    with pytest.raises(CameraRefused, match=r"size: asked 641x361.*fps: asked 977"):
        OpenCVCamera(SOURCE, **wanted, strict=True).open()


def test_busy_names_the_program():
    camera = OpenCVCamera(SOURCE, **MODEST)
    camera.open()
    try:
        with pytest.raises(CameraBusy, match=f"this program .process {os.getpid()}"):
            OpenCVCamera(SOURCE).open()
        assert this_listing().modes, "a camera in use is still listed"
        camera.grab()
    finally:
        camera.close()


def test_a_missing_index_says_what_is_there():
    with pytest.raises(CameraNotFound, match=r"there is no /dev/video99; connected: .*/dev/video"):
        OpenCVCamera(99).open()


def test_no_permission_says_what_to_do(vivid):
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    os.seteuid(65534)
    try:
        with pytest.raises(CameraRefused, match="usermod -aG video"):
            OpenCVCamera(SOURCE).open()
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("fourcc", "kind", "dtype"),
    [("GREY", "gray8", "uint8"), ("Y16", "gray16", "uint16"), ("Y12", "gray16", "uint16")],
)
def test_raw_gray(fourcc, kind, dtype):
    needs_format(fourcc)
    wanted = {"settings": {"fourcc": fourcc}} if fourcc == "Y12" else {}
    camera, spec, _, frames = frames_of(5, pixel_format=kind, **MODEST, **wanted)
    assert camera.info.obtained["fourcc"] == fourcc
    assert (spec.pixel_format, spec.dtype) == (kind, dtype)
    assert frames.std() > 0


def test_gray_from_yuyv_is_the_cameras_own_luma(vivid):
    """A still test picture, read by cv2 as raw pairs, holds the same Y."""
    cv2 = import_cv2()
    subprocess.run(["v4l2-ctl", "-d", NODE, "-c", "test_pattern=0,osd_text_mode=2"], check=True)
    wanted = {"pixel_format": "gray8", "settings": {"fourcc": "YUYV"}}
    camera, _, _, frames = frames_of(3, **wanted, **MODEST)
    assert any("own Y of YUYV" in note for note in camera.info.notes)
    params = [cv2.CAP_PROP_FOURCC, cv2.VideoWriter_fourcc(*"YUYV"), cv2.CAP_PROP_CONVERT_RGB, 0]
    params += [cv2.CAP_PROP_FRAME_WIDTH, 640, cv2.CAP_PROP_FRAME_HEIGHT, 360]
    raw = cv2.VideoCapture(NODE, cv2.CAP_V4L2, params)
    ok, pairs = raw.read()
    raw.release()
    assert ok
    np.testing.assert_array_equal(frames[-1], pairs[..., 0])


def test_8_bit_is_not_made_of_12(vivid):
    with pytest.raises(CameraRefused, match="Y12, 12 bits, which do not fit gray8"):
        OpenCVCamera(SOURCE, pixel_format="gray8", settings={"fourcc": "Y12"}).open()


def test_what_it_accepts_is_known_with_limits_and_follows_a_change(vivid):
    camera = OpenCVCamera(SOURCE, **MODEST)
    camera.open()
    try:
        found = {control.name: control for control in camera.info.controls}
        assert {"brightness", "contrast", "saturation", "hue", "gain"} <= set(found)
        assert (found["brightness"].minimum, found["brightness"].maximum) == (0.0, 255.0)
        assert found["gain"].is_locked  # the automatic one is on
        camera.grab()
        assert camera.set("brightness", 60) == 60.0
        camera.grab()
        now = {control.name: control.value for control in camera.info.controls}
        assert (now["brightness"], now["contrast"]) == (60.0, found["contrast"].value)
    finally:
        camera.set("brightness", found["brightness"].default)
        camera.close()


def test_gain_is_accepted_and_not_applied_exposure_is_refused(vivid):
    wanted = {"gain": 255, "exposure": -6, "brightness": 100}
    camera, *_ = frames_of(3, settings=wanted, **MODEST)
    info = camera.info
    assert {name: info.asked[name] for name in wanted} == wanted
    assert info.obtained["brightness"] == 100
    assert info.obtained["exposure"] is None
    assert info.obtained["gain"] not in (None, 255)
    notes = " ".join(info.notes)
    assert "gain: asked 255, accepted, but the camera is at" in notes
    assert "exposure: asked -6; the camera refuses it" in notes
    assert "brightness" not in notes
    with pytest.raises(CameraRefused, match=r"gain: asked 255.*exposure: asked -6"):
        OpenCVCamera(SOURCE, settings=wanted, strict=True).open()


@pytest.mark.parametrize("pixel_format", [None, "gray8"], ids=["native", "gray8"])
def test_10_s_recorded_and_verified(tmp_path, pixel_format):
    extra = {} if pixel_format is None else {"pixel_format": pixel_format}
    path = config(tmp_path, **extra)
    result = recorder("record", path, "--duration", "10s", "--json")
    assert result.returncode == 0, result.stderr
    summary = last_line(result)
    camera = summary["cameras"]["cam"]
    assert camera["reason"] == "duration"
    assert camera["seconds"] == pytest.approx(10, abs=1)
    check_exact(summary)
    about = about_of(summary)
    assert about["asked"]["size"] == [640, 360]
    assert about["obtained"]["size"]
    assert "claimed_fps" in about
    print(camera, about["obtained"], about["claimed_fps"])


def test_settings_reach_the_about_file(tmp_path, vivid):
    path = config(tmp_path, settings={"gain": 255, "exposure": -6})
    result = recorder("record", path, "--duration", "1s", "--json")
    assert result.returncode == 0, result.stderr
    about = about_of(last_line(result))
    assert (about["asked"]["gain"], about["asked"]["exposure"]) == (255, -6)
    assert about["obtained"]["gain"] != 255
    assert about["obtained"]["exposure"] is None
    assert any(note.startswith("gain:") for note in about["notes"])


def test_strict_fails_before_recording(tmp_path, vivid):
    path = config(tmp_path, settings={"gain": 255}, strict=True)
    result = recorder("record", path, "--duration", "10s", "--json")
    assert result.returncode == 3
    assert "gain: asked 255" in result.stderr
    assert "Traceback" not in result.stderr
    assert not list(tmp_path.glob("out/*"))


def test_unplugged_while_it_runs(vivid):
    camera = OpenCVCamera(SOURCE, **MODEST)
    camera.open()
    camera.grab()
    subprocess.run(["v4l2-ctl", "-d", NODE, "-c", "disconnect=1"], check=True)
    began = time.monotonic()
    error = None
    while error is None and time.monotonic() - began < 3:
        try:
            camera.grab()
        except CameraLost as lost:
            error = lost
    camera.close()
    assert "the camera is gone: unplugged" in str(error)
    assert time.monotonic() - began < 2


def test_unplugged_while_recording(tmp_path, vivid):
    """Exit 3, a clear message, and a finished file with exactly what came before."""
    path = config(tmp_path, on_failure="stop")
    command = [sys.executable, "-m", "recorder", "record", str(path)]
    command += ["--duration", "60s", "--json"]
    with subprocess.Popen(
        command,
        env=os.environ | {"PYTHONPATH": str(PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            wait_for_rows(tmp_path / "out", 50)
            subprocess.run(["v4l2-ctl", "-d", NODE, "-c", "disconnect=1"], check=True)
            out, err = process.communicate(timeout=30)
        finally:
            process.kill()
    assert process.returncode == 3, err
    assert "Traceback" not in err
    assert "unplugged" in err
    summary = json.loads(out.splitlines()[-1])
    camera = summary["cameras"]["cam"]
    assert camera["reason"] == "camera_failed"
    assert camera["written"] >= 40
    check_exact(summary)
    assert about_of(summary)["state"] == "complete"


PATIENCE_S = 180
"""In an emulated machine beside other work, a command takes a minute to its first frame."""


def wait_for_rows(folder, count):
    """Wait until that many frames are in the ledger."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        for ledger in folder.glob("*.frames.csv"):
            if len(ledger.read_bytes().splitlines()) > count:
                return
        time.sleep(0.05)
    raise AssertionError(f"fewer than {count} frames in {PATIENCE_S} s")
