"""A real-time camera recorder that is lossless, and proves it.

The names here are what scripts may rely on; each is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recorder.config import load_config
    from recorder.errors import (
        CameraBusy,
        CameraError,
        CameraLost,
        CameraNotFound,
        CameraRefused,
        CameraTimeout,
        ConfigError,
        Damaged,
        EncoderDied,
        FileTaken,
        NoSpace,
        NotLossless,
        RecorderError,
        RigGone,
        WriterError,
    )
    from recorder.lossless import LosslessVideoWriter, mimread, mimwrite
    from recorder.pipeline.session import Session
    from recorder.playback.recording import open_recording
    from recorder.playback.verify import verify
    from recorder.rig.rig import Rig
    from recorder.storage import load, save

__all__ = [
    "CameraBusy",
    "CameraError",
    "CameraLost",
    "CameraNotFound",
    "CameraRefused",
    "CameraTimeout",
    "ConfigError",
    "Damaged",
    "EncoderDied",
    "FileTaken",
    "LosslessVideoWriter",
    "NoSpace",
    "NotLossless",
    "RecorderError",
    "Rig",
    "RigGone",
    "Session",
    "WriterError",
    "load",
    "load_config",
    "mimread",
    "mimwrite",
    "open_recording",
    "save",
    "verify",
]

_HOME = {
    "load": "recorder.storage",
    "load_config": "recorder.config",
    "LosslessVideoWriter": "recorder.lossless",
    "mimread": "recorder.lossless",
    "mimwrite": "recorder.lossless",
    "open_recording": "recorder.playback.recording",
    "save": "recorder.storage",
    "Rig": "recorder.rig.rig",
    "Session": "recorder.pipeline.session",
    "verify": "recorder.playback.verify",
}


def __getattr__(name: str) -> Any:
    if name == "__version__":
        from importlib.metadata import PackageNotFoundError, version

        try:
            return version("recorder")
        except PackageNotFoundError:  # run out of a checkout, without pip
            return "0+unknown"
    if name not in __all__:
        raise AttributeError(f"module 'recorder' has no attribute {name!r}")
    return getattr(import_module(_HOME.get(name, "recorder.errors")), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
