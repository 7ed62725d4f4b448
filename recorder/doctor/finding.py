"""One thing that was looked at, and the exit code of all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

_GRAVEST_FIRST = (4, 5, 3, 2, 6)


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one part of the machine.

    Parameters
    ----------
    what
        The part, such as ``ffmpeg``.
    text
        What was found, with its value and its limit.
    exit_code
        0: as it should be · 6: a warning · 2 config · 3 camera · 4 writer · 5 no space: a recording
        would end with this code.
    remedy
        What to do; empty if nothing has to be done.
    """

    what: str
    text: str
    exit_code: int = 0
    remedy: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        return asdict(self)


def warning(what: str, text: str, remedy: str) -> Finding:
    """Return a finding that may cost frames."""
    return Finding(what, text, 6, remedy)


def exit_code(findings: Iterable[Finding]) -> int:
    """Return the code of the gravest: 4, then 5, 3, 2, and 6 for warnings; 0 if all is well."""
    found = {finding.exit_code for finding in findings}
    return next((code for code in _GRAVEST_FIRST if code in found), 0)
