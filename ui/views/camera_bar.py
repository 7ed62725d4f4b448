"""Which camera of the config is edited; add one, rename it, take it out."""

from __future__ import annotations

from collections.abc import Sequence

from PyQt5.QtCore import Qt, pyqtSignal
from PyQt5.QtGui import QFocusEvent, QKeyEvent
from PyQt5.QtWidgets import QHBoxLayout, QLineEdit, QSizePolicy, QStackedWidget, QWidget

from ui.model.wording import Choice
from ui.views.fields import ChoiceField
from ui.views.rows import button


class _NameField(QLineEdit):
    """A new name: Enter takes it, Escape or leaving drops it."""

    dropped = pyqtSignal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key_Escape:
            self.dropped.emit()
        else:
            super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        if event.reason() != Qt.PopupFocusReason:
            self.dropped.emit()


class CameraBar(QWidget):
    """The cameras of the config in a list, with three buttons."""

    cameraChosen = pyqtSignal(str)
    addRequested = pyqtSignal()
    renameRequested = pyqtSignal(str, str)
    removeRequested = pyqtSignal(str)

    def __init__(self) -> None:
        super().__init__()
        self.names = ChoiceField()
        self.names.setAccessibleName("Camera")
        self.names.setToolTip("The camera that is shown below")
        self.names.chosen.connect(self.cameraChosen.emit)
        self.name = _NameField()
        self.name.setAccessibleName("New name of the camera")
        self.name.setToolTip("Letters, digits, - and _; Enter takes it, Escape leaves it")
        self.name.returnPressed.connect(self._rename)
        self.name.dropped.connect(self.end_rename)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.names)
        self._stack.addWidget(self.name)
        self._stack.setSizePolicy(QSizePolicy.Ignored, QSizePolicy.Fixed)
        self.add = button("+", "Add a camera", "Add a camera to the config")
        self.rename = button("✎", "Rename the camera", "Give the camera another name")
        self.remove = button("−", "Remove the camera", "Take the camera out of the config")
        self._connect()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self._stack, 1)
        for each in (self.add, self.rename, self.remove):
            each.setFixedWidth(30)
            row.addWidget(each)

    @property
    def camera(self) -> str:
        """The one that is shown."""
        choice = self.names.choice
        return str(choice.value) if choice else ""

    def set_cameras(self, names: Sequence[str], current: str) -> None:
        """Show the cameras of the config."""
        self.names.set_choices([Choice(name, name) for name in names])
        self.names.set_value(current)

    def begin_rename(self) -> None:
        """Let the name be typed."""
        self.name.setText(self.camera)
        self._stack.setCurrentWidget(self.name)
        self.name.setFocus()
        self.name.selectAll()

    def end_rename(self) -> None:
        """Show the list again."""
        if self._stack.currentWidget() is self.name:
            self._stack.setCurrentWidget(self.names)

    def _connect(self) -> None:
        self.add.clicked.connect(self.addRequested)
        self.rename.clicked.connect(self.begin_rename)
        self.remove.clicked.connect(lambda: self.removeRequested.emit(self.camera))

    def _rename(self) -> None:
        old, new = self.camera, self.name.text().strip()
        self.end_rename()
        self.names.setFocus()
        if new != old:
            self.renameRequested.emit(old, new)
