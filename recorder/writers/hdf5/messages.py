"""HDF5's object headers as bytes: what a dataset, a group and an attribute look like on disk.

Only the oldest version of each structure is used, as PyTables writes it: it is what every reader
knows. Source: HDF5 File Format Specification, version 3.0 (The HDF Group); the numbers of its
sections are given below.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import numpy as np

from recorder.errors import WriterError

UNDEFINED = 0xFFFF_FFFF_FFFF_FFFF
"""An address of nothing, and a size without limit."""

_MOST = 65_528
"""A message keeps its size in 16 bits, and a message is a multiple of eight bytes."""

# Kinds of messages (IV.A.2).
DATASPACE = 0x01
DATATYPE = 0x03
FILL_VALUE = 0x05
LAYOUT = 0x08
FILTERS = 0x0B
ATTRIBUTE = 0x0C
SYMBOL_TABLE = 0x11

Message = tuple[int, bytes]
Scalar = bool | int | float | str


def pad(data: bytes) -> bytes:
    """Fill up to a multiple of eight bytes."""
    return data + bytes(-len(data) % 8)


def object_header(messages: Sequence[Message]) -> bytes:
    """Return a version 1 object header (IV.A.1.a).

    Raises
    ------
    WriterError
        A message is larger than 64 KB.
    """
    body = b"".join(_message(kind, pad(data)) for kind, data in messages)
    return struct.pack("<BxHII4x", 1, len(messages), 1, len(body)) + body


def _message(kind: int, data: bytes) -> bytes:
    if len(data) > _MOST:
        raise WriterError(f"{len(data)} bytes in one HDF5 attribute; at most {_MOST} fit")
    return struct.pack("<HHB3x", kind, len(data), kind in (DATATYPE, FILL_VALUE, FILTERS)) + data


def datatype(dtype: np.dtype) -> bytes:
    """Return the datatype message of integers, float64 and fixed-length bytes (IV.A.2.d)."""
    size = dtype.itemsize
    if dtype.kind in "iu":
        signed = 0x08 if dtype.kind == "i" else 0
        return struct.pack("<BBxxIHH", 0x10, signed, size, 0, size * 8)
    if dtype.kind == "f" and size == 8:
        bits = (0, 64, 52, 11, 0, 52, 1023)  # offset, precision, exponent, mantissa, bias
        return struct.pack("<BBBxIHHBBBBI", 0x11, 0x20, 0x3F, size, *bits)
    if dtype.kind == "S":
        return struct.pack("<BBxxI", 0x13, 0, size)
    raise TypeError(f"no HDF5 datatype is known here for {dtype}")


def growing_dataspace(rows: int, item_shape: Sequence[int]) -> bytes:
    """Return the dataspace of an array whose first axis has no limit (IV.A.2.b)."""
    dims = struct.pack(f"<{1 + len(item_shape)}Q", rows, *item_shape)
    limits = struct.pack(f"<{1 + len(item_shape)}Q", UNDEFINED, *item_shape)
    return struct.pack("<BBB5x", 1, 1 + len(item_shape), 1) + dims + limits


def fill_value() -> bytes:
    """Return "space as it is needed, zeros if nobody says otherwise" (IV.A.2.f)."""
    return struct.pack("<BBBBI", 2, 3, 0, 1, 0)


def chunked_layout(index: int, chunk_shape: Sequence[int], itemsize: int) -> bytes:
    """Return where the chunk index is and how large a chunk is (IV.A.2.i, version 3)."""
    dims = (*chunk_shape, itemsize)
    return struct.pack(f"<BBBQ{len(dims)}I", 3, 2, len(dims), index, *dims)


def filter_pipeline(filters: Sequence[tuple[int, str, Sequence[int]]]) -> bytes:
    """Return the filters, each with its registered number, name and parameters (IV.A.2.l)."""
    body = struct.pack("<BB6x", 1, len(filters))
    for number, name, values in filters:
        text = pad(name.encode() + b"\0")
        head = struct.pack("<HHHH", number, len(text), 1, len(values))  # 1: a reader may lack it
        body += head + text + pad(struct.pack(f"<{len(values)}I", *values))
    return body


def symbol_table(tree: int, heap: int) -> bytes:
    """Return where the members of a group are listed (IV.A.2.r)."""
    return struct.pack("<QQ", tree, heap)


_SCALAR = struct.pack("<BBB5x", 1, 0, 0)
_NULL = struct.pack("<BBBB", 2, 0, 0, 2)  # PyTables' empty string has no elements at all


def attribute(name: str, value: Scalar | np.integer) -> Message:
    """Return an attribute (IV.A.2.m) as PyTables writes it; texts are UTF-8."""
    kind, space, data = _encoded(value)
    label = name.encode() + b"\0"
    sizes = struct.pack("<BxHHH", 1, len(label), len(kind), len(space))
    return ATTRIBUTE, sizes + pad(label) + pad(kind) + pad(space) + data


def attributes(values: Iterable[tuple[str, Scalar | np.integer]]) -> list[Message]:
    """Return several attributes."""
    return [attribute(name, value) for name, value in values]


def _encoded(value: Scalar | np.integer) -> tuple[bytes, bytes, bytes]:
    if isinstance(value, str):
        text = value.encode("utf-8", "backslashreplace")
        kind = struct.pack("<BBxxI", 0x13, 0x10, max(1, len(text)))  # 0x10: UTF-8
        return kind, _SCALAR if text else _NULL, text
    if isinstance(value, bool):
        return struct.pack("<BBxxIHH", 0x14, 0, 1, 0, 8), _SCALAR, bytes([value])
    if isinstance(value, float):
        return datatype(np.dtype("<f8")), _SCALAR, struct.pack("<d", value)
    number = value if isinstance(value, np.integer) else _fitting(value)
    return datatype(number.dtype), _SCALAR, number.tobytes()


def _fitting(value: int) -> np.integer:
    return np.int64(value) if -(2**63) <= value < 2**63 else np.uint64(value)
