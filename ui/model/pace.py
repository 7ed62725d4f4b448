"""How often pictures are shown: a window that costs a frame shows too many."""

from __future__ import annotations

from collections.abc import Container

from recorder.stats import CameraStatus, RigStatus

BUSY, FILLING, FULL = 0.15, 0.03, 0.25
"""Headroom of an encoder, and fill of a buffer, from which the recording needs the processor."""
SELDOM, RARELY = 3, 10
"""Every how many pictures is shown then; of 30 a second."""


def picture_every(status: RigStatus | None, waiting: Container[str] = ()) -> int:
    """Return every how many pictures is to be shown: 1 is all of them.

    Parameters
    ----------
    status
        None if there is no rig.
    waiting
        Cameras that wait when the buffer is full: theirs is full all the time, and nothing is lost.
    """
    if status is None:
        return 1
    pressed = [each for each in status.cameras if each.name not in waiting]
    return max((_every(camera) for camera in pressed), default=1)


def _every(camera: CameraStatus) -> int:
    if camera.state != "recording":
        return 1
    if camera.buffer_fill > FULL:
        return RARELY
    return SELDOM if camera.buffer_fill > FILLING or camera.headroom < BUSY else 1
