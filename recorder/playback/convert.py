"""Convert a recording: the same frames and rows in another kind of file, compared bit by bit."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xxhash

from recorder.errors import Damaged, FileTaken, RecorderError
from recorder.playback.recording import Recording, open_recording
from recorder.playback.targets import Target, target_for
from recorder.system import sync_folder
from recorder.writers.about import versions
from recorder.writers.ledger import Row, as_recorder_error

if TYPE_CHECKING:
    from recorder.frame import Frame

Advance = Callable[[str, int, int], None]
"""Told (what is being done, frames done, frames in all)."""

_OF_THE_FILE = (
    *("file", "format", "codec", "ffmpeg_command", "encoder_messages", "writer", "part"),
    *("file_fps", "time_deviation_ms", "file_notes", "file_limit"),
)
"""What an about file says of its own file, and not of the recording."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """What was converted.

    Parameters
    ----------
    files
        What is new, the one with the frames last: then the others are there already.
    frames
        How many; each was decoded again and is exact.
    bytes_in, bytes_out
        Size on disk of the recording and of what is new.
    """

    files: tuple[Path, ...]
    frames: int
    bytes_in: int
    bytes_out: int


def convert(
    source: str | Path, target: str | Path, codec: str = "auto", advance: Advance | None = None
) -> Conversion:
    """Convert a recording, with its ledger and about.

    Parameters
    ----------
    source
        Any file of a recording, or its stem; all of its segments are joined.
    target
        Its suffix says what it becomes: .mkv, .h5, .npy, or a folder of .png or .tif, named so
        or without a suffix. Nothing is overwritten.
    codec
        For .mkv and .h5: a profile or a codec's own name.
    advance
        Called after each frame.

    Raises
    ------
    Damaged
        A frame of the recording, or of what was written, is not what the camera gave.
    FileTaken
        Something of that name exists.
    RecorderError, ConfigError, NotLossless, WriterError, NoSpace
        It cannot be converted. In each case nothing is left behind.
    """
    path = Path(target)
    with open_recording(source) as recording:
        _require_whole(recording)
        try:
            return _into_place(recording, path, codec, advance or _silent)
        except OSError as error:
            raise as_recorder_error(error, path) from error


def _require_whole(recording: Recording) -> None:
    if recording.state == "recording":
        raise RecorderError(
            f"{recording.parts[0].file} is being recorded right now; wait for its end"
        )
    numbers = {part.about.get("part", 0) for part in recording.parts}
    missing = sorted(set(range(max(numbers))) - numbers)
    if missing:
        raise Damaged(f"{recording.parts[0].file}: part {missing[0]} of the recording is missing")


def _silent(what: str, done: int, count: int) -> None:
    pass


def _into_place(recording: Recording, path: Path, codec: str, advance: Advance) -> Conversion:
    """Write under a name that nobody looks at, compare, then move."""
    parent = path.parent
    if not parent.is_dir():
        raise RecorderError(f"{parent}: there is no such folder")
    with tempfile.TemporaryDirectory(prefix=".recorder-convert-", dir=parent) as temporary:
        folder = Path(temporary)
        target = target_for(path, folder, codec, _about(recording))
        for made in target.made:
            _require_free(parent / made.name)
        hashes = _copy(recording, target, advance)
        _compare(target, hashes, path, advance)
        return Conversion(
            tuple(_move(made, parent) for made in target.made),
            len(hashes),
            sum(file.stat().st_size for part in recording.parts for file in part.files),
            sum(_size(parent / made.name) for made in target.made),
        )


def _about(recording: Recording) -> dict[str, Any]:
    kept = {key: value for key, value in recording.about.items() if key not in _OF_THE_FILE}
    origin = {key: recording.about.get(key) for key in ("codec", "ffmpeg_command", "versions")}
    origin["files"] = [part.file.name for part in recording.parts]
    origin["state"] = recording.state
    return kept | {"part": 0, "converted_from": origin, "versions": versions()}


def _copy(recording: Recording, target: Target, advance: Advance) -> list[int]:
    """Write all frames and rows; return the hashes of the frames."""
    count = len(recording)
    spec = recording.parts[0].spec.with_fps(recording.about.get("nominal_fps"))
    target.open(spec, count)
    hashes: list[int] = []
    closed = False
    try:
        for row, frame in _walk(recording):
            if frame is None:
                target.skip(row.stamp._replace(xxh3_64=None), *_loss(row))
                continue
            digest = xxhash.xxh3_64_intdigest(frame.data)
            if digest != row.xxh3_64:
                raise Damaged(f"frame {len(hashes)} (grab {row.grab}) is not what the camera gave")
            target.write(frame, row.stamp)
            hashes.append(digest)
            advance("converting", len(hashes), count)
        closed = True
    finally:
        if not closed:
            _give_up(target)
    target.close(str(recording.about.get("reason") or "interrupted"))
    return hashes


def _give_up(target: Target) -> None:
    with suppress(RecorderError, OSError):  # what went wrong before is what is told
        target.close("interrupted")


def _walk(recording: Recording) -> Iterator[tuple[Row, Frame | None]]:
    """Give every row, with its frame if there is one."""
    for part in recording.parts:
        frames = part.open_frames()
        try:
            coming = frames.iterate(0, len(frames))
            for row in part.rows():
                frame = next(coming, None) if row.status == "written" else None
                if frame is None and row.status == "written" and part.state == "complete":
                    raise Damaged(f"{part.file}: frame {row.frame} (grab {row.grab}) is missing")
                yield row, None if frame is None else frame.copy()
            coming.close()
        finally:
            frames.close()


def _loss(row: Row) -> tuple[str, str]:
    # Of an interrupted recording: the row came to the disk, and the frame did not.
    return ("dropped", "interrupted") if row.status == "written" else (row.status, row.note)


def _compare(target: Target, hashes: list[int], path: Path, advance: Advance) -> None:
    count = 0
    for frame in target.frames():
        if count >= len(hashes) or xxhash.xxh3_64_intdigest(frame.data) != hashes[count]:
            raise Damaged(f"frame {count} came out of {path} changed; nothing was kept")
        count += 1
        advance("comparing", count, len(hashes))
    if count != len(hashes):
        raise Damaged(f"{path} gave back {count} of {len(hashes)} frames; nothing was kept")


def _require_free(path: Path) -> None:
    if os.path.lexists(path):
        raise FileTaken(f"{path} exists; nothing is ever overwritten")


def _move(made: Path, parent: Path) -> Path:
    _require_free(parent / made.name)
    found = made.rename(parent / made.name)
    sync_folder(parent)
    return found


def _size(path: Path) -> int:
    if path.is_dir():
        return sum(file.stat().st_size for file in path.iterdir())
    return path.stat().st_size
