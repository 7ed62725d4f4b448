"""What a camera's process left in the shared memory when it died."""

from __future__ import annotations

from dataclasses import dataclass

from recorder.frame import FrameStamp
from recorder.layout import HEADER, PROGRESS, PROGRESS_AT, ROW, row_at
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
        Of all frames from the first one on that is still in the ring. Those that never had a
        slot (there was none, or they could not be decoded) have the time of the one before.
    """
    if HEADER.unpack_from(block.buf)[0] != MAGIC:
        return []
    found = {stamp.grab: stamp for stamp in _slots(block) if stamp.take == progress.take}
    if not found:
        return []
    stamps: list[FrameStamp] = []
    for grab in range(min(found), progress.grabbed):
        stamp = found.get(grab)
        if stamp is None:
            stamp = stamps[-1]._replace(grab=grab)
        stamps.append(stamp._replace(xxh3_64=None))
    return stamps


def _slots(block: Block) -> list[FrameStamp]:
    _, newest, _, slots, *_ = HEADER.unpack_from(block.buf)
    rows = (ROW.unpack_from(block.buf, row_at(index)) for index in range(slots))
    return [
        FrameStamp(mono, utc, None if camera != camera else camera, grab, take)
        for sequence, mono, utc, camera, grab, take, _ in rows
        if sequence > newest - slots  # older ones have been written long ago
    ]
