"""Groups, and what is said in them: nested dicts as flammkuchen lays them out.

A dict, a list or None is a group whose title says which; scalars and texts are attributes of the
group they are in.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote, unquote

import numpy as np

from recorder.errors import WriterError
from recorder.writers.hdf5 import messages
from recorder.writers.hdf5.messages import UNDEFINED, Scalar, pad

TREE_K, LEAF_K = 4, 8
"""Half of the entries of a node of the tree and of a symbol node; smaller than usual, because
every group has room for a whole node."""
MOST_MEMBERS = 2 * TREE_K * 2 * LEAF_K

_LONGEST_TEXT = 60_000
"""In bytes; what does not fit into one attribute becomes a list of pieces."""
TAKEN = (
    *("CLASS", "VERSION", "TITLE", "NROWS", "EXTDIM", "ENCODING", "PYTABLES_FORMAT_VERSION"),
    *("FLAVOR", "FILTERS", "AUTO_INDEX", "DIRTY", "NODE_TYPE", "NODE_TYPE_VERSION", "PSEUDOATOM"),
)
"""Attributes that PyTables keeps for itself."""
_ESCAPE = "key:"
# PyTables' own: private names, FIELD_0 and so on; flammkuchen's version; and our mark.
_TAKEN_STARTS = ("_", "FIELD_", "DEEPDISH_IO", _ESCAPE)

Place = Callable[[bytes], int]
"""Puts bytes into the file and returns their address."""


def group(
    place: Place,
    title: str,
    members: Mapping[str, int],
    values: Mapping[str, Scalar] | None = None,
    root: bool = False,
) -> int:
    """Put a group into the file; return the address of its object header.

    Parameters
    ----------
    title
        ``dict:N`` and the like, for flammkuchen.
    members
        Names, and the addresses of their object headers.
    values
        Attributes.
    root
        Whether it is the file's root group.
    """
    tree, heap, _ = listing(place, members)
    head: list[tuple[str, Any]] = [("CLASS", "GROUP"), ("VERSION", "1.0"), ("TITLE", title)]
    if root:
        head += [("PYTABLES_FORMAT_VERSION", "2.1"), ("DEEPDISH_IO_VERSION", 12)]
    head += [(escaped(name), value) for name, value in (values or {}).items()]
    table = (messages.SYMBOL_TABLE, messages.symbol_table(tree, heap))
    return place(messages.object_header([table, *messages.attributes(head)]))


def escaped(name: str, member: bool = False) -> str:
    """Return a key as a name that no library takes for something else; `unescaped` undoes it.

    Parameters
    ----------
    member
        Whether it names a group, which has no / in it.
    """
    bad = name in TAKEN or name.startswith(_TAKEN_STARTS) or not name.strip(".") or "\0" in name
    bad = bad or (member and "/" in name)
    try:
        name.encode()
    except UnicodeEncodeError:
        bad = True
    if not bad:
        return name
    return _ESCAPE + quote(name, safe="", errors="surrogatepass").replace(".", "%2E")


def unescaped(name: str) -> str:
    """Return the key that a name was made of."""
    if not name.startswith(_ESCAPE):
        return name
    return unquote(name.removeprefix(_ESCAPE), errors="surrogatepass")


def listing(place: Place, members: Mapping[str, int]) -> tuple[int, int, dict[str, int]]:
    """Put the list of a group's members into the file (III.A.1, III.B, III.D).

    Returns
    -------
    tree, heap
        Addresses for the symbol table message.
    entries
        By name: the address of the 8 bytes that hold a member's address.
    """
    names = sorted(members, key=str.encode)  # readers search them by strcmp
    if len(names) > MOST_MEMBERS:
        raise WriterError(f"{len(names)} members in one HDF5 group; at most {MOST_MEMBERS}")
    heap, offsets = _heap(place, names)
    entries: dict[str, int] = {}
    nodes, keys = [], [0]
    for at in range(0, len(names), 2 * LEAF_K):
        some = names[at : at + 2 * LEAF_K]
        node = place(_symbol_node([(offsets[name], members[name]) for name in some]))
        entries |= {name: node + 8 + 40 * i + 8 for i, name in enumerate(some)}
        nodes.append(node)
        keys.append(offsets[some[-1]])
    return place(_tree_node(nodes, keys)), heap, entries


def _heap(place: Place, names: Sequence[str]) -> tuple[int, dict[str, int]]:
    data = bytearray(8)  # the empty name comes first
    offsets = {}
    for name in names:
        offsets[name] = len(data)
        data += pad(name.encode() + b"\0")
    segment = place(bytes(data))
    # 1: no free block.
    return place(struct.pack("<4sB3xQQQ", b"HEAP", 0, len(data), 1, segment)), offsets


def _symbol_node(entries: Sequence[tuple[int, int]]) -> bytes:
    node = struct.pack("<4sBxH", b"SNOD", 1, len(entries))
    node += b"".join(struct.pack("<QQ24x", *entry) for entry in entries)
    return node + bytes(8 + 2 * LEAF_K * 40 - len(node))


def _tree_node(nodes: Sequence[int], keys: Sequence[int]) -> bytes:
    head = struct.pack("<4sBBHQQ", b"TREE", 0, 0, len(nodes), UNDEFINED, UNDEFINED)
    pairs = struct.pack("<Q", keys[0])
    pairs += b"".join(struct.pack("<QQ", n, k) for n, k in zip(nodes, keys[1:], strict=True))
    return (head + pairs).ljust(24 + 8 * (4 * TREE_K + 1), b"\0")


def put_value(place: Place, value: Any) -> int:
    """Put a dict, a list or None into the file, with all that is in it.

    Returns
    -------
    int
        Address of its object header.
    """
    items = dict(_items(value))
    scalars = {name: item for name, item in items.items() if isinstance(item, Scalar)}
    others = {name: item for name, item in items.items() if name not in scalars}
    members = {escaped(name, True): put_value(place, item) for name, item in others.items()}
    return group(place, _title(value), members, scalars)


def size_of(value: Any) -> int:
    """Return how many bytes `put_value` takes."""
    size = 0

    def measure(data: bytes) -> int:
        nonlocal size
        size += len(pad(data))
        return 0

    put_value(measure, value)
    return size


def _title(value: Any) -> str:
    if value is None:
        return "nonetype:"
    return f"{'dict' if isinstance(value, Mapping) else 'list'}:{len(value)}"


def _items(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield str(name), _plain(item)
    elif value is not None:
        for number, item in enumerate(value):
            yield f"i{number}", _plain(item)


def _plain(item: Any) -> Any:
    """Return a value as one of the kinds that a file can hold."""
    if isinstance(item, np.generic):
        item = item.item()
    if isinstance(item, str):
        return item if len(item.encode("utf-8", "replace")) <= _LONGEST_TEXT else _pieces(item)
    if isinstance(item, int) and not -(2**63) <= item < 2**64:
        return str(item)
    if item is None or isinstance(item, Scalar | Mapping | list | tuple):
        return item
    return item.isoformat() if isinstance(item, date) else str(item)


def _pieces(text: str) -> list[str]:
    step = _LONGEST_TEXT // 4  # a character has at most four bytes
    return [text[at : at + step] for at in range(0, len(text), step)]
