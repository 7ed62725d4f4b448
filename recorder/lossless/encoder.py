"""The engine's ffmpeg for any container, and the proof that it is exact there."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from contextlib import closing
from functools import lru_cache
from pathlib import Path

import numpy as np

from recorder.errors import ConfigError, NotLossless
from recorder.ffmpeg.decode import decode_frames
from recorder.ffmpeg.program import (
    RAW_FORMAT,
    conversion_options,
    executable,
    file_url,
    require_new,
)
from recorder.frame import FrameSpec
from recorder.lossless.containers import CONTAINERS, Container, candidates
from recorder.system import start_child
from recorder.writers.codecs import Codec
from recorder.writers.ledger import as_recorder_error
from recorder.writers.proof import encode_patterns, patterns


def program_in(folder: str | Path | None) -> str:
    """Return the ffmpeg in a folder, or without a folder the one that imageio-ffmpeg ships.

    Raises
    ------
    ConfigError
        There is none in the folder.
    NoFfmpeg
        There is none at all, or it is too old.
    """
    if folder is None:
        return executable()
    for name in ("ffmpeg", "ffmpeg.exe"):
        if found := shutil.which(name, path=str(folder)):
            program = str(Path(found).absolute())
            require_new(program, "name the folder of a newer one in FFMPEG_DIR, or leave it out")
            return program
    raise ConfigError(f"FFMPEG_DIR {folder}: there is no ffmpeg in it that can be started")


def encode_command(
    spec: FrameSpec, codec: Codec, container: Container, program: str, path: Path
) -> list[str]:
    """Return the command that reads raw frames of `spec` from a pipe and writes a video.

    The file may be there already: its name is claimed before.
    """
    fps = min(spec.fps or 30.0, container.max_fps)
    shipped = program == executable()
    return [
        *(program, "-hide_banner", "-nostdin", "-loglevel", "warning", "-nostats"),
        *("-progress", "pipe:1", "-stats_period", "0.5"),
        *("-f", "rawvideo", "-pixel_format", RAW_FORMAT[spec.pixel_format]),
        *("-video_size", f"{spec.width}x{spec.height}", "-framerate", f"{fps:.12g}"),
        *("-fpsprobesize", "0"),  # it would look at 40 frames before it writes one
        *("-i", "pipe:0", "-map", "0:v", "-fps_mode", "passthrough"),  # never drop, never double
        *codec.arguments,
        *(conversion_options(spec.pixel_format) if shipped else ()),
        *("-f", container.muxer, *_muxer_options(container, program), "-y", file_url(path)),
    ]


def _muxer_options(container: Container, program: str) -> tuple[str, ...]:
    if "-movflags" in container.options and not _knows_fragments(program):
        return ()  # before ffmpeg 7.1: nothing of the file can be read before its end
    return container.options


@lru_cache
def _knows_fragments(program: str) -> bool:
    try:
        child = start_child(
            [program, "-hide_banner", "-h", "muxer=mp4"],
            stdout=subprocess.PIPE,
        )
    except OSError:  # starting it in earnest says so
        return False
    return b"hybrid_fragmented" in child.communicate()[0]


def exact_codec(
    spec: FrameSpec, container: Container, name: str, preset: str | None, program: str
) -> Codec:
    """Return the codec that a name means for these frames in this container, proven.

    Raises
    ------
    NotLossless
        It is not exact there, or the container does not take it; nothing was written.
    WriterError, NoSpace
        There is no ffmpeg, or no room for temporary files.
    """
    refusal: NotLossless | None = None
    for codec in candidates(container, name, preset, spec.pixel_format):
        try:
            prove_in(container.suffix, spec.with_fps(None), codec, program)
        except NotLossless as error:
            refusal = refusal or error
        else:
            return codec
    assert refusal is not None
    raise refusal


@lru_cache(maxsize=64)
def prove_in(suffix: str, spec: FrameSpec, codec: Codec, program: str) -> None:
    """Encode test frames of this very size into this container, decode them, compare every bit.

    Raises
    ------
    NotLossless, WriterError, NoSpace
    """
    try:
        with tempfile.TemporaryDirectory(prefix="recorder-proof-") as folder:
            path = Path(folder) / f"proof{suffix}"
            command = encode_command(spec, codec, CONTAINERS[suffix], program, path)
            refused = f"{suffix} does not take frames of {spec} with codec {codec.name}"
            encode_patterns(spec, codec, command, refused)
            _compare(spec, codec, path)
    except OSError as error:
        raise as_recorder_error(error, Path(tempfile.gettempdir())) from error


def _compare(spec: FrameSpec, codec: Codec, path: Path) -> None:
    with closing(decode_frames(path, spec)) as decoded:
        for name, frame in patterns(spec):
            back = next(decoded, None)
            if back is None or not np.array_equal(frame, back):
                raise NotLossless(
                    f"codec {codec.name} in {path.suffix} is not lossless for {spec}: the {name} "
                    f"test frame {'is lost' if back is None else 'comes back changed'}; choose "
                    "auto, compatible or archive"
                )
