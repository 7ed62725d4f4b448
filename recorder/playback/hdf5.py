"""HDF5 recordings at rest: about, ledger and frames out of one file."""

from __future__ import annotations

import os
import struct
import weakref
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from recorder import forks
from recorder.errors import NotLossless, RecorderError
from recorder.frame import FrameSpec
from recorder.playback.frames import readable
from recorder.system import NO_LOCKS, is_locked
from recorder.writers import about as about_file
from recorder.writers import naming
from recorder.writers.hdf5 import library
from recorder.writers.hdf5.choice import choose
from recorder.writers.hdf5.columns import COLUMNS, as_row
from recorder.writers.hdf5.groups import unescaped
from recorder.writers.hdf5.reading import about_in
from recorder.writers.ledger import Row

if TYPE_CHECKING:
    from recorder.frame import Frame

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_NOT_OURS = (ValueError, LookupError, TypeError, ArithmeticError, RecursionError, struct.error)
_WORKERS = 2
_AHEAD = 4


class Hdf5Part:
    """One HDF5 file of a recording.

    Parameters
    ----------
    stem
        Folder and name without suffix.
    """

    def __init__(self, stem: Path) -> None:
        self.stem = stem

    def __repr__(self) -> str:
        return f"Hdf5Part({str(self.stem)!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Hdf5Part, (self.stem.absolute(),)  # another process reads the files again

    @property
    def file(self) -> Path:
        """The file with the frames, and with all else."""
        return naming.beside(self.stem, naming.HDF5)

    @property
    def files(self) -> tuple[Path, ...]:
        """All files that are there: one, or none."""
        return (self.file,) if self.file.exists() else ()

    @cached_property
    def about(self) -> dict[str, Any]:
        """What `/about` says; empty while the file is being recorded, or if it has none."""
        try:
            _require_free(self.file)
            found = about_in(self.file)
        except (RecorderError, OSError):  # `rows` tells why
            return {}
        except _NOT_OURS:
            return self._read_foreign_about()  # made anew by another program
        return found if isinstance(found, dict) else {}

    def _read_foreign_about(self) -> dict[str, Any]:
        import flammkuchen
        import tables

        def opens() -> Any:
            return flammkuchen.load(str(self.file), "/about")

        try:
            found = _plain(library.with_or_without_locks(opens))
        except (tables.HDF5ExtError, RecorderError, OSError, ValueError):  # `rows` tells why
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def spec(self) -> FrameSpec:
        """What its frames are.

        Raises
        ------
        RecorderError
            The file does not say.
        """
        about = self.about
        try:
            return FrameSpec(int(about["width"]), int(about["height"]), about["pixel_format"])
        except (KeyError, TypeError, ValueError, RecorderError) as error:
            _require_free(self.file)
            raise RecorderError(f"{self.file} does not say what its frames are") from error

    @property
    def state(self) -> str:
        """``complete``, ``recording`` (right now), or ``interrupted``."""
        if _is_locked(self.file):
            return "recording"
        return "complete" if self.about.get("state") == about_file.COMPLETE else "interrupted"

    def rows(self) -> list[Row]:
        """Return the ledger's rows, in order.

        Raises
        ------
        RecorderError
            The file is no recording, or being recorded right now.
        """
        with _opened(self.file) as file:
            try:
                columns = [getattr(file.root.ledger, name)[:].tolist() for name, _ in COLUMNS]
                return [as_row(cells) for cells in zip(*columns, strict=True)]
            except Exception as error:
                raise _unreadable(self.file, error) from error

    def open_frames(self) -> Hdf5Frames:
        """Open the frames for reading.

        Raises
        ------
        RecorderError
        """
        return Hdf5Frames(self.file, self.spec, str(self.about.get("codec", "")))

    def decode(self) -> Generator[Frame, None, None]:
        """Give every frame that comes out of the file, in order.

        Yields
        ------
        array of the spec
            May be overwritten by the next frame.
        """
        with closing(self.open_frames()) as frames:
            yield from readable(frames)


def is_recording(stem: Path) -> bool:
    """Whether there is an HDF5 file of ours under a stem, or one that nobody can read."""
    path = naming.beside(stem, naming.HDF5)
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            if file.read(len(_SIGNATURE)) != _SIGNATURE:
                return False
    except OSError:  # on Windows: it is locked
        return True
    try:
        with _opened(path) as opened:
            return "/ledger" in opened
    except RecorderError:
        return True


