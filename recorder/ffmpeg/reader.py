"""A video file, frame after frame, each with its own time; and in the end what was wrong with it.

Cameras that are files and `mimread` both read through here, so that they give one answer.
"""

from __future__ import annotations

import contextlib
import re
import subprocess
import threading
import time
import weakref
from collections import deque
from typing import IO, TYPE_CHECKING, cast

from recorder.errors import RecorderError
from recorder.ffmpeg.log import (
    FRAME_OPTIONS,
    LOG_OPTIONS,
    TOLERANCE_S,
    DecodingLog,
    Shot,
    end_of,
)
from recorder.ffmpeg.probe import Probe
from recorder.ffmpeg.program import conversion_options, executable, file_url
from recorder.system import buffered, start_child

if TYPE_CHECKING:
    import io

    from recorder.frame import Frame

_BYTES = {"gray8": 1, "gray16": 2, "bgr8": 3, "rgb8": 3}
_EXIT_S = 5.0
"""How long ffmpeg may take to be gone once it has closed its output."""
_LOOK_BACK_S = 5.0
"""Packets of sound may be long."""
_LOOK_S = 3.0
"""The end of a whole file is found at once; that of one that was cut may be looked for for ever."""
_LINE = re.compile(rb"^(\d+), +-?\d+, +(-?\d+), +(-?\d+),")
_TIME_BASE = re.compile(rb"^#tb (\d+): (\d+)/(\d+)")


class DecoderGone(RecorderError):
    """ffmpeg was killed before it had read the file to its end, or makes no sense."""


