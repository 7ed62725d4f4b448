"""What is known of the files of one process: those that are open, and the sum of those finished."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.pipeline.summary import largest

if TYPE_CHECKING:
    from recorder.pipeline.finishing import ClosedFile
    from recorder.rig.messages import Message
    from recorder.writers.settled import SettledFile


def describe_closed(file: ClosedFile) -> Message:
    """Return a finished file for a message."""
    report = file.report
    unfinished = None if report.unfinished is None else str(report.unfinished)
    return {
        "part": file.part,
        "path": str(report.files[0]) if report.files else None,
        "reason": file.reason,
        "written": report.written,
        "counts": dict(report.counts),
        "raw_bytes": file.raw_bytes,
        "bytes": report.bytes,
        "first_grab": report.first_grab,
        "last_grab": report.last_grab,
        "error": unfinished or report.error,
        "is_finished": report.unfinished is None,
        "time_deviation_ms": report.time_deviation_ms,
    }


def describe_settled(part: int, file: SettledFile) -> Message:
    """Return a dead process's file, finished by others, as if the process had told of it."""
    report, totals = file.report, file.totals
    return {
        "part": part,
        "path": str(report.files[0]) if report.files else None,
        "reason": file.reason or "camera_failed",
        "written": report.written,
        "counts": {"dropped": totals.dropped, "bad": totals.bad, "gap": totals.gaps},
        "bytes": report.bytes,
        "is_finished": report.unfinished is None,
    }


@dataclass(slots=True)
class FileShare:
    """The files of one process in one recording.

    A process of weeks has thousands of files; those that are finished are a sum and their names.

    Attributes
    ----------
    open
        That it has opened and not finished, in order, as it told.
    closed
        Paths of those that it has finished.
    counts
        Rows of their ledgers by status; ``written`` as counted in the files.
    time_deviation_ms
        As in their summary.
    last_grab
        Up to this frame all have their rows in finished files; -1 if there is none.
    spans
        First and last frame of files that were finished before an earlier one, by part.
    """

    open: list[Message] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    raw_bytes: int = 0
    bytes: int = 0
    time_deviation_ms: float | None = None
    last_grab: int = -1
    spans: dict[int, tuple[int, int]] = field(default_factory=dict)

    def close(self, file: Message) -> None:
        """Take note of a finished file, as the process told."""
        self.open = [each for each in self.open if each["part"] != file["part"]]
        if file["path"] is not None:
            self.closed.append(file["path"])
        self.counts.update(file["counts"] | {"written": file["written"]})
        self.raw_bytes += file["raw_bytes"]
        self.bytes += file["bytes"]
        deviations = self.time_deviation_ms, file.get("time_deviation_ms")
        self.time_deviation_ms = largest(deviations)
        if file["last_grab"] >= 0:
            self.spans[file["part"]] = file["first_grab"], file["last_grab"]
        earliest = min((each["part"] for each in self.open), default=None)
        for part in sorted(self.spans):
            if earliest is None or part < earliest:
                self.last_grab = max(self.last_grab, self.spans.pop(part)[1])

    def totals(self) -> dict[str, int]:
        """Return what the finished files hold, named as in a summary."""
        counts = self.counts
        grabbed = counts["written"] + counts["dropped"] + counts["bad"]
        kept = {name: counts[name] for name in ("written", "dropped", "bad")}
        return {"grabbed": grabbed, **kept, "gaps": counts["gap"]}


def facts_of(file: Message) -> dict[str, Any]:
    """Return what an event says of a finished file."""
    counts = file["counts"]
    rows = {name: counts.get(name, 0) for name in ("dropped", "bad")}
    return {
        "file": str(Path(file["path"]).absolute()) if file["path"] else "",
        "part": file["part"],
        "reason": file["reason"],
        "written": file["written"],
        **rows,
        "gaps": counts.get("gap", 0),
        "bytes": file["bytes"],
    }
