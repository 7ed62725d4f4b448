"""From the desk to the views, a few times a second."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ui.model.title import title

if TYPE_CHECKING:
    from recorder.controls import CameraDetails
    from ui.views.draft_form import DraftForm
    from ui.views.window import MainWindow


class Showing:
    """Shows in the views what the desk knows.

    Each of `steps` is a slot of its own: what goes wrong in one does not keep the next from being
    shown, and least of all the notice that says what went wrong.
    """

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._bench = window.bench
        self._desk = window.desk
        self._drafts = -1
        self._locked: tuple[bool, int] | None = None  # by a recording, for this draft
        self._details: dict[str, CameraDetails] = {}

    def steps(self) -> tuple[Callable[[], None], ...]:
        """Return what is to be done, in order."""
        first = (self._notices, self._draft, self._top, self._health, self._panels, self._tiles)
        return *first, self._cameras, self._obtained, self._result, self._menus

    def _notices(self) -> None:
        self._bench.notice_bar.show_notices(self._desk.notices.shown(), self._desk.clock())

    def _draft(self) -> None:
        if self._desk.drafts != self._drafts:
            self.show_draft()

    def _top(self) -> None:
        snapshot = self._desk.snapshot
        self._bench.topbar.set_blocked(None if snapshot.is_recording else self._desk.blocked())
        self._bench.topbar.show_status(snapshot.status, snapshot.busy)
        self._window.setWindowTitle(title(self._desk))

    def _health(self) -> None:
        desk = self._desk
        self._bench.health.show_status(desk.snapshot.status, desk.losses.words())
        self._bench.health.show_traces(desk.traces, desk.clock())

    def _panels(self) -> None:
        shown = self._desk.snapshot.is_recording, self._drafts
        if shown != self._locked:
            self._locked = shown
            for panel in (self._bench.camera_panel, self._bench.recording_panel):
                panel.set_recording(self._desk.snapshot.is_recording)

    def _tiles(self) -> None:
        status, grid = self._desk.snapshot.status, self._bench.grid
        for camera in status.cameras if status else ():
            if camera.name in grid.names():
                grid.tile(camera.name).show_status(camera)

    def _cameras(self) -> None:
        """Show what the cameras turned out to be, where it is not shown already."""
        for name, details in self._desk.snapshot.details.items():
            self._window.pictures.orient(name, details)
            if self._details.get(name) != details:
                self._details[name] = details
                self._bench.camera_panel.show_controls(name, details.controls)
                self._bench.camera_panel.show_details(name, details.notes)
        self._window.deeds.take_list()

    def _obtained(self) -> None:
        was_set, self._desk.was_set = self._desk.was_set, []
        for was in was_set:
            panel = self._bench.camera_panel
            panel.show_obtained(was.camera, was.name, was.asked, was.obtained)

    def _result(self) -> None:
        desk = self._desk
        self._bench.result.show_result(desk.last_files, desk.verdict, desk.snapshot.is_recording)

    def _menus(self) -> None:
        snapshot = self._desk.snapshot
        has = {
            "rig": snapshot.is_attached,
            "camera": self._desk.selection.name is not None,
            "idle": not snapshot.is_recording,
            "files": bool(self._desk.last_files),
        }
        self._window.menus.enable({""} | {name for name, is_so in has.items() if is_so})

    # -- the config ---------------------------------------------------------------------------

    def show_draft(self) -> None:
        """Show another config."""
        self._drafts = self._desk.drafts
        self._bench.camera_panel.set_draft(self._desk.draft)
        self._bench.recording_panel.set_draft(self._desk.draft)
        self.follow_draft()

    def edited(self, panel: DraftForm, keys: tuple[str, ...]) -> None:
        """Apply what a panel has changed in the config, and show it in the other one."""
        self._desk.edited(keys)
        self.follow_draft()
        for other in (self._bench.camera_panel, self._bench.recording_panel):
            if other is not panel:
                other.show_draft()  # a name template shows the cameras' names, and so on

    def follow_draft(self) -> None:
        """Show what depends on the config itself."""
        desk, grid = self._desk, self._bench.grid
        names = desk.draft.camera_names
        are_others = names != grid.names()
        if are_others:
            grid.set_cameras(names)
            self._window.pictures.forget_all_but(names)
        self._window.show_selection()
        if are_others:
            self._window.deeds.show_switches()
        self._bench.topbar.set_planned(desk.draft.get("recording", "duration"))
        self._window.setWindowTitle(title(desk))
