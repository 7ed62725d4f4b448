"""Every HDF5 filter is exact at every size, through every library that reads it."""

import h5py
import hdf5plugin  # noqa: F401 - registers the filters with h5py
import numpy as np
import pytest
import tables
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.errors import NotLossless
from recorder.frame import FrameSpec, FrameStamp
from recorder.writers.hdf5 import Hdf5Writer, choose, filter_name, prove
from recorder.writers.hdf5.choice import FILTERS
from recorder.writers.proof import patterns

SIZES = [(1, 1), (2, 1), (1, 7), (3, 5), (33, 17), (64, 48), (641, 479), (16385, 3)]
FORMATS = ["gray8", "gray16", "bgr8"]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("name", FILTERS)
def test_the_proof_holds(name, pixel_format, size):
    spec = FrameSpec(*size, pixel_format)
    prove(choose(name, spec), spec)


@pytest.mark.parametrize("size", [(1, 1), (33, 17), (37, 41), (640, 481)], ids=str)
@pytest.mark.parametrize("pixel_format", FORMATS)
@pytest.mark.parametrize("name", FILTERS)
def test_other_programs_read_the_same_bits(tmp_path, name, pixel_format, size):
    spec = FrameSpec(*size, pixel_format)
    given = [frame for _, frame in patterns(spec)]
    writer = Hdf5Writer(tmp_path / "top", choose(name, spec), {})
    writer.open(spec)
    for grab, frame in enumerate(given):
        writer.write(frame, FrameStamp(grab, grab, None, grab, 1, 1))
    assert writer.close("requested").written == len(given)
    with tables.open_file(str(tmp_path / "top.h5")) as file:
        assert_same(file.root.frames, np.array(given))
    with h5py.File(tmp_path / "top.h5") as file:
        assert_same(file["frames"], np.array(given))
        filters = list(file["frames"]._filters)
        plain = {"none": [], "zlib": ["shuffle", "gzip"]}
        assert filters == plain.get(name, ["32026"])


def assert_same(array, given):
    """Compare all of it, and windows of it: those take other ways through the libraries."""
    assert np.array_equal(array[:], given)
    random = np.random.default_rng(0)
    for _ in range(10):
        corners = [sorted(random.integers(0, size, 2)) for size in given.shape]
        window = tuple(slice(int(start), int(stop) + 1) for start, stop in corners)
        assert np.array_equal(array[window], given[window])


@pytest.mark.parametrize("width", [401, pytest.param(4001, marks=pytest.mark.slow)])
def test_a_frame_of_four_thousand_lines(width):
    spec = FrameSpec(width, 4003, "gray16")
    prove(choose("fast", spec), spec)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_any_frame_comes_back(data):
    size = data.draw(st.tuples(st.integers(1, 70), st.integers(1, 70)))
    spec = FrameSpec(*size, data.draw(st.sampled_from(FORMATS)))
    seed, span = data.draw(st.integers(0, 2**32)), data.draw(st.integers(1, 65536))
    limit = min(span, int(np.iinfo(spec.dtype).max) + 1)
    frame = np.random.default_rng(seed).integers(0, limit, spec.shape, dtype=spec.dtype)
    chosen = choose(data.draw(st.sampled_from(FILTERS)), spec)
    back = np.empty_like(frame)
    chosen.decompress(b"".join(chosen.compress(frame)), back)
    assert np.array_equal(frame, back)


@pytest.mark.parametrize(
    ("profile", "pixel_format", "name"),
    [
        ("auto", "gray8", "bytedelta"),
        ("fast", "bgr8", "bytedelta"),
        ("compatible", "gray16", "zlib"),
        ("archive", "gray8", "bytedelta"),
        ("archive", "gray16", "bytedelta5"),
    ],
)
def test_profiles_mean_filters(profile, pixel_format, name):
    assert filter_name(profile, pixel_format) == name


def test_an_unknown_name_is_refused_with_the_nearest():
    with pytest.raises(NotLossless, match="did you mean bitshuffle"):
        filter_name("bitshufle", "gray8")


def test_frames_that_no_chunk_holds_are_refused():
    with pytest.raises(NotLossless, match="holds 2147483584 bytes at most"):
        choose("auto", FrameSpec(65536, 32768, "gray8"))
    with pytest.raises(NotLossless, match="with codec none"):
        choose("none", FrameSpec(65536, 65536, "gray8"))


def test_a_filter_that_loses_a_bit_is_refused():
    spec = FrameSpec(64, 48, "gray8")

    class Lossy:
        name = "lossy"

        def compress(self, frame):
            return ((frame & 0xFE).tobytes(),)

        def decompress(self, chunk, out):
            out[...] = np.frombuffer(chunk, np.uint8).reshape(out.shape)

    with pytest.raises(NotLossless, match="loses the ramp"):
        prove(Lossy(), spec)
