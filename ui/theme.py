"""Colours, sizes and the style sheet: calm, dark by default, readable from two metres."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Theme:
    """One look. Colours are ``#rrggbb``.

    Parameters
    ----------
    window, panel, raised, picture
        Backgrounds: of the window, of what stands on it, of buttons and fields, behind pictures.
    line
        Between things.
    text, dim
        What is read, and what explains it.
    accent
        What can be chosen, and where the keyboard is.
    good, warn, bad
        Fine; look at this; something is lost. Never the only sign: a word stands beside them.
    record
        The record button and the mark of a recording that goes on.
    traces
        Lines of a plot, in order.
    """

    name: str
    window: str
    panel: str
    raised: str
    picture: str
    line: str
    text: str
    dim: str
    accent: str
    good: str
    warn: str
    bad: str
    record: str
    traces: tuple[str, str, str, str]


DARK = Theme(
    name="dark",
    window="#17191c",
    panel="#1f2226",
    raised="#2b2f35",
    picture="#0d0e10",
    line="#363b42",
    text="#e6e8eb",
    dim="#9aa2ad",
    accent="#5aa9e6",
    good="#62c28a",
    warn="#e5b45a",
    bad="#ff6b62",
    record="#e5484d",
    traces=("#5aa9e6", "#62c28a", "#e5b45a", "#b58ae0"),
)
LIGHT = Theme(
    name="light",
    window="#eef0f2",
    panel="#fbfcfc",
    raised="#e3e6ea",
    picture="#d5d9de",
    line="#c6ccd3",
    text="#1c2127",
    dim="#5c6672",
    accent="#1769aa",
    good="#1b7f4b",
    warn="#8a5a00",
    bad="#c0241c",
    record="#c9252b",
    traces=("#1769aa", "#1b7f4b", "#8a5a00", "#7440b0"),
)
THEMES = {theme.name: theme for theme in (DARK, LIGHT)}

SMALL_PT, BODY_PT, LARGE_PT, HUGE_PT = 9, 10, 14, 22
"""Text: explanations, most of it, what is glanced at, what is read from two metres."""
GAP_PX = 8
RADIUS_PX = 5


def style_sheet(theme: Theme) -> str:
    """Return the style sheet of the whole application.

    Widgets ask for a role by the dynamic property ``role``: ``panel``, ``dim``, ``large``,
    ``huge``, ``good``, ``warn``, ``bad``, ``record``, ``title``, ``flat``; small: ``note-warn``,
    ``note-bad``, ``link``; ``box`` opens over the window.
    """
    t = theme
    return f"""
* {{ font-size: {BODY_PT}pt; color: {t.text}; }}
QWidget {{ background: {t.window}; selection-background-color: {t.accent};
  selection-color: {t.window}; }}
QLabel, QCheckBox, QRadioButton {{ background: transparent; }}
QFrame[role="panel"], QWidget[role="panel"] {{ background: {t.panel}; }}
*[role="box"] {{ background: {t.panel}; border: 1px solid {t.line}; }}
*[role="box"] QScrollArea, *[role="box"] QScrollArea > QWidget > QWidget {{
  background: {t.panel}; border: none; }}
QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.line}; padding: 4px; }}
*[role="dim"] {{ color: {t.dim}; font-size: {SMALL_PT}pt; }}
*[role="note-warn"] {{ color: {t.warn}; font-size: {SMALL_PT}pt; }}
*[role="note-bad"] {{ color: {t.bad}; font-size: {SMALL_PT}pt; }}
QToolButton[role="link"] {{ background: transparent; border: none; color: {t.accent};
  font-size: {SMALL_PT}pt; padding: 0; min-height: 0; }}
QToolButton[role="link"]:focus {{ text-decoration: underline; }}
*[role="large"] {{ font-size: {LARGE_PT}pt; }}
*[role="huge"] {{ font-size: {HUGE_PT}pt; font-weight: 600; }}
*[role="title"] {{ color: {t.dim}; font-size: {SMALL_PT}pt; font-weight: 600; }}
*[role="good"] {{ color: {t.good}; }}
*[role="warn"] {{ color: {t.warn}; font-weight: 600; }}
*[role="bad"] {{ color: {t.bad}; font-weight: 600; }}
QPushButton, QToolButton, QComboBox, QLineEdit, QSpinBox, QDoubleSpinBox, QPlainTextEdit {{
  background: {t.raised}; border: 1px solid {t.line}; border-radius: {RADIUS_PX}px;
  padding: 4px 8px; min-height: 18px; }}
QPushButton:hover, QToolButton:hover, QComboBox:hover {{ border-color: {t.dim}; }}
QPushButton:pressed, QToolButton:pressed, QToolButton:checked, QPushButton:checked {{
  background: {t.line}; border-color: {t.accent}; }}
