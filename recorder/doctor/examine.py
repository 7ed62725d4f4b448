"""Everything that is looked at, in the order in which it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from recorder.doctor import cameras, folders, machine, software

if TYPE_CHECKING:
    from recorder.config import Config
    from recorder.doctor.finding import Finding


def examine(config: Config | None, why_no_window: Callable[[], str | None]) -> Iterator[Finding]:
    """Look at this machine, for the cameras and folders of a config if there is one.

    No camera is opened. The only thing written is a file without a name, for two seconds in each
    folder, and only while nothing is being recorded.

    Parameters
    ----------
    config
        None: for one camera with the defaults.
    why_no_window
        Returns why no window can open here, or None.

    Yields
    ------
    Finding
        As soon as it is known.
    """
    yield from software.ffmpeg()
    yield from software.codecs(config)
    yield from software.window(why_no_window)
    yield from cameras.cameras(config)
    yield from machine.memory(config)
    yield from machine.limits(config)
    yield from machine.processor()
    yield from machine.clock()
    yield from machine.power()
    yield from machine.sleep()
    yield from folders.folders(config)
