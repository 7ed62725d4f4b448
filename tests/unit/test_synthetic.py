"""The camera without hardware: punctual, numbered, and faulty on demand."""

import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from recorder.cameras.scene import painter, read_number
from recorder.cameras.synthetic import DEFAULT_FPS, DEFAULT_SIZE, SyntheticCamera
from recorder.config import CameraConfig, SyntheticOptions
from recorder.errors import CameraLost, CameraRefused, CameraTimeout, ConfigError
from recorder.frame import FrameSpec

FAULTS = ["fail_at", "hang_at", "freeze_at", "crash_at", "resize_at"]


class Sleeper:
    """Notes how long it should have slept."""

    def __init__(self):
        self.asked = []

    def __call__(self, seconds):
        self.asked.append(seconds)


def make_config(options=None, **changes):
    changes = {"size": (32, 24), "pixel_format": "gray8", "fps": "max"} | changes
    options = SyntheticOptions(**(options or {}))
    return CameraConfig(name="top", source="synthetic", options=options, **changes)


def make_camera(options=None, sleep=time.sleep, **changes):
    camera = SyntheticCamera(make_config(options, **changes), sleep)
    camera.spec = camera.open()
    return camera


def fetch(camera):
    out = np.full(camera.spec.shape, 170, camera.spec.dtype)
    camera.retrieve(out)
    return out


def next_frame(camera):
    camera.grab()
    return fetch(camera)


def numbers(camera, count):
    return [read_number(next_frame(camera)) for _ in range(count)]


# -- opening ----------------------------------------------------------------------------------


def test_without_wishes_it_gives_a_gray_picture_of_a_common_size():
    camera = SyntheticCamera(CameraConfig(name="top", source="synthetic"))
    assert camera.open() == FrameSpec(*DEFAULT_SIZE, "gray8", DEFAULT_FPS)
    assert camera.info.backend == "synthetic"
    assert camera.info.claimed_fps == DEFAULT_FPS


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8"])
def test_it_gives_what_is_asked_for(pixel_format):
    camera = make_camera(size=(31, 17), pixel_format=pixel_format, fps=12.5)
    assert camera.spec == FrameSpec(31, 17, pixel_format, 12.5)
    assert camera.info.asked == {"size": [31, 17], "fps": 12.5, "pixel_format": pixel_format}
    assert camera.info.obtained == camera.info.asked


def test_it_waits_and_answers_within_two_seconds():
    camera = make_camera()
    assert camera.can_wait is True
    assert camera.timeout_s == 2.0


def test_it_has_one_setting_and_says_so():
    camera = make_camera({"pattern": "ramp"})
    before = next_frame(camera)
    (control,) = camera.info.controls
    assert (control.name, control.value, control.minimum, control.maximum) == (
        *("brightness", 0.0),
        *(-100.0, 100.0),
    )
    assert camera.set("brightness", 7.0) == 7.0
    assert camera.info.controls[0].value == camera.info.obtained["brightness"] == 7.0
    camera.begin(0)
    changed = next_frame(camera).ravel()[8:]
    np.testing.assert_array_equal(changed, np.minimum(before.ravel()[8:].astype(int) + 7, 255))
    assert camera.set("brightness", 1000.0) == 100.0
    assert "brightness: asked 1000, the synthetic camera is at 100." in camera.info.notes


def test_it_refuses_what_it_has_not():
    camera = make_camera()
    assert camera.set("gain", 3.0) is None
    assert camera.info.obtained["gain"] is None
    assert "gain: asked 3" in camera.info.notes[-1]


def test_settings_of_the_config_are_applied():
    assert make_camera(settings={"brightness": -4}).info.obtained["brightness"] == -4.0
    with pytest.raises(CameraRefused, match="gain: asked 3"):
        make_camera(settings={"gain": 3}, strict=True)
    with pytest.raises(ConfigError, match="is text"):
        make_camera(settings={"brightness": "much"})


def test_a_crop_outside_of_the_default_size_is_refused():
    with pytest.raises(CameraRefused, match="1280x720"):
        make_camera(size=None, crop=(1000, 0, 1000, 100))


@pytest.mark.parametrize("pattern", ["scene", "noise", "ramp", "black"])
def test_a_frame_is_its_pattern_with_a_number(pattern):
    camera = make_camera({"pattern": pattern, "seed": 9})
    camera.begin(4)
    expected = np.empty(camera.spec.shape, np.uint8)
    painter(pattern, camera.spec, 9)(4, expected)
    expected.reshape(-1)[:8] = [4, 0, 0, 0, 0, 0, 0, 0]
    np.testing.assert_array_equal(next_frame(camera), expected)


