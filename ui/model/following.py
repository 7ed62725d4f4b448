"""What comes to the desk from outside: rigs that have their config, and connected cameras."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ui.model.cameras import CameraFinder
from ui.model.connected import Connected, first
from ui.model.draft import Draft
from ui.model.drafting import Drafting

if TYPE_CHECKING:
    from recorder.cameras.listing import CameraListing
    from ui.model.control import Control
    from ui.model.preferences import Preferences
    from ui.model.snapshot import Attached, Changed


class Following(Drafting):
    """A draft that follows what it finds. See `Desk` for the parameters."""

    def __init__(
        self,
        control: Control,
        preferences: Preferences,
        draft: Draft,
        writes: bool,
        clock: Callable[[], float],
        finder: CameraFinder | None,
    ) -> None:
        super().__init__(control, preferences, draft, writes, clock)
        self._connected = Connected(finder or CameraFinder())

    # -- what a rig was told ------------------------------------------------------------------

    def _take_found(self, event: Attached) -> None:
        """Show what a rig that runs already was told, and keep the draft if it says the same."""
        self._is_undecided = False
        path, text = self.draft.path, f"{event.name} runs already; this window is attached to it"
        if not self.says(event.config):
            self.lay(Draft.from_config(event.config))
            if path is not None:
                text += f", and shows its config, which is not that of {path.name}"
        self.notices.say("info", text, key="attached", passes=True)

    def _follow(self, event: Changed) -> None:
        """Show what another window told the rig, or say that what is shown is not that."""
        is_ours_coming = self._apply_at is not None or self._waits_for_end
        if is_ours_coming or self.config() is None or self.says(event.config):
            return
        text, remedy = "Another window has changed the config of the cameras", ""
        if self.draft.path is None:
            self.lay(Draft.from_config(event.config))
        else:
            remedy = f"The next change made here brings back what {self.draft.path.name} says."
        self.notices.say("info", text, remedy, key="changed", passes=True)

    # -- connected cameras --------------------------------------------------------------------

    def list_cameras(self) -> None:
        """Look which cameras are connected; `take_cameras` has them in a moment."""
        self._connected.look()

    def take_cameras(self) -> list[CameraListing] | None:
        """Return a list that has become ready since the last call, or None."""
        return self._connected.take()

    def begin_with_camera(self) -> None:
        """Open the first connected camera, or the synthetic one; `tick` does when it is known."""
        self._is_undecided = True
        self._look_at_rig()
        self.list_cameras()

    def _take_connected(self) -> None:
        found = self._connected.poll()
        if found is None:
            return
        if self._connected.problem:
            self.notices.say("warn", self._connected.problem, key="list", passes=True)
        if self._is_undecided:
            source, why = first(found)
            self.new(source)
            if why:
                remedy = "Plug one in, and choose it under Camera, Source."
                text = f"{why}; this picture is made up"
                self.notices.say("info", text, remedy, key="synthetic", passes=True)
