"""How the window goes when the system asks for its end, and what the terminal is told then."""

from __future__ import annotations

import shlex
import signal

_SECOND_TIME = 128 + signal.SIGINT


def asks_first(number: int, is_again: bool, is_guest: bool, has_terminal: bool) -> bool:
    """Return whether a signal is answered by the questions that closing asks.

    Only Ctrl-C at a terminal comes from somebody who is there to answer, and a second one is an
    answer. A window that looks at another's rig has nothing to ask.

    Parameters
    ----------
    number
        The signal.
    is_again
        Its end was asked for before, and it is still there.
    """
    return number == signal.SIGINT and has_terminal and not (is_again or is_guest)


def code_of(number: int, is_again: bool) -> int:
    """Return the exit code of a window that leaves at once: 130 at a second Ctrl-C."""
    return _SECOND_TIME if number == signal.SIGINT and is_again else 0


def asking(goes_on: str | None) -> str:
    """Return what the terminal is told while the window asks."""
    after = "" if goes_on is None else ", and the recording goes on"
    return f"recorder: the window asks before it closes; Ctrl-C again leaves at once{after}"


def what_goes_on(name: str) -> str:
    """Return what the terminal is told when a window goes and the recording of a rig does not."""
    return f"recorder: the window is closed, the recording goes on: {how_to_reach(name)}"


def how_to_reach(name: str) -> str:
    """Return which commands show and end a recording."""
    name = shlex.quote(name)
    return f"`recorder attach {name}` shows it, `recorder stop {name}` ends it"
