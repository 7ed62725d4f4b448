"""A video file as a capture: every frame that can be decoded, as stored, with its own time."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from recorder.cameras.base import EndOfSource
from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.formats import Reading
from recorder.errors import CameraLost, CameraTimeout, RecorderError
from recorder.ffmpeg.probe import Probe
from recorder.ffmpeg.reader import DecoderGone, VideoReader
from recorder.system import ENCODER_NICE

if TYPE_CHECKING:
    from recorder.ffmpeg.log import Shot
    from recorder.frame import Frame

TIMEOUT_S = 5.0
"""What takes longer between two frames is a disk that does not answer."""
_RATE_TOLERANCE = 0.005
"""29.97 is what a config means by 30: the file's times stay as they are."""


class VideoFile:
    """What `feed.Capture` asks for, from ffmpeg.

    Parameters
    ----------
    video
        The file, as it was probed.
    reading
        What its frames become.
    fps
        The rate that the config says it has, which wins over the file's own; None: the file's.
    source
        For messages.

    Raises
    ------
    CameraLost
        ffmpeg does not start.
    """

    def __init__(self, video: Probe, reading: Reading, fps: float | None, source: str) -> None:
        self._video = video
        self._kind = reading.pixel_format
        self._fps = fps or video.fps
        self._slower = _ratio(video.fps, fps)
        self._source = source
        try:
            self._reader = VideoReader(video, self._kind, ENCODER_NICE)
        except RecorderError as error:
            raise CameraLost(f"{source}: {error}") from error
        self._shot: Shot | None = None
        self._first: Shot | None = None
        self._kept: Frame | None = None  # it may be asked for again

    def grab(self) -> bool:
        """Go on to the next frame; False at the end.

        Raises
        ------
        CameraTimeout, CameraLost
        """
        self._kept = None
        try:
            self._shot = self._reader.next(TIMEOUT_S)
        except TimeoutError as error:
            raise CameraTimeout(f"{self._source}: {error}") from None
        except DecoderGone as error:
            raise CameraLost(f"{self._source}: {error}") from error
        self._first = self._first or self._shot
        return self._shot is not None

    def retrieve(self, image: Any = None) -> tuple[bool, Any]:
        """Put the frame's pixels into `image` if it fits, else into an array of its own.

        Without `image` the frame can be had again; with it, once.

        Raises
        ------
        CameraLost
            The frame is of another kind than the first one.
        """
        shot = self._shot
        if shot is None:
            return False, None
        self._require_kind(shot)
        out = self._room(shot, image)
        if self._kept is not None:
            np.copyto(out, self._kept)
            return True, out
        try:
            self._reader.read(out)
        except DecoderGone as error:
            raise CameraLost(f"{self._source}: {error}") from error
        self._kept = out if image is None else None
        return True, out

    def _room(self, shot: Shot, image: Any) -> Frame:
        shape = (shot.height, shot.width) + ((3,) if self._kind == "bgr8" else ())
        dtype = "uint16" if self._kind == "gray16" else "uint8"
        if image is not None and image.shape == shape and image.dtype == dtype:
            found: Frame = image
            return found
        return np.empty(shape, dtype)

    def _require_kind(self, shot: Shot) -> None:
        assert self._first is not None
        if not shot.is_like(self._first):
            raise CameraLost(
                f"{self._source}: frame {shot.number} is {shot.kind}, those before it were "
                f"{self._first.kind}; a recording cannot change its frame size: cut the file "
                "there, and record each part"
            )

    @property
    def is_torn(self) -> bool:
        """Whether a part of the frame at hand was damaged in the file, and is made up."""
        return self._shot is not None and self._shot.is_torn

    @property
    def time_ms(self) -> float:
        """When the frame at hand is shown, in the file's own times; nan if it has none."""
        if self._shot is None:
            return math.nan
        if self._shot.time_s is not None:
            return self._shot.time_s * self._slower * 1e3
        return self._shot.number / self._fps * 1e3 if self._fps else math.nan

    def end(self) -> EndOfSource:
        """Return how it ended, once there are no more frames."""
        fault = self._reader.fault()
        text = f"{self._source}: {fault}" if fault else f"{self._source}: all frames were read"
        return EndOfSource(text, fault)

    def get(self, prop: int) -> float:
        """Return a property: of the frame at hand its time, of all others that there is none."""
        return self.time_ms if prop == import_cv2().CAP_PROP_POS_MSEC else -1.0

    def set(self, prop: int, value: float) -> bool:
        """Return False: files have no settings."""
        return False

    def release(self) -> None:
        """End the decoder."""
        self._reader.close()


def _ratio(own: float | None, wanted: float | None) -> float:
    """Return what times are multiplied with, so that the rate is the wanted one."""
    if not own or not wanted or math.isclose(own, wanted, rel_tol=_RATE_TOLERANCE):
        return 1.0
    return own / wanted
