"""Anything that is saved comes back as it was, or is refused; other programs read the file too."""

import datetime
import enum
import subprocess
import sys
import warnings
from collections import OrderedDict, namedtuple
from types import SimpleNamespace

import flammkuchen
import numpy as np
import pytest
import tables
from scipy import sparse

from recorder import load, save
from recorder.errors import NoSpace, RecorderError, WriterError
from recorder.storage import flammkuchen_numpy2, small
from recorder.storage.hooks import flammkuchen_io
from recorder.storage.pictures import LARGE, chunk_shape, is_picture
from recorder.system import WINDOWS
from tests.helpers import noise

RANDOM = np.random.default_rng(0)


class Colour(enum.IntEnum):
    RED = 1


SCALARS = {
    "int": 5,
    "negative": -(2**63),
    "above int64": 2**63,
    "big": 2**200,
    "float": 0.1,
    "nan": float("nan"),
    "minus zero": -0.0,
    "inf": float("inf"),
    "bool": True,
    "complex": 1 + 2j,
    "none": None,
    "text": "häm 鼠",
    "empty text": "",
    "zero at the end": "a\0",
    "zero inside": "a\0b",
    "half a character": "\ud800",
    "long text": "ä" * 40_000,
    "bytes": b"ab",
    "bytes with zeros": b"\0ab\0",
    "no bytes": b"",
    "long bytes": bytes(70_000),
    "uint8": np.uint8(3),
    "float32": np.float32(0.1),
    "longdouble": np.longdouble(1) / 3,
    "complex64": np.complex64(1j),
    "date": datetime.datetime(2026, 11, 22, tzinfo=datetime.UTC),
    "enum": Colour.RED,
    "set": {1, "a"},
}
ARRAYS = {
    "floats": RANDOM.normal(size=(3, 200)),
    "ints": np.arange(-4, 9, dtype=np.int16),
    "bools": np.array([True, False]),
    "half": np.arange(4, dtype=np.float16),
    "complex": RANDOM.normal(size=5) * 1j,
    "nan": np.array([np.nan, -0.0, np.inf]),
    "longdouble": np.arange(3, dtype=np.longdouble) / 3,
    "0-d": np.array(5),
    "0-d text": np.array("abc"),
    "empty": np.zeros((0, 3), np.float32),
    "empty texts": np.zeros((0,), "U5"),
    "empty bytes": np.zeros((2, 0), "S5"),
    "texts": np.array([["a", "häm"], ["", "鼠"]]),
    "bytes": np.array([b"a", b"bcd", b""]),
    "texts apart": np.array(["a", "b", "c", "d"])[::2],
    "fortran": np.asfortranarray(RANDOM.normal(size=(30, 40))),
    "backwards": np.arange(1000)[::-2],
    "dates": np.array(["2026-11-22", "NaT"], "M8[D]"),
    "records": np.array([(1, 2.5)], [("a", "i4"), ("b", "f8")]),
    "objects": np.array([1, "a", None], object),
    "masked": np.ma.masked_array([1, 2], [False, True]),
    "matrix": np.asmatrix([[1, 2]]),
    "small pictures": noise((4, 10, 12), np.uint8, 1),
}
CONTAINERS = {
    "list": [1, 2.5, "a", None, [b"b"]],
    "tuple": (1, (2, ()), []),
    "dict": {"a": {"b": {}}, "names with blanks": 1, "class": 2, "1": "x", "é": 3, "..x": [1]},
    "keys of all kinds": {
        **{1: "a", (2, 3): 4, None: [1], 1.5: {2: ()}, b"b": 1, "c": np.arange(3), 2**70: 2},
        **{(): np.arange(2), ("M12", 3): "", (1, (2, None)): np.arange(400), (2, ""): 1},
        **{np.float32(0.1): None, frozenset([1, 2]): np.arange(3), Colour.RED + 4: np.eye(200)},
        **{datetime.date(2026, 11, 22): 1, -2: np.arange(3)[::-1], "": 0.5, "#": 1},
    },
    "true": {True: 1, False: np.zeros((2, 0))},
    "a slash": {"a/b": np.arange(3), "c": 1},
    "no name": {"": 1},
    "a zero in a name": {"a\0b": 1},
    "half a name": {"\ud800": 1},
    "names that HDF5 has taken": {"CLASS": 1, "TITLE": "b", "FILTERS": 3, "VERSION": 4},
    "names that PyTables has taken": {"_v_x": 1, "_i_x": np.arange(3), "FIELD_0_NAME": 1},
    "names that Python has taken": {"__class__": np.arange(3)},
    "names that flammkuchen has taken": {"DEEPDISH_IO_x": 1, "__pair0": [1], "pandas_type": 1},
    "long name": {"n" * 2000: 1},
    "many": {str(number): number for number in range(300)},
    "long list": list(range(3000)),
    "list of arrays": [np.arange(number) for number in range(300)],
    "namespace": SimpleNamespace(a=1, b=[np.arange(3)]),
    "the same twice": [(1, 2)] * 3,
}


