"""The chunk index of a dataset that only grows: a version 1 B-tree (HDF5 specification, III.A.1).

It is written so that whatever is on disk is a valid file at every moment, also when the process
is killed between two writes. The last leaf grows in place: entries beyond the dataset's rows are
never looked at. The nodes above it are written to another page each time, and become visible only
when the dataset's header names the new root, in one write together with the number of rows. Room
for a node is taken when it is begun: a disk that is full later does not keep it from being written.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice, pairwise

from recorder.writers.hdf5.messages import UNDEFINED

FULL = 64
"""Entries of a node: twice the K of 32 that a version 0 superblock takes for granted."""

_WITHOUT_END = 2**62

Allocate = Callable[[int], int]
"""(bytes) -> address of a page that holds them, which is the file's from then on; or OSError."""
Put = Callable[[int, bytes], None]
"""(address, bytes): writes them there."""
Get = Callable[[int, int], bytes]
"""(address, count) -> so many bytes from there."""


@dataclass(slots=True, eq=False)
class _Node:
    """A node in memory. One above the leaves has two pages, and is written to them in turn."""

    level: int
    pages: list[int]
    keys: list[bytes] = field(default_factory=list)
    children: list[int] = field(default_factory=list)
    left: int = UNDEFINED
    right: int = UNDEFINED
    changed: bool = True
    shown: int = UNDEFINED
    """The page that a reader sees; it is left alone."""
    written: int = UNDEFINED
    """The page that a reader will see next; it is left alone, too."""

    def add(self, key: bytes, child: int) -> None:
        self.keys.append(key)
        self.children.append(child)
        self.changed = True

    @property
    def address(self) -> int:
        """Where it is, or will be written next."""
        last = self.shown if self.written == UNDEFINED else self.written
        if not self.changed and last != UNDEFINED:
            return last
        return next((page for page in self.pages if page != last), self.pages[0])


