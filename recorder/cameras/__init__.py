"""Where frames come from: one back-end a module, all behind `Camera`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from recorder.cameras.base import Camera

if TYPE_CHECKING:
    from recorder.config import CameraConfig


def make_camera(config: CameraConfig) -> Camera:
    """Return the camera that a config names, not yet open; only its back-end is imported."""
    if config.source == "synthetic":
        from recorder.cameras.synthetic import SyntheticCamera

        return SyntheticCamera(config)
    from recorder.cameras.opencv import OpenCVCamera

    return OpenCVCamera.from_config(config)
