"""Whether a window can open is known, in one line, before Qt could abort."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from ui.display import APT, platform_arguments, wanted_platforms, why_not

PROJECT = Path(__file__).parents[2]
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X and Wayland")
NOBODY = ":9977"


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, []),
        ({"DISPLAY": ""}, []),
        ({"DISPLAY": ":0"}, ["xcb"]),
        ({"WAYLAND_DISPLAY": "wayland-0"}, ["wayland"]),
        ({"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, ["xcb", "wayland"]),
        ({"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, ["offscreen"]),
        ({"QT_QPA_PLATFORM": "wayland;xcb"}, ["wayland", "xcb"]),
    ],
)
def test_which_platforms_are_tried(environ, wanted):
    assert wanted_platforms(environ) == wanted


@LINUX
def test_qt_is_told_the_same():
    both = {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}
    assert platform_arguments(both) == ["-platform", "xcb;wayland"]
    assert platform_arguments({}) == []


def said(environ):
    reason = why_not(environ)
    assert reason is not None
    assert "\n" not in reason
    assert len(reason) < 500
    return reason


@LINUX
@pytest.mark.parametrize(
    ("environ", "what"),
    [
        ({}, "no display: neither DISPLAY nor WAYLAND_DISPLAY is set"),
        ({"QT_QPA_PLATFORM": "xcb"}, "no display"),
        ({"DISPLAY": NOBODY}, f"no X server answers at DISPLAY={NOBODY}"),
        ({"DISPLAY": "desk"}, "DISPLAY=desk names no screen"),
        ({"WAYLAND_DISPLAY": "w", "XDG_RUNTIME_DIR": "/nowhere"}, "no Wayland compositor"),
    ],
)
def test_without_a_screen_the_way_out_is_named(environ, what):
    reason = said(environ)
    assert reason.startswith(what)
    assert reason.endswith("; run it at the desktop, over ssh -X, or use `recorder record`")


@LINUX
def test_a_platform_that_the_user_names_needs_no_screen():
    assert why_not({"QT_QPA_PLATFORM": "offscreen"}) is None
    assert why_not({"QT_QPA_PLATFORM": "offscreen", "DISPLAY": NOBODY}) is None


@LINUX
def test_a_platform_that_qt_does_not_have():
    reason = said({"QT_QPA_PLATFORM": "xbc", "DISPLAY": NOBODY})
    assert reason.startswith("QT_QPA_PLATFORM=xbc: Qt has eglfs, ")
    assert " xcb; unset it, or name one of them" in reason


@LINUX
def test_wayland_will_do_where_x_is_dead(tmp_path):
    with socket.socket(socket.AF_UNIX) as compositor:
        compositor.bind(str(tmp_path / "w"))
        compositor.listen()
        wayland = {"WAYLAND_DISPLAY": "w", "XDG_RUNTIME_DIR": str(tmp_path)}
        reason = why_not(wayland) or ""
        assert "compositor" not in reason
        assert not reason or ("libwayland" in reason and reason.endswith(" libwayland-cursor0"))
        if not reason:  # Qt's libraries for it are here
            assert why_not({"DISPLAY": NOBODY, **wayland}) is None
        else:
            assert said({"DISPLAY": NOBODY, **wayland}).startswith("no X server")


def test_what_to_install_is_what_the_readme_says():
    assert APT in (PROJECT / "README.md").read_text(encoding="utf-8")


def test_qt_is_not_imported_to_find_out():
    code = (
        "import sys\nfrom ui import app, display\ndisplay.why_not({})\napp.why_not()\n"
        "print([name for name in sys.modules if name.startswith(('PyQt5', 'pyqtgraph'))])"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == "[]"