class ChunkIndex:
    """Where the chunks of one dataset are.

    Parameters
    ----------
    chunk_shape
        Of a chunk, in elements; the first axis is the one that grows.
    itemsize
        Bytes of an element.
    allocate
        Gives room for nodes.
    """

    def __init__(self, chunk_shape: Sequence[int], itemsize: int, allocate: Allocate) -> None:
        self._chunk = tuple(chunk_shape)
        self._itemsize = itemsize
        self._allocate = allocate
        self._key = struct.Struct(f"<II{len(self._chunk) + 1}Q")
        self._path: list[_Node] = []  # the last node of each level, leaf first
        self._full: list[_Node] = []  # nodes that take no more, and are not written yet
        self._written: list[_Node] = []  # nodes that a reader will see next
        self._leaving: list[_Node] = []  # leaves among them that take no more
        self._late: list[_Node] = []  # leaves on disk that do not name their neighbour yet
        self._pages: list[int] = []  # reserved, not used yet
        self.chunks = 0

    @property
    def _node_bytes(self) -> int:
        return 24 + (FULL + 1) * self._key.size + FULL * 8

    @property
    def root(self) -> int:
        """Address of the root; undefined while there is no chunk."""
        return self._path[-1].address if self._path else UNDEFINED

    def reserve(self) -> None:
        """Take room for the nodes that the next `append` needs; again, if it was refused.

        Raises
        ------
        OSError
            There is none; `append` must not be called.
        """
        wanted = 0
        if not self._path:
            wanted = 1
        elif len(self._path[0].keys) == FULL:
            wanted = 1 + 2 * self._nodes_above()
            for node in self._path[1:]:
                if len(node.pages) == 1:  # it was read back: its other page is not known any more
                    node.pages.append(self._allocate(self._node_bytes))
        while len(self._pages) < wanted:
            self._pages.append(self._allocate(self._node_bytes))

    def append(self, address: int, nbytes: int) -> None:
        """Add the next chunk: where it is in the file, and its size there in bytes."""
        key = self._key.pack(nbytes, 0, self.chunks * self._chunk[0], *([0] * len(self._chunk)))
        if not self._path:
            self._path.append(_Node(0, [self._pages.pop()]))
        elif len(self._path[0].keys) == FULL:
            self._next_leaf(key)
        self._path[0].add(key, address)
        self.chunks += 1

    def resume(self, get: Get, root: int, chunks: int) -> None:
        """Go on with an index that another process has written, as far as a reader sees it.

        Parameters
        ----------
        root
            Address of its root.
        chunks
            How many of its entries are visible. What follows them was never committed.

        Raises
        ------
        ValueError, struct.error
            There is no such index.
        """
        self.chunks = chunks
        address = root
        while chunks and (not self._path or self._path[0].level):
            self._path.insert(0, self._read(get, address))
            address = self._path[0].children[-1]
        if chunks:
            leaf = self._path[0]
            keep = chunks - self._key.unpack(leaf.keys[0])[2] // self._chunk[0]
            if not 0 < keep <= len(leaf.keys):
                raise ValueError(f"{chunks} chunks are promised, and the index has others")
            leaf.changed = keep < len(leaf.keys)
            del leaf.keys[keep:], leaf.children[keep:]

    def _read(self, get: Get, address: int) -> _Node:
        data = get(address, self._node_bytes)
        name, kind, level, count, left, right = struct.unpack_from("<4sBBHQQ", data)
        if (name, kind) != (b"TREE", 1) or not 0 < count <= FULL:
            raise ValueError(f"there is no chunk index at {address}")
        step = self._key.size
        places = range(24, 24 + count * (step + 8), step + 8)
        keys = [data[at : at + step] for at in places]
        children = [struct.unpack_from("<Q", data, at + step)[0] for at in places]
        return _Node(level, [address], keys, children, left, right, False, address)

    @property
    def last(self) -> int:
        """Address of the last chunk."""
        return self._path[0].children[-1]

    def addresses(self, get: Get) -> Iterator[int]:
        """Give where the visible chunks are, of an index that nobody goes on with meanwhile."""
        if self._path:
            yield from islice(self._under(get, self._path[-1]), self.chunks)

    def _under(self, get: Get, node: _Node) -> Iterator[int]:
        for child in node.children:
            if node.level:
                yield from self._under(get, self._read(get, child))
            else:
                yield child

    def _nodes_above(self) -> int:
        """Return how many nodes above the leaves another leaf makes necessary."""
        full = 0
        for node in self._path[1:]:
            if len(node.keys) < FULL:
                return full
            full += 1
        return full + 1

    def _next_leaf(self, key: bytes) -> None:
        last, leaf = self._path[0], _Node(0, [self._pages.pop()], left=self._path[0].address)
        last.right = leaf.address
        self._full.append(last)
        self._path[0] = leaf
        self._enter(1, last, key, leaf.address)

    def _enter(self, level: int, before: _Node, key: bytes, child: int) -> None:
        """Make a new last node known to the level above it; `before` was the last one."""
        if level == len(self._path):
            two = [self._pages.pop(), self._pages.pop()]
            self._path.append(_Node(level, two, [before.keys[0]], [before.address]))
        node = self._path[level]
        if len(node.keys) < FULL:
            node.add(key, child)
            return
        node.changed = True  # its last key has an end now
        if level + 1 < len(self._path):
            self._path[level + 1].children[-1] = node.address
        self._full.append(node)
        self._path[level] = _Node(level, [self._pages.pop(), self._pages.pop()], [key], [child])
        self._enter(level + 1, node, key, self._path[level].address)

    def write(self, put: Put) -> None:
        """Write all that is new.

        The caller makes it visible by writing `root` and the number of rows as they are now, in one
        piece, and says so by `show`. Before that, chunks may be added, but nothing is written.
        """
        for node, above in pairwise(self._path):
            if node.level and node.changed:  # it moves
                above.children[-1] = node.address
                above.changed = True
        new = [*self._full, *(node for node in self._path if node.changed)]
        for node in new:
            put(node.address, self._bytes(node, UNDEFINED))
        for node in new:
            node.written, node.changed = node.address, False
        self._written += new
        self._leaving += [node for node in self._full if node.level == 0]
        self._full.clear()

    def show(self, put: Put) -> None:
        """Take note that all is visible; let full leaves name their right neighbours."""
        for node in self._written:
            node.shown, node.written = node.written, UNDEFINED
        self._written.clear()
        self._late += self._leaving
        self._leaving.clear()
        while self._late:
            put(self._late[0].shown, self._bytes(self._late[0], self._late[0].right))
            del self._late[0]

    def _bytes(self, node: _Node, right: int) -> bytes:
        # Node type 1: chunks of raw data. Keys and children take turns, and a key ends the list.
        head = struct.pack("<4sBBHQQ", b"TREE", 1, node.level, len(node.keys), node.left, right)
        pairs = [
            key + struct.pack("<Q", child)
            for key, child in zip(node.keys, node.children, strict=True)
        ]
        data = head + b"".join(pairs) + self._end_key(node)
        return data + bytes(self._node_bytes - len(data))

    def _end_key(self, node: _Node) -> bytes:
        # One more than the node's last chunk along every axis, as the HDF5 library has it. Above
        # the last leaf: without end, because that leaf grows while the nodes above it stay.
        _, _, first, *rest = self._key.unpack(node.keys[0])
        end = min(first + FULL ** (node.level + 1) * self._chunk[0], self.chunks * self._chunk[0])
        if node.level and node in self._path:
            end = _WITHOUT_END - _WITHOUT_END % self._chunk[0]
        sizes = (*self._chunk[1:], self._itemsize)
        return self._key.pack(0, 0, end, *(at + size for at, size in zip(rest, sizes, strict=True)))
