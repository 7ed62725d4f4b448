"""OpenCV brings a Qt of its own; after our import PyQt5 must still reach a real X server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from xserver import x_server

PROJECT = Path(__file__).parents[2]

WINDOW = """
from PyQt5.QtWidgets import QApplication, QLabel
app = QApplication([])
label = QLabel("x")
label.show()
app.processEvents()
print(app.platformName())
"""
OURS = "from recorder.cameras.cv2_setup import import_cv2\ncv2 = import_cv2()\n"
PLAIN = "import cv2\n"


@pytest.fixture(scope="module")
def display(tmp_path_factory):
    with x_server(tmp_path_factory.mktemp("x") / "log") as name:
        yield name


def run(code, **environment):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("QT_")}
    kept |= {"PYTHONPATH": str(PROJECT), **environment}
    command = [sys.executable, "-c", code]
    return subprocess.run(
        command, env=kept, capture_output=True, text=True, timeout=60, check=False
    )


def on_x(code, display, **environment):
    return run(code, DISPLAY=display, QT_QPA_PLATFORM="xcb", **environment)


def test_a_window_opens_after_our_import(display):
    result = on_x(OURS + WINDOW, display)
    assert (result.returncode, result.stdout.strip()) == (0, "xcb"), result.stderr


def test_without_our_import_it_aborts(display):
    """What the test above would see if the cure did nothing."""
    result = on_x(PLAIN + WINDOW, display)
    assert result.returncode != 0
    assert "Could not load the Qt platform plugin" in result.stderr


def test_a_window_opens_if_cv2_was_there_before_us(display):
    result = on_x(PLAIN + OURS + WINDOW, display)
    assert (result.returncode, result.stdout.strip()) == (0, "xcb"), result.stderr


SHOW = """
import os
print(os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH"), os.environ.get("QT_QPA_FONTDIR"))
"""


HANDED_ON = "from recorder.cameras.cv2_setup import free_qt\nfree_qt()\n"


def test_what_another_program_s_cv2_has_set_is_dropped(display):
    """A notebook that has imported cv2 starts us with its paths."""
    paths = run(PLAIN + SHOW).stdout.split()
    assert "cv2" in paths[0]
    handed = {"QT_QPA_PLATFORM_PLUGIN_PATH": paths[0], "QT_QPA_FONTDIR": paths[1]}
    assert on_x(WINDOW, display, **handed).returncode != 0
    result = on_x(HANDED_ON + WINDOW, display, **handed)
    assert (result.returncode, result.stdout.strip()) == (0, "xcb"), result.stderr
    own = {"QT_QPA_PLATFORM_PLUGIN_PATH": "/mine/plugins"}
    assert run(HANDED_ON + SHOW, **own).stdout.split() == ["/mine/plugins", "None"]


def test_the_users_own_paths_come_back():
    own = {"QT_QPA_PLATFORM_PLUGIN_PATH": "/mine/plugins", "QT_QPA_FONTDIR": "/mine/fonts"}
    assert run(OURS + SHOW, **own).stdout.split() == ["/mine/plugins", "/mine/fonts"]
    assert run(OURS + SHOW).stdout.split() == ["None", "None"]


def test_what_is_said_to_opencv_before_its_import():
    code = OURS + (
        "import os\n"
        "print(os.environ['OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT'], os.environ['OPENCV_LOG_LEVEL'],"
        " os.environ['OPENCV_FFMPEG_LOGLEVEL'], cv2.getNumThreads(), import_cv2() is cv2)"
    )
    names = ("OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT", "OPENCV_LOG_LEVEL", "OPENCV_FFMPEG_LOGLEVEL")
    clean = {name: value for name, value in os.environ.items() if name not in names}
    clean["PYTHONPATH"] = str(PROJECT)
    command = [sys.executable, "-c", code]
    result = subprocess.run(
        command, env=clean, capture_output=True, text=True, timeout=60, check=True
    )
    assert result.stdout.split() == ["2", "SILENT", "-8", "1", "True"]
    result = run(code, OPENCV_VIDEOIO_V4L_SELECT_TIMEOUT="7")
    assert result.stdout.split()[0] == "7"
