"""Which cameras are connected, found out beside the window: a driver may hang, or crash."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import fields
from typing import Any

from recorder.cameras.listing import CameraListing
from recorder.errors import RecorderError
from ui.model.command import RECORDER, Command

LIMIT_S = 10.0
"""How long the list may take; drivers answer within one second, or never."""
_FIELDS = {field.name for field in fields(CameraListing)}


class CameraFinder:
    """Lists the connected cameras when it is asked to.

    Parameters
    ----------
    command
        What prints the list as JSON.
    limit_s
        Longest wait for it.

    Attributes
    ----------
    problem
        Why the last list could not be made, or empty.
    """

    def __init__(
        self, command: Sequence[str] = (*RECORDER, "cameras", "--json"), limit_s: float = LIMIT_S
    ) -> None:
        self._argv, self._limit_s = list(command), limit_s
        self._command: Command | None = None
        self._thread: threading.Thread | None = None
        self._found: list[CameraListing] | None = None
        self._is_closed = False
        self.problem = ""

    @property
    def is_looking(self) -> bool:
        """Whether a list is in the making."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, on_done: Callable[[list[CameraListing]], object] | None = None) -> None:
        """Make a new list; nothing happens while one is in the making, or after `close`.

        Parameters
        ----------
        on_done
            Called with the list, on a thread of this object. Those who `poll` need it not.
        """
        if self.is_looking or self._is_closed:
            return
        command = self._command = Command(self._argv)
        self._thread = threading.Thread(
            target=self._look, args=(command, on_done), name="list of cameras", daemon=True
        )
        self._thread.start()

    def poll(self) -> list[CameraListing] | None:
        """Return a list once it is made, and None until the next one is; never blocks.

        It is empty if there is no camera, or there is a `problem`.
        """
        found, self._found = self._found, None
        return found

    def close(self, timeout_s: float = 1.0) -> None:
        """End what still runs; a process that a driver holds is left behind."""
        self._is_closed = True
        if self._command is not None:
            self._command.kill()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _look(
        self, command: Command, on_done: Callable[[list[CameraListing]], object] | None
    ) -> None:
        problem, found = "", []
        try:
            found = [_listing(camera) for camera in command.answer(self._limit_s)["cameras"]]
        except RecorderError as error:
            problem = f"the cameras cannot be listed: {error}"
        except (KeyError, TypeError):
            problem = "the cameras cannot be listed: an answer without them"
        if self._is_closed:
            return
        self.problem, self._found = problem, found
        if on_done is not None:
            on_done(found)


def _listing(camera: dict[str, Any]) -> CameraListing:
    known = {name: value for name, value in camera.items() if name in _FIELDS}
    modes = tuple(tuple(mode) for mode in known.get("modes", ()))
    return CameraListing(**{**known, "modes": modes})
