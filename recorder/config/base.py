"""What all parts of a config share: frozen, nothing unknown, a short repr, our own words."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, model_validator

from recorder.config.names import Plain
from recorder.config.redact import redact_all
from recorder.errors import ConfigError

T = TypeVar("T")


class Problem(ValueError):
    """A value that cannot stay, and the key inside the checked one that is to blame.

    Parameters
    ----------
    text
        What is wrong and what is accepted.
    *keys
        The way from the checked key to the one to blame.
    from_top
        The keys begin at the top of the config instead.
    """

    def __init__(self, text: str, *keys: str, from_top: bool = False) -> None:
        # pydantic cannot carry half a character (a lone surrogate) in a message.
        super().__init__(text.encode("utf-8", "backslashreplace").decode())
        self.keys = keys
        self.from_top = from_top


class Section(BaseModel):
    """A mapping of the config.

    Strict, as YAML has types: a quoted number is a text. Inputs stay out of pydantic's own
    messages, because a source may contain a password.
    """

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        allow_inf_nan=False,
        validate_default=True,
        hide_input_in_errors=True,
    )

    not_yet: ClassVar[tuple[str, ...]] = ()
    """Keys of the contract that a later version reads."""

    @model_validator(mode="before")
    @classmethod
    def _drop_empty(cls, data: Any) -> Any:
        """Take a known key without a value, as YAML allows it, for one that is left out."""
        if not isinstance(data, dict):
            return data
        return {k: v for k, v in data.items() if v is not None or k not in cls.model_fields}

    def __repr_args__(self) -> Iterator[tuple[str, Any]]:
        """Show only what differs from the default, and no passwords."""
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if field.is_required() or value != field.get_default(call_default_factory=True):
                yield name, redact_all(value)


def checked(parse: Callable[[Any], T]) -> Callable[[Any], T]:
    """Let pydantic collect what `parse` refuses, as it passes other exceptions on at once."""

    def run(value: Any) -> T:
        try:
            return parse(value)
        except ConfigError as error:
            raise Problem(str(error)) from None

    return run


def plain(value: Any) -> Plain:
    """Accept what the about file can hold: a text, a finite number, true, false or nothing."""
    finite = not isinstance(value, float) or math.isfinite(value)
    if not isinstance(value, str | int | float | bool | None) or not finite:
        raise Problem(f"{show(value)}: accepted: a text, a number, true or false")
    if isinstance(value, str) and any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Problem(f"{show(value)}: half a character, which no file can hold")
    return value


def show(value: object, longest: int = 60) -> str:
    """Return a value for a message: short, on one line, without passwords.

    Redacted before it is cut: half a URL no longer shows where its password ends.
    """
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    text = repr(redact_all(value))
    return text if len(text) <= longest else f"{text[: longest - 3]}..."
