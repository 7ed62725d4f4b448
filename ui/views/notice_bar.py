"""The strip under the top bar: what is wrong, in words. It takes no room when nothing is."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import QPoint, Qt, pyqtSignal
from PyQt5.QtGui import QKeyEvent
from PyQt5.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from recorder import readout
from ui.model.notices import Notice
from ui.theme import GAP_PX, Theme
from ui.views.labels import LEVEL_WORDS, FixedLabel, LevelSign
from ui.views.whole import WholeLabel, divisible

_MOST_LIST_PX = 420
_MOST_LINES = 8
_SHORT = 90
"""Characters of what is said in large letters."""


class NoticeBar(QFrame):
    """Shows the most important notice with its remedy; the others in a list that opens.

    Parameters
    ----------
    theme
        Colours of what is drawn.
    """

    seen = pyqtSignal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("noticeBar")
        self._notices: tuple[Notice, ...] = ()
        self.sign = LevelSign("info", theme.accent)
        self.text = WholeLabel(role="large", most=_MOST_LINES)
        self._is_cut = False
        self.text.cut.connect(self._note_cut)
        self.remedy = WholeLabel()
        self.more = QToolButton()
        self.ok = QPushButton("Seen")
        self._list = NoticeList(theme, self)
        self._list.seen.connect(self.seen)
        self._build()
        self.set_theme(theme)
        self.hide()

    def _build(self) -> None:
        self.more.setProperty("role", "flat")
        self.more.setToolTip("Show everything that is wrong")
        self.more.setMinimumWidth(self.more.fontMetrics().horizontalAdvance("and 88 more ▾") + 20)
        self.more.clicked.connect(self._open)
        self.ok.setToolTip("Show this no more (Esc or Enter): it has been read")
        self.ok.setAccessibleName("Seen: show this no more")
        self.ok.clicked.connect(self._say_seen)
        words = QVBoxLayout()
        words.setSpacing(0)
        words.addWidget(self.text)
        words.addWidget(self.remedy)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_PX, 4, GAP_PX, 4)
        row.setSpacing(GAP_PX + 4)
        row.addWidget(self.sign)
        row.addLayout(words, 1)
        row.addWidget(self.more)
        row.addWidget(self.ok)
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Fixed)

    # -- what it is given -----------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self._list.set_theme(theme)
        self._show_first()

    def show_notices(self, notices: Sequence[Notice], now_s: float | None = None) -> None:
        """Show what is wrong, the most important first.

        Parameters
        ----------
        now_s
            On the clock of the notices; the list tells how long ago they came then.
        """
        notices = tuple(notices)
        if notices == self._notices:
            return
        self._notices = notices
        self._show_first()
        self._list.show_notices(notices, now_s)
        self.setVisible(bool(notices))

    def _show_first(self) -> None:
        if not self._notices:
            return
        first = self._notices[0]
        color = level_color(self._theme, first.level)
        if (self.sign.level, self.property("edge")) != (first.level, color):
            self.sign.set_level(first.level, color)
            self.setProperty("edge", color)
            self.setStyleSheet(_bar_style(self._theme, color))
        words = said(first)
        is_short = len(words) <= _SHORT and "\n" not in words
        self.text.show_text(words, "large" if is_short else "")
        self.text.setAccessibleName(f"{LEVEL_WORDS[first.level]}: {words}")
        self.remedy.show_text(first.remedy)
        self._show_more()

    def _note_cut(self, is_cut: bool) -> None:
        if is_cut != self._is_cut:
            self._is_cut = is_cut
            self._show_more()

    def _show_more(self) -> None:
        others = len(self._notices) - 1
        more = f"and {others} more ▾" if others > 0 else "All of it ▾"
        if self.more.text() != more:
            self.more.setText(more)
        self.more.setVisible(others > 0 or self._is_cut)

    # -- what it says ---------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc and Enter say that it has been seen."""
        if event.key() in (Qt.Key_Return, Qt.Key_Enter) and self.more.hasFocus():
            self._open()
        elif event.key() in (Qt.Key_Escape, Qt.Key_Return, Qt.Key_Enter):
            self._say_seen()
        else:
            super().keyPressEvent(event)

    def _say_seen(self) -> None:
        if self._notices:
            self.seen.emit(self._notices[0].key)

    def _open(self) -> None:
        self._list.open_below(self)


