"""`recorder convert`: a recording in another kind of file, exact and compared."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from recorder.playback.convert import Advance


def convert(
    source: Annotated[
        Path, typer.Argument(metavar="IN", help="A recording: any of its files, or its stem.")
    ],
    target: Annotated[
        Path,
        typer.Argument(metavar="OUT", help=".mkv, .h5, .npy, or a folder of .png or .tif."),
    ],
    codec: Annotated[
        str, typer.Option(metavar="NAME", help="For .mkv and .h5: a profile or a codec's own name.")
    ] = "auto",
) -> None:
    """Make another kind of file, exact and compared.

    Ledger and about file come along; every frame is decoded again.
    """
    from recorder import readout
    from recorder.playback.convert import convert as run

    stop_if_asked = _between_frames()
    with _progress() as show:

        def advance(what: str, done: int, count: int) -> None:
            stop_if_asked()
            show(what, done, count)

        done = run(source, target, codec, advance)
    print(
        f"{done.files[-1]}: all {done.frames} frames are exact; "
        f"{readout.size(done.bytes_in)} → {readout.size(done.bytes_out)}"
    )


def _between_frames() -> Callable[[], None]:
    """Let the signals that end a program do so between two frames; return what asks for it.

    An exception out of a signal handler may strike anywhere, also while a lock is taken or given
    back; what is half written would then not be removed. A second signal does not wait.
    """
    import signal
    import sys

    from recorder.system import stop_signals

    asked: list[int] = []

    def hear(number: int, _: object) -> None:
        asked.append(number)
        if len(asked) > 1:
            sys.exit(128 + number)

    def stop_if_asked() -> None:
        if asked:
            sys.exit(128 + asked[0])

    for number in stop_signals():  # SIGINT too: a shell may have told its jobs to ignore it
        signal.signal(number, hear)
    return stop_if_asked


@contextmanager
def _progress() -> Iterator[Advance]:
    """Show a bar for each of the two passes, on a terminal."""
    import sys

    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), "frames")
    console = Console(stderr=True)
    with Progress(
        *columns, TimeRemainingColumn(), console=console, disable=not sys.stderr.isatty()
    ) as bars:
        tasks: dict[str, object] = {}

        def advance(what: str, done: int, count: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=count)
            bars.update(tasks[what], completed=done)  # type: ignore[arg-type]

        yield advance
