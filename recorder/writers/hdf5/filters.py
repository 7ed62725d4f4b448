"""How a frame becomes the chunk of an HDF5 file, and a frame again.

Chunks are compressed outside the HDF5 library, which would use one core for everything. What it
reads later are Blosc2's own frames: any program with the registered filter 32026 opens them
(PyTables, flammkuchen, h5py with hdf5plugin); `zlib` and `none` open everywhere.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from recorder.errors import NotLossless
from recorder.frame import FrameSpec
from recorder.writers.proof import patterns

if TYPE_CHECKING:
    from recorder.frame import Frame

Parts = Sequence[bytes | memoryview]
"""A chunk, in pieces that are written one after the other."""

_BLOSC2, _SHUFFLE, _DEFLATE = 32026, 2, 1  # the HDF Group's register of filters
_ZSTD_CODE = 5


class Filter(Protocol):
    """Turns frames of one kind into chunks and back; any thread may use it."""

    @property
    def name(self) -> str:
        """What the user calls it."""

    @property
    def lends(self) -> bool:
        """Whether a chunk is the frame's own memory, which must then stay until it is written."""

    def __hash__(self) -> int:
        """Make equal filters the same, so that a proof holds for all of them."""

    def pipeline(self) -> Sequence[tuple[int, str, Sequence[int]]]:
        """Return (registered number, name, parameters) of each HDF5 filter."""

    def compress(self, frame: Frame) -> Parts:
        """Return a frame's chunk."""

    def decompress(self, chunk: bytes, out: Frame) -> None:
        """Fill `out` with the frame of a chunk."""


@dataclass(frozen=True)
class Plain:
    """No compression."""

    spec: FrameSpec
    name: str = "none"
    lends: bool = True

    def pipeline(self) -> Sequence[tuple[int, str, Sequence[int]]]:
        """Return no filter."""
        return ()

    def compress(self, frame: Frame) -> Parts:
        """Return the frame's own memory."""
        return (frame.data.cast("B"),)

    def decompress(self, chunk: bytes, out: Frame) -> None:
        """Copy."""
        out[...] = np.frombuffer(chunk, out.dtype).reshape(out.shape)


@dataclass(frozen=True)
class Deflate:
    """HDF5's own filters, which MATLAB and HDFView open without a plug-in: shuffle, deflate."""

    spec: FrameSpec
    level: int = 1
    name: str = "zlib"
    lends: bool = False

    @property
    def _itemsize(self) -> int:
        return np.dtype(self.spec.dtype).itemsize

    def pipeline(self) -> Sequence[tuple[int, str, Sequence[int]]]:
        """Return shuffle and deflate."""
        return ((_SHUFFLE, "shuffle", (self._itemsize,)), (_DEFLATE, "deflate", (self.level,)))

    def compress(self, frame: Frame) -> Parts:
        """Shuffle the bytes of the samples, then deflate."""
        planes = frame.reshape(-1).view(np.uint8).reshape(-1, self._itemsize).T
        return (zlib.compress(np.ascontiguousarray(planes).data, self.level),)

    def decompress(self, chunk: bytes, out: Frame) -> None:
        """Inflate, then put the bytes of the samples together again."""
        planes = np.frombuffer(zlib.decompress(chunk), np.uint8).reshape(self._itemsize, -1)
        out[...] = np.ascontiguousarray(planes.T).reshape(-1).view(out.dtype).reshape(out.shape)


@dataclass(frozen=True)
class Blosc2:
    """Blosc2, with its parameters.

    Parameters
    ----------
    typesize
        Bytes that the filters take together.
    steps
        Blosc2's filters by name, in their order.
    level
        Of zstd.
    """

    spec: FrameSpec
    name: str
    typesize: int
    steps: tuple[str, ...]
    level: int = 1
    codec: str = "ZSTD"
    lends: bool = False

    def pipeline(self) -> Sequence[tuple[int, str, Sequence[int]]]:
        """Return Blosc2 with the parameters that PyTables gives it."""
        spec = self.spec
        itemsize = np.dtype(spec.dtype).itemsize
        values = (1, spec.nbytes, itemsize, spec.nbytes, self.level, 1, _ZSTD_CODE)
        return ((_BLOSC2, "blosc2", (*values, 1 + len(spec.shape), 1, *spec.shape)),)

    def compress(self, frame: Frame) -> Parts:
        """Compress, and put the result into the envelope that the HDF5 filter expects."""
        import blosc2

        chunk = blosc2.compress2(frame, **_parameters(self))
        head, tail = _envelope(self)
        return (_with_sizes(head, chunk, tail), chunk, tail)

    def decompress(self, chunk: bytes, out: Frame) -> None:
        """Open the envelope and decompress."""
        import blosc2

        blosc2.schunk_from_cframe(chunk).decompress_chunk(0, dst=out)


@lru_cache(maxsize=64)
def _parameters(filter_: Blosc2) -> dict[str, Any]:
    """Return what Blosc2 is told."""
    import blosc2

    blosc2.set_releasegil(True)
    steps = [getattr(blosc2.Filter, step) for step in filter_.steps]
    return {
        "codec": getattr(blosc2.Codec, filter_.codec),
        "clevel": filter_.level,
        "typesize": filter_.typesize,
        "filters": [blosc2.Filter.NOFILTER] * (6 - len(steps)) + steps,
        "filters_meta": [0] * 6,
        "nthreads": 1,
        "blocksize": _block(filter_),
    }


def _block(filter_: Blosc2) -> int:
    """Return how many bytes zstd gets at a time; 0: Blosc2's own choice, 32 to 96 KiB.

    Large blocks are 10 to 20 % faster, because zstd begins anew for each. Up to 256 KiB it looks
    for shorter repetitions, which noise does not have, and takes half as long again.
    """
    if filter_.spec.nbytes <= 2**18:
        return 0
    return min(2**20, filter_.spec.nbytes) // filter_.typesize * filter_.typesize


# Blosc2's contiguous frame: a header with two sizes in it, the chunk, and a trailer that is the
# same for all frames that hold one chunk (README_CFRAME_FORMAT.rst of C-Blosc2). To build it here
# saves three copies of the chunk that the library's own way makes.
_FRAME_SIZE_AT, _CHUNK_SIZE_AT = 16, 39


def _with_sizes(head: bytes, chunk: bytes, tail: bytes) -> bytes:
    whole = (len(head) + len(chunk) + len(tail)).to_bytes(8, "big")
    return b"".join(
        (
            head[:_FRAME_SIZE_AT],
            whole,
            head[_FRAME_SIZE_AT + 8 : _CHUNK_SIZE_AT],
            len(chunk).to_bytes(8, "big"),
            head[_CHUNK_SIZE_AT + 8 :],
        )
    )


@lru_cache(maxsize=64)
def _envelope(filter_: Blosc2) -> tuple[bytes, bytes]:
    """Take the library's own frame apart; the proof shows that it goes together again."""
    import blosc2

    sample = dict(patterns(filter_.spec))["noise"]
    chunk = blosc2.compress2(sample, **_parameters(filter_))
    schunk = blosc2.SChunk(chunksize=sample.nbytes, cparams=_parameters(filter_))
    schunk.append_data(sample)
    frame = schunk.to_cframe()
    head, found, tail = frame.partition(chunk)
    if not found or _with_sizes(head, chunk, tail) != head:
        raise NotLossless("this Blosc2 lays out its frames in an unknown way; use codec zlib")
    return head, tail
