"""The JSON Schema of a config file, which editors check and complete while it is written.

Made from the models, so that it cannot say anything else than they do; nothing else imports this.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema

from recorder.config import shapes
from recorder.config.base import Section
from recorder.config.models import CameraConfig, Config
from recorder.config.quantities import Amount, format_size
from recorder.config.sources import SYNTHETIC

_NULL = {"type": "null"}
_HEADING = re.compile(r"^(\w[\w ]*)\n-+\n", re.MULTILINE)


def config_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a config file.

    Returns
    -------
    dict
        Plain JSON types, the same at every call. What depends on several keys at once, such as a
        crop inside the size, is left to `recorder.config.load_config`.
    """
    schema = Config.model_json_schema(schema_generator=_FileSchema)
    return {"$schema": _FileSchema.schema_dialect, "title": "Config of the recorder", **schema}


def parameters(section: type[Section]) -> dict[str, str]:
    """Return what the docstring of a section says about each of its keys.

    Parameters
    ----------
    section
        With a numpy-style docstring.
    """
    parts = _HEADING.split(inspect.getdoc(section) or "")
    text = dict(zip(parts[1::2], parts[2::2], strict=True))["Parameters"]
    # A name stands at the margin, and its text is indented below it.
    found = re.findall(r"^(\w+)\n((?:[ ]+.*\n?|\n)+)", text, re.MULTILINE)
    return {name: " ".join(lines.split()).replace("``", "`") for name, lines in found}


class _FileSchema(GenerateJsonSchema):
    """Turns the schema of the models into that of the file, where they differ."""

    def model_schema(self, schema: Any) -> dict[str, Any]:
        """Return one section as it is in the file."""
        section = schema["cls"]
        made = super().model_schema(schema)
        told = parameters(section)
        keys = made["properties"]
        if section is CameraConfig:
            del keys["name"]  # it is the key of the camera's mapping
        for key, shape in keys.items():
            keys[key] = _property(shape, section.model_fields[key], told[key])
        del made["title"]
        made["description"] = (inspect.getdoc(section) or "").partition("\n")[0]
        return {**made, **(_OPTIONS_ONLY_SYNTHETIC if section is CameraConfig else {})}

    def nullable_schema(self, schema: Any) -> dict[str, Any]:
        """Leave null away: in the file, every key that has a default may be empty."""
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> dict[str, Any]:
        """Leave the default away: in the file, it is written in another way."""
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        """Leave away titles, which would only repeat the keys."""
        return False


def _property(shape: dict[str, Any], field: FieldInfo, told: str) -> dict[str, Any]:
    """Return the schema of one key: with its description and default, and null if it may be so."""
    if field.is_required():
        return {**shape, "description": told}
    text = re.sub(r"\bNone: ", "Default: ", told)
    default = field.get_default(call_default_factory=True)
    shown: dict[str, Any] = {}
    if not isinstance(default, Section | None):
        shown["default"] = _written(default, field)
        text += f" Default: {_in_words(shown['default'])}."
    return {**_or_null(shape), **shown, "description": text}


def _written(default: Any, field: FieldInfo) -> Any:
    """Return a default as people write it in the file."""
    if shapes.SIZE in field.metadata:
        return format_size(default)
    if shapes.TIME in field.metadata:
        return str(Amount(seconds=default))
    if isinstance(default, Path):
        return default.as_posix()
    return list(default) if isinstance(default, tuple) else default


def _in_words(value: Any) -> str:
    """Return a default for a description."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(value)
    return "none" if value == {} else str(value)


def _or_null(shape: dict[str, Any]) -> dict[str, Any]:
    """Return a shape that accepts an empty value too; keywords of a type ask nothing of null."""
    if "anyOf" in shape:
        return {**shape, "anyOf": [*shape["anyOf"], _NULL]}
    if "type" not in shape:
        return {"anyOf": [shape, _NULL]}
    types = shape["type"] if isinstance(shape["type"], list) else [shape["type"]]
    choices = {"enum": [*shape["enum"], None]} if "enum" in shape else {}
    return {**shape, "type": [*types, "null"], **choices}


_OPTIONS_ONLY_SYNTHETIC = {
    "if": {"properties": {"source": {"const": SYNTHETIC}}},
    "else": {"properties": {"options": {"additionalProperties": _NULL}}},
}
