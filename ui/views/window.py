"""The main window: puts the views together and takes them to the desk and back.

One timer drives everything. Frames are pulled at up to 30 Hz, and only for tiles on the screen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PyQt5.QtCore import QEvent, Qt, QTimer, QUrl, pyqtSignal
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import QApplication, QMainWindow

from ui.application import apply_theme
from ui.theme import DARK, LIGHT
from ui.views import places
from ui.views.deeds import Deeds
from ui.views.leaving import Leaving
from ui.views.menus import Menus
from ui.views.pictures import Pictures
from ui.views.showing import Showing
from ui.views.workbench import Workbench

if TYPE_CHECKING:
    from PyQt5.QtGui import QCloseEvent, QKeyEvent

    from ui.model.desk import Desk
    from ui.theme import Theme

FRAME_MS = 33
"""Thirty pictures a second; what the eye takes for live."""
DESK_EVERY = 3
SLOW_EVERY = 15


class MainWindow(QMainWindow):
    """What `recorder gui`, `preview` and `attach` open.

    Parameters
    ----------
    desk
        What is known and done.
    theme
        How it looks at first.
    tell
        Says a line where it was started from.
    """

    due = pyqtSignal()
    """A few times a second. Signals, as an error in one slot leaves the others alone."""
    pictureDue = pyqtSignal(str)
    """For every camera that can be seen, as often as there are pictures."""
    histogramDue = pyqtSignal()

    def __init__(
        self, desk: Desk, theme: Theme, tell: Callable[[str], None] = lambda _: None
    ) -> None:
        super().__init__()
        self.desk = desk
        self.theme = theme
        self.bench = Workbench(theme)
        self.setCentralWidget(self.bench)
        self.pictures = Pictures(desk, self.bench.grid, self.bench.levels)
        self.leaving = Leaving(self, tell)
        self.deeds = Deeds(self)
        self.menus = Menus(self)
        self.showing = Showing(self)
        self._connect()
        self._connect_panels()
        self._connect_time()
        places.restore(self)
        if not desk.writes:
            self.bench.hide_recording()
        self.showing.show_draft()

    def _connect(self) -> None:
        desk, deeds, bench, grid = self.desk, self.deeds, self.bench, self.bench.grid
        bench.topbar.recordRequested.connect(desk.record)
        bench.topbar.stopRequested.connect(desk.stop)
        bench.notice_bar.seen.connect(desk.notices.seen)
        grid.chosen.connect(self.select)
        grid.cropRequested.connect(desk.crop)
        grid.snapshotRequested.connect(desk.photograph)
        grid.fullScreenRequested.connect(deeds.show_full_screen)
        grid.levelsAutoRequested.connect(self._fit_levels)
        grid.toolChanged.connect(lambda _name, _tool: deeds.show_tool())
        bench.health.selected.connect(self._select_row)
        bench.health.collapsed.connect(lambda is_on: self.menus.check("traces", not is_on))
        bench.result.openFolderRequested.connect(self.open_folder)
        bench.result.verifyRequested.connect(desk.check_last)

    def _connect_panels(self) -> None:
        desk, deeds, bench = self.desk, self.deeds, self.bench
        bench.levels.levelsChanged.connect(self.pictures.set_levels)
        bench.levels.autoRequested.connect(self.pictures.fit_levels)
        bench.levels.marksToggled.connect(deeds.do_marks)
        bench.levels.crosshairToggled.connect(deeds.do_crosshair)
        bench.levels.gridToggled.connect(deeds.do_grid)
        for panel in (bench.camera_panel, bench.recording_panel):
            panel.edited.connect(partial(self.showing.edited, panel))
        bench.camera_panel.cameraChosen.connect(self.select)
        bench.camera_panel.listRequested.connect(deeds.list_cameras)
        bench.camera_panel.cropToolRequested.connect(deeds.do_crop)
        bench.camera_panel.settingMoved.connect(desk.moved)
        bench.recording_panel.openFolderRequested.connect(self.open_folder)
        bench.recording_panel.verifyToggled.connect(self._set_verify)

    def _connect_time(self) -> None:
        self.due.connect(lambda: self.desk.tick(self._is_seen()))
        for step in (*self.showing.steps(), self.leaving.look):
            self.due.connect(step)
        self.pictureDue.connect(self.pictures.pull)
        self.histogramDue.connect(self.pictures.show_histogram)
        self._ticks = 0
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(FRAME_MS)

    def _tick(self) -> None:
        self._ticks += 1
        if self._ticks % DESK_EVERY == 0:
            self.due.emit()
        if self._is_seen():
            # With several cameras in turn, so that not all are painted at once.
            every = self.desk.picture_every
            for number, name in enumerate(self.bench.grid.shown()):
                if (self._ticks + number) % every == 0:
                    self.pictureDue.emit(name)
            if self._ticks % SLOW_EVERY == 0:
                self.histogramDue.emit()

    def _is_seen(self) -> bool:
        return self.isVisible() and not self.isMinimized()

    # -- what is asked for --------------------------------------------------------------------

    def select(self, name: str) -> None:
        """Have every view be about this camera."""
        if self.desk.selection.choose(name):
            self.show_selection()

    def show_selection(self) -> None:
        """Show in every view which camera is selected."""
        name = self.desk.selection.name
        self.bench.grid.show_selected(name)
        if name is not None and self.bench.camera_panel.camera != name:
            self.bench.camera_panel.set_camera(name)
        self.bench.health.select(name)
        self.pictures.show_selection()
        self.deeds.show_tool()

    def _fit_levels(self, name: str) -> None:
        self.select(name)
        self.pictures.fit_levels()

    def _select_row(self, name: str | None) -> None:
        if name is not None:
            self.select(name)

    def _set_verify(self, is_on: bool) -> None:
        self.desk.preferences.verify_after_stop = is_on

    def open_folder(self, folder: str) -> None:
        """Show a folder in the file manager."""
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(folder)):
            self.desk.notices.say("warn", f"No file manager opens {folder}", key="folder")

    def show_problem(self, text: str) -> None:
        """Say what went wrong in the window itself, until it is seen."""
        self.desk.notices.say("bad", text)

    def set_light(self, is_on: bool) -> None:
        """Take light colours, or dark ones."""
        self.theme = LIGHT if is_on else DARK
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, self.theme)
        self.bench.set_theme(self.theme)

    # -- Qt's own -----------------------------------------------------------------------------

    def event(self, event: QEvent) -> bool:
        """Keep keys that somebody types into a table from being shortcuts."""
        if event.type() == QEvent.ShortcutOverride and self.menus.is_typed(event):
            event.accept()
            return True
        return super().event(event)

    def focusNextPrevChild(self, is_next: bool) -> bool:
        """Have Tab go as one reads."""
        return self.bench.move_keyboard(1 if is_next else -1)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take what nothing else wants: Space, Esc, and the cameras' numbers."""
        if not self.deeds.key(event):
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Show everything again where it was the window manager that left full screen."""
        super().changeEvent(event)
        if event.type() == QEvent.WindowStateChange and not self.isFullScreen():
            self.deeds.has_left_full_screen()

    def close_unasked(self) -> None:
        """Close without a question; a recording goes on in the background."""
        self.leaving.close_unasked()

    def obey(self, number: int, has_terminal: bool) -> bool:
        """Do what a signal asks for; see `Leaving.obey`."""
        return self.leaving.obey(number, has_terminal)

    def part(self) -> None:
        """Say what goes on without the window, before it goes."""
        self.leaving.part()

    @property
    def exit_code(self) -> int:
        """Of the command that opened it."""
        return self.leaving.exit_code

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask, if something would be lost or goes on; then let go of everything."""
        if not self.leaving.may_close():
            event.ignore()
            return
        self._timer.stop()
        self.part()
        places.remember(self)
        self.desk.close()
        event.accept()
