"""What is in the files of a recording, put together."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from recorder.errors import RecorderError
from recorder.frame import FrameSpec
from recorder.playback.frames import Frames, NoFrames
from recorder.playback.joining import state_after
from recorder.playback.part import Part, require_file, require_order
from recorder.writers import about as about_file
from recorder.writers.account import STATUSES
from recorder.writers.ledger import Row

if TYPE_CHECKING:
    import numpy.typing as npt

LEDGER = np.dtype(
    [
        ("frame", np.int64),
        ("grab", np.int64),
        ("status", np.uint8),
        ("t_mono_ns", np.int64),
        ("t_utc_ns", np.int64),
        ("t_camera_ms", np.float64),
        ("xxh3_64", np.uint64),
        ("note", "S24"),
    ]
)
"""A row of `Recording.ledger`."""

_CODES = {name: code for code, name in enumerate(STATUSES)}


def open_part(part: Part) -> tuple[Frames, list[Row]]:
    """Open the frames, then read the rows: of a recording that goes on, no frame lacks its row."""
    frames: Frames = part.open_frames() if part.file.exists() else NoFrames()
    try:
        rows = part.rows()
        require_order(part, rows)
        require_file(part, part.state, rows)
    except RecorderError:
        frames.close()
        raise
    return frames, rows


def count(part: Part, frames: Frames, rows: Sequence[Row]) -> int:
    """Return how many frames are in a file; one without a row is none, nothing vouches for it."""
    written = sum(row.status == "written" for row in rows)
    if part.state == "complete" and len(frames) < written:
        warnings.warn(
            f"{part.file} holds {len(frames)} frames, and its ledger says {written}; "
            "`recorder verify` tells which are missing",
            stacklevel=4,
        )
    return min(len(frames), written)


def table(part: Part, rows: Sequence[Row], start: int, count: int) -> npt.NDArray[np.void]:
    """Return the rows of a file as an array.

    Parameters
    ----------
    start
        Frames in the files before this one.
    count
        Frames in this one: rows beyond have none.

    Raises
    ------
    RecorderError
        A row makes no sense.
    """
    try:
        return np.array([_cells(row, start, count) for row in rows], LEDGER)
    except (KeyError, OverflowError) as error:
        raise RecorderError(f"{part.file}: a row of its ledger makes no sense: {error}") from error


def timestamps(about: Mapping[str, Any], kept: npt.NDArray[np.void]) -> npt.NDArray[np.float64]:
    """Return when the frames were taken, in s from the first one.

    Parameters
    ----------
    about
        Names the column of the ledger that says so; the monotonic clock if it does not.
    kept
        The rows of the frames, of type `LEDGER`.
    """
    if about.get("timestamps") == "t_camera_ms":
        own_ms: npt.NDArray[np.float64] = kept["t_camera_ms"]
        if not np.isnan(own_ms).any():
            return (own_ms - own_ms[:1]) / 1e3
    t_ns = kept["t_mono_ns"]
    return (t_ns - t_ns[:1]) / 1e9  # type: ignore[no-any-return]


def _cells(row: Row, start: int, count: int) -> tuple[Any, ...]:
    there = row.status == "written" and row.frame < count
    return (
        start + row.frame if there else -1,
        row.grab,
        _CODES[row.status],
        row.t_mono_ns,
        row.t_utc_ns,
        np.nan if row.t_camera_ms is None else row.t_camera_ms,
        row.xxh3_64 or 0,
        row.note.encode(),
    )


def common_spec(parts: Sequence[Part]) -> FrameSpec:
    """Return what all frames are.

    Raises
    ------
    RecorderError
        A file does not say, or they differ.
    """
    specs = {part.file: part.spec for part in parts}
    first = parts[0].spec
    for file, spec in specs.items():
        if spec != first:
            raise RecorderError(f"{file} has frames of {spec}, {parts[0].file} of {first}")
    return first


def common_state(parts: Sequence[Part]) -> str:
    """Return the state of the whole: of its parts', the one that says most.

    A last part after which it was to go on is not the end, even if it is complete itself.
    """
    states = {part.state for part in parts}
    if parts[-1].about.get("reason") == about_file.GOES_ON:
        states.add(state_after(parts[-1]))
    return next((state for state in ("recording", "interrupted") if state in states), "complete")


def common_about(parts: Sequence[Part], state: str) -> dict[str, Any]:
    """Return what the first part says, and of the whole what each part says of itself."""
    abouts: list[Mapping[str, Any]] = [part.about for part in parts]
    reason = abouts[-1].get("reason")
    if len(abouts) == 1 and reason != about_file.GOES_ON:
        return dict(abouts[0])
    totals = [about.get("totals") or {} for about in abouts]
    names = totals[0] if all(totals) else ()
    complete = state == about_file.COMPLETE
    return dict(abouts[0]) | {
        "state": about_file.COMPLETE if complete else about_file.RECORDING,
        "reason": None if reason == about_file.GOES_ON else reason,
        "error": next((error for about in abouts if (error := about.get("error"))), None),
        "totals": {name: sum(total[name] for total in totals) for name in names},
    }
