"""`recorder gui`, `preview` and `attach` where no window can open, and where one can."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import PyQt5
import pytest
from helpers import RECORDER, SLOW, write_config
from stand_in_rig import StandInRig, runtime_folder_of_its_own
from xserver import screen_environment, secret_file, x_server

from recorder.rig.link import LinkServer
from ui.display import APT

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs X")

QT = Path(PyQt5.__file__).parent / "Qt5"
NOBODY = ":9977"
INSTEAD = "run it at the desktop, over ssh -X, or use `recorder record`"


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with x_server(tmp_path_factory.mktemp("x") / "log") as name:
        yield name


def recorder(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RECORDER, *arguments],
        env=screen_environment(**environ),
        capture_output=True,
        text=True,
        timeout=SLOW,
        check=False,
    )


def refusal(*arguments: str, **environ: str) -> str:
    """Return the one line with which a command says why no window opens."""
    result = recorder(*arguments, **environ)
    assert result.returncode == 2, result.stderr
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert line.startswith("recorder: ")
    return line.removeprefix("recorder: ")


# -- where no window can open -----------------------------------------------------------------


@pytest.mark.parametrize("command", [("gui",), ("preview",), ("preview", "synthetic")])
def test_without_a_display(command: tuple[str, ...]) -> None:
    said = refusal(*command)
    assert said == f"no display: neither DISPLAY nor WAYLAND_DISPLAY is set; {INSTEAD}"


@pytest.mark.parametrize("command", ["gui", "preview"])
def test_with_a_display_where_nobody_answers(command: str) -> None:
    said = refusal(command, DISPLAY=NOBODY)
    assert said == f"no X server answers at DISPLAY={NOBODY}; {INSTEAD}"


def test_with_a_display_that_lets_only_others_in(tmp_path: Path) -> None:
    secret = secret_file(tmp_path / "secret")
    with x_server(tmp_path / "log", "640x480", "-auth", str(secret)) as guarded:
        said = refusal("gui", display=guarded, XAUTHORITY="/dev/null")
        assert said.startswith(f"the X server at DISPLAY={guarded} refuses this user (")
        assert "xauth" in said


def test_a_library_is_missing(display: str, tmp_path: Path) -> None:
    """One of Qt's libraries comes first that needs another, which nobody has."""
    library = "libQt5XcbQpa.so.5"
    wants = (QT / "lib" / library).read_bytes().replace(b"libxcb-icccm.so.4", b"libxcb-absent.so.")
    (tmp_path / library).write_bytes(wants)
    said = refusal("gui", display=display, LD_LIBRARY_PATH=str(tmp_path))
    assert said == f"Qt cannot open a window: libxcb-absent.so. is missing; {APT}"


def test_the_plugins_of_another_qt_do_not_fit(display: str, tmp_path: Path) -> None:
    """Those of cv2, at a place where they are not known for what they are."""
    cv2 = find_spec("cv2")
    assert cv2 is not None
    assert cv2.origin is not None
    mine = tmp_path / "mine"
    mine.symlink_to(Path(cv2.origin).parent / "qt/plugins")
    said = refusal("preview", display=display, QT_QPA_PLATFORM_PLUGIN_PATH=str(mine))
    assert said.startswith("Qt cannot open a window: ")
    assert said.endswith("; QT_QPA_PLATFORM_PLUGIN_PATH is set: unset it")


# -- what is wrong with the argument ------------------------------------------------------------


def test_what_cannot_be_shown_is_refused_before_a_window_opens(
    display: str, tmp_path: Path
) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("cameras: {top: {sauce: synthetic}}")
    for command in ("gui", "preview"):
        result = recorder(command, str(wrong), display=display)
        assert result.returncode == 2
        assert "sauce" in result.stderr
        assert f"{wrong}:1" in result.stderr
        assert "Traceback" not in result.stderr
    assert "no such file" in refusal("preview", "mouse.avi", display=display)
    assert "no such file" in refusal("preview", "/dev/no_video", display=display)
    assert "a folder" in refusal("preview", str(tmp_path), display=display)
    assert "no such file" in refusal("gui", "nowhere.yaml", display=display)


# -- attach ---------------------------------------------------------------------------------------


