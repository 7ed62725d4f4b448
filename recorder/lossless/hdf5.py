"""HDF5 for `mimwrite` and `mimread`: the recorder's own file, without a camera."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import xxhash

from recorder import signals
from recorder.errors import RecorderError, WriterError
from recorder.frame import FrameSpec, FrameStamp
from recorder.lossless.frames import as_frame, spec_of
from recorder.lossless.output import Output
from recorder.playback.hdf5 import Hdf5Part
from recorder.writers import naming
from recorder.writers.about import versions
from recorder.writers.base import WriteReport
from recorder.writers.hdf5 import Hdf5Writer, choose, library, prove
from recorder.writers.hdf5.filters import Filter
from recorder.writers.hdf5.writer import COMMIT_S
from recorder.writers.replace import Unfinished

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
        What was there is as it was; what was written stays unfinished, and the error says where.
    """
    coming = _own(frames)
    first = next(coming, None)
    if first is None:
        raise WriterError(f"{path}: there are no frames to write")
    spec = spec_of(first, fps)
    chosen = choose(codec, spec)
    prove(chosen, spec.with_fps(None))
    output = _Hdf5Output(Unfinished(path, naming.HDF5), chosen, spec, fps)
    try:
        for number, frame in enumerate(chain([first], coming)):
            spec_fits(spec, frame, number)
            output.write(frame)
    except BaseException as error:
        output.give_up(error)
        raise
    output.finish()


def _own(frames: Iterable[object]) -> Iterator[Frame]:
    """Give frames that stay as they are while they are compressed beside the next ones."""
    may_change = not isinstance(frames, np.ndarray | list | tuple)
    for given in frames:
        frame = as_frame(given)
        yield frame.copy() if may_change and np.shares_memory(frame, given) else frame


class _Hdf5Output(Output):
    """Takes frames, each grabbed 1 / fps seconds after the one before."""

    def __init__(self, file: Unfinished, filter_: Filter, spec: FrameSpec, fps: float) -> None:
        super().__init__(file, all_or_none=True)
        self._filter, self._spec, self._fps = filter_, spec, fps
        self._report: WriteReport | None = None
        with self._beginning():
            self._writer = file.claim(self._open)
            self._start_ns, self._start_utc_ns = time.monotonic_ns(), time.time_ns()
            self._ended = threading.Event()
            self._thread = threading.Thread(target=self._show, name="show frames", daemon=True)
            self._thread.start()

    def _open(self, path: Path) -> Hdf5Writer:
        about = {
            "start": datetime.now().astimezone().isoformat(),
            "versions": versions(),
            "source": "mimwrite",
        }
        writer = Hdf5Writer(path.with_name(path.name[: -len(naming.HDF5)]), self._filter, about)
        writer.open(self._spec)
        return writer

    def _put(self, frame: Frame) -> None:
        after_ns = round(self.frames * 1e9 / self._fps)
        clocks = (self._start_ns + after_ns, self._start_utc_ns + after_ns, None)
        digest = xxhash.xxh3_64_intdigest(frame.data)
        # Whatever cuts it off, the writer is finished then, and must not be in the midst of a step.
        with signals.all_held():
            self._writer.write(frame, FrameStamp(*clocks, self.frames, 1, digest))

    def _show(self) -> None:
        """Bring frames into the file while the next ones are long in coming."""
        while not self._ended.wait(COMMIT_S):
            if self._lock.acquire(blocking=False):  # else one is just being written
                try:
                    with contextlib.suppress(RecorderError):  # the next frame meets it, too
                        self._writer.check()
                finally:
                    self._lock.release()

    def _close(self) -> None:
        report = self._closed()
        failed = report.unfinished or (WriterError(report.error) if report.error else None)
        if failed is not None:
            raise failed

    def _closed(self) -> WriteReport:
        with signals.all_held():  # half closed, it could not be closed again
            if self._report is None:
                self._ended.set()
                self._thread.join()
                self._report = self._writer.close("requested")
            return self._report

    def _kill(self) -> None:
        self._closed()

    def _count(self) -> int | None:
        return None if self._report is None else self._report.written


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
