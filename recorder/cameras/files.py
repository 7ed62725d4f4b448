"""Video files and image sequences as cameras: they wait, and they end."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

from recorder.cameras import settings
from recorder.cameras.base import EndOfSource
from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.feed import Capture, Feed, Wanted
from recorder.cameras.formats import Reading, stream_reading
from recorder.cameras.images import (
    ImageFiles,
    Sequence,
    find_sequence,
    first_image,
    image_pixel_format,
    is_sequence,
)
from recorder.errors import CameraError, CameraNotFound, CameraRefused
from recorder.frame import PixelFormat


def open_file(source: str, wanted: Wanted) -> Feed:
    """Open a video file, an image or an image sequence; its first frame is grabbed.

    Frames of a video are those that ``cv2.VideoCapture`` gives, also where the video changes its
    picture size on the way: OpenCV 5 then rescales to the first size, and tells nobody.

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
    # Absolute, or FFmpeg would take "-x.mkv" for an option and "a:b.mkv" for a protocol.
    path = Path(source).absolute()
    if is_sequence(path):
        return _open_sequence(find_sequence(path), source, wanted)
    _check_path(path, source)
    return _open_video(path, source, wanted)


def _check_path(path: Path, source: str) -> None:
    """Name what OpenCV only fails on."""
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
    """Open a file that FFmpeg reads."""
    cv2 = import_cv2()
    capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    try:
        if not capture.isOpened():
            raise CameraError(f"{source}: not a video that can be read: damaged or another kind")
        # Turned pictures would not be the file's own; `rotate` is the user's to say.
        settings.write(capture, cv2.CAP_PROP_ORIENTATION_AUTO, 0)
        tag = settings.read_code(capture, cv2.CAP_PROP_CODEC_PIXEL_FORMAT)
        if tag in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
            raise CameraError(f"{source}: does not say what its pixels are; cut short or damaged?")
        reading = stream_reading(tag, wanted.pixel_format, source)
        settings.write(capture, cv2.CAP_PROP_CONVERT_RGB, float(reading.convert))
        feed = Feed(
            capture,
            reading,
            lambda feed, _: _video_end(feed, source),
            "opencv FFMPEG",
            has_clock=True,
            held=True,
        )
        feed.fps = settings.read_rate(capture)
        feed.frames = _announced(capture)
        feed.notes += _orientation_note(capture)
        settings.apply_settings(feed, wanted)
        if not capture.grab():
            raise CameraError(f"{source}: none of its frames can be decoded; cut short or damaged?")
    except BaseException:
        capture.release()
        raise
    return feed


def _orientation_note(capture: Capture) -> list[str]:
    """Say if the file asks players to turn it."""
    turn = settings.read(capture, import_cv2().CAP_PROP_ORIENTATION_META)
    if not turn or turn < 0:
        return []
    return [f"The file asks players to turn it by {turn:g} degrees; rotate does that, if wished."]


def _video_end(feed: Feed, source: str) -> EndOfSource:
    """Tell the end of a file from a file that was cut short, as far as its header allows."""
    cv2 = import_cv2()
    announced = feed.frames or 0
    read = settings.read(feed.capture, cv2.CAP_PROP_POS_FRAMES) or 0
    if not 0 < read < announced:
        return EndOfSource(f"{source}: all frames were read")
    note = (
        f"The file announces {announced} frames, but {read:.0f} could be read: "
        "it may be cut short or damaged."
    )
    if note not in feed.notes:
        feed.notes.append(note)
    return EndOfSource(f"{source}: {note}")


def _announced(capture: Capture) -> int | None:
    """Return how many frames a video says that it has; None if it does not say."""
    found = settings.read(capture, import_cv2().CAP_PROP_FRAME_COUNT)
    return int(found) if found and found > 0 else None


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
        frames=len(sequence.files),
        held=True,
    )
    settings.apply_settings(feed, wanted)
    return feed
