"""Finish the file of a camera whose process is dead, so that its ledger tells the truth."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import psutil

from recorder.errors import RecorderError, WriterError
from recorder.ffmpeg.decode import count_frames
from recorder.frame import FrameStamp
from recorder.writers import about as about_file
from recorder.writers import naming
from recorder.writers.ffmpeg import CLOSE_TIMEOUT_S
from recorder.writers.hdf5.settle import rows_of_hdf5, settle_hdf5
from recorder.writers.ledger import Row, as_recorder_error, read_rows, row_text, sync_path
from recorder.writers.rewriting import rewrite
from recorder.writers.settled import CRASHED, Audit, SettledFile
from recorder.writers.video import seal

__all__ = ["CRASHED", "SettledFile", "grabs_in", "settle_dead"]

_LOOK_S = 0.02
"""How often to look whether an ffmpeg that is not our child has ended."""


def settle_dead(
    stem: Path,
    format_: Literal["video", "hdf5"],
    lost: Sequence[FrameStamp],
    error: str,
    reason: str = "camera_failed",
    patience_s: float = CLOSE_TIMEOUT_S,
) -> SettledFile:
    """Finish a file whose writer's process is dead, in place, as its own `close` would have.

    Rows of frames that did not reach the file become dropped, with the note `crashed`; the about
    file says `complete`, the reason, the error and the totals. A file that is complete already is
    left as it is, so twice is once. A kill in here leaves a file that can be settled again.

    Parameters
    ----------
    stem
        Folder and name without suffix.
    format_
        What kind of file it is.
    lost
        Stamps of frames that were grabbed and may have no row yet: those beyond the last row get
        one, dropped and `crashed`.
    error
        What happened, in words.
    reason
        Why the file ends.
    patience_s
        How long a video's ffmpeg, which outlives the process that fed it, may take to finish
        while its file does not grow; then it is killed.

    Returns
    -------
    SettledFile
        If the file cannot be finished (it is gone, the disk is full), `report.unfinished` says why;
        what is there stays readable, as an interrupted recording.

    Raises
    ------
    RecorderError
        The process that writes it still lives.
    """
    if format_ == "hdf5":
        return settle_hdf5(stem, lost, error, reason)
    return _DeadVideo(stem).settle(lost, error, reason, patience_s)


def grabs_in(stem: Path, format_: Literal["video", "hdf5"]) -> tuple[int, int] | None:
    """Return the numbers of the first and the last frame that have a row in a dead file.

    Parameters
    ----------
    stem, format_
        As of `settle_dead`.

    Returns
    -------
    tuple of int or None
        None if no row can be read.
    """
    first = last = -1  # a gap's number, too
    with suppress(RecorderError, OSError, ValueError, KeyError, IndexError, struct.error):
        for row in _rows_of(stem, format_):
            last = max(last, row.grab)
            first = last if first < 0 else first
    return (first, last) if first >= 0 else None


def _rows_of(stem: Path, format_: Literal["video", "hdf5"]) -> Iterator[Row]:
    if format_ == "hdf5":
        return rows_of_hdf5(stem)
    return read_rows(naming.beside(stem, naming.LEDGER))


class _DeadVideo:
    """STEM.mkv, STEM.frames.csv and STEM.json, as a kill left them."""

    def __init__(self, stem: Path) -> None:
        self._video = naming.beside(stem, naming.VIDEO)
        self._ledger = naming.beside(stem, naming.LEDGER)
        self._about_path = naming.beside(stem, naming.ABOUT)
        self._paths = (self._video, self._ledger, self._about_path)
        self._about = about_file.read(self._about_path)
        self._audit = Audit()
        if about_file.is_live(self._about):
            raise RecorderError(f"{self._video} is still being written; end that process first")

    def settle(
        self, lost: Sequence[FrameStamp], error: str, reason: str, patience_s: float
    ) -> SettledFile:
        """See `settle_dead`."""
        try:
            if self._about.get("state") == about_file.COMPLETE:
                self._count_rows()
                return self._settled(self._about.get("error"))
            if not self._about:
                return self._leave(lost, error)
            _await_encoders(self._about, self._video, patience_s)
            return self._settled(self._finish(lost, error, reason))
        except RecorderError as failure:
            unfinished = failure
        except OSError as failure:  # the folder is gone, or its disk
            unfinished = as_recorder_error(failure, self._video)
        self._audit.add_lost(lost)
        return self._settled(error, unfinished)

    def _settled(self, error: str | None, unfinished: RecorderError | None = None) -> SettledFile:
        return self._audit.settled(self._paths, self._about, error, unfinished)

    def _leave(self, lost: Sequence[FrameStamp], error: str) -> SettledFile:
        """Leave a file alone of which nothing says what its frames are."""
        if self._ledger.stat().st_size:
            self._count_rows()
        if not self._audit.is_empty or lost:
            raise WriterError(f"{self._about_path} is missing: nothing says what the frames are")
        # The kill came while it was opened: there is nothing in it, and readers pass it over.
        return self._audit.settled((), {}, error, None)

    def _finish(self, lost: Sequence[FrameStamp], error: str, reason: str) -> str:
        in_file, why_not = self._count_frames()
        rows = self._count_rows(in_file)
        added = self._audit.add_lost(lost)
        if why_not is not None:
            raise why_not
        if rows > in_file or added or not _ends_with_a_line(self._ledger):
            more = (row_text(-1, stamp, "dropped", CRASHED).encode() for stamp in added)
            rewrite(self._ledger, in_file, CRASHED, more)
        if in_file > rows:
            error += f"; the video has {in_file - rows} frames more than the ledger has rows"
        sync_path(self._ledger)
        about = self._about | self._audit.account.finished(reason, error)
        seal(self._video, self._about_path, about)
        self._about = about
        return error

    def _count_frames(self) -> tuple[int, WriterError | OSError | None]:
        """Return how many frames are seen to be in the video, and why it could not be looked at."""
        try:
            return (count_frames(self._video) if self._video.exists() else 0), None
        except (WriterError, OSError) as error:
            return 0, error

    def _count_rows(self, in_file: int | None = None) -> int:
        """Count the rows, those beyond the file as lost; return how many are of written frames."""
        written = 0
        for row in read_rows(self._ledger):
            status, note = row.status, row.note
            if status == "written":
                written += 1
                if in_file is not None and row.frame >= in_file:
                    status, note = "dropped", CRASHED
            self._audit.add(row.stamp, status, note)
        return written


def _ends_with_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"


def _await_encoders(about: dict[str, Any], video: Path, patience_s: float) -> None:
    """Wait until no ffmpeg writes a file any more: at the end of its input, it finishes."""
    command = about.get("ffmpeg_command")
    if not isinstance(command, list) or not command:
        return
    for process in _writing_to(command[-1]):
        _await(process, video, patience_s)


def _writing_to(target: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter(["cmdline"]):
        arguments = process.info["cmdline"] or []
        if arguments[-1:] == [target] and "pipe:0" in arguments:
            yield process


def _await(process: psutil.Process, video: Path, patience_s: float) -> None:
    size, give_up = -1, 0.0
    killed = False
    while _is_running(process):
        now = time.monotonic()
        if (grown := _size(video)) != size:
            size, give_up = grown, now + patience_s
        elif now >= give_up:
            if killed:
                return  # stuck in the system: its file is counted as it is
            with suppress(psutil.Error):
                process.kill()
            killed, give_up = True, now + patience_s
        time.sleep(_LOOK_S)  # it is not our child: the system tells us nothing of its end


def _is_running(process: psutil.Process) -> bool:
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
