"""What differs between operating systems, in one place, each with its counterpart."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from recorder import forks

LINUX = sys.platform.startswith("linux")
WINDOWS = sys.platform == "win32"

PIPE_BYTES = 1 << 20
"""Size of the pipe to an encoder: at the default 64 KiB it carries a third as much."""

QUICK_IMPORTS = {
    "OPENBLAS_NUM_THREADS": "1",  # its threads spin while NumPy is imported, and nobody needs them
    "PYDANTIC_DISABLE_PLUGINS": "__all__",  # looked for in everything that is installed
}
"""Environment of our processes: on two cores it saves a fifth of the time until the first frame."""

fork_lock = forks.wait_for(threading.RLock())
"""A fork waits for who holds it: between the making of a descriptor and `ends`, or its closing."""


def detach(fd: int) -> None:
    """In a forked process, let go of what a descriptor stands for.

    It goes on to exist, as one of /dev/null: the object that has it may close it at any time.
    """
    try:
        null = os.open(os.devnull, os.O_RDWR)
    except OSError:  # there is no more descriptor to be had
        os.close(fd)
        return
    os.dup2(null, fd, inheritable=False)
    os.close(null)


def detach_all(file: os.stat_result) -> None:
    """In a forked process, let go of a file by whichever descriptors: its locks go with the last.

    The HDF5 library does not say which descriptor it has.
    """
    for path in Path("/dev/fd").glob("*"):
        with suppress(OSError):  # the one that listed them
            if os.path.samestat(os.fstat(int(path.name)), file):
                detach(int(path.name))


class _Ends:
    """Our ends of all pipes to children.

    A forked process must not hold them: a pipe ends when the last copy of its end is closed, and
    an ffmpeg whose input does not end never finishes its file.
    """

    def __init__(self) -> None:
        self._ends: weakref.WeakSet[IO[bytes]] = weakref.WeakSet()
        forks.notify(self)

    def add(self, *ends: IO[bytes] | None) -> None:
        self._ends.update(end for end in ends if end is not None)

    def forked(self) -> None:
        """Let go of those that are open."""
        for end in list(self._ends):
            if not end.closed:
                detach(end.fileno())


ends = _Ends()

ENCODER_NICE = 10
"""Encoding is what must yield: at nice 10 grabs stay punctual at twice the load (facts)."""


def start_child(
    command: list[str],
    *,
    stdin: int | IO[bytes] | None = subprocess.DEVNULL,
    stdout: int | IO[bytes] | None = subprocess.DEVNULL,
    stderr: int | IO[bytes] | None = subprocess.PIPE,
    nice: int = 0,
    keep: Sequence[int] = (),
    env: Mapping[str, str] | None = None,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own, with large pipes and a lower priority.

    A session of its own, because Ctrl-C in a terminal reaches every process of the terminal's
    group: the encoder would die before it got the last frames. What is forked from this process
    does not hold our ends of its pipes.

    Parameters
    ----------
    command
        Program and arguments; no shell is involved.
    nice
        POSIX niceness to add; on Windows anything above 0 means below normal.
    keep
        Descriptors that the child inherits under the same number; not on Windows.
    env
        Its environment; None: as ours.

    Raises
    ------
    OSError
        The program is missing or cannot be executed.
    """
    options: dict[str, Any] = {"stdin": stdin, "stdout": stdout, "stderr": stderr, "bufsize": 0}
    options["env"] = None if env is None else dict(env)
    if WINDOWS:
        options["creationflags"] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
        if nice > 0:
            options["creationflags"] |= getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)
        return _started(command, options)
    options["start_new_session"] = True
    options["pass_fds"] = tuple(keep)
    if LINUX:
        options["pipesize"] = PIPE_BYTES
    if nice > 0:
        command = _niced(command, nice)
    return _started(command, options)


def _started(command: list[str], options: dict[str, Any]) -> subprocess.Popen[bytes]:
    with fork_lock:
        child: subprocess.Popen[bytes] = subprocess.Popen(command, **options)
        ends.add(child.stdin, child.stdout, child.stderr)
        return child


def _niced(command: list[str], nice: int) -> list[str]:
    # Not os.setpriority afterwards: on Linux that reaches one thread, and ffmpeg has started
    # others by then. Not preexec_fn: it may deadlock in a process that has threads.
    program = shutil.which(command[0])
    if program is None:
        raise FileNotFoundError(2, "no such program, or not executable", command[0])
    tool = shutil.which("nice")
    return [tool, "-n", str(nice), program, *command[1:]] if tool else command


def buffered(pipe: IO[bytes]) -> IO[bytes]:
    """Return a pipe of a child as one to read lines from; as it is, they come byte by byte."""
    with fork_lock, pipe:
        lines = os.fdopen(os.dup(pipe.fileno()), "rb")
        ends.add(lines)
        return lines


def close_end(pipe: IO[bytes]) -> None:
    """Close our end of a pipe, in this process and for all: none is forked meanwhile."""
    with fork_lock:
        pipe.close()


def write_all(fd: int, data: memoryview) -> None:
    """Write every byte of `data`; the system may take it in parts."""
    while data:
        data = data[os.write(fd, data) :]


