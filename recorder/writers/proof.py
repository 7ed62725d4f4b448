"""Prove, before the first frame, that a codec gives back the same bits for these frames."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import closing
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from recorder.errors import EncoderDied, NotLossless
from recorder.ffmpeg.decode import decode_frames
from recorder.ffmpeg.program import file_url
from recorder.frame import FrameSpec
from recorder.writers.codecs import Codec, nearest
from recorder.writers.ffmpeg import Encoder, encode_command
from recorder.writers.ledger import as_recorder_error

if TYPE_CHECKING:
    from recorder.frame import Frame


def patterns(spec: FrameSpec) -> Iterator[tuple[str, Frame]]:
    """Give the frames that lossy codecs stumble over, each with its name.

    Yields
    ------
    name, array of `spec`
        The ramp runs through every value of the dtype that has room in the frame.
    """
    limit = int(np.iinfo(spec.dtype).max)
    count = spec.nbytes // np.dtype(spec.dtype).itemsize
    place = np.arange(count, dtype=np.int32).reshape(spec.shape)
    yield "ramp", (place % (limit + 1)).astype(spec.dtype)
    random = np.random.default_rng(0)
    yield "noise", random.integers(0, limit + 1, spec.shape, dtype=spec.dtype)
    yield "black", np.zeros(spec.shape, spec.dtype)
    yield "saturated", np.full(spec.shape, limit, spec.dtype)
    yield "edge", np.where(place % 2, limit, 0).astype(spec.dtype)


@lru_cache(maxsize=32)
def prove(spec: FrameSpec, codec: Codec) -> None:
    """Encode and decode test frames of this very size and compare every bit.

    Raises
    ------
    NotLossless
        The codec refuses these frames, or does not give back the same bits; nothing was recorded.
    WriterError, NoSpace
        There is no ffmpeg, or no room for temporary files.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="recorder-proof-") as folder:
            path = Path(folder) / "proof.mkv"
            command = encode_command(spec, codec, file_url(path))
            refused = f"{_name(codec)} does not take frames of {spec}"
            encode_patterns(spec, codec, command, refused)
            _compare(spec, codec, path)
    except OSError as error:
        raise as_recorder_error(error, Path(tempfile.gettempdir())) from error


def _compare(spec: FrameSpec, codec: Codec, path: Path) -> None:
    with closing(decode_frames(path, spec)) as decoded:
        for name, frame in patterns(spec):
            back = next(decoded, None)
            if back is None:
                raise NotLossless(f"{_name(codec)} loses the {name} test frame of {spec}")
            if not np.array_equal(frame, back):
                raise NotLossless(_difference(spec, codec, name, frame, back))


def encode_patterns(spec: FrameSpec, codec: Codec, command: list[str], refused: str) -> None:
    """Encode the test frames.

    Parameters
    ----------
    codec
        How they are stored; its name may have been mistyped.
    command
        An ffmpeg that reads frames of `spec` and writes a new file.
    refused
        Begins the message when it does not take them.

    Raises
    ------
    NotLossless
        ffmpeg refuses these frames.
    NoSpace
    """
    encoder = Encoder(command)
    try:
        for _, frame in patterns(spec):
            encoder.write(frame)
    except EncoderDied:
        pass  # finish() tells it with ffmpeg's own words
    try:
        encoder.finish()
    except EncoderDied as error:
        raise NotLossless(f"{refused}: {error}{nearest(codec.name)}") from None


def _difference(spec: FrameSpec, codec: Codec, name: str, frame: Frame, back: Frame) -> str:
    where = np.argwhere(frame != back)[0]
    at = tuple(int(i) for i in where)
    return (
        f"{_name(codec)} is not lossless for {spec}: in the {name} test frame the sample at {at} "
        f"was {frame[at]} and came back as {back[at]}; choose fast, compatible or archive"
    )


def _name(codec: Codec) -> str:
    return " ".join(["codec", codec.name, *codec.options, codec.coded_format or ""]).strip()
