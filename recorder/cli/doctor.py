"""`recorder doctor`: what on this machine would cost frames, and what to do about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from recorder.cli.help import JSON, SET

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recorder.doctor.finding import Finding

_SIGNS = {0: "✓", 6: "!"}
_WRONG = "✗"


def doctor(
    config: Annotated[
        Path | None,
        typer.Argument(metavar="CONFIG", help="For its cameras and folders."),
    ] = None,
    set_: Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help=SET)] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON)] = False,
) -> None:
    """Find what on this machine would cost frames.

    Opens no camera. Each folder is written to for two seconds, unless something is being recorded.
    Exit code 0: nothing is wrong; 6: warnings; 2 to 5: what a recording would end with.
    """
    import sys
    from json import dumps

    from recorder.doctor.finding import exit_code

    findings = []
    for finding in _examine(config, set_ or []):
        findings.append(finding)
        _tell(finding, sys.stderr if json else sys.stdout)
    code = exit_code(findings)
    if json:
        print(dumps({"exit_code": code, "findings": [each.as_dict() for each in findings]}))
    raise typer.Exit(code)


def _examine(path: Path | None, overrides: list[str]) -> Iterator[Finding]:
    from recorder.config import load_config
    from recorder.doctor.examine import examine
    from recorder.doctor.finding import Finding
    from recorder.errors import ConfigError
    from ui.display import why_not

    config = None
    if path is not None:
        try:
            config = load_config(path, overrides)
        except ConfigError as error:  # what else is wrong is worth knowing, too
            yield Finding("config", str(error), error.exit_code, f"see `recorder check {path}`")
        else:
            yield Finding("config", f"{path} is fine; cameras: {', '.join(config.cameras)}")
    yield from examine(config, why_not)


def _tell(finding: Finding, stream: TextIO) -> None:
    sign = _SIGNS.get(finding.exit_code, _WRONG)
    print(f"{sign} {finding.what}: {finding.text}", file=stream, flush=True)
    if finding.remedy:
        print(f"    {finding.remedy}", file=stream, flush=True)
