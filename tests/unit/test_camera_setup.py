"""How a device is set up and how its silence is read, on a fake ``cv2.VideoCapture``."""

import numpy as np
import pytest

from recorder.cameras import devices, v4l2
from recorder.cameras.base import BadFrame
from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.feed import Wanted, fetch
from recorder.cameras.formats import device_reading
from recorder.cameras.opencv import OpenCVCamera
from recorder.errors import CameraError, CameraLost, CameraRefused, CameraTimeout

cv2 = import_cv2()
NAMES = {getattr(cv2, name): name[9:].lower() for name in dir(cv2) if name.startswith("CAP_PROP_")}
NAMES |= {3: "width", 4: "height", 5: "fps", 6: "fourcc", 16: "convert"}


def code(fourcc):
    return int.from_bytes(fourcc.encode(), "little")


class FakeCapture:
    """A camera with some formats, 640x480 at 30, whose gain obeys nobody."""

    def __init__(self, formats=("YUYV", "MJPG"), frames=()):
        self.formats = formats
        self.values = {3: 640.0, 4: 480.0, 5: 30.0, 6: float(code(formats[0])), 16: 1.0}
        self.values[cv2.CAP_PROP_GAIN] = 24.0
        self.frames = list(frames)
        self.calls = []
        self.released = 0

    def getBackendName(self):
        return "V4L2"

    def isOpened(self):
        return True

    def set(self, prop, value):
        self.calls.append(NAMES[prop])
        if prop == 6:
            known = value in [code(fourcc) for fourcc in self.formats]
            value = value if known else code(self.formats[0])
        elif prop == cv2.CAP_PROP_GAIN:
            return True
        elif prop == cv2.CAP_PROP_EXPOSURE:
            return False
        self.values[prop] = float(value)
        return True

    def get(self, prop):
        return self.values.get(prop, -1.0)

    def grab(self):
        self.calls.append("grab")
        return (bool(self.frames) and self.frames[0] is not False) or bool(self.frames.pop(0))

    def retrieve(self, image=None):
        frame = self.frames.pop(0)
        return frame is not None, frame

    def release(self):
        self.released += 1


def set_up(capture, **wanted):
    return devices._set_up(capture, 0, "camera 0", Wanted(**wanted))


def test_order_is_fourcc_size_rate_then_settings():
    capture = FakeCapture()
    settings = {"gain": 7, "brightness": 3, "fourcc": "MJPG", "exposure": -6}
    feed = set_up(capture, size=(1280, 720), fps=60.0, settings=settings)
    assert capture.calls == [
        *("fourcc", "width", "height", "fps", "convert"),
        *("gain", "brightness", "exposure"),
    ]
    assert feed.asked == settings
    assert feed.obtained == {"fourcc": "MJPG", "gain": 24.0, "brightness": 3.0, "exposure": None}
    assert feed.deviations == [
        "gain: asked 7, accepted, but the camera is at 24.",
        "exposure: asked -6; the camera refuses it, or has no such setting.",
    ]
    assert feed.fps == 60.0
    assert "lossy before we see them" in feed.reading.notes[0]


def test_a_format_that_is_not_there_is_a_deviation():
    feed = set_up(FakeCapture(), settings={"fourcc": "H264"})
    assert feed.deviations == ["fourcc: asked H264, the camera is at YUYV."]


@pytest.mark.parametrize(
    ("formats", "pixel_format", "fourcc", "luma", "convert"),
    [
        (("YUYV", "GREY"), "gray8", "GREY", None, False),
        (("YUYV", "MJPG"), "gray8", "YUYV", 0, False),
        (("UYVY",), "gray8", "UYVY", 1, False),
        (("MJPG",), "gray8", "MJPG", None, True),
        (("YUYV", "GREY"), None, "YUYV", None, True),
        (("GREY",), None, "GREY", None, False),
        (("GREY",), "bgr8", "GREY", None, True),
        (("YUYV", "Y16 "), "gray16", "Y16", None, False),
        (("YUYV", "Y10 "), "gray16", "Y10", None, False),
        (("Y12 ",), None, "Y12", None, False),
    ],
    ids=str,
)
def test_the_rawest_format_is_chosen(formats, pixel_format, fourcc, luma, convert):
    capture = FakeCapture(formats)
    feed = set_up(capture, pixel_format=pixel_format)
    assert feed.obtained["fourcc"] == fourcc
    assert feed.reading.luma == luma
    assert feed.reading.convert == bool(capture.values[16]) == convert
    deep = fourcc in ("Y16", "Y12", "Y10")
    assert (feed.reading.pixel_format == "gray16") == deep


@pytest.mark.parametrize(
    ("fourcc", "pixel_format"), [("Y16 ", "gray8"), ("Y12 ", "bgr8"), ("YUYV", "gray16")]
)
def test_depth_is_kept_or_refused(fourcc, pixel_format):
    with pytest.raises(CameraRefused, match=pixel_format):
        device_reading(fourcc, pixel_format, "camera 0")


def camera_on(monkeypatch, capture, there=True, **wanted):
    class FakeCv2:
        def __getattr__(self, name):
            return getattr(cv2, name)

        def VideoCapture(self, *args):
            return capture

    monkeypatch.setattr(devices, "import_cv2", FakeCv2)
    monkeypatch.setattr(v4l2, "is_there", lambda path: there)
    monkeypatch.setattr(v4l2, "on_linux", lambda: True)
    return OpenCVCamera(0, **wanted)


