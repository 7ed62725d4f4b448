"""Our own ffmpeg process: frames in through a pipe, a Matroska file out.

`imageio_ffmpeg.write_frames` is not used: it rescales to multiples of 16, adds a lossy CRF,
converts to yuv420p, overwrites, and never reads the exit code.
"""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import threading
from typing import IO, TYPE_CHECKING

from recorder import pages, signals
from recorder.errors import EncoderDied, FileTooLarge, NoSpace, RecorderError
from recorder.ffmpeg.program import RAW_FORMAT, StderrTail, conversion_options, executable
from recorder.frame import FrameSpec
from recorder.system import ENCODER_NICE, buffered, close_end, start_child, write_all
from recorder.writers.codecs import Codec
from recorder.writers.times import written_rate
from recorder.writers.uncompressed import UncompressedStream

if TYPE_CHECKING:
    from recorder.frame import Frame

CLUSTER_MS = 250
"""A cluster reaches the file as a whole; what a kill costs is at most one of them."""
CLUSTER_BYTES = 5 << 20
"""A cluster ends after the frame with which it exceeds this: ffmpeg's own limit for files."""
PROGRESS_S = 0.1
"""How often ffmpeg says how far it is; until it does, what it was given may be still to come."""
CLOSE_TIMEOUT_S = 30.0
"""How long ffmpeg may take to finish after its last frame while it makes no progress."""
_TOO_LARGE = -signal.SIGXFSZ if hasattr(signal, "SIGXFSZ") else None  # `ulimit -f`


def encode_command(
    spec: FrameSpec, codec: Codec, target: str, own_times: bool = False
) -> list[str]:
    """Return the command that reads frames of `spec` from a pipe and writes Matroska.

    ffmpeg refuses a target that exists.

    Parameters
    ----------
    own_times
        The frames come as an `UncompressedStream`, each with its time; else raw, to be counted.
    """
    return [
        *(executable(), "-hide_banner", "-nostdin", "-loglevel", "warning", "-nostats"),
        *("-progress", "pipe:1", "-stats_period", str(PROGRESS_S)),
        *(UncompressedStream.input_options if own_times else _raw_options(spec)),
        *("-i", "pipe:0", "-map", "0:v", "-fps_mode", "passthrough"),  # never drop, never double
        *(("-enc_time_base", "demux") if own_times else ()),  # not in steps of a frame
        *codec.arguments,
        *conversion_options(spec.pixel_format),
        *("-f", "matroska", "-cluster_time_limit", str(CLUSTER_MS), "-flush_packets", "1"),
        *("-n", target),
    ]


def _raw_options(spec: FrameSpec) -> list[str]:
    return [
        *("-f", "rawvideo", "-pixel_format", RAW_FORMAT[spec.pixel_format]),
        *("-video_size", f"{spec.width}x{spec.height}"),
        *("-framerate", str(written_rate(spec.fps))),
    ]


class _Progress:
    """Reads what ffmpeg says of itself: how many frames it has put into the file."""

    def __init__(self, stream: IO[bytes]) -> None:
        self.frames = 0
        self._stream = buffered(stream)
        self._thread = threading.Thread(target=self._drain, name="ffmpeg progress", daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        with self._stream:
            for line in self._stream:
                if line.startswith(b"frame="):
                    self.frames = int(line[6:])

    def close(self) -> None:
        self._thread.join(5.0)


class Encoder:
    """One ffmpeg, from its first frame to its exit code.

    Parameters
    ----------
    command
        Reads raw frames from its input, and says how many it has written; see `encode_command`.
    nice
        How far it stands back behind others.

    Raises
    ------
    EncoderDied
        ffmpeg is missing or cannot be executed.
    """

    def __init__(self, command: list[str], nice: int = ENCODER_NICE) -> None:
        self.command = command
        try:
            self._child = start_child(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                nice=nice,
            )
        except OSError as error:
            raise EncoderDied(f"ffmpeg does not start: {error}") from error
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        assert self._child.stderr is not None
        self._pipe = self._child.stdin
        self._fd = self._pipe.fileno()
        self._progress = _Progress(self._child.stdout)
        self._stderr = StderrTail(self._child.stderr)
        self.handed = 0

    @property
    def pid(self) -> int:
        """Ffmpeg's process id."""
        return self._child.pid

    @property
    def pending(self) -> int:
        """Frames that were handed over and that ffmpeg has not reported as encoded yet."""
        return self.handed - self._progress.frames

    def write(self, frame: Frame, before: bytes = b"") -> None:
        """Hand a C-contiguous frame to ffmpeg; no copy is made on our side.

        Parameters
        ----------
        before
            What stands in front of it; see `UncompressedStream`.

        Raises
        ------
        EncoderDied, FileTooLarge, NoSpace
            ffmpeg has gone.
        """
        try:
            write_all(self._fd, memoryview(before))
            pages.send(self._fd, frame.data.cast("B"), frame.ctypes.data)
        except OSError:
            raise self._death() from None
        self.handed += 1

    def check(self) -> None:
        """Raise if ffmpeg has ended although frames are still to come."""
        if self._child.poll() is not None:
            raise self._death()

    def kill(self) -> None:
        """End ffmpeg at once; a write that waits for it then raises."""
        self._child.kill()

    def finish(self) -> None:
        """Say that no more frames come, and wait until the file is complete.

        Raises
        ------
        EncoderDied, FileTooLarge, NoSpace
            ffmpeg failed, or the file holds fewer frames than were handed over (ffmpeg exits
            with 0 even when it threw a partial frame away).
        """
        self._fd = -1  # the system gives the number to the next file that is opened
        with contextlib.suppress(OSError):  # a broken pipe: the exit code says more
            close_end(self._pipe)
        self._await_exit()
        self._progress.close()
        self._stderr.close()
        if self._child.returncode != 0:
            raise self._death()
        if self._progress.frames != self.handed:
            raise EncoderDied(
                f"ffmpeg was given {self.handed} frames and wrote {self._progress.frames}: "
                f"{self._last_line()}"
            )

    def _await_exit(self) -> None:
        # Slow codecs may work on for long: what counts is whether frames still come out.
        while True:
            before = self._progress.frames
            try:
                self._child.wait(CLOSE_TIMEOUT_S)
                return
            except subprocess.TimeoutExpired:
                if self._progress.frames == before:
                    self._child.kill()

    @signals.held()
    def _death(self) -> RecorderError:
        if self._child.poll() is None:
            self._child.kill()  # it closed its input, or says nothing: it is of no more use
        self._child.wait()
        how = _ending(self._child.returncode)
        text = self._stderr.text()
        said = f"ffmpeg ended after {self.handed} frames ({how})"
        if self._child.returncode == _TOO_LARGE or os.strerror(errno.EFBIG) in text:
            return FileTooLarge(f"{said}: its file cannot become larger")
        error = NoSpace if os.strerror(28) in text else EncoderDied
        return error(f"{said}: {self._last_line()}")

    def _last_line(self) -> str:
        lines = self._stderr.text().splitlines()
        telling = [line for line in lines if "rror" in line or os.strerror(28) in line]
        return (telling or lines or ["it said nothing on stderr"])[-1]

    def stderr_tail(self) -> str:
        """Return the last lines ffmpeg wrote to its stderr."""
        return self._stderr.text(0.0)


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    if -code == getattr(signal, "SIGXFSZ", None):
        return f"killed by signal {-code}, the limit on the size of files: see ulimit -f"
    return f"killed by signal {-code}"
