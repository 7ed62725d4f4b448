"""One array of a growing file: what its object header says."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from recorder.writers.hdf5 import messages
from recorder.writers.hdf5.chunks import ChunkIndex
from recorder.writers.hdf5.messages import Message

Filters = Sequence[tuple[int, str, Sequence[int]]]


class Dataset:
    """One array whose first axis grows, and its place in the first page.

    Parameters
    ----------
    dtype
        Little-endian, of one element.
    chunk_shape
        Of one chunk; the first number is its rows.
    filters
        (registered number, name, parameters) of each filter its chunks went through.
    """

    def __init__(
        self, name: str, dtype: str, chunk_shape: Sequence[int], filters: Filters = ()
    ) -> None:
        self.name = name
        self.dtype = np.dtype(dtype)
        self.chunk_shape = tuple(chunk_shape)
        self.filters = filters
        self.rows = 0
        self.header_at = 0
        self.index: ChunkIndex

    @property
    def chunk_bytes(self) -> int:
        """Size of an unfiltered chunk."""
        return math.prod(self.chunk_shape) * self.dtype.itemsize

    def header(self) -> bytes:
        """Return the object header as of now; always of the same size."""
        item = self.chunk_shape[1:]
        found: list[Message] = [
            (messages.DATASPACE, messages.growing_dataspace(self.rows, item)),
            (
                messages.LAYOUT,
                messages.chunked_layout(self.index.root, self.chunk_shape, self.dtype.itemsize),
            ),
            (messages.DATATYPE, messages.datatype(self.dtype)),
            (messages.FILL_VALUE, messages.fill_value()),
        ]
        if self.filters:
            found.append((messages.FILTERS, messages.filter_pipeline(self.filters)))
        known: list[tuple[str, Any]] = [
            ("CLASS", "EARRAY"),
            ("VERSION", "1.1"),
            ("TITLE", ""),
            ("EXTDIM", np.int32(0)),
        ]
        return messages.object_header([*found, *messages.attributes(known)])
