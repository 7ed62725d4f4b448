"""Keep the machine from going to sleep while anything records; the display may.

Linux and macOS hold a lock while a program of theirs runs. It runs `cat`, which ends when its
standard input does: with us, however we end, SIGKILL too. Windows holds the lock with a thread.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, Protocol

_PATIENCE_S = 1.0
_MAY_SLEEP = "the machine may go to sleep"
# winbase.h: until told otherwise; with it: the system is in use (the display is another flag).
_CONTINUOUS = 0x80000000
_SYSTEM_REQUIRED = 0x00000001


class Holder(Protocol):
    """One way to keep the machine awake."""

    @property
    def problem(self) -> str | None:
        """Why it does not, as far as known by now."""

    def start(self) -> None:
        """Begin, without waiting for the system."""

    def stop(self) -> None:
        """Let the machine sleep again."""


class Awake:
    """Keeps the machine awake from `start` to `stop`, or within a ``with``; again and again.

    Neither raises, and only `stop` may wait, a second at most: no recording fails for this.

    Parameters
    ----------
    holders
        All of them are used.
    """

    def __init__(self, holders: Sequence[Holder]) -> None:
        self._holders = holders
        self._held = False

    @property
    def problem(self) -> str | None:
        """A sentence if the machine may go to sleep nevertheless, as far as known by now.

        Programs may refuse after a moment: look at it again while it is held.
        """
        problems = (holder.problem for holder in self._holders)
        return next((f"{_MAY_SLEEP}: {each}" for each in problems if each), None)

    def start(self) -> None:
        """Keep the machine awake; nothing new if it is kept awake already."""
        if not self._held:
            self._held = True
            for holder in self._holders:
                holder.start()

    def stop(self) -> None:
        """Let it sleep again."""
        if self._held:
            self._held = False
            for holder in self._holders:
                holder.stop()

    def __enter__(self) -> Awake:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def keep_awake(why: str) -> Awake:
    """Return what keeps this machine awake, not yet started.

    On Linux that is systemd's lock, which needs no desktop, and GNOME's if that is running: before
    systemd 257 a desktop's own sleep ignores a lock that the same user holds. Closing the lid, and
    whoever insists, still puts the machine to sleep.

    Parameters
    ----------
    why
        What the system tells those who ask who keeps it awake.
    """
    if sys.platform == "win32":
        return Awake([ThreadHolder(_set_thread_execution_state)])
    return Awake([ProgramHolder(command) for command in commands(why, sys.platform, os.environ)])


def commands(why: str, platform: str, environ: Mapping[str, str]) -> list[list[str]]:
    """Return the programs that keep a machine awake while they run, with their arguments."""
    if platform == "darwin":
        return [["caffeinate", "-i", "cat"]]
    systemd = ["systemd-inhibit", "--what=sleep:idle", "--who=recorder", f"--why={why}"]
    found = [[*systemd, "--mode=block", "cat"]]
    if "GNOME" in environ.get("XDG_CURRENT_DESKTOP", "").split(":"):
        gnome = ["gnome-session-inhibit", "--app-id", "recorder", "--inhibit", "suspend"]
        found.append([*gnome, "--reason", why, "cat"])
    return found


class ProgramHolder:
    """Runs a program that holds a lock until its standard input ends.

    Parameters
    ----------
    command
        Program and arguments.
    """

    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._child: subprocess.Popen[bytes] | None = None
        self._problem: str | None = None

    @property
    def problem(self) -> str | None:
        """Why the program does not run."""
        child = self._child
        if child is not None and self._problem is None and child.poll() is not None:
            said = _last_line(child.stderr) or f"ended with {child.returncode}"
            self._problem = f"{self._command[0]}: {said}"
        return self._problem

    def start(self) -> None:
        """Start the program; whether it gets its lock shows later."""
        self._problem = None
        try:
            self._child = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                bufsize=0,
                start_new_session=True,  # Ctrl-C in a terminal is not for it
            )
        except FileNotFoundError:
            self._problem = f"{self._command[0]} is not there"
        except OSError as error:
            self._problem = f"{self._command[0]}: {error.strerror}"

    def stop(self) -> None:
        """End the program, and say first what was wrong with it."""
        child, _ = self._child, self.problem
        self._child = None
        if child is None:
            return
        assert child.stdin is not None
        assert child.stderr is not None
        child.stdin.close()
        try:
            child.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(OSError):
                os.killpg(child.pid, signal.SIGKILL)  # it leads a session: what it runs, too
            child.wait()
        child.stderr.close()


def _last_line(stream: IO[bytes] | None) -> str:
    """Return the last line that a program left, without waiting for whoever still has it open."""
    assert stream is not None
    os.set_blocking(stream.fileno(), False)
    lines = (stream.read() or b"").decode("utf-8", "replace").splitlines()
    return lines[-1].strip() if lines else ""


class ThreadHolder:
    """Asks Windows to stay awake, on a thread of its own: the request ends with its thread.

    Parameters
    ----------
    set_state
        SetThreadExecutionState; 0 means that it failed.
    """

    def __init__(self, set_state: Callable[[int], int]) -> None:
        self._set_state = set_state
        self._release = threading.Event()
        self._thread: threading.Thread | None = None
        self.problem: str | None = None

    def start(self) -> None:
        """Start the thread."""
        self.problem = None
        self._release = threading.Event()
        thread = threading.Thread(target=self._hold, args=(self._release,), name="awake")
        thread.daemon = True
        try:
            thread.start()
        except RuntimeError as error:
            self.problem = str(error)
        else:
            self._thread = thread

    def stop(self) -> None:
        """End the thread."""
        self._release.set()
        thread, self._thread = self._thread, None
        if thread is not None:
            thread.join(_PATIENCE_S)

    def _hold(self, release: threading.Event) -> None:
        if not self._set_state(_CONTINUOUS | _SYSTEM_REQUIRED):
            self.problem = "Windows refuses SetThreadExecutionState"
            return
        release.wait()
        self._set_state(_CONTINUOUS)


def _set_thread_execution_state(flags: int) -> int:
    import ctypes

    kernel: Any = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
    return int(kernel.SetThreadExecutionState(flags))
