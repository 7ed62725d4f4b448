"""`recorder stop`: have a rig that runs on this machine finish its files and end."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from recorder.rig.link import Link
    from recorder.stats import RigStatus

_PERIOD_S = 0.1


def stop(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Needed if several rigs run.")
    ] = None,
) -> None:
    """Have a running rig finish its files and end; say what each camera has."""
    from recorder import readout
    from recorder.rig.link import connect

    with connect(name) as link:
        before = link.status()
        link.stop()
        last = await_end(link, before)
    print(f"{last.name} has ended")
    for camera in last.cameras:
        print(readout.standing(camera), *camera.files, sep="\n  ")


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
