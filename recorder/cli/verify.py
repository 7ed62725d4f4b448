"""`recorder verify`: decode and compare with what the camera gave."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recorder.cli.help import JSON


def verify(
    paths: Annotated[
        list[Path],
        typer.Argument(metavar="PATH...", help="Files, stems or folders, with those below."),
    ],
    json: Annotated[bool, typer.Option("--json", help=JSON)] = False,
) -> None:
    """Prove a recording is what the camera gave.

    Every frame is decoded and compared with the hash that was taken when it arrived.
    """
    import sys
    from json import dumps

    from recorder.errors import RecorderError
    from recorder.pipeline.files import require_ffmpeg
    from recorder.playback.verify import verify as compare

    try:
        with _Progress() as progress:
            verdict = compare(*paths, advance=progress.show)
        if not verdict.ok:
            require_ffmpeg()  # without one that runs, it is not the recording that is wrong
    except OSError:
        require_ffmpeg()
        raise
    except RecorderError as error:
        if json:
            print(dumps({"exit_code": error.exit_code, "files": [], "error": str(error)}))
        raise
    for part in verdict.parts:
        print(part.sentence(), file=sys.stderr if json else sys.stdout)
    if len(verdict.parts) > 1:
        print(verdict.sentence(), file=sys.stderr if json else sys.stdout)
    if json:
        print(dumps(verdict.as_dict()))
    raise typer.Exit(verdict.exit_code)


class _Progress:
    """How many frames have been compared, on a terminal."""

    def __enter__(self) -> _Progress:
        import sys

        from rich.console import Console

        self._status = None
        if sys.stderr.isatty():
            self._status = Console(stderr=True).status("decoding")
            self._status.start()
        return self

    def show(self, frames: int) -> None:
        if self._status is not None:
            self._status.update(f"decoding: {frames} frames compared")

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()
