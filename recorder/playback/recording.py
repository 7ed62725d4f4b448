"""Recordings as arrays: frames by their number, decoded when they are asked for."""

from __future__ import annotations

import operator
from bisect import bisect_right
from collections.abc import Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np
import xxhash

from recorder.errors import Damaged
from recorder.playback.contents import (
    common_about,
    common_spec,
    common_state,
    count,
    open_part,
    table,
    timestamps,
)
from recorder.playback.joining import find_recording
from recorder.playback.opened import OpenFiles
from recorder.playback.part import Part

if TYPE_CHECKING:
    import numpy.typing as npt

    from recorder.frame import Frame

_FEW = 8
"""So many frames are read one by one: it takes as long to set a fast decoder going."""


def open_recording(path: str | Path, *, check: bool = True) -> Recording:
    """Open a recording for reading, whatever kind it is and however it ended.

    Parameters
    ----------
    path
        Any file of a recording, its stem, or a folder with only that recording in it. The
        segments of a recording are joined.
    check
        Compare each frame with the hash of what the camera gave, and raise rather than return
        anything else. A tenth of a millisecond for a large frame.

    Raises
    ------
    RecorderError
        There is no recording or there are several, or its ledger or its about file is missing.

    Warns
    -----
    UserWarning
        A finished recording lacks frames or segments.

    Examples
    --------
    >>> mimwrite("mouse.h5", np.zeros((5, 48, 64), np.uint8), fps=10)
    >>> with open_recording("mouse.h5") as recording:
    ...     recording[3].shape, float(recording.timestamps[3]), len(recording.ledger)
    ((48, 64), 0.3, 5)
    """
    return Recording(find_recording(Path(path)), check=check)