QPushButton:focus, QToolButton:focus, QComboBox:focus, QLineEdit:focus, QSpinBox:focus,
QDoubleSpinBox:focus, QPlainTextEdit:focus, QCheckBox:focus, QSlider:focus {{
  border: 1px solid {t.accent}; }}
QPushButton:disabled, QToolButton:disabled, QComboBox:disabled, QLineEdit:disabled,
QSpinBox:disabled, QDoubleSpinBox:disabled, QLabel:disabled, QCheckBox:disabled {{
  color: {t.dim}; background: {t.panel}; }}
QToolButton[role="flat"], QPushButton[role="flat"] {{ background: transparent;
  border-color: transparent; }}
QToolButton[role="flat"]:focus, QPushButton[role="flat"]:focus {{ border-color: {t.accent}; }}
QPushButton[role="record"] {{ background: {t.record}; color: #ffffff; border-color: {t.record};
  font-size: {LARGE_PT}pt; font-weight: 600; padding: 6px 16px; }}
QPushButton[role="record"]:focus {{ border: 2px solid {t.text}; }}
QPushButton[role="record"]:disabled {{ background: {t.raised}; color: {t.dim};
  border-color: {t.line}; }}
QLineEdit[problem="true"], QComboBox[problem="true"], QSpinBox[problem="true"],
QDoubleSpinBox[problem="true"], QPlainTextEdit[problem="true"] {{ border: 1px solid {t.bad}; }}
QComboBox QLineEdit {{ border: none; background: transparent; padding: 0; min-height: 0; }}
QSlider, QStackedWidget {{ background: transparent; }}
QCheckBox {{ spacing: 8px; border: 1px solid transparent; padding: 2px; }}
QTableView {{ background: {t.panel}; border: 1px solid {t.line}; gridline-color: {t.line}; }}
QTableView:focus {{ border: 1px solid {t.accent}; }}
QTableView QLineEdit {{ padding: 0 4px; border-radius: 0; }}
QHeaderView::section {{ background: {t.panel}; color: {t.dim}; font-size: {SMALL_PT}pt;
  border: none; border-bottom: 1px solid {t.line}; padding: 2px 6px; }}
QPushButton[role="small"] {{ padding: 1px 8px; min-height: 14px; font-size: {SMALL_PT}pt; }}
QTabWidget::pane {{ border: none; border-top: 1px solid {t.line}; }}
QTabBar::tab {{ background: transparent; color: {t.dim}; padding: 6px 14px; border: none;
  border-bottom: 2px solid transparent; }}
QTabBar::tab:selected {{ color: {t.text}; border-bottom: 2px solid {t.accent}; }}
QTabBar::tab:hover, QTabBar::tab:focus {{ color: {t.text}; }}
QTabBar {{ qproperty-drawBase: 0; background: transparent; }}
QDialogButtonBox, QMessageBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QComboBox QAbstractItemView {{ background: {t.raised}; border: 1px solid {t.line}; }}
QComboBox::drop-down {{ border: none; width: 18px; }}
QMenuBar, QMenu {{ background: {t.panel}; }}
QMenuBar::item:selected, QMenu::item:selected {{ background: {t.raised}; color: {t.text}; }}
QMenu::item:disabled {{ color: {t.dim}; }}
QMenu::separator {{ height: 1px; background: {t.line}; margin: 4px 8px; }}
QSplitter::handle {{ background: {t.window}; }}
QScrollArea {{ border: none; }}
QScrollBar:vertical {{ background: transparent; width: 10px; }}
QScrollBar::handle:vertical {{ background: {t.line}; border-radius: 4px; min-height: 24px; }}
QScrollBar:horizontal {{ background: transparent; height: 10px; }}
QScrollBar::handle:horizontal {{ background: {t.line}; border-radius: 4px; min-width: 24px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QCheckBox::indicator, QRadioButton::indicator {{ width: 12px; height: 12px;
  background: {t.raised}; border: 1px solid {t.dim}; border-radius: 3px; }}
QRadioButton::indicator {{ border-radius: 7px; }}
QCheckBox::indicator:checked, QRadioButton::indicator:checked {{ background: {t.accent};
  border-color: {t.accent}; }}
QCheckBox::indicator:focus, QCheckBox::indicator:hover {{ border-color: {t.text}; }}
QCheckBox::indicator:disabled {{ border-color: {t.line}; }}
QSlider::groove:horizontal {{ background: {t.line}; height: 4px; border-radius: 2px; }}
QSlider::handle:horizontal {{ background: {t.accent}; width: 12px; margin: -5px 0;
  border-radius: 6px; }}
QSlider::handle:horizontal:disabled {{ background: {t.dim}; }}
QProgressBar {{ background: {t.raised}; border: 1px solid {t.line}; border-radius: 3px;
  max-height: 8px; text-align: center; }}
QProgressBar::chunk {{ background: {t.accent}; }}
"""
