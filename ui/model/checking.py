"""Verification after a recording, in a process that yields to everything else."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from recorder.errors import RecorderError
from ui.model.command import RECORDER, Command
from ui.model.wording import listed

State = Literal["waiting", "running", "exact", "different", "failed"]
Level = Literal["good", "warn", "bad"]

NICE = 19
"""Encoders run at 10: of a core that both want, a recording takes seven parts of eight."""
MOST = 50
"""Verdicts that are kept."""
_DIFFERS = 7


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the verification of one recording stands.

    Parameters
    ----------
    files
        Its files.
    state
        ``exact``: every frame in them is what the camera gave. ``failed``: it could not be told.
    text
        The same in words.
    more
        What is to be said besides, each in a line: of exact files what is not in them, of wrong
        ones the next that are wrong.
    """

    files: tuple[str, ...]
    state: State
    text: str
    more: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether the state is final."""
        return self.state not in ("waiting", "running")

    @property
    def level(self) -> Level | None:
        """Good only if all that was grabbed is there and exact; None as long as it is not known."""
        if self.state == "exact":
            return "warn" if self.more else "good"
        return "bad" if self.is_over else None

    def in_full(self) -> str:
        """Return all of it; several things in a list."""
        return listed(self.text, self.more)


class Checker:
    """Verifies recordings one after the other, in the order in which they were given.

    Parameters
    ----------
    command
        What verifies the files that are appended to it, and prints JSON.
    on_done
        Called with each final verdict, on a thread of this object.
    """

    def __init__(
        self,
        command: Sequence[str] = (*RECORDER, "verify", "--json"),
        on_done: Callable[[Verdict], object] | None = None,
    ) -> None:
        self._argv, self._on_done = list(command), on_done
        self._changed = threading.Condition()
        self._verdicts: OrderedDict[tuple[str, ...], Verdict] = OrderedDict()
        self._thread: threading.Thread | None = None
        self._running: Command | None = None
        self._is_held = self._is_closed = False

    def check(self, files: Sequence[str | Path]) -> None:
        """Verify the files of a recording when their turn comes; again, if they were before."""
        names = tuple(map(str, files))
        with self._changed:
            known = self._verdicts.get(names)
            if not names or self._is_closed or (known is not None and not known.is_over):
                return
            self._verdicts.pop(names, None)
            self._verdicts[names] = Verdict(names, "waiting", "waiting to be verified")
            self._forget()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="verify", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def hold(self, is_held: bool) -> None:
        """Begin with no further recording for now; what runs already runs on."""
        with self._changed:
            self._is_held = is_held
            self._changed.notify_all()

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return how each recording stands, the latest last; never blocks for long."""
        with self._changed:
            return tuple(self._verdicts.values())

    def verdict(self, files: Sequence[str | Path]) -> Verdict | None:
        """Return how this recording stands; None if it was never given."""
        with self._changed:
            return self._verdicts.get(tuple(map(str, files)))

    @property
    def is_busy(self) -> bool:
        """Whether anything runs or waits."""
        return any(not verdict.is_over for verdict in self.verdicts())

    def close(self, timeout_s: float = 2.0) -> None:
        """Give up what runs and what waits."""
        with self._changed:
            self._is_closed = True
            if self._running is not None:
                self._running.kill()
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _work(self) -> None:
        while (files := self._next()) is not None:
            try:
                verdict = judge(files, self._running.answer() if self._running else {})
            except RecorderError as error:
                verdict = Verdict(files, "failed", f"could not be verified: {error}")
            with self._changed:
                self._running = None
                if self._is_closed:
                    return
                self._verdicts[files] = verdict
            if self._on_done is not None:
                self._on_done(verdict)

    def _next(self) -> tuple[str, ...] | None:
        """Wait for a recording, and make ready to verify it; None: the end."""
        with self._changed:
            while not self._is_closed:
                waiting = [v.files for v in self._verdicts.values() if v.state == "waiting"]
                if waiting and not self._is_held:
                    files = waiting[0]
                    self._running = Command([*self._argv, *files], nice=NICE)
                    self._verdicts[files] = Verdict(files, "running", "verifying every frame …")
                    return files
                self._changed.wait()
            return None

    def _forget(self) -> None:
        """Drop the oldest verdicts that are final; what waits stays."""
        over = [files for files, verdict in self._verdicts.items() if verdict.is_over]
        for files in over[: max(0, len(self._verdicts) - MOST)]:
            del self._verdicts[files]


def judge(files: tuple[str, ...], answer: Mapping[str, Any]) -> Verdict:
    """Return in plain words what ``recorder verify --json`` has found.

    Parameters
    ----------
    files
        What was verified.
    answer
        Its JSON.
    """
    parts = answer.get("files") or []
    code = answer.get("exit_code")
    if code == 0 and parts:
        return Verdict(files, "exact", _exact(parts), tuple(_not_in_file(parts)))
    wrong = [part for part in parts if not part.get("ok")]
    if code == _DIFFERS and wrong:
        first, *others = map(_difference, wrong)
        return Verdict(files, "different", f"DIFFERENT: {first}", tuple(others))
    problems = [part["problem"] for part in wrong if part.get("problem")]
    reason, *others = problems or [answer.get("error") or "verify gave no verdict"]
    return Verdict(files, "failed", f"could not be verified: {reason}", tuple(others))


def _exact(parts: Sequence[Mapping[str, Any]]) -> str:
    frames = sum(part["exact"] for part in parts)
    where = f" in {len(parts)} files" if len(parts) > 1 else ""
    if frames == 1:
        return "verified: the only frame is exact"
    if not frames:
        return "verified: no frame is in the file, as its ledger says"
    return f"verified: all {frames} frames{where} are exact"


def _not_in_file(parts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what was grabbed, or should have been, and is in no file."""

    def total(kind: str) -> Any:
        return sum(part[kind] for part in parts)

    if missing := total("beyond_end"):
        yield f"interrupted: {missing} more were grabbed and are not in the file"
    if dropped := total("dropped"):
        yield f"while recording: {dropped} dropped"
    if bad := total("bad"):
        yield f"while recording: {bad} could not be read"
    if gaps := total("gaps"):
        word = "gap" if gaps == 1 else "gaps"
        yield f"while recording: {gaps} {word} of {total('gap_seconds'):.3f} s"


def _difference(part: Mapping[str, Any]) -> str:
    name, first = Path(part["file"]).name, part.get("first")
    if not first:
        return f"{name}: {part.get('problem') or 'frames are not what the camera gave'}"
    frame, what = f"frame {first['frame']} of {name}", str(first["what"])
    verb = "" if what.startswith("followed") else "is "
    return f"{frame} {verb}{what} ({part['wrong']} of {part['expected']} frames are wrong)"