def same(found, given):
    """Whether a value is the same, its type too."""
    if type(given) in (np.ndarray, np.ma.MaskedArray, np.matrix):
        if (type(found), found.shape, found.dtype) != (type(given), given.shape, given.dtype):
            return False
        if isinstance(given, np.ma.MaskedArray):
            return same(found.data, given.data) and same(found.mask, given.mask)
        return found.tobytes() == given.tobytes() or found.tolist() == given.tolist()
    if type(found) is not type(given):
        return False
    if isinstance(given, SimpleNamespace):
        return same(vars(found), vars(given))
    if isinstance(given, dict):
        return found.keys() == given.keys() and all(same(found[key], given[key]) for key in given)
    if isinstance(given, list | tuple):
        return len(found) == len(given) and all(map(same, found, given))
    return found == given or repr(found) == repr(given) == "nan"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.h5"


@pytest.mark.parametrize("library", ["its functions", "only PyTables"])
@pytest.mark.parametrize("values", [SCALARS, ARRAYS, CONTAINERS], ids=["scalar", "array", "tree"])
def test_everything_comes_back_as_it_was(path, values, library, monkeypatch):
    if library == "only PyTables":
        monkeypatch.setattr(small, "functions", lambda: None)
    save(path, values)
    found = load(path)
    assert [name for name in values if not same(found[name], values[name])] == []
    assert found.keys() == values.keys()
    for name in values:
        assert same(load(path, name), values[name]), name
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_flammkuchen_itself_loads_it(path):
    """All but arrays of texts, which flammkuchen 1.0.3 cannot load with NumPy 2."""
    arrays = {name: array for name, array in ARRAYS.items() if array.dtype.kind not in "SU"}
    save(path, SCALARS | {"arrays": arrays, "tree": CONTAINERS})
    found = flammkuchen.load(path)
    assert [name for name, given in SCALARS.items() if found[name] != given] == ["nan"]
    assert [name for name in arrays if not same(found["arrays"][name], arrays[name])] == []
    assert found["tree"]["dict"] == CONTAINERS["dict"]
    assert found["tree"]["long list"] == CONTAINERS["long list"]


@pytest.mark.parametrize("root", [5, "a", None, b"", [1], (), {}, {1: 2}, np.arange(3), {"a/b": 1}])
def test_not_only_dicts(path, root):
    save(path, root)
    assert same(load(path), root)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (np.int64(5), 5),
        (np.float64(0.1), 0.1),
        (np.bool_(True), True),
        (np.str_("a"), "a"),
        (np.bytes_(b"a"), b"a"),
        (OrderedDict(a=1), {"a": 1}),
        (namedtuple("Point", "x y")(1, 2), (1, 2)),
    ],
)
def test_what_comes_back_as_the_plain_thing(path, given, found):
    save(path, {"x": given})
    assert same(load(path), {"x": found})


@pytest.mark.parametrize("dtype", [">u2", ">f8", ">U3", ">i4"])
def test_byte_orders_become_the_machines(path, dtype):
    given = np.array([1, 2, 300]).astype(dtype)
    large = np.tile(given, (2, 300, 320) if dtype == ">u2" else (2, 20, 30))
    save(path, {"x": given, "large": large})
    found = load(path)
    assert found["x"].dtype.isnative
    np.testing.assert_array_equal(found["x"], given)
    np.testing.assert_array_equal(found["large"], large)


@pytest.mark.parametrize(
    "make", ["csr_matrix", "csc_matrix", "bsr_matrix", "coo_matrix", "dia_matrix", "lil_matrix"]
)
@pytest.mark.parametrize("filled", [np.eye(4), np.zeros((3, 4))], ids=["some", "none"])
def test_sparse_matrices(path, make, filled):
    given = getattr(sparse, make)(filled)
    save(path, {"x": given})
    found = load(path, "x")
    assert (type(found), found.shape, found.dtype) == (type(given), given.shape, given.dtype)
    assert np.array_equal(found.toarray(), filled)


