"""Questions that need an answer before it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from PyQt5.QtCore import Qt
from PyQt5.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QLabel,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

from ui.model.parting import how_to_reach
from ui.views.actions import keys_help

_YAML = "Configs (*.yaml *.yml);;All files (*)"


def ask_closing(parent: QWidget, rig: str) -> Literal["finish", "leave", "cancel"]:
    """Ask what shall become of the recording of a rig when the window closes."""
    box = _question(
        parent,
        "A recording goes on.",
        "It does not need this window: left in the background it goes on to its end. "
        f"{how_to_reach(rig)}, and `recorder gui` finds it again.",
    )
    finish = box.addButton("&Finish it and close", QMessageBox.AcceptRole)
    leave = box.addButton("&Leave it recording", QMessageBox.DestructiveRole)
    cancel = box.addButton("&Cancel", QMessageBox.RejectRole)
    box.setDefaultButton(cancel)
    box.setEscapeButton(cancel)
    box.exec_()
    if box.clickedButton() is finish:
        return "finish"
    return "leave" if box.clickedButton() is leave else "cancel"


def ask_saving(parent: QWidget, path: Path | None) -> Literal["save", "discard", "cancel"]:
    """Ask what shall become of a config that was changed."""
    name = "The config" if path is None else path.name
    where = "It has no file yet." if path is None else str(path)
    box = _question(parent, f"{name} was changed and not saved.", where)
    box.setStandardButtons(QMessageBox.Save | QMessageBox.Discard | QMessageBox.Cancel)
    box.setDefaultButton(QMessageBox.Save)
    answer = box.exec_()
    if answer == QMessageBox.Save:
        return "save"
    return "discard" if answer == QMessageBox.Discard else "cancel"


def ask_overwriting(parent: QWidget, why: str) -> bool:
    """Ask whether a file is to be replaced that is not the one that was opened."""
    box = _question(parent, "The file is not the one that was opened.", why)
    overwrite = box.addButton("&Overwrite", QMessageBox.DestructiveRole)
    cancel = box.addButton("&Cancel", QMessageBox.RejectRole)
    box.setDefaultButton(cancel)
    box.exec_()
    return box.clickedButton() is overwrite


def _question(parent: QWidget, text: str, more: str) -> QMessageBox:
    """Return a box without an icon: Qt's own belong to another decade, and to white desktops."""
    box = QMessageBox(parent)
    box.setWindowTitle("recorder")
    box.setTextFormat(Qt.PlainText)
    box.setText(text)
    box.setInformativeText(more)
    box.setStyleSheet("#qt_msgbox_label { font-weight: 600; }")
    return box


def choose_config(parent: QWidget, folder: Path | None) -> Path | None:
    """Ask for a config to open."""
    name, _ = QFileDialog.getOpenFileName(parent, "Open a config", str(folder or ""), _YAML)
    return Path(name) if name else None


def choose_target(parent: QWidget, path: Path) -> Path | None:
    """Ask where to write a config; the dialog has asked about an existing file itself."""
    name, _ = QFileDialog.getSaveFileName(parent, "Save the config", str(path), _YAML)
    if not name:
        return None
    return Path(name) if Path(name).suffix else Path(f"{name}.yaml")


def show_keys(parent: QWidget) -> None:
    """Show what the keyboard does."""
    dialog = QDialog(parent)
    dialog.setWindowTitle("Keys")
    rows = QGridLayout()
    rows.setHorizontalSpacing(24)
    for number, (keys, what) in enumerate(keys_help()):
        shown = QLabel(keys)
        shown.setAlignment(Qt.AlignRight)
        rows.addWidget(shown, number % 16, 2 * (number // 16))
        told = QLabel(what)
        told.setProperty("role", "dim")
        rows.addWidget(told, number % 16, 2 * (number // 16) + 1)
    buttons = QDialogButtonBox(QDialogButtonBox.Close)
    buttons.rejected.connect(dialog.reject)
    layout = QVBoxLayout(dialog)
    layout.addLayout(rows)
    layout.addWidget(buttons)
    dialog.exec_()
