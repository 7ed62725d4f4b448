"""Frames and statuses for widgets that are tested."""

import numpy as np

from recorder.frame import FrameStamp
from recorder.pipeline.view import Look
from recorder.stats import CameraStatus


def picture(width, height, dtype=np.uint8):
    """A frame in which every pixel tells where it is, as far as its type can."""
    y, x = np.mgrid[:height, :width]
    return (x + 3 * y).astype(dtype)


def look(frame, step=1):
    """What a viewer gets of a frame."""
    return Look(np.ascontiguousarray(frame[::step, ::step]), FrameStamp(0, 0), 1)


def show(tile, frame, step=1):
    """Show a frame in a tile."""
    tile.show_look(look(frame, step), step)


def live(name="top", **values):
    """The status of a camera that is well."""
    return CameraStatus(name, **{"state": "previewing", "fps_in": 60.0, "age_s": 0.01, **values})