class Recording:
    """The frames of a recording, in an object that looks like an array.

    Threads may share it, and a forked process may go on with what its parent opened. Pickled, it
    names its files: it opens them again where it is unpickled.

    ``len``, ``recording[10]``, ``recording[-1]``, ``recording[10:20:2]``, iteration and
    ``np.asarray`` give frames as arrays of their own; bgr8 is blue first, see
    ``about["pixel_format"]``. One frame costs the decoding of one frame with the codecs for
    recording (magicyuv, ffvhuff, ffv1, HDF5); x264 decodes from the last key frame on.

    What counts are the frames that are really in the files. A recording that goes on is read as it
    was when it was opened.

    Parameters
    ----------
    parts
        Its files, in order.
    check
        Compare each frame with its hash.

    Attributes
    ----------
    parts
        Its files, each with its own ``about``, ``state`` and ``rows()``.
    state
        ``complete``; ``recording``, if it goes on right now; ``interrupted``, if it was killed.
    about
        What the about file says. Of several files the first one's, with the totals of all of
        them, the first error, and the reason why the last one ended.
    ledger
        One row for every grabbed frame, with the fields and types of `contents.LEDGER`. ``frame``
        counts on over all files; it is -1 where the frame is in none: it was dropped or bad, or
        had not reached the file when the recorder was killed. ``status`` is 0 written, 1 dropped,
        2 bad, 3 gap, as the ledger has it.
    timestamps
        float64 (n,): seconds from the first frame, one for each frame in the files; when they were
        grabbed, or of a video file that was recorded again, that file's own times.

    Raises
    ------
    RecorderError
    """

    def __init__(self, parts: Sequence[Part], check: bool = True) -> None:
        self.parts = tuple(parts)
        self.state = common_state(self.parts)
        self.about = common_about(self.parts, self.state)
        self._check = check
        self._spec = common_spec(self.parts)
        self._files = OpenFiles(self.parts)
        self._starts = [0]  # of each file's frames; then the end
        tables = []
        with ExitStack() as undo:
            undo.callback(self._files.close)
            for place, part in enumerate(self.parts):
                frames, rows = open_part(part)
                self._files.add(place, frames)
                start, there = self._starts[-1], count(part, frames, rows)
                tables.append(table(part, rows, start, there))
                self._starts.append(start + there)
            undo.pop_all()
        self.ledger = np.concatenate(tables)
        kept = self.ledger[self.ledger["frame"] >= 0]
        self._hashes = kept["xxh3_64"]
        self.timestamps = timestamps(self.about, kept)

    # -- what it is ---------------------------------------------------------------------------

    def __len__(self) -> int:
        return self._starts[-1]

    @property
    def shape(self) -> tuple[int, ...]:
        """(frames, height, width) or (frames, height, width, 3)."""
        return (len(self), *self._spec.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of a sample: uint8 or uint16."""
        kind: np.dtype[Any] = np.dtype(self._spec.dtype)
        return kind

    @property
    def ndim(self) -> int:
        """3 for gray frames, 4 for colour."""
        return len(self.shape)

    def __reduce__(self) -> tuple[Any, ...]:
        return Recording, (self.parts, self._check)

    def __repr__(self) -> str:
        seconds = self.timestamps[-1] if len(self) else 0.0
        files = "" if len(self.parts) == 1 else f" in {len(self.parts)} files"
        return (
            f"<Recording {self.parts[0].stem.name}: {len(self)} frames of {self._spec}, "
            f"{seconds:.3f} s, {self.state}{files}>"
        )

    # -- frames -------------------------------------------------------------------------------

    def __getitem__(self, key: Any) -> Frame:
        """Decode one frame, or those of a slice.

        Returns
        -------
        array
            (height, width[, 3]), or (n, height, width[, 3]) for a slice.

        Raises
        ------
        IndexError
            There is no such frame.
        TypeError
            Neither a whole number nor a slice.
        Damaged
            A frame cannot be decoded, or is not what the camera gave.
        """
        if isinstance(key, slice):
            return self._slice(range(*key.indices(len(self))))
        try:
            index = operator.index(key)
        except TypeError:
            raise TypeError(
                f"a recording takes a whole number or a slice, not {type(key).__name__}; for "
                "pixels index the frame: recording[10][100:200]"
            ) from None
        if not -len(self) <= index < len(self):
            raise IndexError(f"frame {index} of a recording with {len(self)} frames")
        frame: Frame = np.empty(self._spec.shape, self._spec.dtype)
        self._read(index % len(self), frame)
        return frame

    def __iter__(self) -> Iterator[Frame]:
        """Decode all frames, as fast as it goes; each is an array of its own."""
        for frame in self._range(0, len(self)):
            yield frame.copy()

    def __array__(
        self, dtype: npt.DTypeLike | None = None, copy: bool | None = None
    ) -> npt.NDArray[Any]:
        """Decode all frames into one array."""
        if copy is False:
            raise ValueError("the frames of a recording are decoded: they cannot but be a copy")
        whole: npt.NDArray[Any] = self[:]
        return whole if dtype is None else whole.astype(dtype, copy=False)

    def _slice(self, wanted: range) -> Frame:
        found: Frame = np.empty((len(wanted), *self._spec.shape), self._spec.dtype)
        # Always in the order of the file: backwards, x264 would begin anew for every frame.
        upwards, rows = (wanted, found) if wanted.step > 0 else (wanted[::-1], found[::-1])
        if upwards.step == 1 and len(upwards) >= _FEW:
            for row, frame in zip(rows, self._range(upwards.start, upwards.stop), strict=True):
                row[...] = frame
        else:
            for row, index in zip(rows, upwards, strict=True):
                self._read(index, row)
        return found

    def _read(self, index: int, out: Frame) -> None:
        place = bisect_right(self._starts, index) - 1
        with self._files.held(place) as frames:
            frames.read(index - self._starts[place], out)
        self._require_exact(index, place, out)

    def _range(self, start: int, stop: int) -> Generator[Frame, None, None]:
        """Give frames that are overwritten by the next one."""
        for place, (begin, end) in enumerate(pairwise(self._starts)):
            first, last = max(start, begin), min(stop, end)
            if first >= last:
                continue
            with (
                self._files.held(place) as frames,
                closing(frames.iterate(first - begin, last - begin)) as decoded,
            ):
                for index, frame in enumerate(decoded, first):
                    self._require_exact(index, place, frame)
                    yield frame

    def _require_exact(self, index: int, place: int, frame: Frame) -> None:
        if self._check and xxhash.xxh3_64_intdigest(frame.data) != self._hashes[index]:
            file = self.parts[place].file
            raise Damaged(
                f"{file}: frame {index - self._starts[place]} is not what the camera gave; "
                "`recorder verify` tells all, and check=False gives it as it is"
            )

    # -- the end ------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the files and end the decoders; what was decoded stays."""
        self._files.close()

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
