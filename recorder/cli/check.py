"""``recorder check``: what a config would record, without touching camera or disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recorder.cli.check_unattended import Row, file_rows, service_rows
from recorder.cli.help import SET

if TYPE_CHECKING:
    from recorder.config import CameraConfig, Config


def check(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="The YAML file.")],
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=SET)] = None,
) -> None:
    """Say what a config records, or what is wrong.

    Opens no camera and writes nothing.
    """
    from recorder.config import load_config

    loaded = load_config(config, set_ or ())
    # Everything is worked out before the first word: no summary ends in an error.
    disks = _disks(loaded)
    rows = [row for camera in loaded.cameras.values() for row in _rows(camera, loaded, disks)]
    rows += service_rows(loaded)
    rows += [("metadata", f"{key}: {value}") for key, value in loaded.public()["metadata"].items()]
    print(f"{config} is fine. It would record:\n")
    for label, text in rows:
        print(f"  {label:<9} {text}")


def _rows(camera: CameraConfig, config: Config, disks: Mapping[str, str]) -> Iterator[Row]:
    """Give the lines of one camera; `disks` is what `_disks` says."""
    from recorder.config import show_source

    yield "camera", camera.name
    yield "source", show_source(camera.source)
    yield "frames", _frames(camera)
    yield "lasts", str(camera.recording.duration or "until stopped")
    yield "buffer", _buffer(camera)
    if camera.recording.format == "none":
        yield "file", "none: nothing is written"
    else:
        yield "file", _example(camera, config)
        yield "codec", _codec(camera)
    if camera.recording.times == "own":
        yield "times", "each frame's own; cv2 then does not find frames by number"
    yield "raw data", _raw_rate(camera)
    if camera.recording.format != "none":
        yield from file_rows(camera, _bytes_per_s(camera))
        yield "disk", disks[camera.name]


def _frames(camera: CameraConfig) -> str:
    """Describe the frames, as far as the config tells."""
    spec = camera.known_spec()
    size = camera.crop[2:] if camera.crop else camera.size
    shape = f"{spec.width}x{spec.height}" if spec else "x".join(map(str, size or ()))
    parts = [shape or "the source's size", camera.pixel_format or "the source's pixel format"]
    if camera.fps == "max":
        rate = "as fast as possible"
    else:
        rate = "the source's rate" if camera.fps is None else f"{camera.fps:g} fps"
    turned = f"rotated by {camera.rotate}°" if camera.rotate else ""
    flipped = f"flipped: {camera.flip}" if camera.flip != "none" else ""
    return ", ".join(part for part in (*parts, rate, turned, flipped) if part)


def _buffer(camera: CameraConfig) -> str:
    """Describe the buffer, in frames and seconds where they are known."""
    from recorder.config import format_size, frames_in

    spec = camera.known_spec()
    text = format_size(camera.buffer.memory)
    if spec is not None:
        count = frames_in(camera.buffer.memory, spec)
        text += f", {count} frames" + (f", {count / spec.fps:.1f} s" if spec.fps else "")
    return f"{text}; when full: {camera.when_full}"


def _example(camera: CameraConfig, config: Config) -> str:
    """Return the file that a recording begun now would make."""
    from datetime import datetime

    from recorder.config import file_stem

    now = datetime.now().astimezone()
    stem = file_stem(camera.recording.name, camera.name, now, config.metadata)
    suffix = ".h5" if camera.recording.format == "hdf5" else ".mkv"
    return f"{camera.recording.folder / stem}{suffix} (if it began now)"


def _codec(camera: CameraConfig) -> str:
    """Return what the profile means for these frames; refuse what cannot be exact."""
    from recorder.writers.codecs import choose
    from recorder.writers.hdf5 import filter_name

    name = camera.recording.codec
    if camera.pixel_format is None:
        return f"{name}; which one follows from the source's pixel format"
    if camera.recording.format == "hdf5":
        chosen = filter_name(name, camera.pixel_format)
    else:
        chosen = choose(name, camera.pixel_format).name
    return name if chosen == name else f"{name}: {chosen}"


def _bytes_per_s(camera: CameraConfig) -> float | None:
    """Return the raw data rate, if the config alone tells it."""
    spec = camera.known_spec()
    return spec.nbytes * spec.fps if spec and spec.fps else None


def _raw_rate(camera: CameraConfig) -> str:
    """Describe how much the camera gives before compression."""
    rate = _bytes_per_s(camera)
    if rate is None:
        return "known when the camera gives its first frame"
    total = ""
    if camera.recording.duration is not None:
        total = f", {rate * _seconds(camera) / 1e9:.2f} GB in all"
    return f"{rate / 1e6:.1f} MB/s{total}"


def _seconds(camera: CameraConfig) -> float:
    """Return how long the recording takes; 0 if nobody can know."""
    duration, spec = camera.recording.duration, camera.known_spec()
    if duration is None:
        return 0.0
    if duration.frames is None:
        return duration.seconds or 0.0
    return duration.frames / spec.fps if spec and spec.fps else 0.0


def _disks(config: Config) -> dict[str, str]:
    """Describe the disk of each camera that writes, by name: the same for all that share one."""
    by_disk: dict[int, list[CameraConfig]] = {}
    for camera in config.cameras.values():
        if camera.recording.format != "none":
            device = _existing(camera.recording.folder).stat().st_dev
            by_disk.setdefault(device, []).append(camera)
    found: dict[str, str] = {}
    for cameras in by_disk.values():
        found |= dict.fromkeys((camera.name for camera in cameras), _disk(cameras))
    return found


def _disk(cameras: Sequence[CameraConfig]) -> str:
    """Describe the room on one disk, and how long it lasts at the raw rate of all at most."""
    import shutil

    from recorder.config import format_size

    rates = [_bytes_per_s(camera) for camera in cameras]
    keep = max(map(_kept, cameras))
    room = shutil.disk_usage(_existing(cameras[0].recording.folder)).free - keep
    if room <= 0:
        return f"no room: less than keep_free, {format_size(keep)}, is free; recording would stop"
    by = f" by {len(cameras)} cameras" if len(cameras) > 1 else ""
    text = f"{room / 1e9:.1f} GB to use{by}"
    total = sum(rate or 0.0 for rate in rates)
    if None in rates or not total:
        return text
    needed = sum((rate or 0.0) * _seconds(each) for each, rate in zip(cameras, rates, strict=True))
    return f"{text}; uncompressed that lasts {_time(room / total)}" + (
        "; too short" if needed > room else ""
    )


def _kept(camera: CameraConfig) -> int:
    """Return how many bytes stay free at the camera's raw rate, as far as it is known."""
    from recorder.pipeline.guards import reserve

    rate, to_go_s = _bytes_per_s(camera) or 0.0, _seconds(camera) or None
    return reserve(camera.recording.keep_free, rate, to_go_s)


def _time(seconds: float) -> str:
    """Return a time in the unit people think in."""
    for unit, length in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"


def _existing(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that is there already."""
    from recorder.errors import ConfigError

    for place in (folder, *folder.absolute().parents):
        if place.is_dir():
            return place
        if place.exists():
            raise ConfigError(f"recording.folder: {folder}: {place} is a file, not a folder")
    return Path()
