"""The synthetic pictures: repeatable, lively, and like those of an experiment."""

import numpy as np
import pytest

from recorder.cameras.scene import number_frame, painter, read_number
from recorder.frame import FrameSpec

PATTERNS = ["scene", "noise", "ramp", "black"]
FORMATS = ["gray8", "gray16", "bgr8"]
SIZES = [(1, 1), (1, 7), (7, 1), (2, 3), (37, 53), (160, 120)]
GRAY = FrameSpec(160, 120, "gray8")


def levels(spec):
    """Steps to an 8-bit grey level."""
    return 16 if spec.pixel_format == "gray16" else 1


def paint(spec, numbers, pattern="scene", seed=0):
    """Frames as an int array (n, height, width[, 3])."""
    put = painter(pattern, spec, seed)
    frames = np.empty((len(numbers), *spec.shape), spec.dtype)
    for frame, number in zip(frames, numbers, strict=True):
        put(number, frame)
    return frames.astype(int)


def noise_of(spec, numbers=range(60), seed=0):
    """Differences of consecutive frames in grey levels, without the edges of the blob."""
    change = np.diff(paint(spec, numbers, seed=seed), axis=0) / levels(spec)
    planes = change.reshape(-1, spec.channels)
    return planes[(np.abs(planes) <= 16).all(axis=1)]


# -- every pattern ----------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_frame_is_a_function_of_its_number_and_the_seed(size, pixel_format, pattern):
    spec = FrameSpec(*size, pixel_format)
    forwards = paint(spec, range(5), pattern, seed=3)
    backwards = paint(spec, range(4, -1, -1), pattern, seed=3)
    np.testing.assert_array_equal(forwards, backwards[::-1])


@pytest.mark.parametrize("pattern", PATTERNS)
@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_frame_fills_its_slot_and_nothing_else(size, pixel_format, pattern):
    spec = FrameSpec(*size, pixel_format)
    put = painter(pattern, spec, 1)
    frames = []
    for before in (0, 255):
        memory = np.full(spec.nbytes + 64, before, np.uint8)
        out = memory[32:-32].view(spec.dtype).reshape(spec.shape)
        put(7, out)
        assert (memory[:32] == before).all()
        assert (memory[-32:] == before).all()
        frames.append(out)
    np.testing.assert_array_equal(*frames)


@pytest.mark.parametrize("pattern", ["scene", "noise", "ramp"])
def test_another_seed_gives_other_frames(pattern):
    frames = [paint(GRAY, [5], pattern, seed) for seed in (0, 1, 2)]
    assert (frames[0] != frames[1]).mean() > 0.5
    assert (frames[1] != frames[2]).mean() > 0.5


@pytest.mark.parametrize(("pattern", "share"), [("scene", 0.8), ("noise", 0.98), ("ramp", 1.0)])
@pytest.mark.parametrize("first", [0, 58_920, 2**40])
def test_consecutive_frames_differ_nearly_everywhere(pattern, share, first):
    # 58 927 and 58 928 once looked at the same place in the field of noise.
    frames = paint(FrameSpec(64, 48, "gray8"), range(first, first + 100), pattern)
    assert (np.diff(frames, axis=0) != 0).mean(axis=(1, 2)).min() >= share


def test_two_frames_in_a_row_never_show_the_same_noise():
    put = painter("noise", FrameSpec(4, 4, "gray16"), 0)
    last, out = np.empty((2, 4, 4), np.uint16)
    put(0, last)
    for number in range(1, 70_000):
        put(number, out)
        assert last[0, 0] != out[0, 0] or (last != out).any(), number
        last, out = out, last


# -- scene ------------------------------------------------------------------------------------


@pytest.mark.parametrize("pixel_format", ["gray8", "gray16"])
@pytest.mark.parametrize("seed", [0, 1])
def test_noise_is_about_two_grey_levels(pixel_format, seed):
    change = noise_of(FrameSpec(160, 120, pixel_format), seed=seed)
    assert change.std() / np.sqrt(2) == pytest.approx(2.0, abs=0.1)
    assert abs(change.mean()) < 0.05


def test_colour_noise_is_common_to_the_channels_plus_half_as_much_of_each_ones_own():
    change = noise_of(FrameSpec(160, 120, "bgr8"))
    assert change.std(axis=0) / np.sqrt(2) == pytest.approx(np.sqrt(5), abs=0.1)
    off_diagonal = np.corrcoef(change.T)[~np.eye(3, dtype=bool)]
    assert off_diagonal == pytest.approx(4 / 5, abs=0.04)  # 2² / (2² + 1²)


