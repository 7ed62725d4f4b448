"""A whole video as one array."""

from __future__ import annotations

import re
import subprocess
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from recorder.errors import RecorderError
from recorder.ffmpeg.decode import count_frames, decode_frames
from recorder.ffmpeg.program import executable, file_url
from recorder.frame import FrameSpec, PixelFormat
from recorder.system import start_child

if TYPE_CHECKING:
    from recorder.frame import Frame

_420 = ("yuv420p", "yuvj420p")
_GRAY16 = re.compile(r"gray(9|10|12|14|16)(le|be)")
# Only showinfo's own line: a file's title may say anything.
_SHOWN = re.compile(rb"^\[Parsed_showinfo.* fmt:(\w+) .* s:(\d+)x(\d+) ", re.MULTILINE)
# chroma_format_idc 0 is monochrome (ITU-T H.264, 7.4.2.1.1).
_MONOCHROME = re.compile(rb"^\[trace_headers.* chroma_format_idc .* = 0\s*$", re.MULTILINE)


class _Picture(NamedTuple):
    pixel_format: str
    width: int
    height: int


def read_video(path: Path) -> Frame:
    """Decode every frame of a video.

    Returns
    -------
    array
        (n, height, width) of uint8 or uint16 if it is gray, else (n, height, width, 3) of uint8,
        red first.

    Raises
    ------
    RecorderError
        It cannot be read to its end.
    """
    if not path.is_file():
        raise RecorderError(f"{path}: there is no such file")
    spec = _spec_of(path)
    expected = count_frames(path)
    frames: Frame = np.empty((expected, *spec.shape), spec.dtype)
    count = 0
    with closing(decode_frames(path, spec)) as decoded:
        for frame in decoded:
            if count == len(frames):  # more than the container says: rare, and never lost
                frames = np.concatenate([frames, np.empty_like(frames, shape=(64, *spec.shape))])
            frames[count] = frame
            count += 1
    if count < expected:
        raise RecorderError(
            f"{path} is damaged: {count} of its {expected} frames can be decoded; "
            "`recorder verify` says more of a recording"
        )
    return frames[:count]


def _spec_of(path: Path) -> FrameSpec:
    shown = _first_frame(path)
    pixel_format: PixelFormat = "rgb8"
    if shown.pixel_format == "gray" or (shown.pixel_format in _420 and _is_gray_h264(path)):
        pixel_format = "gray8"
    elif _GRAY16.fullmatch(shown.pixel_format):
        pixel_format = "gray16"
    return FrameSpec(shown.width, shown.height, pixel_format)


def _first_frame(path: Path) -> _Picture:
    """Let ffmpeg decode one frame and say what it is: a header may lie, or say nothing."""
    said = _ask(path, "-vf", "showinfo")
    found = _SHOWN.search(said)
    if found is None:
        lines = said.decode(errors="replace").strip().splitlines()
        raise RecorderError(f"{path}: no video in it ({lines[-1] if lines else 'ffmpeg is mute'})")
    name, width, height = found.groups()
    return _Picture(name.decode(), int(width), int(height))


def _is_gray_h264(path: Path) -> bool:
    """Whether an H.264 stream has no colour: the decoder then adds gray planes and hides it."""
    said = _ask(path, "-c:v", "copy", "-bsf:v", "trace_headers")
    return _MONOCHROME.search(said) is not None


def _ask(path: Path, *options: str) -> bytes:
    command = [executable(), "-hide_banner", "-nostdin", "-nostats", "-i", file_url(path)]
    command += ["-map", "0:v:0", "-frames:v", "1", *options, "-f", "null", "-"]
    return start_child(command, stderr=subprocess.PIPE).communicate()[1]
