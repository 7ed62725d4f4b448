"""How a recording went, once all its files are closed, and the reasons why recordings end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recorder.errors import RecorderError
from recorder.stats import ratio_of
from recorder.writers.naming import in_order

# Reasons, and how grave: of two that meet, the graver names the ending.
REASONS = {
    "duration": 0,
    "end_of_source": 0,
    "requested": 0,
    "overflow": 1,
    "camera_failed": 2,
    "no_space": 3,
    "writer_failed": 4,
}
_EXIT_CODES = {"writer_failed": 4, "no_space": 5, "camera_failed": 3, "overflow": 6}

COUNTERS = ("grabbed", "written", "dropped", "bad", "gaps", "restarts")


@dataclass(frozen=True, slots=True)
class TakeSummary:
    """What became of a recording, once all its files are closed.

    `is_source_faulty`: every grabbed frame is there, but the file it comes from ended early or is
    damaged; `errors` says how.
    """

    reason: str
    grabbed: int
    written: int
    dropped: int
    bad: int
    gaps: int
    restarts: int
    seconds: float
    fps: float
    files: tuple[str, ...]
    raw_bytes: int
    file_bytes: int
    errors: tuple[str, ...] = ()
    is_source_faulty: bool = False

    @property
    def ratio(self) -> float | None:
        """Raw size over size on disk; None when nothing is on disk."""
        found = ratio_of(self.raw_bytes, self.file_bytes)
        return None if found is None else round(found, 3)

    @property
    def exit_code(self) -> int:
        """0 if every grabbed frame is in the file and no source lacked any, else by the cause."""
        if self.reason in _EXIT_CODES:
            return _EXIT_CODES[self.reason]
        lost = self.dropped or self.bad or self.gaps or self.restarts or self.is_source_faulty
        return 6 if lost else 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, named as in the README."""
        names = ("reason", *COUNTERS, "seconds", "fps")
        plain = {name: getattr(self, name) for name in names}
        plain |= {"files": list(self.files), "raw_bytes": self.raw_bytes}
        plain |= {"file_bytes": self.file_bytes, "ratio": self.ratio}
        plain |= {"errors": list(self.errors)} if self.errors else {}
        return plain | ({"is_source_faulty": True} if self.is_source_faulty else {})

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> TakeSummary:
        """Return the summary that `as_dict` gave, also after a way through JSON."""
        given = {name: value for name, value in plain.items() if name != "ratio"}
        lists = {name: tuple(given.get(name, ())) for name in ("files", "errors")}
        return cls(**{**given, **lists})


def merged(parts: Sequence[TakeSummary], restarts: int) -> TakeSummary:
    """Return how a whole recording went from how its parts before and after restarts did.

    Parameters
    ----------
    parts
        At least one, in order; each one's `seconds` runs from the recording's first grab.
    restarts
        How often its camera was begun anew.
    """
    # A file that could not be finished is not made good by those after it.
    broken = [part.reason for part in parts if part.reason in ("writer_failed", "no_space")]
    reason = max((parts[-1].reason, *broken), key=REASONS.__getitem__)
    totals = {name: sum(getattr(part, name) for part in parts) for name in COUNTERS}
    seconds = max(part.seconds for part in parts)
    return TakeSummary(
        reason=reason,
        **totals | {"restarts": restarts},
        seconds=seconds,
        fps=frames_per_second(totals["grabbed"], seconds),
        files=in_order(file for part in parts for file in part.files),
        raw_bytes=sum(part.raw_bytes for part in parts),
        file_bytes=sum(part.file_bytes for part in parts),
        errors=tuple(dict.fromkeys(error for part in parts for error in part.errors)),
        is_source_faulty=any(part.is_source_faulty for part in parts),
    )


def reason_of(error: RecorderError) -> str:
    """Return the reason for an ending by this error."""
    return {3: "camera_failed", 5: "no_space"}.get(error.exit_code, "writer_failed")


def frames_per_second(grabbed: int, seconds: float) -> float:
    """Return the rate of so many frames whose first and last grab are so far apart."""
    return round((grabbed - 1) / seconds, 3) if seconds > 0 else 0.0