def test_noise_has_no_structure():
    change = noise_of(FrameSpec(161, 120, "gray8"), range(2)).ravel()
    for lag in (1, 2, 161):
        assert abs(np.corrcoef(change[:-lag], change[lag:])[0, 1]) < 0.05


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("seed", range(4))
def test_nothing_saturates_or_wraps(pixel_format, seed):
    spec = FrameSpec(160, 120, pixel_format)
    frames = paint(spec, range(0, 1000, 7), seed=seed) / levels(spec)
    assert frames.min() >= 10
    assert frames.max() <= 200


def test_gray16_has_twelve_bits_and_uses_the_lowest():
    frames = paint(FrameSpec(160, 120, "gray16"), range(20))
    assert frames.max() < 2**12
    assert set(np.unique(frames % 16)) == set(range(16))


def test_the_background_is_textured_and_stands_still():
    first, second = (
        np.median(paint(GRAY, range(start, start + 630, 10)), axis=0) for start in (0, 5000)
    )
    assert first.std() > 8
    assert np.abs(first - second).mean() < 1


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_one_dark_blob_moves_smoothly_over_the_whole_picture(pixel_format):
    spec = FrameSpec(160, 120, pixel_format)
    every = paint(spec, range(0, 630, 2)) / levels(spec)
    dark = np.median(every, axis=0) - every
    dark = dark if spec.channels == 1 else dark.mean(axis=-1)
    blob = dark > 30
    radius = 10  # a twelfth of the height
    area = blob.sum(axis=(1, 2))
    assert area.min() > 0.5 * np.pi * radius**2
    assert area.max() < 1.5 * np.pi * radius**2
    centres = np.array([np.argwhere(mask).mean(axis=0) for mask in blob])
    for mask, centre in zip(blob, centres, strict=True):
        assert np.abs(np.argwhere(mask) - centre).max() < 1.5 * radius  # one blob, not two
    steps = np.hypot(*np.diff(centres, axis=0).T)
    assert steps.max() < radius
    assert steps.mean() > 1
    assert (np.ptp(centres, axis=0) > 0.75 * np.array([120, 160])).all()


# -- the others -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pixel_format", "top"), [("gray8", 255), ("gray16", 65535), ("bgr8", 255)]
)
def test_noise_uses_every_bit(pixel_format, top):
    frames = paint(FrameSpec(160, 120, pixel_format), [0], "noise")
    assert frames.min() < top / 200
    assert frames.max() > top - top / 200
    assert frames.mean() == pytest.approx(top / 2, rel=0.02)
    for bit in range(top.bit_length()):
        assert 0.45 < (frames >> bit & 1).mean() < 0.55


@pytest.mark.parametrize(("pixel_format", "modulus"), [("gray8", 256), ("gray16", 65536)])
def test_a_ramp_counts_through_all_values_and_moves_by_one(pixel_format, modulus):
    spec = FrameSpec(300, 220, pixel_format)
    for number in (0, 1, 255, 256, 65535, 65536):
        expected = (np.arange(300 * 220) + number + 5) % modulus
        found = paint(spec, [number], "ramp", seed=5)[0]
        np.testing.assert_array_equal(found.ravel(), expected)


def test_black_is_black():
    assert not paint(GRAY, range(3), "black").any()


# -- numbers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("number", [0, 1, 255, 256, 2**32 + 5, 2**64 - 1])
def test_a_number_stands_in_the_first_eight_bytes(pixel_format, number):
    spec = FrameSpec(5, 3, pixel_format)
    frame = np.full(spec.shape, 77, spec.dtype)
    rest = frame.tobytes()[8:]
    number_frame(frame, number)
    assert frame.tobytes()[:8] == number.to_bytes(8, "little")
    assert frame.tobytes()[8:] == rest
    assert read_number(frame) == number


@pytest.mark.parametrize(
    ("size", "pixel_format", "has_room"),
    [
        ((7, 1), "gray8", False),
        ((8, 1), "gray8", True),
        ((1, 8), "gray8", True),
        ((3, 1), "gray16", False),
        ((2, 2), "gray16", True),
        ((2, 1), "bgr8", False),
        ((3, 1), "bgr8", True),
    ],
)
def test_a_frame_without_eight_bytes_stays_as_it_is(size, pixel_format, has_room):
    spec = FrameSpec(*size, pixel_format)
    frame = np.zeros(spec.shape, spec.dtype)
    number_frame(frame, 2**64 - 1)
    assert frame.any() == has_room
