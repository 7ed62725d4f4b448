"""Whether a window can open here, found out beforehand: Qt itself would abort the process."""

from __future__ import annotations

import ctypes
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

APT = (
    "apt install libgl1 libegl1 libglib2.0-0 libfontconfig1 libdbus-1-3 libxkbcommon-x11-0 "
    "libxcb-icccm4 libxcb-image0 libxcb-keysyms1 libxcb-randr0 libxcb-render-util0 libxcb-shape0 "
    "libxcb-xinerama0 libxcb-xkb1"
)
"""What Qt needs on a bare Debian; the README says the same."""
_INSTEAD = "run it at the desktop, over ssh -X, or use `recorder record`"
_NO_DISPLAY = f"no display: neither DISPLAY nor WAYLAND_DISPLAY is set; {_INSTEAD}"
_TIMEOUT_S = 5.0
"""Longest wait for an X server: over a slow ssh -X it takes a second."""
_LONGEST = 300  # characters of a reason that is not ours
_PATHS = ("QT_QPA_PLATFORM_PLUGIN_PATH", "QT_PLUGIN_PATH")

# In a process of its own: a server may never answer, and what it says against us goes to stderr.
_CONNECT = """
import ctypes
xcb = ctypes.CDLL("libxcb.so.1")
xcb.xcb_connect.restype = ctypes.c_void_p
connection = ctypes.c_void_p(xcb.xcb_connect(None, None))
raise SystemExit(100 + xcb.xcb_connection_has_error(connection))
"""
_REACHED, _MALFORMED, _NO_SCREEN = 100, 105, 106  # xcb.h: XCB_CONN_CLOSED_…, 5 and 6
_OPEN = """
import sys
from PyQt5.QtWidgets import QApplication
QApplication(["recorder", *sys.argv[1:]])
"""


def why_not(environ: Mapping[str, str] | None = None) -> str | None:
    """Return why no window can open here and what to do, in one line; None if one can.

    Takes 0.1 s, most of it for libraries that the window loads anyway.

    Parameters
    ----------
    environ
        Left out: that of this process.
    """
    environ = os.environ if environ is None else environ
    for package in ("PyQt5", "pyqtgraph"):
        if find_spec(package) is None:
            return f"{package} is not installed; pip install {package}, or use `recorder record`"
    if not _has_x():
        return None  # Windows and macOS bring their screen along
    wanted = wanted_platforms(environ)
    if not wanted:
        return _NO_DISPLAY
    if _is_elsewhere(environ):
        return _server_problems(wanted, environ) or _try(wanted, environ)
    reasons = [_server_problem(name, environ) or _plugin_problem(name, environ) for name in wanted]
    return None if None in reasons else reasons[0]


def wanted_platforms(environ: Mapping[str, str]) -> list[str]:
    """Return the names of Qt's platforms to try, in order; empty if there is no display.

    X comes before Wayland: where both are there, it is what is tested, and windows keep their
    place. ``QT_QPA_PLATFORM`` is the user's word and comes before both.
    """
    said = environ.get("QT_QPA_PLATFORM", "").strip()
    if said:
        return [name for name in said.split(";") if name]
    screens = (("xcb", "DISPLAY"), ("wayland", "WAYLAND_DISPLAY"))
    return [name for name, variable in screens if environ.get(variable)]


def platform_arguments(environ: Mapping[str, str]) -> list[str]:
    """Return what to tell a QApplication about its platform; nothing if it is Qt's to choose."""
    wanted = wanted_platforms(environ) if _has_x() else []
    return ["-platform", ";".join(wanted)] if wanted else []


def _has_x() -> bool:
    return os.name == "posix" and sys.platform != "darwin"


def _is_elsewhere(environ: Mapping[str, str]) -> bool:
    """Whether Qt's plugins lie where only Qt itself finds them."""
    return any(environ.get(name) for name in _PATHS) or not _plugins().is_dir()


def _plugins() -> Path:
    """Return the folder of the platform plugins that come with PyQt5's wheel."""
    spec = find_spec("PyQt5")
    assert spec is not None
    places = spec.submodule_search_locations or [""]
    return Path(next(iter(places))) / "Qt5/plugins/platforms"


