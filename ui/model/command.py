"""A command of ours in a process of its own: what it does to its process, the window survives."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Sequence
from typing import Any

from recorder.errors import RecorderError
from recorder.rig.early import environment
from recorder.system import start_child

RECORDER = (sys.executable, "-P", "-m", "recorder")
_LONGEST = 300  # characters of a reason


class Command:
    """One run of ``recorder … --json``.

    Parameters
    ----------
    command
        Program and arguments.
    nice
        By how much it yields to others; POSIX niceness.
    """

    def __init__(self, command: Sequence[str], nice: int = 0) -> None:
        self._command, self._nice = list(command), nice
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._is_killed = False

    def answer(self, limit_s: float | None = None) -> dict[str, Any]:
        """Run it to its end, and return the JSON of its last line.

        Blocks: not for the thread of the window.

        Parameters
        ----------
        limit_s
            After so long it is killed; None: never.

        Raises
        ------
        RecorderError
            It cannot be started, gives no such line, takes too long, or was killed.
        """
        child = self._start()
        try:
            out, err = child.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            self.kill()
            _let_go(child)
            raise RecorderError(f"no answer within {limit_s:g} s") from None
        return _last_line(out, err)

    def kill(self) -> None:
        """End it at once, also before it has begun; from any thread."""
        with self._lock:
            self._is_killed = True
            if self._child is not None:
                self._child.kill()

    def _start(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._is_killed:
                raise RecorderError("not begun")
            try:
                self._child = start_child(
                    self._command, stdout=subprocess.PIPE, nice=self._nice, env=environment()
                )
            except OSError as error:
                raise RecorderError(f"cannot be started: {error}") from error
            return self._child


def _let_go(child: subprocess.Popen[bytes]) -> None:
    """Part from a killed child; one that a driver holds inside the system is left behind."""
    try:
        child.wait(1.0)
    except subprocess.TimeoutExpired:
        return
    finally:
        for pipe in (child.stdout, child.stderr):
            if pipe is not None:
                pipe.close()


def _last_line(out: bytes, err: bytes) -> dict[str, Any]:
    lines = out.decode(errors="replace").strip().splitlines()
    try:
        answer = json.loads(lines[-1])
    except (IndexError, ValueError):
        answer = None
    if isinstance(answer, dict):
        return answer
    said = err.decode(errors="replace").strip().splitlines() or lines
    raise RecorderError(said[-1].strip()[:_LONGEST] if said else "it ended without a word")