# -- numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16", "bgr8"])
@pytest.mark.parametrize(
    "geometry",
    [
        {},
        {"crop": (3, 5, 16, 9)},
        {"rotate": 90},
        {"rotate": 180},
        {"flip": "horizontal"},
        {"crop": (3, 5, 16, 9), "rotate": 270, "flip": "both"},
    ],
    ids=str,
)
def test_the_number_stands_in_the_first_bytes_of_what_is_recorded(pixel_format, geometry):
    camera = make_camera(pixel_format=pixel_format, **geometry)
    assert numbers(camera, 4) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("geometry", "turn"),
    [
        ({"rotate": 90}, lambda f: np.rot90(f, -1)),
        ({"flip": "vertical"}, lambda f: f[::-1]),
        ({"crop": (3, 5, 16, 9)}, lambda f: f[5:14, 3:19]),
    ],
    ids=("rotated", "mirrored", "cropped"),
)
def test_geometry_turns_the_picture_before_it_is_numbered(geometry, turn):
    plain, turned = next_frame(make_camera()), next_frame(make_camera(**geometry))
    expected = turn(plain)
    assert turned.shape == expected.shape
    differs = turned != expected
    # The number of the plain frame is turned away, that of the turned one is in its first bytes.
    assert differs.sum() <= 16
    assert make_camera(**geometry).info.notes


@pytest.mark.parametrize("size", [(1, 1), (7, 1), (1, 7)], ids=str)
def test_frames_below_eight_bytes_have_no_number(size):
    camera = make_camera({"pattern": "black"}, size=size)
    assert not any(next_frame(camera).any() for _ in range(300))


def test_a_recording_begins_with_number_0_and_a_restarted_camera_counts_on():
    camera = make_camera()
    assert numbers(camera, 3) == [0, 1, 2]
    camera.begin(0)
    assert numbers(camera, 2) == [0, 1]
    camera.begin(2**40)
    assert numbers(camera, 2) == [2**40, 2**40 + 1]


def test_a_frame_that_nobody_fetched_has_its_number_all_the_same():
    camera = make_camera()
    for _ in range(3):
        camera.grab()
    assert read_number(fetch(camera)) == 2


def test_a_frame_can_be_fetched_twice():
    camera = make_camera()
    camera.grab()
    np.testing.assert_array_equal(fetch(camera), fetch(camera))


# -- time -------------------------------------------------------------------------------------


def scheduled(fps, count):
    """Ask for frames at once; return (asked, before, after) with times in s."""
    sleeper = Sleeper()
    camera = make_camera(sleep=sleeper, fps=fps)
    before = time.monotonic_ns()
    for _ in range(count):
        camera.grab()
    return sleeper.asked, (time.monotonic_ns() - before) / 1e9


def test_frames_are_due_one_period_after_the_other():
    asked, elapsed = scheduled(fps=0.01, count=5)  # one every 100 s: the machine is faster
    assert len(asked) == 4  # the first is due at once
    for number, seconds in enumerate(asked, 1):
        assert number * 100 - elapsed <= seconds <= number * 100


def test_a_frame_that_is_late_is_not_waited_for_and_does_not_shift_the_others():
    sleeper = Sleeper()
    camera = make_camera(sleep=sleeper, fps=0.01)
    camera.grab()
    camera._due_ns -= 250 * 10**9  # as if two and a half periods had passed
    for _ in range(2):
        camera.grab()
    assert sleeper.asked == []
    camera.grab()
    assert 40 < sleeper.asked[0] <= 50


def test_a_schedule_begins_with_the_recording():
    sleeper = Sleeper()
    camera = make_camera(sleep=sleeper, fps=0.01)
    for _ in range(3):
        camera.grab()
    sleeper.asked.clear()
    camera.begin(0)
    camera.grab()
    assert sleeper.asked == []


def test_max_never_waits_and_claims_what_it_can_paint():
    sleeper = Sleeper()
    camera = make_camera(sleep=sleeper, fps="max")
    for _ in range(50):
        camera.grab()
    assert sleeper.asked == []
    assert camera.spec.fps > 0
    assert camera.info.claimed_fps == camera.spec.fps


