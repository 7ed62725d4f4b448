"""LosslessVideoWriter: frames one by one into a video, without loss."""

from __future__ import annotations

import math
import weakref
from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np

from recorder.errors import (
    ConfigError,
    EncoderDied,
    FileTooLarge,
    NoSpace,
    NotLossless,
    WriterError,
)
from recorder.lossless.containers import container_of, require_preset
from recorder.lossless.frames import as_frame, spec_of
from recorder.lossless.video import VideoOutput
from recorder.writers.replace import Unfinished

if TYPE_CHECKING:
    from recorder.frame import Frame


class LosslessVideoWriter:
    """Writes frames to a video and gets back every bit of them.

    >>> frames = np.zeros((50, 120, 160), np.uint8)
    >>> with LosslessVideoWriter("mouse.mkv", fps=60) as video:
    ...     for frame in frames:
    ...         video.write(frame)
    >>> LosslessVideoWriter("mouse.mp4").mimwrite(frames)

    The file appears under its name when `close` has succeeded, and takes the place of one that was
    there; until then, and if anything fails, that one stays as it was. A `with` block that ends in
    an exception, such as Ctrl-C, closes the file too: what was written is in it.

    Until then it is ``mouse.unfinished.mkv`` beside it (``mouse.unfinished-2.mkv`` if there is one
    from before), which stays, and can be read, when the disk is full or ffmpeg or the program is
    killed. Errors say where it is and how many frames it has. A killed program loses none that it
    has written, a killed ffmpeg the last few that it was at work on.

    SIGTERM and SIGHUP end a program when its files are closed, if it has opened one in its main
    thread and has no handlers of its own. To a process that is forked meanwhile the file is closed.

    Parameters
    ----------
    filename
        Ends in .mkv, .mp4, .avi or .mov.
    shape
        (height, width) or (height, width, 3); left out: that of the first frame.
    fps
        Frames per second that the file claims.
    codec
        ``auto`` or ``fast``: the fastest exact one for these frames in this container;
        ``compatible`` (x264), ``archive`` (ffv1), or a name such as ``libx264rgb``.
    preset
        x264's, ``ultrafast`` to ``placebo``: smaller files, later. Other codecs have none.
    quality
        ``"lossless"``; there is no other.
    FFMPEG_DIR
        Folder of another ffmpeg than the one that imageio-ffmpeg ships.
    verify
        Decode the finished file and compare every frame before it gets its name.

    Raises
    ------
    ConfigError
        A parameter makes no sense.
    NotLossless
        Another quality was asked for.
    """

    def __init__(
        self,
        filename: str | Path,
        shape: Sequence[int] | None = None,
        fps: float = 30,
        codec: str = "auto",
        preset: str | None = None,
        quality: str | int = "lossless",
        FFMPEG_DIR: str | Path | None = None,
        *,
        verify: bool = False,
    ) -> None:
        require_sense(fps, preset, quality)
        self.filename = Path(filename).expanduser()
        self.shape = _checked(shape)
        self.fps = float(fps)
        self.codec = codec
        self.preset = preset
        self.FFMPEG_DIR = FFMPEG_DIR
        self.verify = verify
        self._container = container_of(self.filename)
        self._file: Unfinished | None = None
        self._output: VideoOutput | None = None
        self._all_or_none = False
        self._rescue: weakref.finalize[[], LosslessVideoWriter] | None = None

    def open(self) -> None:
        """Make ready for frames. ffmpeg is started by the first one, which says what they are.

        Raises
        ------
        WriterError
            There is no such folder, or the file cannot be replaced.
        """
        if self._file is None:
            self._file = Unfinished(self.filename, self.filename.suffix)

    def write(self, im: object) -> None:
        """Write one frame; it is the caller's again on return.

        Parameters
        ----------
        im
            (height, width, 3) of uint8, red first, or (height, width) of uint8 or uint16. Bytes
            are taken for one such frame of uint8, if the writer has got its `shape`.

        Raises
        ------
        NotLossless
            No codec keeps such a frame as it is; nothing was written. The message says what to do.
        WriterError
            The writer is not open, or the frame is not like the first one; or this is a forked
            process, and the writer its parent's.
        EncoderDied, FileTooLarge, NoSpace
            ffmpeg failed, or the disk takes no more. What was there before still is; what was
            written stays unfinished, and the error says where.
        """
        if self._file is None:
            raise WriterError(f"{self.filename} is not open: call open() first, or use `with`")
        if not self._file.is_ours:
            raise WriterError(
                f"{self.filename} is written by process {self._file.owner}, from which this one "
                "was forked; write there, or open another file here"
            )
        frame = as_frame(self._unpacked(im))
        output = self._output or self._start(self._file, frame)
        if not output.spec.fits(frame):
            raise WriterError(
                f"frame {output.frames} of {self.filename} is {frame.shape} {frame.dtype}; those "
                f"before are {output.spec.shape} {output.spec.dtype}. Write it to a file of its own"
            )
        try:
            output.write(frame)
        except (EncoderDied, FileTooLarge, NoSpace) as error:
            self._give_up(error)
            raise

    def mimwrite(self, ims: Iterable[object]) -> None:
        """Open the file, write all frames, close it: a whole file, or none.

        If it ends early, the frames that were taken stay in the unfinished file, and the exception
        says where (its notes do, if it is not one of ours).

        Parameters
        ----------
        ims
            Array (n, height, width[, 3]), list or generator of frames; taken one at a time.

        Raises
        ------
        WriterError
            There are no frames.
        NotLossless, EncoderDied, FileTooLarge, NoSpace
            As in `write`.
        """
        self.open()
        self._all_or_none = True
        try:
            for im in ims:
                self.write(im)
            if self._output is None:
                raise WriterError(f"there are no frames for {self.filename}")
        except BaseException as error:
            self._give_up(error)
            raise
        finally:
            self._all_or_none = False
        self.close()

    def close(self) -> None:
        """Finish the file, count its frames, and give it its name; a second call does nothing.

        A writer that was given no frame leaves no file.

        Raises
        ------
        EncoderDied, FileTooLarge, NoSpace, WriterError
            The file is not complete; what was there before still is, and the error says where
            the frames are.
        """
        output = self._let_go()
        if output is not None:
            output.finish()

    def __enter__(self) -> LosslessVideoWriter:
        self.open()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self, file: Unfinished, frame: Frame) -> VideoOutput:
        spec = spec_of(frame, self.fps)
        self._require_shape(frame)
        options = (self.codec, self.preset, self.FFMPEG_DIR, self.verify)
        output = VideoOutput(file, self._all_or_none, self._container, spec, *options)
        self._output = output
        self._rescue = weakref.finalize(self, output.finish_quietly)
        return output

    def _require_shape(self, frame: Frame) -> None:
        # (height, width) says nothing of colour, which the class that this one follows always had.
        if self.shape is not None and frame.shape[: len(self.shape)] != self.shape:
            raise WriterError(
                f"the first frame of {self.filename} is {frame.shape}; shape is {self.shape}"
            )

    def _unpacked(self, im: object) -> object:
        if not isinstance(im, bytes | bytearray | memoryview):
            return im
        shape = self._output.spec.shape if self._output else self.shape
        if shape is None or len(im) != math.prod(shape):
            raise WriterError(f"{len(im)} bytes are no uint8 frame of shape {shape}")
        return np.frombuffer(im, np.uint8).reshape(shape)

    def _give_up(self, error: BaseException) -> None:
        output = self._let_go()
        if output is not None:
            output.give_up(error)

    def _let_go(self) -> VideoOutput | None:
        if self._rescue is not None:
            self._rescue.detach()
        output, self._file, self._output, self._rescue = self._output, None, None, None
        return output


def require_sense(fps: float, preset: str | None, quality: str | int) -> None:
    """Refuse what no writer can do.

    Raises
    ------
    ConfigError, NotLossless
    """
    if quality not in ("lossless", 0):  # 0 is how x264 calls it
        raise NotLossless(f"quality {quality!r}: there is 'lossless' only")
    if not (0 < fps < math.inf):
        raise ConfigError(f"fps {fps}: a rate is above 0")
    require_preset(preset)


def _checked(shape: Sequence[int] | None) -> tuple[int, ...] | None:
    if shape is None:
        return None
    found = tuple(int(length) for length in shape)
    if len(found) not in (2, 3) or min(found) < 1 or found[2:] not in ((), (3,)):
        raise ConfigError(f"shape {tuple(shape)}: it is (height, width) or (height, width, 3)")
    return found
