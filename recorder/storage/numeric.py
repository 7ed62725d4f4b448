"""Large arrays of numbers, in chunks of a sensible size.

For Blosc2, PyTables chooses chunks as large as the processor's cache, and fills them up: half a
second and more for every array, however small.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import tables

LARGE = 64 << 10
"""Bytes from which on an array is worth it; flammkuchen's own way does for the others."""
_CHUNK = 256 << 10
_BLOCK = 16 << 20
"""Bytes that are compared at a time."""


def is_numeric(x: Any) -> bool:
    """Whether an array is large, and of numbers."""
    return bool(x.dtype.kind in "biufc" and x.ndim >= 1 and x.nbytes >= LARGE)


def chunk_shape(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    """Return a part of at most 256 KiB: as many of the last axes as fit, and a stretch of one."""
    axis = 0
    while math.prod(shape[axis + 1 :]) * itemsize > _CHUNK:
        axis += 1
    stretch = max(1, _CHUNK // (math.prod(shape[axis + 1 :]) * itemsize))
    return (*(1,) * axis, min(shape[axis], stretch), *shape[axis + 1 :])


class Numbers:
    """A large array on its way into a file.

    Parameters
    ----------
    x
        Array for which `is_numeric` holds, of native byte order.
    """

    def __init__(self, x: Any) -> None:
        self._x = x

    def write(self, file: Any, group: Any, name: str) -> None:
        """Write it, compressed by Blosc2 with shuffle and zstd."""
        node = file.create_carray(
            group,
            name,
            atom=tables.Atom.from_dtype(self._x.dtype),
            shape=self._x.shape,
            chunkshape=chunk_shape(self._x.shape, self._x.itemsize),
            filters=tables.Filters(1, "blosc2:zstd", shuffle=True),
        )
        node[:] = self._x

    def is_written(self, group: Any, name: str) -> bool:
        """Whether a group has the same bytes."""
        node, x = group._v_children[name], self._x
        if getattr(node, "shape", None) != x.shape:
            return False
        rows = max(1, _BLOCK * len(x) // x.nbytes)
        blocks = (slice(at, at + rows) for at in range(0, len(x), rows))
        return all(is_same(node[rows], x[rows]) for rows in blocks)


def is_same(found: Any, value: Any) -> bool:
    """Whether two arrays are equal in shape, dtype and every bit."""
    if found.shape != value.shape or found.dtype != value.dtype:
        return False
    # Bytes tell one NaN from another; those that only fill up a long double are nobody's.
    same_bytes = found.tobytes() == value.tobytes()
    return same_bytes or (value.dtype.itemsize > 8 and np.array_equal(found, value, equal_nan=True))
