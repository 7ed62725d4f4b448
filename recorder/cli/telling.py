"""What `recorder record` says of a recording that is over."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from recorder.pipeline.summary import TakeSummary
    from recorder.unattended.account import Recording


def tell(recording: Recording, as_json: bool) -> None:
    """Say how it went: what went wrong, and a sentence for each camera."""
    for problem in recording.problems:
        say(f"recorder: {problem}", sys.stderr)
    for name, camera in recording.summary.cameras.items():
        say(_sentence(name, camera), sys.stderr if as_json else sys.stdout)
    if not recording.was_begun:
        say("stopped before the first frame; nothing was recorded", sys.stderr)


def as_dict(recording: Recording) -> dict[str, Any]:
    """Return plain values for JSON, as in the contract."""
    whole = recording.summary.as_dict() | {"exit_code": recording.exit_code}
    problems = recording.problems
    return whole | ({"error": "; ".join(problems)} if problems else {})


def tell_json(whole: dict[str, Any]) -> None:
    """Print one JSON object in a line."""
    import json

    say(json.dumps(whole), sys.stdout)


def say(text: str, stream: TextIO) -> None:
    """Print, unless nobody is there any more: the exit code still says how it went."""
    import contextlib
    import os

    try:
        print(text, file=stream, flush=True)
    except OSError:
        # What is left in its buffer goes nowhere, or the interpreter would complain at its exit.
        with contextlib.suppress(OSError, ValueError), Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())


def _sentence(name: str, summary: TakeSummary) -> str:
    from recorder import readout

    lost = [f"{n} {kind}" for kind in ("dropped", "bad") if (n := getattr(summary, kind))]
    if summary.gaps:
        lost.append(f"{summary.gaps} gap{'' if summary.gaps == 1 else 's'} without a camera")
    if summary.restarts:
        lost.append(f"restarted {readout.times(summary.restarts)}")
    if summary.is_source_faulty:
        lost.append("its source is incomplete")
    never = summary.reason in ("camera_failed", "writer_failed", "no_space") and not summary.grabbed
    told = "it recorded nothing" if never else ", ".join(lost) if lost else "none lost"
    lines = [
        f"{name}: {summary.written} of {summary.grabbed} frames in {summary.seconds:.2f} s "
        f"({summary.fps:.2f} fps), {told}; ended by {summary.reason}",
        f"  {readout.size(summary.raw_bytes)} → {readout.size(summary.file_bytes)}, "
        f"{readout.ratio(summary.ratio)}",
        *(f"  {file}" for file in summary.files),
    ]
    return "\n".join(lines)
