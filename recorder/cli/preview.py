"""`recorder preview`: a look at cameras; nothing is written."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def preview(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="CONFIG|SOURCE",
            help="A YAML file; or synthetic, 0, /dev/…, a video, frames_%04d.png, http://…, rtsp://…",
        ),
    ] = None,
) -> None:
    """Open the window on cameras; write nothing."""
    from ui.app import main

    raise typer.Exit(main("preview", source, None if source is None else lambda: _require(source)))


def _require(source: str) -> None:
    """Refuse what can be neither a config nor a source, before a window opens.

    Raises
    ------
    ConfigError
        With what is wrong, and what is accepted.
    """
    from recorder.config import is_live, load_config, parse_source

    if source.lower().endswith((".yaml", ".yml")):
        load_config(source)
        return
    parsed = parse_source(source)
    if isinstance(parsed, str) and (parsed.startswith("/dev/") or not is_live(parsed)):
        _require_file(parsed)


def _require_file(source: str) -> None:
    from recorder.config import SYNTHETIC
    from recorder.config.sources import ACCEPTED
    from recorder.errors import ConfigError

    path = Path(source.removeprefix("file://"))
    try:
        if source == SYNTHETIC or (path.exists() and not path.is_dir()):
            return
        if "%" in path.name and path.parent.is_dir():
            return  # a pattern of names; which of them there are is the camera's business
        what = "a folder" if path.is_dir() else "no such file"
    except OSError as error:
        what = error.strerror or str(error)
    raise ConfigError(f"{source}: {what}; a source is {ACCEPTED}; a config ends in .yaml")