class VideoReader:
    """Decodes a file from its first frame to its last; one thread uses it, until `close`.

    Damage does not end it: what can be decoded is given, and `fault` says what was wrong.

    Parameters
    ----------
    video
        The file, as `probe` found it.
    pixel_format
        What comes out: ``gray8``, ``gray16``, ``bgr8`` or ``rgb8``.
    nice
        How far ffmpeg stands back behind others.

    Raises
    ------
    RecorderError
        There is no ffmpeg, or it does not start.
    """

    def __init__(self, video: Probe, pixel_format: str, nice: int = 0) -> None:
        self._video = video
        self._sample_bytes = _BYTES[pixel_format]
        try:
            child = start_child(_command(video, pixel_format), stdout=subprocess.PIPE, nice=nice)
        except OSError as error:
            raise RecorderError(f"ffmpeg does not start: {error}") from error
        assert child.stdout is not None
        assert child.stderr is not None
        self._child = child
        self._out = cast("io.RawIOBase", child.stdout)
        self._said = _Said(child.stderr, video.announced_s)
        self._usual_s = 1 / video.fps if video.fps else 0.0
        self._shot: Shot | None = None  # the frame whose bytes come next
        self._end_s = 0.0
        self.close = weakref.finalize(self, _end, child, self._said)

    def next(self, timeout_s: float) -> Shot | None:
        """Go on to the next frame; the one before is passed over if it was not read.

        Returns
        -------
        Shot or None
            None at the end of the file.

        Raises
        ------
        TimeoutError
            There is none yet.
        DecoderGone
            ffmpeg was killed.
        """
        if self._shot is not None:
            self._pass_over(self._shot)
        shot = self._said.shot(timeout_s)
        if shot is None:
            self._require_natural_end()
            if self._out.read(1):  # a line was not understood: frames would be put together wrongly
                raise DecoderGone("ffmpeg gave more than the frames that it announced")
            return None
        self._shot = shot
        begin_s = shot.time_s or 0.0
        announced_end_s = end_of(begin_s, shot.duration_s, self._video.announced_s)
        self._end_s = max(announced_end_s, begin_s + self._usual_s)
        return shot

    def read(self, out: Frame) -> None:
        """Fill an array of the size of the frame at hand with its pixels.

        Raises
        ------
        DecoderGone
            ffmpeg ended in the midst of it.
        """
        self._fill(out.data.cast("B"))
        self._shot = None

    def _pass_over(self, shot: Shot) -> None:
        self._fill(memoryview(bytearray(shot.width * shot.height * self._sample_bytes)))
        self._shot = None

    def _fill(self, room: memoryview) -> None:
        while room and not self._out.closed:
            got = self._out.readinto(room)
            if not got:
                self._require_natural_end()
                raise DecoderGone("ffmpeg ended in the midst of a frame")
            room = room[got:]

    def _require_natural_end(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(_EXIT_S)
        code = self._child.poll()
        if code is None or code < 0:
            how = "does not end" if code is None else f"was killed by signal {-code}"
            raise DecoderGone(f"ffmpeg {how}")

    def fault(self) -> str:
        """Return what was wrong with the file, once it was read to its end; or nothing.

        Nothing is wrong with what ffmpeg decodes without complaint up to the announced time. That
        is compared with the times of what is in the file: counts of frames are often wrong.
        """
        log = self._said.log
        announced_s = self._video.announced_s or 0.0
        if self._ends_early(announced_s):
            return (
                f"it announces {announced_s:.2f} s, but its frames end at {self._end_s:.2f} s: "
                "it may be cut short or damaged" + _first(log.complaints)
            )
        if log.complaints:
            return "a part of it cannot be decoded: it is damaged" + _first(log.complaints)
        if self._child.returncode:
            return f"ffmpeg failed with exit code {self._child.returncode}"
        return ""

    def ends_cut(self, frames: int) -> bool:
        """Whether nothing is wrong but that the file ends in the midst of a frame.

        Parameters
        ----------
        frames
            How many whole ones were read, to the end.
        """
        log = self._said.log
        return not self._ends_early(self._video.announced_s or 0.0) and log.ends_cut(frames)

    def _ends_early(self, announced_s: float) -> bool:
        tolerance_s = max(2 * self._usual_s, TOLERANCE_S, 1e-5 * announced_s)
        latest_s = announced_s - tolerance_s
        if self._end_s >= latest_s:
            return False
        log = self._said.log
        if log.complaints:
            return True
        # Sound may go on for longer, and what is announced may be the sum of odd durations: then
        # the file holds all that was ever in it.
        if log.packets_end_s >= latest_s:
            return False
        return not (self._video.has_others and _packets_end(self._video, announced_s) >= latest_s)


def _first(complaints: list[str]) -> str:
    if not complaints:
        return ""
    more = f", and {len(complaints) - 1} more" if len(complaints) > 1 else ""
    return f" (ffmpeg: {complaints[0].rstrip('.')}{more})"


def _command(video: Probe, pixel_format: str) -> list[str]:
    # Colours stored as RGB: the quick way is exact. Computed ones: as every ffmpeg computes them.
    quick = conversion_options(pixel_format) if video.stored.is_rgb else []
    return [
        *(executable(), *LOG_OPTIONS, "-i", file_url(video.path), *FRAME_OPTIONS),
        # Times of the output are not used, and must not be rounded to equal ones.
        *("-noautoscale", "-enc_time_base", "1/1000000", *quick),
        *("-f", "rawvideo", "-pix_fmt", video.stored.raw(pixel_format), "pipe:1"),
    ]


def _packets_end(video: Probe, announced_s: float) -> float:
    """Return when the last packet of any stream ends, in s; only the file's end is looked at."""
    from_s = max(0.0, announced_s - _LOOK_BACK_S)
    command = [executable(), "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error"]
    command += ["-ss", f"{from_s:.3f}", "-i", file_url(video.path)]
    command += ["-map", "0:v?", "-map", "0:a?", "-c", "copy", "-f", "framecrc", "pipe:1"]
    child = start_child(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert child.stdout is not None
    watchdog = threading.Timer(_LOOK_S, child.kill)
    watchdog.daemon = True
    watchdog.start()
    units: dict[bytes, float] = {}
    end_s = 0.0
    with buffered(child.stdout) as lines:
        for line in lines:
            if base := _TIME_BASE.match(line):
                units[base[1]] = int(base[2]) / int(base[3])
            elif packet := _LINE.match(line):
                unit_s = units.get(packet[1], 0.0)
                begin_s, lasts_s = int(packet[2]) * unit_s, max(0, int(packet[3])) * unit_s
                end_s = max(end_s, end_of(from_s + begin_s, lasts_s, announced_s))
    watchdog.cancel()
    child.wait()
    return end_s


class _Said:
    """Reads ffmpeg's stderr on a thread, and hands out the frames that it announces."""

    def __init__(self, stream: IO[bytes], announced_s: float | None) -> None:
        self.log = DecodingLog(announced_s)
        self._stream = buffered(stream)
        self._shots: deque[Shot] = deque()
        self._news = threading.Condition()
        self._is_over = False
        self._thread = threading.Thread(target=self._listen, name="ffmpeg frames", daemon=True)
        self._thread.start()

    def _listen(self) -> None:
        with self._stream:
            for line in self._stream:
                shot = self.log.take(line)
                if shot is not None:
                    with self._news:
                        self._shots.append(shot)
                        self._news.notify()
        with self._news:
            self._is_over = True
            self._news.notify()

    def shot(self, timeout_s: float) -> Shot | None:
        """Wait for the next frame; None when no more will come."""
        deadline = time.monotonic() + timeout_s
        with self._news:
            while not self._shots and not self._is_over:
                left_s = deadline - time.monotonic()
                if left_s <= 0 or not self._news.wait(left_s):
                    raise TimeoutError(f"no frame for {timeout_s:g} s")
            return self._shots.popleft() if self._shots else None

    def close(self) -> None:
        self._thread.join(_EXIT_S)


def _end(child: subprocess.Popen[bytes], said: _Said) -> None:
    child.kill()
    child.wait()
    if child.stdout is not None:
        child.stdout.close()
    said.close()
