"""The config side of the desk: what is edited, and how it gets to the cameras."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.errors import ConfigError
from ui.model.draft import Draft
from ui.model.notices import Notices
from ui.model.rigs import name_of
from ui.model.selection import Selection
from ui.model.snapshot import Snapshot
from ui.model.wording import config_problems

if TYPE_CHECKING:
    from recorder.config import Config
    from ui.model.control import Control
    from ui.model.preferences import Preferences

APPLY_S = 0.4
"""Edits that follow each other within this time are applied together."""
NAME = "window"
"""What a rig is called whose config has no file."""
PREVIEW = "preview"
LOOKING = "looking for cameras"


class Drafting:
    """A draft, and the cameras that are to be as it says. See `Desk` for the parameters.

    Attributes
    ----------
    draft
        What is edited.
    drafts
        Grows whenever another draft is on the desk.
    selection
        Which of its cameras the window is about.
    snapshot
        What was known of the rig at the last `tick`.
    """

    def __init__(
        self,
        control: Control,
        preferences: Preferences,
        draft: Draft,
        writes: bool,
        clock: Callable[[], float],
    ) -> None:
        self.clock = clock
        self.control, self.preferences, self.writes = control, preferences, writes
        self.draft = draft
        self.drafts = 0
        self.selection = Selection()
        self.selection.follow(draft.camera_names)
        self.notices = Notices(clock)
        self.snapshot = Snapshot()
        self._is_undecided = False  # which camera to begin with
        self._apply_at: float | None = None
        self._is_news = False  # what was changed holds for the next recording only
        self._waits_for_end = False
        self._is_behind = False  # the cameras could not be opened as the draft says

    def _look_at_rig(self) -> None:
        self.snapshot = self.control.snapshot()
        if self._is_undecided:
            self.snapshot = replace(self.snapshot, busy=LOOKING)

    # -- drafts -------------------------------------------------------------------------------

    def lay(self, draft: Draft) -> None:
        """Put another draft on the desk; the cameras are not touched."""
        self.draft = draft
        self.drafts += 1
        self.selection.follow(draft.camera_names)
        self._apply_at, self._waits_for_end, self._is_undecided = None, False, False
        self._remember()

    def _remember(self) -> None:
        if self.draft.path is not None:
            self.preferences.remember(self.draft.path)
            self.preferences.draft = self.draft.path

    def open(self, path: Path) -> None:
        """Open a config, and its cameras.

        Raises
        ------
        ConfigError
            It is not valid, or a recording goes on; the one on the desk stays.
        """
        self._require_idle()
        self.lay(Draft.open(path))
        self.apply()

    def new(self, source: Any = "synthetic", name: str = "camera") -> None:
        """Begin a config with one camera, and open it.

        Raises
        ------
        ConfigError
            A recording goes on.
        """
        self._require_idle()
        self.lay(Draft.new(source, name))
        self.apply()

    def _require_idle(self) -> None:
        self._look_at_rig()
        if self.snapshot.is_recording:
            raise ConfigError("a recording goes on; stop it before other cameras are opened")

    def save(self, path: Path | None = None, force: bool = False) -> None:
        """Write the config; what was typed is valid, or this says what is not.

        Raises
        ------
        ConfigError, NotSaved, WriterError
        """
        self.draft.save(path, force)
        self._remember()

    # -- edits --------------------------------------------------------------------------------

    def edited(self, keys: Sequence[str]) -> None:
        """Apply what was changed in the draft, in a moment."""
        self.selection.follow(self.draft.camera_names)
        if not _is_setting(keys):
            self._is_news = True
        self._apply_soon(APPLY_S)

    def moved(self, camera: str, name: str, value: float) -> None:
        """Set a property of a camera, now and in the config."""
        self.control.set(camera, name, value)
        if camera in self.draft.camera_names:
            whole = int(value) if float(value).is_integer() else value
            self.draft.set(whole, "cameras", camera, "settings", name)
            # Also as a whole: the rig opens a camera that was lost with what it was told.
            self._apply_soon(APPLY_S)

    def crop(self, camera: str, crop: tuple[int, int, int, int] | None) -> None:
        """Record this part of the camera's picture only; None is all of it."""
        self.draft.set(None if crop is None else list(crop), "cameras", camera, "crop")
        self._is_news = True
        self._apply_soon(0.0)

    def _apply_soon(self, after_s: float) -> None:
        self._is_undecided = False
        self._apply_at = self.clock() + after_s

    # -- to the cameras -----------------------------------------------------------------------

    def apply(self) -> None:
        """Have the cameras opened and the next recording made as the draft says."""
        self._apply_at, self._is_undecided = None, False
        is_news, self._is_news = self._is_news, False
        if self.snapshot.is_recording:
            self._waits_for_end = True
            if is_news:
                text = "What you changed holds from the next recording on"
                self.notices.say("info", text, key="later", passes=True)
            return
        config = self.config()
        if config is not None:  # else the field says what is wrong, and `blocked` that it is
            self.control.open(config, self._rig_name())

    def config(self) -> Config | None:
        """Return what the cameras are to be opened with; None if the draft is not valid."""
        try:
            return (self.draft if self.writes else unwritten(self.draft)).config()
        except ConfigError:
            return None

    def _rig_name(self) -> str:
        if self.draft.path is not None:
            return name_of(self.draft.path)
        return NAME if self.writes else PREVIEW

    def says(self, config: Config) -> bool:
        """Return whether the cameras would be opened with just this config."""
        own = self.config()
        return own is not None and own.private() == config.private()

    def reopen(self) -> None:
        """Close all cameras and open them again."""
        self._look_at_rig()
        if self.snapshot.is_recording:
            return
        if wrong := config_problems(self.draft.problems()):
            text = f"The cameras stay as they are: {wrong}"
            self.notices.say("warn", text, key="reopen", passes=True)
            return
        if self.snapshot.is_attached:
            self.control.stop_rig()
        self.apply()

    def _apply_what_is_due(self, now: float) -> None:
        snapshot = self.snapshot
        if self._waits_for_end and snapshot.status is not None and snapshot.is_attached:
            if snapshot.status.state not in ("recording", "finishing", "ended"):
                self._waits_for_end, self._apply_at = False, now
        elif snapshot.phase == "gone":  # ended by somebody, who does not want it opened again
            self._waits_for_end = False
        if self._apply_at is not None and now >= self._apply_at:
            self.apply()


def unwritten(draft: Draft) -> Draft:
    """Return the same cameras with nothing to write."""
    draft = draft.copy()
    for name in draft.camera_names:
        draft.set(None, "cameras", name, "recording")
    draft.set("none", "recording", "format")
    return draft


def _is_setting(keys: Sequence[str]) -> bool:
    """Whether it is a camera's property, which takes effect at once, also while it records."""
    return len(keys) >= 3 and keys[0] == "cameras" and keys[2] == "settings"