@pytest.fixture
def rig() -> Iterator[StandInRig]:
    with runtime_folder_of_its_own():
        rig = StandInRig("top")
        with LinkServer(rig, "demo"):
            yield rig
        rig.close()


@pytest.mark.parametrize(
    ("options", "display_name", "said"),
    [
        ((), "", ""),
        (("--text",), NOBODY, ""),
        ((), NOBODY, f"recorder: no window: no X server answers at DISPLAY={NOBODY}; {INSTEAD}\n"),
    ],
)
def test_attach_shows_text_where_no_window_opens(
    rig: StandInRig, options: tuple[str, ...], display_name: str, said: str
) -> None:
    with subprocess.Popen(
        [*RECORDER, "attach", *options],
        env=screen_environment(display_name),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline().startswith("demo ")
        rig.close()
        child.kill()
        _, err = child.communicate(timeout=SLOW)
    assert err == said


def test_attach_to_nothing_opens_no_window(display: str) -> None:
    with runtime_folder_of_its_own():
        assert refusal("attach", display=display).startswith("no rig runs")


# -- where one can ----------------------------------------------------------------------------

WINDOW = """
import sys
from PyQt5.QtCore import QTimer
from PyQt5.QtWidgets import QApplication, QWidget
from ui.app import run, why_not
from ui.theme import DARK

class Window(QWidget):
    def show_problem(self, text): print(text, flush=True)
    exit_code = 0
    def obey(self, *_): print("asked to close", flush=True); self.close(); return True
    def part(self): pass
    def showEvent(self, event): QTimer.singleShot(0, self.begin)
    def begin(self): print("shown on", QApplication.platformName(), flush=True)

assert why_not() is None, why_not()
sys.exit(run(lambda app: Window(), DARK))
"""
HANDED_ON = "import cv2\n"
RAISES = WINDOW.replace(
    'print("shown on", QApplication.platformName(), flush=True)',
    "print('on', flush=True); QTimer.singleShot(0, self.end); raise ValueError('in a slot')\n"
    "    def end(self): QTimer.singleShot(0, self.close)",
)


def started(code: str, display: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env=screen_environment(display),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("before", ["", HANDED_ON], ids=["as it is", "cv2 was there before"])
@pytest.mark.parametrize("signal_name", ["SIGTERM", "SIGINT", "SIGHUP"])
def test_a_window_opens_and_a_signal_closes_it(display: str, before: str, signal_name: str) -> None:
    with started(before + WINDOW, display) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "shown on xcb\n"
        child.send_signal(getattr(signal, signal_name))
        out, err = child.communicate(timeout=SLOW)  # Qt idles: nothing else would wake it
    assert (child.returncode, out) == (0, "asked to close\n"), err


def test_an_exception_in_a_slot_is_shown_and_the_window_goes_on(display: str) -> None:
    with started(RAISES, display) as child:
        out, err = child.communicate(timeout=SLOW)
    assert child.returncode == 0, err
    on, shown = out.splitlines()
    assert on == "on"
    assert shown.startswith("The window met an error and goes on: ValueError: in a slot (")
    assert "Traceback" in err


def test_a_window_that_does_not_answer_ends_at_the_second_signal(display: str) -> None:
    code = WINDOW.replace("self.close()", "print('deaf', flush=True)")
    with started(code, display) as child:
        assert child.stdout is not None
        child.stdout.readline()
        child.terminate()
        assert child.stdout.readline() == "asked to close\n"
        assert child.stdout.readline() == "deaf\n"
        child.terminate()
        child.communicate(timeout=SLOW)
    assert child.returncode == -15


def test_finding_out_costs_little(display: str) -> None:
    code = "import os\nfrom ui.display import why_not\nbefore = sum(os.times()[:4])\n"
    code += "assert why_not() is None\nprint(sum(os.times()[:4]) - before)"
    with started(code, display) as child:
        out, err = child.communicate(timeout=SLOW)
    assert float(out) < 0.3, err  # processor time, with children: the machine may be busy


def test_a_config_that_is_fine_gets_as_far_as_the_display(tmp_path: Path) -> None:
    assert refusal("gui", str(write_config(tmp_path))).startswith("no display")
