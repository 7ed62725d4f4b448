"""One video in the making: ffmpeg, the name it writes to, and what was given to it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from recorder.errors import NoSpace, RecorderError, WriterError
from recorder.ffmpeg.decode import decode_frames
from recorder.frame import FrameSpec
from recorder.lossless.containers import Container
from recorder.lossless.encoder import encode_command, exact_codec, program_in
from recorder.writers.ffmpeg import Encoder
from recorder.writers.replace import Replacement

if TYPE_CHECKING:
    from recorder.frame import Frame


class Output:
    """Takes frames of one kind, and puts the finished file in its place.

    Parameters
    ----------
    file
        What the video replaces when it is whole.
    container
        Which kind of file it is.
    spec
        What every frame is.
    codec, preset
        As the user named them; proven here, before ffmpeg is started.
    program
        Folder of another ffmpeg, or None.
    verify
        Decode the file before it gets its name, and compare every frame.

    Raises
    ------
    NotLossless, WriterError, NoSpace
        Nothing was written.
    """

    def __init__(
        self,
        file: Replacement,
        container: Container,
        spec: FrameSpec,
        codec: str,
        preset: str | None,
        program: str | Path | None,
        verify: bool,
    ) -> None:
        self.spec = spec
        self._file = file
        ffmpeg = program_in(program)
        self.codec = exact_codec(spec, container, codec, preset, ffmpeg)
        command = encode_command(spec, self.codec, container, ffmpeg, file.fresh)
        self._hashes: list[int] | None = [] if verify else None
        self._whole = True
        # Not standing back, as for recordings: no camera waits for the processor here.
        self._encoder = Encoder(command, nice=0)

    @property
    def frames(self) -> int:
        """How many were handed over."""
        return self._encoder.handed

    def write(self, frame: Frame) -> None:
        """Hand a frame to ffmpeg; it is the caller's again on return.

        Raises
        ------
        EncoderDied, NoSpace
            ffmpeg has gone.
        WriterError
            The frame before was cut off, by Ctrl-C for instance: no other can follow it.
        """
        if not self._whole:
            raise WriterError(f"{self._file.target}: an earlier frame was interrupted; close it")
        self._whole = False
        self._encoder.write(frame)
        self._whole = True
        if self._hashes is not None:
            self._hashes.append(_hash(frame))

    def finish(self) -> None:
        """Complete the file and put it in its place.

        Raises
        ------
        EncoderDied, NoSpace, WriterError
            It is incomplete, or not what was written; what was there before still is.
        """
        try:
            self._encoder.finish()
            self._verify()
        except BaseException:
            self.discard()
            raise
        self._file.commit()

    def discard(self) -> None:
        """End ffmpeg at once and leave nothing behind."""
        self._encoder.kill()
        with contextlib.suppress(WriterError, NoSpace):  # that it was killed
            self._encoder.finish()
        self._file.discard()

    def finish_quietly(self) -> None:
        """Save what a program has written that never closes its writer."""
        with contextlib.suppress(RecorderError):
            self.finish()

    def _verify(self) -> None:
        if self._hashes is None:
            return
        with contextlib.closing(decode_frames(self._file.fresh, self.spec)) as decoded:
            back = [_hash(frame) for frame in decoded]
        for number, pair in enumerate(zip(self._hashes, back, strict=False)):
            if pair[0] != pair[1]:
                raise WriterError(
                    f"{self._file.target}: frame {number} does not come back as it was"
                )
        if len(back) != len(self._hashes):
            raise WriterError(
                f"{self._file.target}: {len(self._hashes)} frames went in, {len(back)} came back"
            )


def _hash(frame: Frame) -> int:
    import xxhash

    return xxhash.xxh3_64_intdigest(frame.data.cast("B"))
