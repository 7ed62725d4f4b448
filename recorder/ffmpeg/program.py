"""The ffmpeg program: where it is, how it is named things, and what it says on stderr."""

from __future__ import annotations

import subprocess
import threading
from collections import deque
from functools import lru_cache
from pathlib import Path
from typing import IO

from recorder.errors import WriterError
from recorder.system import buffered, start_child

RAW_FORMAT = {"gray8": "gray", "gray16": "gray16le", "bgr8": "bgr24", "rgb8": "rgb24"}
"""ffmpeg's name of the bytes that go in and must come out."""

_TAIL_LINES = 40
_TAIL_LINE = 400


def executable() -> str:
    """Return the path of the ffmpeg that imageio-ffmpeg ships (or IMAGEIO_FFMPEG_EXE names).

    Raises
    ------
    WriterError
        There is none.
    """
    import imageio_ffmpeg

    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise WriterError(
            "no ffmpeg found: reinstall imageio-ffmpeg, or name one in IMAGEIO_FFMPEG_EXE"
        ) from error


def file_url(path: Path) -> str:
    """Return a path as ffmpeg takes it literally, whatever characters are in it."""
    return f"file:{path.absolute()}"


@lru_cache
def _knows_new_scaler(program: str) -> bool:
    try:
        command = [program, "-hide_banner", "-h", "filter=scale"]
        child = start_child(command, stdout=subprocess.PIPE)
    except OSError:  # no ffmpeg at all: whoever starts it says so
        return False
    return b"unstable" in child.communicate()[0]


def conversion_options(pixel_format: str) -> list[str]:
    """Return what makes ffmpeg change colour frames to planes and back quickly.

    The scaler of ffmpeg 8 takes a quarter of the time of the old one, which is a sixth of a colour
    frame's. It is called unstable, so it is covered by the proof before each recording.
    """
    colour = pixel_format in ("bgr8", "rgb8")
    return ["-sws_flags", "unstable"] if colour and _knows_new_scaler(executable()) else []


class StderrTail:
    """Reads a child's stderr to the end, so that it never blocks, and keeps the last lines."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._lines: deque[str] = deque(maxlen=_TAIL_LINES)
        self._stream = buffered(stream)
        self._thread = threading.Thread(target=self._drain, name="ffmpeg stderr", daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        with self._stream:
            for line in iter(lambda: self._stream.readline(_TAIL_LINE), b""):
                text = line.decode(errors="replace").strip()
                if text:
                    self._lines.append(text)

    def text(self, timeout_s: float = 1.0) -> str:
        """Return the last lines, once the child has closed its stderr or time is up."""
        self._thread.join(timeout_s)
        return "\n".join(list(self._lines))

    def close(self) -> None:
        """Wait for the end of the stream."""
        self._thread.join(5.0)
