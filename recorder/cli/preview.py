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
            help="A YAML file; or synthetic, 0, /dev/…, a video, frames_%04d.png or their folder, "
            "http://…, rtsp://…",
        ),
    ] = None,
) -> None:
    """Open the window on cameras; write nothing."""
    from ui.app import main

    named = None if source is None else _named(source)
    raise typer.Exit(main("preview", named, None if named is None else lambda: _require(named)))


def _named(source: str) -> str:
    """Return the numbered images of a folder that has one sequence of them; else the source."""
    path = Path(source)
    try:
        if not path.is_dir():
            return source
        from recorder.cameras.sequences import sequences_in

        found = list(sequences_in(path))
    except OSError:  # said in words when it is required
        return source
    return str(path / found[0]) if len(found) == 1 else source


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
    from recorder.cameras.sequences import what_to_give
    from recorder.config import SYNTHETIC
    from recorder.config.sources import ACCEPTED, PIPE
    from recorder.errors import ConfigError

    path = Path(source.removeprefix("file://"))
    try:
        if path.is_dir():
            raise ConfigError(f"{source}: a folder; {what_to_give(path)}")
        if path.is_fifo():
            raise ConfigError(f"{source}: {PIPE}")
        if source == SYNTHETIC or path.exists():
            return
        if "%" in path.name and path.parent.is_dir():
            return  # a pattern of names; which of them there are is the camera's business
        what = "no such file"
    except OSError as error:
        what = error.strerror or str(error)
    raise ConfigError(f"{source}: {what}; a source is {ACCEPTED}; a config ends in .yaml")
