"""A whole video as one array."""

from __future__ import annotations

import re
import warnings
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recorder.errors import RecorderError
from recorder.ffmpeg.log import Shot
from recorder.ffmpeg.probe import NoVideo, Probe, probe
from recorder.ffmpeg.reader import DecoderGone, VideoReader
from recorder.frame import FrameSpec, PixelFormat

if TYPE_CHECKING:
    from recorder.frame import Frame

_UNFINISHED = re.compile(r"\.unfinished(-\d+)?\.[^.]+$")
"""How a file is called that a killed program or a full disk left."""
_SILENT_S = 600.0
"""Longest wait for a frame: a file can wait, but not for ever."""
_MOST_AT_FIRST = 1 << 30
"""Bytes of the first array at most: what a header claims may be rubbish."""


def read_video(path: Path) -> Frame:
    """Decode every frame of a video, as it is stored: not turned, not rescaled.

    Returns
    -------
    array
        (n, height, width) of uint8 or uint16 if it is gray, else (n, height, width, 3) of uint8,
        red first.

    Raises
    ------
    RecorderError
        It cannot be read to its end, or no such array holds its samples.

    Warns
    -----
    UserWarning
        It asks players to turn it, or was left unfinished and ends in the midst of a frame.
    """
    if not path.is_file():
        raise RecorderError(f"{path}: there is no such file")
    try:
        video = probe(path)
    except NoVideo as error:
        raise RecorderError(f"{path}: no video in it ({error})") from None
    spec = _spec_of(video)
    _warn_of_turn(video)
    with closing(VideoReader(video, spec.pixel_format)) as reader:
        try:
            return _read_all(reader, video, spec)
        except (DecoderGone, TimeoutError) as error:
            raise RecorderError(f"{path}: {error}") from error


def _spec_of(video: Probe) -> FrameSpec:
    kind = video.stored.pixel_format
    if kind is None:
        remedy = f": {found}" if (found := video.stored.remedy()) else ""
        raise RecorderError(
            f"{video.path}: pixels are {video.stored}, and an array of RGB would not keep all of "
            f"it; gray of 8 to 16 bit and colour of 8 bit are read{remedy}"
        )
    pixel_format: PixelFormat = "rgb8" if kind == "bgr8" else kind
    return FrameSpec(video.width, video.height, pixel_format, video.fps)


def _warn_of_turn(video: Probe) -> None:
    if video.turn:
        times = video.turn // 90
        warnings.warn(
            f"{video.path} asks players to turn it by {video.turn} degrees clockwise; its frames "
            f"are given as they are stored, and np.rot90(frames, -{times}, (1, 2)) turns them",
            stacklevel=4,
        )


def _read_all(reader: VideoReader, video: Probe, spec: FrameSpec) -> Frame:
    frames: Frame = np.empty((_guess(video, spec), *spec.shape), spec.dtype)
    count = 0
    first: Shot | None = None
    torn: Shot | None = None
    is_unfinished = _UNFINISHED.search(video.path.name) is not None
    while (shot := reader.next(_SILENT_S)) is not None:
        first = first or shot
        _require_like(shot, first, video.path)
        if torn or (shot.is_torn and not is_unfinished):
            raise _torn(torn or shot, video.path)
        if shot.is_torn:  # left out, if no other follows
            torn = shot
            continue
        if count == len(frames):
            frames.resize((count + count // 2 + 1, *spec.shape), refcheck=False)
        reader.read(frames[count])
        count += 1
    if is_unfinished and count and reader.ends_cut(count):
        warnings.warn(
            f"{video.path} was never finished and ends in the midst of a frame, which is left out; "
            f"the {count} before it are whole",
            stacklevel=5,
        )
        return frames[:count]
    if torn:
        raise _torn(torn, video.path)
    if fault := reader.fault():
        raise RecorderError(
            f"{video.path} is damaged, {count} frames can be read: {fault}. As `source:` of a "
            "config, all that can be read is recorded"
        )
    return frames[:count]


def _guess(video: Probe, spec: FrameSpec) -> int:
    """Return for how many frames to make room at first; it grows, if there are more."""
    announced = (video.announced_s or 0.0) * (video.fps or 0.0)
    return int(min(announced + 2, _MOST_AT_FIRST // spec.nbytes + 2))


def _require_like(shot: Shot, first: Shot, path: Path) -> None:
    if not shot.is_like(first):
        raise RecorderError(
            f"{path}: frame {shot.number} is {shot.kind}, those before it are {first.kind}; one "
            "array cannot hold both, and nothing is rescaled: cut the file there"
        )


def _torn(shot: Shot, path: Path) -> RecorderError:
    return RecorderError(
        f"{path} is damaged: a part of frame {shot.number} is lost. As `source:` of a config, "
        "it is recorded with the note torn"
    )
