"""What a camera's ``source`` may be, and whether it can wait for us."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from recorder.config.redact import redact, redact_all
from recorder.errors import ConfigError

SYNTHETIC = "synthetic"
"""The source that needs no hardware."""

ACCEPTED = (
    "synthetic, a number such as 0, /dev/v4l/by-id/…, {name: …}, {serial: …}, "
    "a video file, frames_%04d.png, http://… or rtsp://…"
)

PIPE = (
    "is a pipe, which gives its bytes only once: nothing can look ahead to see what they are; "
    "write them to a file first (cat PIPE > video.mkv) and give that, or have the program that "
    "writes them serve http://…"
)
"""Why a pipe is no source, and what is one instead."""

# Names of what the process itself reads from; a camera's process reads from elsewhere.
_OWN_PIPE = re.compile(r"/dev/stdin|(/dev|/proc/(self|[0-9]+))/fd/[0-9]+|-")
# Control characters, and the halves of characters that cannot be written anywhere.
_UNUSABLE = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")


@dataclass(frozen=True, slots=True)
class CameraId:
    """A camera by what is written on it, which a new USB port does not change.

    Parameters
    ----------
    name, serial
        Exactly one of the two, as ``recorder cameras`` lists it.
    """

    name: str | None = None
    serial: str | None = None

    def __str__(self) -> str:
        return f"serial {self.serial}" if self.name is None else f"name {self.name}"


Source = str | int | CameraId
"""``synthetic``, a device index, a device, file or URL, or a camera's name or serial number."""


def parse_source(value: object) -> Source:
    """Return the source that a config or a command line gives.

    Parameters
    ----------
    value
        An index (also as text), a text, or a mapping with ``name`` or ``serial``.

    Raises
    ------
    ConfigError
        With the value, without any password, and what is accepted.
    """
    if isinstance(value, CameraId):
        return value
    if isinstance(value, Mapping):
        return _parse_id(value)
    if isinstance(value, str) and value.strip() and _UNUSABLE.search(value) is None:
        return _parse_text(value)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    raise ConfigError(f"{str(redact_all(value))[:60]!r}: accepted: {ACCEPTED}")


def _parse_text(value: str) -> str | int:
    """Make an index of digits, and a whole path of one that begins at home."""
    if re.fullmatch(r"[0-9]{1,4}", value):
        return int(value)
    if _OWN_PIPE.fullmatch(value.strip()):
        raise ConfigError(f"{value}: {PIPE}")
    try:
        return str(Path(value).expanduser()) if value.startswith("~") else value
    except RuntimeError as error:
        raise ConfigError(f"{value}: {error}") from None


def _parse_id(value: Mapping[object, object]) -> CameraId:
    """Accept exactly ``{name: …}`` or ``{serial: …}``."""
    key, text = next(iter(value.items()), (None, None))
    # A serial number of digits only is a number to YAML.
    usable = isinstance(text, str | int) and not isinstance(text, bool) and str(text).strip()
    odd = _UNUSABLE.search(str(text)) is not None
    if len(value) != 1 or key not in ("name", "serial") or not usable or odd:
        keys = ", ".join(redact(str(key)) for key in value) or "an empty mapping"
        raise ConfigError(f"{keys}: accepted: either {{name: …}} or {{serial: …}}")
    return CameraId(name=str(text)) if key == "name" else CameraId(serial=str(text))


def is_live(source: Source) -> bool:
    """Whether frames come whether or not anybody takes them.

    Files, image sequences and the synthetic camera wait for us; devices and streams do not.
    """
    if not isinstance(source, str):
        return True
    url = _URL.match(source.strip())
    if url is not None:
        return url[1].lower() != "file"
    return source.startswith("/dev/")


def show_source(source: Source) -> str:
    """Return the source for people to read, without any password."""
    if isinstance(source, int):
        return f"camera {source}"
    return redact(str(source))


def plain_source(source: Source) -> str | int | dict[str, str]:
    """Return the source as the YAML says it, password and all."""
    if not isinstance(source, CameraId):
        return source
    return {"serial": source.serial or ""} if source.name is None else {"name": source.name}
