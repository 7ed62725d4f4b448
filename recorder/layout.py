"""How frames lie in a ring's memory: a header, a row for each slot, then the slots, page by page.

Known to the config, which must say before a camera opens how many frames a buffer holds, and to
the ring, which cuts it.
"""

from __future__ import annotations

import struct

from recorder.frame import FrameSpec

PAGE = 4096
# magic, newest sequence number, its slot, slots, slot bytes, first byte, width, height, format
HEADER = struct.Struct("@QQQQQQQQ8s")
NEWEST = slice(8, 24)
# how often the memory was cut: a restarted camera cuts it anew, and watchers notice
GENERATION = struct.Struct("@Q")
GENERATION_AT = HEADER.size
# take, grabs in it, monotonic time of the first, monotonic and Unix time of the last, ns: what is
# left of a camera whose process died
PROGRESS = struct.Struct("@5q")
PROGRESS_AT = GENERATION_AT + GENERATION.size
# monotonic and Unix time of the last grabs of a take, by grab modulo their number
HISTORY = struct.Struct("@qq")
HISTORY_AT = 128
HISTORY_LENGTH = 1024
# sequence number, then the stamp: mono, utc, camera (NaN: none), grab, take, hash
ROW = struct.Struct("@QqqdqqQ")


def padded(nbytes: int) -> int:
    """Round up to whole pages: slots that share no page share no cache line either."""
    return -(-nbytes // PAGE) * PAGE


_FIRST_ROW = HISTORY_AT + HISTORY_LENGTH * HISTORY.size
_BESIDE_SLOTS = padded(_FIRST_ROW) + PAGE


def row_at(index: int) -> int:
    """Return the first byte of a slot's row."""
    return _FIRST_ROW + index * ROW.size


def slots_at(count: int) -> int:
    """Return the first byte of the first of so many slots."""
    return padded(row_at(count))


def slots_in(nbytes: int, spec: FrameSpec) -> int:
    """Return how many frames fit into so many bytes."""
    return max(0, (nbytes - _BESIDE_SLOTS) // (padded(spec.nbytes) + ROW.size))


def bytes_for(count: int, spec: FrameSpec) -> int:
    """Return how many bytes hold so many frames."""
    return (padded(spec.nbytes) + ROW.size) * count + _BESIDE_SLOTS
