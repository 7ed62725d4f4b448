"""What is shown for a frame, against a model one can read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ui.model import picture
from ui.model.picture import Levels

GREY8 = np.arange(256, dtype=np.uint8).reshape(16, 16)
GREY16 = np.arange(65536, dtype=np.uint16).reshape(256, 256)


def colours(rendered):
    """The picture as red, green and blue, however it is stored."""
    if rendered.image.ndim == 3:
        return rendered.image[..., 2::-1]
    lut = rendered.lut
    if lut is None:
        return np.repeat(rendered.image[..., None], 3, axis=2)
    return lut[rendered.image]


ROUNDED = 0.5001
"""What is shown lies so near to the exact grey level."""


def model(value, levels):
    return min(max((value - levels.low) * 255 / (levels.high - levels.low), 0.0), 255.0)


def some_colour(seed=1):
    return np.random.default_rng(seed).integers(0, 256, (12, 20, 3), dtype=np.uint8)


def test_gray8_at_full_range_is_not_copied():
    rendered = picture.render(GREY8)
    assert rendered.image is GREY8
    assert rendered.lut is None
    assert picture.render(GREY8, Levels(0, 255)).lut is None


@given(st.integers(0, 254), st.integers(1, 255))
def test_gray8_levels(low, span):
    levels = Levels(low, low + span)
    seen = colours(picture.render(GREY8, levels))
    expected = [model(value, levels) for value in range(256)]
    np.testing.assert_allclose(seen[..., 1].ravel(), expected, rtol=0, atol=ROUNDED)
    assert (seen[..., 0] == seen[..., 2]).all()


@pytest.mark.parametrize("levels", [None, Levels(0, 4095), Levels(30000, 30001)])
def test_gray16_levels(levels):
    seen = colours(picture.render(GREY16, levels))
    shown = levels or Levels(0, 65535)
    for value in (0, 1, 2047, 4095, 4096, 30000, 30001, 65535):
        assert abs(int(seen[value // 256, value % 256, 0]) - model(value, shown)) <= ROUNDED


def test_bgr8_is_shown_in_its_own_colours():
    frame = some_colour()
    rendered = picture.render(frame)
    np.testing.assert_array_equal(colours(rendered), frame[..., ::-1])
    assert (rendered.image[..., 3] == 255).all()


def test_bgr8_levels_hold_for_every_channel():
    frame, levels = some_colour(), Levels(40, 200)
    expected = np.vectorize(lambda value: model(int(value), levels))(frame[..., ::-1])
    seen = colours(picture.render(frame, levels))
    np.testing.assert_allclose(seen, expected, rtol=0, atol=ROUNDED)


@pytest.mark.parametrize("levels", [None, Levels(20, 90)])
@pytest.mark.parametrize("frame", [GREY8, GREY16], ids=["gray8", "gray16"])
def test_exactly_the_saturated_and_the_black_are_marked(frame, levels):
    seen = colours(picture.render(frame, levels, mark=True)).reshape(-1, 3)
    assert tuple(seen[0]) == picture.BLACK_RGB
    assert tuple(seen[-1]) == picture.SATURATED_RGB
    between = seen[1:-1]
    assert (between[:, 0] == between[:, 2]).all()  # grey: no colour of a mark


def test_colour_is_saturated_in_any_channel_and_black_in_all():
    frame = np.array([[[0, 0, 0], [0, 0, 255], [0, 0, 1], [254, 254, 254], [255, 9, 9]]], np.uint8)
    black, red, dark, bright, blue = colours(picture.render(frame, mark=True))[0].tolist()
    assert tuple(black) == picture.BLACK_RGB
    assert tuple(red) == tuple(blue) == picture.SATURATED_RGB
    assert dark == [1, 0, 0]
    assert bright == [254, 254, 254]


@pytest.mark.parametrize("mark", [False, True])
@pytest.mark.parametrize("frame", [GREY8, GREY16, some_colour()], ids=["8", "16", "bgr"])
def test_the_frame_is_left_alone_and_may_have_gaps(frame, mark):
    before = frame.copy()
    thin = picture.render(frame[::2, ::3], Levels(3, 77), mark)
    whole = picture.render(frame, Levels(3, 77), mark)
    np.testing.assert_array_equal(colours(thin), colours(whole)[::2, ::3])
    np.testing.assert_array_equal(frame, before)


@pytest.mark.parametrize(("low", "high"), [(5, 5), (6, 5)])
def test_levels_that_are_none_are_refused(low, high):
    with pytest.raises(ValueError, match="white must lie above black"):
        Levels(low, high)


def test_auto_levels_leave_out_a_few_hot_pixels():
    frame = np.full((400, 400), 100, np.uint8)
    frame[:200] = 50
    frame[0, :40] = 255
    assert picture.auto_levels(frame) == Levels(50, 100)


@pytest.mark.parametrize("value", [0, 7, 255])
def test_auto_levels_of_a_flat_picture_are_still_apart(value):
    levels = picture.auto_levels(np.full((9, 9), value, np.uint8))
    assert 0 <= levels.low < levels.high <= 255
    assert levels.low <= value <= levels.high


def test_auto_levels_of_sixteen_bits_are_in_its_own_units():
    levels = picture.auto_levels(np.linspace(1000, 3000, 90000).astype(np.uint16).reshape(300, 300))
    assert 1000 <= levels.low < 1020
    assert 2980 < levels.high <= 3000


def test_histogram_of_gray8():
    frame = np.zeros((10, 10), np.uint8)
    frame[0] = 255
    frame[1] = 7
    seen = picture.histogram(frame)
    assert (seen.counts[0], seen.counts[7], seen.counts[255]) == (80, 10, 10)
    assert seen.counts.sum() == 100
    assert (seen.saturated, seen.black) == (0.1, 0.8)
    assert (seen.top, seen.limit) == (256, 255)


def test_twelve_bits_fill_the_histogram_but_are_not_saturated():
    frame = np.full((10, 10), 4095, np.uint16)
    frame[0] = 16
    seen = picture.histogram(frame)
    assert seen.top == 4096
    assert (seen.counts[1], seen.counts[255]) == (10, 90)
    assert seen.saturated == 0
    frame[1] = 65535
    assert picture.histogram(frame).saturated == 0.1
    assert picture.histogram(frame).top == 65536


def test_histogram_of_colour_counts_samples_and_shares_of_pixels():
    frame = np.zeros((4, 5, 3), np.uint8)
    frame[0, 0] = (0, 255, 3)
    seen = picture.histogram(frame)
    assert seen.counts.sum() == 60
    assert (seen.saturated, seen.black) == (1 / 20, 19 / 20)


def test_statistics_look_at_a_thinned_frame():
    assert picture.thinned(np.empty((1080, 1920), np.uint8)).size < 100_000
    assert picture.thinned(np.empty((100, 100), np.uint8)).shape == (100, 100)
    assert picture.histogram(np.ones((1080, 1920), np.uint8)).counts.sum() < 100_000


sizes = st.integers(1, 5000)


@given(st.tuples(sizes, sizes), st.tuples(sizes, sizes))
def test_a_step_leaves_a_sample_for_each_screen_pixel(frame, view):
    step = picture.step_for(frame, view)
    zoom = min(view[0] / frame[0], view[1] / frame[1])  # screen pixels per pixel
    assert step == 1 or frame[0] / step >= frame[0] * zoom - 1e-2
    assert (step + 1) * zoom > 1 - 1e-6  # and the next would not


def test_steps():
    assert picture.step_for((1920, 1080), (900, 600)) == 2
    assert picture.step_for((1920, 1080), (1920, 1080)) == 1
    assert picture.step_for((1920, 1080), (480, 1000)) == 4
    assert picture.step_for((1920, 1080), (0, 0)) == 1080 * 16 // 9


def test_the_value_under_the_cursor():
    frame = np.zeros((90, 500), np.uint8)
    frame[88, 412] = 137
    assert picture.pixel_text(frame, 412, 88) == "x 412 px, y 88 px: 137"
    assert picture.pixel_text(np.array([[[200, 40, 12]]], np.uint8), 0, 0) == (
        "x 0 px, y 0 px: R 12 G 40 B 200"
    )
    assert picture.pixel_text(np.array([[65535]], np.uint16), 0, 0).endswith(": 65535")


def test_of_a_thinned_frame_the_pixel_that_was_copied_is_named():
    frame = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert picture.pixel_text(frame, 11, 9, step=4) == "x 8 px, y 8 px: 10"


@pytest.mark.parametrize(("x", "y"), [(-1, 0), (0, -1), (4, 0), (0, 3)])
def test_outside_the_picture_there_is_no_value(x, y):
    assert picture.pixel_text(np.zeros((3, 4), np.uint8), x, y) == ""
