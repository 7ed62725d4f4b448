"""A camera's process before there is a camera for it: it imports meanwhile.

What it will share with its rig has to be there when it starts, as it is inherited: an empty memory
file, which gets its size with the order. Only on Linux; nothing heavy is imported here.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading

from recorder.rig.early import environment
from recorder.system import LINUX, start_child

COMMAND = ("-P", "-m", "recorder.rig.worker")


def start_worker(keep: tuple[int, ...]) -> subprocess.Popen[bytes]:
    """Start a process that waits to be told which camera is its own.

    Parameters
    ----------
    keep
        Descriptors that it inherits.

    Raises
    ------
    OSError
        The system gives none.
    """
    return start_child(
        [sys.executable, *COMMAND],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        keep=keep,
        env=environment(),
    )


class Spare:
    """A process for the first camera of a rig, and the file for its memory.

    Attributes
    ----------
    memory
        Descriptor of an empty memory file; whoever takes it closes it. None: there is none.

    Raises
    ------
    OSError
        The system gives none.
    """

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None
        self.memory: int | None = os.memfd_create("recorder-ring") if LINUX else None
        self._inherited = () if self.memory is None else (self.memory,)
        if self._inherited:
            try:
                self._child = start_worker(self._inherited)
            except OSError:
                self.dismiss()
                raise

    def take_memory(self) -> int | None:
        """Return the empty file, once."""
        memory, self.memory = self.memory, None
        return memory

    def start(self, keep: tuple[int, ...]) -> subprocess.Popen[bytes]:
        """Return the process if it lives and inherited just this; else another.

        Raises
        ------
        OSError
        """
        if self._child is None or keep != self._inherited or self._child.poll() is not None:
            return start_worker(keep)
        child, self._child = self._child, None
        return child

    def dismiss(self) -> None:
        """Let go of what was not taken."""
        if self.memory is not None:
            os.close(self.memory)
            self.memory = None
        child, self._child = self._child, None
        if child is None:
            return
        for pipe in (child.stdin, child.stdout, child.stderr):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        threading.Thread(target=child.wait, name="dismissed worker", daemon=True).start()
