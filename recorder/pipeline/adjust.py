"""Change a camera while it runs, between two grabs, and remember what was changed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from recorder.controls import CameraDetails
from recorder.errors import CameraTimeout, RecorderError

if TYPE_CHECKING:
    from recorder.cameras.base import Camera, CameraInfo
    from recorder.frame import FrameSpec

TIMEOUT_S = 5.0
"""A camera between two grabs that does not get there for so long is stuck, or very slow."""
_MOST_CHANGES = 1000

Order = Callable[[Callable[[], None]], None]
"""Has something done between two grabs, on the camera's thread."""


class Adjusting:
    """The settings of one running camera.

    Parameters
    ----------
    camera, spec
        Open, and what its frames are.
    order
        See `Order`.
    """

    def __init__(self, camera: Camera, spec: FrameSpec, order: Order) -> None:
        self._camera = camera
        self._spec = spec
        self._order = order
        self._changes: tuple[dict[str, Any], ...] = ()

    def set(self, name: str, value: float, timeout_s: float = TIMEOUT_S) -> float | None:
        """Change a setting; return what is read back, None if nothing can be.

        Raises
        ------
        ConfigError
            There is no such setting, or it cannot be changed while the camera runs.
        CameraTimeout
            The camera did not come to the end of its grab.
        """
        result: list[float | RecorderError | None] = []
        done = threading.Event()

        def change() -> None:
            try:
                result.append(self._change(name, value))
            except RecorderError as error:
                result.append(error)
            done.set()

        self._order(change)
        if not done.wait(timeout_s):
            raise CameraTimeout(f"{name}: the camera was busy for {timeout_s:g} s; not changed yet")
        (found,) = result
        if isinstance(found, RecorderError):
            raise found
        return found

    def _change(self, name: str, value: float) -> float | None:
        now = self._camera.set(name, value)
        change = {
            "t_mono_ns": time.monotonic_ns(),
            "t_utc_ns": time.time_ns(),
            "name": name,
            "asked": value,
            "obtained": now,
        }
        self._changes = (*self._changes, change)[-_MOST_CHANGES:]
        return now

    def begin_take(self) -> None:
        """Forget the changes so far: the next recording begins with their outcome."""
        self._changes = ()

    def info(self) -> CameraInfo:
        """Return what the camera is, with what was changed since the recording began."""
        return replace(self._camera.info, changes=self._changes)

    def details(self) -> CameraDetails:
        """Return what the camera is for those who watch."""
        info, spec = self._camera.info, self._spec
        return CameraDetails(
            info.backend,
            info.source,
            dict(info.asked),
            dict(info.obtained),
            info.notes,
            info.claimed_fps,
            *(spec.width, spec.height, spec.pixel_format),
            info.controls,
        )