def _plugin_problem(platform: str, environ: Mapping[str, str]) -> str | None:
    """Return what keeps Qt from loading a platform."""
    name = platform.partition(":")[0]
    plugin = _plugins() / f"libq{'wayland-generic' if name == 'wayland' else name}.so"
    if not plugin.exists():
        known = ", ".join(sorted(path.stem[4:] for path in _plugins().glob("libq*.so")))
        return f"QT_QPA_PLATFORM={platform}: Qt has {known}; unset it, or name one of them"
    try:
        ctypes.CDLL(str(plugin))
    except OSError as error:
        # Ours is a guess at how Qt looks for libraries; before it refuses, Qt itself is asked.
        return _library_problem(name, str(error)) if _try([platform], environ) else None
    return None


def _library_problem(platform: str, text: str) -> str:
    missing = re.match(r"(\S+): cannot open shared object file", text)
    what = f"{missing[1]} is missing" if missing else text
    more = " libwayland-cursor0" if platform.startswith("wayland") else ""
    return f"Qt cannot open a window: {_short(what)}; {APT}{more}"


def _server_problems(platforms: list[str], environ: Mapping[str, str]) -> str | None:
    """Return why none of the platforms has a screen to draw on."""
    reasons = [_server_problem(name, environ) for name in platforms]
    return None if None in reasons else reasons[0]


def _server_problem(platform: str, environ: Mapping[str, str]) -> str | None:
    """Return why a platform has no screen to draw on."""
    name = platform.partition(":")[0]
    if name == "xcb":
        return _x_problem(environ)
    return _wayland_problem(environ) if name.startswith("wayland") else None


def _x_problem(environ: Mapping[str, str]) -> str | None:
    """Connect to the X server as Qt would."""
    if not environ.get("DISPLAY"):
        return _NO_DISPLAY
    where = f"DISPLAY={environ['DISPLAY']}"
    command = [sys.executable, "-I", "-S", "-c", _CONNECT]
    try:
        result = _run(command, environ)
    except subprocess.TimeoutExpired:
        return f"the X server at {where} does not answer within {_TIMEOUT_S:g} s; {_INSTEAD}"
    said = _short(result.stderr)
    if result.returncode <= _REACHED:  # or it could not even try; Qt's plugin will tell why
        return None
    if result.returncode in (_MALFORMED, _NO_SCREEN):
        return f"{where} names no screen, as :0 does; {_INSTEAD}"
    if said:
        return (
            f"the X server at {where} refuses this user ({said}); run it as the user of the "
            "desktop, or over ssh -X with xauth installed, or use `recorder record`"
        )
    return f"no X server answers at {where}; {_INSTEAD}"


def _wayland_problem(environ: Mapping[str, str]) -> str | None:
    """Connect to the compositor as Qt would."""
    name = environ.get("WAYLAND_DISPLAY") or "wayland-0"
    path = Path(environ.get("XDG_RUNTIME_DIR", ""), name)
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_TIMEOUT_S)
        try:
            client.connect(str(path))
        except OSError as error:
            reason = error.strerror or str(error)
            return f"no Wayland compositor at WAYLAND_DISPLAY={name} ({reason}); {_INSTEAD}"
    return None


def _try(platforms: list[str], environ: Mapping[str, str]) -> str | None:
    """Have Qt open a window's beginnings in a process that it may abort; 0.3 s."""
    command = [sys.executable, "-P", "-c", _OPEN, "-platform", ";".join(platforms)]
    try:
        result = _run(command, environ)
    except subprocess.TimeoutExpired:
        return f"Qt does not open a window within {_TIMEOUT_S:g} s; {_INSTEAD}"
    if result.returncode == 0:
        return None
    paths = "".join(f"; {name} is set: unset it" for name in _PATHS if environ.get(name))
    return f"Qt cannot open a window: {_telling(result.stderr)}{paths or f'; {APT}'}"


def _telling(stderr: str) -> str:
    """Return the line that says why: Python's last, or Qt's about the plugin."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    told = [line for line in lines if "Error: " in line or "qt.qpa" in line]
    return _short((told or lines or ["it does not say why"])[-1].rstrip("."))


def _run(command: list[str], environ: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=dict(environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=_TIMEOUT_S,
        check=False,
    )


def _short(text: str) -> str:
    """Return a text as one line that is not too long."""
    return " ".join(text.split())[:_LONGEST]
