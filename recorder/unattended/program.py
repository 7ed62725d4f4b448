"""A program of the user's, run with a time limit: it and all that it starts end with it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import IO

from recorder.system import start_child

KEPT_BYTES = 4096
"""How much of what a program says is kept, from its beginning."""
ASKED_S = 2.0
"""How long a program may take to end when it is asked; then it is killed."""
NICE = 15
"""Recording and encoding go first."""
LOOK_S = 0.05


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended.

    Parameters
    ----------
    code
        As of `subprocess.Popen.returncode`.
    in_time
        Whether it and its children ended by themselves.
    said
        The beginning of what it said.
    unsaid_bytes
        How much more that was.
    """

    code: int
    in_time: bool
    said: str
    unsaid_bytes: int


class Output:
    """Reads all that a program says, so that it never waits, and keeps the beginning."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._kept = bytearray()
        self._bytes = 0
        self._thread = threading.Thread(target=self._read, name="hook's words", daemon=True)
        self._thread.start()

    def _read(self) -> None:
        with self._pipe as pipe, contextlib.suppress(OSError, ValueError):
            while chunk := pipe.read(65536):
                self._bytes += len(chunk)
                self._kept += chunk[: KEPT_BYTES - len(self._kept)]

    def is_over(self, timeout_s: float) -> bool:
        """Wait until nobody can say anything any more; return whether that is so."""
        self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def text(self) -> tuple[str, int]:
        """Return what is kept, and how many bytes are not."""
        kept = bytes(self._kept)
        return kept.decode("utf-8", "replace").strip(), self._bytes - len(kept)


def run_limited(command: Sequence[str], env: Mapping[str, str], timeout_s: float) -> Outcome:
    """Run a program to its end, or end it.

    It is over when all of its processes are; one that shall stay begins a session of its own, and
    says what it has to say elsewhere.

    Parameters
    ----------
    command
        Program and arguments; no shell is involved.
    env
        Its environment.
    timeout_s
        After so long it is asked to end, and killed soon after.

    Raises
    ------
    OSError
        The program is missing or cannot be executed.
    """
    deadline = time.monotonic() + timeout_s
    child = start_child(
        list(command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=env, nice=NICE
    )
    assert child.stdout is not None
    output = Output(child.stdout)
    in_time = _is_over(child, output, deadline)
    if not in_time:
        _end(child, output)
    code = child.poll()
    return Outcome(-signal.SIGTERM if code is None else code, in_time, *output.text())


def _is_over(child: subprocess.Popen[bytes], output: Output, deadline: float) -> bool:
    """Wait until a program and its children are gone; return whether they are in time."""
    try:
        child.wait(max(0.0, deadline - time.monotonic()))
    except subprocess.TimeoutExpired:
        return False
    while _has_children(child):
        if time.monotonic() >= deadline:
            return False
        time.sleep(LOOK_S)  # they are not ours: the system tells nobody but their parent
    if os.name != "nt":  # there, who has its output open is all that is known of its children
        output.is_over(ASKED_S)
        return True
    return output.is_over(deadline - time.monotonic())


def _has_children(child: subprocess.Popen[bytes]) -> bool:
    if os.name == "nt":
        return False  # see `_is_over`
    try:
        os.killpg(child.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # it has become another user's
        return True
    return True


def _end(child: subprocess.Popen[bytes], output: Output) -> None:
    """Ask a program and its children to end, then kill them."""
    for force in (False, True):
        _signal(child, force)
        if _is_over(child, output, time.monotonic() + ASKED_S):
            return


def _signal(child: subprocess.Popen[bytes], force: bool) -> None:
    if os.name == "nt":
        _end_tree(child)
        return
    with contextlib.suppress(OSError):
        os.killpg(child.pid, signal.SIGKILL if force else signal.SIGTERM)


def _end_tree(child: subprocess.Popen[bytes]) -> None:
    import psutil

    with contextlib.suppress(psutil.Error):
        family = [psutil.Process(child.pid)]
        family += family[0].children(recursive=True)
        for each in family:
            with contextlib.suppress(psutil.Error):
                each.kill()


__all__ = ["ASKED_S", "KEPT_BYTES", "Outcome", "run_limited"]
