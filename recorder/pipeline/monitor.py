"""The monitor thread: looks at a running session ten times a second, and sees it to its end."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from recorder.pipeline.guards import LEAVE_TIMEOUT_S, SETTLED_S, DiskGuard, Finish, Liveness
from recorder.pipeline.meters import Meters, status_of
from recorder.stats import CameraStatus

if TYPE_CHECKING:
    from recorder.pipeline.crew import Crew
    from recorder.pipeline.take import Take

log = logging.getLogger(__name__)

TICK_S = 0.1


class Monitor:
    """Watches a crew at work; it carries no frames, and its own failure ends nothing.

    Parameters
    ----------
    crew
        What is watched.
    disk
        Where files go.
    finish
        Called with what is found wrong.
    current
        Gives the take to look at, and whether it is being recorded.
    """

    def __init__(
        self,
        crew: Crew,
        disk: DiskGuard,
        finish: Finish,
        current: Callable[[], tuple[Take | None, bool]],
    ) -> None:
        self._crew = crew
        self._disk = disk
        self._current = current
        self._liveness = Liveness(crew.acquisition, crew.writing, finish)
        self._meters = Meters()

    def begin_take(self) -> None:
        """Measure afresh."""
        self._meters = Meters()

    def run(self, ending: threading.Event, writer: threading.Thread) -> float:
        """Watch until the session is to end and its writer has finished.

        Returns
        -------
        float
            How long to wait for the camera's thread yet, in s; 0 if it had its time.
        """
        while not ending.wait(TICK_S):
            self._tick()
            self._liveness.look_at_camera(time.monotonic_ns())
        left_by = time.monotonic() + LEAVE_TIMEOUT_S
        patience_s = LEAVE_TIMEOUT_S
        while writer.is_alive():
            writer.join(TICK_S)
            self._tick()
            self._liveness.look_at_camera(time.monotonic_ns())
            if self._liveness.must_abandon(time.monotonic_ns()):
                patience_s = 0.0
                self._crew.ring.close()  # a thread cannot be killed: its frame no longer counts
            elif time.monotonic() > left_by:
                self._crew.ring.close()  # it may wait for room there, or hang in decoding a frame
            if self._liveness.writer_is_stuck(time.monotonic_ns()):
                self._crew.kill_encoder()
        return patience_s

    def _tick(self) -> None:
        crew = self._crew
        take, recording = self._current()
        try:
            now = time.monotonic_ns()
            self._meters.sample(now, crew.acquisition.grabs, take, crew.writing)
            rate = self._meters.disk.per_second
            to_go_s = None
            if recording and take is not None:
                to_go_s = self._meters.to_go_s(take, crew.frames_in_source)
            self._disk.look(recording, rate, crew.waiting_bytes, to_go_s)
            if recording and take is not None and take.seconds > SETTLED_S:
                self._disk.warn(rate)
        except Exception:  # an observer's failure never ends a recording
            log.exception("the monitor failed")

    def status(self, base: CameraStatus) -> CameraStatus:
        """Return a status with everything that is measured filled in."""
        take, _ = self._current()
        return status_of(base, take, self._meters, self._disk, self._crew.writing)
