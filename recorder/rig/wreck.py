"""What a camera's process left in the shared memory when it died."""

from __future__ import annotations

from dataclasses import dataclass

from recorder.frame import FrameStamp
from recorder.layout import (
    HEADER,
    HISTORY,
    HISTORY_AT,
    HISTORY_LENGTH,
    PROGRESS,
    PROGRESS_AT,
    ROW,
    row_at,
)
from recorder.pipeline.memory import Block
from recorder.pipeline.view import MAGIC


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a recording had come.

    Parameters
    ----------
    take
        Its number within the session; 0 if there was none.
    grabbed
        Frames of it; its numbers go on from there.
    first_ns, last_ns, last_utc_ns
        Monotonic time of its first and last grab, and Unix time of the last.
    """

    take: int
    grabbed: int
    first_ns: int
    last_ns: int
    last_utc_ns: int


def progress_in(block: Block) -> Progress:
    """Return how far the recording in a ring had come."""
    return Progress(*PROGRESS.unpack_from(block.buf, PROGRESS_AT))


def stamps_in(block: Block, progress: Progress) -> list[FrameStamp]:
    """Return the stamps of the last frames of a recording, in the order of their grabs.

    Parameters
    ----------
    block
        The ring of a process that is dead: nobody writes in it.

    Returns
    -------
    list
        From the first frame on of which anything is known, without hashes. All that was still on
        its way to a file is among them, and much that was not.
    """
    if HEADER.unpack_from(block.buf)[0] != MAGIC or not progress.grabbed:
        return []
    oldest = max(0, progress.grabbed - HISTORY_LENGTH)
    found = {
        grab: _remembered(block, grab, progress.take) for grab in range(oldest, progress.grabbed)
    }
    # A slot knows the camera's own time, too, and a full ring may hold more than the history does.
    found |= {stamp.grab: stamp for stamp in _slots(block) if stamp.take == progress.take}
    stamps: list[FrameStamp] = []
    for grab in range(min(found), progress.grabbed):
        stamps.append(found.get(grab) or stamps[-1]._replace(grab=grab))
    return stamps


def _remembered(block: Block, grab: int, take: int) -> FrameStamp:
    place = HISTORY_AT + grab % HISTORY_LENGTH * HISTORY.size
    mono, utc = HISTORY.unpack_from(block.buf, place)
    return FrameStamp(mono, utc, None, grab, take)


def _slots(block: Block) -> list[FrameStamp]:
    _, newest, _, slots, *_ = HEADER.unpack_from(block.buf)
    rows = (ROW.unpack_from(block.buf, row_at(index)) for index in range(slots))
    return [
        FrameStamp(mono, utc, None if camera != camera else camera, grab, take)
        for sequence, mono, utc, camera, grab, take, _ in rows
        if sequence > newest - slots  # older ones have been written long ago
    ]