def test_what_is_twice_in_it_is_once_in_the_file(path):
    array = noise((4, 512, 512), np.uint8, 2)
    data = {"a": array, "b": [array], "c": {1}, "d": None, "e": None}
    data["f"] = data["c"]
    data["me"] = data
    save(path, data)
    found = load(path)
    assert found["a"] is found["b"][0]
    assert found["c"] is found["f"]
    assert found["me"] is found
    assert path.stat().st_size < 1.2 * array.nbytes
    assert np.array_equal(load(path, "b/i0", sel=1), array[1])


class Unpicklable:
    def __reduce__(self):
        raise ValueError("not me")


def tuple_in_itself():
    inner = []
    inner.append((inner,))
    result = (inner,)
    inner[0] = (result,)
    return result


def deep(levels):
    value = []
    for _ in range(levels):
        value = [value]
    return value


def test_a_pickle_takes_no_more_room_than_it_needs(path):
    save(path, {str(number): {number} for number in range(20)})
    assert path.stat().st_size < 200_000  # flammkuchen: 20 MB


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (Unpicklable(), "/a/0: .*Unpicklable.*not me"),
        (lambda: 1, "/a/0: .*function"),
        (tuple_in_itself(), "tuple that contains itself"),
        (deep(5000), "nested"),
    ],
    ids=["unpicklable", "function", "tuple", "deep"],
)
def test_what_cannot_be_saved_changes_nothing(path, value, word):
    save(path, {"before": 1})
    with pytest.raises(RecorderError, match=word):
        save(path, {"a": [value]})
    assert load(path) == {"before": 1}
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_there_is_no_folder(tmp_path):
    with pytest.raises(WriterError, match="no folder"):
        save(tmp_path / "missing" / "a.h5", {})


# -- pictures -----------------------------------------------------------------------------------

PICTURES = {
    "gray": noise((5, 361, 701), np.uint8, 3),
    "of no small factor": noise((3, 641, 653), np.uint8, 10),
    "16 bit": noise((3, 401, 501), np.uint16, 4),
    "colour": noise((3, 401, 303, 3), np.uint8, 5),
    "16 bit colour": noise((2, 301, 303, 3), np.uint16, 6),
    "small ones": noise((1001, 31, 41), np.uint8, 7),
    "stacks": noise((2, 3, 600, 601), np.uint8, 8),
    "a view": noise((3, 800, 902), np.uint8, 9)[:, ::-1, ::2],
}


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    path = tmp_path_factory.mktemp("pictures") / "data.h5"
    save(path, PICTURES)
    return path


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_are_read_by_everybody(pictures, name):
    import h5py
    import hdf5plugin  # noqa: F401  (h5py finds the filter)

    given = PICTURES[name]
    assert is_picture(given)
    assert same(load(pictures, name), np.ascontiguousarray(given))
    assert np.array_equal(flammkuchen.load(pictures, f"/{name}"), given)
    part = (slice(1, 3), slice(5, 200, 3))
    assert np.array_equal(load(pictures, name, sel=part), given[part])
    with h5py.File(pictures) as file:
        assert np.array_equal(file[name], given)
        assert np.array_equal(file[name][-1], given[-1])
    with tables.open_file(pictures) as file:
        assert np.array_equal(file.root[name][1:, 3:], given[1:, 3:])


def test_pictures_in_chunks_of_others(path):
    import h5py
    import hdf5plugin

    given = PICTURES["gray"]
    with h5py.File(path, "w") as file:
        ours = hdf5plugin.Blosc2(cname="zstd", clevel=1)
        file.create_dataset("blosc2", data=given, chunks=(2, 361, 701), **ours)
        file.create_dataset("zlib", data=given, chunks=(1, 361, 701), compression="gzip")
        file.create_dataset("holes", (5, 361, 701), "u1", chunks=(1, 361, 701), **ours)
        file["holes"][1] = given[1]
    found = load(path)
    assert same(found["blosc2"], given)
    assert same(found["zlib"], given)
    assert same(found["holes"][1], given[1])
    assert not found["holes"][0].any()
    with tables.open_file(path, "w") as file:
        file.create_carray("/", "x", obj=given, filters=tables.Filters(1, "blosc2:zstd"))
    assert same(load(path, "x"), given)


