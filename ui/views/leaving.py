"""What is asked before a config or the window goes, and what becomes of a recording then."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PyQt5.QtWidgets import QApplication, QDialog

from ui.model import parting
from ui.views import dialogs

if TYPE_CHECKING:
    from ui.views.window import MainWindow

_FINISHING = "The window closes once the files are finished"


class Leaving:
    """Says whether a window may close, and closes it when its recording is finished.

    Parameters
    ----------
    tell
        Says a line where the window was started, if anybody is there.

    Attributes
    ----------
    exit_code
        Of the command that opened the window.
    """

    def __init__(self, window: MainWindow, tell: Callable[[str], None]) -> None:
        self._window = window
        self._desk = window.desk
        self._tell = tell
        self._closes_when_done = self._is_unasked = self._has_parted = False
        self._was_warned = False  # that the next Ctrl-C is the last
        self.exit_code = 0

    def may_drop_config(self) -> bool:
        """Ask about a config that was changed; it may be saved on the way."""
        draft = self._desk.draft
        if not self._is_unsaved():
            return True
        answer = dialogs.ask_saving(self._window, draft.path)
        return self._window.deeds.do_save() if answer == "save" else answer == "discard"

    def _is_unsaved(self) -> bool:
        return self._desk.draft.is_changed and self._desk.writes

    def may_close(self) -> bool:
        """Ask, if something would be lost or goes on; only a recording that goes on keeps it up."""
        may = self._is_unasked or (self.may_drop_config() and self._may_leave_rig())
        self._was_warned = False
        return may or self._is_unasked  # a signal may have come while it was asked

    def _may_leave_rig(self) -> bool:
        name = self._desk.goes_on
        if name is None:
            return True
        answer = dialogs.ask_closing(self._window, name)
        if answer == "finish" and self._desk.goes_on:  # it may have ended while it was asked
            self._closes_when_done = True
            self._desk.stop()
            self._desk.notices.say("info", _FINISHING, key="closing")
            return False
        return answer != "cancel"

    # -- asked for from outside ---------------------------------------------------------------

    def obey(self, number: int, has_terminal: bool) -> bool:
        """Close, as a signal asks for; False: anybody who can answer a question is asked first."""
        is_again = self._was_warned or self._closes_when_done
        if not parting.asks_first(number, is_again, self._desk.is_guest, has_terminal):
            self.exit_code = parting.code_of(number, is_again)
            self.close_unasked()
            return True
        if self._is_unsaved() or self._desk.goes_on:
            self._tell(parting.asking(self._desk.goes_on))
        self._was_warned = True
        self._window.raise_()
        self._window.activateWindow()
        self._window.close()  # does nothing while the question is open already
        return False

    def close_unasked(self) -> None:
        """Close the window without a question; a recording goes on in the background."""
        self._is_unasked = True
        for each in QApplication.topLevelWidgets():
            if isinstance(each, QDialog) and each.isVisible():
                each.reject()  # a question that is open would keep the window
        self._window.close()

    def part(self) -> None:
        """Say what goes on without the window, as its last words."""
        name = None if self._has_parted or self._desk.is_guest else self._desk.goes_on
        self._has_parted = True
        if name is not None:
            self._tell(parting.what_goes_on(name))

    def look(self) -> None:
        """Close the window if that is what was waited for."""
        status = self._desk.snapshot.status
        is_done = status is None or status.state not in ("recording", "finishing")
        if self._closes_when_done and is_done and self._desk.snapshot.busy is None:
            self.close_unasked()
