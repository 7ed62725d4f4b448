"""``recorder cameras``: what is connected, and what to write into a config for it."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING, Annotated

import typer

from recorder.cli.help import JSON

if TYPE_CHECKING:
    from recorder.cameras.listing import CameraListing
    from recorder.cameras.v4l2_modes import Mode

_NOTHING = "No camera is connected. `source: synthetic` needs none: configs/demo.yaml.\n"
_NO_PERMISSION = (
    "Some cameras may not be opened by this user: `sudo usermod -aG video $USER`, then log in "
    "again. Until then `source: synthetic` needs no camera.\n"
)


def cameras(
    json: Annotated[bool, typer.Option("--json", help=JSON)] = False,
) -> None:
    """List the connected cameras.

    Name, the source to write into a config, and modes where the system tells them.
    """
    from recorder.cameras.listing import list_cameras

    found = list_cameras()
    if json:
        import json as encoder

        print(_advice(found), end="", file=sys.stderr)
        print(encoder.dumps({"cameras": [camera.as_dict() for camera in found]}))
    else:
        _show(found)
        print(_advice(found), end="")


def _advice(found: list[CameraListing]) -> str:
    """Return what to do without a camera, or without permission; empty if all is well."""
    if not found:
        return _NOTHING
    return _NO_PERMISSION if any(camera.problem for camera in found) else ""


def _show(found: list[CameraListing]) -> None:
    """Print a table on a terminal, plain lines elsewhere."""
    if not sys.stdout.isatty() or not found:
        for camera in found:
            print(_plain(camera))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("name", "source", "modes (size @ highest fps)", show_lines=True)
    for camera in found:
        modes = "\n".join(mode_lines(camera.modes)) or camera.problem or "not told by the system"
        table.add_row(camera.name, _source(camera), modes)
    Console(markup=False).print(table)


def _source(camera: CameraListing) -> str:
    """Return what goes into a config, with what else identifies the camera."""
    lines = [str(camera.source)]
    if camera.path and camera.path != camera.source:
        lines.append(f"({camera.path})")
    if camera.serial:
        lines.append(f"serial {camera.serial}")
    return "\n".join(lines)


def _plain(camera: CameraListing) -> str:
    """Return a camera as lines of text."""
    lines = [camera.name, *(f"  {line}" for line in _labelled(camera))]
    return "\n".join([*lines, *(f"    {line}" for line in mode_lines(camera.modes))])


def _labelled(camera: CameraListing) -> Iterable[str]:
    """Give the facts about a camera that are known."""
    yield f"source: {camera.source}"
    for label in ("path", "serial", "problem"):
        value = getattr(camera, label)
        if value:
            yield f"{label}: {value}"
    if camera.modes:
        yield "modes (size @ highest fps):"


def mode_lines(modes: tuple[Mode, ...]) -> list[str]:
    """Return one line for each format that can be recorded, and one for the others.

    Parameters
    ----------
    modes
        Sorted by format.
    """
    from recorder.cameras.formats import READABLE

    lines, others = [], []
    for fourcc, group in groupby(modes, key=lambda mode: mode[0]):
        if fourcc not in READABLE:
            others.append(fourcc)
            continue
        sizes = [
            f"{width}x{height}" + (f" @ {fps:g}" if fps else "") for _, width, height, fps in group
        ]
        lines.append(f"{fourcc}: {', '.join(sizes)}")
    if others:
        shown = ", ".join(others[:4]) + (", …" if len(others) > 4 else "")
        lines.append(f"{len(others)} formats that OpenCV may not read: {shown}")
    return lines
