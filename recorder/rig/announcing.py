"""Tells of the events of a rig as a whole: a recording has begun, or is over."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from recorder.errors import RecorderError, Stopped
from recorder.pipeline.summary import REASONS, reason_of
from recorder.rig.events import Event, Fact, Hear

if TYPE_CHECKING:
    from recorder.rig.summary import RigSummary

log = logging.getLogger(__name__)

_SUMS = ("grabbed", "written", "dropped", "bad", "gaps", "restarts")


class Announcer:
    """Passes events on to whoever wants to hear of them; their failure never ends a recording.

    Parameters
    ----------
    hear
        Called with each.
    """

    def __init__(self, hear: Hear) -> None:
        self._hear = hear
        self._lock = threading.Lock()
        self._is_under_way = False

    def hear(self, event: Event) -> None:
        """Pass an event on."""
        try:
            self._hear(event)
        except Exception:  # whoever hears is not ours, and may raise anything
            log.exception("nobody could be told of: %s", event.kind)

    def begun(self, cameras: Iterable[str]) -> None:
        """Tell that a recording has begun."""
        with self._lock:
            self._is_under_way = True
        self.hear(Event("start", facts={"cameras": ",".join(cameras)}))

    def refused(self, error: BaseException) -> None:
        """Tell why nothing could be begun, unless somebody did not want it any more."""
        if isinstance(error, RecorderError) and not isinstance(error, Stopped):
            facts: dict[str, Fact] = {"reason": reason_of(error), "message": str(error)}
            self.hear(Event("failure", facts=facts))

    def over(self, summary: Callable[[], RigSummary]) -> None:
        """Tell once of each recording that it is over, and how it went."""
        with self._lock:
            was_under_way, self._is_under_way = self._is_under_way, False
        if was_under_way:
            self.hear(Event("end", facts=_facts(summary())))


def _facts(summary: RigSummary) -> dict[str, Fact]:
    cameras = summary.cameras.values()
    reasons = sorted((camera.reason for camera in cameras), key=REASONS.__getitem__)
    sums = {name: sum(getattr(camera, name) for camera in cameras) for name in _SUMS}
    return {
        "exit_code": summary.exit_code,
        "reason": reasons[-1] if reasons else "requested",
        **sums,
        "bytes": sum(camera.file_bytes for camera in cameras),
    }
