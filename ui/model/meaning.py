"""What keys of a config mean when they are left out, and what is wrong with those that are not."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from recorder.config import Config, format_size, redact
from recorder.config.base import Section
from recorder.config.models import CameraConfig, usual_when_full
from recorder.config.problems import explain, show_path
from recorder.config.sections import BufferConfig, RecordingConfig, SyntheticOptions
from recorder.config.unattended import HookConfig, LogConfig, MetricsConfig, ScheduleConfig
from recorder.config.yamltree import Place

Keys = tuple[str, ...]
Problem = tuple[Keys, str]

COMMON: dict[str, type[Section]] = {"buffer": BufferConfig, "recording": RecordingConfig}
"""The sections that hold for all cameras, unless one has its own keys."""
ALONE: dict[str, type[Section]] = {
    "schedule": ScheduleConfig,
    "hook": HookConfig,
    "log": LogConfig,
    "metrics": MetricsConfig,
}
"""Those for recorders that nobody watches."""
_SIZES = ("memory", "keep_free")


def is_overriding(keys: Keys) -> bool:
    """Whether it is a camera's own key over a common one."""
    return len(keys) == 4 and keys[0] == "cameras" and keys[2] in COMMON


def default(keys: Keys) -> Any:
    """Return what a key means when it is left out, as the YAML would say it."""
    if keys[:1] == ("cameras",) and len(keys) > 2:
        in_camera: dict[Keys, type[Section]] = {(): CameraConfig, ("options",): SyntheticOptions}
        section = in_camera.get(keys[2:-1])
    elif len(keys) == 1:
        return {}
    else:
        section = (COMMON | ALONE).get(keys[0])
    return _defaults(section).get(keys[-1]) if section else None


def _defaults(section: type[Section]) -> dict[str, Any]:
    """Return the defaults of a section."""
    return {
        name: _said(name, field.get_default(call_default_factory=True))
        for name, field in section.model_fields.items()
        if not field.is_required()
    }


def _said(name: str, value: Any) -> Any:
    """Return a value as the YAML would say it."""
    if name in _SIZES and isinstance(value, int):
        return format_size(value) if value else 0
    if isinstance(value, Section):
        return {}
    if name == "retention":
        return {key: each for key, each in value.items() if each is not None}
    return str(value) if isinstance(value, Path) else value


def shortest(config: Config) -> dict[str, Any]:
    """Return a config as plain values, with passwords and without what holds anyway."""
    values = config.private()
    cameras = {}
    for name, camera in values["cameras"].items():
        camera["options"] = _without(camera.get("options", {}), _defaults(SyntheticOptions))
        camera.update({key: _without(camera[key], values[key]) for key in COMMON})
        given = config.cameras[name]
        if camera["buffer"].get("when_full") == usual_when_full(given.source, given.fps):
            del camera["buffer"]["when_full"]  # filled in, as far as the file is concerned
        cameras[name] = _without(camera, _defaults(CameraConfig))
    sections = COMMON | ALONE
    common = {key: _without(values[key], _defaults(sections[key])) for key in sections}
    rest = {key: part for key, part in (*common.items(), ("metadata", values["metadata"])) if part}
    return {"cameras": cameras, **rest}


def _without(values: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """Return what differs from what holds anyway."""
    said = {name: _said(name, value) for name, value in values.items()}
    return {name: v for name, v in said.items() if v != _said(name, known.get(name))}


def find_problems(values: dict[str, Any]) -> tuple[Problem, ...]:
    """Let the recorder say what is wrong; the places that it is given are key paths."""
    paths = sorted(_paths(values), key=len)
    places = {path: Place(number, str(number)) for number, path in enumerate(paths)}
    try:
        Config.model_validate(values)
    except ValidationError as error:
        found = explain(error, places)
        return tuple((paths[place.rank], _bare(paths[place.rank], text)) for place, text in found)
    return ()


def _bare(keys: Keys, text: str) -> str:
    """Return a problem without its key in front, and without passwords."""
    return redact(text.removeprefix(f"{show_path(keys)}: "))


def _paths(values: dict[str, Any]) -> set[Keys]:
    """Return all key paths that a problem can be blamed on, also of what is not given."""
    paths = {(), *((name, key) for name in COMMON for key in COMMON[name].model_fields)}
    paths |= {(name,) for name in Config.model_fields}
    cameras = values.get("cameras")
    for camera in cameras if isinstance(cameras, dict) else ():
        own = set(CameraConfig.model_fields) - set(COMMON)
        paths |= {("cameras", camera), *(("cameras", camera, key) for key in own)}
    _add_paths(paths, values, ())
    return paths


def _add_paths(paths: set[Keys], value: Any, path: Keys) -> None:
    paths.add(path)
    with contextlib.suppress(AttributeError):
        for key, item in value.items():
            _add_paths(paths, item, (*path, key))
