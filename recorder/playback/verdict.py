"""What verifying found: the first difference of a file, and the verdict in words and numbers."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

EXIT_DIFFERS = 7
_NOT_TO_BE_READ = ("recording", "deleted")


@dataclass(frozen=True, slots=True)
class Difference:
    """The first thing in a file that is not as the ledger says.

    Parameters
    ----------
    frame
        0-based index in the file, by the ledger.
    grab
        0-based count since the recording began.
    what
        changed, missing, doubled or out of place.
    """

    frame: int
    grab: int
    what: str


@dataclass(frozen=True, slots=True)
class PartVerdict:
    """What verifying one file found.

    Parameters
    ----------
    expected
        Frames that the ledger says are in the file.
    exact
        Of these, the ones that decode to the very bits the camera gave, each in its place.
    wrong
        Frames that differ, are missing, stand twice or out of place.
    beyond_end
        Of an interrupted recording: rows whose frames never reached the file.
    dropped, bad
        Frames that were grabbed and are not in the file, as its ledger says.
    gaps, gap_seconds
        How often, and for how long together, the camera was gone.
    problem
        Why it could not be compared at all, or None.
    """

    file: str
    state: str
    expected: int = 0
    exact: int = 0
    wrong: int = 0
    beyond_end: int = 0
    dropped: int = 0
    bad: int = 0
    gaps: int = 0
    gap_seconds: float = 0.0
    first: Difference | None = None
    problem: str | None = None

    @property
    def ok(self) -> bool:
        """Whether every frame present is exact, and none of a complete recording is missing."""
        return not self.wrong and self.problem is None

    def sentence(self) -> str:
        """Return the verdict in words."""
        if self.problem is not None:
            return f"{self.file}: cannot be verified: {self.problem}"
        if self.first is None:
            return f"{self.file}: {self._good()}"
        return (
            f"{self.file}: {self.wrong} of {self.expected} frames are wrong; the first is frame "
            f"{self.first.frame} (grab {self.first.grab}): {self.first.what}"
        )

    def _good(self) -> str:
        text = f"all {self.exact} frames are exact"
        lost = [f"{n} {kind}" for kind, n in (("dropped", self.dropped), ("bad", self.bad)) if n]
        if self.state != "complete":
            text += f" ({self.state}: {self.beyond_end} more were grabbed and are not in the file)"
        if self.gaps:
            word = "gap" if self.gaps == 1 else "gaps"
            lost.append(f"{self.gaps} {word} of {self.gap_seconds:.3f} s")
        return f"{text}; while recording: {', '.join(lost)}" if lost else text


@dataclass(frozen=True, slots=True)
class Verdict:
    """What verifying found, for every file."""

    parts: tuple[PartVerdict, ...]

    @property
    def ok(self) -> bool:
        """Whether all files are as their ledgers say."""
        return all(part.ok for part in self.parts)

    @property
    def exit_code(self) -> int:
        """0; 7 at a difference; 1 if a file just cannot be read yet, or any more."""
        if self.ok:
            return 0
        told = any(
            part.wrong or (part.problem and part.state not in _NOT_TO_BE_READ)
            for part in self.parts
        )
        return EXIT_DIFFERS if told else 1

    def sentence(self) -> str:
        """Return the verdict on all files in words."""
        wrong = sum(part.problem is None and not part.ok for part in self.parts)
        unread = sum(part.problem is not None for part in self.parts)
        kinds = ((wrong, "with differences"), (unread, "cannot be verified"))
        told = [f"{count} {kind}" for count, kind in kinds if count]
        total = self.total()
        files = f"{total['files']} files: {total['exact']} of {total['expected']} frames are exact"
        lost = [f"{total[kind]} {kind}" for kind in ("dropped", "bad", "gaps") if total[kind]]
        parts = [files, ", ".join(told) or "no differences"]
        return "; ".join([*parts, *([f"while recording: {', '.join(lost)}"] if lost else [])])

    def total(self) -> dict[str, int]:
        """Return the numbers of all files together."""
        names = ("expected", "exact", "wrong", "beyond_end", "dropped", "bad", "gaps")
        sums = {name: sum(getattr(part, name) for part in self.parts) for name in names}
        return {"files": len(self.parts), **sums}

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        parts = [asdict(part) | {"ok": part.ok} for part in self.parts]
        return {"exit_code": self.exit_code, "files": parts, "total": self.total()}
