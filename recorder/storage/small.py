"""Small values that may come by the thousand, written and read past PyTables.

flammkuchen, PyTables and h5py read them as if PyTables had made them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import tables

from recorder.storage.functions import TYPES, Functions, functions
from recorder.storage.numeric import LARGE

_COMPRESSED = 300
"""Elements above which an array is compressed: flammkuchen's own limit, as small ones only grow."""
_MOST_AXES = 32  # HDF5 has no more


def is_small(x: Any) -> bool:
    """Whether an array is small, of plain numbers, and the library's functions can be had."""
    fits = x.dtype in TYPES and 0 < x.ndim <= _MOST_AXES and 0 < x.nbytes < LARGE
    return bool(fits and functions() is not None)


def is_simple(value: Any) -> bool:
    """Whether a value is one that `Pair` takes: a number, a short text, a `Small`."""
    if isinstance(value, str):
        return value != "" and functions() is not None
    if isinstance(value, Small):
        return True
    is_number = isinstance(value, bool | int | float | np.generic)
    return is_number and np.asarray(value).dtype in TYPES and functions() is not None


class Small:
    """A small array on its way into a file.

    Parameters
    ----------
    x
        Array for which `is_small` holds, of native byte order.
    """

    def __init__(self, x: Any) -> None:
        self._x = x

    def write(self, file: Any, group: Any, name: str) -> None:
        """Write it as it is, or in one compressed chunk."""
        self.put(_h5(), group._v_objectid, name)

    def put(self, h5: Functions, group: int, name: str) -> None:
        """Write it into a group of the library's."""
        h5.write_array(group, name, self._x, compress=self._x.size > _COMPRESSED)

    def is_written(self, group: Any, name: str) -> bool:
        """Whether a group has it, every bit."""
        return self.is_there(_h5(), group._v_objectid, name)

    def is_there(self, h5: Functions, group: int, name: str) -> bool:
        """Whether a group of the library's has it."""
        return h5.has_array(group, name, self._x)


class Pair:
    """A key of a dict that is no name, and its value, on their way into a file.

    Parameters
    ----------
    key
        For which `is_simple` holds, or a tuple of such.
    value
        For which `is_simple` holds.
    """

    def __init__(self, key: Any, value: Any) -> None:
        self._key = key
        self._value = value

    def write(self, file: Any, group: Any, name: str) -> None:
        """Write it as a group, in which the key may be a group, too."""
        h5 = _h5()
        with h5.new_group(group._v_objectid, name) as pair:
            _put(h5, pair, "value", self._value)
            if not isinstance(self._key, tuple):
                _put(h5, pair, "key", self._key)
                return
            with h5.new_group(pair, "key") as key:
                for place, item in _members(self._key):
                    _put(h5, key, place, item)

    def is_written(self, group: Any, name: str) -> bool:
        """Whether a group has it, every bit."""
        h5 = _h5()
        with h5.group(group._v_objectid, name) as pair:
            if not _is_there(h5, pair, "value", self._value):
                return False
            if not isinstance(self._key, tuple):
                return _is_there(h5, pair, "key", self._key)
            with h5.group(pair, "key") as key:
                return all(_is_there(h5, key, *member) for member in _members(self._key))


def read_small(group: Any, name: str) -> Any:
    """Read an array of a group; None if it is any other than those that `Small` writes."""
    h5 = functions()
    return None if h5 is None else h5.read_array(group._v_objectid, name)


def read_pair(group: Any, name: str) -> tuple[Any, Any] | None:
    """Read key and value that `Pair` has written; None if it is anything else."""
    h5 = functions()
    if h5 is None:
        return None
    try:
        with h5.group(group._v_objectid, name) as pair:
            key, value = _read_key(h5, pair), _read(h5, pair, "value")
    except tables.HDF5ExtError:  # there is no such attribute, array or group: PyTables will see
        return None
    return None if key is None or value is None else (key, value)


def _read_key(h5: Functions, pair: int) -> Any:
    if h5.has_attribute(pair, "key"):
        return h5.read_attribute(pair, "key")
    with h5.group(pair, "key") as key:
        kind, _, count = str(h5.read_attribute(key, "TITLE")).partition(":")
        if kind != "tuple":
            return None
        items = [h5.read_attribute(key, f"i{number}") for number in range(int(count))]
        return None if any(item is None for item in items) else tuple(items)


def _read(h5: Functions, group: int, name: str) -> Any:
    if h5.has_attribute(group, name):
        return h5.read_attribute(group, name)
    return h5.read_array(group, name)


def _members(key: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """Give what flammkuchen makes of a tuple."""
    yield "TITLE", f"tuple:{len(key)}"
    for number, item in enumerate(key):
        yield f"i{number}", item


def _put(h5: Functions, group: int, name: str, value: Any) -> None:
    if isinstance(value, Small):
        value.put(h5, group, name)
    else:
        h5.write_attribute(group, name, value)


def _is_there(h5: Functions, group: int, name: str, value: Any) -> bool:
    if isinstance(value, Small):
        return value.is_there(h5, group, name)
    if not h5.has_attribute(group, name):
        return False
    found = h5.read_attribute(group, name)
    if isinstance(value, str):
        return bool(found == value)
    return np.asarray(found).tobytes() == np.asarray(value).tobytes()


def _h5() -> Functions:
    found = functions()
    assert found is not None  # else there would be nothing to write here
    return found
