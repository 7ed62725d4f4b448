"""Read a saved file back before it gets its name.

PyTables takes no notice when HDF5 cannot write what it still holds in memory: on a full disk the
file is closed without an error, and broken.
"""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from recorder.errors import NoSpace, WriterError
from recorder.storage.hooks import Own, flammkuchen_io
from recorder.storage.numeric import is_same
from recorder.storage.small import Pair, Small
from recorder.system import free_bytes
from recorder.writers.hdf5 import library

_NEARLY_FULL = 1 << 20


def require_saved(path: Path, tree: Any) -> None:
    """Compare a file with what was to be saved, every bit.

    Parameters
    ----------
    path
        The file.
    tree
        From `tree.Preparer`: what flammkuchen was given.

    Raises
    ------
    WriterError, NoSpace
        Something is missing in it, or not as it was.
    """
    with library.LOCK, library.open_file(path) as file:
        items = tree.items() if isinstance(tree, dict) else _names(tree) or [("data", tree)]
        seen = {id(tree)}
        wrong = next((name for name, value in items if not _is(file.root, name, value, seen)), None)
    if wrong is None:
        return
    if free_bytes(path.parent) < _NEARLY_FULL:
        raise NoSpace(f"no space left for {path}")
    raise WriterError(f"{path}: {wrong!r} did not reach the file as it was; is the disk in order?")


def _is(group: Any, name: str, value: Any, seen: set[int]) -> bool:
    """Whether a name in a group stands for this value."""
    if isinstance(value, Small | Pair):  # before all that takes time: there may be thousands
        return value.is_written(group, name)
    if name not in group._v_children:
        names = group._v_attrs._f_list()
        return name in names and _is_scalar(group._v_attrs[name], value)
    if name in group._v_links:
        return id(value) in seen  # it is in the file already, and was compared there
    seen.add(id(value))
    if isinstance(value, Own):
        return value.is_written(group, name)
    node = group._v_children[name]
    if isinstance(value, dict | list | tuple | SimpleNamespace):
        return all(_is(node, key, item, seen) for key, item in _items(value))
    return value is None or _is_array(node, value)


def _items(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    return _names(value) or [(f"i{number}", item) for number, item in enumerate(value)]


def _names(value: Any) -> list[tuple[str, Any]]:
    return list(vars(value).items()) if isinstance(value, SimpleNamespace) else []


def _is_scalar(found: Any, value: Any) -> bool:
    if isinstance(value, str | bytes):
        return bool(found == value)
    return np.asarray(found).tobytes() == np.asarray(value).tobytes()


def _is_array(node: Any, value: Any) -> bool:
    back = flammkuchen_io()._load_level(node._v_file, node, {})
    if isinstance(value, np.ndarray):
        return is_same(back, value)
    parts = ("data", "indices", "indptr", "row", "col", "offsets")
    return back.shape == value.shape and all(
        is_same(getattr(back, part), getattr(value, part)) for part in parts if hasattr(value, part)
    )
