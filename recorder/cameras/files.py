"""Video files and image sequences as cameras: they wait, and they end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

from recorder.cameras import settings
from recorder.cameras.base import EndOfSource
from recorder.cameras.feed import Feed, Wanted
from recorder.cameras.formats import Reading, file_reading
from recorder.cameras.images import (
    ImageFiles,
    Sequence,
    find_sequence,
    first_image,
    image_pixel_format,
    is_sequence,
)
from recorder.cameras.videofile import VideoFile
from recorder.errors import CameraError, CameraNotFound, CameraRefused, RecorderError
from recorder.ffmpeg.probe import NoVideo, Probe, probe
from recorder.frame import PixelFormat


def open_file(source: str, wanted: Wanted) -> Feed:
    """Open a video file, an image or an image sequence; its first frame is grabbed.

    Frames of a video are all that ffmpeg can decode, neither turned nor rescaled.

    Parameters
    ----------
    source
        A path; of ``frames_%04d.png`` the number is in the name, not in a folder.
    wanted
        Size and rate of a file cannot be chosen; they are compared.

    Raises
    ------
    CameraNotFound, CameraRefused, CameraError
    """
    path = Path(source).absolute()
    if is_sequence(path):
        return _open_sequence(find_sequence(path), source, wanted)
    _check_path(path, source)
    return _open_video(path, source, wanted)


def _check_path(path: Path, source: str) -> None:
    """Name what ffmpeg only fails on."""
    if path.is_dir():
        raise CameraRefused(
            f"{source}: is a folder; give a video file, or a sequence such as frames_%04d.png"
        )
    if not path.exists():
        raise CameraNotFound(f"{source}: no such file (working folder: {Path.cwd()})")
    if not os.access(path, os.R_OK):
        raise CameraRefused(f"{source}: no permission to read this file")
    if path.stat().st_size == 0:
        raise CameraError(f"{source}: the file is empty")


def _open_video(path: Path, source: str, wanted: Wanted) -> Feed:
    """Open a file that ffmpeg reads."""
    video = _look_at(path, source)
    reading = file_reading(video.stored, wanted.pixel_format, source)
    capture = VideoFile(video, reading, wanted.fps, source)
    try:
        feed = Feed(
            capture,
            reading,
            lambda *_: _video_end(capture, feed),
            "ffmpeg",
            has_clock=True,
            held=True,
            is_torn=lambda: capture.is_torn,
            is_recorded=True,
        )
        feed.fps = video.fps
        feed.notes += _turn_note(video)
        settings.apply_settings(feed, wanted)
        if not capture.grab():
            raise CameraError(f"{source}: none of its frames can be decoded; cut short or damaged?")
    except BaseException:
        capture.release()
        raise
    return feed


def _look_at(path: Path, source: str) -> Probe:
    try:
        return probe(path)
    except NoVideo as error:
        raise CameraError(
            f"{source}: not a video that can be read: cut short, damaged or another kind ({error})"
        ) from None
    except RecorderError as error:
        raise CameraError(f"{source}: {error}") from error


def _turn_note(video: Probe) -> list[str]:
    """Say if the file asks players to turn it."""
    if not video.turn:
        return []
    return [
        f"The file asks players to turn it by {video.turn} degrees; rotate does that, if wished."
    ]


def _video_end(capture: VideoFile, feed: Feed) -> EndOfSource:
    """Keep in the about file what was wrong with the video."""
    end = capture.end()
    if end.fault:
        note = f"The source file: {end.fault}."
        if note not in feed.notes:
            feed.notes.append(note)
    return end


def _open_sequence(sequence: Sequence, source: str, wanted: Wanted) -> Feed:
    """Open image files; the first one says what the others have to be."""
    capture = ImageFiles(sequence.files, drop_alpha=wanted.pixel_format in ("bgr8", "gray8"))
    frame = first_image(capture, source)
    pixel_format = cast(PixelFormat, image_pixel_format(frame, source))
    feed = Feed(
        capture,
        Reading(pixel_format),
        lambda *_: EndOfSource(f"{source}: all images were read"),
        "opencv images",
        has_clock=False,  # images have no rate of their own: the config's is taken
        notes=list(sequence.notes),
        fps=wanted.fps,
        held=True,
    )
    settings.apply_settings(feed, wanted)
    return feed
