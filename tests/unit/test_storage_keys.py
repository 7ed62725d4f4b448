"""Dicts with any keys, thousands of small arrays, files of pandas."""

import subprocess
import sys
import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import flammkuchen
import h5py
import hdf5plugin  # noqa: F401 - registers the filters with h5py
import numpy as np
import pytest
import tables

from recorder import load, save
from recorder.errors import RecorderError
from recorder.storage import pickles
from recorder.system import WINDOWS

TRIALS = {
    3: np.arange(1000.0),
    (2, 3): np.arange(20).reshape(4, 5),
    ("M12", 1): np.arange(70_000),
    0.5: {"spikes": np.arange(8), 1: "a"},
    "a/b": np.arange(6),
    "texts": 1,
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "data.h5"


def pickled(path):
    with tables.open_file(str(path)) as file:
        return [node._v_pathname for node in file.walk_nodes("/", "VLArray")]


# -- keys -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["trials", None])
def test_arrays_under_any_key_are_arrays(path, where):
    save(path, {where: TRIALS} if where else TRIALS)
    assert pickled(path) == []
    found = load(path, where)
    assert {key: type(key) for key in found} == {key: type(key) for key in TRIALS}
    assert np.array_equal(found[2, 3], TRIALS[2, 3])
    assert np.array_equal(found[0.5]["spikes"], np.arange(8))


@pytest.mark.parametrize(
    ("group", "sel", "expected"),
    [
        ("trials/3", slice(5, 7), [5, 6]),
        ("trials/3", None, np.arange(1000.0)),
        ("trials/(2, 3)", (slice(1, 2), slice(None)), [[5, 6, 7, 8, 9]]),
        ("trials/('M12', 1)", slice(69_998, None), [69_998, 69_999]),
        ("trials/0.5/spikes", slice(2), [0, 1]),
        ("trials/0.5/1", None, "a"),
        ("trials/texts", None, 1),
    ],
)
def test_parts_of_what_a_key_stands_for(path, group, sel, expected):
    save(path, {"trials": TRIALS})
    assert np.array_equal(load(path, group, sel), expected)


def test_a_key_that_is_not_there(path):
    save(path, {"trials": TRIALS})
    with pytest.raises(RecorderError, match="4"):
        load(path, "trials/4")


def test_others_read_them(path):
    """flammkuchen with the keys, h5py as groups of a key and a value."""
    save(path, {"trials": TRIALS})
    found = flammkuchen.load(str(path))["trials"]
    assert found.keys() == TRIALS.keys()
    assert np.array_equal(found[2, 3], TRIALS[2, 3])
    with h5py.File(path) as file:
        assert np.array_equal(file["trials/__pair_3/value"], TRIALS[3])
        assert file["trials/__pair_3"].attrs["key"] == 3


def test_memory_is_that_of_the_data(path):
    data = {number: np.random.default_rng(number).normal(size=10**6) for number in range(4)}
    tracemalloc.start()
    try:
        save(path, data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < sum(array.nbytes for array in data.values())


def test_arrays_deep_in_long_lists_are_arrays(path):
    trials = [{"number": n, "trace": np.full(600, n)} for n in range(300)]
    save(path, {"trials": trials, "numbers": list(range(300))})
    assert pickled(path) == ["/numbers"]
    assert load(path, "trials/i299/trace", slice(2)).tolist() == [299, 299]
    assert load(path)["trials"][7]["trace"].tolist() == [7] * 600


def test_what_is_too_large_for_a_pickle_is_named(path, monkeypatch):
    monkeypatch.setattr(pickles, "LIMIT", 1000)
    with pytest.raises(RecorderError, match=r"/a/notes: a set .* in parts"):
        save(path, {"a": {"notes": set(range(2000))}})
    assert not path.exists()


# -- many -----------------------------------------------------------------------------------------


def test_thousands_of_small_arrays_are_no_objects_of_pytables(path, monkeypatch):
    """Each took a millisecond to make, and as long to find again."""
    data = {
        "named": {f"unit {n}": np.arange(n % 400 + 1) for n in range(1000)},
        "numbered": {n: np.arange(3) / (n + 1) for n in range(500)},
        "listed": [np.full(2, n) for n in range(500)],
        "by pairs": {(n, "x"): n for n in range(200)},
    }
    made = []
    new = tables.node.Node.__init__
    monkeypatch.setattr(
        tables.node.Node, "__init__", lambda *given, **more: made.append(1) or new(*given, **more)
    )
    save(path, data)
    found = load(path)
    assert len(made) < 50
    for name in ("named", "numbered"):
        assert found[name].keys() == data[name].keys()
        assert all(np.array_equal(found[name][key], data[name][key]) for key in data[name])
    assert all(map(np.array_equal, found["listed"], data["listed"]))
    assert found["by pairs"] == data["by pairs"]
    monkeypatch.undo()
    assert np.array_equal(flammkuchen.load(str(path), "/listed")[3], [3, 3])


def test_the_same_small_array_twice_is_once_in_the_file(path):
    array = np.arange(5)
    save(path, {"a": array, "b": array})
    found = load(path)
    assert found["a"].tolist() == [0, 1, 2, 3, 4]
    assert found["a"] is found["b"]
    with tables.open_file(str(path)) as file:
        assert isinstance(file.root.b, tables.link.SoftLink)


def test_arrays_of_others_keep_their_types(path):
    """h5py writes none of PyTables' attributes either."""
    given = {"bools": np.array([True]), "big": np.arange(3, dtype=">i4"), "one": np.float32(2)}
    with h5py.File(path, "w") as file:
        for name, value in given.items():
            file[name] = value
        file["marked"] = np.arange(3)
        file["marked"].attrs["units"] = "mm"
    found, theirs = load(path), flammkuchen.load(str(path))
    for name, value in theirs.items():
        assert type(found[name]) is type(value), name
        assert np.array_equal(found[name], value), name


def test_threads_save_and_load_at_once(tmp_path):
    together = threading.Barrier(4)

    def work(number):
        path = tmp_path / f"{number}.h5"
        together.wait(60)
        for turn in range(3):
            save(path, {turn: np.full((40, 90), number), "noise": np.arange(2000) * number})
            found = load(path)
        return found[2].sum() == 3600 * number and found["noise"][1] == number

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(work, range(4))) == [True] * 4


# -- pandas ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["frame", "frame_table", "series"])
@pytest.mark.parametrize("group", [None, "trials", "trials/df"])
def test_a_file_of_pandas_is_named_with_what_reads_it(path, kind, group, monkeypatch):
    """As `DataFrame.to_hdf` of pandas 2 and 3 lays it out; pandas itself is not installed."""
    monkeypatch.setattr("recorder.storage.pandas_files.find_spec", lambda name: None)
    with tables.open_file(str(path), "w") as file:
        frame = file.create_group("/trials", "df", createparents=True)
        frame._v_attrs.pandas_type = kind
        if kind == "series":  # pandas 3 has no version in it
            frame._v_attrs.pandas_version = "0.15.2"
        frame._v_attrs.encoding = "UTF-8"
        file.create_array(frame, "axis0", np.array([b"a"]))
        file.create_vlarray(frame, "block1_values", tables.ObjectAtom()).append(["x", "y"])
    with pytest.raises(
        RecorderError, match=rf"/trials/df was written by pandas \({kind}\)"
    ) as said:
        load(path, group)
    assert f"pandas.read_hdf({str(path)!r}, '/trials/df')" in str(said.value)


def test_a_pickle_of_what_is_not_installed_is_named(path):
    save(path, {"x": 1, "y": {1}})
    with tables.open_file(str(path), "a") as file:
        file.remove_node("/y")
        missing = b"cno_such_module\nThing\n."
        file.create_vlarray("/", "y", pickles._RawAtom()).append(missing)
    with pytest.raises(RecorderError, match="no_such_module"):
        load(path)


# -- a full disk ----------------------------------------------------------------------------------

FULL = """
import os, resource, signal, sys
import numpy as np
from recorder import save

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
values = {"named": {str(n): np.arange(n) for n in range(310)}, **{n: n for n in range(40)}}
for limit in range(5_000, 600_000, 170_000):
    pid = os.fork()
    if pid == 0:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        try:
            save(sys.argv[1], values)
        except Exception as error:
            os._exit(3 if type(error).__name__ in ("WriterError", "NoSpace") else 4)
        os._exit(0)
    assert os.waitpid(pid, 0)[1] == 3 << 8, limit
"""


@pytest.mark.skipif(WINDOWS, reason="there is no such limit, and no fork")
def test_small_values_on_a_full_disk(path):
    """The HDF5 library crashes if what could not be written is not closed as it wants it."""
    save(path, {"x": 1})
    done = subprocess.run([sys.executable, "-c", FULL, path], check=False, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert load(path) == {"x": 1}
    assert [file.name for file in path.parent.iterdir()] == [path.name]
