"""The composition root: from a command to a window, and to its exit code.

Nothing of Qt is imported here until it is known that a window can open.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from PyQt5.QtWidgets import QApplication

    from ui.model.desk import Desk
    from ui.model.rigs import RealRigs
    from ui.theme import Theme

Mode = Literal["gui", "preview", "attach"]


class Window(Protocol):
    """What `run` needs of a window."""

    @property
    def exit_code(self) -> int:
        """Of the command that opened it."""

    def show(self) -> None:
        """Put it on the screen."""

    def obey(self, number: int, has_terminal: bool) -> bool:
        """Close, as a signal asks for; False: anybody who can answer a question is asked first."""

    def part(self) -> None:
        """Say what goes on without the window, before it goes."""

    def show_problem(self, text: str) -> None:
        """Say what went wrong in the window itself, until it is seen."""


@cache
def why_not() -> str | None:
    """Return why no window can open here and what to do, in one line; see `ui.display`."""
    from recorder.cameras.cv2_setup import free_qt
    from ui import display

    free_qt()
    return display.why_not()


def main(
    mode: Mode,
    argument: str | None = None,
    check: Callable[[], object] | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> int:
    """Open the window and return its exit code.

    Parameters
    ----------
    mode
        ``gui``, ``preview`` or ``attach``.
    argument
        A config; a config or source; a rig's name.
    check
        Refuses an argument that is not usable.
    tell
        Says a line at the terminal, if it is still there.

    Raises
    ------
    ConfigError
        No window can open here, or the argument is not usable; said before anything opens.
    """
    from recorder.errors import ConfigError

    # First of all: a rig imports for as long as the window does, and cameras take longest.
    with closing(_rigs(mode)) as rigs:
        if (reason := _why_not_meanwhile()) is not None:
            raise ConfigError(reason)
        if check is not None:
            check()
        return _open(mode, argument, rigs, tell)


def _why_not_meanwhile() -> str | None:
    """Return what `why_not` says; it asks the screen, and what is needed next is imported."""
    with ThreadPoolExecutor(1, "screen") as aside:
        reason = aside.submit(why_not)
        from ui.model import begin  # noqa: F401

        return reason.result()


def _rigs(mode: Mode) -> RealRigs:
    """Return where rigs come from; a process for the first is on its way if one may be needed."""
    from recorder.rig.early import RigProcess
    from ui.model.rigs import RealRigs

    if mode == "attach":
        return RealRigs()
    try:
        return RealRigs(RigProcess("window"))
    except OSError:  # it is said when a rig is really to be started
        return RealRigs()


def _open(mode: Mode, argument: str | None, rigs: RealRigs, tell: Callable[[str], None]) -> int:
    # What it says against the argument belongs to the terminal, so before there is a window.
    with closing(_desk(mode, argument, rigs)) as desk:
        from ui.theme import DARK, THEMES

        theme = THEMES.get(desk.preferences.theme, DARK)

        def open_window(app: QApplication) -> Window:
            from ui.views.window import MainWindow

            window: Window = MainWindow(desk, theme, tell)
            return window

        return run(open_window, theme)


def _desk(mode: Mode, argument: str | None, rigs: RealRigs) -> Desk:
    from ui.model import begin
    from ui.model.control import Control
    from ui.model.preferences import Preferences

    control, preferences = Control(rigs), Preferences.load()
    try:
        if mode == "gui":
            return begin.begin_gui(control, preferences, Path(argument) if argument else None)
        if mode == "preview":
            return begin.begin_preview(control, preferences, argument)
        return begin.begin_attach(control, preferences, argument)
    except BaseException:
        control.close()
        raise


def run(open_window: Callable[[QApplication], Window], theme: Theme) -> int:
    """Make the application, show a window, and return when the last one is closed.

    Parameters
    ----------
    open_window
        Makes the window; errors in it are the caller's.
    theme
        The look to begin with.

    Returns
    -------
    int
        The exit code.
    """
    from PyQt5.QtCore import Qt

    from ui.application import make_application
    from ui.guards import SignalWatch, guard_slots

    app = make_application(theme)
    window = open_window(app)
    has_terminal = any(map(os.isatty, (0, 2)))  # before it goes, and hangs up

    def obey(number: int) -> None:
        if signals.ends_at_next:  # it came with the one before, or while the window closed
            if number == signal.SIGINT:
                signal.raise_signal(number)
        elif window.obey(number, has_terminal):
            signals.end_at_next()

    with SignalWatch(at_once=window.part) as signals, guard_slots(window.show_problem):
        # Queued: while one signal is answered by a question, the next one has to be heard.
        signals.asked.connect(obey, Qt.ConnectionType.QueuedConnection)
        window.show()
        return int(app.exec_()) or window.exit_code