def test_pictures_that_were_shuffled_before_blosc2(path):
    import blosc2
    import h5py
    import hdf5plugin

    given = PICTURES["16 bit"]
    with h5py.File(path, "w") as file:
        packed = hdf5plugin.Blosc2(cname="zstd", clevel=1)
        data = file.create_dataset(
            "x", given.shape, given.dtype, chunks=(1, *given.shape[1:]), shuffle=True, **packed
        )
        for number, picture in enumerate(given):
            halves = np.ascontiguousarray(picture.reshape(-1).view(np.uint8).reshape(-1, 2).T)
            frame = blosc2.SChunk(chunksize=halves.nbytes)
            frame.append_data(halves)
            data.id.write_direct_chunk((number, 0, 0), frame.to_cframe())
        assert np.array_equal(data, given)
    assert same(load(path, "x"), given)


def test_pictures_are_compressed_as_frames_are(path):
    y, x = np.mgrid[:480, :640]
    scene = 100 + 50 * np.sin(x / 37) + 30 * np.cos(y / 23)
    frames = np.stack([scene + RANDOM.normal(0, 2, scene.shape) for _ in range(6)])
    frames = frames.astype(np.uint8)
    save(path, {"frames": frames})
    assert frames.nbytes / path.stat().st_size > 1.8  # blosc as the field uses it: 1.0


@pytest.mark.parametrize(
    ("shape", "itemsize", "chunk"),
    [
        ((240, 1080, 1920), 1, (1, 1080, 1920)),
        ((240, 720, 1280, 3), 1, (1, 720, 1280, 3)),
        ((9000, 64, 64), 1, (64, 64, 64)),
        ((100, 64, 64), 2, (32, 64, 64)),
        ((10, 200, 256, 256), 1, (1, 4, 256, 256)),
        ((2, 5000, 5000), 2, (1, 5000, 5000)),
        ((3, 2, 2, 64, 64), 1, (3, 2, 2, 64, 64)),
    ],
)
def test_a_chunk_is_an_item_if_that_is_sensible(shape, itemsize, chunk):
    assert chunk_shape(shape, itemsize) == chunk


@pytest.mark.parametrize(
    "given",
    [
        RANDOM.normal(size=(7, 90, 101)),
        np.arange(70_000, dtype=np.int16).reshape(-1, 7),
        np.arange(90_001, dtype=np.uint8),
        RANDOM.normal(size=9_000) > 0,
        RANDOM.normal(size=(3, 40_001)).astype(np.complex64),
        np.arange(20_000, dtype=np.longdouble) / 3,
    ],
    ids=lambda array: str(array.dtype),
)
def test_large_arrays_of_numbers_are_read_by_everybody(path, given):
    import h5py
    import hdf5plugin  # noqa: F401

    save(path, {"x": np.concatenate([given, given])})
    given = np.concatenate([given, given])
    assert same(load(path, "x"), given)
    assert same(flammkuchen.load(path)["x"], given)
    assert np.array_equal(load(path, "x", sel=slice(3, 9)), given[3:9])
    with h5py.File(path) as file:
        assert np.array_equal(file["x"], given)


@pytest.mark.parametrize(
    "array", [np.zeros((2, 10, 10), np.uint8), np.zeros((LARGE, 1)), np.zeros((LARGE, 2), np.uint8)]
)
def test_what_is_no_stack_of_pictures(array):
    assert not is_picture(array)


# -- a part of a file ---------------------------------------------------------------------------


@pytest.fixture
def saved(path):
    data = {"a": np.arange(10), "texts": np.array(["a", "bb", "c"]), "n": 5, "raw": b"ab"}
    save(path, data | {"d": {"list": [1, 2]}, "empty": np.zeros((0, 3)), "other": {1: 2}})
    return path


@pytest.mark.parametrize(
    ("group", "sel", "expected"),
    [
        ("a", slice(2, 4), np.array([2, 3])),
        ("/a", -1, np.int64(9)),
        ("a", [1, 3], np.array([1, 3])),
        ("texts", slice(1, 3), np.array(["bb", "c"])),
        ("empty", slice(0, 1), np.zeros((0, 3))),
        ("n", None, 5),
        ("raw", None, b"ab"),
        ("d/list", None, [1, 2]),
        ("/d/list/i1", None, 2),
        ("other", None, {1: 2}),
        (["n", "/d/"], None, (5, {"list": [1, 2]})),
    ],
)
def test_load_a_part(saved, group, sel, expected):
    found = load(saved, group, sel)
    assert same(found, expected) or (sel == -1 and found == expected)


