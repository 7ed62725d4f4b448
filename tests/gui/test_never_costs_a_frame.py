"""Whatever happens to the window, the recording loses nothing.

Real processes on a real X server; the campaign is `pytest -m slow`.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hands import Desktop
from helpers import until, write_config

from recorder import verify

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(180),
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs X"),
]

ASLEEP_S = 10.0
PULLS = 60


def halted(desktop: Desktop, window) -> None:
    """The GUI thread is asleep, and every other of the window's."""
    os.kill(window.pid, signal.SIGSTOP)
    time.sleep(ASLEEP_S)  # that is what is tested
    os.kill(window.pid, signal.SIGCONT)


def pulled_about(desktop: Desktop, window) -> None:
    chance = random.Random(5)
    for _ in range(PULLS):
        width, height = chance.randint(300, 1280), chance.randint(200, 800)
        desktop.screen.do(*OURS, "windowsize", width, height)
    desktop.screen.do(*OURS, "windowsize", 1280, 800)


def hidden(desktop: Desktop, window) -> None:
    for _ in range(5):
        desktop.screen.do(*OURS, "windowunmap", "--sync")
        desktop.screen.do("search", "--name", "– recorder$", "windowmap", "--sync")


def killed(desktop: Desktop, window) -> None:
    desktop.kill(window)


OURS = ("search", "--onlyvisible", "--name", "– recorder$")


@pytest.mark.parametrize(
    "trouble", [halted, pulled_about, hidden, killed], ids=lambda each: each.__name__
)
def test_the_recording_loses_nothing(
    desktop: Desktop, tmp_path: Path, trouble: Callable[[Desktop, object], None]
) -> None:
    config = write_config(tmp_path, size=[640, 480], fps=60, buffer__memory="256MiB")
    window = desktop.open("gui", config)
    with desktop.rig("config") as link:
        until(lambda: desktop.screen.shows("^config"), "for the window to be ready")
        desktop.screen.press("r")
        until(lambda: link.status().cameras[0].totals.written > 50, "for a recording")
        trouble(desktop, window)
        written = link.status().cameras[0].totals.written
        until(lambda: link.status().cameras[0].totals.written > written + 100, "for it to go on")
        if window.poll() is None:  # and the window goes on, too
            until(desktop.screen.live_area, "for a live picture")
        link.end_take()
        until(lambda: link.status().state == "previewing", "for its end")
        camera = link.status().cameras[0]
    assert camera.totals.lossless, camera
    (file,) = camera.files
    assert verify(file).ok
