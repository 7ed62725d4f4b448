"""What differs between operating systems, in one place, each with its counterpart."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, Any

LINUX = sys.platform.startswith("linux")
WINDOWS = sys.platform == "win32"

PIPE_BYTES = 1 << 20
"""Size of the pipe to an encoder: at the default 64 KiB it carries a third as much."""

ENCODER_NICE = 10
"""Encoding is what must yield: at nice 10 grabs stay punctual at twice the load (facts)."""


def start_child(
    command: list[str],
    *,
    stdin: int | IO[bytes] | None = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = subprocess.DEVNULL,
    stderr: int | IO[bytes] | None = subprocess.PIPE,
    nice: int = 0,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, with large pipes and a lower priority.

    A session of its own, because Ctrl-C in a terminal reaches every process of the terminal's
    group: the encoder would die before it got the last frames.

    Parameters
    ----------
    command
        Program and arguments; no shell is involved.
    nice
        POSIX niceness to add; on Windows anything above 0 means below normal.

    Raises
    ------
    OSError
        The program is missing or cannot be executed.
    """
    options: dict[str, Any] = {"stdin": stdin, "stdout": stdout, "stderr": stderr, "bufsize": 0}
    if WINDOWS:
        options["creationflags"] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        if nice > 0:
            options["creationflags"] |= getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
        return subprocess.Popen(command, **options)
    options["start_new_session"] = True
    if LINUX:
        options["pipesize"] = PIPE_BYTES
    if nice > 0:
        command = _niced(command, nice)
    return subprocess.Popen(command, **options)


def _niced(command: list[str], nice: int) -> list[str]:
    # Not os.setpriority afterwards: on Linux that reaches one thread, and ffmpeg has started
    # others by then. Not preexec_fn: it may deadlock in a process that has threads.
    program = shutil.which(command[0])
    if program is None:
        raise FileNotFoundError(2, "no such program, or not executable", command[0])
    tool = shutil.which("nice")
    return [tool, "-n", str(nice), program, *command[1:]] if tool else command


def write_all(fd: int, data: memoryview) -> None:
    """Write every byte of `data`; the system may take it in parts."""
    while data:
        data = data[os.write(fd, data) :]


def sync_file(fd: int) -> None:
    """Bring a file's bytes to the disk."""
    os.fsync(fd)


def sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk; Windows does this by itself."""
    if WINDOWS:
        return
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def stop_signals() -> tuple[signal.Signals, ...]:
    """Return the signals that ask a program to finish."""
    names = ("SIGINT", "SIGTERM", "SIGHUP") if not WINDOWS else ("SIGINT", "SIGBREAK")
    return tuple(getattr(signal, name) for name in names)


def free_bytes(folder: Path) -> int:
    """Return how many bytes this user may still write to the disk that holds `folder`."""
    return shutil.disk_usage(folder).free
