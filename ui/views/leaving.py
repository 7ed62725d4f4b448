"""What is asked before a config or the window goes, and what becomes of a recording then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ui.views import dialogs

if TYPE_CHECKING:
    from ui.views.window import MainWindow

_FINISHING = "The window closes once the files are finished"


class Leaving:
    """Says whether a window may close, and closes it when its recording is finished."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._desk = window.desk
        self._closes_when_done = self._is_unasked = False

    def may_drop_config(self) -> bool:
        """Ask about a config that was changed; it may be saved on the way."""
        draft = self._desk.draft
        if not draft.is_changed or not self._desk.writes:
            return True
        answer = dialogs.ask_saving(self._window, draft.path)
        return self._window.deeds.do_save() if answer == "save" else answer == "discard"

    def may_close(self) -> bool:
        """Ask, if something would be lost or goes on; only a recording that goes on keeps it up."""
        if self._is_unasked:
            return True
        if not self.may_drop_config():
            return False
        if not self._records():
            return True
        answer = dialogs.ask_closing(self._window)
        if answer == "finish" and self._records():  # it may have ended while it was asked
            self._closes_when_done = True
            self._desk.stop()
            self._desk.notices.say("info", _FINISHING, key="closing")
            return False
        return answer != "cancel"

    def close_unasked(self) -> None:
        """Close the window without a question; a recording goes on in the background."""
        self._is_unasked = True
        self._window.close()

    def look(self) -> None:
        """Close the window if that is what was waited for."""
        status = self._desk.snapshot.status
        is_done = status is None or status.state not in ("recording", "finishing")
        if self._closes_when_done and is_done and self._desk.snapshot.busy is None:
            self.close_unasked()

    def _records(self) -> bool:
        snapshot = self._desk.snapshot
        return snapshot.is_recording and snapshot.is_attached
