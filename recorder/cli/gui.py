"""`recorder gui`: the desktop app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def gui(
    config: Annotated[
        Path | None, typer.Argument(metavar="CONFIG", help="YAML file to begin with.")
    ] = None,
) -> None:
    """Open the window: live, settings, recording."""
    from recorder.cli.telling import tell_terminal
    from ui.app import main

    raise typer.Exit(main("gui", None if config is None else str(config), tell=tell_terminal))
