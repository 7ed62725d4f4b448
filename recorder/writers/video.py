"""Frames into a Matroska file, with its ledger and its about file beside it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.errors import NoSpace, RecorderError, WriterError
from recorder.ffmpeg.decode import count_frames
from recorder.ffmpeg.program import file_url
from recorder.frame import FrameSpec, FrameStamp
from recorder.system import sync_folder
from recorder.writers import about as about_file
from recorder.writers import naming
from recorder.writers.account import Account, why_lost
from recorder.writers.base import Done, WriteReport, nothing
from recorder.writers.codecs import Codec
from recorder.writers.ffmpeg import CLUSTER_BYTES, CLUSTER_MS, Encoder, encode_command
from recorder.writers.file_times import FileTimes, far_ms, set_file_times
from recorder.writers.ledger import Ledger, as_recorder_error, read_rows, sync_path
from recorder.writers.times import MAX_FPS, kind_in, replayed, times_of
from recorder.writers.uncompressed import UncompressedStream

if TYPE_CHECKING:
    from recorder.frame import Frame

WORST, FRAME_BYTES = 2, 1024
"""An encoded frame has at most so many times its raw size, and so many bytes of its own. Measured
on noise: magicyuv 1.01 times, ffv1 1.1 to 1.4, x264 and ffvhuff 1.6 to 1.75."""
INDEX_BYTES, INDEX_ROOM = 32, 64 << 10
"""What stands at the end of a file, per frame, and beside that."""


class VideoWriter:
    """One video file: STEM.mkv, STEM.frames.csv and STEM.json.

    Parameters
    ----------
    stem
        Folder and name without suffix; the folder exists.
    codec
        Proven for the frames that will come (`proof.prove`).
    about
        What goes into the about file beside what this writer knows itself. ``times`` in it says
        which times the frames get, see `times.Kind`; left out: ``measured``.
    at_close
        Gives what goes into it only when the file is finished: notes of the last moment.
    """

    def __init__(
        self,
        stem: Path,
        codec: Codec,
        about: Mapping[str, Any],
        at_close: Callable[[], Mapping[str, Any]] = dict,
    ) -> None:
        self._at_close = at_close
        self.stem = stem
        self.video = naming.beside(stem, naming.VIDEO)
        self._ledger_path = naming.beside(stem, naming.LEDGER)
        self._about_path = naming.beside(stem, naming.ABOUT)
        self._paths = (self.video, self._ledger_path, self._about_path)
        self._codec = codec
        self._about = dict(about)
        self._about.setdefault("times", "measured")
        self._account = Account()
        self._file_times = FileTimes()
        self._is_named = False  # for a disk that loses its power
        self._frame_bytes = self._cluster_bytes = 0  # at most

    def open(self, spec: FrameSpec) -> None:
        """Claim the names, then start ffmpeg.

        Raises
        ------
        FileTaken, WriterError, NoSpace
            Nothing is left behind.
        """
        naming.require_free(self.stem)
        kind = kind_in(self._about)
        self._times = times_of(kind, spec.fps)
        self._stream = UncompressedStream(spec) if kind == "own" else None
        command = encode_command(spec, self._codec, file_url(self.video), kind == "own")
        self._ledger = Ledger(self._ledger_path)
        try:
            self._encoder = Encoder(command)
        except RecorderError:
            self._ledger.discard()
            raise
        try:
            self._describe(spec)
            about_file.create(self._about_path, self._about)
        except RecorderError:
            self._abort()
            raise

        self._frame_bytes = WORST * spec.nbytes + FRAME_BYTES
        # With times of their own, frames may come as quickly as they can be told apart.
        fps = MAX_FPS if kind == "own" else spec.fps or MAX_FPS
        in_cluster = math.ceil(CLUSTER_MS / 1000 * fps) * self._frame_bytes
        self._cluster_bytes = min(in_cluster, CLUSTER_BYTES) + self._frame_bytes

    def _describe(self, spec: FrameSpec) -> None:
        self._about |= {
            "file": self.video.name,
            "pixel_format": spec.pixel_format,
            "width": spec.width,
            "height": spec.height,
            "dtype": spec.dtype,
            "nominal_fps": spec.fps,
            "codec": self._codec.name,
            "ffmpeg_command": self._encoder.command,
            "writer": about_file.this_writer(),
            "state": about_file.RECORDING,
            "reason": None,
        }

    def _abort(self) -> None:
        self._encoder.kill()
        self._finish_encoder()
        self._ledger.discard()
        self.video.unlink(missing_ok=True)

    @property
    def encoder_pid(self) -> int:
        """Process id of ffmpeg."""
        return self._encoder.pid

    @property
    def bytes_on_disk(self) -> int:
        """Size of the video file and its ledger by now."""
        try:
            return self.video.stat().st_size + self._ledger.size
        except OSError:
            return 0  # ffmpeg has not made it yet, or somebody moved it

    @property
    def bytes_at_most(self) -> int:
        """How large the video can become: what it holds, is on its way, and stands at its end."""
        index = INDEX_BYTES * (self._encoder.handed + 1) + INDEX_ROOM
        to_come = (self._encoder.pending + 1) * self._frame_bytes
        return self.bytes_on_disk + to_come + self._cluster_bytes + index

    def write(self, frame: Frame, stamp: FrameStamp, done: Done = nothing) -> None:
        """Write a frame's row, then hand the frame to ffmpeg.

        Raises
        ------
        EncoderDied, WriterError, NoSpace
        """
        self._account.see(stamp)
        self._ledger.written(stamp)
        ms = self._times.see(stamp)
        self._encoder.write(frame, self._stream.before(ms) if self._stream is not None else b"")
        done()

    def skip(self, stamp: FrameStamp, status: str, note: str) -> None:
        """Write the row of a frame that is not in the file."""
        self._account.see(stamp)
        if status == "gap":
            self._times.gap()
        self._ledger.missing(stamp, status, note)
        self._account.counts[status] += 1

    def check(self) -> None:
        """Raise if ffmpeg is dead.

        Raises
        ------
        EncoderDied, NoSpace
        """
        self._encoder.check()

    def sync(self) -> None:
        """Bring to the disk what ffmpeg has written by now, and then its rows.

        In this order: a row that is on the disk without its frame does no harm. First of all, once,
        what tells how to read them.

        Raises
        ------
        OSError
        """
        paths = [self.video, self._ledger_path]
        if not self._is_named:
            paths.insert(0, self._about_path)
        for path in paths:
            with suppress(FileNotFoundError):  # ffmpeg has not made it yet
                sync_path(path)
        if not self._is_named and self.video.exists():
            sync_folder(self.stem.parent)
            self._is_named = True

    def kill(self) -> None:
        """End an ffmpeg that takes nothing any more; a write that waits for it raises."""
        self._encoder.kill()

    def close(self, reason: str) -> WriteReport:
        """Finish the file, count what is in it, settle the ledger, and bring all to the disk.

        Parameters
        ----------
        reason
            Why it ends, for the about file; replaced if ffmpeg failed.
        """
        error = self._finish_encoder()
        handed = self._encoder.handed
        written = handed if error is None else min(handed, self._count())
        unfinished = None
        try:
            self._settle(written, reason, error)
        except RecorderError as failure:
            unfinished = failure
        except OSError as failure:  # the folder is gone, or its disk
            unfinished = as_recorder_error(failure, self.stem)
        if unfinished is not None:  # claim no more than the file is seen to hold
            written = min(handed, self._count())
        there = [path for path in self._paths if path.exists()]
        return WriteReport(
            self._paths if there else (),
            written,
            handed - written,
            sum(path.stat().st_size for path in there),
            None if error is None else str(error),
            unfinished,
            dict(self._account.counts),
            self._account.first_grab,
            self._account.last_grab,
            far_ms(self._about),
        )

    def _settle(self, written: int, reason: str, error: RecorderError | None) -> None:
        counts = self._account.counts
        counts["dropped"] += self._ledger.settle(written, why_lost(error))
        counts["written"] = self._ledger.frames
        self._ledger.close()
        self._time(written)
        self._complete(reason, error)

    def _time(self, written: int) -> None:
        """Have the file's times run as its frames came."""
        if written != self._times.frames:  # those that are not in it do not count
            kind, fps = kind_in(self._about), self._about["nominal_fps"]
            self._times = replayed(read_rows(self._ledger_path), kind, fps)
        self._file_times = set_file_times(self.video, self._times, written)

    def _finish_encoder(self) -> RecorderError | None:
        try:
            self._encoder.finish()
        except (WriterError, NoSpace) as error:
            return error
        return None

    def _count(self) -> int:
        try:
            return count_frames(self.video) if self.video.exists() else 0
        except (OSError, WriterError):  # no ffmpeg any more: nothing is known to be in it
            return 0

    def _complete(self, reason: str, error: RecorderError | None) -> None:
        self._about |= dict(self._at_close()) | self._account.closing(reason, error)
        self._about = self._file_times.told(self._about)
        self._about["encoder_messages"] = self._encoder.stderr_tail()
        seal(self.video, self._about_path, self._about)


def seal(video: Path, about_path: Path, about: Mapping[str, Any]) -> None:
    """Bring a video to the disk, if there is one; then let its about file call it complete.

    Raises
    ------
    WriterError, NoSpace, OSError
    """
    if video.exists():
        try:
            sync_path(video)
        except OSError as failure:
            raise as_recorder_error(failure, video) from failure
    about_file.replace(about_path, about)
    sync_folder(video.parent)