@pytest.mark.parametrize(
    ("group", "sel", "word"),
    [
        ("nothing", None, "nothing"),
        ("d/nothing", None, "nothing"),
        ("nothing/at all", None, "nothing"),
        ("a", 10, "range"),
        ("a", slice(None, None, -1), "negative"),
        ("n", 0, "slice"),
        ("other", 0, "no array"),
        (None, 0, "group"),
    ],
)
def test_a_part_that_is_not_there(saved, group, sel, word):
    with pytest.raises(RecorderError, match=word):
        load(saved, group, sel)


def test_what_is_no_hdf5_file(tmp_path):
    (tmp_path / "text.h5").write_text("hello")
    with pytest.raises(RecorderError, match=r"text.h5"):
        load(tmp_path / "text.h5")
    with pytest.raises(RecorderError, match="no such file"):
        load(tmp_path / "nothing.h5")


def test_files_of_others_are_never_read_as_none(path):
    import h5py

    with h5py.File(path, "w") as file:
        file["table"] = np.array([(1, 2.5)], [("a", "i4"), ("b", "f8")])
        file["d/numbers"] = np.arange(3)
        file["d"].attrs["flag"] = True  # loads as None in flammkuchen
    assert same(load(path, "table"), np.array([(1, 2.5)], [("a", "i4"), ("b", "f8")]))
    with pytest.raises(RecorderError, match="flag"):
        load(path)
    with tables.open_file(path, "w") as file:
        file.create_vlarray("/", "ragged", tables.Int32Atom()).append([1, 2])
        file.create_external_link("/", "elsewhere", "other.h5:/")
    assert same(load(path, "ragged"), [np.array([1, 2], np.int32)])
    with pytest.raises(RecorderError, match="elsewhere"):
        load(path)


# -- disks that fill up -------------------------------------------------------------------------

FULL = """
import resource, signal, sys
import numpy as np
from recorder import save
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
noise = np.random.default_rng(0).integers(0, 256, (3, 600, 600), dtype=np.uint8)
values = {"pictures": noise, "floats": noise[0].astype(float), "pickle": {1: noise},
          "many": {str(n): np.arange(n) for n in range(600)}}
try:
    save(sys.argv[1], {"value": values[sys.argv[2]]})
except Exception as error:
    print(type(error).__name__)
"""


@pytest.mark.skipif(WINDOWS, reason="no limit for the size of files")
@pytest.mark.parametrize(
    "what",
    [
        "pictures",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("floats", "pickle")),
        "many",
    ],
)
def test_a_file_that_did_not_reach_the_disk_replaces_nothing(path, what):
    """PyTables closes such a file without an error."""
    save(path, {"before": 1})
    command = [sys.executable, "-c", FULL, str(path), what]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() in {WriterError.__name__, NoSpace.__name__}
    assert load(path) == {"before": 1}
    assert [file.name for file in path.parent.iterdir()] == [path.name]


# -- the mend -----------------------------------------------------------------------------------


def test_flammkuchen_still_needs_the_mend():
    """Fails when a release of flammkuchen does without np.unicode_: then the mend can go."""
    assert flammkuchen_numpy2.is_needed(flammkuchen.hdf5io), (
        f"flammkuchen {flammkuchen.__version__} needs no mend any more: remove "
        "recorder/storage/flammkuchen_numpy2.py, its call in hooks.py, and this test"
    )


def test_numpy_and_flammkuchen_stay_as_they_are(path):
    assert flammkuchen_io().np.unicode_ is np.str_
    assert flammkuchen_io().np.arange is np.arange
    assert not hasattr(np, "unicode_")
    assert flammkuchen.hdf5io.np is np
    assert flammkuchen.hdf5io is not flammkuchen_io()


def test_a_wish_of_flammkuchens_is_no_value(path):
    data = {"a": flammkuchen.Compression(np.arange(5), None), "b": flammkuchen.ForcePickle([1])}
    save(path, data)
    assert same(load(path), {"a": np.arange(5), "b": [1]})


def test_no_warnings(path):
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        save(path, {"no identifier": {"1": np.arange(3)}, "pickled": {1, 2}})
        load(path)
    assert heard == []
