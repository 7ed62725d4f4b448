"""How long a camera that is lost is looked for, and which one is not at all."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recorder.config import SYNTHETIC, is_live

if TYPE_CHECKING:
    from recorder.config import CameraConfig, Source

HEALTHY_S = 30.0
"""A camera that went on for so long begins to count its failures anew."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a camera that is to be recorded is looked for.

    Parameters
    ----------
    tries
        Attempts in a row. Ten take about a minute and a half with one that is unplugged, and more
        with a network camera, whose time-out passes each time.
    first_pause_s, longest_pause_s
        Before the first attempt and at most; each pause is twice the one before.
    """

    tries: int = 10
    first_pause_s: float = 0.25
    longest_pause_s: float = 10.0

    def pause_s(self, tries: int) -> float:
        """Return how long to wait after so many attempts."""
        return min(self.longest_pause_s, self.first_pause_s * 2.0 ** min(tries, 30))


class Search:
    """Looks for one camera, as often as it is lost.

    Parameters
    ----------
    camera
        As configured.
    patience
        With it while it is to be recorded; a preview loses nothing, so it may wait for ever.

    Attributes
    ----------
    tries
        In a row; counted by the keeper's thread, and begun anew with another config.
    """

    def __init__(self, camera: CameraConfig, patience: Patience) -> None:
        self._patience = patience
        self.look_for(camera)

    def look_for(self, camera: CameraConfig) -> None:
        """Begin anew, with the camera as it is configured now."""
        self._is_wanted = camera.on_failure == "restart" and not _begins_anew(camera.source)
        self.tries = 0

    def begin(self) -> None:
        """Begin a recording: what was lost before it does not count."""
        self.tries = 0

    def goes_on(self, opened_at: float | None, is_recorded: bool) -> bool:
        """Whether the camera is to be opened once more.

        Parameters
        ----------
        opened_at
            When it was open last, in seconds of the monotonic clock; None: it was not, this time.
        is_recorded
            Or only previewed.
        """
        if not self._is_wanted:
            return False
        if opened_at is not None and time.monotonic() - opened_at > HEALTHY_S:
            self.tries = 0
        return not is_recorded or self.tries < self._patience.tries

    def next_pause_s(self) -> float:
        """Count the next attempt; return how long to wait before it."""
        pause_s = self._patience.pause_s(self.tries)
        self.tries += 1
        return pause_s


def _begins_anew(source: Source) -> bool:
    """Whether a source gives its first frames once more when it is opened again: a file does."""
    return source != SYNTHETIC and not is_live(source)
