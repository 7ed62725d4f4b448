"""``--set KEY=VALUE``: values of the command line over those of the file."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from recorder.config.base import Section
from recorder.config.models import CameraConfig, Config
from recorder.config.problems import nearest, section_at, show_path
from recorder.config.redact import redact
from recorder.config.scalars import scalar
from recorder.config.sections import BufferConfig, RecordingConfig
from recorder.config.unattended import ScheduleConfig
from recorder.config.yamltree import KeyPath, Place, TreeError, read_tree

_AFTER_FILE = 2**32  # beyond the line numbers of any file
_DEEPEST = 6  # cameras.top.recording.duration has four
_TEXTS = (str, Path, str | None, Path | None)
# Where a key that is given without its section, or misspelt, was probably meant.
_HOMES: dict[str, type[Section]] = {
    "recording": RecordingConfig,
    "buffer": BufferConfig,
    "schedule": ScheduleConfig,
    "cameras": CameraConfig,
}
_ALSO_METADATA = ("name", "time")  # of an animal, of day: as likely as recording.name or .times
_ALIKE = 0.8  # of difflib: durtion and duration have 0.93, rate and rotate 0.8


class _BadOverride(Exception):
    """Why one override cannot be applied."""


def apply_overrides(
    values: dict[str, Any], places: dict[KeyPath, Place], overrides: Sequence[str]
) -> list[tuple[Place, str]]:
    """Put every override into the values, and into the places where it comes from.

    Parameters
    ----------
    values
        The config as read, changed in place.
    places
        Where every key path stands, changed in place.
    overrides
        ``KEY=VALUE`` each, the last one winning.

    Returns
    -------
    list
        Problems, with their places.
    """
    found = []
    for number, override in enumerate(overrides):
        key, equals, text = override.partition("=")
        # The value by itself, as a URL alone is redacted more strictly than one inside a text.
        place = Place(_AFTER_FILE + number, f"--set {redact(key)}{equals}{redact(text)}")
        try:
            path, value = _parse(key.strip(), equals, text)
            if path == ("metadata", key.strip()):
                _require_metadata(values, path[1], text)
            _put(values, path, value)
        except _BadOverride as error:
            found.append((place, str(error)))
            continue
        for old in [p for p in places if p[: len(path)] == path]:
            del places[old]
        # Also for what had to be made on the way down: it stands nowhere else.
        for depth in range(1, len(path)):
            places.setdefault(path[:depth], place)
        places[path] = place
    return found


def _parse(key: str, equals: str, text: str) -> tuple[KeyPath, Any]:
    """Return the path in the config and its value."""
    path = tuple(key.split("."))
    if not equals or not all(path):
        raise _BadOverride("wants KEY=VALUE, such as subject=M12 or recording.codec=archive")
    if len(path) > _DEEPEST:
        raise _BadOverride(f"no key is {len(path)} levels deep")
    if len(path) == 1:
        if key in Config.model_fields:
            raise _BadOverride(f"a whole section; name a key in it: {key}.…=…")
        path = ("metadata", key)
    # A name or a note may have braces, colons and # in it: only quotes make it YAML.
    quoted = text.strip()[:1] in ("'", '"')
    return path, scalar(text.strip()) if _is_text(path) and not quoted else _value(text)


def _is_text(path: KeyPath) -> bool:
    """Whether the value of a key is a text and nothing else, or a metadata value."""
    if path[0] == "metadata":
        return len(path) == 2
    try:
        return section_at(path[:-1]).model_fields[path[-1]].annotation in _TEXTS
    except KeyError:
        return False  # there is no such key, which is said later


def _require_metadata(values: dict[str, Any], key: str, text: str) -> None:
    """Refuse a key without a section that is, or nearly is, one that belongs into a section."""
    known = values.get("metadata")
    if (isinstance(known, dict) and key in known) or key in _ALSO_METADATA:
        return
    homes = {name: home for home, section in _HOMES.items() for name in section.model_fields}
    homes |= {name: "" for name in Config.model_fields if name != "cameras"}
    near = [
        name
        for name in get_close_matches(key.lower(), homes, 3, _ALIKE)
        if abs(len(name) - len(key)) <= 1
    ]
    if near:
        meant = _full_name(values, homes[near[0]], near[0])
        raise _BadOverride(
            f"{key} stands in no section; did you mean {meant}? "
            f"As metadata: metadata.{key}={redact(text)}"
        )


def _full_name(values: dict[str, Any], home: str, key: str) -> str:
    """Return a key with its section, and with the camera's name if there is only one."""
    if home == "cameras":
        cameras = values.get("cameras")
        names = list(cameras) if isinstance(cameras, dict) else []
        home = f"cameras.{names[0] if len(names) == 1 else 'NAME'}"
    return f"{home}.{key}" if home else f"{key}.…"


def _value(text: str) -> Any:
    """Read a value as YAML."""
    try:
        tree = read_tree(text)
    except TreeError as error:
        raise _BadOverride(f"the value: {error}") from None
    for path, _, problem in tree.problems:
        raise _BadOverride(f"{show_path(path)}: {problem}")
    return tree.value


def _put(values: dict[str, Any], path: KeyPath, value: Any) -> None:
    """Go down to the last mapping, making those that are missing, and put the value in."""
    cameras = values.get("cameras")
    if path[0] == "cameras" and isinstance(cameras, dict) and path[1] not in cameras:
        names = [show_path((name,)) for name in cameras]
        raise _BadOverride(f"no camera {show_path(path[1:2])}; {nearest(path[1], names)}")
    place = values
    for depth, key in enumerate(path[:-1], start=1):
        if place.get(key) is None:
            place[key] = {}
        place = place[key]
        if not isinstance(place, dict):
            raise _BadOverride(f"{show_path(path[:depth])} has no keys below it")
    place[path[-1]] = value
