"""One attempt at a camera: a process from its start to its end, and how that was."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from recorder.errors import CameraError, CameraLost, RecorderError
from recorder.rig.messages import Message, as_error
from recorder.rig.process import EXIT_S, WorkerProcess
from recorder.rig.shares import FileShare

TICK_S = 0.1


@dataclass(frozen=True, slots=True)
class Ending:
    """How one process of the camera ended.

    Parameters
    ----------
    reason
        As in a summary.
    error
        What went wrong, if anything did.
    died
        It ended without a word, or had to be killed.
    """

    reason: str
    error: RecorderError | None = None
    died: bool = False

    @property
    def may_come_back(self) -> bool:
        """Whether the camera may be there again when it is opened anew."""
        lost = self.reason == "camera_failed" and isinstance(self.error, CameraError)
        return self.died or lost


class Attempt:
    """One process of a camera, and what only that process has told.

    It has no lock of its own: the keeper's guards it. `watch` and `close` wait, so they are called
    without it, and only by the keeper's thread, which is also the only one to start and to forget
    the process.

    Parameters
    ----------
    takes
        Recordings that it goes on with from its start: one, or none.

    Attributes
    ----------
    takes
        The number of its last recording.
    share
        Its files of that recording.
    said
        Its last word, which tells why it ends.
    opened_at
        When the camera was open, in seconds of the monotonic clock.
    is_given_up
        It is being ended because it is stuck.
    """

    def __init__(self, takes: int = 0) -> None:
        self.takes = takes
        self.share = FileShare()
        self.said: Message | None = None
        self.opened_at: float | None = None
        self.is_given_up = False
        self._worker: WorkerProcess | None = None

    # -- its process, as long as there is one -------------------------------------------------

    def launch(self, start: Callable[[], WorkerProcess]) -> None:
        """Start the process.

        Raises
        ------
        OSError
            The system gives none.
        """
        self._worker = start()

    @property
    def is_there(self) -> bool:
        """Whether there is a process to be told anything."""
        return self._worker is not None

    @property
    def pid(self) -> int | None:
        """Of the process; None if there is none."""
        return None if self._worker is None else self._worker.pid

    def is_from(self, pid: int | None) -> bool:
        """Whether this process has this id, and is there."""
        return pid is not None and pid == self.pid

    def tell(self, kind: str, **content: Any) -> None:
        """Tell the process something, if there is one."""
        if self._worker is not None:
            self._worker.send(kind, **content)

    def kill(self) -> None:
        """End the process at once; may wait for seconds."""
        worker = self._worker
        if worker is not None:
            worker.kill()

    # -- its end ------------------------------------------------------------------------------

    def watch(self) -> str | None:
        """Wait for the process's end; return why it had to be ended, if it had to be."""
        worker = self._require_process()
        looked = time.monotonic()
        while not worker.wait(TICK_S):
            now = time.monotonic()
            passed_s, looked = now - looked, now
            if self.said is not None:
                if not worker.wait(EXIT_S):
                    worker.kill()
                    return None
            elif worker.is_stuck(passed_s):
                self.is_given_up = True
                worker.end()
                return "it did not answer any more, and was ended"
        return None

    def close(self) -> str:
        """Hear the last words of a process that has ended; return in words how that was."""
        return self._require_process().close()

    def end(self, stuck: str | None, how: str) -> Ending:
        """Forget the process; return how it ended, from what `watch` and `close` returned."""
        self._worker = None
        said = self.said
        if said is None or stuck is not None:
            text = stuck or how
            died = said is None
            return Ending("camera_failed", CameraLost(f"the camera's process: {text}"), died)
        error = None if said["error"] is None else as_error(said["error"])
        return Ending(said["reason"] or "requested", error)

    def _require_process(self) -> WorkerProcess:
        assert self._worker is not None
        return self._worker
