"""Which cameras are there, who holds them, and what they share."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from recorder.cameras import v4l2
from recorder.cameras.listing import CameraListing, list_cameras
from recorder.config.sources import is_live, show_source
from recorder.doctor.finding import Finding, warning
from recorder.errors import CameraBusy, RecorderError

if TYPE_CHECKING:
    from recorder.config import CameraConfig, Config

_DEV = Path("/dev")
_JOIN = "sudo usermod -aG {group} $USER, then log in again"


def cameras(config: Config | None) -> Iterator[Finding]:
    """Look at the connected cameras, and at the sources of the config; none is opened."""
    yield from _permissions()
    try:
        connected = list_cameras()
    except (RecorderError, OSError) as error:
        yield Finding("cameras", str(error), 3, "see `recorder cameras`")
        return
    yield _connected(connected, needed=config is not None and any(map(_is_device, _all(config))))
    yield from _held(connected)
    yield from _shared_buses()
    for camera in _all(config):
        yield from _source(camera)


def _all(config: Config | None) -> list[CameraConfig]:
    return list(config.cameras.values()) if config else []


def _is_device(camera: CameraConfig) -> bool:
    return is_live(camera.source) and "://" not in str(camera.source)


def _connected(found: list[CameraListing], needed: bool) -> Finding:
    if found:
        return Finding("cameras", ", ".join(f"{each.name} ({each.path})" for each in found))
    if needed:
        return Finding("cameras", "none is connected", 3, "plug it in; look at lsusb and dmesg")
    return Finding("cameras", "none is connected; `source: synthetic` needs none")


def _permissions(dev: Path = _DEV) -> Iterator[Finding]:
    """Find the video devices that this user may not open (POSIX)."""
    closed = [path for path in dev.glob("video[0-9]*") if not os.access(path, os.R_OK | os.W_OK)]
    if not closed:
        return
    names = ", ".join(sorted(str(path) for path in closed))
    yield Finding("group", f"no permission for {names}", 3, _JOIN.format(group=_group(closed[0])))


def _group(path: Path) -> str:
    try:
        return path.group()
    except (KeyError, OSError):
        return "video"


def _held(connected: list[CameraListing]) -> Iterator[Finding]:
    """Name the cameras that another program uses, and that program."""
    if not v4l2.on_linux():
        return
    for camera in connected:
        try:
            busy = v4l2.is_busy(camera.path)
        except OSError:
            continue  # no permission, which is told, or just unplugged
        if busy:
            said = str(v4l2.explain(camera.path, camera.name))
            yield warning("cameras", said, "end that program, unless it is a recording of yours")


def _shared_buses() -> Iterator[Finding]:
    """Find USB controllers that several cameras share (Linux)."""
    if not v4l2.on_linux():
        return
    at: dict[str, set[str]] = defaultdict(set)
    for _, node in v4l2.capture_nodes():
        controller = usb_controller(node.bus)
        if controller:
            at[controller].add(f"{node.card} ({node.bus})")
    for controller, found in sorted(at.items()):
        if len(found) > 1:
            text = f"{len(found)} cameras share {controller}: {', '.join(sorted(found))}"
            yield warning("usb", text, "plug them into another controller, or use fourcc MJPG")


def usb_controller(bus: str) -> str:
    """Return the controller in V4L2's name of a port (``usb-0000:00:14.0-2.1``); empty if none."""
    return bus.rpartition("-")[0] if bus.startswith("usb-") else ""


def _source(camera: CameraConfig) -> Iterator[Finding]:
    """Look whether the source of a camera is there, as far as that shows without opening it."""
    what = f"camera {camera.name}"
    source = camera.source
    try:
        shown = show_source(source)
        if _is_device(camera):
            yield _device(what, camera, shown)
        elif isinstance(source, str) and "://" not in source and source != "synthetic":
            yield _file(what, Path(source), shown)
        elif isinstance(source, str) and "://" in source:
            yield Finding(what, f"{shown}: shows only when it is opened")
    except RecorderError as error:
        yield Finding(what, str(error), error.exit_code, "see `recorder cameras`")


def _device(what: str, camera: CameraConfig, shown: str) -> Finding:
    from recorder.cameras.listing import find_camera
    from recorder.config.sources import CameraId

    source = camera.source
    if isinstance(source, CameraId):
        source = find_camera(source.name, source.serial)
    if not v4l2.on_linux():
        return Finding(what, f"{shown}: shows only when it is opened")
    path = v4l2.device_path(source)
    try:
        node = v4l2.query(path)
        busy = v4l2.is_busy(path)
    except OSError:
        problem = v4l2.explain(source, shown)
        return Finding(what, str(problem), problem.exit_code, "see `recorder cameras`")
    if not node.captures or busy:
        problem = v4l2.explain(source, shown)
        held = isinstance(problem, CameraBusy)
        remedy = "end that program, unless it is a recording of yours" if held else "another node"
        return Finding(what, str(problem), 6 if held else problem.exit_code, remedy)
    return Finding(what, f"{node.card} at {path}")


def _file(what: str, path: Path, shown: str) -> Finding:
    if "%" in path.name or path.exists():
        return Finding(what, shown)
    return Finding(what, f"{shown}: no such file", 3, f"give its path from {Path.cwd()}")
