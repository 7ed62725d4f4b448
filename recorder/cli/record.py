"""`recorder record`: unattended recording from a config, at once or as its schedule says."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recorder.cli.help import JSON, SET

if TYPE_CHECKING:
    from recorder.config import Config


def record(
    config: Annotated[
        Path, typer.Argument(metavar="CONFIG", help="YAML file that says what to record.")
    ],
    duration: Annotated[
        str | None,
        typer.Option(metavar="TIME", help="Such as 10s, 10min, 2h or '1000 frames'."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Folder for the files.")
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=SET)] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be recorded when; open nothing.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help=JSON)] = False,
) -> None:
    """Record a config, unattended.

    Until the duration is over, or Ctrl-C; a second Ctrl-C leaves at once. With a schedule in the
    config: wait for its times, with the cameras closed, and record then.
    """
    from recorder.cli.telling import tell_json
    from recorder.config import load_config
    from recorder.errors import RecorderError

    try:
        loaded = load_config(config, _overrides(duration, output, set_ or []))
        code = _plan(loaded, json) if dry_run else _record(loaded, config.stem, json)
    except RecorderError as error:
        if json:  # a script reads the last line, whatever happened
            tell_json({"exit_code": error.exit_code, "cameras": {}, "error": str(error)})
        raise
    raise typer.Exit(code)


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
    from recorder.cli.heralds import Once, Scheduled
    from recorder.cli.live import StatusLine
    from recorder.cli.stopping import Stopper
    from recorder.unattended.logs import human_log
    from recorder.unattended.observers import make_observers
    from recorder.unattended.running import Unattended

    with human_log(), StatusLine() as line:
        observers = make_observers(config, name)
        kind = Scheduled if config.schedule.is_given else Once
        herald = kind(config, line, as_json)
        running = Unattended(config, name, herald, observers)
        with Stopper(running.stop, line.restore):
            account = running.run()
    return herald.ends(account, running.was_stopped)


def _plan(config: Config, as_json: bool) -> int:
    """Print the next recordings; open and write nothing."""
    import sys
    from datetime import UTC, datetime

    from recorder.cli.telling import say, tell_json
    from recorder.unattended.plan import Plan

    plan = Plan(config, datetime.now(UTC))
    for line in plan.lines():
        say(line, sys.stderr if as_json else sys.stdout)
    if as_json:
        told: dict[str, Any] = {"exit_code": 0, "cameras": {}, "plan": plan.as_list()}
        tell_json(told)
    return 0
