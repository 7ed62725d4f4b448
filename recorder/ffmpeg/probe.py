"""What a video file is: ffmpeg decodes its first frames and tells. A header alone may lie."""

from __future__ import annotations

import re
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from recorder.errors import RecorderError
from recorder.ffmpeg.log import FRAME_OPTIONS, LOG_OPTIONS, DecodingLog, Shot
from recorder.ffmpeg.program import executable, file_url
from recorder.ffmpeg.rate import rate_of
from recorder.ffmpeg.stored import Stored
from recorder.system import buffered, start_child

_FRAMES, _ENOUGH = 60, 10
_LOOK_S = 0.5
"""After so long ten frames are enough: some take long to decode."""
_LONGEST_S = 30.0

_DURATION = re.compile(r"\[info\]   Duration: (\d+):(\d\d):(\d\d\.\d+)")
_STREAM = re.compile(r"\[info\]   Stream #0:(\d+)")
_RATE = re.compile(r", (\d+\.?\d*) fps")
_TURN = re.compile(r"\[info\] +[Dd]isplay ?[Mm]atrix: rotation of (-?[\d.]+) degrees")
# chroma_format_idc 0 is monochrome (ITU-T H.264, 7.4.2.1.1).
_MONOCHROME = re.compile(rb"^\[trace_headers.* chroma_format_idc .* = 0\s*$", re.MULTILINE)
_H264_GRAY = re.compile(r"yuvj?420p(\d*(?:le|be)?)")


class NoVideo(RecorderError):
    """ffmpeg finds no frame in a file; the message is what it says about it."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a video file is.

    Parameters
    ----------
    path
        The file.
    codec
        ffmpeg's name of it.
    stored
        What its samples are.
    width, height
        Of its first frame, in pixels.
    fps
        Rate of its first frames' own times; None with fewer than two times.
    turn
        By how many degrees clockwise it asks players to turn it.
    announced_s
        When it ends, as its header says; None if it does not.
    has_others
        Whether there are other streams, such as sound, which may end later.
    """

    path: Path
    codec: str
    stored: Stored
    width: int
    height: int
    fps: float | None
    turn: int
    announced_s: float | None
    has_others: bool


def probe(path: Path) -> Probe:
    """Look at a video file.

    Raises
    ------
    NoVideo
        None of its frames can be decoded.
    RecorderError
        ffmpeg is missing.
    """
    log, shots, lines = _first_shots(path)
    if not shots:
        said = (log.complaints or [line for line in lines if "rror" in line] or lines)[-1:]
        raise NoVideo(_bare(said[0]) if said else "ffmpeg says nothing about it")
    first = shots[0]
    stored = Stored(first.name)
    codec = log.codec.decode()
    planes = _H264_GRAY.fullmatch(first.name)
    if codec == "h264" and planes and _is_gray_h264(path):
        stored = Stored(f"gray{planes[1]}")
    times = [shot.time_s for shot in shots if shot.time_s is not None]
    return Probe(
        path,
        codec,
        stored,
        first.width,
        first.height,
        rate_of(times, log.tick_s, _claimed(log)),
        _turn(log),
        _announced(log),
        sum(_STREAM.match(line) is not None for line in log.header) > 1,
    )


def _first_shots(path: Path) -> tuple[DecodingLog, list[Shot], list[str]]:
    """Decode some frames; also return what ffmpeg said last, if there are none."""
    command = [executable(), *LOG_OPTIONS, "-i", file_url(path), *FRAME_OPTIONS]
    command += ["-frames:v", str(_FRAMES), "-f", "null", "-"]
    child = start_child(command)
    assert child.stderr is not None
    log, shots, lines = DecodingLog(), list[Shot](), list[str]()
    watchdog = threading.Timer(_LONGEST_S, child.kill)
    watchdog.daemon = True
    watchdog.start()
    began = time.monotonic()
    with buffered(child.stderr) as stderr:
        for line in stderr:
            if shot := log.take(line):
                shots.append(shot)
                if len(shots) >= _ENOUGH and time.monotonic() - began > _LOOK_S:
                    child.kill()
            elif not shots:
                lines.append(line.decode(errors="replace").strip())
    watchdog.cancel()
    child.wait()
    return log, shots, lines


def _bare(line: str) -> str:
    """Return a line without who says it."""
    return re.sub(r"^(\[[^]]*\] )+", "", line)


def _announced(log: DecodingLog) -> float | None:
    found = next(filter(None, map(_DURATION.match, log.header)), None)
    if found is None:
        return None
    return int(found[1]) * 3600 + int(found[2]) * 60 + float(found[3])


def _claimed(log: DecodingLog) -> float | None:
    """Return the rate that stands in the line of the stream that is decoded."""
    for line in log.header:
        stream, rate = _STREAM.match(line), _RATE.search(line)
        if stream and rate and stream[1].encode() == log.stream:
            return float(rate[1])
    return None


def _turn(log: DecodingLog) -> int:
    """Return the turn that stands below the line of the stream that is decoded."""
    stream = ""
    for line in log.header:
        if found := _STREAM.match(line):
            stream = found[1]
        elif (found := _TURN.match(line)) and stream.encode() == log.stream:
            return round(-float(found[1])) % 360  # ffmpeg counts anticlockwise
    return 0


def _is_gray_h264(path: Path) -> bool:
    """Whether an H.264 stream has no colour: the decoder then adds gray planes and hides it."""
    command = [executable(), "-hide_banner", "-nostdin", "-nostats", "-i", file_url(path)]
    command += ["-map", "0:v:0", "-frames:v", "1", "-c:v", "copy", "-bsf:v", "trace_headers"]
    child = start_child([*command, "-f", "null", "-"], stderr=subprocess.PIPE)
    return _MONOCHROME.search(child.communicate()[1]) is not None
