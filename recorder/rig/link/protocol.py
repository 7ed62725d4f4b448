"""What is said over the link: one JSON object in a line, of bounded length, and never a pickle.

::

    {"id": 7, "do": "record", "duration": "10s"}
    {"id": 7, "done": null}
    {"id": 7, "error": {"class": "ConfigError", "text": "…"}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from recorder.config import redact
from recorder.errors import ConfigError, RecorderError, error_class

REQUEST_BYTES = 1 << 18
"""Longest request, a config; a longer line is refused, and its sender with it."""
ANSWER_BYTES = 4 << 20
"""Longest answer: a status of a hundred cameras with a day of segments each is shorter."""

_LARGEST_ID = 2**53
_FIELDS = {
    "hello": set(),
    "status": set(),
    "config": set(),
    "details": set(),
    "memory": {"camera"},
    "record": {"duration"},
    "end_take": set(),
    "set": {"camera", "name", "value"},
    "configure": {"config"},
    "stop": set(),
    "detach": set(),
}


class Request(NamedTuple):
    """What a watcher asks for."""

    do: str
    id: int | None = None
    camera: str = ""
    duration: str | None = None
    name: str = ""
    value: str = ""
    config: str = ""


class Answer(NamedTuple):
    """What it is told.

    Parameters
    ----------
    line
        With its line end.
    handle
        A read-only descriptor that goes along; whoever sends the answer closes it.
    is_last
        The connection ends with it.
    tells_end
        It says that the rig has ended.
    is_refusal
        What was asked made no sense.
    """

    line: bytes
    handle: int | None = None
    is_last: bool = False
    tells_end: bool = False
    is_refusal: bool = False


def ask(request: Request) -> bytes:
    """Return the line that asks for something."""
    whole: dict[str, Any] = {"id": request.id, "do": request.do}
    whole |= {name: getattr(request, name) for name in sorted(_FIELDS[request.do])}
    return _line(whole)


def parse_request(line: bytes) -> Request:
    """Return what a line asks for.

    Raises
    ------
    ConfigError
        It asks for nothing that a rig knows.
    """
    whole = _parse(line)
    do = whole.pop("do", None)
    number = whole.pop("id", None)
    known = _FIELDS.get(do) if isinstance(do, str) else None
    if known is None:
        raise ConfigError(f"not a request; a rig knows {', '.join(_FIELDS)}")
    if not (number is None or (type(number) is int and 0 <= number < _LARGEST_ID)):
        raise ConfigError("id: a whole number, or left out")
    if not known.issuperset(whole) or not all(isinstance(v, str | None) for v in whole.values()):
        raise ConfigError(f"{do}: takes {', '.join(sorted(known)) or 'nothing else'}, as text")
    return Request(do, number, **{name: text for name, text in whole.items() if text is not None})


class Raw:
    """A result that is JSON already, for answers that are given many times."""

    def __init__(self, result: object) -> None:
        self.text = json.dumps(result).encode("ascii")


def done(number: int | None, result: object = None) -> bytes:
    """Return the line that answers a request."""
    raw = result if isinstance(result, Raw) else Raw(result)
    return b'{"id": %s, "done": %s}\n' % (json.dumps(number).encode("ascii"), raw.text)


def failed(number: int | None, error: Exception) -> bytes:
    """Return the line that passes an error on."""
    kind = type(error).__name__ if isinstance(error, RecorderError) else "RecorderError"
    text = str(error) if isinstance(error, RecorderError) else f"{type(error).__name__}: {error}"
    return _line({"id": number, "error": {"class": kind, "text": redact(text)[:2000]}})


def parse_answer(line: bytes, number: int) -> tuple[bool, Any]:
    """Return whether a line answers the request of that number, and with what.

    Raises
    ------
    RecorderError
        What the rig raised, of the same class; or the line is no answer.
    """
    whole = _parse(line)
    answered = whole.get("id")
    if answered not in (number, None):
        return False, None  # of a request that was given up
    error = whole.get("error")
    if isinstance(error, Mapping):
        raise error_class(error.get("class"))(str(error.get("text")))
    return True, whole.get("done")


def _parse(line: bytes) -> dict[str, Any]:
    try:
        whole = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"not a line of JSON: {error}"[:200]) from None
    if not isinstance(whole, dict):
        raise ConfigError("not a JSON object")
    return whole


def _line(whole: Mapping[str, Any]) -> bytes:
    return json.dumps(whole).encode("ascii") + b"\n"  # ASCII: half a character passes, too