class Hdf5Frames:
    """The frames of one HDF5 file, by index; any thread may ask, also after a fork.

    Parameters
    ----------
    path
        The file.
    spec
        What its frames are.
    codec
        Name of the filter that its chunks went through.

    Raises
    ------
    RecorderError
        The file is no recording, or being recorded right now.
    """

    def __init__(self, path: Path, spec: FrameSpec, codec: str) -> None:
        self._path = path
        self._spec = spec
        try:
            self._filter = choose(codec, spec)
        except NotLossless as error:
            raise RecorderError(f"{path}: written by a newer version? {error}") from error
        with library.LOCK:
            self._file = _open(path)
            try:
                self._frames = self._file.root.frames
                self._count = int(self._frames.shape[0])
            except Exception as error:
                self._file.close()
                raise _unreadable(path, error) from error
        self._let_go = weakref.finalize(self, library.discard, self._file)
        forks.notify(self)

    def forked(self) -> None:
        """Never close the file: that would end the parent's lock, which both processes have."""
        self._let_go.detach()

    def __len__(self) -> int:
        return self._count

    def read(self, index: int, out: Frame) -> None:
        """Fill an array of the spec with one frame.

        Raises
        ------
        RecorderError
            The frame cannot be read.
        """
        self._decompress(index, self._chunk(index), out)

    def iterate(self, start: int, stop: int) -> Generator[Frame, None, None]:
        """Give the frames from `start` to before `stop`, decompressed by several threads.

        Yields
        ------
        array of the spec
            Used again for a later frame.
        """
        at = start
        while at < stop:  # once, but for forks
            with closing(self._ahead(at, stop)) as frames:
                for frame in frames:
                    yield frame
                    at += 1

    def _ahead(self, start: int, stop: int) -> Generator[Frame, None, None]:
        """Give the frames of a range; in a forked process it ends: there the threads are gone."""
        process = os.getpid()
        with ThreadPoolExecutor(_WORKERS, "decompress") as pool:
            for frame in self._decompressed(pool, start, stop):
                yield frame
                if os.getpid() != process:
                    return

    def _decompressed(
        self, pool: ThreadPoolExecutor, start: int, stop: int
    ) -> Generator[Frame, None, None]:
        spare = [np.empty(self._spec.shape, self._spec.dtype) for _ in range(_AHEAD + 1)]
        coming: deque[Future[Frame]] = deque()
        for index in range(start, stop):
            if len(coming) == _AHEAD:
                frame = coming.popleft().result()
                yield frame
                spare.append(frame)
            coming.append(pool.submit(self._filled, index, spare.pop()))
        while coming:
            yield coming.popleft().result()

    def close(self) -> None:
        """Close the file."""
        with library.LOCK:
            self._let_go()

    def _chunk(self, index: int) -> bytes:
        with library.LOCK:
            try:
                start = (index, *([0] * len(self._spec.shape)))
                return bytes(self._frames.read_chunk(start))
            except Exception as error:
                raise RecorderError(f"{self._path}: frame {index}: {_last_line(error)}") from error

    def _filled(self, index: int, out: Frame) -> Frame:
        self.read(index, out)
        return out

    def _decompress(self, index: int, chunk: bytes, out: Frame) -> None:
        try:
            self._filter.decompress(chunk, out)
        except Exception as error:
            raise RecorderError(f"{self._path}: frame {index}: {_last_line(error)}") from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    with library.LOCK:
        file = _open(path)
        try:
            yield file
        finally:
            file.close()


def _open(path: Path) -> Any:
    _require_free(path)
    try:
        return library.open_file(path)
    except Exception as error:
        raise _unreadable(path, error) from error


def _is_locked(path: Path) -> bool:
    try:
        return is_locked(path)
    except OSError as error:
        return error.errno in NO_LOCKS and _is_live(path)


def _is_live(path: Path) -> bool:
    """Whether a file says that it is being written, by a process that still runs."""
    try:
        return about_file.is_live(about_in(path))
    except (*_NOT_OURS, OSError):
        return False


def _require_free(path: Path) -> None:
    if _is_locked(path):
        raise RecorderError(f"{path} is being recorded right now; it can be read when it is closed")


def _unreadable(path: Path, error: Exception) -> RecorderError:
    if not path.exists():
        return RecorderError(f"{path} is missing")
    return RecorderError(f"{path} cannot be read as a recording: {_last_line(error)}")


def _last_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[-1].strip() if lines else type(error).__name__


def _plain(value: Any) -> Any:
    """Return NumPy's scalars as Python's."""
    if isinstance(value, dict):
        return {unescaped(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.item() if isinstance(value, np.generic) else value