def sync_file(fd: int) -> None:
    """Bring a file's bytes to the disk."""
    os.fsync(fd)


def sync_data(fd: int) -> None:
    """Bring a file's bytes to the disk, and of what is said about it only what is needed."""
    getattr(os, "fdatasync", os.fsync)(fd)


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


def write_at(fd: int, parts: Sequence[bytes | memoryview], offset: int) -> None:
    """Write pieces one after the other, from a place in the file on; all of it, or an error."""
    if hasattr(os, "pwritev"):
        pieces = [memoryview(part).cast("B") for part in parts]
        while pieces:
            offset += (done := os.pwritev(fd, pieces, offset))
            pieces = _after(pieces, done)
        return
    os.lseek(fd, offset, os.SEEK_SET)
    for part in parts:
        write_all(fd, memoryview(part).cast("B"))


_POSITION = threading.Lock()
"""Guards the one position that a descriptor has, where it is needed in order to read."""


def read_at(fd: int, count: int, offset: int) -> bytes:
    """Read bytes from a place in the file on; fewer at its end.

    Threads and forked processes may share the descriptor.
    """
    pieces = []
    while count and (piece := _read_piece(fd, count, offset)):
        pieces.append(piece)
        count, offset = count - len(piece), offset + len(piece)
    return b"".join(pieces)


def _read_piece(fd: int, count: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(fd, count, offset)
    with _POSITION:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, count)


def grow_file(fd: int, size: int) -> None:
    """Make a file at least so long; what is new reads as zeros."""
    if os.fstat(fd).st_size < size:
        os.ftruncate(fd, size)


def _after(pieces: list[memoryview], done: int) -> list[memoryview]:
    """Return what is left of pieces when so many bytes of them are written."""
    while pieces and done >= len(pieces[0]):
        done -= len(pieces.pop(0))
    return [pieces[0][done:], *pieces[1:]] if pieces else []


_ENOTSUPP = 524  # Linux' own, of NFS, which has no name outside the kernel
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, _ENOTSUPP)
"""What a file system says that has no locks, or a share whose server does not give any."""


def lock_file(fd: int) -> None:
    """Keep the HDF5 library of other programs from opening a file that is being written.

    Raises
    ------
    OSError
        Somebody else has locked it.
    """
    if WINDOWS:
        import msvcrt

        os.lseek(fd, 0, os.SEEK_SET)
        lock: Any = msvcrt
        lock.locking(fd, lock.LK_NBLCK, 8)  # the signature, which every reader wants first
    else:
        import fcntl

        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)  # what the HDF5 library uses, too
        except OSError as error:
            if error.errno not in NO_LOCKS:
                raise  # a file system without locks has none to respect


def unlock_file(fd: int) -> None:
    """Give up what `lock_file` took, also where a copy of the descriptor is still open.

    Closing does not do that: the lock stays as long as any copy is open, also one that a process
    being started has for an instant. Never raises.
    """
    with suppress(OSError):  # it was never locked
        if WINDOWS:
            import msvcrt

            os.lseek(fd, 0, os.SEEK_SET)
            lock: Any = msvcrt
            lock.locking(fd, lock.LK_UNLCK, 8)
        else:
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_UN)


def yield_to_others(nice: int = ENCODER_NICE) -> None:
    """Lower the priority of the calling thread alone, where the system can."""
    if LINUX:  # there, and only there, it takes a thread's number
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)
    elif WINDOWS:
        import ctypes

        kernel = ctypes.windll.kernel32  # type: ignore[attr-defined,unused-ignore]
        kernel.SetThreadPriority(kernel.GetCurrentThread(), -1)  # below normal


def continue_when_parent_dies() -> None:
    """Have a halted process go on when the one that started it is gone, to see that it is alone.

    Linux only. Elsewhere a process that was halted and lost its parent waits for somebody to
    continue it.
    """
    if LINUX:
        import ctypes

        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, int(signal.SIGCONT), 0, 0, 0)


def is_locked(path: Path) -> bool:
    """Whether somebody has locked a file with `lock_file`, and still has it open.

    Raises
    ------
    OSError
        It cannot be opened.
    """
    return _is_locked(path, for_all=False)


def is_in_use(path: Path) -> bool:
    """Whether somebody has locked a file, be it only to read it, as the HDF5 library does.

    Raises
    ------
    OSError
        It cannot be opened.
    """
    return _is_locked(path, for_all=True)


def _is_locked(path: Path, for_all: bool) -> bool:
    fd = os.open(path, os.O_RDWR if for_all else os.O_RDONLY)  # as NFS has it
    try:
        if WINDOWS:
            os.read(fd, 1)
        else:
            import fcntl

            kind = fcntl.LOCK_EX if for_all else fcntl.LOCK_SH
            fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return True
    except OSError as error:
        if not for_all or error.errno not in NO_LOCKS:
            raise
    finally:
        os.close(fd)
    return False


def boot_id() -> str | None:
    """Return what tells this run of the system from any other; None where there is nothing.

    Within one run, and only there, times of the monotonic clock can be compared.
    """
    try:
        text = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    return text.strip() or None
