"""`recorder attach`: look at a rig that runs on this machine, and leave it as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from recorder import readout
from recorder.cli.help import RIG
from recorder.cli.table import table
from recorder.stats import without_me

if TYPE_CHECKING:
    from recorder.rig.link import Link
    from recorder.stats import RigStatus

_PERIOD_S = 0.25
_LINE_S = 5.0
"""Between two lines where there is no terminal."""


def attach(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help=RIG)] = None,
    text: Annotated[
        bool, typer.Option("--text", help="In this terminal, also where a window could open.")
    ] = False,
) -> None:
    """Open the window on a rig that runs already.

    Without a screen, or with --text, a table in the terminal. Ctrl-C leaves; the rig goes on.
    """
    from recorder.rig.link import connect

    with connect(name) as link:  # which one, and whether there is one: said here, not in a window
        if text or not _can_open_window():
            _watch(link)
            return
    from recorder.cli.telling import tell_terminal
    from ui.app import main

    raise typer.Exit(main("attach", link.name, tell=tell_terminal))


def _can_open_window() -> bool:
    """Whether there is a screen; one that is there but cannot be used is worth a word."""
    import os
    import sys

    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    from ui.app import why_not

    if (reason := why_not()) is not None:
        print(f"recorder: no window: {reason}", file=sys.stderr)
    return reason is None


def _watch(link: Link) -> None:
    """Watch until the rig ends, or until Ctrl-C, which leaves it running."""
    import signal
    import sys

    # A shell may have told its jobs to ignore it, and then there would be no way to leave.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        last = (_show_live if sys.stdout.isatty() else _show_lines)(link)
    except KeyboardInterrupt:
        print(f"detached; {link.name} goes on")
        return
    print(f"{last.name} has ended" if last.state == "ended" else f"{last.name} is gone; last seen:")
    for camera in last.cameras:
        print(readout.standing(camera))


def _statuses(link: Link) -> Iterator[RigStatus]:
    """Give a status four times a second until the rig is gone; the last one is its end."""
    import time

    from recorder.errors import RigGone

    try:
        while True:
            status = link.status()
            yield status
            if status.state == "ended":
                return
            time.sleep(_PERIOD_S)  # a rig answers, and never speaks unasked
    except RigGone:
        return


def _show_live(link: Link) -> RigStatus:
    """Rewrite a table; the screen is left as it was."""
    from rich.console import Console
    from rich.live import Live

    console = Console()

    def show(status: RigStatus) -> None:
        seen = table(without_me(status), console.width, _HINT)
        live.update(seen, refresh=True)

    with Live(console=console, auto_refresh=False, transient=True) as live:
        return _follow(link, show)


def _show_lines(link: Link) -> RigStatus:
    """Print a line now and then, and whenever the rig does something else."""
    import time

    shown: tuple[str, float] = ("", 0.0)

    def show(status: RigStatus) -> None:
        nonlocal shown
        state, at_s = shown
        if status.state != state or time.monotonic() - at_s >= _LINE_S:
            shown = (status.state, time.monotonic())
            print(readout.brief(status), flush=True)

    return _follow(link, show)


def _follow(link: Link, show: Callable[[RigStatus], None]) -> RigStatus:
    last = link.status()
    for status in _statuses(link):
        last = status
        show(status)
    return last


_HINT = "Ctrl-C leaves; the rig goes on"
