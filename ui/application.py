"""The one QApplication, and how it looks."""

from __future__ import annotations

import os

import pyqtgraph
from PyQt5.QtCore import Qt
from PyQt5.QtGui import QColor, QGuiApplication, QPalette
from PyQt5.QtWidgets import QApplication

from recorder.cameras.cv2_setup import free_qt
from ui.display import platform_arguments
from ui.theme import Theme, style_sheet


def make_application(theme: Theme) -> QApplication:
    """Return the application, made at the first call.

    Parameters
    ----------
    theme
        How it looks; `apply_theme` changes it later.
    """
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        free_qt()
        # Qt reads these three only before there is an application.
        QApplication.setAttribute(Qt.ApplicationAttribute.AA_EnableHighDpiScaling)
        QApplication.setAttribute(Qt.ApplicationAttribute.AA_UseHighDpiPixmaps)
        QGuiApplication.setHighDpiScaleFactorRoundingPolicy(
            Qt.HighDpiScaleFactorRoundingPolicy.PassThrough
        )
        app = QApplication(["recorder", *platform_arguments(os.environ)])
    app.setApplicationName("recorder")
    app.setStyle("Fusion")
    apply_theme(app, theme)
    return app


def apply_theme(app: QApplication, theme: Theme) -> None:
    """Give everything that is not painted by hand the colours of a theme.

    What pyqtgraph has drawn already keeps its colours; its views have a ``set_theme`` for that.
    """
    pyqtgraph.setConfigOptions(
        imageAxisOrder="row-major",
        antialias=False,
        background=theme.panel,
        foreground=theme.dim,
    )
    app.setPalette(_palette(theme))
    app.setStyleSheet(style_sheet(theme))


def _palette(theme: Theme) -> QPalette:
    """Return the colours for what the style sheet does not reach: Qt's own dialogs, links."""
    palette = QPalette()
    roles = {
        QPalette.Window: theme.window,
        QPalette.WindowText: theme.text,
        QPalette.Base: theme.panel,
        QPalette.AlternateBase: theme.raised,
        QPalette.Text: theme.text,
        QPalette.Button: theme.raised,
        QPalette.ButtonText: theme.text,
        QPalette.ToolTipBase: theme.raised,
        QPalette.ToolTipText: theme.text,
        QPalette.PlaceholderText: theme.dim,
        QPalette.Highlight: theme.accent,
        QPalette.HighlightedText: theme.window,
        QPalette.Link: theme.accent,
        QPalette.LinkVisited: theme.accent,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.WindowText, QPalette.Text, QPalette.ButtonText):
        palette.setColor(QPalette.Disabled, role, QColor(theme.dim))
    return palette
