"""The strip at the bottom: what every camera does in numbers, and the last two minutes."""

from __future__ import annotations

from collections.abc import Mapping

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QToolButton, QVBoxLayout

from recorder.stats import CameraStatus, RigStatus
from ui.model.totals import total
from ui.model.traces import Traces
from ui.theme import GAP_PX, Theme
from ui.views.labels import set_role
from ui.views.numbers import NumberTable
from ui.views.plots import TracePlots
from ui.views.whole import OpeningLabel

_PLOTS_PX = 100
_REDRAWN_S = 0.4
"""A pixel is about as long; drawing more often would show nothing more."""


class HealthBar(QFrame):
    """Numbers in a row per camera, and traces of the one that is selected.

    Parameters
    ----------
    theme
        Colours of what is drawn.
    """

    selected = pyqtSignal(object)
    """A camera's name, or None for all of them."""
    collapsed = pyqtSignal(bool)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setProperty("role", "panel")
        self._name: str | None = None
        self._status: RigStatus | None = None
        self._lost: dict[str, tuple[str, str]] = {}
        self._is_collapsed = self._is_low = False
        self._drawn: tuple[str | None, float] = (None, -_REDRAWN_S)  # of which camera, and when
        self.table = NumberTable(theme)
        self.caption = OpeningLabel("dim")
        self.plots = TracePlots(theme)
        self.toggle = QToolButton()
        self._build()
        self._show_caption()

    def _build(self) -> None:
        self.toggle.setProperty("role", "flat")
        self.toggle.setFixedSize(26, 26)
        self.toggle.clicked.connect(lambda: self.set_collapsed(not self._is_collapsed))
        self.table.chosen.connect(self._choose)
        self.caption.setMinimumHeight(self.caption.fontMetrics().height())
        upper = QHBoxLayout()
        upper.setSpacing(GAP_PX)
        upper.addWidget(self.table, 1)
        upper.addWidget(self.toggle, 0, Qt.AlignTop)
        column = QVBoxLayout(self)
        column.setContentsMargins(GAP_PX, 4, GAP_PX, 4)
        column.setSpacing(2)
        column.addLayout(upper)
        column.addWidget(self.caption)
        column.addWidget(self.plots)
        self.plots.setFixedHeight(_PLOTS_PX)
        self.plots.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Fixed)
        self.setSizePolicy(QSizePolicy.Preferred, QSizePolicy.Fixed)
        self._show_toggle()

    # -- what it is given -----------------------------------------------------------------------

    def set_theme(self, theme: Theme) -> None:
        """Draw in other colours."""
        self.table.set_theme(theme)
        self.plots.set_theme(theme)

    def show_status(
        self, status: RigStatus | None, lost: Mapping[str, tuple[str, str]] | None = None
    ) -> None:
        """Show the numbers, several times a second.

        Parameters
        ----------
        status
            None if there is no rig.
        lost
            In a sentence and in detail, what each camera lost; see `Losses.words`.
        """
        self._status, self._lost = status, dict(lost or {})
        rows: list[CameraStatus] = [] if status is None else list(status.cameras)
        if status is not None and len(rows) > 1:
            rows.append(total(status))
            self._lost["total"] = _together(self._lost)
        self.table.show_rows(rows, self._lost)
        self.table.mark(self._row_name())
        self._show_caption()

    def show_traces(self, traces: Traces, now_s: float) -> None:
        """Draw the last two minutes of what is selected; does nothing while collapsed.

        Parameters
        ----------
        now_s
            On the clock that the traces were fed with.
        """
        name = self._known()
        is_other = name != self._drawn[0]
        if not self._is_collapsed and (is_other or now_s - self._drawn[1] >= _REDRAWN_S):
            self._drawn = name, now_s
            self.plots.show_trace(traces.of(name), now_s)

    def select(self, name: str | None) -> None:
        """Show the traces of a camera, or of None: all of them."""
        self._name = name
        self.table.mark(self._row_name())
        self._show_caption()

    def set_collapsed(self, is_collapsed: bool) -> None:
        """Be one line, or all of it."""
        if is_collapsed != self._is_collapsed:
            self._is_collapsed = is_collapsed
            self.caption.setVisible(not is_collapsed)
            self._show_plots()
            self.table.set_collapsed(is_collapsed)
            self._show_toggle()
            self.collapsed.emit(is_collapsed)

    def set_low(self, is_low: bool) -> None:
        """Leave out the traces, and rows that can be scrolled to: the window is not high enough."""
        if is_low != self._is_low:
            self._is_low = is_low
            self._show_plots()
            self.table.set_low(is_low)

    def _show_plots(self) -> None:
        self.plots.setVisible(not self._is_collapsed and not self._is_low)

    @property
    def is_collapsed(self) -> bool:
        """Whether it is one line."""
        return self._is_collapsed

    # -- what it shows --------------------------------------------------------------------------

    def _known(self) -> str | None:
        """Return what is shown, None is all cameras: the camera selected, also while it is away."""
        names = [each.name for each in self._status.cameras] if self._status else []
        return names[0] if self._name is None and len(names) == 1 else self._name

    def _row_name(self) -> str:
        return self._known() or "total"

    def _choose(self, name: str) -> None:
        self.select(None if name == "total" else name)
        self.selected.emit(self._name)

    def _show_caption(self) -> None:
        name = self._row_name()
        sentence, details = self._lost.get(name, ("", ""))
        who = "all cameras" if self._known() is None else name
        cameras = self._status.cameras if self._status else ()
        looked_at = [each for each in cameras if self._known() in (None, each.name)]
        is_begun = any(each.totals.grabbed for each in looked_at)
        fine = f"{who}: nothing lost" if is_begun else "Nothing recorded yet"
        more = "" if details == sentence else details
        self.caption.show_text(f"{who} lost: {sentence}" if sentence else fine, more)
        set_role(self.caption, "bad" if sentence else "dim")

    def _show_toggle(self) -> None:
        words = "Show the last two minutes" if self._is_collapsed else "Make this one line"
        self.toggle.setArrowType(Qt.UpArrow if self._is_collapsed else Qt.DownArrow)
        self.toggle.setToolTip(words)
        self.toggle.setAccessibleName(words)


def _together(lost: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    """Return what all cameras lost, in a sentence and in detail."""
    sentence = "; ".join(f"{name}: {words}" for name, (words, _) in lost.items())
    return sentence, "\n".join(f"{name}:\n{details}" for name, (_, details) in lost.items())
