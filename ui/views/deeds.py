"""What the window does when an action is asked for: a method for each, ``do_KEY``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from recorder.errors import RecorderError
from ui.model.cameras import CameraFinder
from ui.model.draft import NotSaved
from ui.views import dialogs

if TYPE_CHECKING:
    from ui.views.window import MainWindow


class Deeds:
    """See `ui.views.actions`."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._desk = window.desk
        self._finder = CameraFinder()
        self._finder.start()

    def close(self) -> None:
        """End what still runs."""
        self._finder.close()

    # -- config -------------------------------------------------------------------------------

    def do_new(self) -> None:
        """Begin a config."""
        if self._may_leave():
            self._desk.new()

    def do_open(self) -> None:
        """Ask for a config, and open it."""
        path = dialogs.choose_config(self._window, self._desk.preferences.last_folder)
        if path is not None:
            self.open_path(path)

    def open_path(self, path: Path) -> None:
        """Open a config; what is wrong with it is said, and the one that is open stays."""
        if not self._may_leave():
            return
        self._desk.preferences.last_folder = path.parent
        try:
            self._desk.open(path)
        except (RecorderError, OSError) as error:
            self._desk.notices.say("bad", f"{path.name} cannot be opened: {error}", key="open")

    def _may_leave(self) -> bool:
        draft = self._desk.draft
        if not draft.is_changed or draft.path is None:
            return True
        answer = dialogs.ask_saving(self._window, draft.path)
        return self.do_save() if answer == "save" else answer == "discard"

    def do_save(self) -> bool:
        """Write the config where it came from; return whether it was written."""
        if self._desk.draft.path is None:
            return self.do_save_as()
        return self._save(None)

    def do_save_as(self) -> bool:
        """Ask where, and write the config; return whether it was written."""
        draft = self._desk.draft
        folder = self._desk.preferences.last_folder or Path.cwd()
        path = dialogs.choose_target(self._window, draft.path or folder / "recording.yaml")
        if path is None:
            return False
        self._desk.preferences.last_folder = path.parent
        return self._save(path)

    def _save(self, path: Path | None) -> bool:
        try:
            try:
                self._desk.save(path, force=path is not None)
            except NotSaved as error:
                if not dialogs.ask_overwriting(self._window, str(error)):
                    return False
                self._desk.save(path, force=True)
        except (RecorderError, OSError) as error:
            self._desk.notices.say("bad", f"The config is not saved: {error}", key="save")
            return False
        self._window.saved()
        return True

    def do_quit(self) -> None:
        """Close the window."""
        self._window.close()

    # -- recording ----------------------------------------------------------------------------

    def do_record(self) -> None:
        """Begin a recording, or end it."""
        if self._desk.snapshot.is_recording:
            self._desk.stop()
        elif (reason := self._desk.blocked()) is not None:
            self._desk.notices.say("info", f"Cannot record: {reason}", key="blocked", passes=True)
        else:
            self._desk.record()

    def do_check(self) -> None:
        """Verify the last recording."""
        self._desk.check_last()

    def do_folder(self) -> None:
        """Show the folder of the recordings."""
        folder = Path(self._desk.draft.get("recording", "folder") or ".").absolute()
        there = next(each for each in (folder, *folder.parents) if each.is_dir())
        self._window.open_folder(str(there))

    # -- the selected camera ------------------------------------------------------------------

    def do_photo(self) -> None:
        """Keep the newest frame as PNG."""
        self._photograph(".png")

    def do_photo_tiff(self) -> None:
        """Keep the newest frame as TIFF."""
        self._photograph(".tif")

    def _photograph(self, suffix: str) -> None:
        name = self._window.grid.selection()
        if name is not None:
            self._desk.photograph(name, suffix)

    def do_crop(self, is_on: bool) -> None:
        """Draw the crop with the mouse, or stop drawing it."""
        name = self._window.grid.selection()
        if self._desk.snapshot.is_recording:
            self._window.menus.check("crop", False)
            text = "The crop cannot be changed while it is recorded"
            self._desk.notices.say("info", text, key="crop", passes=True)
        elif name is not None:
            self._window.grid.tile(name).set_tool("crop" if is_on else "look")

    def do_whole(self) -> None:
        """Record all of the picture again."""
        name = self._window.grid.selection()
        if name is not None and not self._desk.snapshot.is_recording:
            self._window.grid.cropRequested.emit(name, None)

    def do_auto_levels(self) -> None:
        """Fit the levels once."""
        self._window.pictures.fit_levels()

    def do_full_levels(self) -> None:
        """Show every grey level."""
        self._window.pictures.set_levels(None)

    # -- view ---------------------------------------------------------------------------------

    def do_alone(self, is_on: bool) -> None:
        """Show one camera, or all of them."""
        grid = self._window.grid
        grid.show_alone(grid.selection() if is_on else None)

    def show_full_screen(self, name: str) -> None:
        """Show this camera and nothing else."""
        self._window.grid.select(name)
        self.do_full_screen(not self._window.isFullScreen())

    def do_full_screen(self, is_on: bool) -> None:
        """Show the selected camera and nothing else, or everything again."""
        window = self._window
        name = window.grid.selection()
        if name is None:
            return
        window.grid.show_alone(name if is_on else None)
        window.menus.check("alone", is_on)
        window.menus.check("full_screen", is_on)
        window.side.setVisible(not is_on and window.menus.is_checked("side"))
        window.health.setVisible(not is_on)
        window.menuBar().setVisible(not is_on)
        if is_on:
            window.showFullScreen()
        else:
            window.showNormal()

    def leave(self) -> None:
        """Leave full screen, or what is shown alone."""
        if self._window.isFullScreen():
            self.do_full_screen(False)
        elif self._window.grid.alone() is not None:
            self._window.menus.check("alone", False)
            self.do_alone(False)

    def do_marks(self, is_on: bool) -> None:
        """Mark saturated and black pixels."""
        self.switch("marks", is_on)

    def do_crosshair(self, is_on: bool) -> None:
        """Draw lines through the middle."""
        self.switch("crosshair", is_on)

    def do_grid(self, is_on: bool) -> None:
        """Draw lines at round numbers of pixels."""
        self.switch("grid", is_on)

    def switch(self, key: str, is_on: bool) -> None:
        """Turn something on or off in every tile, and show that it is."""
        window = self._window
        for name in window.grid.names():
            getattr(window.grid.tile(name), f"set_{key}")(is_on)
        window.menus.check(key, is_on)
        window.levels.set_switch(key, is_on)

    def do_side(self, is_on: bool) -> None:
        """Show the side panel."""
        self._window.side.setVisible(is_on)

    def do_traces(self, is_on: bool) -> None:
        """Show all of the strip at the bottom."""
        self._window.health.set_collapsed(not is_on)

    def do_light(self, is_on: bool) -> None:
        """Take light colours."""
        self._window.set_light(is_on)

    # -- rig and help -------------------------------------------------------------------------

    def do_reopen(self) -> None:
        """Open the cameras again."""
        self._desk.reopen()

    def do_close_cameras(self) -> None:
        """Close the cameras."""
        if self._desk.snapshot.is_attached:
            self._desk.control.stop_rig()

    def do_keys(self) -> None:
        """Show what the keyboard does."""
        dialogs.show_keys(self._window)

    def list_cameras(self) -> None:
        """Look once more which cameras are connected."""
        self._finder.start()

    def take_list(self) -> None:
        """Show a list of cameras that has become ready."""
        found = self._finder.poll()
        if found is not None:
            self._window.camera_panel.set_found([asdict(camera) for camera in found])
            if self._finder.problem:
                self._desk.notices.say("warn", self._finder.problem, key="list", passes=True)
