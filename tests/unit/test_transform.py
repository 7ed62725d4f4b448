"""Every crop, rotation, flip and conversion against a model one can read."""

import itertools
import subprocess
import sys

import numpy as np
import pytest

from recorder.cameras.transform import Transform
from recorder.errors import CameraRefused
from recorder.frame import FrameSpec

ROTATIONS = (0, 90, 180, 270)
FLIPS = ("none", "horizontal", "vertical", "both")
SIZES = ((1, 1), (1, 7), (7, 1), (2, 3), (5, 4), (37, 53))
CONVERSIONS = (
    ("gray8", "gray8"),
    ("gray16", "gray16"),
    ("bgr8", "bgr8"),
    ("bgr8", "gray8"),
    ("gray8", "bgr8"),
)


def picture(spec):
    """Noise; equal channels where gray has to be exact."""
    rng = np.random.default_rng(spec.width * 1000 + spec.height)
    top = 256 if spec.dtype == "uint8" else 65536
    return rng.integers(0, top, spec.shape, dtype=spec.dtype)


def model(frame, pixel_format, crop, rotate, flip):
    """The same in Python's own lists: pixel by pixel."""
    rows = [list(row) for row in frame]
    if frame.ndim == 3 and pixel_format.startswith("gray"):
        rows = [[pixel[0] for pixel in row] for row in rows]
    if frame.ndim == 2 and pixel_format == "bgr8":
        rows = [[[pixel] * 3 for pixel in row] for row in rows]
    if crop:
        x, y, width, height = crop
        rows = [row[x : x + width] for row in rows[y : y + height]]
    for _ in range(rotate // 90):  # clockwise: the last row becomes the first column
        rows = [list(column) for column in zip(*reversed(rows), strict=True)]
    if flip in ("horizontal", "both"):
        rows = [row[::-1] for row in rows]
    if flip in ("vertical", "both"):
        rows = rows[::-1]
    return np.array(rows, frame.dtype)


def crops(width, height):
    yield None
    yield (0, 0, width, height)
    yield (width - 1, height - 1, 1, 1)
    yield (width // 3, height // 2, width - width // 3, height - height // 2)


@pytest.mark.parametrize(("given", "wanted"), CONVERSIONS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_equals_the_model(size, given, wanted):
    native = FrameSpec(*size, given, 30.0)
    frame = picture(native)
    if (given, wanted) == ("bgr8", "gray8"):
        frame[...] = frame[..., :1]
    for rotate, flip, crop in itertools.product(ROTATIONS, FLIPS, crops(*size)):
        transform = Transform(native, wanted, crop, rotate, flip)
        expected = model(frame, wanted, crop, rotate, flip)
        # The slot has neighbours, which nobody may touch.
        memory = np.full(transform.spec.nbytes + 32, 171, np.uint8)
        out = memory[16:-16].view(transform.spec.dtype).reshape(transform.spec.shape)
        before = frame.copy()
        transform.apply(frame, out)
        assert transform.spec.fits(out)
        assert transform.spec.fps == 30.0
        np.testing.assert_array_equal(out, expected, f"{rotate} {flip} {crop}")
        np.testing.assert_array_equal(frame, before)
        assert (memory[:16] == 171).all()
        assert (memory[-16:] == 171).all()
        same = expected.shape == frame.shape and (crop, rotate, flip) == (None, 0, "none")
        if same:
            assert transform.identity
            assert transform.notes == ()
        if transform.identity:
            np.testing.assert_array_equal(expected, frame)


def test_gray_of_real_colours_is_the_usual_weighting():
    native = FrameSpec(64, 48, "bgr8")
    frame = picture(native)
    transform = Transform(native, "gray8")
    out = np.empty((48, 64), np.uint8)
    transform.apply(frame, out)
    exact = frame @ np.array([0.114, 0.587, 0.299])
    assert np.abs(out - exact).max() <= 0.51
    assert any("computed from colour" in note for note in transform.notes)


def test_rows_with_gaps_are_read_rightly():
    wide = picture(FrameSpec(20, 6, "gray8"))
    out = np.empty((8, 6), np.uint8)
    Transform(FrameSpec(8, 6, "gray8"), rotate=90).apply(wide[:, 5:13], out)
    np.testing.assert_array_equal(out, np.rot90(wide[:, 5:13], -1))


@pytest.mark.parametrize(
    "crop",
    [(0, 0, 54, 1), (1, 0, 53, 1), (0, 1, 1, 37), (-1, 0, 2, 2), (0, -1, 2, 2), (53, 0, 1, 1)],
    ids=str,
)
def test_crop_outside_is_refused_with_numbers(crop):
    with pytest.raises(CameraRefused, match=r"53x37") as error:
        Transform(FrameSpec(53, 37, "gray8"), crop=crop)
    assert f"{crop[0] + crop[2]}, {crop[1] + crop[3]}" in str(error.value)


@pytest.mark.parametrize(
    ("given", "wanted"),
    [("gray16", "gray8"), ("gray8", "gray16"), ("bgr8", "gray16"), ("gray16", "bgr8")],
)
def test_depth_never_changes(given, wanted):
    with pytest.raises(CameraRefused, match="exactly"):
        Transform(FrameSpec(4, 4, given), wanted)


def test_notes_say_what_was_done():
    notes = Transform(FrameSpec(100, 80, "gray8"), "gray8", (1, 2, 30, 40), 90, "both").notes
    assert notes == (
        "Cropped to 30x40 pixels at x 1, y 2 of 100x80.",
        "Rotated by 90 degrees clockwise.",
        "Flipped horizontally and vertically.",
    )


def test_a_crop_alone_does_without_cv2():
    code = (
        "import sys, numpy as np\n"
        "from recorder.cameras.transform import Transform\n"
        "from recorder.frame import FrameSpec\n"
        "t = Transform(FrameSpec(8, 6, 'gray8'), None, (1, 1, 3, 2))\n"
        "t.apply(np.zeros((6, 8), 'u1'), np.ones((2, 3), 'u1'))\n"
        "sys.exit('cv2' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=30)
