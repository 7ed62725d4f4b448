"""The menu bar, built from the table of actions."""

from __future__ import annotations

from collections.abc import Callable, Container
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PyQt5.QtCore import QEvent, Qt
from PyQt5.QtGui import QKeyEvent, QKeySequence
from PyQt5.QtWidgets import QAbstractItemView, QAction, QApplication, QMenu

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
        self._menus["Ri&g"].aboutToShow.connect(window.desk.control.list_rigs)

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
        self._window.addAction(made)  # its keys count while the menu bar is hidden, too
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

    def is_typed(self, event: QEvent) -> bool:
        """Whether a key is typed into a cell of a table, so that it is no shortcut."""
        table = QApplication.focusWidget()
        if not isinstance(event, QKeyEvent) or not isinstance(table, QAbstractItemView):
            return False
        is_edited = bool(table.editTriggers() & QAbstractItemView.AnyKeyPressed)
        is_plain = not event.modifiers() & ~(Qt.ShiftModifier | Qt.KeypadModifier)
        return is_edited and is_plain and event.text().isprintable() and bool(event.text())

    def _fill_recent(self) -> None:
        paths = self._window.desk.preferences.recent
        entries = [(_shown(path), partial(self._window.deeds.open_path, path)) for path in paths]
        _fill(self._recent, entries, "Nothing yet")

    def _fill_running(self) -> None:
        control, status = self._window.desk.control, self._window.desk.snapshot.status
        names = [n for n in control.rig_names if status is None or n != status.name]
        entries = [(name, partial(self._window.deeds.attach, name)) for name in names]
        _fill(self._running, entries, "No other one runs")


def _fill(menu: QMenu, entries: list[tuple[str, Callable[[], None]]], nothing: str) -> None:
    menu.clear()
    for text, run in entries:
        menu.addAction(text).triggered.connect(lambda _, run=run: run())
    if not entries:
        menu.addAction(nothing).setEnabled(False)


def _shown(path: Path) -> str:
    home = Path.home()
    text = f"~/{path.relative_to(home)}" if path.is_relative_to(home) else str(path)
    return text.replace("&", "&&")
