"""One ffmpeg that takes Matroska through a pipe and gives raw frames through another."""

from __future__ import annotations

import contextlib
import subprocess
import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, cast

from recorder import forks
from recorder.ffmpeg.program import (
    RAW_FORMAT,
    StderrTail,
    conversion_options,
    executable,
    require_no_fault,
)
from recorder.frame import FrameSpec
from recorder.system import fork_lock, start_child, write_all

if TYPE_CHECKING:
    import io

    from recorder.frame import Frame

# Without these a frame comes out only when others were fed after it. The encoder of raw frames has
# threads of its own unless told not to, each of which keeps a frame back; slices, where a codec has
# them, are decoded together without that. To guess a rate nobody asks for, ffmpeg waits for more
# packets if they are tiny. (-fflags nobuffer, of all options, adds a frame.)
_AT_ONCE = (
    ("-thread_type", "slice", "-flags", "low_delay", "-fpsprobesize", "0"),
    ("-threads", "1", "-flush_packets", "1"),
)
_AT_FULL_SPEED: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


class Decoder:
    """Decodes what it is fed, from its first frame until `close`, or until it is forgotten.

    It ends at the first packet that is not sound: what it gives is never a patched-up frame. In a
    forked process it gives nothing more: it is the parent's.

    Parameters
    ----------
    spec
        What comes out.
    at_once
        Give every frame as soon as its packet is there, rather than many frames fast.

    Raises
    ------
    WriterError
        There is no ffmpeg.
    OSError
        It does not start.
    """

    def __init__(self, spec: FrameSpec, at_once: bool) -> None:
        command = _command(spec, at_once)
        with fork_lock:  # a fork before it is known would keep its pipes open for ever
            child = start_child(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            assert child.stdin is not None
            assert child.stdout is not None
            assert child.stderr is not None
            self._child, self._program = child, command[0]
            self._in, self._out = child.stdin, child.stdout
            self._stderr = StderrTail(child.stderr)
            self._feeders: list[threading.Thread] = []
            self._expired = threading.Event()
            self.close = weakref.finalize(self, _end, child, self._stderr, self._feeders)
            forks.notify(self)

    def forked(self) -> None:
        """Close our copies of the pipes: the parent's ffmpeg waits for the end of its input."""
        self.close.detach()
        self._in.close()
        self._out.close()
        self._child.returncode = 0  # else Popen looks after it, and warns that it still runs

    def feed(self, data: bytes) -> None:
        """Hand over data; if ffmpeg has gone, that shows in the frames that do not come."""
        _feed(self._in, [data])

    def feed_aside(self, pieces: Iterable[bytes]) -> None:
        """Hand over data from a thread of its own, then say that there is no more."""
        # A daemon: a program that ends with a range half read must not wait for it.
        feeder = threading.Thread(
            target=_feed_all, args=(self._in, pieces), name="feed decoder", daemon=True
        )
        self._feeders.append(feeder)
        feeder.start()

    def read(self, out: Frame) -> bool:
        """Fill an array with the next frame.

        Returns
        -------
        bool
            False if there is none: all were read, or the next one cannot be decoded.
        """
        room = out.data.cast("B")
        raw = cast("io.RawIOBase", self._out)
        while room and not raw.closed:
            got = raw.readinto(room)
            if not got:
                return False
            room = room[got:]
        return not room

    @contextlib.contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """End ffmpeg if the block takes longer; `late` then says so."""
        # It must not hold us: then we could be ended by its thread, in which there is no waiting.
        timer = threading.Timer(seconds, _expire, (self._child, self._expired))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    @property
    def late(self) -> bool:
        """Whether a frame did not come in time."""
        return self._expired.is_set()

    def complaint(self) -> str:
        """Return the last thing it said on stderr, once it has ended.

        Raises
        ------
        NoFfmpeg
            It failed whatever it was fed.
        """
        said = self._stderr.text()
        with contextlib.suppress(subprocess.TimeoutExpired):
            require_no_fault(self._program, self._child.wait(1.0), said)
        lines = said.splitlines()
        return lines[-1] if lines else "ffmpeg said nothing about it"


def _command(spec: FrameSpec, at_once: bool) -> list[str]:
    before, after = _AT_ONCE if at_once else _AT_FULL_SPEED
    return [
        *(executable(), "-hide_banner", "-nostdin", "-loglevel", "error", "-nostats", "-xerror"),
        *("-f", "matroska", "-probesize", "32", *before, "-i", "pipe:0"),
        *("-map", "0:v:0", "-fps_mode", "passthrough", *conversion_options(spec.pixel_format)),
        *(*after, "-f", "rawvideo", "-pix_fmt", RAW_FORMAT[spec.pixel_format], "pipe:1"),
    ]


def _expire(child: subprocess.Popen[bytes], expired: threading.Event) -> None:
    expired.set()
    child.kill()


def _feed(pipe: IO[bytes], pieces: Iterable[bytes]) -> None:
    # OSError: it has ended; ValueError: it was closed. Either way no frame will come.
    with contextlib.suppress(OSError, ValueError):
        for piece in pieces:
            write_all(pipe.fileno(), memoryview(piece))


def _feed_all(pipe: IO[bytes], pieces: Iterable[bytes]) -> None:
    _feed(pipe, pieces)
    with contextlib.suppress(OSError):
        pipe.close()


def _end(
    child: subprocess.Popen[bytes], stderr: StderrTail, feeders: list[threading.Thread]
) -> None:
    child.kill()
    child.wait()
    for feeder in feeders:  # its pipe is broken now
        if feeder is not threading.current_thread():  # where the garbage collector may run
            feeder.join()
    for pipe in (child.stdin, child.stdout):
        with contextlib.suppress(OSError):
            if pipe is not None:
                pipe.close()
    stderr.close()
