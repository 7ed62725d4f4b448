"""Text that is never cut off: it wraps and takes the height it needs, or opens in a box."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable

from PyQt5.QtCore import QEvent, QPoint, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QResizeEvent
from PyQt5.QtWidgets import QFrame, QLabel, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from ui.theme import GAP_PX
from ui.views.labels import ElidedLabel, set_role

_LONGEST, _PIECE = 24, 8
"""Characters of a word that fits into any label, and of the pieces that a longer one may have."""
_LONG_WORD = re.compile(rf"\S{{{_LONGEST},}}")
_BOX_PX = 560, 420
_OPENS = " ▾"


class WholeLabel(QLabel):
    """Says all of a text, in as many lines as it takes at its width.

    Parameters
    ----------
    lines
        The room that is kept when it says less.
    least_px
        The height that is kept in any role.
    role
        Its look; see `ui.theme.style_sheet`.
    most
        Lines that it may take; what is cut then (`cut` says so) has to be shown elsewhere.
    """

    cut = pyqtSignal(bool)

    def __init__(
        self, lines: int = 1, role: str = "dim", most: int | None = None, least_px: int = 0
    ) -> None:
        super().__init__()
        self.lines, self._most, self._least_px = lines, most, least_px
        self._full = ""
        self._needed = 0
        self.setProperty("role", role)
        self.setTextFormat(Qt.PlainText)
        self.setWordWrap(True)
        self.setAlignment(Qt.AlignLeft | Qt.AlignTop)
        self.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Fixed)

    @property
    def full_text(self) -> str:
        """What it says."""
        return self._full

    def show_text(self, text: str, role: str | None = None, more: str = "") -> None:
        """Say something else, perhaps in another role; the tooltip may say more."""
        if role is not None:
            set_role(self, role)
        self._full = text
        self.setAccessibleName(text)
        self.setToolTip(more)
        self._fit()

    def sizeHint(self) -> QSize:  # noqa: D102
        self.ensurePolished()
        kept = self.lines * self.fontMetrics().lineSpacing() + 1
        return QSize(10, max(kept, self._least_px, self._needed))

    minimumSizeHint = sizeHint

    def heightForWidth(self, width: int) -> int:
        """Return the height that is asked for: Qt's own is that of the text alone."""
        return self.sizeHint().height()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: D102
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: D102
        super().changeEvent(event)
        if event.type() in (QEvent.FontChange, QEvent.StyleChange):
            self._fit()

    def _fit(self) -> None:
        text = self._cut_to_most()
        self.setText(divisible(text))
        self.cut.emit(text != self._full)
        needed = height_of(self, text) if text else 0
        if needed != self._needed:
            self._needed = needed
            self.updateGeometry()

    def _cut_to_most(self) -> str:
        self.ensurePolished()
        room = (self._most or 0) * self.fontMetrics().lineSpacing() + 1
        if self._most is None or height_of(self, self._full) <= room:
            return self._full
        return shortened(self._full, lambda text: height_of(self, text) <= room)


class OpeningLabel(ElidedLabel):
    """One line; if that is not all, it ends in ▾, and a click or Enter opens the rest in a box."""

    def __init__(self, role: str = "", mode: Qt.TextElideMode = Qt.ElideRight) -> None:
        self._has_more = False
        self._box: TextBox | None = None
        super().__init__(role, mode)

    @property
    def has_more(self) -> bool:
        """Whether there is more than can be seen."""
        return self._has_more

    def _shorten(self) -> None:
        self.ensurePolished()
        metrics, first = self.fontMetrics(), self._full.partition("\n")[0]
        is_long = metrics.horizontalAdvance(first) > self.width()
        self._has_more = bool(self._full) and (is_long or self._whole() != first)
        sign = _OPENS if self._has_more else ""
        room = self.width() - metrics.horizontalAdvance(sign)
        short = metrics.elidedText(first, self._mode, room) + sign
        if short != self.text():
            self.setText(short)
        self.setToolTip(self._hint or self._full if self._has_more else "")
        self.setCursor(Qt.PointingHandCursor if self._has_more else Qt.ArrowCursor)
        self.setFocusPolicy(Qt.TabFocus if self._has_more else Qt.NoFocus)

    def _whole(self) -> str:
        return "\n".join(filter(None, (self._full, self._hint)))

    def open_box(self) -> None:
        """Show all of it."""
        if self._has_more:
            self._box = self._box or TextBox(self.window())  # with none of this label's colours
            self._box.open_below(self, self._whole())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Show all of it."""
        self.open_box()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter shows all of it."""
        if self._has_more and event.key() in (Qt.Key_Return, Qt.Key_Enter):
            self.open_box()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that it has the keyboard."""
        super().focusInEvent(event)
        self._underline(True)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Show that the keyboard is elsewhere."""
        super().focusOutEvent(event)
        self._underline(False)

    def _underline(self, is_on: bool) -> None:
        font = self.font()
        font.setUnderline(is_on)
        self.setFont(font)


class TextBox(QFrame):
    """A box over the window with all of a text; Esc or a click elsewhere closes it."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent, Qt.Popup)
        set_role(self, "box")
        self.text = WholeLabel(role="")
        self._scroll = QScrollArea()
        self._scroll.setWidgetResizable(True)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarAlwaysOff)
        self._scroll.setWidget(self.text)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_PX, GAP_PX, GAP_PX, GAP_PX)
        column.addWidget(self._scroll)

    def open_below(self, widget: QWidget, text: str) -> None:
        """Open under a widget, as large as the text and as the window allows."""
        self.text.show_text(text)
        window = widget.window()
        place = window.mapToGlobal(QPoint(0, 0))
        width = min(_BOX_PX[0], window.width() - 2 * GAP_PX)
        self.text.resize(width - 4 * GAP_PX, 1)
        wanted = height_of(self.text, text) + 3 * GAP_PX
        height = min(_BOX_PX[1], window.height() // 2, wanted)
        self.resize(width, height)
        corner = widget.mapToGlobal(QPoint(0, widget.height()))
        left = min(corner.x(), place.x() + window.width() - width - GAP_PX)
        low = place.y() + window.height() - height - GAP_PX
        above = corner.y() - widget.height() - height
        self.move(max(place.x(), left), corner.y() if corner.y() <= low else above)
        self.show()
        self._scroll.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter closes it, too."""
        if event.key() in (Qt.Key_Return, Qt.Key_Enter):
            self.close()
        else:
            super().keyPressEvent(event)


def divisible(text: str) -> str:
    """Return a text whose long words, such as paths, may be divided at the end of a line."""
    return _LONG_WORD.sub(lambda word: "\u200b".join(_pieces(word[0])), text)


def _pieces(word: str) -> list[str]:
    return [word[start : start + _PIECE] for start in range(0, len(word), _PIECE)]


def shortened(text: str, fits: Callable[[str], bool]) -> str:
    """Return the longest beginning of a text that fits, with … at its end; all of it if it fits."""
    if fits(text):
        return text
    ends = range(len(text))
    too_long = bisect_left(ends, True, key=lambda end: not fits(f"{text[:end]}…"))
    return f"{text[: max(0, too_long - 1)].rstrip()}…"


def height_of(label: QLabel, text: str) -> int:
    """Return how high a text is in a label of its width, wrapped."""
    label.ensurePolished()
    width, flags = max(1, label.width()), int(Qt.TextWordWrap)
    box = label.fontMetrics().boundingRect(0, 0, width, 100_000, flags, divisible(text))
    return box.height() + 1
