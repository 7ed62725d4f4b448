"""Questions: what each key and button answers, and what a stray Enter does."""

from pathlib import Path

import pytest
from PyQt5.QtCore import Qt, QTimer
from PyQt5.QtTest import QTest
from PyQt5.QtWidgets import QApplication, QFileDialog, QLabel, QMessageBox, QWidget

from ui.views import dialogs
from ui.views.actions import keys_help


@pytest.fixture
def answer(qtbot):
    """Press a key or a button in the dialog that opens next; what it said is in the list."""

    def arrange(key):
        seen = []
        QTimer.singleShot(0, lambda: press(qtbot, seen, key))
        return seen

    return arrange


def press(qtbot, seen, key):
    dialog = QApplication.activeModalWidget()
    if isinstance(dialog, QMessageBox):
        seen += [dialog.text(), dialog.informativeText()]
    else:
        seen += [label.text() for label in dialog.findChildren(QLabel)]
    with qtbot.waitActive(dialog):
        dialog.activateWindow()
    if isinstance(key, str):
        next(each for each in dialog.buttons() if each.text() == key).click()
    else:
        QTest.keyClick(QApplication.focusWidget() or dialog, key)
    try:
        qtbot.waitUntil(lambda: not dialog.isVisible(), timeout=3000)
    finally:
        if dialog.isVisible():
            dialog.done(0)  # it was no answer: the test fails, and does not hang


@pytest.fixture
def parent(qtbot):
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    return made


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("&Finish it and close", "finish"),
        ("&Leave it recording", "leave"),
        ("&Cancel", "cancel"),
        (Qt.Key_Escape, "cancel"),
        (Qt.Key_Return, "cancel"),
    ],
)
def test_closing_while_recording(parent, answer, key, expected):
    seen = answer(key)
    assert dialogs.ask_closing(parent, "my rig") == expected
    assert "recorder gui" in seen[1]


@pytest.mark.parametrize(
    ("key", "expected"),
    [(Qt.Key_Return, "save"), (Qt.Key_Escape, "cancel")],
)
@pytest.mark.parametrize("path", [Path("/data/lab.yaml"), None])
def test_saving(parent, answer, key, expected, path):
    seen = answer(key)
    assert dialogs.ask_saving(parent, path) == expected
    assert seen[0].startswith("lab.yaml was changed" if path else "The config was changed")


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("&Overwrite", True),
        (Qt.Key_Return, False),
        (Qt.Key_Escape, False),
    ],
)
def test_overwriting(parent, answer, key, expected):
    seen = answer(key)
    assert dialogs.ask_overwriting(parent, "it was changed by somebody else") is expected
    assert seen[1] == "it was changed by somebody else"


@pytest.mark.parametrize(
    ("chosen", "expected"), [("", None), ("/a/b", "/a/b.yaml"), ("/a/b.yml", "/a/b.yml")]
)
def test_where_to_save(parent, monkeypatch, chosen, expected):
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (chosen, ""))
    path = dialogs.choose_target(parent, Path("/a/old.yaml"))
    assert path == (Path(expected) if expected else None)


def test_what_to_open(parent, monkeypatch):
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("/a/b.yaml", ""))
    assert dialogs.choose_config(parent, None) == Path("/a/b.yaml")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    assert dialogs.choose_config(parent, Path("/a")) is None


def test_the_keys_are_shown_and_escape_closes(parent, answer):
    seen = answer(Qt.Key_Escape)
    dialogs.show_keys(parent)
    for keys, what in keys_help():
        assert keys in seen
        assert what in seen
