"""The menu bar, built from the table of actions."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtGui import QKeySequence
from PyQt5.QtWidgets import QAction, QMenu

from ui.views.actions import ACTIONS, MENUS, Action

if TYPE_CHECKING:
    from ui.views.window import MainWindow


class Menus:
    """Menus and shortcuts of a window; each action calls ``do_KEY`` of its deeds."""

    def __init__(self, window: MainWindow) -> None:
        self._window = window
        self._actions: dict[str, QAction] = {}
        self._menus = {name: window.menuBar().addMenu(name) for name in MENUS}
        for menu in self._menus.values():
            menu.setToolTipsVisible(True)
        for action in ACTIONS:
            self._add(action)
        self._recent = self._submenu("&Config", "Open &recent", "save")
        self._recent.aboutToShow.connect(self._fill_recent)
        self._running = self._submenu("Ri&g", "&Attach to", "reopen")
        self._running.aboutToShow.connect(self._fill_running)

    def _add(self, action: Action) -> None:
        menu = self._menus[action.menu]
        if action.begins_group:
            menu.addSeparator()
        made = QAction(action.text, self._window)
        made.setShortcuts([QKeySequence(keys) for keys in action.shortcuts])
        made.setToolTip(action.tip)
        made.setStatusTip("")
        made.setCheckable(action.is_switch)
        deed = getattr(self._window.deeds, f"do_{action.key}")
        if action.is_switch:
            made.triggered.connect(deed)
        else:
            made.triggered.connect(lambda _: deed())
        menu.addAction(made)
        self._actions[action.key] = made

    def _submenu(self, menu: str, text: str, before: str) -> QMenu:
        made = QMenu(text, self._window)
        self._menus[menu].insertMenu(self._actions[before], made)
        return made

    def action(self, key: str) -> QAction:
        """Return Qt's action."""
        return self._actions[key]

    def check(self, key: str, is_on: bool) -> None:
        """Show whether a switch is on; nothing is done."""
        self._actions[key].setChecked(is_on)

    def is_checked(self, key: str) -> bool:
        """Whether a switch is on."""
        return self._actions[key].isChecked()

    def enable(self, has: Container[str]) -> None:
        """Enable what can be asked for now; see `Action.needs`."""
        for action in ACTIONS:
            self._actions[action.key].setEnabled(action.needs in has)

    def _fill_recent(self) -> None:
        self._recent.clear()
        paths = self._window.desk.preferences.recent
        for path in paths:
            made = self._recent.addAction(_shown(path))
            made.triggered.connect(lambda _, path=path: self._window.deeds.open_path(path))
        if not paths:
            self._recent.addAction("Nothing yet").setEnabled(False)

    def _fill_running(self) -> None:
        self._running.clear()
        self._window.desk.control.list_rigs()
        names = self._window.desk.control.rig_names
        for name in names:
            made = self._running.addAction(name)
            made.triggered.connect(lambda _, name=name: self._window.desk.control.attach(name))
        if not names:
            self._running.addAction("None runs").setEnabled(False)


def _shown(path: Path) -> str:
    home = Path.home()
    text = f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
    return text.replace("&", "&&")
