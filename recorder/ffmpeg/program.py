"""The ffmpeg program: where it is, how it is named things, and what it says on stderr."""

from __future__ import annotations

import re
import subprocess
import threading
from collections import deque
from functools import lru_cache
from pathlib import Path
from typing import IO

from recorder.errors import NoFfmpeg
from recorder.system import buffered, start_child

RAW_FORMAT = {"gray8": "gray", "gray16": "gray16le", "bgr8": "bgr24", "rgb8": "rgb24"}
"""ffmpeg's name of the bytes that go in and must come out."""

OLDEST = (5, 1)
"""The first ffmpeg that has -fps_mode; Debian 12 has it."""
QUIET = ("-hide_banner", "-loglevel", "error", "-nostats")
_NUMBER = re.compile(r"n?(\d+)(?:\.(\d+))?")
_LACKS = re.compile(r"[Dd]ecoder .*not found|Unknown decoder|Cannot allocate memory")
_LONGEST_S = 10.0
_TAIL_LINES = 40
_TAIL_LINE = 400


def executable() -> str:
    """Return the path of the ffmpeg that imageio-ffmpeg ships (or IMAGEIO_FFMPEG_EXE names).

    Raises
    ------
    NoFfmpeg
        There is none, or it is too old.
    """
    import imageio_ffmpeg

    try:
        program = str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        raise NoFfmpeg(
            "no ffmpeg found: reinstall imageio-ffmpeg, or name one in IMAGEIO_FFMPEG_EXE"
        ) from error
    require_new(program, "name a newer one in IMAGEIO_FFMPEG_EXE, or unset it for our own")
    return program


def require_new(program: str, remedy: str) -> None:
    """Refuse an ffmpeg that lacks options that we need.

    One whose version has no number, as a build from git, is taken for new; one that does not run
    at all is left to its caller.

    Raises
    ------
    NoFfmpeg
    """
    version = _version(program)
    found = _NUMBER.match(version)
    if found and (int(found[1]), int(found[2] or 0)) < OLDEST:
        raise NoFfmpeg(f"{program} is ffmpeg {version}; 5.1 or newer is needed: {remedy}")


@lru_cache
def _version(program: str) -> str:
    """Return what a program says of its version; nothing if it says none."""
    said = _run(program, "-version")[1].decode(errors="replace")
    found = re.match(r"ffmpeg version (\S+)", said)
    return found[1] if found else ""


def require_no_fault(program: str, returncode: int, said: str) -> None:
    """Refuse a decoder that failed by itself, so that its file is not taken for damaged.

    Parameters
    ----------
    returncode
        How it ended.
    said
        On its stderr.

    Raises
    ------
    NoFfmpeg
    """
    if returncode < 0:
        raise NoFfmpeg(f"{program} was killed by signal {-returncode} while it decoded")
    lacks = next((line for line in said.splitlines() if _LACKS.search(line)), None)
    if returncode and lacks:
        raise NoFfmpeg(f"{program} cannot decode this: {lacks}")
    if returncode:
        require_working(program)


def require_working(program: str) -> None:
    """Refuse an ffmpeg that does not even decode a picture that needs no decoding.

    Raises
    ------
    NoFfmpeg
    """
    if failure := _failure(program):
        raise NoFfmpeg(f"{program} does not work: {failure}")


@lru_cache
def _failure(program: str) -> str:
    raw = ("-f", "rawvideo", "-pixel_format", "gray", "-video_size", "16x16", "-i", "pipe:0")
    options = ("-map", "0:v:0", "-fps_mode", "passthrough", "-f", "rawvideo", "pipe:1")
    picture = bytes(range(256))
    code, out, said = _run(program, *QUIET, *raw, *options, given=picture)
    if code == 0 and out == picture:
        return ""
    lines = said.decode(errors="replace").strip().splitlines() or ["it said nothing"]
    return f"{lines[0]} (exit code {code})"


def _run(program: str, *arguments: str, given: bytes = b"") -> tuple[int, bytes, bytes]:
    """Run it on a few bytes; return its exit code, and what it gives and says."""
    try:
        child = start_child([program, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    except OSError as error:
        return 127, b"", f"it does not start: {error}".encode()
    try:
        out, said = child.communicate(given, timeout=_LONGEST_S)
    except subprocess.TimeoutExpired:
        child.kill()
        out, said = child.communicate()
    return child.returncode, out, said


def file_url(path: Path) -> str:
    """Return a path as ffmpeg takes it literally, whatever characters are in it."""
    return f"file:{path.absolute()}"


@lru_cache
def _knows_new_scaler(program: str) -> bool:
    try:
        command = [program, "-hide_banner", "-h", "filter=scale"]
        child = start_child(command, stdout=subprocess.PIPE)
    except OSError:  # no ffmpeg at all: starting it says so
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
