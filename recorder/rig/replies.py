"""Ask a camera's process for something, and wait for its answer."""

from __future__ import annotations

import itertools
import queue
import threading
from collections.abc import Callable

from recorder.errors import CameraLost, CameraTimeout
from recorder.rig.messages import Message, as_error

TIMEOUT_S = 8.0
"""Longer than the process itself waits for its camera."""


class Replies:
    """Questions that are under way, by number. Any thread may ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._open: dict[int, queue.SimpleQueue[Message | None]] = {}

    def ask(self, send: Callable[[int], bool], timeout_s: float = TIMEOUT_S) -> Message:
        """Send a question under a number of its own; return the answer.

        Parameters
        ----------
        send
            Sends it; False if there is nobody to ask.

        Raises
        ------
        RecorderError
            What the process answers, of the same class as there.
        CameraLost, CameraTimeout
            There is no process, or it died meanwhile; or it says nothing.
        """
        answers: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        with self._lock:
            number = next(self._numbers)
            self._open[number] = answers
        try:
            if not send(number):
                raise CameraLost("the camera is not there now")
            answer = answers.get(timeout=timeout_s)
        except queue.Empty:
            raise CameraTimeout(f"the camera did not answer within {timeout_s:g} s") from None
        finally:
            with self._lock:
                del self._open[number]
        if answer is None:
            raise CameraLost("the camera was lost meanwhile")
        if answer.get("error") is not None:
            raise as_error(answer["error"])
        return answer

    def hear(self, answer: Message) -> None:
        """Pass an answer on; one that nobody waits for any more is dropped."""
        with self._lock:
            waiting = self._open.get(answer["number"])
        if waiting is not None:
            waiting.put(answer)

    def give_up(self) -> None:
        """Tell all who wait that no answer will come."""
        with self._lock:
            for waiting in self._open.values():
                waiting.put(None)
