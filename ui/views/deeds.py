"""What the window does when an action is asked for: a method for each, ``do_KEY``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import Qt

from recorder.errors import RecorderError
from ui.model.draft import NotSaved
from ui.model.wording import not_opened
from ui.views import dialogs
from ui.views.looks import Looks

if TYPE_CHECKING:
    from PyQt5.QtGui import QKeyEvent

    from ui.views.window import MainWindow


class Deeds(Looks):
    """See `ui.views.actions`."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._desk = window.desk
        self._desk.list_cameras()

    def key(self, event: QKeyEvent) -> bool:
        """Take a key that nothing else wanted; say if it means something."""
        number = event.key() - Qt.Key_1
        if event.key() == Qt.Key_Space:
            if not event.isAutoRepeat():
                self.do_record()
        elif event.key() == Qt.Key_Escape:
            self.leave()
        elif 0 <= number < 9 and not event.modifiers() & ~Qt.KeypadModifier:
            self._window.select("".join(self._bench.grid.names()[number : number + 1]))
        else:
            return False
        return True

    # -- config -------------------------------------------------------------------------------

    def do_new(self) -> None:
        """Begin a config."""
        if self._window.leaving.may_drop_config():
            self._desk.new()

    def do_open(self) -> None:
        """Ask for a config, and open it."""
        path = dialogs.choose_config(self._window, self._desk.preferences.last_folder)
        if path is not None:
            self.open_path(path)

    def open_path(self, path: Path) -> None:
        """Open a config; what is wrong with it is said, and the one that is open stays."""
        if not self._window.leaving.may_drop_config():
            return
        self._desk.preferences.last_folder = path.parent
        try:
            self._desk.open(path)
        except (RecorderError, OSError) as error:
            self._desk.notices.say("bad", not_opened(path.name, path, error), key="open")

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
        self._window.showing.follow_draft()
        self._desk.notices.say("info", f"Saved {self._desk.draft.path}", key="saved", passes=True)
        return True

    def do_quit(self) -> None:
        """Close the window."""
        self._window.close()

    # -- recording ----------------------------------------------------------------------------

    def do_record(self) -> None:
        """Begin a recording, or end it."""
        if self._desk.snapshot.is_recording:
            self._desk.stop()
        elif (reason := self._desk.blocked()) is not None and not self._desk.can_wait:
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
        name = self._selected()
        if name is not None:
            self._desk.photograph(name, suffix)

    def do_crop(self, is_on: bool) -> None:
        """Draw the crop with the mouse, or stop drawing it."""
        name = self._selected()
        if name is not None and not (is_on and self._refuses_crop(name)):
            self._bench.grid.tile(name).set_tool("crop" if is_on else "look")
        self.show_tool()

    def do_whole(self) -> None:
        """Record all of the picture again."""
        name = self._selected()
        if name is not None and not self._refuses_crop(name):
            self._desk.crop(name, None)

    def _refuses_crop(self, name: str) -> bool:
        """Say why there is nothing to be cropped now, if there is not."""
        reason = ""
        if self._desk.snapshot.is_recording:
            reason = "The crop cannot be changed while it is recorded"
        elif self._bench.grid.tile(name).frame() is None:
            reason = f"{name}: there is no picture yet to crop"
        if reason:
            self._desk.notices.say("info", reason, key="crop", passes=True)
        return bool(reason)

    def do_auto_levels(self) -> None:
        """Fit the levels once."""
        self._window.pictures.fit_levels()

    def do_full_levels(self) -> None:
        """Show every grey level."""
        self._window.pictures.set_levels(None)

    # -- rig and help -------------------------------------------------------------------------

    def do_reopen(self) -> None:
        """Open the cameras again."""
        self._desk.reopen()

    def attach(self, name: str) -> None:
        """Look at another rig that runs; the one that was looked at goes on if it records."""
        if self._window.leaving.may_drop_config():
            self._desk.control.attach(name)

    def do_close_cameras(self) -> None:
        """Close the cameras."""
        if self._desk.snapshot.is_attached:
            self._desk.control.stop_rig()

    def do_keys(self) -> None:
        """Show what the keyboard does."""
        dialogs.show_keys(self._window)

    def list_cameras(self) -> None:
        """Look once more which cameras are connected."""
        self._desk.list_cameras()

    def take_list(self) -> None:
        """Show a list of cameras that has become ready."""
        found = self._desk.take_cameras()
        if found is not None:
            self._bench.camera_panel.set_found([asdict(camera) for camera in found])
