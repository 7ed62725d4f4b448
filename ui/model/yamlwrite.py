"""Write plain values as YAML that a config reads back as the very same values."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import yaml

from recorder.config.scalars import scalar

_INDENT = 2
# Words that need no quotes anywhere: nothing in them means something to YAML.
_SAFE = re.compile(r"[\w/.~][\w/.@%+=-]*(?::[\w/.@%+=-]+)*(?: [\w/.][\w/.@%+=-]*)*")
_HALVES = re.compile("[\ud800-\udfff]")
_RESOLVER = yaml.resolver.Resolver()
_TEXT = "tag:yaml.org,2002:str"


def word(text: str) -> str:
    """Return a text, in quotes if any reader of YAML could take it for something else."""
    text = _HALVES.sub("\ufffd", text)  # half a character cannot be in a file
    resolved = _RESOLVER.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    if _SAFE.fullmatch(text) and scalar(text) == text and resolved == _TEXT:
        return text
    return yaml.dump(text, default_style='"', allow_unicode=True, width=math.inf).rstrip("\n")


def flow(value: Any) -> str:
    """Return a value on one line: ``{pattern: scene, seed: 3}``."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{word(key)}: {flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(item) for item in value) + "]"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, float) and not math.isfinite(value):
        return word(str(value))
    return repr(value) if isinstance(value, int | float) else word(str(value))


def block(values: Mapping[str, Any], indent: int = 0) -> str:
    """Return a mapping, a key in a line; each line ends with a newline."""
    lines = []
    for key, value in values.items():
        start = f"{' ' * indent}{word(key)}:"
        if isinstance(value, Mapping) and value:
            lines.append(f"{start}\n{block(value, indent + _INDENT)}")
        else:
            lines.append(f"{start} {flow(value)}\n")
    return "".join(lines)


def cut(text: str, start: int, end: int, new: str = "") -> str:
    """Return a text with something else between two places."""
    return text[:start] + new + text[end:]
