"""What somebody does with the window, by real mouse and keyboard: real processes, a real X server.

What the window says of itself is read off its title, what it shows off the screen's own pixels;
what it does is seen at the rig and in the files.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hands import Desktop, code_of
from helpers import assert_adds_up, read_about, run, until, write_config

from recorder import verify
from recorder.config import load_config
from recorder.rig.link import Link, running

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs X")

SIZE = (640, 480)
MAIN, QUESTION = "– recorder$", "^recorder$"
READY = "^config.yaml – recorder$"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    return write_config(tmp_path, size=list(SIZE), fps=60, buffer__memory="32MiB")


def recorded(link: Link, more_than: int = 0) -> bool:
    """Whether it records, and has so many frames."""
    status = link.status()
    return status.state == "recording" and status.cameras[0].totals.written > more_than


def begin(desktop: Desktop, link: Link, key: str = "r") -> None:
    """Record; the title says so."""
    desktop.screen.press(key)
    until(lambda: recorded(link, 10), "for a recording")
    until(lambda: desktop.screen.shows("^● recording – "), "for the title to say so")


def assert_is_whole(link: Link) -> list[str]:
    """Check a recording that is over against its files; return them."""
    camera = link.status().cameras[0]
    totals = camera.totals
    assert totals.lossless
    assert totals.written > 10
    assert_files(camera.files, totals.written)
    return list(camera.files)


def assert_files(files: tuple[str, ...] | list[str], frames: int | None = None) -> None:
    results = [verify(file) for file in files]
    assert results
    assert all(result.ok for result in results)
    about = [read_about(file) for file in files]
    assert {each["state"] for each in about} == {"complete"}
    assert {each["totals"]["dropped"] for each in about} == {0}
    if frames is not None:
        assert sum(each["totals"]["written"] for each in about) == frames


# -- journeys ---------------------------------------------------------------------------------


def test_draw_a_crop_record_verify_save_and_run_it(desktop: Desktop, config: Path) -> None:
    window, eye = desktop.open("gui", config, title=READY), desktop.screen
    left, top, right, bottom = until(eye.live_area)
    scale = (right - left) / SIZE[0]
    assert (bottom - top) / scale == pytest.approx(SIZE[1], abs=3)
    with desktop.rig("config") as link:
        eye.press("c")
        eye.drag((left + 40, top + 30), (left + 240, top + 180))
        eye.press("Return")
        x, y, width, height = until(lambda: link.config().cameras["top"].crop, "for a crop")
    wanted = [each / scale for each in (40, 30, 200, 150)]
    assert [x, y, width, height] == pytest.approx(wanted, abs=3)
    with desktop.rig("config") as link:
        until(lambda: f"{width}x{height}" in link.status().cameras[0].frame, "for cropped frames")
        until(lambda: link.latest_frame("top").frame.shape == (height, width))
        until(
            lambda: eye.shows("^config.yaml, not saved – recorder$"), "for the window to be ready"
        )
        begin(desktop, link)
        eye.press("r")
        until(lambda: eye.shows("^✓ verified – "), "for the verdict")
        assert_is_whole(link)
    eye.press("ctrl+s")
    until(lambda: eye.shows("^✓ verified – config.yaml – recorder$"), "for the file to be saved")
    assert load_config(config).cameras["top"].crop == (x, y, width, height)
    eye.press("ctrl+q")
    assert code_of(window) == 0
    assert_it_records(config, (width, height))


def assert_it_records(config: Path, size: tuple[int, int]) -> None:
    """Run what the window saved."""
    result = run("record", config, "--duration", "20 frames", "--json")
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["exit_code"] == 0
    [camera] = told["cameras"].values()
    assert len(assert_adds_up(camera)) == 20
    about = read_about(camera["files"][0])
    assert (about["width"], about["height"]) == size


def test_a_killed_window_leaves_the_recording_and_finds_it_again(
    desktop: Desktop, config: Path
) -> None:
    window = desktop.open("gui", config, title=READY)
    with desktop.rig("config") as link:
        begin(desktop, link, "space")
        desktop.kill(window)
        had = link.status().cameras[0].totals.written
        until(lambda: recorded(link, had + 60), "for the recording to go on")
        again = desktop.open("gui", title="^● recording – ")
        until(lambda: desktop.screen.shows("^● recording – "), "for it to be found")
        desktop.screen.press("r")
        until(lambda: link.status().state == "previewing", "for its end")
        assert_is_whole(link)
        assert desktop.screen.shows(MAIN)
    desktop.screen.press("ctrl+q")
    assert code_of(again) == 0


def test_closing_while_recording_asks_and_finishes(desktop: Desktop, config: Path) -> None:
    window, eye = desktop.open("gui", config, title=READY), desktop.screen
    with desktop.rig("config") as link:
        begin(desktop, link)
        eye.press("ctrl+q")
        eye.take_keyboard(QUESTION)
        eye.press("Escape")
        until(lambda: not eye.shows(QUESTION), "for the question to go")
        assert window.poll() is None
        assert link.status().state == "recording"
        eye.take_keyboard(MAIN)
        eye.press("ctrl+q")
        eye.take_keyboard(QUESTION)
        eye.press("alt+f")
        assert code_of(window) == 0
        files = link.status().cameras[0].files
        assert link.status().state == "previewing", "the window waited for its end"
    assert_files(files)


@pytest.mark.slow
def test_closing_while_recording_may_leave_it(desktop: Desktop, config: Path) -> None:
    window, eye = desktop.open("gui", config, title=READY), desktop.screen
    with desktop.rig("config") as link:
        begin(desktop, link)
        eye.press("ctrl+q")
        eye.take_keyboard(QUESTION)
        eye.press("alt+l")
        assert code_of(window) == 0
        had = link.status().cameras[0].totals.written
        until(lambda: recorded(link, had + 30), "for the recording to go on")
        link.end_take()
        until(lambda: link.status().state == "previewing", "for its end")
        assert_is_whole(link)


GOES_ON = (
    "recorder: the window is closed, the recording goes on: "
    "`recorder attach config` shows it, `recorder stop config` ends it"
)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    made = Terminal(*os.openpty())
    yield made
    made.hang_up()


@dataclass
class Terminal:
    """A real one: what it says is read from `master`, commands have `slave`."""

    master: int
    slave: int
    said: str = ""

    def says(self, words: str) -> bool:
        if select.select([self.master], [], [], 0.1)[0]:
            self.said += os.read(self.master, 65536).decode()
        return words in self.said

    def hang_up(self) -> None:
        for end in (self.master, self.slave):
            with contextlib.suppress(OSError):
                os.close(end)


def test_ctrl_c_asks_in_the_window_and_a_second_one_leaves_the_recording(
    desktop: Desktop, config: Path, terminal: Terminal
) -> None:
    eye = desktop.screen
    window = desktop.open("gui", config, title=READY, terminal=terminal.slave)
    with desktop.rig("config") as link:
        begin(desktop, link)
        window.send_signal(signal.SIGINT)
        eye.take_keyboard(QUESTION)
        until(lambda: terminal.says("Ctrl-C again leaves at once, and the recording goes on"))
        eye.press("Escape")
        until(lambda: not eye.shows(QUESTION), "for the question to go")
        window.send_signal(signal.SIGINT)
        until(lambda: eye.shows(QUESTION), "for the question to come again")
        window.send_signal(signal.SIGINT)
        assert code_of(window) == 130
        until(lambda: terminal.says(GOES_ON))
        had = link.status().cameras[0].totals.written
        until(lambda: recorded(link, had + 30), "for the recording to go on")
        files = link.status().cameras[0].files
        assert run("stop", "config").returncode == 0, "as the terminal was told"
    assert_files(files)


@pytest.mark.slow
def test_a_terminal_that_hangs_up_takes_the_window_and_not_the_recording(
    desktop: Desktop, config: Path, terminal: Terminal
) -> None:
    window = desktop.open("gui", config, title=READY, terminal=terminal.slave)
    with desktop.rig("config") as link:
        begin(desktop, link)
        terminal.hang_up()  # nothing can be said there any more
        window.send_signal(signal.SIGHUP)
        assert code_of(window) == 0
        had = link.status().cameras[0].totals.written
        until(lambda: recorded(link, had + 30), "for the recording to go on")


@pytest.mark.slow
def test_sigterm_leaves_the_recording_and_says_how_to_reach_it(
    desktop: Desktop, config: Path
) -> None:
    window = desktop.open("gui", config, title=READY)
    with desktop.rig("config") as link:
        begin(desktop, link)
        window.terminate()
        assert code_of(window) == 0
        assert desktop.said().splitlines()[-1] == GOES_ON
        assert link.status().state == "recording"


def test_preview_shows_and_writes_nothing(desktop: Desktop, tmp_path: Path) -> None:
    window, eye = desktop.open("preview", "synthetic", title="^preview – recorder$"), desktop.screen
    eye.press("r", "space")
    with desktop.rig() as link:
        seen = until(lambda: link.latest_frame("camera")).sequence
        until(lambda: link.latest_frame("camera", None, seen + 20), "for more pictures")
        until(lambda: link.status().state == "previewing")
    eye.press("ctrl+q")
    assert code_of(window) == 0
    suffixes = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert not suffixes & {".mkv", ".h5", ".csv"}


@pytest.mark.slow
def test_attach_to_a_recording_that_runs(desktop: Desktop, config: Path) -> None:
    recording = desktop.start("record", config)
    with desktop.rig("config") as link:
        until(lambda: recorded(link, 10), "for a recording")
        window = desktop.open("attach", title="^● recording – config – recorder$")
        desktop.screen.press("r")
        assert code_of(recording) == 0
    desktop.screen.press("ctrl+q")
    assert code_of(window) == 0
    assert_files([str(path) for path in (config.parent / "out").glob("*.mkv")])
    assert not running()
