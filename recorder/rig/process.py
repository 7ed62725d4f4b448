"""A camera's process as its rig sees it: started, told, listened to, ended."""

from __future__ import annotations

import logging
import os
import subprocess
import threading
from collections.abc import Callable
from typing import Any

from recorder.ffmpeg.program import StderrTail
from recorder.pipeline.memory import Block
from recorder.rig.messages import Message, Sender, receive
from recorder.rig.spare import start_worker
from recorder.system import buffered

log = logging.getLogger(__name__)

PATIENCE_S = 4.0
"""A process that says nothing for so long is stuck; it speaks ten times a second."""
START_PATIENCE_S = 60.0
"""Until its first word: a busy machine may take long to load it."""
LONGEST_TICK_S = 0.25
"""What a look at the clock counts at most: when the machine slept, or the rig itself was halted,
silence is not the camera's fault."""
EXIT_S = 3.0
"""How long a process may take to be gone after its last word."""
ASKED_S = 1.0
"""How long a stuck process may take to end when it is asked."""


class WorkerProcess:
    """One life of a camera's process.

    Parameters
    ----------
    setup
        Its first message.
    memory
        For its ring; inherited.
    on_message
        Called with each message, on a thread of this object.
    name
        The camera's, for the log.
    start
        Gives a process that inherits these descriptors.

    Raises
    ------
    OSError
        The system gives no process.
    """

    def __init__(
        self,
        setup: Message,
        memory: Block,
        on_message: Callable[[Message], None],
        name: str = "camera",
        start: Callable[[tuple[int, ...]], subprocess.Popen[bytes]] = start_worker,
    ) -> None:
        self._name = name
        handle = memory.handle
        self._on_message = on_message
        self._child = start((handle,) if isinstance(handle, int) else ())
        child = self._child
        assert child.stdin is not None
        assert child.stdout is not None
        assert child.stderr is not None
        self._stderr = StderrTail(child.stderr)
        self._sender = Sender(os.dup(child.stdin.fileno()))
        child.stdin.close()
        self._heard = threading.Event()
        self._patience_s = START_PATIENCE_S
        self._silent_s = 0.0
        self._reader = threading.Thread(target=self._listen, name="camera's words", daemon=True)
        self._reader.start()
        self._sender.send("setup", **setup)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._child.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs, or is halted."""
        return self._child.poll() is None

    def send(self, kind: str, **content: Any) -> None:
        """Tell it something; a dead one does not hear it."""
        self._sender.send(kind, **content)

    def wait(self, timeout_s: float) -> bool:
        """Wait for its end; return whether it has come."""
        try:
            self._child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        return True

    def is_stuck(self, passed_s: float) -> bool:
        """Whether it has been silent for too long, `passed_s` after the last time of asking."""
        if self._heard.is_set():
            self._heard.clear()
            self._silent_s, self._patience_s = 0.0, PATIENCE_S
        else:
            self._silent_s += min(passed_s, LONGEST_TICK_S)
        return self._silent_s > self._patience_s

    def end(self) -> None:
        """End it: asked first, then killed."""
        self.send("stop")
        if not self.wait(ASKED_S):
            self.kill()

    def kill(self) -> None:
        """End it at once; its encoder sees the end of its input and finishes the file."""
        self._child.kill()
        if not self.wait(EXIT_S):  # inside the system, where nothing can end it: a dead disk, USB
            log.warning("%s: its process %d cannot be killed", self._name, self.pid)

    def close(self) -> str:
        """Take leave of a process that has ended; return in words how that was."""
        self._reader.join(EXIT_S)
        self._sender.close()
        code = self._child.poll()
        if code is None:
            return "it cannot be killed, and is left behind"
        said = self._stderr.text().strip().splitlines()
        return how_it_ended(code, said)

    def _listen(self) -> None:
        stdout = self._child.stdout
        assert stdout is not None
        with buffered(stdout) as words:
            for message in receive(words):
                self._heard.set()
                if message["is"] == "log":
                    self._log(message)
                else:
                    self._on_message(message)

    def _log(self, message: Message) -> None:
        name, level, text = (message.get(key) for key in ("name", "level", "text"))
        if isinstance(name, str) and isinstance(level, int):
            logging.getLogger(name).log(level, "%s: %s", self._name, text)


def how_it_ended(code: int, said: list[str]) -> str:
    """Return in words how a process ended: the signal, and the first line that tells more.

    Parameters
    ----------
    code
        As of `subprocess.Popen.returncode`.
    said
        The last lines of its stderr.
    """
    from signal import Signals

    try:
        what = f"killed by {Signals(-code).name}" if code < 0 else f"ended with code {code}"
    except ValueError:
        what = f"killed by signal {-code}"
    told = [line for line in said if "rror" in line]
    return f"{what}: {told[-1]}" if told else what
