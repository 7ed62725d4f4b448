"""`recorder record`: unattended recording from a config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

if TYPE_CHECKING:
    from recorder.config import Config
    from recorder.pipeline.summary import TakeSummary
    from recorder.rig.summary import RigSummary


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
    raise typer.Exit(_record(loaded, config.stem, json))


def _overrides(duration: str | None, output: Path | None, set_: list[str]) -> list[str]:
    import json

    found = list(set_)
    if duration is not None:
        found.append(f"recording.duration={duration}")
    if output is not None:  # quoted: a folder may be called 'no' or '1'
        quoted = json.dumps(str(output), ensure_ascii=False)  # YAML reads no surrogate pairs
        found.append(f"recording.folder={quoted}")
    return found


def _record(config: Config, name: str, as_json: bool) -> int:
    from recorder.cli.live import StatusLine
    from recorder.cli.stopping import Stopper
    from recorder.errors import RecorderError, Stopped
    from recorder.rig.rig import Rig

    rig = Rig(config, name)
    error: RecorderError | None = None
    with StatusLine() as line, Stopper(rig.stop, line.restore):
        try:
            rig.start(record=True)
            while not rig.has_ended:
                line.show(rig.status())
                rig.wait_briefly(line.period_s)
        except Stopped:
            pass  # before the first frame: nothing was lost
        except RecorderError as failure:
            error = failure
        line.show(rig.status())
    summary = rig.wait()
    code = summary.exit_code if error is None else error.exit_code
    _tell(summary, error, code, as_json)
    return code


def _tell(summary: RigSummary, error: Exception | None, code: int, as_json: bool) -> None:
    import sys

    for problem in _problems(summary, error):
        _say(f"recorder: {problem}", sys.stderr)
    for name, camera in summary.cameras.items():
        _say(_sentence(name, camera), sys.stderr if as_json else sys.stdout)
    if not summary.cameras and error is None:
        _say("stopped before the first frame; nothing was recorded", sys.stderr)
    if as_json:
        whole = summary.as_dict() | {"exit_code": code}
        if problems := _problems(summary, error):
            whole["error"] = "; ".join(problems)
        _tell_json(whole)


def _problems(summary: RigSummary, error: Exception | None) -> list[str]:
    """Return what went wrong, with the camera's name where there are several."""
    if error is not None:
        return [str(error)]
    several = len(summary.cameras) > 1
    found = [(name, str(each)) for name, each in summary.errors.items()]
    for name, camera in summary.cameras.items():
        if camera.exit_code in (4, 5):  # maybe for a file of a process that is long gone
            found += [(name, each) for each in camera.errors]
    return [f"{name}: {each}" if several else each for name, each in dict.fromkeys(found)]


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
    if summary.gaps:
        lost.append(f"{summary.gaps} gap{'' if summary.gaps == 1 else 's'} without a camera")
    if summary.restarts:
        lost.append(f"restarted {readout.times(summary.restarts)}")
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
