"""What a camera lets itself be told while it runs, and what it turned out to be: plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

Kind = Literal["number", "switch", "menu"]


@dataclass(frozen=True, slots=True)
class CameraControl:
    """One property that a camera accepts.

    Parameters
    ----------
    name
        As in the config's ``settings``: OpenCV's, lower case, without ``CAP_PROP_``.
    kind
        A number within limits, a switch (0 or 1), or one of `choices`.
    value
        As read back; None if it cannot be read.
    minimum, maximum, step, default
        None where the system does not tell.
    choices
        (value, text) of a menu.
    is_locked
        The camera takes no value now, often because an automatic one is on.
    """

    name: str
    kind: Kind = "number"
    value: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    step: float | None = None
    default: float | None = None
    choices: tuple[tuple[float, str], ...] = ()
    is_locked: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self) | {"choices": [list(choice) for choice in self.choices]}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> CameraControl:
        """Return what `as_dict` was asked for.

        Raises
        ------
        TypeError, ValueError
            It is none.
        """
        choices = tuple((float(value), str(text)) for value, text in plain["choices"])
        return cls(**{**plain, "choices": choices})


@dataclass(frozen=True, slots=True)
class CameraDetails:
    """What a camera turned out to be.

    Parameters
    ----------
    backend, source, asked, obtained, notes, claimed_fps
        As in the about file.
    width, height, pixel_format
        What its frames are; size in pixels, after crop and rotation. Empty before it is open.
    controls
        What it can be told while it runs.
    """

    backend: str = ""
    source: str = ""
    asked: Mapping[str, Any] = field(default_factory=dict)
    obtained: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    claimed_fps: float | None = None
    width: int = 0
    height: int = 0
    pixel_format: str = ""
    controls: tuple[CameraControl, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        plain = {each.name: getattr(self, each.name) for each in fields(self)}
        controls = [control.as_dict() for control in self.controls]
        return plain | {"notes": list(self.notes), "controls": controls}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> CameraDetails:
        """Return what `as_dict` was asked for.

        Raises
        ------
        TypeError, ValueError
            It is none.
        """
        controls = tuple(CameraControl.from_dict(each) for each in plain["controls"])
        return cls(**{**plain, "notes": tuple(plain["notes"]), "controls": controls})
