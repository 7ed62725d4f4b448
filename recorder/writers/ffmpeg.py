"""Our own ffmpeg process: frames in through a pipe, a Matroska file out.

`imageio_ffmpeg.write_frames` is not used: it rescales to multiples of 16, adds a lossy CRF,
converts to yuv420p, overwrites, and never reads the exit code.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
from typing import IO, TYPE_CHECKING

from recorder import pages
from recorder.errors import EncoderDied, NoSpace, RecorderError
from recorder.ffmpeg.program import RAW_FORMAT, StderrTail, conversion_options, executable
from recorder.frame import FrameSpec
from recorder.system import ENCODER_NICE, buffered, start_child
from recorder.writers.codecs import Codec

if TYPE_CHECKING:
    from recorder.frame import Frame

MAX_FPS = 1000.0
"""Matroska keeps whole milliseconds: above this, readers lose frames that share one."""
CLUSTER_MS = 250
"""A cluster reaches the file as a whole; what a kill costs is at most one of them."""
CLOSE_TIMEOUT_S = 30.0
"""How long ffmpeg may take to finish after its last frame while it makes no progress."""


def encode_command(spec: FrameSpec, codec: Codec, target: str) -> list[str]:
    """Return the command that reads raw frames of `spec` from a pipe and writes Matroska.

    ffmpeg refuses a target that exists.
    """
    fps = min(spec.fps or 30.0, MAX_FPS)
    return [
        *(executable(), "-hide_banner", "-nostdin", "-loglevel", "warning", "-nostats"),
        *("-progress", "pipe:1", "-stats_period", "0.5"),
        *("-f", "rawvideo", "-pixel_format", RAW_FORMAT[spec.pixel_format]),
        *("-video_size", f"{spec.width}x{spec.height}", "-framerate", f"{fps:g}"),
        *("-i", "pipe:0", "-map", "0:v", "-fps_mode", "passthrough"),  # never drop, never double
        *codec.arguments,
        *conversion_options(spec.pixel_format),
        *("-f", "matroska", "-cluster_time_limit", str(CLUSTER_MS), "-flush_packets", "1"),
        *("-n", target),
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

    def write(self, frame: Frame) -> None:
        """Hand a C-contiguous frame to ffmpeg; no copy is made on our side.

        Raises
        ------
        EncoderDied, NoSpace
            ffmpeg has gone.
        """
        try:
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
        EncoderDied, NoSpace
            ffmpeg failed, or the file holds fewer frames than were handed over (ffmpeg exits
            with 0 even when it threw a partial frame away).
        """
        with contextlib.suppress(OSError):  # a broken pipe: the exit code says more
            self._pipe.close()
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

    def _death(self) -> RecorderError:
        if self._child.poll() is None:
            self._child.kill()  # it closed its input, or says nothing: it is of no more use
        self._child.wait()
        code = self._child.returncode
        how = f"killed by signal {-code}" if code < 0 else f"exit code {code}"
        text = self._stderr.text()
        error = NoSpace if os.strerror(28) in text else EncoderDied
        return error(f"ffmpeg ended after {self.handed} frames ({how}): {self._last_line()}")

    def _last_line(self) -> str:
        lines = self._stderr.text().splitlines()
        telling = [line for line in lines if "rror" in line or os.strerror(28) in line]
        return (telling or lines or ["it said nothing on stderr"])[-1]

    def stderr_tail(self) -> str:
        """Return the last lines ffmpeg wrote to its stderr."""
        return self._stderr.text(0.0)
