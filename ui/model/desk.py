"""All that the window knows and does, apart from how it looks.

One thread uses it, the window's; `tick` is called a few times a second and never waits.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.errors import ConfigError
from ui.model.checking import Checker, Verdict
from ui.model.control import Control
from ui.model.draft import Draft
from ui.model.losses import Losses
from ui.model.notices import Notices
from ui.model.photo import Photographer
from ui.model.snapshot import Attached, Event, Failed, Recorded, Snapshot, WasSet
from ui.model.traces import Traces
from ui.model.troubles import Rules

if TYPE_CHECKING:
    from recorder.pipeline.view import Look
    from ui.model.preferences import Preferences

APPLY_S = 0.4
"""Edits that follow each other within this time are applied together."""
TRACE_S = 0.25
NAME = "window"
"""What a rig is called whose config has no file."""

_HELP = {
    "opening cameras": "Look at the camera's settings, or choose another one.",
    "starting to record": "The preview goes on; nothing was recorded.",
    "attaching": "It may have ended meanwhile; see `recorder status`.",
}


class Desk:
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
    clock, wall
        Monotonic seconds, and Unix time.
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
    ) -> None:
        self.clock, self._wall = clock, wall
        self.control = control
        self.preferences = preferences
        self.draft = draft
        self.writes = writes
        self.notices = Notices(clock)
        self.losses = Losses()
        self.traces = Traces()
        self.checker = checker or Checker()
        self.photographer = Photographer()
        self.snapshot = Snapshot()
        self.drafts = 0  # grows whenever another draft is on the desk
        self.was_set: list[WasSet] = []  # for the window to take
        self._apply_at: float | None = None
        self._waits_for_end = False
        self._trace_at = 0.0
        self._told: set[tuple[str, ...]] = set()
        self._last_files: tuple[str, ...] = ()
        if preferences.notice:
            self.notices.say("warn", preferences.notice)

    # -- a few times a second -----------------------------------------------------------------

    def tick(self, is_visible: bool = True) -> None:
        """Take in what has happened, and do what is due."""
        now = self.clock()
        self.snapshot = self.control.snapshot()
        for event in self.control.events():
            self._take(event)
        self._apply_when_due(now)
        self._look(now, is_visible)
        self._tell_verdicts()
        for photo in self.photographer.done():
            self.notices.say(
                "bad" if photo.failed else "info", photo.text, key="photo", passes=not photo.failed
            )

    def _look(self, now: float, is_visible: bool) -> None:
        status = self.snapshot.status if self.snapshot.is_attached else None
        if status is not None:
            self.losses.add(self._wall(), status)
            if now >= self._trace_at:
                self.traces.add(now, status)
                self._trace_at = now + TRACE_S
        lost = {name: sentence for name, (sentence, _) in self.losses.words().items()}
        self.notices.look(status, lost, self._rules(), is_visible)
        self.checker.hold(self.snapshot.is_recording)
        if self._waits_for_end and status is not None and not self.snapshot.is_recording:
            self._waits_for_end = False
            self._apply_at = now

    def _rules(self) -> Rules:
        waiting = [
            name
            for name in self.draft.camera_names
            if self.draft.get("cameras", name, "buffer", "when_full") == "wait"
        ]
        return Rules(waiting=frozenset(waiting))

    def _take(self, event: Event) -> None:
        if isinstance(event, Failed):
            remedy = _HELP.get(event.what, "")
            self.notices.say("bad", f"{event.what}: {event.text}", remedy, key=event.what)
        elif isinstance(event, WasSet):
            self.was_set.append(event)
        elif isinstance(event, Recorded):
            self._last_files = tuple(file for each in event.files.values() for file in each)
            if self.preferences.verify_after_stop and self._last_files:
                self.checker.check(self._last_files)
        elif isinstance(event, Attached):
            self._attached(event)

    def _attached(self, event: Attached) -> None:
        for what in _HELP:
            self.notices.withdraw(what)
        if not event.was_found:
            return
        try:
            is_ours = self.draft.config().private() == event.config.private()
        except ConfigError:
            is_ours = False
        if not is_ours:
            self.lay(Draft.from_config(event.config))
        text = f"{event.name} runs already; this window is attached to it"
        self.notices.say("info", text, key="attached", passes=True)

    def _tell_verdicts(self) -> None:
        for verdict in self.checker.verdicts():
            if verdict.state in ("different", "failed") and verdict.files not in self._told:
                self._told.add(verdict.files)
                remedy = "Keep the files, and look at them with `recorder verify`."
                self.notices.say("bad", verdict.text, remedy, key=verdict.files[0])

    @property
    def verdict(self) -> Verdict | None:
        """How the verification of the last recording stands; None before there is one."""
        found = self.checker.verdicts()
        return found[-1] if found else None

    @property
    def last_files(self) -> tuple[str, ...]:
        """The files of the last recording."""
        return self._last_files

    def latest_frame(self, camera: str, after: int = 0, step: int = 1) -> Look | None:
        """See `Control.latest_frame`."""
        return self.control.latest_frame(camera, after, step)

    # -- the config ---------------------------------------------------------------------------

    def lay(self, draft: Draft) -> None:
        """Put another draft on the desk; the cameras are not touched."""
        self.draft = draft
        self.drafts += 1
        self._apply_at = None
        if draft.path is not None:
            self.preferences.remember(draft.path)
            self.preferences.draft = draft.path

    def open(self, path: Path) -> None:
        """Open a config, and its cameras.

        Raises
        ------
        ConfigError
            It is not valid; the one on the desk stays.
        """
        self.lay(Draft.open(path))
        self.apply()

    def new(self, source: Any = "synthetic", name: str = "camera") -> None:
        """Begin a config with one camera, and open it."""
        self.lay(Draft.new(source, name))
        self.apply()

    def save(self, path: Path | None = None, force: bool = False) -> None:
        """Write the config; what was typed is valid, or this says what is not.

        Raises
        ------
        ConfigError, NotSaved, WriterError
        """
        self.draft.save(path, force)
        if self.draft.path is not None:
            self.preferences.remember(self.draft.path)
            self.preferences.draft = self.draft.path

    def edited(self, keys: Sequence[str]) -> None:
        """Apply what was changed in the draft, in a moment; a setting is applied by itself."""
        if len(keys) >= 3 and keys[0] == "cameras" and keys[2] == "settings":
            return
        self._apply_at = self.clock() + APPLY_S

    def moved(self, camera: str, name: str, value: float) -> None:
        """Set a property of a camera, now and in the config."""
        whole = int(value) if float(value).is_integer() else value
        self.draft.set(whole, "cameras", camera, "settings", name)
        self.control.set(camera, name, value)

    def crop(self, camera: str, crop: tuple[int, int, int, int] | None) -> None:
        """Record this part of the camera's picture only; None is all of it."""
        self.draft.set(None if crop is None else list(crop), "cameras", camera, "crop")
        self._apply_at = self.clock()

    def apply(self) -> None:
        """Have the cameras opened and the next recording made as the draft says."""
        self._apply_at = None
        if self.snapshot.is_recording:
            self._waits_for_end = True
            self.notices.say(
                "info",
                "What you changed holds from the next recording on",
                key="later",
                passes=True,
            )
            return
        try:
            config = self.draft.config()
        except ConfigError:
            return  # the field says what is wrong, and `blocked` that it is
        name = NAME if self.draft.path is None else self.draft.path.stem
        self.control.open(config, name)

    def _apply_when_due(self, now: float) -> None:
        if self._apply_at is not None and now >= self._apply_at:
            self.apply()

    # -- recording ----------------------------------------------------------------------------

    def blocked(self) -> str | None:
        """Return why no recording can be begun now, in words; None if one can."""
        snapshot, status = self.snapshot, self.snapshot.status
        if not self.writes:
            return "preview only: nothing is written"
        if problems := self.draft.problems():
            keys, text = problems[0]
            return f"the config has a problem: {'.'.join(keys)}: {text}"
        formats = {self.draft.get("cameras", n, "recording", "format") for n in self._names()}
        if formats == {"none"}:
            return "“write nothing” is chosen"
        if snapshot.phase == "starting" or snapshot.busy:
            return snapshot.busy or "cameras are being opened"
        if not snapshot.is_attached or status is None:
            return "no camera is open"
        away = [each.name for each in status.cameras if each.state in ("restarting", "ended")]
        if away and not snapshot.is_recording:
            return f"{', '.join(away)} is not there" if len(away) == 1 else "cameras are not there"
        if status.state == "opening":
            return "cameras are being opened"
        return None

    def _names(self) -> tuple[str, ...]:
        return self.draft.camera_names

    def record(self) -> None:
        """Begin a recording as the draft says."""
        if self.blocked() is not None or self.snapshot.is_recording:
            return
        if self._apply_at is not None:  # what was typed a moment ago counts
            self.apply()
        self.control.record()

    def stop(self) -> None:
        """End the recording; the preview goes on."""
        if self.snapshot.is_recording:
            self.control.end_recording()

    def photograph(self, camera: str, suffix: str = ".png") -> None:
        """Keep the newest frame, whole and in full depth, beside the recordings."""
        look = self.control.latest_frame(camera)
        if look is None:
            self.notices.say("warn", f"{camera}: there is no picture to keep", key="photo")
            return
        folder = Path(self.draft.get("cameras", camera, "recording", "folder") or ".")
        now = datetime.fromtimestamp(self._wall())
        name = f"{camera}_{now:%Y%m%d_%H%M%S}_{now.microsecond // 1000:03d}{suffix}"
        self.photographer.keep(look.frame, folder / name)

    def check_last(self) -> None:
        """Verify the files of the last recording, once more if they were."""
        self.checker.check(self._last_files)

    # -- the rig ------------------------------------------------------------------------------

    def reopen(self) -> None:
        """Close all cameras and open them again."""
        if self.snapshot.is_recording:
            return
        if self.snapshot.is_attached:
            self.control.stop_rig()
        self.apply()

    def close(self) -> None:
        """Let go of everything; a recording goes on in the background."""
        self.control.close()
        self.checker.close()
        self.photographer.close()
        problem = self.preferences.save()
        if problem is not None:
            self.notices.say("warn", problem)
