"""The top of the window: the record button, the timer, the state, and what the disk has left."""

from __future__ import annotations

from PyQt5.QtCore import QRectF, QSize, Qt, pyqtSignal
from PyQt5.QtGui import QColor, QIcon, QPainter, QPixmap, QResizeEvent
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout

from recorder import readout
from recorder.config import parse_amount
from recorder.errors import ConfigError
from recorder.stats import CameraStatus, RigStatus
from ui.model.totals import planned_s, remaining_s, total
from ui.theme import GAP_PX, Theme
from ui.views.labels import Dot, FixedLabel
from ui.views.whole import OpeningLabel

RECORD, STOP = "Record  R", "Stop  R"
_TIPS = {False: "Begin a recording (R, or space)", True: "End the recording (R, or space)"}
_WORDS = {
    "new": "Opening the cameras …",
    "opening": "Opening the cameras …",
    "previewing": "Ready",
    "recording": "RECORDING",
    "finishing": "Finishing the files …",
    "ended": "Ended",
    "waiting": "Waiting for its time",
}
_ICON_PX = 16
_ICON_GAP_PX = 6
_BUTTON_PX = 44
_NARROW_PX = 960
_FILL = Qt.Alignment()


class RecordButton(QPushButton):
    """As wide for the one word as for the other."""

    def sizeHint(self) -> QSize:  # noqa: D102
        self.ensurePolished()
        hint = super().sizeHint()
        spare = max(map(self._width, (RECORD, STOP))) - self._width(self.text())
        return QSize(hint.width() + spare, max(_BUTTON_PX, hint.height()))

    minimumSizeHint = sizeHint

    def _width(self, text: str) -> int:
        return self.fontMetrics().size(Qt.TextShowMnemonic, text).width()  # as Qt measures it


