"""`recorder stop`: have a rig that runs on this machine finish its files and end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from recorder.cli.help import RIG

if TYPE_CHECKING:
    from recorder.rig.link import Link
    from recorder.stats import RigStatus

_PERIOD_S = 0.1


def stop(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help=RIG)] = None,
    yes: Annotated[
        bool,
        typer.Option("--yes", "-y", help="Do not ask; without a name: the only one that runs."),
    ] = False,
) -> None:
    """Have a running rig finish its files and end.

    Without a name it says which one that would be, and asks.
    """
    from recorder import readout
    from recorder.rig.link import connect

    with connect(name) as link:
        before = link.status()
        if name is None and not yes:
            _ask(before)
        link.stop()
        last = await_end(link, before)
    print(f"{last.name} has ended")
    for camera in last.cameras:
        print(readout.standing(camera), *readout.files(camera.files), sep="\n  ")


def _ask(status: RigStatus) -> None:
    """Ask on a terminal; a script has to say which rig it means.

    Raises
    ------
    ConfigError
        There is no terminal.
    Exit
        The answer is no.
    """
    import sys

    from recorder import readout
    from recorder.errors import ConfigError

    if not sys.stdin.isatty():
        raise ConfigError(
            f"this would end {status.name}: name it (recorder stop {status.name}), or give --yes"
        )
    print(readout.brief(status))
    if not typer.confirm("End it?"):
        raise typer.Exit


def await_end(link: Link, last: RigStatus) -> RigStatus:
    """Return the rig's last status; however long its files take, as long as it answers.

    Raises
    ------
    RigGone
        It was killed, and did not live to say how it ended.
    """
    import time

    while last.state != "ended":
        time.sleep(_PERIOD_S)  # a rig answers, and never speaks unasked
        last = link.status()
    return last