def test_raw_luma_reaches_the_slot(monkeypatch):
    pairs = np.random.default_rng(0).integers(0, 256, (2, 6, 8, 2), dtype=np.uint8)
    for crop, rotate, window in (
        (None, 0, pairs[1, ..., 0]),
        ((1, 2, 4, 3), 0, pairs[1, 2:5, 1:5, 0]),
        (None, 90, np.rot90(pairs[1, ..., 0], -1)),
    ):
        capture = FakeCapture(("YUYV",), [*pairs])
        camera = camera_on(monkeypatch, capture, pixel_format="gray8", crop=crop, rotate=rotate)
        spec = camera.open()
        out = np.zeros(spec.shape, spec.dtype)
        camera.grab()
        camera.retrieve(out)
        np.testing.assert_array_equal(out, window)


@pytest.mark.parametrize(
    "frame",
    [
        np.zeros((1, 48), np.uint8),
        np.zeros((6, 8, 2), np.uint8),
        np.zeros((6, 8), np.uint16),
        np.zeros(48, np.uint8),
    ],
    ids=["one row", "pairs", "deep", "bytes"],
)
def test_unexpected_frames_are_refused_not_guessed_at(monkeypatch, frame):
    capture = FakeCapture(("BG10",), [frame])
    with pytest.raises(CameraRefused, match="came where bgr8 was expected"):
        camera_on(monkeypatch, capture).open()
    assert capture.released == 1


def test_the_first_frame_may_be_late(monkeypatch):
    frame = np.zeros((6, 8, 3), np.uint8)
    slow = iter([0.0, 2.0, 10.0, 12.0, 20.0, 20.1])
    monkeypatch.setattr("recorder.cameras.opencv.time.monotonic", lambda: next(slow))
    capture = FakeCapture(("BGR3",), [False, False, frame])
    assert camera_on(monkeypatch, capture).open().width == 8
    assert capture.calls.count("grab") == 3
    slow = iter(float(2 * n) for n in range(20))
    capture = FakeCapture(("BGR3",), [False] * 9)
    with pytest.raises(CameraTimeout, match=r"no frame for 2\.0 s"):
        camera_on(monkeypatch, capture).open()
    assert capture.calls.count("grab") == 3


@pytest.mark.parametrize(
    ("there", "elapsed", "error", "words"),
    [
        (True, 2.0, CameraTimeout, "no frame for 2.0 s"),
        (True, 0.0, CameraLost, "reports an error"),
        (False, 0.0, CameraLost, "unplugged"),
        (False, 2.0, CameraLost, "unplugged"),
    ],
)
def test_why_a_device_is_silent(monkeypatch, there, elapsed, error, words):
    monkeypatch.setattr(v4l2, "is_there", lambda path: there)
    monkeypatch.setattr(v4l2, "on_linux", lambda: True)
    reason = devices.silence(0, "camera 0", elapsed)
    assert type(reason) is error
    assert words in str(reason)


class Giving:
    """Gives one thing, whatever it is asked for."""

    def __init__(self, thing):
        self.thing = thing

    def retrieve(self, image=None):
        if isinstance(self.thing, Exception):
            raise self.thing
        return True, self.thing


def test_whatever_a_back_end_gives_is_never_written_wrong():
    target = np.zeros((4, 5), np.uint8)
    good = np.arange(40, dtype=np.uint8).reshape(4, 10)[:, ::2]
    assert not good.flags.c_contiguous
    good.flags.writeable = False
    assert fetch(Giving(good), target, "x") is target
    np.testing.assert_array_equal(target, good)
    for bad in (None, np.empty((0, 0), np.uint8), cv2.error("damaged")):
        with pytest.raises(BadFrame, match="cannot be decoded"):
            fetch(Giving(bad), target, "x")
    for other in (np.zeros((5, 4), np.uint8), np.zeros((4, 5), np.int8), np.zeros((4, 5), ">u2")):
        with pytest.raises(CameraLost, match="were 5x4 pixels of uint8 and are now"):
            fetch(Giving(other), target, "x")
    np.testing.assert_array_equal(target, good)


def test_a_failed_property_is_unknown_not_fatal():
    class Failing(FakeCapture):
        def get(self, prop):
            if prop == cv2.CAP_PROP_ZOOM:
                raise cv2.error("no such thing")
            return float("nan") if prop == cv2.CAP_PROP_PAN else super().get(prop)

        def set(self, prop, value):
            if prop in (cv2.CAP_PROP_ZOOM, cv2.CAP_PROP_PAN):
                raise cv2.error("no such thing")
            return super().set(prop, value)

    feed = set_up(Failing(), settings={"zoom": 2, "pan": 1})
    assert (feed.obtained["zoom"], feed.obtained["pan"]) == (None, None)
    assert len(feed.deviations) == 2


def test_closing_twice_releases_once(monkeypatch):
    capture = FakeCapture(("BGR3",), [np.zeros((6, 8, 3), np.uint8)])
    camera = camera_on(monkeypatch, capture)
    camera.open()
    camera.close()
    camera.close()
    assert capture.released == 1
    with pytest.raises(CameraError, match="not open"):
        camera.retrieve(np.zeros((6, 8, 3), np.uint8))
