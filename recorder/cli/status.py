"""`recorder status`: how a rig that runs on this machine goes."""

from __future__ import annotations

from typing import Annotated

import typer

from recorder.cli.help import JSON, RIG


def status(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help=RIG)] = None,
    json: Annotated[bool, typer.Option("--json", help=JSON)] = False,
) -> None:
    """Say how a running rig goes, once."""
    from json import dumps

    from recorder import readout
    from recorder.errors import RecorderError
    from recorder.rig.link import connect
    from recorder.stats import without_me

    try:
        with connect(name) as link:
            found = link.status()
    except RecorderError as error:
        if json:
            print(dumps({"exit_code": error.exit_code, "cameras": {}, "error": str(error)}))
        raise
    if json:
        print(dumps(found.as_dict()))
        return
    print(readout.title(without_me(found)))
    if found.state == "waiting":
        return  # of the last recording all was said when it ended
    for camera in found.cameras:
        print(readout.line(camera), *readout.files(camera.files), sep="\n  ")
