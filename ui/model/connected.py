"""The connected cameras: for the window to offer, and one to begin with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from recorder.config import SYNTHETIC

if TYPE_CHECKING:
    from recorder.cameras.listing import CameraListing
    from ui.model.cameras import CameraFinder


class Choice(NamedTuple):
    """A source to begin with; and in words why it is not a camera, if it is none."""

    source: int | str
    why: str = ""


class Connected:
    """What a `CameraFinder` finds, for two who want it.

    Parameters
    ----------
    finder
        Looks when it is asked to.
    """

    def __init__(self, finder: CameraFinder) -> None:
        self._finder = finder
        self._untaken: list[CameraListing] | None = None

    @property
    def problem(self) -> str:
        """Why the last list could not be made, or empty."""
        return self._finder.problem

    def look(self) -> None:
        """Make a new list, in a moment."""
        self._finder.start()

    def take(self) -> list[CameraListing] | None:
        """Return the last list, once."""
        found, self._untaken = self._untaken, None
        return found

    def poll(self) -> list[CameraListing] | None:
        """Return a list that has just become ready, or None."""
        found = self._finder.poll()
        if found is not None:
            self._untaken = found
        return found

    def close(self) -> None:
        """End what still runs."""
        self._finder.close()


def first(found: Sequence[CameraListing]) -> Choice:
    """Return the first camera that can be used, or the synthetic one."""
    for camera in found:
        if not camera.problem:
            return Choice(camera.source)
    why = ", ".join(f"{camera.name}: {camera.problem}" for camera in found)
    return Choice(SYNTHETIC, why or "No camera is connected")
