"""The main window: puts the views together and takes them to the desk and back.

One timer drives everything. Frames are pulled at up to 30 Hz, and only for tiles on the screen.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import QByteArray, QEvent, QPoint, QRect, Qt, QTimer, QUrl
from PyQt5.QtGui import QDesktopServices
from PyQt5.QtWidgets import (
    QApplication,
    QMainWindow,
    QScrollArea,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ui.application import apply_theme
from ui.model.title import title
from ui.theme import DARK, GAP_PX, LIGHT
from ui.views import dialogs
from ui.views.camera_panel import CameraPanel
from ui.views.deeds import Deeds
from ui.views.grid import TileGrid
from ui.views.health import HealthBar
from ui.views.levels_panel import LevelsPanel
from ui.views.menus import Menus
from ui.views.notice_bar import NoticeBar
from ui.views.pictures import Pictures
from ui.views.recording_panel import RecordingPanel
from ui.views.result_strip import ResultStrip
from ui.views.topbar import TopBar

if TYPE_CHECKING:
    from PyQt5.QtGui import QCloseEvent, QKeyEvent

    from ui.model.desk import Desk
    from ui.theme import Theme

FRAME_MS = 33
"""Thirty pictures a second; what the eye takes for live."""
DESK_EVERY = 3
SLOW_EVERY = 15
SIDE_PX = 348
SMALLEST_PX = (760, 480)
USUAL_PX = (1280, 800)


class MainWindow(QMainWindow):
    """What `recorder gui`, `preview` and `attach` open.

    Parameters
    ----------
    desk
        What is known and done.
    theme
        How it looks at first.
    """

    def __init__(self, desk: Desk, theme: Theme) -> None:
        super().__init__()
        self.desk = desk
        self.theme = theme
        self._build(theme)
        self.pictures = Pictures(desk, self.grid, self.levels)
        self.deeds = Deeds(self)
        self.menus = Menus(self)
        self._connect()
        self._drafts = -1
        self._ticks = 0
        self._closes_when_done = self._closes_unasked = False
        self._restore()
        self._show_draft()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start(FRAME_MS)

    # -- what it is made of -------------------------------------------------------------------

    def _build(self, theme: Theme) -> None:
        self.topbar, self.notice_bar = TopBar(theme), NoticeBar(theme)
        self.grid, self.health = TileGrid(theme), HealthBar(theme)
        self.camera_panel, self.recording_panel = CameraPanel(theme), RecordingPanel(theme)
        self.levels, self.result = LevelsPanel(theme), ResultStrip(theme)
        self.side = QWidget()
        self.side.setMinimumWidth(SIDE_PX)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.setAccessibleName("settings")
        for panel, name, tip in (
            (self.camera_panel, "C&amera", "Which camera, and how it is set"),
            (self.recording_panel, "Recor&ding", "Where and how it is recorded"),
            (_padded(self.levels), "&Picture", "How it is shown; the files are not changed by it"),
        ):
            self.tabs.addTab(_scrolling(panel), name)
            self.tabs.setTabToolTip(self.tabs.count() - 1, tip)
        column = QVBoxLayout(self.side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.tabs, 1)
        column.addWidget(self.result)
        self.splitter = QSplitter(Qt.Horizontal)
        self.splitter.addWidget(self.grid)
        self.splitter.addWidget(self.side)
        self.splitter.setStretchFactor(0, 1)
        self.splitter.setChildrenCollapsible(False)
        self._lay_out()

    def _lay_out(self) -> None:
        middle = QWidget()
        layout = QVBoxLayout(middle)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.topbar)
        layout.addWidget(self.notice_bar)
        layout.addWidget(self.splitter, 1)
        layout.addWidget(self.health)
        self.setCentralWidget(middle)
        self.setMinimumSize(*SMALLEST_PX)
        self.resize(*USUAL_PX)
        self.splitter.setSizes([USUAL_PX[0] - SIDE_PX, SIDE_PX])

    def _connect(self) -> None:
        desk, deeds = self.desk, self.deeds
        self.topbar.recordRequested.connect(desk.record)
        self.topbar.stopRequested.connect(desk.stop)
        self.notice_bar.seen.connect(desk.notices.seen)
        self.grid.selected.connect(self._select)
        self.grid.cropRequested.connect(desk.crop)
        self.grid.snapshotRequested.connect(desk.photograph)
        self.grid.fullScreenRequested.connect(deeds.show_full_screen)
        self.grid.levelsAutoRequested.connect(self.pictures.fit_levels)
        self.grid.toolChanged.connect(lambda _, tool: self._show_tool(tool))
        self.health.selected.connect(self._select_row)
        self.health.collapsed.connect(lambda is_on: self.menus.check("traces", not is_on))
        self.levels.levelsChanged.connect(self.pictures.set_levels)
        self.levels.autoRequested.connect(self.pictures.fit_levels)
        self.levels.marksToggled.connect(lambda is_on: deeds.switch("marks", is_on))
        self.levels.crosshairToggled.connect(lambda is_on: deeds.switch("crosshair", is_on))
        self.levels.gridToggled.connect(lambda is_on: deeds.switch("grid", is_on))
        for panel in (self.camera_panel, self.recording_panel):
            panel.edited.connect(self._edited)
        self.camera_panel.cameraChosen.connect(self._select)
        self.camera_panel.listRequested.connect(deeds.list_cameras)
        self.camera_panel.cropToolRequested.connect(deeds.do_crop)
        self.camera_panel.settingMoved.connect(desk.moved)
        self.recording_panel.openFolderRequested.connect(self.open_folder)
        self.recording_panel.verifyToggled.connect(self._set_verify)
        self.result.openFolderRequested.connect(self.open_folder)
        self.result.verifyRequested.connect(desk.check_last)

    # -- what it remembers --------------------------------------------------------------------

    def _restore(self) -> None:
        preferences = self.desk.preferences
        if preferences.geometry:
            self.restoreGeometry(QByteArray.fromBase64(preferences.geometry.encode()))
        self._keep_on_screen()
        if preferences.layout:
            self.splitter.restoreState(QByteArray.fromBase64(preferences.layout.encode()))
        self.health.set_collapsed(preferences.traces_collapsed)
        self.menus.check("traces", not preferences.traces_collapsed)
        self.menus.check("light", self.theme.name == LIGHT.name)
        self.menus.check("side", True)
        self.recording_panel.set_verify(preferences.verify_after_stop)
        if not self.desk.writes:
            self.tabs.setTabVisible(1, False)
            self.result.hide()

    def _keep_on_screen(self) -> None:
        """Fit into the screen: the last one may have been larger, or stood elsewhere."""
        screen = QApplication.primaryScreen()
        room = screen.availableGeometry() if screen is not None else self.geometry()
        if room.contains(self.geometry()) and self.desk.preferences.geometry:
            return
        size = self.size().boundedTo(room.size())
        self.resize(size)
        self.move(room.center() - QRect(QPoint(), size).center())

    def _remember(self) -> None:
        preferences = self.desk.preferences
        preferences.geometry = bytes(self.saveGeometry().toBase64()).decode()
        preferences.layout = bytes(self.splitter.saveState().toBase64()).decode()
        preferences.traces_collapsed = self.health.is_collapsed
        preferences.theme = self.theme.name

    def _set_verify(self, is_on: bool) -> None:
        self.desk.preferences.verify_after_stop = is_on

    # -- a few times a second -----------------------------------------------------------------

    def _tick(self) -> None:
        self._ticks += 1
        is_visible = self.isVisible() and not self.isMinimized()
        if self._ticks % DESK_EVERY == 0:
            self.desk.tick(is_visible)
            self._show_desk()
        if is_visible:
            self.pictures.pull()
            if self._ticks % SLOW_EVERY == 0:
                self.pictures.show_histogram()
        if self._closes_when_done and not self.desk.snapshot.is_recording:
            self.close_unasked()

    def _show_desk(self) -> None:
        desk, snapshot = self.desk, self.desk.snapshot
        if desk.drafts != self._drafts:
            self._show_draft()
        status = snapshot.status
        self.topbar.set_blocked(None if snapshot.is_recording else desk.blocked())
        self.topbar.show_status(status, snapshot.busy)
        self.notice_bar.show_notices(desk.notices.shown())
        self.health.show_status(status, desk.losses.words())
        self.health.show_traces(desk.traces, desk.clock())
        self.camera_panel.set_recording(snapshot.is_recording)
        self.recording_panel.set_recording(snapshot.is_recording)
        self._show_cameras()
        self.result.show_result(desk.last_files, desk.verdict, snapshot.is_recording)
        self.menus.enable(self._can())
        self._show_title()

    def _show_cameras(self) -> None:
        snapshot = self.desk.snapshot
        for camera in snapshot.status.cameras if snapshot.status else ():
            if camera.name in self.grid.names():
                self.grid.tile(camera.name).show_status(camera)
        for name, details in snapshot.details.items():
            self.pictures.orient(name, details)
            self.camera_panel.show_controls(name, details.controls)
            self.camera_panel.show_details(name, details.notes)
        for was in self.desk.was_set:
            self.camera_panel.show_obtained(was.camera, was.name, was.asked, was.obtained)
        self.desk.was_set.clear()
        self.deeds.take_list()

    def _can(self) -> set[str]:
        """Return what actions may need and have now; see `Action.needs`."""
        snapshot = self.desk.snapshot
        has = {
            "rig": snapshot.is_attached,
            "camera": self.grid.selection() is not None,
            "idle": not snapshot.is_recording,
            "files": bool(self.desk.last_files),
        }
        return {""} | {name for name, is_so in has.items() if is_so}

    # -- the draft ----------------------------------------------------------------------------

    def _show_draft(self) -> None:
        desk = self.desk
        self._drafts = desk.drafts
        self.camera_panel.set_draft(desk.draft)
        self.recording_panel.set_draft(desk.draft)
        self._follow_draft()

    def _edited(self, keys: tuple[str, ...]) -> None:
        self.desk.edited(keys)
        self._follow_draft()
        other = self.sender()
        for panel in (self.camera_panel, self.recording_panel):
            if panel is not other:
                panel.show_draft()  # a name template shows the cameras' names, and so on

    def _follow_draft(self) -> None:
        """Show what depends on the config itself."""
        desk = self.desk
        names = desk.draft.camera_names
        if names != self.grid.names():
            self.grid.set_cameras(names)
            self.pictures.forget_all_but(names)
            for key in ("marks", "crosshair", "grid"):
                self.deeds.switch(key, self.menus.is_checked(key))
        if self.grid.selection() not in names and names:
            self._select(names[0])
        self.topbar.set_planned(desk.draft.get("recording", "duration"))
        self._show_title()

    def _show_title(self) -> None:
        self.setWindowTitle(title(self.desk))

    # -- what is asked for --------------------------------------------------------------------

    def _select(self, name: str) -> None:
        if name not in self.grid.names():
            return
        if self.grid.selection() != name:
            self.grid.select(name)
        if self.camera_panel.camera != name:
            self.camera_panel.set_camera(name)
        self.health.select(name)
        self.pictures.select(name)

    def _select_row(self, name: object) -> None:
        if isinstance(name, str) and name in self.grid.names():
            self._select(name)
        else:
            self.health.select(None)

    def _show_tool(self, tool: str) -> None:
        self.menus.check("crop", tool == "crop")
        self.camera_panel.set_crop_tool(tool == "crop")

    def open_folder(self, folder: str) -> None:
        """Show a folder in the file manager."""
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(folder)):
            self.desk.notices.say("warn", f"No file manager opens {folder}", key="folder")

    def show_problem(self, text: str) -> None:
        """Say what went wrong in the window itself, until it is seen."""
        self.desk.notices.say("bad", text)

    def saved(self) -> None:
        """Show that the config was written."""
        self._show_title()
        text = f"Saved {self.desk.draft.path}"
        self.desk.notices.say("info", text, key="saved", passes=True)

    def set_theme(self, theme: Theme) -> None:
        """Take other colours, everywhere."""
        self.theme = theme
        app = QApplication.instance()
        if isinstance(app, QApplication):
            apply_theme(app, theme)
        for view in (
            *(self.topbar, self.notice_bar, self.grid, self.health, self.levels, self.result),
            *(self.camera_panel, self.recording_panel),
        ):
            view.set_theme(theme)

    def set_light(self, is_on: bool) -> None:
        """Take light colours, or dark ones."""
        self.set_theme(LIGHT if is_on else DARK)

    # -- Qt's own -----------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space records where nothing else wants it; Esc leaves what is alone."""
        if event.key() == Qt.Key_Space and not event.isAutoRepeat():
            self.deeds.do_record()
        elif event.key() == Qt.Key_Escape:
            self.deeds.leave()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        """Keep the menu's mark where the window manager changes the state."""
        super().changeEvent(event)
        if event.type() == QEvent.WindowStateChange:
            self.menus.check("full_screen", self.isFullScreen())

    def close_unasked(self) -> None:
        """Close without a question; a recording goes on in the background."""
        self._closes_unasked = True
        self.close()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask, if something would be lost or goes on; then let go of everything."""
        if not self._closes_unasked and not self._may_close():
            event.ignore()
            return
        self._timer.stop()
        self.deeds.close()
        self._remember()
        self.desk.close()
        event.accept()

    def _may_close(self) -> bool:
        if self.desk.snapshot.is_recording:
            answer = dialogs.ask_closing(self)
            if answer == "finish":
                self._closes_when_done = True
                self.desk.stop()
                self.setEnabled(False)
            return answer == "leave"
        if self.desk.draft.is_changed and self.desk.draft.path is not None:
            answer = dialogs.ask_saving(self, self.desk.draft.path)
            if answer == "save":
                return self.deeds.do_save()
            return answer == "discard"
        return True


def _scrolling(panel: QWidget) -> QWidget:
    if isinstance(panel, QScrollArea):
        return panel
    area = QScrollArea()
    area.setWidgetResizable(True)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
    area.setFocusPolicy(Qt.NoFocus)
    area.setWidget(panel)
    return area


def _padded(panel: QWidget) -> QWidget:
    box = QWidget()
    layout = QVBoxLayout(box)
    layout.setContentsMargins(GAP_PX, GAP_PX, GAP_PX, GAP_PX)
    layout.addWidget(panel)
    layout.addStretch(1)
    return box
