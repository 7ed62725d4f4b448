"""HDF5 for `mimwrite` and `mimread`: the recorder's own file, without a camera."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xxhash

from recorder.errors import RecorderError, WriterError
from recorder.frame import FrameSpec, FrameStamp
from recorder.lossless.frames import as_frame, spec_of
from recorder.playback.hdf5 import Hdf5Part
from recorder.writers.about import versions
from recorder.writers.hdf5 import Hdf5Writer, choose, library, prove
from recorder.writers.replace import Replacement

if TYPE_CHECKING:
    from recorder.frame import Frame


def write_hdf5(path: Path, frames: Iterable[object], fps: float, codec: str = "auto") -> None:
    """Write frames as a recording in which frame n was grabbed n / fps seconds after the first.

    Parameters
    ----------
    path
        Replaced when the new file is complete.
    frames
        As for `mimwrite`.
    codec
        A profile or a filter's name; see `recorder.writers.hdf5.filters`.

    Raises
    ------
    NotLossless, WriterError, NoSpace
        Nothing is left behind, and what was there is as it was.
    """
    coming = _own(frames)
    first = next(coming, None)
    if first is None:
        raise WriterError(f"{path}: there are no frames to write")
    spec = spec_of(first, fps)
    chosen = choose(codec, spec)
    prove(chosen, spec.with_fps(None))
    replacement = Replacement(path)
    fresh = replacement.fresh
    about = {
        "start": datetime.now().astimezone().isoformat(),
        "versions": versions(),
        "source": "mimwrite",
    }
    writer = Hdf5Writer(fresh.with_name(fresh.name[: -len(".h5")]), chosen, about)
    try:
        writer.open(spec)
        try:
            _write(writer, spec, chain([first], coming), fps)
        finally:
            report = writer.close("requested")
        failed = report.unfinished or (WriterError(report.error) if report.error else None)
        if failed is not None:
            raise failed
    except BaseException:
        replacement.discard()
        raise
    replacement.commit()


def _own(frames: Iterable[object]) -> Iterator[Frame]:
    """Give frames that stay as they are while they are compressed beside the next ones."""
    may_change = not isinstance(frames, np.ndarray | list | tuple)
    for given in frames:
        frame = as_frame(given)
        yield frame.copy() if may_change and np.shares_memory(frame, given) else frame


def _write(writer: Hdf5Writer, spec: FrameSpec, frames: Iterable[Frame], fps: float) -> None:
    start_ns, start_utc_ns = time.monotonic_ns(), time.time_ns()
    for number, frame in enumerate(frames):
        spec_fits(spec, frame, number)
        after_ns = round(number * 1e9 / fps)
        digest = xxhash.xxh3_64_intdigest(frame.data)
        stamp = FrameStamp(start_ns + after_ns, start_utc_ns + after_ns, None, number, 1, digest)
        writer.write(frame, stamp)


def spec_fits(spec: FrameSpec, frame: Frame, number: int) -> None:
    """Refuse a frame that is not like the first.

    Raises
    ------
    WriterError
    """
    if not spec.fits(frame):
        raise WriterError(
            f"frame {number} is {frame.shape} {frame.dtype}, the first was {spec.shape} "
            f"{spec.dtype}: a file has frames of one kind"
        )


def read_hdf5(path: Path) -> Frame:
    """Read all frames: of a recording, or of any HDF5 file that has an array called frames.

    Returns
    -------
    array
        (n, height, width[, 3]), red first.

    Raises
    ------
    RecorderError
        There is no such file, or it has no frames, or is being recorded right now.
    """
    if not path.is_file():
        raise RecorderError(f"{path}: there is no such file")
    part = Hdf5Part(path.with_name(path.name[: -len(".h5")]))
    if "codec" not in part.about:
        return _foreign(path)
    spec = part.spec
    frames = part.open_frames()
    try:
        found: Frame = np.empty((len(frames), *spec.shape), spec.dtype)
        for number, frame in enumerate(frames.iterate(0, len(frames))):
            found[number] = frame
    finally:
        frames.close()
    return found[..., ::-1] if spec.pixel_format == "bgr8" else found


def _foreign(path: Path) -> Frame:
    import flammkuchen
    import tables

    try:
        found = library.with_or_without_locks(lambda: flammkuchen.load(str(path), "/frames"))
    except (tables.HDF5ExtError, ValueError, OSError) as error:
        raise RecorderError(f"{path} holds no array called frames: {error}") from error
    array: Frame = np.asarray(found)
    return array
