"""Stacks of pictures as the engine compresses frames: half the size of Blosc as commonly used."""

from __future__ import annotations

import itertools
import math
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

import blosc2
import numpy as np
import tables
import xxhash
from tables.utilsextension import get_filters

from recorder.frame import FrameSpec, PixelFormat
from recorder.writers.hdf5 import choose, prove

if TYPE_CHECKING:
    from recorder.frame import Frame

LARGE = 1 << 20
"""Bytes from which on an array is worth it."""
_AT_LEAST, _AT_MOST = 256 << 10, 8 << 20
_LIMIT = 1 << 30
"""Bytes of one chunk that Blosc2 can hold with certainty."""
_WORKERS = 2  # compressing releases the GIL; the HDF5 library does not
_AHEAD = 4

Place = tuple[int, ...]
T = TypeVar("T")
U = TypeVar("U")


def is_picture(x: Any) -> bool:
    """Whether an array is a large stack of pictures: (…, height, width[, 3]) of 8 or 16 bit."""
    return bool(
        x.dtype in (np.uint8, np.uint16)
        and x.ndim >= 3
        and math.prod(x.shape) * x.dtype.itemsize >= LARGE
        and math.prod(_picture_shape(x.shape)) * x.dtype.itemsize <= _LIMIT
    )


def chunk_shape(shape: Place, itemsize: int) -> Place:
    """Return how much is compressed at a time: one item of the first axis, if that is sensible.

    Small pictures are taken together until there are 256 KiB of them, stacks of more than 8 MiB
    apart; a picture always stays in one piece.
    """
    whole = len(shape) - len(_picture_shape(shape))
    axis = 1
    while axis < whole and math.prod(shape[axis:]) * itemsize > _AT_MOST:
        axis += 1
    item = math.prod(shape[axis:]) * itemsize
    together = min(shape[axis - 1], max(1, _AT_LEAST // item))
    return (*(1,) * (axis - 1), together, *shape[axis:])


class Stack:
    """A stack of pictures on its way into a file. Its chunks are compressed by several threads.

    Parameters
    ----------
    x
        Array for which `is_picture` holds, of native byte order.
    """

    def __init__(self, x: Any) -> None:
        self._x = x
        self._chunk = chunk_shape(x.shape, x.itemsize)
        # To Blosc2 the pictures of a chunk are one picture, below each other.
        self._spec = _spec(self._chunk, x.dtype)
        self._compressor = choose("fast", self._spec)
        prove(self._compressor, self._spec)
        self._digests: list[int] = []

    def write(self, file: Any, group: Any, name: str) -> None:
        """Write the chunks as an array that PyTables, flammkuchen and h5py read."""
        node = file.create_carray(
            group,
            name,
            atom=tables.Atom.from_dtype(self._x.dtype),
            shape=self._x.shape,
            chunkshape=self._chunk,
            filters=tables.Filters(1, "blosc2:zstd"),
        )
        for place, data, digest in _spread(self._compress, _places(self._x.shape, self._chunk)):
            node.write_chunk(place, data)
            self._digests.append(digest)

    def is_written(self, group: Any, name: str) -> bool:
        """Whether a group has the very chunks that were written."""
        node = group._v_children[name]
        if getattr(node, "shape", None) != self._x.shape or node.chunkshape != self._chunk:
            return False
        chunks = (
            xxhash.xxh3_64_intdigest(node.read_chunk(place))
            for place in _places(self._x.shape, self._chunk)
        )
        return list(chunks) == self._digests

    def _compress(self, place: Place) -> tuple[Place, bytes, int]:
        part = self._x[_part(place, self._chunk)]
        if part.shape != self._chunk:  # HDF5 keeps whole chunks; what lies beyond is never read
            part = np.pad(part, [(0, n - m) for m, n in zip(part.shape, self._chunk, strict=True)])
        frame: Frame = np.ascontiguousarray(part).reshape(self._spec.shape)
        data = b"".join(self._compressor.compress(frame))
        return place, data, xxhash.xxh3_64_intdigest(data)


def read(node: Any) -> Any:
    """Read a stack of pictures, several times as fast as PyTables does.

    Returns
    -------
    array
        Or None, if the node is of another kind: PyTables reads all of them.
    """
    if not is_picture(node) or not _is_blosc2_alone(node):
        return None
    whole = np.empty(node.shape, node.dtype)
    chunk: Any = np.empty(node.chunkshape, node.dtype)
    try:
        for place in _places(node.shape, node.chunkshape):
            if not _decompress(node.read_chunk(place), chunk):
                return None
            room = whole[_part(place, node.chunkshape)]
            room[...] = chunk[tuple(map(slice, room.shape))]
    except (RuntimeError, tables.ChunkError):  # PyTables will say what it is
        return None
    return whole


def _is_blosc2_alone(node: Any) -> bool:
    """Whether no other filter, such as HDF5's shuffle, was at work before Blosc2."""
    return set(get_filters(node._v_parent._v_objectid, node._v_name) or ()) == {"blosc2"}


def _decompress(data: bytes, chunk: Any) -> bool:
    """Fill an array from a chunk in C order; PyTables' own chunks are in another one."""
    packed = blosc2.schunk_from_cframe(data)
    if packed.nchunks != 1 or packed.nbytes != chunk.nbytes or "b2nd" in packed.meta:
        return False
    packed.decompress_chunk(0, dst=chunk)
    return True


def _places(shape: Place, chunk: Place) -> Iterator[Place]:
    """Give where each chunk begins."""
    steps = zip(shape, chunk, strict=True)
    return itertools.product(*(range(0, int(length), int(step)) for length, step in steps))


def _part(place: Place, chunk: Place) -> tuple[slice, ...]:
    return tuple(slice(at, at + step) for at, step in zip(place, chunk, strict=True))


def _spec(chunk: Place, dtype: Any) -> FrameSpec:
    if dtype == np.uint8 and len(_picture_shape(chunk)) == 3:
        return FrameSpec(chunk[-2], math.prod(chunk[:-2]), "rgb8")
    kind: PixelFormat = "gray8" if dtype == np.uint8 else "gray16"
    return FrameSpec(chunk[-1], math.prod(chunk[:-1]), kind)


def _picture_shape(shape: Place) -> Place:
    colour = len(shape) > 3 and shape[-1] == 3
    return shape[-3:] if colour else shape[-2:]


def _spread(work: Callable[[T], U], items: Iterator[T]) -> Iterator[U]:
    """Do the work for each item in threads, in order, a few ahead: memory stays bounded."""
    waiting: deque[Future[U]] = deque()
    with ThreadPoolExecutor(_WORKERS, "compress") as pool:
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) > _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
