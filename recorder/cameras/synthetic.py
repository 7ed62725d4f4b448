"""A camera without hardware: an ordinary back-end for demos, tests, benchmarks and newcomers."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from recorder.cameras.base import CameraInfo, stamp_now
from recorder.cameras.scene import number_frame, painter
from recorder.cameras.transform import Transform
from recorder.config import CameraConfig
from recorder.controls import CameraControl
from recorder.errors import CameraLost, CameraRefused, CameraTimeout, ConfigError
from recorder.frame import FrameSpec, FrameStamp

if TYPE_CHECKING:
    from recorder.frame import Frame

DEFAULT_SIZE = (1280, 720)
DEFAULT_FPS = 30.0
_TRIAL_FRAMES = 8
_BRIGHTEST = 100.0
_BRIGHTNESS = CameraControl("brightness", "number", 0.0, -_BRIGHTEST, _BRIGHTEST, 1.0, 0.0)


class SyntheticCamera:
    """Paints numbered frames, punctually or as fast as they are taken, and fails on demand.

    Parameters
    ----------
    config
        ``fps: max`` never waits; faults fire at the frame numbers in `config.options`.
    sleep
        How to wait, in s.
    """

    can_wait = True
    timeout_s = 2.0

    def __init__(self, config: CameraConfig, sleep: Callable[[float], None] = time.sleep) -> None:
        self._config = config
        self._options = config.options
        self._sleep = sleep
        self._number = 0
        self._painted = 0
        self._due_ns = 0
        self._failed = self._frozen = self._resized = False
        self._brightness = 0.0
        self.info = CameraInfo("synthetic", "synthetic")

    def open(self) -> FrameSpec:
        """Prepare the pattern; for ``fps: max`` find out how fast it can be painted."""
        config = self._config
        width, height = config.size or DEFAULT_SIZE
        native = FrameSpec(width, height, config.pixel_format or "gray8")
        self._paint = painter(self._options.pattern, native, self._options.seed)
        self._transform = Transform(
            native, native.pixel_format, config.crop, config.rotate, config.flip
        )
        self._scratch: Frame = np.empty(native.shape, native.dtype)
        fps = config.fps or DEFAULT_FPS
        self._period_ns = 0 if fps == "max" else round(1e9 / float(fps))
        spec = self._transform.spec.with_fps(self._try_out() if fps == "max" else float(fps))
        asked = {"size": [width, height], "fps": fps, "pixel_format": native.pixel_format}
        self.info = CameraInfo(
            "synthetic", "synthetic", asked, asked, self._transform.notes, spec.fps, (_BRIGHTNESS,)
        )
        self._set_up()
        self.begin(0)
        return spec

    def _set_up(self) -> None:
        before = self.info.notes
        for name, value in self._config.settings.items():
            if isinstance(value, str):
                raise ConfigError(f"settings.{name}: {value!r} is text; a number, true or false")
            self.set(name, float(value))
        refused = self.info.notes[len(before) :]
        if refused and self._config.strict:
            raise CameraRefused(f"synthetic: strict is set and not all was obtained: {refused[0]}")

    def _try_out(self) -> float:
        started = time.perf_counter()
        for number in range(_TRIAL_FRAMES):
            self._paint(number, self._scratch)
        return round(_TRIAL_FRAMES / max(time.perf_counter() - started, 1e-6), 1)

    def begin(self, grab: int) -> None:
        """Give the next frame the number `grab`, and start its schedule."""
        self._number = grab
        self._due_ns = 0

    def grab(self) -> FrameStamp:
        """Wait until the next frame is due.

        Raises
        ------
        CameraTimeout
            From `fail_at` on.
        """
        self._misbehave(self._number)
        self._await_due()
        if not self._frozen:
            self._painted = self._number
        self._frozen |= self._number == self._options.freeze_at  # from the next frame on
        self._number += 1
        return stamp_now()

    def _misbehave(self, number: int) -> None:
        options = self._options
        # Each fires at one number only, so a restarted camera that counts on is healthy.
        self._resized |= number == options.resize_at
        self._failed |= number == options.fail_at
        if number == options.crash_at:
            signal.raise_signal(signal.SIGSEGV)
        if number == options.hang_at:
            threading.Event().wait()  # like a driver that never returns; nothing can end it
        if self._failed:
            raise CameraTimeout("the synthetic camera gives no more frames (fail_at)")

    def _await_due(self) -> None:
        if not self._period_ns:
            return
        now = time.monotonic_ns()
        if self._due_ns == 0:
            self._due_ns = now
        if self._due_ns > now:
            self._sleep((self._due_ns - now) / 1e9)
        self._due_ns += self._period_ns

    def retrieve(self, out: Frame) -> None:
        """Paint the grabbed frame.

        Raises
        ------
        CameraLost
            From `resize_at` on.
        """
        number = self._painted
        if self._resized:
            height, width = self._scratch.shape[:2]
            raise CameraLost(
                f"frames were {width}x{height} and are {width // 2}x{height // 2} now (resize_at)"
            )
        if self._transform.identity:
            self._paint(number, out)
        else:
            self._paint(number, self._scratch)
            self._transform.apply(self._scratch, out)
        if self._brightness:
            _brighten(out, self._brightness)
        number_frame(out, number)

    def set(self, name: str, value: float) -> float | None:
        """Change the brightness, in grey levels of 8 bit; refuse every other setting."""
        info, now = self.info, None
        if name == _BRIGHTNESS.name:
            now = self._brightness = float(round(min(max(value, -_BRIGHTEST), _BRIGHTEST)))
        notes = info.notes
        if now != value:
            notes += (f"{name}: asked {value:g}, the synthetic camera is at {now or 0:g}.",)
        controls = (replace(_BRIGHTNESS, value=self._brightness),)
        self.info = replace(
            info,
            asked={**info.asked, name: value},
            obtained={**info.obtained, name: now},
            notes=notes,
            controls=controls,
        )
        return now

    def close(self) -> None:
        """Nothing to let go of."""


def _brighten(frame: Frame, levels: float) -> None:
    """Add grey levels of 8 bit in place, within the limits of the dtype."""
    limits = np.iinfo(frame.dtype)
    scale = (limits.max + 1) // 256
    np.copyto(frame, np.clip(frame.astype(np.int32) + int(levels) * scale, 0, limits.max), "unsafe")
