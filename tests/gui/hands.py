"""Hands and eyes for a real window on a real X server: xdotool's keyboard and mouse, its pixels.

There is no window manager: who wants the keyboard for a window takes it, as a manager would.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import pytest
from helpers import RECORDER, SLOW, until
from xserver import IN_CI, screen_environment, x_server

from recorder.errors import RecorderError
from recorder.rig.link import Link, connect, running

WIDTH, HEIGHT = 1280, 800
_HEAD = 25
"""Numbers in the head of an X window dump, big-endian; see X11/XWDFile.h."""


class Screen:
    """A screen of its own.

    Parameters
    ----------
    display
        As in ``DISPLAY``.
    file
        The server's own memory of the screen, as an X window dump.
    """

    def __init__(self, display: str, file: Path) -> None:
        self.display = display
        self._file = file

    def do(self, *words: object) -> str:
        """Have xdotool do something; what it cannot do is an empty answer."""
        result = subprocess.run(
            ["xdotool", *map(str, words)],
            env=screen_environment(self.display),
            capture_output=True,
            text=True,
            timeout=SLOW,
            check=False,
        )
        return result.stdout.strip()

    def titles(self) -> list[str]:
        """Return what stands above the windows that can be seen."""
        names = self.do("search", "--onlyvisible", "--name", ".", "getwindowname", "%@")
        return names.splitlines()

    def shows(self, pattern: str) -> str | None:
        """Return a title that matches, if a window has one."""
        return next((title for title in self.titles() if re.search(pattern, title)), None)

    def take_keyboard(self, pattern: str) -> None:
        """Give a window the keyboard, once it is there."""
        until(lambda: self._has_keyboard(pattern), f"for a window {pattern}: {self.titles()}")

    def _has_keyboard(self, pattern: str) -> bool:
        if self.shows(pattern):
            self.do("search", "--onlyvisible", "--name", pattern, "windowfocus")
        return re.search(pattern, self.do("getwindowfocus", "getwindowname")) is not None

    def press(self, *keys: str) -> None:
        """Press keys, one after the other; a plus joins those that are pressed together."""
        self.do("key", *keys)

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Draw with the left button from one place to another, at the speed of a quick hand.

        Graphs look at the mouse a hundred times a second; what is faster is a click for them.
        """
        steps = np.linspace(start, end, 6).round().astype(int).tolist()
        moves = [word for x, y in steps[1:] for word in ("mousemove", x, y, "sleep", 0.02)]
        first = ("mousemove", "--sync", *start, "sleep", 0.02, "mousedown", 1, "sleep", 0.02)
        self.do(*first, *moves, "mouseup", 1)

    def pixels(self) -> np.ndarray:
        """Return what is on the screen now: height x width x 3, blue first."""
        data = self._file.read_bytes()
        head = np.frombuffer(data, ">u4", _HEAD)
        size, width, height, row, colours = (int(head[at]) for at in (0, 4, 5, 12, 19))
        start = size + 12 * colours
        rows = np.frombuffer(data, np.uint8, height * row, start).reshape(height, row)
        return rows[:, : width * 4].reshape(height, width, 4)[..., :3].copy()

    def live_area(self) -> tuple[int, int, int, int] | None:
        """Return left, top, right and bottom of where the picture moves; None if it does not.

        The synthetic camera's is full of noise, so all of it differs from one look to the next.
        """
        looks = [self.pixels()]
        for _ in range(3):  # one of them may see a picture that is drawn by half
            time.sleep(0.1)
            looks.append(self.pixels())
        moved = np.any([a != b for a, b in pairwise(looks)], axis=(0, 3))
        rows = np.flatnonzero(moved.mean(axis=1) > 0.1)
        columns = np.flatnonzero(moved[rows].mean(axis=0) > 0.5) if rows.size else rows
        if not columns.size:
            return None
        return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


@contextmanager
def screen(folder: Path) -> Iterator[Screen]:
    """Give a screen, and hands for it."""
    if shutil.which("xdotool") is None:
        if IN_CI:
            pytest.fail("CI needs xdotool: apt-get install xdotool")
        pytest.skip("xdotool is not installed")
    size = f"{WIDTH}x{HEIGHT}"
    # Without -noreset it begins anew whenever its last client is gone, and refuses the next one.
    options = ("-fbdir", str(folder), "-noreset")
    with x_server(folder / "log", size, *options) as display:
        yield Screen(display, folder / "Xvfb_screen0")


class Desktop:
    """Somebody at the screen: opens windows, and looks after the rigs behind them.

    Parameters
    ----------
    screen
        Where windows open.
    folder
        For all that they remember and write.
    """

    def __init__(self, screen: Screen, folder: Path) -> None:
        self.screen = screen
        self.folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: object, terminal: int | None = None) -> subprocess.Popen[bytes]:
        """Start a command of the recorder; what it says goes to its terminal, or ``said.txt``."""
        homes = {"HOME": self.folder, "XDG_STATE_HOME": self.folder, "XDG_CACHE_HOME": self.folder}
        own = {"RECORDER_CONFIG_DIR": self.folder / "config", "XDG_RUNTIME_DIR": self.folder}
        environment = screen_environment(
            self.screen.display, **{name: str(path) for name, path in (homes | own).items()}
        )
        with (self.folder / "said.txt").open("ab") as said:
            child = subprocess.Popen(
                [*RECORDER, *map(str, arguments)],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL if terminal is None else terminal,
                stdout=said if terminal is None else terminal,
                stderr=said if terminal is None else terminal,
                start_new_session=True,
            )
        self._started.append(child)
        return child

    def open(
        self, *arguments: object, title: str = "– recorder$", terminal: int | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a command; give its window the keyboard, and wait until the picture is live."""
        child = self.start(*arguments, terminal=terminal)
        until(lambda: self.screen.shows(title) or self._ends(child), f"for a window {title}")
        self.screen.take_keyboard(title)
        until(lambda: self.screen.live_area() or self._ends(child), "for a live picture")
        until(lambda: self.screen.shows(title) or self._ends(child), "for it to be ready")
        return child

    def _ends(self, child: subprocess.Popen[bytes]) -> None:
        assert child.poll() is None, f"it ended with {child.returncode}: {self.said()}"

    def said(self) -> str:
        """Return what the commands said."""
        return (self.folder / "said.txt").read_text(encoding="utf-8")

    def kill(self, child: subprocess.Popen[bytes]) -> None:
        """End a window as the power would; its rig has a session of its own."""
        child.kill()
        child.wait(SLOW)
        until(lambda: not self.screen.titles(), "for the window to go")

    @contextmanager
    def rig(self, name: str | None = None) -> Iterator[Link]:
        """Look at a rig that runs, from outside."""
        with until(lambda: _connected(name), "for a rig") as link:
            yield link

    def close(self) -> None:
        """End whatever is still there, the rigs with it."""
        for child in self._started:
            if child.poll() is None:
                child.kill()
            child.wait(SLOW)
        for rig in running():
            with connect(rig.name) as link:
                link.stop()
            until(lambda pid=rig.pid: not _runs(pid), "for the end of a rig")


def _connected(name: str | None) -> Link | None:
    try:
        return connect(name)
    except RecorderError:
        return None


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def code_of(child: subprocess.Popen[bytes]) -> int:
    """Wait for a command's end; return its exit code."""
    until(lambda: child.poll() is not None, "for the end of a command")
    return int(child.wait())
