"""How a recording with several cameras went, and the exit code that says so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from recorder.errors import RecorderError
from recorder.pipeline.summary import TakeSummary, reason_of

_GRAVEST_FIRST = (4, 5, 3, 6)


def never_came(why: RecorderError | None) -> TakeSummary:
    """Return the summary of a camera that should have recorded and had not a single frame."""
    reason = "camera_failed" if why is None else reason_of(why)
    errors = () if why is None else (str(why),)
    return TakeSummary(reason, 0, 0, 0, 0, 0, 0, 0.0, 0.0, (), 0, 0, errors)


def gravest(errors: Iterable[RecorderError]) -> RecorderError:
    """Return the one of several errors, at least one, that names the exit code."""
    rank = {code: number for number, code in enumerate(_GRAVEST_FIRST)}
    return min(errors, key=lambda error: rank.get(error.exit_code, len(rank)))


@dataclass(frozen=True, slots=True)
class RigSummary:
    """How the last recording of every camera went.

    Parameters
    ----------
    cameras
        By name, those that recorded or should have.
    errors
        What went wrong with a camera, by its name.
    """

    cameras: dict[str, TakeSummary]
    errors: dict[str, RecorderError] = field(default_factory=dict)

    @property
    def exit_code(self) -> int:
        """0 if every grabbed frame of every camera is in its file, else by the graver cause."""
        codes = {summary.exit_code for summary in self.cameras.values()}
        return next((code for code in _GRAVEST_FIRST if code in codes), 0)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, named as in the contract."""
        cameras = {name: summary.as_dict() for name, summary in self.cameras.items()}
        return {"exit_code": self.exit_code, "cameras": cameras}
