"""Where frames may come from, as people choose it: found cameras, files, an address, none."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from recorder.config import SYNTHETIC, redact
from recorder.config.scalars import scalar
from recorder.config.yamltree import TreeError, read_tree
from ui.model.yamlwrite import flow

Found = Sequence[Mapping[str, Any]]
"""The ``cameras`` of ``recorder cameras --json``."""
Kind = Literal["camera", "synthetic", "address", "video", "images"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line to choose a source from.

    Parameters
    ----------
    kind
        What has to be asked for when it is chosen; nothing for a camera and the synthetic one.
    source
        As the config says it; None where it has to be asked for.
    label, tip
        For people.
    """

    kind: Kind
    source: Any
    label: str
    tip: str


OTHERS = (
    Entry("synthetic", SYNTHETIC, "Synthetic (no hardware)", "A made-up picture, to try things."),
    Entry("address", None, "Network address…", "http://… or rtsp://…; passwords are not shown."),
    Entry("video", None, "Video file…", "Recorded like a camera, frame by frame."),
    Entry("images", None, "Image sequence…", "Numbered images, such as frames_0001.png."),
)


def entries(found: Found) -> tuple[Entry, ...]:
    """Return what can be chosen: the connected cameras first."""
    return (*(_camera(camera) for camera in found), *OTHERS)


def _camera(camera: Mapping[str, Any]) -> Entry:
    tip = [f"{name}: {camera[name]}" for name in ("source", "serial", "path") if camera.get(name)]
    problem = f" ({camera['problem']})" if camera.get("problem") else ""
    return Entry("camera", camera["source"], f"{camera['name']}{problem}", "\n".join(tip))


def chosen(found: Found, source: Any) -> int:
    """Return which of the `entries` a source is; the ones to ask for by what they look like."""
    for index, camera in enumerate(found):
        if _is(camera, source):
            return index
    return len(found) + [entry.kind for entry in OTHERS].index(_kind(source))


def _is(camera: Mapping[str, Any], source: Any) -> bool:
    if isinstance(source, Mapping):
        name, serial = source.get("name"), source.get("serial")
        return bool((serial or camera["name"]) == (camera.get("serial") if serial else name))
    return bool(source is not None and source in (camera["source"], camera.get("path") or None))


def _kind(source: Any) -> Kind:
    text = str(source)
    if source == SYNTHETIC:
        return "synthetic"
    if "://" in text or not isinstance(source, str) or text.startswith("/dev/"):
        return "address"
    return "images" if re.search(r"%0?\d*d", text) else "video"


def source_text(source: Any) -> str:
    """Return a source as it is typed."""
    return flow(source) if isinstance(source, Mapping) else "" if source is None else str(source)


def shown_text(source: Any) -> str:
    """Return the same without a password, for when nobody types."""
    return redact(source_text(source))


def read_source(text: str) -> Any:
    """Return the source that was typed: a number, ``{serial: …}``, or the text itself."""
    text = text.strip()
    if text.startswith("{"):
        try:
            return read_tree(text).value
        except TreeError:
            return text  # what is wrong with it is said by the config
    return scalar(text) if text.isdecimal() else text


def sequence_pattern(path: str) -> str:
    """Return ``frames_%04d.png`` for one image of a sequence, ``frames_0007.png``."""
    folder, slash, name = path.replace("\\", "/").rpartition("/")
    numbers = list(re.finditer(r"\d+", name))
    if not numbers:
        return path
    start, end = numbers[-1].span()
    return f"{folder}{slash}{name[:start]}%0{end - start}d{name[end:]}"


def sizes(found: Found, source: Any) -> tuple[tuple[int, int, float], ...]:
    """Return (width, height, highest fps) of the camera's modes, largest first; none if unknown."""
    best: dict[tuple[int, int], float] = {}
    for camera in found:
        for _, width, height, fps in camera.get("modes", ()) if _is(camera, source) else ():
            best[width, height] = max(best.get((width, height), 0.0), fps or 0.0)
    return tuple((*size, fps) for size, fps in sorted(best.items(), reverse=True))
