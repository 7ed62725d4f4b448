"""One call for a whole video, as in imageio: `mimwrite` and `mimread`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.lossless.reading import read_video
from recorder.lossless.writer import LosslessVideoWriter, require_sense

if TYPE_CHECKING:
    from recorder.frame import Frame

_HDF5 = ".h5"
_OPTIONS = ("codec", "preset", "quality", "verify")


def mimwrite(path: str | Path, frames: Iterable[object], fps: float = 30, **options: Any) -> None:
    """Write frames to a video or an HDF5 file; all of them, each bit, or nothing.

    Parameters
    ----------
    path
        Ends in .mkv, .mp4, .avi, .mov or .h5. A file of that name is replaced when the new one is
        complete.
    frames
        Array (n, height, width[, 3]), list or generator of frames: uint8 or uint16 (gray only),
        red first.
    fps
        Frames per second that the file claims.
    **options
        ``codec``, ``preset``, ``quality`` and ``verify`` as in `LosslessVideoWriter`. The fastest
        codec goes into .mkv, .avi and .mov; .mp4 takes others, at a quarter of the speed.

    Raises
    ------
    NotLossless
        These frames cannot be kept as they are; the message says what to do.
    WriterError, NoSpace
        The file cannot be written, or there are no frames.
    ConfigError, TypeError
        An option makes no sense, or does not exist.
    """
    for name in options:
        if name not in _OPTIONS:
            raise TypeError(f"mimwrite has no option {name!r}; it has {', '.join(_OPTIONS)}")
    target = Path(path).expanduser()
    if target.suffix == _HDF5:
        _write_hdf5(target, frames, fps, options)
    else:
        LosslessVideoWriter(target, fps=fps, **options).mimwrite(frames)


def mimread(path: str | Path) -> Frame:
    """Read a video or an HDF5 recording as one array.

    Parameters
    ----------
    path
        Any video that ffmpeg opens, or .h5.

    Returns
    -------
    array
        (n, height, width) of uint8 or uint16 if it is gray, else (n, height, width, 3) of uint8,
        red first. Exactly what `mimwrite` was given; of other videos the stored samples (gray of 9
        to 14 bit in the low bits of uint16), where they are not YUV, which becomes RGB. Not turned
        where the file asks players to: a warning says so.

    Raises
    ------
    RecorderError
        There is no such file, it cannot be read to its end, or no such array holds its samples:
        the message says how to get at them.
    """
    source = Path(path).expanduser()
    return _read_hdf5(source) if source.suffix == _HDF5 else read_video(source)


def _write_hdf5(
    path: Path, frames: Iterable[object], fps: float, options: Mapping[str, Any]
) -> None:
    require_sense(fps, options.get("preset"), options.get("quality", "lossless"))
    if options.get("verify"):
        raise TypeError("option verify is for videos; recorder.verify checks HDF5 files")
    from recorder.lossless.hdf5 import write_hdf5

    write_hdf5(path, frames, fps, options.get("codec", "auto"))


def _read_hdf5(path: Path) -> Frame:
    from recorder.lossless.hdf5 import read_hdf5

    return read_hdf5(path)
