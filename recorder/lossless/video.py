"""One video in the making: ffmpeg, the name it writes to, and what was given to it."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

from recorder.errors import NoSpace, WriterError
from recorder.ffmpeg.decode import count_frames, decode_frames
from recorder.frame import FrameSpec
from recorder.lossless.containers import Container
from recorder.lossless.encoder import encode_command, exact_codec, program_in
from recorder.lossless.output import Output
from recorder.writers.ffmpeg import Encoder
from recorder.writers.replace import Unfinished, make_empty

if TYPE_CHECKING:
    from recorder.frame import Frame


class VideoOutput(Output):
    """Takes frames of one kind, and puts the finished video in its place.

    Parameters
    ----------
    file
        What the video replaces when it is whole.
    all_or_none
        As of `Output`.
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
        file: Unfinished,
        all_or_none: bool,
        container: Container,
        spec: FrameSpec,
        codec: str,
        preset: str | None,
        program: str | Path | None,
        verify: bool,
    ) -> None:
        super().__init__(file, all_or_none)
        self.spec = spec
        ffmpeg = program_in(program)
        self.codec = exact_codec(spec, container, codec, preset, ffmpeg)
        self._hashes: list[int] | None = [] if verify else None
        with self._beginning():
            file.claim(make_empty)
            command = encode_command(spec, self.codec, container, ffmpeg, file.fresh)
            # Not standing back, as for recordings: no camera waits for the processor here.
            self._encoder = Encoder(command, nice=0)

    def _put(self, frame: Frame) -> None:
        self._encoder.write(frame)
        if self._hashes is not None:
            self._hashes.append(_hash(frame))

    def _close(self) -> None:
        self._encoder.finish()
        if self._file.is_empty:
            raise WriterError(f"{self._file.target}: ffmpeg has written no file")
        self._verify()

    def _kill(self) -> None:
        self._encoder.kill()
        with contextlib.suppress(WriterError, NoSpace):  # that it was killed
            self._encoder.finish()

    def _count(self) -> int | None:
        try:
            return count_frames(self._file.fresh)
        except (WriterError, OSError):
            return None

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
