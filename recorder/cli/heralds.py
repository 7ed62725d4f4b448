"""What `recorder record` says while it runs: of one recording, or of those of a schedule."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol, TextIO

from recorder.cli.telling import as_dict, say, tell, tell_json

if TYPE_CHECKING:
    from recorder.cli.live import StatusLine
    from recorder.config import Config
    from recorder.stats import RigStatus
    from recorder.unattended.account import Account, Recording
    from recorder.unattended.schedule import Window


class Herald(Protocol):
    """Says what happens, and how it all went."""

    def __init__(self, config: Config, line: StatusLine, as_json: bool) -> None: ...

    def waits(self, window: Window) -> None:
        """Say what is waited for."""

    def shows(self, status: RigStatus) -> None:
        """Show how it goes."""

    def recorded(self, recording: Recording) -> None:
        """Say how a recording went."""

    def ends(self, account: Account, was_stopped: bool) -> int:
        """Say how it all went, when the status line is gone; return the exit code."""


class Once:
    """Says in the end how the one recording went."""

    def __init__(self, config: Config, line: StatusLine, as_json: bool) -> None:
        self._line = line
        self._as_json = as_json
        self._recording: Recording | None = None

    def waits(self, window: Window) -> None:
        """There is nothing to wait for."""

    def shows(self, status: RigStatus) -> None:
        """Rewrite the status line."""
        self._line.show(status)

    def recorded(self, recording: Recording) -> None:
        """Keep it until the status line is gone."""
        self._recording = recording

    def ends(self, account: Account, was_stopped: bool) -> int:
        """Say how it went."""
        from recorder.rig.summary import RigSummary
        from recorder.unattended.account import Recording

        nothing = Recording(datetime.now(UTC), RigSummary({}))  # stopped before it was begun
        recording = self._recording or nothing
        tell(recording, self._as_json)
        if self._as_json:
            tell_json(as_dict(recording))
        return recording.exit_code


class Scheduled:
    """Says what is waited for, how each recording went, and how all of them did."""

    def __init__(self, config: Config, line: StatusLine, as_json: bool) -> None:
        self._schedule = config.schedule
        self._line = line
        self._as_json = as_json

    def waits(self, window: Window) -> None:
        """Say until when, in one line."""
        from recorder.unattended.words import begins

        until = begins(window, self._schedule, datetime.now(UTC))
        with self._line.paused():
            say(f"waits until {until}, cameras closed", self._stream())

    def shows(self, status: RigStatus) -> None:
        """Rewrite the status line."""
        self._line.show(status)

    def recorded(self, recording: Recording) -> None:
        """Say how one went."""
        with self._line.paused():
            tell(recording, self._as_json)

    def ends(self, account: Account, was_stopped: bool) -> int:
        """Say that there is nothing more to come, or that somebody did not want it."""
        count = account.count
        told = f"{count} recording{'' if count == 1 else 's'} made" if count else "nothing recorded"
        say(f"{'stopped' if was_stopped else 'the schedule has ended'}, {told}", self._stream())
        if self._as_json:
            tell_json(account.as_dict())
        return account.exit_code

    def _stream(self) -> TextIO:
        return sys.stderr if self._as_json else sys.stdout
