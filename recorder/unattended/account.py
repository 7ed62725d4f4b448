"""How the recordings of a schedule went, one by one and together."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from recorder.errors import RecorderError
from recorder.pipeline.summary import COUNTERS, REASONS, TakeSummary
from recorder.rig.summary import RigSummary

MOST = 100_000
"""The last so many recordings and files are kept: whoever makes more reads the folder."""
MOST_WORDS = 100
_GRAVEST_FIRST = (4, 5, 3, 6)
_CONFIG = 2
_FAILURES = {"camera_failed", "writer_failed", "no_space"}


@dataclass(frozen=True, slots=True)
class Recording:
    """One recording of a schedule.

    Parameters
    ----------
    begin
        When it was to begin, or did, if that was later.
    summary
        How it went.
    error
        Why it could not begin, if it could not.
    """

    begin: datetime
    summary: RigSummary
    error: RecorderError | None = None

    @property
    def exit_code(self) -> int:
        """As `recorder record` would end if it were the only one."""
        return self.summary.exit_code if self.error is None else self.error.exit_code

    @property
    def was_begun(self) -> bool:
        """Whether there is anything to tell; not if it was stopped before the first frame."""
        return self.error is not None or bool(self.summary.cameras)

    @property
    def was_cut_short(self) -> bool:
        """Whether it failed as a whole, so that what is left of its time can be tried again."""
        reasons = {camera.reason for camera in self.summary.cameras.values()}
        return self.error is not None or (bool(reasons) and reasons <= _FAILURES)

    @property
    def is_hopeless(self) -> bool:
        """Whether the next one would fail in the same way."""
        return self.exit_code == _CONFIG

    @property
    def problems(self) -> list[str]:
        """What went wrong, with the camera's name where there are several."""
        if self.error is not None:
            return [str(self.error)]
        cameras, errors = self.summary.cameras, self.summary.errors
        found = [(name, str(each)) for name, each in errors.items()]
        for name, camera in cameras.items():
            # Maybe for a file of a process that is long gone.
            if camera.exit_code in (4, 5) or camera.is_source_faulty:
                found += [(name, each) for each in camera.errors]
        several = len(cameras) > 1
        return [f"{name}: {each}" if several else each for name, each in dict.fromkeys(found)]


def exit_code_of(codes: Iterable[int]) -> int:
    """Return the exit code of several recordings: that of the gravest."""
    found = set(codes) - {0}
    known = [code for code in (_CONFIG, *_GRAVEST_FIRST) if code in found]
    return (known or sorted(found) or [0])[0]


class _Share:
    """One camera's recordings, added up."""

    def __init__(self) -> None:
        self._reason = "duration"
        self._counts = dict.fromkeys((*COUNTERS, "raw_bytes", "file_bytes"), 0)
        self._seconds = 0.0
        self._intervals = 0
        self._files: deque[str] = deque(maxlen=MOST)
        self._errors: dict[str, None] = {}
        self._is_source_faulty = False

    def add(self, part: TakeSummary) -> None:
        if REASONS[part.reason] >= REASONS[self._reason]:
            self._reason = part.reason
        for name in self._counts:
            self._counts[name] += getattr(part, name)
        self._seconds += part.seconds
        self._intervals += max(0, part.grabbed - 1)
        self._files += part.files
        _keep(self._errors, part.errors)
        self._is_source_faulty |= part.is_source_faulty

    def summary(self) -> TakeSummary:
        fps = round(self._intervals / self._seconds, 3) if self._seconds > 0 else 0.0
        return TakeSummary(
            reason=self._reason,
            **self._counts,
            seconds=round(self._seconds, 6),
            fps=fps,
            files=tuple(self._files),
            errors=tuple(self._errors),
            is_source_faulty=self._is_source_faulty,
        )


def _keep(words: dict[str, None], new: Iterable[str]) -> None:
    """Keep what was not said before, unless that is too much already."""
    words |= dict.fromkeys(list(new)[: MOST_WORDS - len(words)])


class Account:
    """All recordings of a schedule; takes no more memory with the weeks."""

    def __init__(self) -> None:
        self._cameras: dict[str, _Share] = {}
        self._recordings: deque[dict[str, Any]] = deque(maxlen=MOST)
        self._codes: set[int] = set()
        self._problems: dict[str, None] = {}
        self.count = 0

    def add(self, recording: Recording) -> None:
        """Add one to it."""
        self.count += 1
        self._codes.add(recording.exit_code)
        begin = recording.begin.isoformat(timespec="milliseconds")
        self._recordings.append({"begin": begin, "exit_code": recording.exit_code})
        for name, part in recording.summary.cameras.items():
            self._cameras.setdefault(name, _Share()).add(part)
        _keep(self._problems, recording.problems)

    @property
    def exit_code(self) -> int:
        """That of the gravest."""
        return exit_code_of(self._codes)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, named as for one recording."""
        cameras = {name: share.summary().as_dict() for name, share in self._cameras.items()}
        told = {"exit_code": self.exit_code, "cameras": cameras}
        told |= {"recordings": list(self._recordings)}
        return told | ({"error": "; ".join(self._problems)} if self._problems else {})
