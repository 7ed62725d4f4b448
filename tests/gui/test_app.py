"""The start of the window: its look, its guards, and its end."""

import logging
import os
import signal
import subprocess
import sys
import threading

import pyqtgraph
import pytest
from PyQt5.QtCore import QObject, QTimer, pyqtSignal
from PyQt5.QtGui import QPalette
from PyQt5.QtWidgets import QWidget

from ui.app import run
from ui.application import apply_theme, make_application
from ui.guards import SignalWatch, SlotGuard, guard_slots
from ui.theme import DARK, LIGHT


@pytest.fixture
def app(qapp):
    before = qapp.styleSheet(), qapp.palette()
    yield qapp
    qapp.setStyleSheet(before[0])
    qapp.setPalette(before[1])


def test_there_is_one_application_and_it_looks_like_the_theme(app):
    assert make_application(DARK) is app
    assert app.applicationName() == "recorder"
    for theme in (LIGHT, DARK):
        apply_theme(app, theme)
        assert app.palette().color(QPalette.Window).name() == theme.window
        assert app.palette().color(QPalette.Link).name() == theme.accent
        assert theme.accent in app.styleSheet()
        assert pyqtgraph.getConfigOption("background") == theme.panel
        assert pyqtgraph.getConfigOption("foreground") == theme.dim
    assert pyqtgraph.getConfigOption("imageAxisOrder") == "row-major"


# -- errors that nobody caught ------------------------------------------------------------------


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


class Source(QObject):
    happens = pyqtSignal()

    def fail(self):
        raise ValueError("no such camera")

    def fail_elsewhere(self):
        raise ValueError("no such camera")


@pytest.fixture
def source(app):
    return Source()


def test_an_exception_in_a_slot_is_told_and_logged(qtbot, source, caplog):
    said, reached = [], []
    source.happens.connect(source.fail)
    source.happens.connect(lambda: reached.append(1))
    with guard_slots(said.append):
        source.happens.emit()
        qtbot.waitUntil(lambda: len(said) == 1)
    assert reached == [1], "the other slots are called all the same"
    [text] = said
    assert text.startswith("The window met an error and goes on: ValueError: no such camera (")
    assert "test_app.py:" in text
    assert "Traceback" in caplog.text


def test_an_exception_in_a_thread_is_told_in_the_thread_of_the_window(qtbot, app):
    said = []
    with guard_slots(lambda text: said.append((text, threading.current_thread()))):
        thread = threading.Thread(target=lambda: 1 // 0)
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: len(said) == 1)
    [(text, where)] = said
    assert "ZeroDivisionError" in text
    assert where is threading.main_thread()


def test_the_same_error_is_told_now_and_then(qtbot, source, caplog):
    said, clock = [], Clock()
    source.happens.connect(source.fail)
    with SlotGuard(said.append, clock):
        for _ in range(100):
            source.happens.emit()
        clock.now_s = 11.0
        source.happens.emit()
        source.happens.connect(source.fail_elsewhere)
        source.happens.emit()  # the first again, too soon, and another one
        qtbot.waitUntil(lambda: len(said) >= 3)
    assert len(said) == 3
    assert "99 times more since it was last told" in said[1]
    assert "times more" not in said[0] + said[2]
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == 3


def test_what_tells_may_fail_itself(qtbot, source):
    calls = []

    def tell(text):
        calls.append(text)
        raise RuntimeError("nor can this be shown")

    source.happens.connect(source.fail)
    with guard_slots(tell):
        source.happens.emit()
        qtbot.waitUntil(lambda: len(calls) == 2)
        qtbot.wait(50)
    assert len(calls) == 2, "told of its own failure once, not for ever"


def test_the_hooks_are_given_back(app):
    before = sys.excepthook, threading.excepthook
    with guard_slots(lambda text: None):
        assert sys.excepthook != before[0]
    assert (sys.excepthook, threading.excepthook) == before


# -- signals ------------------------------------------------------------------------------------

POSIX = pytest.mark.skipif(os.name != "posix", reason="signals")


@POSIX
@pytest.mark.parametrize("name", ["SIGHUP", "SIGTERM", "SIGINT"])
def test_a_signal_is_heard_while_qt_idles(qtbot, app, name):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with SignalWatch() as watch, qtbot.waitSignal(watch.asked, timeout=5000) as heard:
        os.kill(os.getpid(), number)
    assert heard.args == [number]
    assert signal.getsignal(number) is before


