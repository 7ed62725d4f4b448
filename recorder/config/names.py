"""File names from a template: ``{camera}_{start:%Y%m%d_%H%M%S}``, also with metadata keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from string import Formatter

from recorder.errors import ConfigError

Plain = str | int | float | bool | None
"""What a metadata value may be."""

_START = "%Y%m%d_%H%M%S"
# The ones that mean the same on Linux and Windows and never give a slash, as %D and %x do.
_DIRECTIVES = "YymdHMSfjIpbBaAUW"
# Refused on every system: a recording made here is copied to a Windows machine later.
_FORBIDDEN = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f\ud800-\udfff]')
_LONGEST = 200  # bytes; file systems stop at 255, and a suffix and a segment number follow


def check_template(template: str, metadata: Iterable[str]) -> None:
    """Refuse a template that could not give a file name.

    Parameters
    ----------
    template
        ``recording.name`` of the config.
    metadata
        The keys that may stand in braces beside ``camera`` and ``start``.

    Raises
    ------
    ConfigError
        For unknown placeholders, with the nearest key, and for formats other systems lack.
    """
    known = ["camera", "start", *metadata]
    for name, spec in _placeholders(template):
        if name not in known:
            near = get_close_matches(name[:100], known, n=1)
            hint = f"did you mean {{{near[0]}}}?" if near else f"known: {', '.join(known)}"
            raise ConfigError(f"{{{name}}}: no such placeholder; {hint}")
        if spec and name != "start":
            raise ConfigError(f"{{{name}:{spec}}}: only {{start:…}} takes a format")
        _check_start(spec)


def file_stem(
    template: str, camera: str, start: datetime, metadata: Mapping[str, Plain] | None = None
) -> str:
    """Return the file name, without its suffix.

    Parameters
    ----------
    template
        ``recording.name`` of the config.
    camera
        The camera's name.
    start
        When the recording begins, in the time zone that the name shall show.
    metadata
        The config's metadata, whose keys may stand in braces.

    Raises
    ------
    ConfigError
        For unknown placeholders, and for a result that cannot be a file name everywhere.
    """
    metadata = metadata or {}
    check_template(template, metadata)
    stem = "".join(_parts(template, camera, start, metadata))
    bad = _FORBIDDEN.search(stem)
    if bad is not None:
        hint = "; folders go into recording.folder" if bad[0] in "/\\" else ""
        raise ConfigError(f"{stem!r}: {bad[0]!r} cannot be in a file name{hint}")
    # A leading - is an option to ffmpeg, a leading dot hides the file, Windows drops trailing dots.
    if not stem or stem[0] in "-. " or stem[-1] in ". ":
        raise ConfigError(f"{stem!r}: a file name neither begins with -, dot or space nor ends so")
    if len(stem.encode()) > _LONGEST:
        raise ConfigError(f"{stem[:30]!r}…: {len(stem.encode())} bytes; at most {_LONGEST}")
    return stem


def _parts(
    template: str, camera: str, start: datetime, metadata: Mapping[str, Plain]
) -> Iterator[str]:
    """Give the literal texts and the filled placeholders, in order."""
    for literal, name, spec, _ in Formatter().parse(template):
        yield literal
        if name == "start":
            yield start.strftime(spec or _START)
        elif name == "camera":
            yield camera
        elif name is not None:
            if metadata[name] is None:
                raise ConfigError(f"{{{name}}}: metadata.{name} has no value")
            yield str(metadata[name])


def _placeholders(template: str) -> list[tuple[str, str]]:
    """Return name and format of everything in braces."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError as error:
        raise ConfigError(f"{template!r}: {error}; a brace itself is {{{{ or }}}}") from None
    for _, name, _, conversion in parts:
        if conversion is not None:
            raise ConfigError(f"{{{name}!{conversion}}}: a conversion has no use here")
    return [(name, spec or "") for _, name, spec, _ in parts if name is not None]


def _check_start(spec: str) -> None:
    """Refuse strftime directives that another system does not know or that give a slash."""
    bad = re.search(r"[{}]", spec) or _FORBIDDEN.search(spec)
    if bad is not None:
        raise ConfigError(f"{{start:{spec}}}: {bad[0]!r} cannot be in a file name")
    for directive in re.findall(r"%(.?)", spec, re.DOTALL):
        if directive not in _DIRECTIVES or not directive:
            accepted = " ".join(f"%{letter}" for letter in _DIRECTIVES)
            raise ConfigError(f"%{directive} in {{start:{spec}}}: accepted: {accepted}")
