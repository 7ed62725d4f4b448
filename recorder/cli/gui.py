"""`recorder gui`: the desktop app."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def gui(
    config: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="YAML file to begin with.")
    ] = None,
) -> None:
    """Open the window: cameras live, settings, recording."""
    from recorder.config import load_config
    from ui.app import main

    if config is not None:
        load_config(config)  # what is wrong with it is said here, where its lines can be read
    raise typer.Exit(main("gui", None if config is None else str(config)))
