"""Keys of dicts that cannot be names in an HDF5 file: numbers, tuples, texts with a slash.

flammkuchen reads a group whose name begins with ``__pair`` as a key and its value. It writes none
by itself, but pickles all of the dict.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

PAIR = "__pair"


def names_of(keys: Iterable[Any], is_name: Callable[[Any], bool]) -> Iterator[str]:
    """Give each key a name of its own: itself, or that of its pair.

    Yields
    ------
    str
        A pair's tells the key if that is possible, so that `load` finds it by a path.
    """
    taken: set[str] = set()
    for number, key in enumerate(keys):
        if is_name(key):
            yield key
            continue
        name = pair_name(key if type(key) is str else repr(key))
        if name in taken or not _is_fit(name):
            name = f"{PAIR}#{number}"
        taken.add(name)
        yield name


def pair_name(text: str) -> str:
    """Return the name of the pair whose key reads so."""
    return f"{PAIR}_{text}"


def _is_fit(name: str) -> bool:
    if "/" in name or "\0" in name:
        return False
    try:
        return len(name.encode()) <= 200
    except UnicodeEncodeError:
        return False
