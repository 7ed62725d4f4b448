"""Say what is wrong with a config: where, which key, why, and which key was meant."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError

from recorder.config.base import Problem, Section, show
from recorder.config.models import CameraConfig, Config
from recorder.config.redact import redact
from recorder.config.sections import (
    BufferConfig,
    RecordingConfig,
    RetentionConfig,
    SyntheticOptions,
)
from recorder.config.unattended import HookConfig, LogConfig, MetricsConfig, ScheduleConfig
from recorder.config.yamltree import KeyPath, Place

_SECTIONS: dict[str, type[Section]] = {
    "buffer": BufferConfig,
    "recording": RecordingConfig,
    "retention": RetentionConfig,
    "options": SyntheticOptions,
    "schedule": ScheduleConfig,
    "hook": HookConfig,
    "log": LogConfig,
    "metrics": MetricsConfig,
}
# pydantic's types of errors that need other words for people who write YAML.
_ACCEPTED = {
    "bool_type": "true or false",
    "dict_type": "keys with values",
    "int_type": "a whole number",
    "model_type": "keys with values",
    "string_pattern_mismatch": "letters, digits, -, _ and .",
    "string_type": "a text, in quotes if it looks like a number",
    "string_unicode": "a text of whole characters",
}
_SOURCE_MISSING = "missing; for example synthetic, 0, /dev/video0 or a video file"


def nearest(key: str, known: Iterable[str]) -> str:
    """Return a hint at the known key that was probably meant, or at all of them."""
    known = list(known)
    near = get_close_matches(key[:100].lower(), known, n=1)
    return f"did you mean {near[0]}?" if near else f"known: {', '.join(known) or 'none'}"


def explain(error: ValidationError, places: dict[KeyPath, Place]) -> list[tuple[Place, str]]:
    """Return every problem with its place and ``key: what is wrong``.

    Parameters
    ----------
    error
        From validating a `Config`.
    places
        Where every key path stands; () must be among them.
    """
    found = []
    for item in error.errors(include_url=False):
        path, text = _reason(item)
        # The common sections are checked inside every camera that they apply to.
        if path not in places and path[:1] == ("cameras",) and path[2:] in places and path[2:]:
            path = path[2:]
        found.append((_place(path, places), f"{show_path(path)}: {text}" if path else text))
    return list(dict.fromkeys(found))


def show_path(path: KeyPath) -> str:
    """Return a key path as ``cameras.top.fps``; odd keys are quoted."""
    return ".".join(key if re.fullmatch(r"[\w-]{1,80}", key) else show(key) for key in path)


def message(where: str, text: str) -> str:
    """Return one line for the user: no password, and nothing a terminal cannot print."""
    line = redact(f"{where}: {text}").encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in line)


def _place(path: KeyPath, places: dict[KeyPath, Place]) -> Place:
    """Return where the key stands, or the nearest one above it."""
    while path not in places:
        path = path[:-1]
    return places[path]


def _reason(item: Any) -> tuple[KeyPath, str]:
    """Return the key to blame and what is wrong with it."""
    path = tuple(str(key) for key in item["loc"])
    # pydantic's mark for a mapping's key, which may also be what somebody called a key.
    if path[-1:] == ("[key]",) and item["type"] != "extra_forbidden":
        path = path[:-1]
    cause = item.get("ctx", {}).get("error")
    if isinstance(cause, Problem):
        if len(path) == 3 and (path[0], path[2]) == ("cameras", "name"):
            path = path[:2]  # a camera's name is the key of its mapping
        path = cause.keys if cause.from_top else (*path, *cause.keys)
    return path, _text(path, item, cause)


def _text(path: KeyPath, item: Any, cause: Exception | None) -> str:
    """Say in our words what is wrong."""
    if cause is not None:
        return str(cause)
    if item["type"] == "extra_forbidden":
        return _unknown(path)
    if item["type"] == "missing":
        return _SOURCE_MISSING if path[-1] == "source" else "missing"
    value = item["input"]
    if item["type"] == "literal_error":
        accepted = item["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        near = get_close_matches(str(value)[:100].lower(), accepted.split(", "), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"{show(value)}: accepted: {accepted}{hint}"
    if item["type"] in _ACCEPTED:
        return f"{show(value)}: accepted: {_ACCEPTED[item['type']]}"
    return f"{show(value)}: {item['msg'].removeprefix('Input should be ')}"


def _unknown(path: KeyPath) -> str:
    """Say whether a later version knows the key, where it belongs, or what was meant."""
    section, key = section_at(path[:-1]), path[-1]
    if key in section.not_yet:
        return "not yet: a later version has this"
    known = [name for name in section.model_fields if (section, name) != (CameraConfig, "name")]
    homes = [name for name, other in _SECTIONS.items() if key in other.model_fields]
    if homes and not get_close_matches(key, known, n=1):
        return f"unknown key; did you mean {homes[0]}.{key}?"
    return f"unknown key; {nearest(key, known)}"


def section_at(path: KeyPath) -> type[Section]:
    """Return the model that stands at a key path."""
    if not path:
        return Config
    return CameraConfig if len(path) == 2 and path[0] == "cameras" else _SECTIONS[path[-1]]
