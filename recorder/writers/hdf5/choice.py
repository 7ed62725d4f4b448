"""Which filter is meant by which name, for which frames; and the proof that it is exact."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from recorder.errors import NotLossless
from recorder.frame import FrameSpec
from recorder.writers.hdf5.filters import Blosc2, Deflate, Filter, Plain
from recorder.writers.proof import patterns

_LARGEST = 2**32 - 1
_LARGEST_OF_BLOSC2 = 2**31 - 64
"""Bytes of a chunk, as the HDF5 library and Blosc2 take it."""


def _blosc2(spec: FrameSpec, name: str, steps: tuple[str, ...], **more: Any) -> Filter:
    return Blosc2(spec, name, _typesize(spec), steps, **more)


def _typesize(spec: FrameSpec) -> int:
    """Return how many bytes the filters take together; it divides the frame, or 1.

    With a typesize of 1 BYTEDELTA does nothing. With any other it takes each byte of an 8-bit
    picture less its left neighbour, and tells colours and the halves of 16 bit apart. PyTables
    cannot read frames that are no multiple of it, and above some hundred Blosc2 corrupts.
    """
    wanted = {"gray8": _PRIMES, "gray16": (2,)}.get(spec.pixel_format, (3,))
    return next((size for size in wanted if spec.nbytes % size == 0), 1)


_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31)


def _delta(spec: FrameSpec) -> tuple[str, ...]:
    if _typesize(spec) == 1:
        return ("BITSHUFFLE",)  # a size such as 641x479: this still finds half of it
    return ("BYTEDELTA",) if spec.pixel_format == "gray8" else ("SHUFFLE", "BYTEDELTA")


_MAKERS: Mapping[str, Callable[[FrameSpec], Filter]] = {
    "bytedelta": lambda spec: _blosc2(spec, "bytedelta", _delta(spec)),
    "bytedelta5": lambda spec: _blosc2(spec, "bytedelta5", _delta(spec), level=5),
    "bitshuffle": lambda spec: _blosc2(spec, "bitshuffle", ("BITSHUFFLE",)),
    "lz4": lambda spec: _blosc2(spec, "lz4", _delta(spec), codec="LZ4", level=5),
    "zlib": Deflate,
    "none": Plain,
}
_PROFILES = {"auto": "bytedelta", "fast": "bytedelta", "compatible": "zlib"}
# In 8 bit noise the higher levels of zstd look for repetitions that are not there: 2.127 : 1 in
# 1.1 s a frame, where level 1 has 2.129 in 5 ms. In 16 bit level 5 is 2 to 3 % smaller.
_ARCHIVE = {"gray16": "bytedelta5"}
FILTERS = tuple(_MAKERS)
PROFILES = (*_PROFILES, "archive")


def choose(name: str, spec: FrameSpec) -> Filter:
    """Return the filter that a profile or a filter's own name means for these frames.

    Parameters
    ----------
    name
        One of `PROFILES` or `FILTERS`.

    Raises
    ------
    NotLossless
        There is none of that name, or it does not take frames of this size.
    """
    wanted = filter_name(name, spec.pixel_format)
    limit = _LARGEST if wanted in ("none", "zlib") else _LARGEST_OF_BLOSC2
    if spec.nbytes > limit:
        raise NotLossless(f"{spec}: with codec {wanted} an HDF5 chunk holds {limit} bytes at most")
    return _MAKERS[wanted](spec.with_fps(None))


def filter_name(name: str, pixel_format: str) -> str:
    """Return the name of the filter that a profile, or a filter's own name, means.

    Raises
    ------
    NotLossless
        There is none of that name.
    """
    if name == "archive":
        return _ARCHIVE.get(pixel_format, "bytedelta")
    wanted = _PROFILES.get(name, name)
    if wanted in _MAKERS:
        return wanted
    known = [*PROFILES, *FILTERS]
    close = difflib.get_close_matches(name, known, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise NotLossless(f"codec {name}: not one for HDF5; there are {', '.join(known)}{hint}")


@lru_cache(maxsize=32)
def prove(filter_: Filter, spec: FrameSpec) -> None:
    """Compress and decompress test frames of this very size and compare every bit.

    Raises
    ------
    NotLossless
    """
    back = np.empty(spec.shape, spec.dtype)
    for name, frame in patterns(spec):
        chunk = b"".join(filter_.compress(frame))
        filter_.decompress(chunk, back)
        if not np.array_equal(frame, back):
            raise NotLossless(f"codec {filter_.name} loses the {name} test frame of {spec}")