class NoticeList(QFrame):
    """All notices in a list over the window, each with a button of its own."""

    seen = pyqtSignal(str)

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, Qt.Popup)
        self.setObjectName("noticeList")
        self._theme = theme
        self._notices: tuple[Notice, ...] = ()
        self._now_s: float | None = None
        self.all = QPushButton("All seen")
        self.all.setToolTip("Show none of these any more")
        self.all.clicked.connect(self._say_all)
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self._scroll.setFocusPolicy(Qt.NoFocus)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_PX, GAP_PX, GAP_PX, GAP_PX)
        column.addWidget(self._scroll, 1)
        column.addWidget(self.all, 0, Qt.AlignRight)

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self._theme = theme
        self.setStyleSheet(
            f"#noticeList {{ background: {theme.panel}; border: 1px solid {theme.line}; }}"
            f" QScrollArea, QScrollArea > QWidget > QWidget {{ background: {theme.panel}; }}"
        )
        self._fill()

    def show_notices(self, notices: Sequence[Notice], now_s: float | None) -> None:
        """Show these; costs nothing while the list is closed."""
        keys = [each.key for each in self._notices]
        self._notices, self._now_s = tuple(notices), now_s
        if not self.isVisible():
            return
        if not notices:
            self.close()
        elif keys != [each.key for each in notices]:  # else a button under the mouse would go
            self._fill()

    def open_below(self, bar: QWidget) -> None:
        """Open under the bar, as wide as it."""
        self._fill()
        inner = self._scroll.widget().layout().totalHeightForWidth(bar.width() - 4 * GAP_PX)
        wanted = inner + self.all.sizeHint().height() + 4 * GAP_PX
        self.resize(bar.width(), min(_MOST_LIST_PX, wanted))
        self.move(bar.mapToGlobal(QPoint(0, bar.height())))
        self.show()
        self.all.setFocus()

    def _fill(self) -> None:
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        for notice in self._notices:
            column.addWidget(self._row(notice))
        column.addStretch(1)
        old = self._scroll.takeWidget()
        if old is not None:
            old.deleteLater()  # not at once: one of its buttons may have been pressed
        self._scroll.setWidget(inside)

    def _row(self, notice: Notice) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(4, 4, 4, 4)
        line.setSpacing(GAP_PX + 4)
        line.addWidget(LevelSign(notice.level, level_color(self._theme, notice.level)))
        words = QVBoxLayout()
        words.setSpacing(0)
        told = ((said(notice), ""), (notice.remedy, "dim"))
        for text, role in (each for each in told if each[0]):
            label = QLabel(divisible(text))
            label.setWordWrap(True)
            label.setTextFormat(Qt.PlainText)
            label.setProperty("role", role)
            words.addWidget(label)
        line.addLayout(words, 1)
        age = FixedLabel("888 min ago", "dim", Qt.AlignRight)
        if self._now_s is not None:
            age.setText(f"{readout.span(max(0.0, self._now_s - notice.since_s))} ago")
        line.addWidget(age)
        ok = QPushButton("Seen")
        ok.setAccessibleName(f"Seen: {notice.text}")
        ok.setToolTip("Show this no more")
        ok.clicked.connect(lambda _=False, key=notice.key: self.seen.emit(key))
        line.addWidget(ok)
        return row

    def _say_all(self) -> None:
        for notice in self._notices:
            self.seen.emit(notice.key)
        self.close()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter presses the button that has the keyboard; Esc closes."""
        focus = QApplication.focusWidget()
        if event.key() in (Qt.Key_Return, Qt.Key_Enter) and isinstance(focus, QPushButton):
            focus.click()
        else:
            super().keyPressEvent(event)


def said(notice: Notice) -> str:
    """Return what a notice says, and how many times it came up."""
    often = f"  ({readout.times(notice.count)})" if notice.count > 1 else ""
    return f"{notice.text}{often}"


def level_color(theme: Theme, level: str) -> str:
    """Return the colour of a level."""
    return {"info": theme.accent, "warn": theme.warn, "bad": theme.bad}[level]


def _bar_style(theme: Theme, edge: str) -> str:
    return (
        f"#noticeBar {{ background: {theme.panel}; border: 1px solid {edge};"
        f" border-left: 6px solid {edge}; }}"
    )
