"""What of a tree of values flammkuchen keeps as it is, and what has to be pickled instead.

flammkuchen changes some values without a word: texts and bytes lose zeros at their end, masks and
units are dropped, an empty array of texts becomes one of numbers, names such as CLASS vanish.
Everything that is not known to come back as it was goes into a pickle, which any flammkuchen loads.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import numpy as np
from tables import attributeset

from recorder.errors import NotLossless, RecorderError
from recorder.storage import small
from recorder.storage.hooks import flammkuchen_io
from recorder.storage.keys import names_of
from recorder.storage.numeric import Numbers, is_numeric
from recorder.storage.pickles import Loaded, Pickle
from recorder.storage.pictures import Stack, is_picture

MANY = 256
"""HDF5 gets slow with more values than that side by side: minutes for ten thousand."""
_MUCH = 1 << 20
"""Bytes of arrays that are not pickled together with what is round them."""
_TEXT_BYTES = 60_000  # an attribute has 64 KB, its name included
_NAME_BYTES = 1_000
_INT64 = range(-(2**63), 2**63)
# Of PyTables, HDF5 and flammkuchen itself.
_RESERVED = re.compile(r"_[cfgv]_|_i_|DEEPDISH_IO|__pair|pandas_(version|type)$|__.*__$|\.{0,2}$")
_SYSTEM_NAMES = frozenset(attributeset.SYS_ATTRS)
_SYSTEM_PREFIXES = tuple(attributeset.SYS_ATTRS_PREFIXES)
_NATIVE_ARRAYS = "biufcSU"
_NUMBERS = "biufc"


class Preparer:
    """Makes of a tree of values one that flammkuchen keeps exactly. For one `save`.

    What is in the tree twice is in the result twice, and in the file once.
    """

    def __init__(self) -> None:
        io = flammkuchen_io()
        self._compression: Any = io.Compression
        self._scalars = set(io.ATTR_TYPES) - {int, str, bytes} | {type(None)}
        sparse = io.sparse
        self._sparse = (
            *(sparse.csr_matrix, sparse.csc_matrix, sparse.bsr_matrix),
            *(sparse.dia_matrix, sparse.coo_matrix),
        )
        self._done: dict[int, tuple[Any, Any]] = {}  # id: (value, kept alive; what becomes of it)
        self._within: set[int] = set()

    def __call__(self, value: Any, where: str = "") -> Any:
        """Return what to save in the place of a value.

        Parameters
        ----------
        where
            Its place in the tree, for messages.

        Raises
        ------
        RecorderError
            A value has no form in HDF5 and cannot be pickled, or a tuple contains itself.
        """
        if type(value) in self._scalars:
            return value
        if isinstance(value, self._compression):  # a wish of how to compress, not a value
            return self(value.obj, where)
        if id(value) in self._within:
            raise RecorderError(f"{where}: a tuple that contains itself cannot be saved")
        if id(value) not in self._done:
            self._keep(value, None)
            self._keep(value, self._convert(value, where))
        return self._done[id(value)][1]

    def _keep(self, value: Any, made: Any) -> Any:
        self._done[id(value)] = (value, made)
        return made

    def _convert(self, value: Any, where: str) -> Any:
        if isinstance(value, dict | SimpleNamespace):
            return self._names(value, where)
        if isinstance(value, list | tuple):
            return self._row(value, where)
        made = _native_array(value) if isinstance(value, np.ndarray) else _native_scalar(value)
        if made is None and self._is_native_sparse(value):
            return value
        return Pickle(value, where) if made is None else made

    def _is_native_sparse(self, value: Any) -> bool:
        return isinstance(value, self._sparse) and bool(
            value.nnz and value.data.dtype.kind in _NUMBERS
        )

    def _names(self, value: Any, where: str) -> Any:
        items: Mapping[Any, Any] = value if isinstance(value, dict) else vars(value)
        if _is_long(items.values()):
            return Pickle(value, where)
        made: Any = {} if isinstance(value, dict) else SimpleNamespace()
        self._keep(value, made)  # before its items, which may contain it
        room = made if isinstance(made, dict) else vars(made)
        for name, key in zip(names_of(items, _is_name), items, strict=True):
            item = self(items[key], f"{where}/{key}")
            room[name] = item if name is key else self._pair(self._key(key, where), item)
        return made

    def _key(self, key: Any, where: str) -> Any:
        # Not by `self`: a key that is there twice is in the file twice, and needs no link.
        if type(key) is tuple:
            return tuple(self._key(item, where) for item in key)
        if type(key) in self._scalars:
            return key
        made = _native_scalar(key)
        return Pickle(key, where) if made is None else made

    def _pair(self, key: Any, value: Any) -> Any:
        keys = key if isinstance(key, tuple) else (key,)
        is_simple = all(map(small.is_simple, (*keys, value)))
        return small.Pair(key, value) if is_simple else {"key": key, "value": value}

    def _row(self, value: Any, where: str) -> Any:
        if _is_long(value):
            return Pickle(value, where)
        items = (self(item, f"{where}/{number}") for number, item in enumerate(value))
        if isinstance(value, list):
            made: list[Any] = self._keep(value, [])
            made.extend(items)
            return made
        self._within.add(id(value))
        result = tuple(items)
        self._within.discard(id(value))
        return result


def _native_scalar(value: Any) -> Any:
    """Return a number or text as an attribute keeps it, or None."""
    if type(value) is int:
        return value if value in _INT64 else None
    if type(value) in (str, bytes, np.str_, np.bytes_):
        own = value.item() if isinstance(value, np.generic) else value
        return own if _fits(own) else None
    return None


def _native_array(value: Any) -> Any:
    """Return an array as PyTables keeps it, the same values in it, or None."""
    kind = value.dtype.kind
    if type(value) not in (np.ndarray, np.memmap) or value.ndim == 0:
        return None
    if kind not in _NATIVE_ARRAYS or (value.size == 0 and kind in "SU"):
        return None
    value = np.asarray(value).astype(value.dtype.newbyteorder("="), copy=False)
    if is_picture(value):
        with suppress(NotLossless):  # a Blosc2 that we do not know: PyTables' own will do
            return Stack(value)
    if is_numeric(value):
        return Numbers(value)
    if small.is_small(value):
        return small.Small(value)
    return np.ascontiguousarray(value) if kind in "SU" else value


def _fits(text: str | bytes) -> bool:
    """Whether an attribute gives a text or bytes back: not too long, no zero at the end."""
    try:
        data = text.encode() if isinstance(text, str) else text
    except UnicodeEncodeError:  # half a character
        return False
    return len(data) <= _TEXT_BYTES and not data.endswith(b"\0")


def _is_name(key: Any) -> bool:
    if type(key) is not str or "/" in key or "\0" in key:
        return False
    if _RESERVED.match(key) or key in _SYSTEM_NAMES or key.startswith(_SYSTEM_PREFIXES):
        return False
    try:
        return len(key.encode()) <= _NAME_BYTES
    except UnicodeEncodeError:
        return False


def _is_long(items: Iterable[Any]) -> bool:
    """Whether there are too many values; arrays are worth having one by one all the same."""
    values = list(items)
    if len(values) < MANY or any(isinstance(value, np.ndarray) for value in values):
        return False
    return not _has_much(values)


def _has_much(values: list[Any]) -> bool:
    """Whether arrays in values, however deep, are too much for a pickle in memory."""
    nbytes, todo, seen = 0, values, set()
    while todo and nbytes <= _MUCH:
        value = todo.pop()
        if isinstance(value, np.ndarray):
            nbytes += value.nbytes
        elif isinstance(value, dict | list | tuple) and id(value) not in seen:
            seen.add(id(value))
            todo.extend(value.values() if isinstance(value, dict) else value)
    return nbytes > _MUCH


_PLAIN = {np.bool_: bool, np.int64: int, np.float64: float, np.str_: str, np.bytes_: bytes}


def plain(value: Any, known: dict[int, Any] | None = None) -> Any:
    """Return a loaded tree with Python's own values where PyTables gives numpy's.

    Parameters
    ----------
    value
        From flammkuchen; its dicts and lists are changed in place.
    known
        Tuples that are done, and whatever is being done, by id.
    """
    known = {} if known is None else known
    if type(value) in _PLAIN:
        return value.item()
    if isinstance(value, Loaded):
        return value.value
    if id(value) in known:
        return known[id(value)]
    if isinstance(value, tuple):
        known[id(value)] = tuple(plain(item, known) for item in value)
        return known[id(value)]
    known[id(value)] = value
    if isinstance(value, list):
        value[:] = [plain(item, known) for item in value]
    elif isinstance(value, dict | SimpleNamespace):
        items = value if isinstance(value, dict) else vars(value)
        found = {plain(name, known): plain(item, known) for name, item in items.items()}
        items.clear()
        items.update(found)
    return value
