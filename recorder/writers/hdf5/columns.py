"""The ledger as columns: one array each, because that is what loads everywhere."""

from __future__ import annotations

from math import isnan
from typing import Any

from recorder.frame import FrameStamp
from recorder.writers.account import STATUSES
from recorder.writers.ledger import Row

COLUMNS = (
    ("frame", "<i8"),
    ("grab", "<i8"),
    ("status", "|u1"),
    ("t_mono_ns", "<i8"),
    ("t_utc_ns", "<i8"),
    ("t_camera_ms", "<f8"),
    ("xxh3_64", "<u8"),
    ("note", "|S24"),
)
"""Name and dtype of each; what they mean is in recorder/README.md."""


def row(stamp: FrameStamp, frame: int, status: str, note: str) -> tuple[Any, ...]:
    """Return a row with a value for each of `COLUMNS`.

    Parameters
    ----------
    frame
        0-based index in the file, if the frame is in it.
    status
        One of `STATUSES`.
    """
    there = status == "written"
    return (
        frame if there else -1,
        stamp.grab,
        STATUSES.index(status),
        stamp.t_mono_ns,
        stamp.t_utc_ns,
        float("nan") if stamp.t_camera_ms is None else stamp.t_camera_ms,
        (stamp.xxh3_64 or 0) if there else 0,
        note.encode()[:24],
    )


def as_row(cells: tuple[Any, ...]) -> Row:
    """Return the ledger's row that the values of all columns make."""
    frame, grab, status, mono, utc, camera, digest, note = cells
    return Row(
        frame,
        grab,
        STATUSES[status],
        mono,
        utc,
        None if isnan(camera) else camera,
        digest if frame >= 0 else None,
        note.decode(errors="replace"),
    )
