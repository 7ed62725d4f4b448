"""Where the window stands and how it is divided, from one time to the next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PyQt5.QtCore import QByteArray, QPoint, QRect
from PyQt5.QtWidgets import QApplication

from ui.theme import LIGHT
from ui.views.workbench import SIDE_PX

if TYPE_CHECKING:
    from ui.views.window import MainWindow

SMALLEST_PX = (760, 480)
USUAL_PX = (1280, 800)


def restore(window: MainWindow) -> None:
    """Stand where the last window stood, if that is on a screen of now."""
    preferences, bench = window.desk.preferences, window.bench
    window.setMinimumSize(*SMALLEST_PX)
    window.resize(*USUAL_PX)
    bench.splitter.setSizes([USUAL_PX[0] - SIDE_PX, SIDE_PX])
    if preferences.geometry:
        window.restoreGeometry(_from_text(preferences.geometry))
    _keep_on_screen(window)
    if preferences.layout:
        bench.splitter.restoreState(_from_text(preferences.layout))
    bench.health.set_collapsed(preferences.traces_collapsed)
    window.menus.check("traces", not preferences.traces_collapsed)
    window.menus.check("light", window.theme.name == LIGHT.name)
    window.menus.check("side", True)
    bench.recording_panel.set_verify(preferences.verify_after_stop)


def remember(window: MainWindow) -> None:
    """Take note of how it stands now."""
    preferences, bench = window.desk.preferences, window.bench
    window.deeds.leave()  # nobody wants the next one to begin in full screen
    preferences.geometry = _to_text(window.saveGeometry())
    preferences.layout = _to_text(bench.splitter.saveState())
    preferences.traces_collapsed = bench.health.is_collapsed
    preferences.theme = window.theme.name


def _keep_on_screen(window: MainWindow) -> None:
    """Fit into the screen: the last one may have been larger, or stood elsewhere."""
    rooms = [screen.availableGeometry() for screen in QApplication.screens()]
    if window.desk.preferences.geometry and (
        window.isMaximized() or any(room.contains(window.geometry()) for room in rooms)
    ):
        return
    room = QApplication.primaryScreen().availableGeometry()
    size = window.size().boundedTo(room.size())
    window.resize(size)
    window.move(room.center() - QRect(QPoint(), size).center())


def _to_text(data: QByteArray) -> str:
    return bytes(data.toBase64()).decode()


def _from_text(text: str) -> QByteArray:
    return QByteArray.fromBase64(text.encode())
