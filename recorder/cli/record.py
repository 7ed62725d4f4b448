"""`recorder record`: unattended recording from a config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

if TYPE_CHECKING:
    from recorder.config import Config
    from recorder.pipeline.session import Session
    from recorder.pipeline.summary import TakeSummary


def record(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="YAML file that says what to record.")
    ],
    duration: Annotated[
        str | None, typer.Option(help="Such as 10s, 10min, 2h or '1000 frames'.")
    ] = None,
    output: Annotated[Path | None, typer.Option(help="Folder for the files.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Metadata, or a.config.key=value."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="End with one JSON object.")] = False,
) -> None:
    """Record until the duration is over or Ctrl-C; a second Ctrl-C leaves at once."""
    from recorder.config import load_config
    from recorder.errors import RecorderError

    try:
        loaded = load_config(config, _overrides(duration, output, set_ or []))
    except RecorderError as error:
        if json:  # a script reads the last line, whatever happened
            _tell_json({"exit_code": error.exit_code, "cameras": {}, "error": str(error)})
        raise
    raise typer.Exit(_record(loaded, json))


def _overrides(duration: str | None, output: Path | None, set_: list[str]) -> list[str]:
    import json

    found = list(set_)
    if duration is not None:
        found.append(f"recording.duration={duration}")
    if output is not None:  # quoted: a folder may be called 'no' or '1'
        quoted = json.dumps(str(output), ensure_ascii=False)  # YAML reads no surrogate pairs
        found.append(f"recording.folder={quoted}")
    return found


def _record(config: Config, as_json: bool) -> int:
    from recorder.cli.live import StatusLine
    from recorder.cli.stopping import Stopper
    from recorder.errors import RecorderError
    from recorder.pipeline.session import Session

    (name, camera), *_ = config.cameras.items()
    session = Session(camera, config.metadata, config.public())
    error: RecorderError | None = None
    with StatusLine() as line, Stopper(session.stop, line.restore) as stopper:
        try:
            session.start(record=True)
            while not session.has_ended:
                line.show(session.status())
                session.wait_briefly(line.period_s)
        except RecorderError as failure:
            error = failure
        line.show(session.status())
    summary = session.wait()
    if summary is None and stopper.asked:
        error = None  # asked to stop before the first frame: nothing was lost
    code = _exit_code(summary, error)
    _tell(session, name, summary, error, code, as_json)
    _leave(session, code)
    return code


def _exit_code(summary: TakeSummary | None, error: Any) -> int:
    if summary is not None:
        return summary.exit_code
    return 0 if error is None else int(error.exit_code)


def _tell(
    session: Session,
    name: str,
    summary: TakeSummary | None,
    error: Exception | None,
    code: int,
    as_json: bool,
) -> None:
    import sys

    problem = error or session.error
    if problem is not None:
        _say(f"recorder: {problem}", sys.stderr)
    if summary is not None:
        _say(_sentence(name, summary), sys.stderr if as_json else sys.stdout)
    elif problem is None:
        _say("stopped before the first frame; nothing was recorded", sys.stderr)
    if as_json:
        cameras = {} if summary is None else {name: summary.as_dict()}
        whole: dict[str, Any] = {"exit_code": code, "cameras": cameras}
        if problem is not None:
            whole["error"] = str(problem)
        _tell_json(whole)


def _tell_json(whole: dict[str, Any]) -> None:
    import json
    import sys

    _say(json.dumps(whole), sys.stdout)


def _say(text: str, stream: TextIO) -> None:
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
    told = ", ".join(lost) if lost else "none lost"
    lines = [
        f"{name}: {summary.written} of {summary.grabbed} frames in {summary.seconds:.2f} s "
        f"({summary.fps:.2f} fps), {told}; ended by {summary.reason}",
        f"  {readout.size(summary.raw_bytes)} → {readout.size(summary.file_bytes)}, "
        f"{readout.ratio(summary.ratio)}",
        *(f"  {file}" for file in summary.files),
    ]
    return "\n".join(lines)


def _leave(session: Session, code: int) -> None:
    """Exit past a thread that is stuck in a driver: interpreters wait for such a one or crash."""
    import os
    import sys

    if session.is_stuck:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
