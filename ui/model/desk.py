"""All that the window knows and does, apart from how it looks.

One thread uses it, the window's; `tick` is called a few times a second and never waits.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from recorder.pipeline.guards import reserve
from ui.model.blocked import OPENING, PREVIEW_ONLY, why_not
from ui.model.checking import Checker, Verdict
from ui.model.drafting import NAME
from ui.model.following import Following
from ui.model.losses import Losses
from ui.model.pace import picture_every
from ui.model.photo import Photographer
from ui.model.snapshot import Applied, Attached, Changed, Ended, Event, Failed, Recorded, WasSet
from ui.model.steering import OPENING as APPLYING
from ui.model.traces import Traces
from ui.model.troubles import Level, Rules

if TYPE_CHECKING:
    from recorder.pipeline.view import Look
    from ui.model.cameras import CameraFinder
    from ui.model.control import Control
    from ui.model.draft import Draft
    from ui.model.preferences import Preferences

__all__ = ["NAME", "Desk"]

log = logging.getLogger(__name__)

TRACE_S = 0.25
_REMEDIES = {
    "opening cameras": "Look at the camera's settings, or choose another one.",
    "starting to record": "The preview goes on; nothing was recorded.",
    "attaching": "It may have ended meanwhile; see `recorder status`.",
    "watch": "Rig, Open the cameras again, starts another one.",
}
_TOLD_PLAINLY = ("watch", "set")


class Desk(Following):
    """The window's brain.

    Parameters
    ----------
    control
        The hand on the rig.
    preferences
        What is remembered.
    draft
        The config that is edited.
    writes
        False in `recorder preview`: there is nothing to record.
    checker, finder
        What verifies recordings, and what lists cameras.
    clock, wall
        Monotonic seconds, and Unix time.

    Attributes
    ----------
    was_set
        Settings that were changed, for the window to take.
    last_files
        Of the last recording.
    remedies
        What helps when something that was asked for cannot be done.
    is_guest
        It only looks at a rig that another command has started and looks after; until it records.
    """

    def __init__(
        self,
        control: Control,
        preferences: Preferences,
        draft: Draft,
        writes: bool = True,
        checker: Checker | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
        finder: CameraFinder | None = None,
    ) -> None:
        super().__init__(control, preferences, draft, writes, clock, finder)
        self._wall = wall
        self.losses, self.traces = Losses(), Traces()
        self.checker, self.photographer = checker or Checker(), Photographer()
        self.was_set: list[WasSet] = []
        self.last_files: tuple[str, ...] = ()
        self.remedies = dict(_REMEDIES)
        self.is_guest = False
        self._folder = Path()  # what the rig's own paths are relative to
        self._trace_at = 0.0
        self._told: set[Verdict] = set()
        self._rules: tuple[str, Rules] = ("", Rules())
        if preferences.notice:
            self.notices.say("warn", preferences.notice)

    # -- a few times a second -----------------------------------------------------------------

    def tick(self, is_visible: bool = True) -> None:
        """Take in what has happened, and do what is due."""
        now = self.clock()
        self._look_at_rig()
        for event in self.control.events():
            self._take(event)
        self._take_connected()
        self._apply_what_is_due(now)
        self._judge(now, is_visible)
        self.checker.hold(self.snapshot.is_recording)
        self._tell_verdicts()
        for photo in self.photographer.done():
            level: Level = "bad" if photo.failed else "info"
            self.notices.say(level, photo.text, key="photo", passes=not photo.failed)

    def _judge(self, now: float, is_visible: bool) -> None:
        """See what is lost and what is wrong, also with a rig that has just ended."""
        status = self.snapshot.status
        if status is not None:
            self.losses.add(self._wall(), status)
            if now >= self._trace_at and self.snapshot.is_attached:
                self.traces.add(now, status)
                self._trace_at = now + TRACE_S
        lost = {name: sentence for name, (sentence, _) in self.losses.words().items()}
        self.notices.look(status, lost, self._find_rules(), is_visible)
        if self.snapshot.phase == "silent":
            text = "The rig does not answer: it is halted, or the machine is overloaded"
            self.notices.say("warn", text, "Recordings are not affected by this.", key="silent")
        else:
            self.notices.withdraw("silent")

    def _find_rules(self) -> Rules:
        """Return what is known from the config; while that is not valid, from the one before."""
        text, rules = self._rules
        if text != self.draft.text() and (config := self.config()) is not None:
            cameras = config.cameras.items()
            waiting = frozenset(n for n, camera in cameras if camera.when_full == "wait")
            recordings = [c.recording for _, c in cameras if c.recording.format != "none"]
            kept = [reserve(recording.keep_free) for recording in recordings]
            rules = Rules(max(kept, default=0), waiting)
        self._rules = self.draft.text(), rules
        return rules

    @property
    def picture_every(self) -> int:
        """Every how many pictures is to be shown, of thirty a second."""
        return picture_every(self.snapshot.status, self._rules[1].waiting)

    # -- what has happened --------------------------------------------------------------------

    def _take(self, event: Event) -> None:
        if isinstance(event, Failed):
            self._take_failure(event)
        elif isinstance(event, WasSet):
            self.was_set.append(event)
        elif isinstance(event, Recorded):
            self.last_files = self._located(file for each in event.files.values() for file in each)
            if self.preferences.verify_after_stop:
                self.checker.check(self.last_files)
        elif isinstance(event, Ended):
            text = f"{event.name} has ended, and its cameras are closed"
            self.notices.say("info", text, self.remedies["watch"], key="ended")
        else:
            self._take_config(event)

    def _take_failure(self, event: Failed) -> None:
        self._is_behind = self._is_behind or event.what == "opening cameras"
        self.last_files = self._located(event.files) or self.last_files
        text = event.text if event.what in _TOLD_PLAINLY else f"{event.what}: {event.text}"
        self.notices.say("bad", text, self.remedies.get(event.what, ""), key=event.what)

    def _located(self, files: Iterable[str]) -> tuple[str, ...]:
        """Return where files are that a rig tells of, perhaps one with another working folder."""
        return tuple(str(self._folder / file) for file in files)

    def _take_config(self, event: Attached | Applied | Changed) -> None:
        if isinstance(event, Changed):
            self._follow(event)
            return
        self._is_behind = False
        for what in (*self.remedies, "ended"):
            if what != "watch":
                self.notices.withdraw(what)
        if isinstance(event, Attached):
            self._folder = event.folder
            if event.was_found:
                self._take_found(event)

    # -- verification -------------------------------------------------------------------------

    def check_last(self) -> None:
        """Verify the files of the last recording, once more if they were."""
        self.checker.check(self.last_files)

    @property
    def verdict(self) -> Verdict | None:
        """How the verification of the last recording stands; None if it was not asked for."""
        return self.checker.verdict(self.last_files)

    def _tell_verdicts(self) -> None:
        for verdict in self.checker.verdicts():
            if verdict.state in ("different", "failed") and verdict not in self._told:
                self._told.add(verdict)
                remedy = "Keep the files, and look at them with `recorder verify`."
                self.notices.say("bad", verdict.in_full(), remedy, key=verdict.files[0])

    # -- recording ----------------------------------------------------------------------------

    def latest_frame(self, camera: str, after: int = 0, step: int = 1) -> Look | None:
        """See `Control.latest_frame`."""
        return self.control.latest_frame(camera, after, step)

    def blocked(self) -> str | None:
        """Return why no recording can be begun now, in words; None if one can."""
        return why_not(self.draft, self.snapshot) if self.writes else PREVIEW_ONLY

    def record(self) -> None:
        """Begin a recording as the draft says."""
        self._look_at_rig()  # of two clicks the second finds it busy
        is_blocked = self.blocked() is not None and not self.can_wait
        if is_blocked or self.snapshot.is_recording:
            return
        if self._apply_at is not None or self._is_behind:  # what was typed a moment ago counts
            self.apply()
        self.is_guest = False
        self.control.record()

    @property
    def can_wait(self) -> bool:
        """Whether cameras are only being opened: what is asked for now is done after that."""
        return self.snapshot.is_attached and self.blocked() in (OPENING, APPLYING)

    @property
    def goes_on(self) -> str | None:
        """The rig that records, or is just told to, with a window or without; None if none does."""
        snapshot = self.control.snapshot()
        is_coming = self.control.is_beginning and snapshot.is_attached
        is_on = snapshot.is_recording or is_coming
        return snapshot.status.name if is_on and snapshot.status is not None else None

    def stop(self) -> None:
        """End the recording; the preview goes on."""
        self._look_at_rig()
        if self.snapshot.is_recording:
            self.control.end_recording()

    def photograph(self, camera: str, suffix: str = ".png") -> None:
        """Keep the newest frame, whole and in full depth, beside the recordings."""
        look = self.control.latest_frame(camera)
        if look is None:
            self.notices.say("warn", f"{camera}: there is no picture to keep", key="photo")
            return
        config = self.config()
        known = None if config is None else config.cameras.get(camera)
        folder = Path() if known is None else known.recording.folder
        now = datetime.fromtimestamp(self._wall())
        name = f"{camera}_{now:%Y%m%d_%H%M%S}_{now.microsecond // 1000:03d}{suffix}"
        self.photographer.keep(look.frame, self._folder / folder / name)

    def close(self) -> None:
        """Let go of everything; a recording goes on in the background."""
        problem = self.preferences.save()
        if problem is not None:
            log.warning("%s", problem)  # nobody reads notices any more
        self.control.close()
        self._connected.close()
        self.checker.close()
        self.photographer.close()
