"""The frames of a video file by their number, each bit as it was recorded.

A decoder is fed the packets of the wanted frames and no others: one, where frames do not build on
each other; from the last key frame on, where they do. What is fed is a Matroska stream made up for
the purpose, with the header of the file, so that every depth and codec that ffmpeg knows comes out.
"""

from __future__ import annotations

import weakref
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recorder import forks
from recorder.errors import Damaged, RecorderError
from recorder.frame import FrameSpec
from recorder.playback.decoder import Decoder
from recorder.playback.packets import Packets

if TYPE_CHECKING:
    from recorder.frame import Frame

PATIENCE_S = 10.0
"""Longest wait for a frame whose packet was fed. A codec may hold it back until its input ends, so
afterwards each access has a decoder of its own."""


class VideoFrames:
    """Random access and fast iteration over one video file, by any thread, also after a fork.

    Each iteration has a decoder of its own, and all random access one between them.

    Parameters
    ----------
    path
        A Matroska file, also one that was cut off by a kill, or is still being written: it then
        has the frames that are whole by now.
    spec
        What its frames are.

    Raises
    ------
    RecorderError
        The file cannot be read, or its frames are of another size.
    """

    def __init__(self, path: Path, spec: FrameSpec) -> None:
        self._path = path
        self._spec = spec
        self._packets = Packets(path)
        self._at_once = True  # until a decoder is seen to hold frames back
        self._stepper: Decoder | None = None
        self._turn = 0
        self._walk: Generator[Frame, None, None] | None = None
        self._next = 0  # the number of the frame that comes next in the walk
        self._reading = forks.Lock()
        self._decoders: weakref.WeakSet[Decoder] = weakref.WeakSet()
        self._listing = forks.Lock()
        self._require_size()
        forks.notify(self)

    def forked(self) -> None:
        """Leave the parent's decoders alone; a thread of its may just be in the middle of one."""
        self._stepper = self._walk = None

    def _require_size(self) -> None:
        found, expected = self._packets.size, (self._spec.width, self._spec.height)
        if len(self) and found != expected:
            self._packets.close()
            raise RecorderError(
                f"{self._path} has frames of {found[0]}x{found[1]} pixels, its about file says "
                f"{expected[0]}x{expected[1]}: they do not belong together"
            )

    @property
    def packets_fed(self) -> int:
        """Packets that decoders were given so far: what reading has cost."""
        return self._packets.given

    def __len__(self) -> int:
        return len(self._packets)

    def read(self, index: int, out: Frame) -> None:
        """Decode one frame.

        Parameters
        ----------
        index
            0-based.
        out
            C-contiguous array of the spec; filled.

        Raises
        ------
        IndexError
            There is no such frame.
        Damaged
            It cannot be decoded.
        """
        self._require(index, index + 1)
        with self._reading:
            if self._packets.alone:
                came = self._at_once and self._step_to(index, out)
            else:
                came = self._walk_to(index, out)
        if not came:
            np.copyto(out, self._alone(index))

    def iterate(self, start: int, stop: int) -> Generator[Frame, None, None]:
        """Decode a range of frames, as fast as ffmpeg goes.

        Parameters
        ----------
        start, stop
            0-based: the first frame, and the one behind the last.

        Yields
        ------
        array of the spec
            Overwritten by the next frame.

        Raises
        ------
        IndexError
            There are no such frames.
        Damaged
            One cannot be decoded; all those before it were given.
        """
        self._require(start, stop)
        at = start
        while at < stop:
            with closing(self._decode(at, stop)) as frames:
                for frame in frames:
                    yield frame
                    at += 1
            if at < stop:  # ffmpeg takes frames with it that are sound: ask for this one only
                yield self._alone(at)
                at += 1

    def close(self) -> None:
        """End all decoders, also of iterations that are under way."""
        with self._listing:  # and not `_reading`: who has that may wait for a frame
            self._packets.close()
            decoders = list(self._decoders)
        for decoder in decoders:
            decoder.close()
        self._stepper = self._walk = None

    def _require_open(self) -> None:
        if not self._packets.close.alive:
            raise RecorderError(f"{self._path} is closed")

    def _require(self, start: int, stop: int) -> None:
        self._require_open()
        if not 0 <= start <= stop <= len(self):
            raise IndexError(f"{self._path} has {len(self)} frames; there is no [{start}:{stop}]")

    def _step_to(self, index: int, out: Frame) -> bool:
        """Have a frame that needs no other decoded by the decoder that stays."""
        stepper = self._stepper = self._stepper or self._decoder(at_once=True)
        with stepper.within(PATIENCE_S):
            stepper.feed(self._packets.one(index, self._turn))
            came = stepper.read(out)
        self._turn += 1
        if not came:
            self._stepper = None
            stepper.close()
            self._at_once = not stepper.late
        return came

    def _walk_to(self, index: int, out: Frame) -> bool:
        """Go on to a frame from the one that was decoded last, or from a key frame if nearer."""
        key = self._packets.key_before(index)
        walk = self._walk  # of this thread from here on: `close` may take it away
        if walk is None or not key <= self._next <= index:
            walk = self._walk = self._decode(key, len(self))
            self._next = key
        for frame in walk:
            self._next += 1
            if self._next > index:
                np.copyto(out, frame)
                return True
        self._walk = None
        return False

    def _alone(self, index: int) -> Frame:
        """Decode one frame by a decoder of its own, which says what is wrong."""
        decoder = self._decoder(at_once=False)
        first = self._packets.key_before(index)
        decoder.feed_aside(self._packets.run(first, index + 1))
        frame: Frame = np.empty(self._spec.shape, self._spec.dtype)
        with closing(decoder):
            if all(decoder.read(frame) for _ in range(first, index + 1)):
                return frame
            self._require_open()
            raise Damaged(f"{self._path}: frame {index} cannot be decoded: {decoder.complaint()}")

    def _decode(self, start: int, stop: int) -> Generator[Frame, None, None]:
        """Give the frames of a range as far as they come."""
        decoder = self._decoder(at_once=False)
        first = self._packets.key_before(start)
        decoder.feed_aside(self._packets.run(first, stop))
        return _frames_of(decoder, self._spec, start - first, stop - first)

    def _decoder(self, at_once: bool) -> Decoder:
        with self._listing:
            self._require_open()
            try:
                decoder = Decoder(self._spec, at_once)
            except OSError as error:
                raise RecorderError(f"{self._path}: ffmpeg does not start: {error}") from error
            self._decoders.add(decoder)
        decoder.feed(self._packets.head)
        return decoder


def _frames_of(
    decoder: Decoder, spec: FrameSpec, start: int, stop: int
) -> Generator[Frame, None, None]:
    # Not a method: whoever holds a walk must not be held by it, or it would outlive its owner.
    frame: Frame = np.empty(spec.shape, spec.dtype)
    with closing(decoder):
        for number in range(stop):
            if not decoder.read(frame):
                return
            if number >= start:
                yield frame
