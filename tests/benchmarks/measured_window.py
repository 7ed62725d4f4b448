"""The real window with a stopwatch: prints a line of JSON for what it measures.

A program of its own, as the window is: ``measured_window.py MODE ARGUMENT SECONDS``. It does what
the command does, in its order: nothing of Qt is imported before the command does so. It records
when told to by ``SECONDS`` above 0, and closes.
"""

from __future__ import annotations

import sys

from recorder import cli
from ui import app


def main(mode: str, argument: str, seconds: str) -> None:
    run = app.run

    def run_measured(open_window, theme):
        def open_measured(application):
            from stopwatch import Stopwatch

            window = open_window(application)
            window.stopwatch = Stopwatch(window, float(seconds))
            return window

        return run(open_measured, theme)

    app.run = run_measured
    sys.argv = ["recorder", mode, argument]
    cli.main()


if __name__ == "__main__":
    main(*sys.argv[1:])
