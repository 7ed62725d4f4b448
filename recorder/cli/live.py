"""How it goes on a terminal: a line for one camera, a table for several; silence elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from recorder import readout
from recorder.cli.table import table
from recorder.stats import CameraStatus, RigStatus

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.live import Live

_SHOW_CURSOR = b"\x1b[?25h\n"


class StatusLine:
    """Lines on stderr that are rewritten four times a second, if stderr is a terminal."""

    period_s = 0.25

    def __init__(self) -> None:
        self._live: Live | None = None

    def __enter__(self) -> StatusLine:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.live import Live

            self._live = Live(console=Console(stderr=True), auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            with contextlib.suppress(OSError):  # the terminal may be gone
                self._live.stop()
            self._live = None

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """Take the lines away for a moment: what is printed meanwhile stays, above them."""
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()

    def show(self, status: CameraStatus | RigStatus) -> None:
        """Rewrite the lines; a terminal that went away does not matter to the recording."""
        if self._live is None:
            return
        with contextlib.suppress(OSError):
            self._live.update(_shown(status, self._live.console.width), refresh=True)

    def restore(self) -> None:
        """Show the cursor again."""
        if self._live is not None:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                # Not sys.stderr: while the line is shown it is rich's, which drops control codes.
                os.write(sys.__stderr__.fileno(), _SHOW_CURSOR)  # type: ignore[union-attr]


def _shown(status: CameraStatus | RigStatus, width: int) -> RenderableType:
    """Return one camera as a line, several as a table."""
    from rich.text import Text

    if isinstance(status, RigStatus):
        if status.state == "waiting":
            return Text(readout.title(status))
        if len(status.cameras) != 1:
            return table(status, width)
        (status,) = status.cameras
    return Text(readout.line(status), style="bold red" if readout.has_lost(status) else "")
