"""The chunk index of a dataset that only grows: a version 1 B-tree (HDF5 specification, III.A.1).

It is written so that whatever is on disk is a valid file at every moment, also when the process
is killed between two writes. The last leaf grows in place: entries beyond the dataset's rows are
never looked at. The nodes above it are written to a new place each time, and become visible only
when the dataset's header names the new root, in one write together with the number of rows.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from recorder.writers.hdf5.messages import UNDEFINED

FULL = 64
"""Entries of a node: twice the K of 32 that a version 0 superblock takes for granted."""

_WITHOUT_END = 2**62

Allocate = Callable[[int], int]
"""(bytes) -> address of a page that holds them."""
Put = Callable[[int, bytes], None]
"""(address, bytes): writes them there."""


@dataclass(slots=True, eq=False)
class _Node:
    level: int
    address: int = UNDEFINED
    keys: list[bytes] = field(default_factory=list)
    children: list[int] = field(default_factory=list)
    left: int = UNDEFINED
    right: int = UNDEFINED
    changed: bool = True

    def add(self, key: bytes, child: int) -> None:
        self.keys.append(key)
        self.children.append(child)
        self.changed = True


class ChunkIndex:
    """Where the chunks of one dataset are.

    Parameters
    ----------
    chunk_shape
        Of a chunk, in elements; the first axis is the one that grows.
    itemsize
        Bytes of an element.
    allocate
        Gives room for nodes; writes nothing, so it cannot fail.
    """

    def __init__(self, chunk_shape: Sequence[int], itemsize: int, allocate: Allocate) -> None:
        self._chunk = tuple(chunk_shape)
        self._itemsize = itemsize
        self._allocate = allocate
        self._key = struct.Struct(f"<II{len(self._chunk) + 1}Q")
        self._path: list[_Node] = []  # the last node of each level, leaf first
        self._full: list[_Node] = []  # nodes that take no more, and are not written yet
        self._late: list[_Node] = []  # leaves on disk that do not name their neighbour yet
        self.chunks = 0

    @property
    def _node_bytes(self) -> int:
        return 24 + (FULL + 1) * self._key.size + FULL * 8

    @property
    def root(self) -> int:
        """Address of the root as of the last `write`; undefined while there is no chunk."""
        return self._path[-1].address if self._path else UNDEFINED

    def append(self, address: int, nbytes: int) -> None:
        """Add the next chunk: where it is in the file, and its size there in bytes."""
        key = self._key.pack(nbytes, 0, self.chunks * self._chunk[0], *([0] * len(self._chunk)))
        self.chunks += 1
        if not self._path:
            self._path.append(_Node(0, self._allocate(self._node_bytes)))
        elif len(self._path[0].keys) == FULL:
            self._next_leaf(key)
        self._path[0].add(key, address)

    def _next_leaf(self, key: bytes) -> None:
        last = self._path[0]
        leaf = _Node(0, self._allocate(self._node_bytes), left=last.address)
        last.right = leaf.address
        self._full.append(last)
        self._path[0] = leaf
        self._enter(1, last, key, leaf.address)

    def _enter(self, level: int, before: _Node, key: bytes, child: int) -> None:
        """Make a new last node known to the level above it; `before` was the last one."""
        if level == len(self._path):
            self._path.append(_Node(level, UNDEFINED, [before.keys[0]], [before.address]))
        node = self._path[level]
        if len(node.keys) < FULL:
            node.add(key, child)
            return
        self._move(level)
        self._full.append(node)
        self._path[level] = _Node(level, UNDEFINED, [key], [child])
        self._enter(level + 1, node, key, UNDEFINED)

    def _move(self, level: int) -> None:
        """Give a changed node a new place, and tell the node above it."""
        node = self._path[level]
        if not node.changed:
            return
        node.address = self._allocate(self._node_bytes)
        if level + 1 < len(self._path):
            above = self._path[level + 1]
            above.children[-1] = node.address
            above.changed = True

    def write(self, put: Put) -> None:
        """Write all that is new.

        The caller makes it visible by writing `root` and the number of rows, in one piece.
        """
        for level in range(1, len(self._path)):
            self._move(level)
        for node in (*self._full, *(node for node in self._path if node.changed)):
            put(node.address, self._bytes(node, UNDEFINED))
            node.changed = False
        self._late += [node for node in self._full if node.level == 0]
        self._full.clear()

    def write_neighbours(self, put: Put) -> None:
        """Let full leaves name their right neighbours, once those are visible."""
        for node in self._late:
            put(node.address, self._bytes(node, node.right))
        self._late.clear()

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
