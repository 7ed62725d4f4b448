"""A few functions of the HDF5 library itself, with numpy's arrays and numbers.

PyTables takes a millisecond to make or find an object, the library some microseconds.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np
import tables

from recorder.writers.hdf5 import library

TYPES = {
    np.dtype(kind): f"H5T_NATIVE_{name}_g"
    for kind, name in {
        **{f"i{size}": f"INT{8 * size}" for size in (1, 2, 4, 8)},
        **{f"u{size}": f"UINT{8 * size}" for size in (1, 2, 4, 8)},
        **{"f4": "FLOAT", "f8": "DOUBLE", "?": "B8"},
    }.items()
}
"""Types that PyTables, too, writes so."""
_BLOSC, _OPTIONAL = 32001, 1
_ZSTD_1 = (ctypes.c_uint * 7)(0, 0, 0, 0, 1, 1, 5)  # four of the filter's own; level, shuffle, zstd
_SCALAR, _UTF8 = 0, 1
_MOST_AXES = 32
_KEPT = 256
_COUNT_ATTRIBUTES = 4

_Id, _Int, _Name, _Data = ctypes.c_int64, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p
_FUNCTIONS: dict[str, tuple[Any, ...]] = {  # what comes out, then what goes in
    "H5Aexists": (_Int, _Id, _Name),
    "H5Aclose": (_Int, _Id),
    "H5Acreate2": (_Id, _Id, _Name, _Id, _Id, _Id, _Id),
    "H5Aopen": (_Id, _Id, _Name, _Id),
    "H5Aget_storage_size": (ctypes.c_uint64, _Id),
    "H5Aget_type": (_Id, _Id),
    "H5Awrite": (_Int, _Id, _Id, _Data),
    "H5Aread": (_Int, _Id, _Id, _Data),
    "H5Dclose": (_Int, _Id),
    "H5Dcreate2": (_Id, _Id, _Name, _Id, _Id, _Id, _Id, _Id),
    "H5Dopen2": (_Id, _Id, _Name, _Id),
    "H5Dget_space": (_Id, _Id),
    "H5Dget_type": (_Id, _Id),
    "H5Dwrite": (_Int, _Id, _Id, _Id, _Id, _Id, _Data),
    "H5Dread": (_Int, _Id, _Id, _Id, _Id, _Id, _Data),
    "H5Gclose": (_Int, _Id),
    "H5Gcreate2": (_Id, _Id, _Name, _Id, _Id, _Id),
    "H5Gopen2": (_Id, _Id, _Name, _Id),
    "H5Idec_ref": (_Int, _Id),
    "H5Oget_info3": (_Int, _Id, _Data, ctypes.c_uint),
    "H5Pcreate": (_Id, _Id),
    "H5Pset_chunk": (_Int, _Id, _Int, _Data),
    "H5Pset_filter": (_Int, _Id, _Int, ctypes.c_uint, ctypes.c_size_t, _Data),
    "H5Screate": (_Id, _Int),
    "H5Screate_simple": (_Id, _Int, _Data, _Data),
    "H5Sget_simple_extent_dims": (_Int, _Id, _Data, _Data),
    "H5Tcopy": (_Id, _Id),
    "H5Tequal": (_Int, _Id, _Id),
    "H5Tget_size": (ctypes.c_size_t, _Id),
    "H5Tset_cset": (_Int, _Id, _Int),
    "H5Tset_size": (_Int, _Id, ctypes.c_size_t),
}


class _ObjectInfo(ctypes.Structure):
    """H5O_info2_t."""

    _fields_ = (
        ("file", ctypes.c_ulong),
        ("token", ctypes.c_ubyte * 16),
        ("type", ctypes.c_int),
        ("references", ctypes.c_uint),
        ("times", ctypes.c_int64 * 4),
        ("attributes", ctypes.c_uint64),
    )


class Functions:
    """What is called for is in the library; the caller holds `library.LOCK`.

    Objects have the library's numbers; those of PyTables' are in ``_v_objectid``. All methods
    raise ``tables.HDF5ExtError`` if the library says no.
    """

    # Thousands of arrays pass here: so each call of the library is written out, without a helper
    # that would take as long as the library itself.

    def __init__(self, c_library: Any) -> None:
        self._h5 = c_library
        for name, (result, *arguments) in _FUNCTIONS.items():
            function = getattr(c_library, name)
            function.restype, function.argtypes = result, arguments
        self._types = {dtype: self._constant(name) for dtype, name in TYPES.items()}
        self._scalar = self._h5.H5Screate(_SCALAR)
        self._texts: dict[int, int] = {}
        self._spaces: dict[tuple[int, ...], int] = {}
        self._filters: dict[tuple[int, ...], int] = {}
        self._room = (ctypes.c_uint64 * _MOST_AXES)()

    def _constant(self, name: str) -> int:
        return _Id.in_dll(self._h5, name).value

    # -- groups -----------------------------------------------------------------------------------

    @contextmanager
    def new_group(self, parent: int, name: str) -> Iterator[int]:
        """Make a group, and have it open meanwhile."""
        group = _done(self._h5.H5Gcreate2(parent, name.encode(), 0, 0, 0))
        try:
            yield group
        finally:
            self._h5.H5Gclose(group)

    @contextmanager
    def group(self, parent: int, name: str) -> Iterator[int]:
        """Have a group open meanwhile."""
        group = _done(self._h5.H5Gopen2(parent, name.encode(), 0))
        try:
            yield group
        finally:
            self._h5.H5Gclose(group)

    # -- arrays -----------------------------------------------------------------------------------

    def write_array(self, group: int, name: str, x: Any, *, compress: bool) -> None:
        """Write an array of one of `TYPES`, in one piece."""
        data, kind = np.ascontiguousarray(x), self._types[x.dtype]
        how = self._filter(x.shape) if compress else 0
        space = self._space(x.shape)
        made = _done(self._h5.H5Dcreate2(group, name.encode(), kind, space, 0, how, 0))
        try:
            _done(self._h5.H5Dwrite(made, kind, 0, 0, 0, data.ctypes.data))
        finally:
            closed = self._h5.H5Dclose(made)  # a compressed array is written only now
        _done(closed)

    def read_array(self, group: int, name: str) -> Any:
        """Read an array as `write_array` writes them, small enough to be read at once.

        Returns
        -------
        array
            Or None: it is of another type or a single value, or has attributes, which may give it
            a meaning.
        """
        dataset = _done(self._h5.H5Dopen2(group, name.encode(), 0))
        try:
            shape = self._shape(dataset)
            dtype = self._dtype(self._h5.H5Dget_type(dataset)) if shape else None
            if dtype is None or self._has_attributes(dataset):
                return None
            found = np.empty(shape, dtype)
            _done(self._h5.H5Dread(dataset, self._types[dtype], 0, 0, 0, found.ctypes.data))
        finally:
            self._h5.H5Dclose(dataset)
        return found

    def has_array(self, group: int, name: str, x: Any) -> bool:
        """Whether an array is there as it was written, every bit."""
        dataset = self._h5.H5Dopen2(group, name.encode(), 0)
        if dataset < 0:
            return False
        try:
            if self._shape(dataset) != x.shape:
                return False
            found = np.empty(x.shape, x.dtype)
            kind = self._types[x.dtype]
            came = self._h5.H5Dread(dataset, kind, 0, 0, 0, found.ctypes.data)
        finally:
            self._h5.H5Dclose(dataset)
        return bool(came >= 0 and found.tobytes() == x.tobytes())

    # -- attributes -------------------------------------------------------------------------------

    def has_attribute(self, group: int, name: str) -> bool:
        """Whether a group has an attribute of this name."""
        return bool(_done(self._h5.H5Aexists(group, name.encode())))

    def write_attribute(self, group: int, name: str, value: Any) -> None:
        """Write a number of one of `TYPES`, or a text that is not empty."""
        if isinstance(value, str):
            data = np.frombuffer(value.encode(), np.uint8)
            kind = self._text(len(data))
        else:
            data = np.asarray(value)
            kind = self._types[data.dtype]
        made = _done(self._h5.H5Acreate2(group, name.encode(), kind, self._scalar, 0, 0))
        try:
            _done(self._h5.H5Awrite(made, kind, data.ctypes.data))
        finally:
            closed = self._h5.H5Aclose(made)
        _done(closed)

    def read_attribute(self, group: int, name: str) -> Any:
        """Read what `write_attribute` has written, as numpy's number or a text.

        Returns
        -------
        value
            Or None: it is something else.
        """
        attribute = _done(self._h5.H5Aopen(group, name.encode(), 0))
        try:
            dtype = self._dtype(self._h5.H5Aget_type(attribute))
            if dtype is None:
                return self._read_text(attribute)
            if self._h5.H5Aget_storage_size(attribute) != dtype.itemsize:
                return None
            found = np.empty((), dtype)
            _done(self._h5.H5Aread(attribute, self._types[dtype], found.ctypes.data))
        finally:
            self._h5.H5Aclose(attribute)
        return found[()]

    def _read_text(self, attribute: int) -> str | None:
        kind = _done(self._h5.H5Aget_type(attribute))
        try:
            size = self._h5.H5Tget_size(kind)
            whole = self._h5.H5Aget_storage_size(attribute) == size  # PyTables' empty one has 0
            if not whole or self._h5.H5Tequal(kind, self._text(size)) <= 0:
                return None
            data = ctypes.create_string_buffer(size)
            _done(self._h5.H5Aread(attribute, kind, data))
        finally:
            self._h5.H5Idec_ref(kind)
        return data.raw.decode()

    # -- what they are ----------------------------------------------------------------------------

    def _dtype(self, number: int) -> Any:
        """Tell which of `TYPES` it is; None if it is another one."""
        try:
            for dtype, kind in self._types.items():
                if self._h5.H5Tequal(number, kind) > 0:
                    return dtype
        finally:
            self._h5.H5Idec_ref(number)
        return None

    def _has_attributes(self, number: int) -> bool:
        info = _ObjectInfo()
        _done(self._h5.H5Oget_info3(number, ctypes.byref(info), _COUNT_ATTRIBUTES))
        return bool(info.attributes)

    def _shape(self, dataset: int) -> tuple[int, ...]:
        space = _done(self._h5.H5Dget_space(dataset))
        axes = self._h5.H5Sget_simple_extent_dims(space, self._room, None)
        self._h5.H5Idec_ref(space)
        return tuple(self._room[: _done(axes)])

    def _text(self, size: int) -> int:
        if size not in self._texts:
            self._make_room(self._texts)
            made = _done(self._h5.H5Tcopy(self._constant("H5T_C_S1_g")))
            _done(self._h5.H5Tset_size(made, size))
            _done(self._h5.H5Tset_cset(made, _UTF8))
            self._texts[size] = made
        return self._texts[size]

    def _make_room(self, made: dict[Any, int]) -> None:
        """Let go of what was kept for the next array of the same kind, if there are many kinds."""
        if len(made) >= _KEPT:
            for number in made.values():
                self._h5.H5Idec_ref(number)
            made.clear()

    def _space(self, shape: tuple[int, ...]) -> int:
        if shape not in self._spaces:
            self._make_room(self._spaces)
            sizes = (ctypes.c_uint64 * len(shape))(*shape)
            self._spaces[shape] = _done(self._h5.H5Screate_simple(len(shape), sizes, None))
        return self._spaces[shape]

    def _filter(self, shape: tuple[int, ...]) -> int:
        if shape not in self._filters:
            self._make_room(self._filters)
            sizes = (ctypes.c_uint64 * len(shape))(*shape)
            made = _done(self._h5.H5Pcreate(self._constant("H5P_CLS_DATASET_CREATE_ID_g")))
            _done(self._h5.H5Pset_chunk(made, len(shape), sizes))
            _done(self._h5.H5Pset_filter(made, _BLOSC, _OPTIONAL, len(_ZSTD_1), _ZSTD_1))
            self._filters[shape] = made
        return self._filters[shape]


def _done(result: int) -> int:
    if result < 0:
        raise tables.HDF5ExtError("the HDF5 library failed", h5bt="VERBOSE")
    return result


@cache
def functions() -> Functions | None:
    """Return them, or None where they cannot be found: PyTables does all, in more time."""
    found = library.c_library()
    if found is None or not all(hasattr(found, name) for name in _FUNCTIONS):
        return None
    return Functions(found)
