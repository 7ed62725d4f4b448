"""Get frames back out of a file, by ffmpeg: every bit of every depth, also from cut-off files."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import IO, TYPE_CHECKING, cast

import numpy as np

from recorder.errors import NoFfmpeg, WriterError
from recorder.ffmpeg.program import (
    RAW_FORMAT,
    StderrTail,
    conversion_options,
    executable,
    file_url,
    require_no_fault,
)
from recorder.frame import FrameSpec
from recorder.system import ENCODER_NICE, start_child

if TYPE_CHECKING:
    import io

    from recorder.frame import Frame


_EXIT_S = 10.0
"""How long ffmpeg may take to end after its last frame."""
_HEADER = 4096
"""A file that a kill left shorter than this may not have its header yet, in bytes."""

_WHOLE_ONLY = ("-fflags", "+discardcorrupt")
"""Leave out a last frame that the file's end cuts in two: some codecs make a picture of it."""


def decode_command(source: str, pixel_format: str) -> list[str]:
    """Return the command that writes every frame of a file to a pipe, raw."""
    return [
        *(executable(), "-hide_banner", "-nostdin", "-loglevel", "error", "-nostats"),
        *(*_WHOLE_ONLY, "-i", source, "-map", "0:v:0", "-fps_mode", "passthrough"),
        *conversion_options(pixel_format),
        *("-f", "rawvideo", "-pix_fmt", RAW_FORMAT[pixel_format], "pipe:1"),
    ]


def count_frames(path: Path) -> int:
    """Count the whole frames in a video file, without decoding them.

    Parameters
    ----------
    path
        Any file ffmpeg opens, also one that was cut off by a kill.

    Raises
    ------
    WriterError
        ffmpeg could not look, or finds no video although there is more than a header's worth.
    """
    command = [executable(), "-hide_banner", "-nostdin", "-loglevel", "error", "-nostats"]
    command += ["-progress", "pipe:1", *_WHOLE_ONLY, "-i", file_url(path), "-map", "0:v:0"]
    command += ["-c", "copy", "-f", "null", "-"]
    child = start_child(command, stdout=subprocess.PIPE, nice=ENCODER_NICE)
    out, err = child.communicate()
    counts = [int(line[6:]) for line in out.splitlines() if line.startswith(b"frame=")]
    if child.returncode < 0 or (not counts and path.stat().st_size > _HEADER):
        said = err.decode(errors="replace").strip().splitlines() or ["it said nothing"]
        raise WriterError(f"the frames in {path} cannot be counted: {said[-1]}")
    return counts[-1] if counts else 0


def decode_frames(path: Path, spec: FrameSpec) -> Generator[Frame, None, None]:
    """Decode a file, frame after frame.

    Parameters
    ----------
    path
        Any file ffmpeg opens, also one that was cut off by a kill.
    spec
        Size and pixel format of its frames.

    Yields
    ------
    array of `spec`
        The same array each time, overwritten by the next frame.

    Raises
    ------
    NoFfmpeg
        It is not the file that ffmpeg fails of.
    """
    command = decode_command(file_url(path), spec.pixel_format)
    try:
        child = start_child(command, stdout=subprocess.PIPE)
    except OSError as error:
        raise NoFfmpeg(f"ffmpeg does not start: {error}") from error
    assert child.stdout is not None
    assert child.stderr is not None
    said = StderrTail(child.stderr)
    frame: Frame = np.empty(spec.shape, spec.dtype)
    try:
        while _read_into(child.stdout, frame.data.cast("B")):
            yield frame
        with contextlib.suppress(subprocess.TimeoutExpired):
            require_no_fault(command[0], child.wait(_EXIT_S), said.text())
    finally:
        child.stdout.close()
        child.kill()
        child.wait()
        said.close()


def _read_into(stream: IO[bytes], room: memoryview) -> bool:
    """Fill `room`; False at the end of the stream (a partial frame is no frame)."""
    raw = cast("io.RawIOBase", stream)
    while room:
        got = raw.readinto(room)
        if not got:
            return False
        room = room[got:]
    return True
