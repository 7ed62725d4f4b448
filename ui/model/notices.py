"""What is wrong, in words: one notice for each trouble, kept until it has been seen."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from recorder.stats import CameraStatus, RigStatus, Totals
from ui.model.troubles import Level, Rules, Trouble, events, states

VISIBLE_S = 4.0
"""Who looks up at a word has read it by then."""
QUIET_S = 30.0
"""What has been seen, and goes on happening, is told again after so long."""
EPISODE_S = 2.0
"""What happens again within this time has not happened twice."""
MOST = 50

_WEIGHT: dict[Level, int] = {"bad": 0, "warn": 1, "info": 2}


@dataclass(frozen=True, slots=True)
class Notice:
    """What is wrong, and what helps.

    Parameters
    ----------
    level
        info; warn: look at this; bad: something is lost, or does not work.
    key
        What to call `seen` with.
    since_s
        When it came up, on the clock of `Notices`.
    count
        How many times it came up since it was last seen.
    """

    level: Level
    text: str
    remedy: str = ""
    key: str = ""
    since_s: float = 0.0
    count: int = 1


@dataclass(slots=True)
class _Entry:
    """A notice and how far it has come.

    `is_on`: its state lasts. `quiet_until_s`: it has been seen, and is not told until then.
    `has_more`: it happened again meanwhile.
    """

    notice: Notice
    passes: bool
    is_on: bool
    last_s: float
    visible_s: float = 0.0
    quiet_until_s: float | None = None
    has_more: bool = False

    @property
    def is_shown(self) -> bool:
        return self.quiet_until_s is None

    def shown(self) -> Notice:
        """Return the notice as it is to be read; what is over is no longer urgent."""
        if self.is_on or not self.passes:
            return self.notice
        return replace(self.notice, level="info", text=f"{self.notice.text} – over now", remedy="")

    def take(self, trouble: Trouble, now_s: float) -> None:
        """Take the same trouble again; it may have other words by now."""
        old, self.is_on = self.notice, True
        is_again = now_s - self.last_s > EPISODE_S
        self.notice = replace(
            old,
            level=trouble.level,
            text=trouble.text,
            remedy=trouble.remedy,
            count=old.count + is_again,
        )
        self.visible_s = 0.0 if is_again else self.visible_s
        self.has_more = self.has_more or (not self.is_shown and (is_again or not self.passes))
        self.last_s = now_s
        if not self.is_shown and _WEIGHT[trouble.level] < _WEIGHT[old.level]:
            self.tell_again(now_s)  # it was seen when it was less grave

    def tell_again(self, now_s: float) -> None:
        self.notice = replace(self.notice, since_s=now_s, count=1)
        self.quiet_until_s, self.has_more, self.visible_s = None, False, 0.0


class Notices:
    """What is wrong with a rig and in the window; for one thread, the window's.

    Parameters
    ----------
    clock
        Gives seconds; monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._entries: dict[str, _Entry] = {}
        self._before: dict[str, CameraStatus] = {}
        self._looked_s: float | None = None

    # -- what is told ---------------------------------------------------------------------------

    def look(
        self,
        status: RigStatus | None,
        lost: Mapping[str, str] | None = None,
        rules: Rules | None = None,
        is_visible: bool = True,
    ) -> None:
        """Look at a rig, several times a second.

        Parameters
        ----------
        status
            None if there is no rig.
        lost
            What each camera lost, in words; see `Losses.sentence`.
        is_visible
            Whether the notices can be read: the window is on the screen.
        """
        now_s = self._clock()
        self._count_visible(now_s, is_visible)
        if status is None:
            self._settle(set(), now_s)
            self._before.clear()
            return
        found = list(states(status, rules or Rules(), self._is_on))
        for trouble in found:
            self._add(trouble, now_s)
        self._settle({trouble.key for trouble in found}, now_s)
        for camera in status.cameras:
            before, words = self._before.get(camera.name), (lost or {}).get(camera.name, "")
            for trouble in events(_same_recording(before, camera), camera, words):
                self._add(trouble, now_s)
        self._before = {camera.name: camera for camera in status.cameras}

    def say(
        self,
        level: Level,
        text: str,
        remedy: str = "",
        key: str | None = None,
        passes: bool = False,
    ) -> None:
        """Tell something of the window's own, an exception among it.

        Parameters
        ----------
        key
            The text, if left out.
        passes
            It goes by itself once it was visible; otherwise it stays until seen.
        """
        trouble = Trouble(text if key is None else key, level, text, remedy, passes=False)
        self._add(trouble, self._clock())
        self._entries[trouble.key].is_on = not passes

    def seen(self, key: str) -> None:
        """Tell no more of this; a state not until it is over, the rest not for half a minute."""
        entry = self._entries.get(key)
        if entry is not None:
            entry.quiet_until_s = self._clock() + QUIET_S

    def withdraw(self, key: str) -> None:
        """Forget what turned out to be settled."""
        self._entries.pop(key, None)

    def shown(self) -> tuple[Notice, ...]:
        """Return what is to be read, the most important first, then what came first."""
        found = [entry.shown() for entry in self._entries.values() if entry.is_shown]
        return tuple(sorted(found, key=lambda each: (_WEIGHT[each.level], each.since_s)))

    # -- how it is kept -------------------------------------------------------------------------

    def _is_on(self, key: str) -> bool:
        entry = self._entries.get(key)
        return entry is not None and entry.is_on

    def _add(self, trouble: Trouble, now_s: float) -> None:
        entry = self._entries.get(trouble.key)
        if entry is not None:
            entry.take(trouble, now_s)
            return
        key, level, text, remedy, passes = trouble
        notice = Notice(level, text, remedy, key, now_s)
        self._entries[key] = _Entry(notice, passes, True, now_s)
        if len(self._entries) > MOST:
            self._entries.pop(self._least_important(key))

    def _least_important(self, newest: str) -> str:
        others = [each for key, each in self._entries.items() if key != newest]
        return max(others, key=lambda each: (_WEIGHT[each.notice.level], -each.last_s)).notice.key

    def _settle(self, on: set[str], now_s: float) -> None:
        """See which states are over, and which notices have had their time."""
        for key, entry in list(self._entries.items()):
            if entry.passes:
                entry.is_on = key in on
            quiet = entry.quiet_until_s
            if quiet is not None:
                self._settle_seen(key, entry, now_s >= quiet)
            elif not entry.is_on and entry.visible_s >= VISIBLE_S:
                del self._entries[key]

    def _settle_seen(self, key: str, entry: _Entry, has_been_quiet: bool) -> None:
        if not has_been_quiet or (entry.passes and entry.is_on and not entry.has_more):
            return
        if entry.has_more and (entry.is_on or not entry.passes):
            entry.tell_again(self._clock())
        else:
            del self._entries[key]

    def _count_visible(self, now_s: float, is_visible: bool) -> None:
        """Only the first one can be read without a click."""
        passed_s = 0.0 if self._looked_s is None else min(1.0, now_s - self._looked_s)
        self._looked_s = now_s
        first = next(iter(self.shown()), None)
        if first is not None and is_visible:
            self._entries[first.key].visible_s += passed_s


def _same_recording(before: CameraStatus | None, now: CameraStatus) -> CameraStatus | None:
    """Return the last look, with nothing lost yet if another recording has begun since."""
    names = ("dropped", "bad", "gaps")
    if before is None or all(getattr(now.totals, n) >= getattr(before.totals, n) for n in names):
        return before
    return replace(before, totals=Totals(), late=min(before.late, now.late))
