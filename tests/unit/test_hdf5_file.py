"""The HDF5 file that we lay out ourselves, as the HDF5 library sees it."""

import threading

import flammkuchen
import h5py
import numpy as np
import pytest
import tables
from hypothesis import given, settings
from hypothesis import strategies as st
from tables.attributeset import SYS_ATTRS

from recorder.errors import WriterError
from recorder.frame import FrameSpec, FrameStamp
from recorder.playback.hdf5 import Hdf5Part
from recorder.system import is_in_use, is_locked
from recorder.writers.hdf5 import Hdf5Writer, choose
from recorder.writers.hdf5 import file as hdf5_file
from recorder.writers.hdf5.dataset import Dataset
from recorder.writers.hdf5.file import GrowingFile
from recorder.writers.hdf5.groups import MOST_MEMBERS

DOT = FrameSpec(1, 1, "gray16", 60.0)


def record(folder, values, spec=DOT, commit_every=1000, about=None, codec="none"):
    writer = Hdf5Writer(folder / "top", choose(codec, spec), about or {})
    writer.open(spec)
    for grab, value in enumerate(values):
        writer._commit_at = 0.0 if grab % commit_every == 0 else 1e18
        frame = np.full(spec.shape, value, spec.dtype)
        writer.write(frame, FrameStamp(grab, grab, None, grab, 1, int(value)))
    report = writer.close("requested")
    assert (report.written, report.error, report.unfinished) == (len(values), None, None)
    return folder / "top.h5"


@pytest.mark.parametrize("count", [0, 1, 63, 64, 65, 127, 128, 129, 4096, 4097, 4200])
def test_any_number_of_frames(tmp_path, count):
    """The index has one more level at 65 and at 4097."""
    values = np.arange(count, dtype=np.uint16)
    path = record(tmp_path, values, commit_every=50)
    with h5py.File(path) as file:
        assert np.array_equal(file["frames"][:, 0, 0], values)
        assert np.array_equal(file["ledger/xxh3_64"][:], values)
        assert file["frames"].id.get_num_chunks() == count
        assert file["frames"].id.get_storage_size() == 2 * count
    with tables.open_file(str(path)) as file:
        assert np.array_equal(file.root.frames[:, 0, 0], values)
        assert file.root.frames.size_on_disk == 2 * count


@settings(max_examples=15, deadline=None)
@given(count=st.integers(0, 300), every=st.integers(1, 100))
def test_any_rhythm_of_commits(tmp_path_factory, count, every):
    values = np.arange(count, dtype=np.uint16) * 7
    path = record(tmp_path_factory.mktemp("h5"), values, commit_every=every)
    with h5py.File(path) as file:
        assert np.array_equal(file["frames"][:, 0, 0], values)


def test_it_is_an_array_that_pytables_can_go_on_with(tmp_path):
    path = record(tmp_path, np.arange(100, dtype=np.uint16))
    with tables.open_file(str(path), "a") as file:
        assert isinstance(file.root.frames, tables.EArray)
        file.root.frames.append(np.full((70, 1, 1), 9, np.uint16))
        file.create_array("/", "more", np.arange(5))
        file.root.about._v_attrs.seen = True
    with h5py.File(path) as file:
        assert np.array_equal(file["frames"][:100, 0, 0], np.arange(100))
        assert (file["frames"][100:] == 9).all()
        assert file["more"][3] == 3


ABOUT = {
    "text": "größer",
    "empty": "",
    "long": "x" * 150_000,
    "number": -5,
    "unsigned": 2**63,
    "beyond": 2**80,
    "real": 0.1,
    "yes": True,
    "nothing": None,
    "list": [1, [2, None], {"deep": "er"}, "text"],
    "tuple": (1, 2),
    "numpy": np.float32(0.5),
    "TITLE": "not the group's",
    "a/b": 1,
    "with space": {"with space": 1, "é": {}},
    "many": {f"member {n}": {"n": n} for n in range(40)},
}