@POSIX
def test_every_signal_is_told_while_qt_listens(qtbot, app):
    told = []
    with SignalWatch() as watch:
        watch.asked.connect(told.append)
        for name in ("SIGINT", "SIGINT", "SIGTERM"):
            before = len(told)
            os.kill(os.getpid(), getattr(signal, name))
            qtbot.waitUntil(lambda before=before: len(told) > before)
    assert told == [signal.SIGINT, signal.SIGINT, signal.SIGTERM]


HANGS = """
import os, signal
from PyQt5.QtCore import QCoreApplication, QTimer
from ui.guards import SignalWatch

def hang():
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.{second})
    while True:
        pass

app = QCoreApplication([])
with SignalWatch(at_once=lambda: {last_words}, clock=iter([0.0, {after_s}]).__next__):
    QTimer.singleShot(0, hang)
    app.exec_()
"""


@POSIX
@pytest.mark.parametrize(
    ("second", "after_s"), [("SIGTERM", 1.1), ("SIGHUP", 1.1), ("SIGINT", 1.1), ("SIGINT", 0.02)]
)
@pytest.mark.parametrize("last_words", ["print('it goes on', flush=True)", "1 // 0"])
def test_a_window_that_hangs_ends_at_the_second_signal_and_says_so(second, after_s, last_words):
    code = HANGS.format(second=second, after_s=after_s, last_words=last_words)
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 128 + getattr(signal, second)
    assert result.stdout == ("it goes on\n" if "print" in last_words else "")


@POSIX
def test_what_the_shell_ignores_stays_ignored(app):
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with SignalWatch():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
        assert signal.set_wakeup_fd(-1) == -1
    finally:
        signal.signal(signal.SIGHUP, before)


# -- a whole life -------------------------------------------------------------------------------


class FakeWindow(QWidget):
    """Does something when it is shown, and counts."""

    def __init__(self, when_shown):
        super().__init__()
        self.when_shown, self.problems, self.asked, self.exit_code = when_shown, [], [], 0

    def showEvent(self, event):
        QTimer.singleShot(0, lambda: self.when_shown(self))

    def show_problem(self, text):
        self.problems.append(text)
        self.close()

    def obey(self, number, has_terminal):
        self.asked.append(number)
        self.exit_code = len(self.asked)
        self.close()
        return True

    def part(self):
        pass


def life(when_shown):
    windows = []

    def open_window(app):
        windows.append(FakeWindow(when_shown))
        return windows[0]

    return run(open_window, DARK), windows[0]


def test_it_ends_with_its_last_window(app):
    code, window = life(lambda window: window.close())
    assert (code, window.asked, window.problems) == (0, [], [])


@POSIX
def test_the_window_is_told_of_a_signal_and_says_the_exit_code(app):
    code, window = life(lambda window: os.kill(os.getpid(), signal.SIGTERM))
    assert (code, window.asked) == (1, [signal.SIGTERM])


@POSIX
@pytest.mark.parametrize(
    "names",
    [("SIGTERM", "SIGHUP"), ("SIGHUP", "SIGTERM"), ("SIGHUP", "SIGHUP"), ("SIGINT", "SIGHUP")],
)
def test_signals_that_come_together_are_one_request(app, names, monkeypatch):
    """As systemd sends them with SendSIGHUP, and a shell to what its terminal leaves behind."""
    ends = []
    monkeypatch.setattr(os, "_exit", ends.append)
    monkeypatch.setattr(signal, "raise_signal", ends.append)

    def send(window):
        for name in names:
            os.kill(os.getpid(), getattr(signal, name))

    code, window = life(send)
    assert (code, window.asked, ends) == (1, [getattr(signal, names[0])], [])


def test_an_error_reaches_the_window(app):
    code, window = life(lambda window: [].pop())
    assert code == 0
    assert "IndexError" in window.problems[0]


def test_an_error_in_the_making_of_the_window_is_the_callers(app):
    def broken(app):
        raise LookupError("no window")

    with pytest.raises(LookupError):
        run(broken, DARK)