class TopBar(QFrame):
    """Begin and end a recording, and see from two metres that it goes on.

    Parameters
    ----------
    theme
        Colours of what is drawn.
    """

    recordRequested = pyqtSignal()
    stopRequested = pyqtSignal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self._is_recording = False
        self._busy: str | None = None
        self._blocked: str | None = None
        self._planned: str | None = None
        self._status: RigStatus | None = None
        self.button = RecordButton(RECORD)
        self.dot = Dot(theme.record, 16)
        self.state = OpeningLabel("large")
        self.detail = OpeningLabel("dim")
        self.timer = FixedLabel("00:00:00", "huge", Qt.AlignRight)
        self.planned = FixedLabel("of 888888 frames", "large")
        self.remaining = FixedLabel("00:00:00 to go", "dim")
        self.free = FixedLabel("88.88 GB free", "large", Qt.AlignRight)
        self.lasts = FixedLabel("88 h 88 min at this rate", "dim", Qt.AlignRight)
        self._build()
        self.set_theme(theme)
        self.show_status(None)

    def _build(self) -> None:
        self.button.setIconSize(QSize(_ICON_PX + _ICON_GAP_PX, _ICON_PX))
        self.button.setProperty("role", "record")
        self.button.setSizePolicy(QSizePolicy.Fixed, QSizePolicy.Fixed)
        self.button.clicked.connect(self._ask)
        self.timer.setToolTip("Time recorded: from the first frame to the last, h:mm:ss")
        self.planned.setToolTip("How long the recording is to last, and what is left of it")
        self.free.setToolTip("What the disk has left")
        self.lasts.setToolTip("How long that lasts at the present rate, down to keep_free")
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(GAP_PX, GAP_PX, 2 * GAP_PX, GAP_PX)
        row.setSpacing(2 * GAP_PX)
        row.addWidget(self.button)
        row.addWidget(self.dot)
        row.addLayout(_column(self.state, self.detail), 1)
        row.addWidget(self.timer)
        row.addLayout(_column(self.planned, self.remaining))
        row.addLayout(_column(self.free, self.lasts, Qt.AlignRight))

    # -- what it is given -----------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.dot.set_color(theme.record)
        self._recording_style = f"color: {theme.bad}; font-weight: 600;"
        self._blocked_style = f"color: {theme.warn}; font-weight: 600;"
        white = "#ffffff"
        self._icons = {False: _icon("dot", white, theme.dim), True: _icon("square", white, white)}
        self.button.setIcon(self._icons[self._is_recording])

    def set_blocked(self, reason: str | None) -> None:
        """Say why no recording can be begun; None: one can.

        A recording that goes on can always be stopped.
        """
        self._blocked = reason
        self._refresh()

    def set_planned(self, duration: str | None) -> None:
        """Say how long the next recording is to be: ``2h``, ``1000 frames``; None: no end."""
        self._planned = duration
        self._refresh()

    def show_status(self, status: RigStatus | None, busy: str | None = None) -> None:
        """Show how it goes.

        Parameters
        ----------
        status
            None if there is no rig.
        busy
            What is being done right now, in words, such as ``starting …``; a click is not heard
            meanwhile.
        """
        self._status, self._busy = status, busy
        self._refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out how long it is to last where there is no room: the state is never cut off."""
        super().resizeEvent(event)
        for label in (self.planned, self.remaining):
            label.setVisible(self.width() >= _NARROW_PX)

    # -- what it says and shows -----------------------------------------------------------------

    def _ask(self) -> None:
        if self._busy is None:
            (self.stopRequested if self._is_recording else self.recordRequested).emit()

    def _refresh(self) -> None:
        status = self._status
        self._is_recording = status is not None and status.state == "recording"
        self._show_button()
        self._show_state()
        self._show_times(None if status is None else total(status))

    def _show_button(self) -> None:
        is_on, why = self._is_recording, None if self._is_recording else self._blocked
        text = STOP if is_on else RECORD
        if self.button.text() != text or not self.button.accessibleName():
            self.button.setText(text)
            self.button.setIcon(self._icons[is_on])
            self.button.setAccessibleName("Stop the recording" if is_on else "Record")
        # Not disabled while busy: the keyboard would be elsewhere for the next press of space.
        self.button.setEnabled(why is None)
        tip = _TIPS[is_on] if why is None else f"Cannot record: {why}"
        if self.button.toolTip() != tip:
            self.button.setToolTip(tip)

    def _show_state(self) -> None:
        status, is_on = self._status, self._is_recording
        self.dot.set_on(is_on)
        why = None if is_on or self._busy else self._blocked
        words = "No camera is open" if status is None else _WORDS.get(status.state, status.state)
        if self._busy is not None:
            words = self._busy[:1].upper() + self._busy[1:]
        is_waiting = status is not None and status.state == "waiting"  # nothing is wrong then
        self.state.show_text("Cannot record" if why and not is_waiting else words)
        _style(self.state, self._recording_style if is_on and not self._busy else "")
        self.detail.show_text(why or ("" if status is None else _detail(status)))
        _style(self.detail, self._blocked_style if why and not is_waiting else "")

    def _show_times(self, all_: CameraStatus | None) -> None:
        is_on = self._is_recording and all_ is not None
        seconds = all_.elapsed_s if is_on and all_ else 0.0
        duration = all_.duration if is_on and all_ else self._planned
        _say(self.timer, readout.timer(seconds))
        self.timer.setEnabled(is_on)
        _say(self.planned, _of(duration))
        to_go = remaining_s(all_) if is_on and all_ else None
        _say(self.remaining, "" if to_go is None else f"{readout.timer(to_go)} to go")
        free = None if all_ is None else all_.disk_free_bytes
        left = all_.time_left_s if is_on and all_ else None
        _say(self.free, "" if free is None else f"{readout.size(free)} free")
        _say(self.lasts, "" if left is None else f"{readout.span(left)} at this rate")


def _style(label: QLabel, style: str) -> None:
    if label.styleSheet() != style:
        label.setStyleSheet(style)


def _say(label: QLabel, text: str) -> None:
    if label.text() != text:
        label.setText(text)


def _column(
    upper: QLabel, lower: QLabel, side: Qt.Alignment | Qt.AlignmentFlag = _FILL
) -> QVBoxLayout:
    column = QVBoxLayout()
    column.setSpacing(0)
    column.addStretch(1)
    column.addWidget(upper, 0, side)
    column.addWidget(lower, 0, side)
    column.addStretch(1)
    return column


def _of(duration: str | None) -> str:
    """Return what stands behind the timer: ``of 02:00:00``, ``of 1000 frames``."""
    seconds = planned_s(duration)
    if seconds is not None:
        return f"of {readout.timer(seconds)}"
    try:
        return f"of {parse_amount(duration)}" if duration else "until stopped"
    except ConfigError:
        return f"of {duration}"


def _detail(status: RigStatus) -> str:
    """Return the rig's name, what it did last, and the cameras that are not like the others."""
    told = [status.name]
    odd = [each for each in status.cameras if each.state in ("restarting", "ended")]
    told += [f"{each.name} {each.state}" for each in odd if status.state != "ended"]
    done = total(status)
    if status.state == "previewing" and done.totals.grabbed:
        told.append(f"last recording {readout.timer(done.elapsed_s)}, {readout.lost(done)}")
    return " · ".join(told)


def _icon(shape: str, color: str, disabled: str) -> QIcon:
    """Return the sign of the button, drawn: fonts have it or not."""
    icon = QIcon()
    for mode, shade in ((QIcon.Normal, color), (QIcon.Disabled, disabled)):
        pixmap = QPixmap(2 * (_ICON_PX + _ICON_GAP_PX), 2 * _ICON_PX)
        pixmap.fill(Qt.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.Antialiasing)
        painter.setPen(Qt.NoPen)
        painter.setBrush(QColor(shade))
        area = QRectF(4, 4, 24, 24)
        (painter.drawEllipse if shape == "dot" else painter.drawRect)(area)
        painter.end()
        icon.addPixmap(pixmap, mode)
    return icon
