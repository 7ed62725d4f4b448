"""The one place where OpenCV is imported, with what has to be said before and mended after."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

_BEFORE = {
    # Seconds V4L2 waits for a frame; read once, at the first import. Its default of 10 is too long.
    "OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT": "2",
    # Both print URLs, with their passwords, on stderr.
    "OPENCV_LOG_LEVEL": "SILENT",
    "OPENCV_FFMPEG_LOGLEVEL": "-8",
}
# opencv-python brings a Qt of its own and points every Qt of the process to its plugins, with
# which PyQt5 aborts on X11.
_QT = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_QPA_FONTDIR")


@cache
def import_cv2() -> Any:
    """Return the module ``cv2``, quiet, on one thread, and out of Qt's way.

    Returns
    -------
    module
        Imported at the first call; 0.3 s.
    """
    for name, value in _BEFORE.items():
        os.environ.setdefault(name, value)
    qt = {name: os.environ.get(name) for name in _QT}
    import cv2

    _restore_qt(qt, Path(cv2.__file__).parent)
    # Its pool spins while it waits, on cores that encoding needs; what we ask of it takes 1 ms.
    cv2.setNumThreads(1)
    return cv2


def free_qt() -> None:
    """Drop the paths that an opencv-python has given to Qt, here or in the program that began us.

    Call it before the first window: a notebook that has imported cv2 hands them on.
    """
    for name in _QT:
        if "/cv2/qt/" in Path(os.environ.get(name, "")).as_posix() + "/":
            del os.environ[name]


def _restore_qt(before: dict[str, str | None], cv2_folder: Path) -> None:
    """Give Qt the user's own paths back; none if they were cv2's, from an earlier import."""
    for name, value in before.items():
        if value is None or Path(value).is_relative_to(cv2_folder):
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
