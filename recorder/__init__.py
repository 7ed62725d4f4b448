"""A real-time camera recorder that is lossless, and proves it.

The names here are what scripts may rely on; each is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from recorder.config import load_config
    from recorder.errors import RecorderError
    from recorder.pipeline.session import Session
    from recorder.playback.verify import verify

__all__ = ["RecorderError", "Session", "load_config", "verify"]

_HOME = {
    "load_config": "recorder.config",
    "RecorderError": "recorder.errors",
    "Session": "recorder.pipeline.session",
    "verify": "recorder.playback.verify",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'recorder' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
