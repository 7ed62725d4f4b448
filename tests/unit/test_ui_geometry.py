"""A crop drawn on the shown picture, against the recorder's own transform."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recorder.cameras.transform import Transform
from recorder.frame import FrameSpec
from ui.model.geometry import Orientation, columns_for

rotations = st.sampled_from([0, 90, 180, 270])
flips = st.sampled_from(["none", "horizontal", "vertical", "both"])


@st.composite
def crops(draw, width, height, at_least=2):
    w = draw(st.integers(min(at_least, width), width))
    h = draw(st.integers(min(at_least, height), height))
    return (draw(st.integers(0, width - w)), draw(st.integers(0, height - h)), w, h)


@st.composite
def orientations(draw):
    size = draw(st.tuples(st.integers(2, 40), st.integers(2, 40)))
    crop = draw(st.none() | crops(*size))
    return Orientation(draw(rotations), draw(flips), crop, size)


def shown(full, orientation, crop):
    """The camera's picture as the recorder would give it."""
    native = FrameSpec(full.shape[1], full.shape[0], "gray16")
    transform = Transform(native, None, crop, orientation.rotate, orientation.flip)
    out = np.empty(transform.spec.shape, np.uint16)
    transform.apply(full, out)
    return out


def camera_picture(orientation):
    """Every pixel has a value of its own."""
    width, height = orientation.full_size
    return np.arange(width * height, dtype=np.uint16).reshape(height, width)


@given(st.data(), orientations())
def test_the_crop_that_is_drawn_is_what_is_recorded(data, orientation):
    full = camera_picture(orientation)
    seen = shown(full, orientation, orientation.crop)
    assert orientation.shown_size == seen.shape[::-1]
    x, y, width, height = data.draw(crops(*orientation.shown_size))
    recorded = shown(full, orientation, orientation.to_camera((x, y, width, height)))
    np.testing.assert_array_equal(recorded, seen[y : y + height, x : x + width])


@given(st.data(), orientations())
def test_there_and_back(data, orientation):
    rect = data.draw(crops(*orientation.shown_size))
    assert orientation.to_shown(orientation.to_camera(rect)) == rect


@given(st.data(), orientations())
def test_a_crop_of_the_config_is_shown_where_it_is(data, orientation):
    crop = data.draw(crops(*orientation.full_size))
    whole = Orientation(orientation.rotate, orientation.flip, None, orientation.full_size)
    full = camera_picture(orientation)
    x, y, width, height = whole.to_shown(crop)
    seen = shown(full, whole, None)[y : y + height, x : x + width]
    np.testing.assert_array_equal(seen, shown(full, whole, crop))


numbers = st.floats(-1000, 1000)


@given(st.tuples(numbers, numbers, numbers, numbers), orientations())
def test_any_rectangle_gives_a_crop_within_the_picture(rect, orientation):
    x, y, width, height = orientation.to_camera(rect)
    left, top, across, down = orientation.kept
    assert all(type(each) is int for each in (x, y, width, height))
    assert left <= x <= x + width <= left + across
    assert top <= y <= y + height <= top + down
    assert width >= 2
    assert height >= 2


def test_fractions_go_to_the_nearest_pixel_and_either_way_of_drawing_is_the_same():
    plain = Orientation(full_size=(100, 80))
    assert plain.to_camera((9.6, 20.4, 30.2, 10.0)) == (10, 20, 30, 10)
    assert plain.to_camera((40.0, 30.4, -30.2, -10.0)) == (10, 20, 30, 10)


def test_a_picture_of_one_pixel_is_left_whole():
    assert Orientation(full_size=(1, 9)).to_camera((0, 3, 0, 0)) == (0, 3, 1, 2)


def test_a_crop_is_enough_to_know_the_shown_size():
    assert Orientation(rotate=90, crop=(5, 6, 30, 20)).shown_size == (20, 30)


def test_an_unknown_size_is_said():
    unknown = Orientation(rotate=90)
    assert unknown.shown_size is None
    with pytest.raises(ValueError, match="not known yet"):
        unknown.to_camera((0, 0, 4, 4))
    with pytest.raises(ValueError, match="not known yet"):
        unknown.to_shown((0, 0, 4, 4))


@pytest.mark.parametrize(
    ("count", "space", "shape", "columns"),
    [
        (1, (900, 600), 16 / 9, 1),
        (2, (900, 600), 16 / 9, 1),
        (2, (1600, 600), 16 / 9, 2),
        (4, (900, 600), 16 / 9, 2),
        (5, (1600, 700), 16 / 9, 3),
        (2, (300, 900), 1, 1),
        (6, (1000, 1000), 0.5, 3),
        (0, (900, 600), 1, 1),
    ],
)
def test_columns(count, space, shape, columns):
    assert columns_for(count, space, shape) == columns
