"""HDF5's structures read back, as far as `messages` and `groups` write them, without HDF5 itself.

Whoever finishes the file of a dead process must know what is in it while it is locked, and the
library would refuse it then.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from recorder.writers.hdf5 import groups, messages
from recorder.writers.hdf5.chunks import Get
from recorder.writers.hdf5.messages import Message

SIGNATURE = b"\x89HDF\r\n\x1a\n"
ROOT_AT = 64
"""Where the superblock names the root."""
_OF_PYTABLES = ("CLASS", "VERSION", "TITLE")


def header_size(get: Get, address: int) -> int:
    """Return how many bytes an object header has, with all of its messages."""
    return 16 + int(struct.unpack("<I", get(address + 8, 4))[0])


def header(get: Get, address: int) -> Iterator[Message]:
    """Give the messages of an object header (IV.A.1.a).

    Raises
    ------
    ValueError, struct.error
        There is none at that address.
    """
    version, count = struct.unpack("<BxH", get(address, 4))
    if version != 1:
        raise ValueError(f"there is no object header at {address}")
    body = get(address + 16, header_size(get, address) - 16)
    at = 0
    for _ in range(count):
        kind, size = struct.unpack_from("<HH", body, at)
        yield kind, body[at + 8 : at + 8 + size]
        at += 8 + size


def dataset(get: Get, address: int) -> tuple[int, int, tuple[int, ...], int]:
    """Return what the header of a growing dataset says of it.

    Returns
    -------
    rows
        Length of its first axis.
    root
        Address of its chunk index.
    chunk_shape
        Of one chunk.
    itemsize
        Bytes of an element.
    """
    found = dict(header(get, address))
    (rows,) = struct.unpack_from("<Q", found[messages.DATASPACE], 8)
    _, _, count, root = struct.unpack_from("<BBBQ", found[messages.LAYOUT])
    *chunk, itemsize = struct.unpack_from(f"<{count}I", found[messages.LAYOUT], 11)
    return rows, root, tuple(chunk), itemsize


class Group:
    """A group, its attributes and the addresses of its members.

    Attributes
    ----------
    values
        Attributes by name.
    members
        By name: the address of the object header.
    entries
        By name: the address of the 8 bytes that hold a member's address.
    lowest
        Address of the first of the structures that make it up, without its members'.

    Raises
    ------
    ValueError, KeyError, struct.error
        There is none at that address.
    """

    def __init__(self, get: Get, address: int) -> None:
        self.values: dict[str, Any] = {}
        self.members: dict[str, int] = {}
        self.entries: dict[str, int] = {}
        self.lowest = address
        for kind, data in header(get, address):
            if kind == messages.ATTRIBUTE:
                name, value = _attribute(data)
                self.values[name] = value
            elif kind == messages.SYMBOL_TABLE:
                self._list(get, *struct.unpack_from("<QQ", data))

    def _list(self, get: Get, tree: int, heap: int) -> None:
        names, segment = _heap(get, heap)
        nodes = _nodes(get, tree)
        self.lowest = min(self.lowest, tree, heap, segment, *nodes)
        for node in nodes:
            (count,) = struct.unpack("<H", get(node + 6, 2))
            for entry in range(node + 8, node + 8 + count * 40, 40):
                offset, member = struct.unpack("<QQ", get(entry, 16))
                name = names[offset : names.index(b"\0", offset)].decode()
                self.entries[name], self.members[name] = entry + 8, member


def _heap(get: Get, address: int) -> tuple[bytes, int]:
    name, size, _, segment = struct.unpack("<4s4xQQQ", get(address, 32))
    if name != b"HEAP":
        raise ValueError(f"there are no names at {address}")
    return get(segment, size), segment


def _nodes(get: Get, tree: int) -> list[int]:
    name, kind, level, count = struct.unpack("<4sBBH", get(tree, 8))
    if (name, kind, level) != (b"TREE", 0, 0):
        raise ValueError(f"there is no list of members at {tree}")
    places = range(tree + 32, tree + 32 + count * 16, 16)  # the first key comes before
    return [struct.unpack("<Q", get(place, 8))[0] for place in places]


def _attribute(data: bytes) -> tuple[str, Any]:
    name_size, kind_size, space_size = struct.unpack_from("<HHH", data, 2)
    at = 8
    pieces = []
    for size in (name_size, kind_size, space_size):
        pieces.append(data[at : at + size])
        at += size + -size % 8
    name, kind, space = pieces
    return name.rstrip(b"\0").decode(), _decoded(kind, space, data[at:])


def _decoded(kind: bytes, space: bytes, data: bytes) -> Any:
    if space[0] == 2:  # PyTables' empty string has no elements at all
        return ""
    class_, bits = kind[0] & 0x0F, kind[1]
    (size,) = struct.unpack_from("<I", kind, 4)
    if class_ == 3:
        return data[:size].decode()
    if class_ == 4:
        return bool(data[0])
    letter = {0: "i" if bits & 0x08 else "u", 1: "f"}[class_]
    return np.frombuffer(data[:size], f"<{letter}{size}")[0].item()


def value(get: Get, address: int) -> tuple[Any, int]:
    """Return what `groups.put_value` has put into a file.

    Returns
    -------
    value
        A dict, a list or None, with Python's own scalars and texts in it.
    lowest
        Address of the first of all the structures that hold it.

    Raises
    ------
    ValueError, KeyError, IndexError, struct.error
        There is none at that address.
    """
    group = Group(get, address)
    items = {n: v for n, v in group.values.items() if n not in _OF_PYTABLES}
    lowest = group.lowest
    for name, member in group.members.items():
        items[name], low = value(get, member)
        lowest = min(lowest, low)
    kind = str(group.values["TITLE"]).partition(":")[0]
    return _shaped(kind, {groups.unescaped(name): item for name, item in items.items()}), lowest


def _shaped(kind: str, items: Mapping[str, Any]) -> Any:
    if kind == "nonetype":
        return None
    return [items[f"i{n}"] for n in range(len(items))] if kind == "list" else dict(items)


def about_in(path: Path) -> Any:
    """Return what `/about` says in a file of ours, without a library and without a lock.

    Raises
    ------
    OSError
        It cannot be read.
    ValueError, KeyError, IndexError, TypeError, struct.error
        It is not laid out by us, or no longer.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:

        def get(address: int, count: int) -> bytes:
            if not 0 <= address <= len(data) - count:
                raise ValueError(f"it ends before byte {address + count}")
            return data[address : address + count]

        if get(0, len(SIGNATURE)) != SIGNATURE:
            raise ValueError("it is no HDF5 file")
        (root,) = struct.unpack("<Q", get(ROOT_AT, 8))
        return value(get, Group(get, root).members["about"])[0]