def test_trying_out_its_speed_leaves_no_trace():
    max_speed, slow = make_camera(), make_camera(fps=1000)
    np.testing.assert_array_equal(next_frame(max_speed), next_frame(slow))


def test_the_stamp_is_taken_when_the_frame_is_due():
    class Clocked(Sleeper):
        def __call__(self, seconds):
            super().__call__(seconds)
            self.woke_ns = time.monotonic_ns()

    sleeper = Clocked()
    camera = make_camera(sleep=sleeper, fps=0.01)
    camera.grab()
    assert camera.grab().t_mono_ns >= sleeper.woke_ns


# -- faults -----------------------------------------------------------------------------------


def test_from_fail_at_on_there_are_no_frames():
    camera = make_camera({"fail_at": 2})
    assert numbers(camera, 2) == [0, 1]
    for _ in range(3):
        with pytest.raises(CameraTimeout, match="fail_at"):
            camera.grab()


def test_a_frame_before_the_failure_can_still_be_fetched():
    camera = make_camera({"fail_at": 1})
    camera.grab()
    with pytest.raises(CameraTimeout):
        camera.grab()
    assert read_number(fetch(camera)) == 0


def test_freeze_at_repeats_the_picture_and_its_number():
    camera = make_camera({"freeze_at": 2})
    frames = [next_frame(camera) for _ in range(6)]
    assert [read_number(frame) for frame in frames] == [0, 1, 2, 2, 2, 2]
    np.testing.assert_array_equal(frames[2], frames[5])


def test_from_resize_at_on_frames_no_longer_fit():
    camera = make_camera({"resize_at": 2})
    assert numbers(camera, 2) == [0, 1]
    for _ in range(2):
        camera.grab()  # as a driver does: it has a frame
        with pytest.raises(CameraLost, match=r"were 32x24 and are 16x12 now \(resize_at\)"):
            fetch(camera)


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("later", [1, 2, 100])
def test_a_fault_fires_once_so_a_camera_that_counts_on_is_healthy(fault, later):
    camera = make_camera({fault: 7})
    camera.begin(7 + later)
    assert numbers(camera, 3) == [7 + later, 8 + later, 9 + later]


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_at_number_0_fires_with_the_first_frame(fault):
    done = run_child(f"{fault}=0", 3)
    expected = {
        "fail_at": ["CameraTimeout"],
        "freeze_at": ["0", "0", "0"],
        "resize_at": ["CameraLost"],
        "hang_at": ["hangs"],
        "crash_at": [],
    }
    assert done.stdout.split() == expected[fault]
    assert done.returncode == (-signal.SIGSEGV if fault == "crash_at" else 0)


# The camera runs in a thread, as in the recorder; a hang is seen where the thread waits.
CHILD = """
import os, sys, threading
import numpy as np
from recorder.cameras.scene import read_number
from recorder.cameras.synthetic import SyntheticCamera
from recorder.config import CameraConfig, SyntheticOptions

fault, number = sys.argv[1].split("=")
options = SyntheticOptions(**{fault: int(number)})
config = CameraConfig(name="top", source="synthetic", size=(8, 8), fps="max", options=options)

def work():
    try:
        for _ in range(int(sys.argv[2])):
            camera.grab()
            camera.retrieve(out)
            print(read_number(out), flush=True)
    except Exception as error:
        print(type(error).__name__, flush=True)

camera = SyntheticCamera(config)
out = np.empty(camera.open().shape, "u1")
thread = threading.Thread(target=work, daemon=True)
thread.start()
while thread.is_alive():
    thread.join(0.01)
    frame, called = sys._current_frames().get(thread.ident), []
    while frame is not None:
        called.append(frame.f_code.co_name)
        frame = frame.f_back
    if called[:1] == ["wait"] and "grab" in called:
        thread.join(0.2)
        print("hangs" if thread.is_alive() else "woke", flush=True)
        os._exit(0)
"""


def run_child(fault, frames):
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", CHILD, fault, str(frames)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_at_hang_at_a_grab_never_returns():
    done = run_child("hang_at=2", 9)
    assert done.stdout.split() == ["0", "1", "hangs"]


def test_at_crash_at_the_process_dies_of_a_segmentation_fault():
    done = run_child("crash_at=2", 9)
    assert done.returncode == -signal.SIGSEGV
    assert done.stdout.split() == ["0", "1"]


def test_a_healthy_child_reaches_its_end():
    done = run_child("crash_at=9", 3)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["0", "1", "2"], "")
