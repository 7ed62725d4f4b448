"""A copy of flammkuchen's reader and writer of our own, in which a few of its functions are ours.

A copy, so that a program that uses flammkuchen beside us gets flammkuchen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from operator import itemgetter
from types import SimpleNamespace
from typing import Any, Protocol, runtime_checkable

import numpy as np
import tables

from recorder.errors import RecorderError
from recorder.storage import flammkuchen_numpy2, pickles
from recorder.storage.keys import PAIR, pair_name
from recorder.storage.pandas_files import is_pandas, load_pandas
from recorder.storage.pictures import read
from recorder.storage.small import Pair, Small, read_pair, read_small


@runtime_checkable
class Own(Protocol):
    """A value that goes into a file our way."""

    def write(self, file: Any, group: Any, name: str) -> None:
        """Make a node of it that flammkuchen can load."""

    def is_written(self, group: Any, name: str) -> bool:
        """Whether a group has it under this name, every bit."""


@cache
def flammkuchen_io() -> Any:
    """Return the copy of `flammkuchen.hdf5io`."""
    theirs = import_module("flammkuchen.hdf5io")
    spec = find_spec("flammkuchen.hdf5io")
    assert spec is not None
    assert spec.loader is not None
    ours: Any = module_from_spec(spec)
    spec.loader.exec_module(ours)
    flammkuchen_numpy2.mend(ours)
    # Pickles name their classes by the module they are in: theirs, which anybody can load.
    ours.ForcePickle, ours.Compression = theirs.ForcePickle, theirs.Compression
    ours._dict_native_ok = _is_dict  # tree.py has decided already
    ours._save_pickled = _save_own  # where flammkuchen sends all that it does not know
    for name, hook in _HOOKS.items():
        setattr(ours, name, partial(hook, getattr(ours, name)))
    return ours


def _is_dict(names: object) -> bool:
    return isinstance(names, dict)


def _save_own(file: Any, group: Any, value: Own, name: str) -> None:
    value.write(file, group, name)


def _save_level(
    theirs: Callable[..., Any],
    file: Any,
    group: Any,
    value: Any,
    name: str,
    filters: Any = None,
    idtable: Any = None,
) -> None:
    """Save what may come by the thousand past all that flammkuchen asks of a value."""
    if not isinstance(value, Small | Pair) or id(value) in idtable:
        theirs(file, group, value, name, filters, idtable)
        return
    idtable[id(value)] = f"{group._v_pathname.rstrip('/')}/{name}"
    value.write(file, group, name)


def _load_pickled(theirs: Callable[..., Any], node: Any) -> pickles.Loaded:
    return pickles.Loaded(theirs(node))


def _load_node(theirs: Callable[..., Any], file: Any, node: Any, known: Any, path: str) -> Any:
    """Load pictures faster, and what flammkuchen takes for None: tables, rows of any length."""
    if isinstance(node, tables.Group):
        return _load_group(theirs, file, node, known, path)
    if isinstance(node, tables.Table) or _is_ragged(node):
        return node.read()
    if not isinstance(node, tables.Array | tables.VLArray):
        raise RecorderError(f"{file.filename}: {path} is of a kind that cannot be loaded here")
    pictures = read(node) if isinstance(node, tables.CArray) and _is_plain_array(node) else None
    return theirs(file, node, known, path) if pictures is None else pictures


def _load_group(theirs: Callable[..., Any], file: Any, group: Any, known: Any, path: str) -> Any:
    """Load what has names or numbers, and small arrays in it past PyTables."""
    if is_pandas(group):
        return load_pandas(group)
    io = flammkuchen_io()
    kind, _, count = group._v_title.partition(":")
    if kind in ("sparse", "nonetype"):
        return theirs(file, group, known, path)
    value: Any = [] if kind == "list" else {}
    if kind == "SimpleNamespace" or io.IO_ROOT_IS_SNS in group._v_attrs:
        value = SimpleNamespace()
    known[path] = value  # before what is in it, which may contain it
    names = vars(value) if isinstance(value, SimpleNamespace) else value
    found = names if isinstance(names, dict) and kind != "tuple" else {}
    found.update(_members(file, group, known))
    if kind not in ("list", "tuple"):
        return value
    items = [found[f"i{number}"] for number in range(int(count))]
    if kind == "tuple":
        return tuple(items)
    value.extend(items)
    return value


def _members(file: Any, group: Any, known: Any) -> Iterator[tuple[Any, Any]]:
    """Give names, or the keys of pairs, and what they stand for."""
    for name in list(group._v_children):
        if name.startswith(PAIR):
            pair = read_pair(group, name)
            yield pair or itemgetter("key", "value")(_load_member(file, group, name, known))
        else:
            yield name, _load_member(file, group, name, known)
    for name in group._v_attrs._f_list():
        if not name.startswith(flammkuchen_io().IO_PREFIX):
            yield name, group._v_attrs[name]


def _load_member(file: Any, group: Any, name: str, known: Any) -> Any:
    path = f"{group._v_pathname.rstrip('/')}/{name}"
    if path not in known and name in group._v_leaves:
        small = read_small(group, name)
        if small is not None:
            known[path] = small  # a link to it may follow
    if path in known:
        return known[path]
    return flammkuchen_io()._load_level(file, group._v_children[name], known)


def _is_ragged(node: Any) -> bool:
    return isinstance(node, tables.VLArray) and not isinstance(node.atom, tables.ObjectAtom)


def _is_plain_array(node: Any) -> bool:
    """Whether a node holds an array's numbers, rather than texts or the shape of nothing."""
    if not isinstance(node, tables.Array):
        return False
    names = node._v_attrs._f_list()
    return "strtype" not in names and "zeroarray_dtype" not in names


def _load_sliced(theirs: Callable[..., Any], file: Any, node: Any, sel: Any) -> Any:
    """Slice after loading what is in the file in other words: texts, pickles."""
    node = node() if isinstance(node, tables.link.SoftLink) else node
    if _is_plain_array(node):
        return theirs(file, node, sel)
    value = flammkuchen_io()._load_level(file, node, {})
    value = value.value if isinstance(value, pickles.Loaded) else value
    if not isinstance(value, np.ndarray):
        raise RecorderError(f"{node._v_pathname} is no array, so it has no parts to select")
    return value[sel]


def _load_specific(
    theirs: Callable[..., Any],
    file: Any,
    group: Any,
    path: str,
    sel: Any = None,
    pathtable: Any = None,
) -> Any:
    """Load a single value as it is in the file: flammkuchen would turn bytes into text.

    A name that is not there may be that of a key: ``trials/3`` is the value of 3.
    """
    name, _, rest = path.partition("/")
    pair = pair_name(name)
    is_known = name in group or name in group._v_attrs if isinstance(group, tables.Group) else True
    if not is_known and pair in group:
        value = f"value/{rest}" if rest else "value"
        group, path = group._v_children[pair], value
        return flammkuchen_io()._load_specific_level(file, group, path, sel, pathtable)
    if sel is None and isinstance(group, tables.Group) and path not in group:
        attributes = group._v_attrs
        if path in attributes._f_list():
            return attributes[path]
    return theirs(file, group, path, sel=sel, pathtable=pathtable)


_HOOKS: dict[str, Callable[..., Any]] = {
    "_save_level": _save_level,
    "_load_pickled": _load_pickled,
    "_load_nonlink_level": _load_node,
    "_load_sliced_level": _load_sliced,
    "_load_specific_level": _load_specific,
}
