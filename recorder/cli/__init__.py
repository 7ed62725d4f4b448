"""The commands. Each lives in a small file and imports what it needs only when it runs."""

from __future__ import annotations

import io
import os
import sys
from typing import Annotated

import typer

from recorder.cli.attach import attach
from recorder.cli.cameras import cameras
from recorder.cli.check import check
from recorder.cli.convert import convert
from recorder.cli.doctor import doctor
from recorder.cli.gui import gui
from recorder.cli.help import Command, Group
from recorder.cli.preview import preview
from recorder.cli.record import record
from recorder.cli.schema import schema
from recorder.cli.status import status
from recorder.cli.stop import stop
from recorder.cli.verify import verify
from recorder.errors import RecorderError
from recorder.system import QUICK_IMPORTS

app = typer.Typer(
    cls=Group,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # plain help: half the time to the first word
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    *(record, gui, preview, attach, status, stop, verify, convert),
    *(check, schema, cameras, doctor),
):
    app.command(cls=Command)(command)


def _version(asked: bool) -> None:
    if asked:
        from recorder import __version__

        print(f"recorder {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
) -> None:
    """Record cameras without losing a bit, and prove it.

    A rig is all cameras of one config, recorded as one.
    """
    if context.invoked_subcommand is None:
        print(context.get_help())


def main() -> None:
    """Run the command line; a foreseen failure is one message and its exit code."""
    for name, value in QUICK_IMPORTS.items():
        os.environ.setdefault(name, value)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a name or an arrow that it cannot show
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except RecorderError as error:
        print(f"recorder: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
