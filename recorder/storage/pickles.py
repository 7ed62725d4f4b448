"""Values that HDF5 has no form for, as flammkuchen keeps them: a pickle in a row of bytes."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import Any

import flammkuchen
import tables

from recorder.errors import RecorderError

LIMIT = 2**32 - 1
"""Bytes of one row of a variable length: HDF5 counts them in 32 bits."""


class _RawAtom(tables.ObjectAtom):  # type: ignore[misc]
    """PyTables' kind for pickles, without the pickling."""

    def _tobuffer(self, object_: bytes) -> bytes:
        return object_

    def fromarray(self, array: Any) -> bytes:
        """Return the pickle itself."""
        return bytes(array.tobytes())


class Pickle:
    """A value as a pickle, on its way into a file.

    Parameters
    ----------
    value
        Anything.
    where
        Its place in the tree, for messages.

    Raises
    ------
    RecorderError
        It cannot be pickled.
    """

    def __init__(self, value: Any, where: str) -> None:
        # The wrapper tells flammkuchen to hand out what is in it, whatever that is.
        wrapper = flammkuchen.ForcePickle
        wrapped = value if isinstance(value, wrapper) else wrapper(value)
        try:
            self._data = pickle.dumps(wrapped, pickle.HIGHEST_PROTOCOL)
        except Exception as error:  # whatever a class does when it is pickled
            raise RecorderError(
                f"{where}: HDF5 has no form for a {type(value).__name__}, and it cannot be "
                f"pickled: {error}"
            ) from error
        if len(self._data) > LIMIT:
            raise RecorderError(
                f"{where}: a {type(value).__name__} is kept as a pickle, and this one has "
                f"{len(self._data)} bytes; HDF5 keeps {LIMIT} in one piece: save it in parts, or "
                "as arrays of numbers"
            )

    def write(self, file: Any, group: Any, name: str) -> None:
        """Write it where flammkuchen looks for it."""
        # One row there is and will be: PyTables would make room for 65536, and 1 MiB of each value.
        file.create_vlarray(group, name, _RawAtom(), chunkshape=1).append(self._data)

    def is_written(self, group: Any, name: str) -> bool:
        """Whether a group has exactly this."""
        node = group._v_children[name]
        if not isinstance(node, tables.VLArray):
            return False
        node.atom = _RawAtom()
        return bool(node.read() == [self._data])


@dataclass(frozen=True, slots=True)
class Loaded:
    """A value as it came out of a pickle: nothing in it is to be touched."""

    value: Any
