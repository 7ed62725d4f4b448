"""``--set KEY=VALUE``: values of the command line over those of the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from recorder.config.problems import nearest, show_path
from recorder.config.redact import redact
from recorder.config.scalars import scalar
from recorder.config.yamltree import KeyPath, Place, TreeError, read_tree

_AFTER_FILE = 2**32  # beyond the line numbers of any file
_DEEPEST = 6  # cameras.top.recording.duration has four
_SECTIONS = ("cameras", "buffer", "recording", "metadata")


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
    if len(path) > 1:
        return path, _value(text)
    if key in _SECTIONS:
        raise _BadOverride(f"a whole section; name a key in it: {key}.…=…")
    # A note may have colons, brackets and # in it: only quotes make it YAML.
    quoted = text.strip()[:1] in ("'", '"')
    return ("metadata", key), _value(text) if quoted else scalar(text.strip())


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
