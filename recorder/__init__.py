"""A real-time camera recorder that is lossless, and proves it.

The names here are what scripts may rely on; each is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recorder.config import load_config
    from recorder.errors import RecorderError
    from recorder.lossless import LosslessVideoWriter, mimread, mimwrite
    from recorder.pipeline.session import Session
    from recorder.playback.recording import open_recording
    from recorder.playback.verify import verify
    from recorder.rig.rig import Rig
    from recorder.storage import load, save

__all__ = [
    "LosslessVideoWriter",
    "RecorderError",
    "Rig",
    "Session",
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
    "RecorderError": "recorder.errors",
    "save": "recorder.storage",
    "Rig": "recorder.rig.rig",
    "Session": "recorder.pipeline.session",
    "verify": "recorder.playback.verify",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'recorder' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
