"""`mimwrite` and `mimread` with HDF5: exact, whole or not there, readable by others."""

import flammkuchen
import numpy as np
import pytest

from recorder import mimread, mimwrite
from recorder.errors import NotLossless, RecorderError, WriterError
from recorder.lossless import hdf5 as lossless_hdf5
from recorder.playback.verify import verify
from recorder.system import WINDOWS


def clip(shape, dtype=np.uint8, seed=0):
    limit = int(np.iinfo(dtype).max) + 1
    return np.random.default_rng(seed).integers(0, limit, shape, dtype=dtype)


@pytest.mark.parametrize("codec", ["auto", "compatible", "archive", "none"])
@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((5, 48, 64), np.uint8),
        ((5, 17, 33), np.uint16),
        ((5, 17, 33, 3), np.uint8),
        ((1, 1, 1), np.uint8),
    ],
)
def test_what_goes_in_comes_out(tmp_path, shape, dtype, codec):
    given = clip(shape, dtype)
    path = tmp_path / "clip.h5"
    mimwrite(path, given, fps=50, codec=codec)
    back = mimread(path)
    assert back.dtype == given.dtype
    assert np.array_equal(back, given)
    assert np.array_equal(flammkuchen.load(str(path), "/frames"), given)
    assert verify(path).ok


def test_it_is_a_recording_with_times(tmp_path):
    path = tmp_path / "clip.h5"
    mimwrite(path, clip((4, 6, 8)), fps=50)
    ledger = flammkuchen.load(str(path), "/ledger")
    assert np.array_equal(np.diff(ledger["t_mono_ns"]), [20_000_000] * 3)
    assert flammkuchen.load(str(path), "/about")["nominal_fps"] == 50


def test_a_generator_may_use_its_array_again(tmp_path):
    given = clip((50, 48, 64))

    def frames():
        array = np.empty((48, 64), np.uint8)
        for frame in given:
            array[...] = frame
            yield array

    mimwrite(tmp_path / "clip.h5", frames())
    assert np.array_equal(mimread(tmp_path / "clip.h5"), given)


def test_a_file_is_replaced_when_the_new_one_is_whole(tmp_path):
    path = tmp_path / "clip.h5"
    mimwrite(path, clip((3, 6, 8)))
    with pytest.raises(WriterError, match="frame 1 is"):
        mimwrite(path, [clip((6, 8)), clip((6, 9))])
    with pytest.raises(NotLossless):
        mimwrite(path, [clip((6, 8)), clip((6, 8)).astype(float)])
    with pytest.raises(WriterError, match="no frames"):
        mimwrite(path, [])
    assert len(mimread(path)) == 3
    kept = [tmp_path / "clip.unfinished-2.h5", tmp_path / "clip.unfinished.h5"]
    assert sorted(tmp_path.iterdir()) == sorted([path, *kept])
    assert [mimread(file).shape for file in kept] == [(1, 6, 8)] * 2  # what was taken before
    mimwrite(path, clip((2, 6, 8)))
    assert len(mimread(path)) == 2


def test_a_disk_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / "clip.h5"
    mimwrite(path, clip((3, 6, 8)))
    before = path.read_bytes()
    close = lossless_hdf5.Hdf5Writer.close

    def fails(self, reason):
        self._advance(0)
        self._failure = WriterError("the disk is gone")
        return close(self, reason)

    monkeypatch.setattr(lossless_hdf5.Hdf5Writer, "close", fails)
    with pytest.raises(WriterError, match=r"the disk is gone; .* 2 of its frames") as failed:
        mimwrite(path, clip((2, 6, 8)))
    assert path.read_bytes() == before
    kept = tmp_path / "clip.unfinished.h5"
    assert sorted(tmp_path.iterdir()) == [path, kept]
    assert str(kept) in str(failed.value)
    assert np.array_equal(mimread(kept), clip((2, 6, 8)))


def test_what_others_have_written_is_read(tmp_path):
    import tables

    given = clip((4, 6, 8))
    with tables.open_file(str(tmp_path / "other.h5"), "w") as file:
        file.create_array("/", "frames", given)
    assert np.array_equal(mimread(tmp_path / "other.h5"), given)


def test_what_holds_no_frames_is_refused(tmp_path):
    (tmp_path / "text.h5").write_text("no HDF5 at all")
    for name in ("text.h5", "missing.h5"):
        with pytest.raises(RecorderError, match=name):
            mimread(tmp_path / name)


@pytest.mark.skipif(WINDOWS, reason="links are for administrators there")
@pytest.mark.parametrize("name", ["blob", "data.v2", "clip.mkv", "x.H5", "y.h5"])
@pytest.mark.parametrize("suffix", [".h5", ".mkv"])
def test_a_link_may_lead_to_any_name(tmp_path, name, suffix):
    target, link = tmp_path / "there" / name, tmp_path / f"link{suffix}"
    target.parent.mkdir()
    link.symlink_to(target)
    for length in (3, 2):
        mimwrite(link, clip((length, 6, 8)))
        assert link.is_symlink()
        assert np.array_equal(mimread(link), clip((length, 6, 8)))
    with pytest.raises(WriterError, match="frame 1 ") as failed:
        mimwrite(link, [clip((6, 8)), clip((6, 9))])
    kept = target.with_name(
        f"{target.stem if target.suffix.lower() == suffix else name}.unfinished{suffix}"
    )
    assert str(kept) in str(failed.value)
    assert sorted(target.parent.iterdir()) == sorted([target, kept])
    assert np.array_equal(mimread(kept), clip((1, 6, 8)))