def test_about_comes_back(tmp_path):
    path = record(tmp_path, [1], about=ABOUT)
    about = flammkuchen.load(str(path), "/about")
    for name in ("text", "empty", "number", "unsigned", "real", "yes", "list", "a/b", "many"):
        assert about[name] == ABOUT[name], name
    assert about["nothing"] is None
    assert "".join(about["long"]) == ABOUT["long"]
    assert about["beyond"] == str(2**80)
    assert about["tuple"] == [1, 2]
    assert about["numpy"] == 0.5
    assert about["key:TITLE"] == "not the group's"
    assert about["with space"] == {"with space": 1, "é": {}}


KEYS = [
    *SYS_ATTRS,
    *(
        "FIELD_1",
        "DEEPDISH_IO_VERSION",
        "_v_attrnames",
        "_f_list",
        "_g_getnode",
        "_i_x",
        "__class__",
    ),
    *(
        "a/b",
        "",
        ".",
        "..",
        "a\0b",
        "key:a",
        "key:key:a",
        "%2F",
        "é",
        "\ud800",
        "x" * 300,
        "TITLE_",
    ),
]


def test_no_key_hurts(tmp_path):
    """Not what PyTables means by a name, not what HDF5 does."""
    given = {"plain": 1, **{key: number for number, key in enumerate(KEYS)}}
    about = {
        **{"width": 1, "height": 1, "pixel_format": "gray16"},
        "metadata": given,
        "groups": {key: {"n": number} for number, key in enumerate(KEYS)},
    }
    part = Hdf5Part(record(tmp_path, [1, 2], about=about).with_suffix(""))
    assert part.about["metadata"] == given
    assert part.about["groups"] == about["groups"]
    assert part.spec == FrameSpec(1, 1, "gray16")
    assert len(part.rows()) == 2


@pytest.mark.parametrize("about", [{"x" * 70_000: 1}, {str(n): n for n in range(70_000)}])
def test_what_hdf5_cannot_hold_is_refused_and_nothing_left(tmp_path, about):
    writer = Hdf5Writer(tmp_path / "top", choose("none", DOT), about)
    with pytest.raises(WriterError):
        writer.open(DOT)
    assert list(tmp_path.iterdir()) == []


def test_a_group_that_is_too_large_is_refused_and_nothing_left(tmp_path):
    many = {f"{n}": {} for n in range(MOST_MEMBERS + 1)}
    writer = Hdf5Writer(tmp_path / "top", choose("none", DOT), {"many": many})
    with pytest.raises(WriterError, match="members in one HDF5 group"):
        writer.open(DOT)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_exists_is_not_touched(tmp_path):
    path = tmp_path / "top.h5"
    path.write_text("precious")
    with pytest.raises(FileExistsError):
        GrowingFile(path, Dataset("frames", "|u1", (1, 2, 2)), [], {})
    assert path.read_text() == "precious"


def test_the_headers_of_the_largest_frames_fit_into_the_first_page(tmp_path):
    spec = FrameSpec(65535, 21845, "rgb8", 60.0)
    writer = Hdf5Writer(tmp_path / "top", choose("none", spec), {})
    writer.open(spec)
    writer.close("requested")
    with h5py.File(tmp_path / "top.h5") as file:
        assert file["frames"].shape == (0, 21845, 65535, 3)


def test_a_closed_file_can_be_read_while_the_disk_still_syncs_it(tmp_path, monkeypatch):
    """The thread that syncs has a descriptor of its own, which would hold the lock."""
    syncs, goes_on = threading.Event(), threading.Event()

    def sync_slowly(_fd):
        syncs.set()
        assert goes_on.wait(30)

    writer = Hdf5Writer(tmp_path / "top", choose("none", DOT), {})
    writer.open(DOT)
    monkeypatch.setattr(hdf5_file, "sync_data", sync_slowly)
    thread = threading.Thread(target=writer.sync)
    thread.start()
    try:
        assert syncs.wait(30)
        assert is_locked(writer.path)
        writer.close("requested")
        assert not is_in_use(writer.path)
        with h5py.File(writer.path) as file:
            assert file["frames"].shape[0] == 0
    finally:
        goes_on.set()
        thread.join()
