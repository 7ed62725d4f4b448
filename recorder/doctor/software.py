"""ffmpeg, the exact codecs, and what the window needs."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from recorder.doctor.finding import Finding, warning
from recorder.errors import RecorderError
from recorder.ffmpeg.program import executable
from recorder.frame import FrameSpec, PixelFormat
from recorder.writers import hdf5
from recorder.writers.codecs import choose
from recorder.writers.proof import prove

if TYPE_CHECKING:
    from recorder.config import CameraConfig, Config

_WIDTH, _HEIGHT = 640, 480
_PIXEL_FORMATS: tuple[PixelFormat, ...] = ("gray8", "gray16", "bgr8")


def ffmpeg() -> Iterator[Finding]:
    """Look whether ffmpeg runs, and which one it is."""
    try:
        program = executable()
        done = subprocess.run(
            [program, "-hide_banner", "-version"], capture_output=True, check=False, text=True
        )
    except (RecorderError, OSError) as error:
        yield Finding("ffmpeg", str(error), 4, "pip install --force-reinstall imageio-ffmpeg")
        return
    said = (done.stdout or done.stderr).strip().splitlines() or ["it said nothing"]
    if done.returncode:
        text = f"{program} does not run (exit code {done.returncode}): {said[-1]}"
        yield Finding("ffmpeg", text, 4, "unset IMAGEIO_FFMPEG_EXE, or name one that runs")
        return
    version = said[0].removeprefix("ffmpeg version ").partition(" Copyright")[0]
    yield Finding("ffmpeg", f"{version}, {program}")


def codecs(config: Config | None) -> Iterator[Finding]:
    """Prove what the config's cameras would use, or else what each pixel format would.

    A camera whose size or pixel format is not in the config is proven when it is opened.
    """
    cameras = list(config.cameras.values()) if config else []
    known = [(camera, spec) for camera in cameras if (spec := camera.known_spec()) is not None]
    written = [(camera, spec) for camera, spec in known if camera.recording.format != "none"]
    if config is not None:
        for camera, spec in written:
            yield _proven(f"codec of {camera.name}", partial(_prove, camera, spec))
        return
    specs = [FrameSpec(_WIDTH, _HEIGHT, name, None) for name in _PIXEL_FORMATS]
    yield _proven("codecs", partial(_prove_all, specs))


def _prove(camera: CameraConfig, spec: FrameSpec) -> str:
    name, plain = camera.recording.codec, spec.with_fps(None)
    if camera.recording.format == "hdf5":
        chosen = hdf5.choose(name, spec)
        hdf5.prove(chosen, plain)
        found = hdf5.filter_name(name, spec.pixel_format)
    else:
        codec = choose(name, spec.pixel_format)
        prove(plain, codec)
        found = codec.name
    return f"{found} is exact for {spec.width}x{spec.height} {spec.pixel_format}"


def _prove_all(specs: Iterable[FrameSpec]) -> str:
    said = []
    for spec in specs:
        codec = choose("fast", spec.pixel_format)
        prove(spec, codec)
        hdf5.prove(hdf5.choose("fast", spec), spec)
        said.append(f"{spec.pixel_format} {codec.name}")
    return f"exact: {', '.join(said)}; HDF5 as well"


def _proven(what: str, proof: Callable[[], str]) -> Finding:
    try:
        return Finding(what, proof())
    except RecorderError as error:
        remedy = "choose the codec fast or archive, or reinstall imageio-ffmpeg and blosc2"
        return Finding(what, str(error), error.exit_code, remedy)


def window(why_not: Callable[[], str | None]) -> Iterator[Finding]:
    """Look whether a window can open here.

    Parameters
    ----------
    why_not
        Returns the reason, with its remedy behind a semicolon, or None.
    """
    reason = why_not()
    if reason is None:
        yield Finding("window", "can open")
        return
    what, _, remedy = reason.partition("; ")
    yield warning("window", what, remedy or "`recorder record` needs none")
