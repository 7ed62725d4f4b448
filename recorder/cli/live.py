"""The status line on a terminal; silence elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from recorder import readout
from recorder.stats import CameraStatus

if TYPE_CHECKING:
    from rich.live import Live

_SHOW_CURSOR = b"\x1b[?25h\n"


class StatusLine:
    """A line on stderr that is rewritten four times a second, if stderr is a terminal."""

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

    def show(self, status: CameraStatus) -> None:
        """Rewrite the line; a terminal that went away does not matter to the recording."""
        if self._live is None:
            return
        from rich.text import Text

        lost = status.totals.dropped or status.totals.bad
        with contextlib.suppress(OSError):
            text = Text(readout.line(status), style="bold red" if lost else "")
            self._live.update(text, refresh=True)

    def restore(self) -> None:
        """Show the cursor again."""
        if self._live is not None:
            with contextlib.suppress(OSError, ValueError, AttributeError):
                # Not sys.stderr: while the line is shown it is rich's, which drops control codes.
                os.write(sys.__stderr__.fileno(), _SHOW_CURSOR)  # type: ignore[union-attr]
