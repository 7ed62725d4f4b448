"""The list of cameras is made in a process of its own, which may hang or die."""

import sys
import threading
import time

import pytest

from ui.model.cameras import CameraFinder

PATIENCE_S = 20.0


def program(code):
    return [sys.executable, "-I", "-S", "-c", code]


def answer(finder):
    """Wait for the list, as a window does: by looking now and then."""
    deadline = time.monotonic() + PATIENCE_S
    while (found := finder.poll()) is None:
        assert time.monotonic() < deadline
        time.sleep(0.005)
    return found


@pytest.fixture
def finder_of():
    made = []

    def make(code, **options):
        made.append(CameraFinder(program(code), **options))
        return made[-1]

    yield make
    for finder in made:
        finder.close()
        assert not finder.is_looking


CAMERAS = (
    '{"cameras": [{"name": "USB", "source": 0, "path": "/dev/video0", '
    '"modes": [["MJPG", 1280, 720, 60.0]], "of_a_later_version": 1}]}'
)


def test_cameras_come_with_names_and_modes(finder_of):
    done = []
    finder = finder_of(f"print('a word'); print('''{CAMERAS}''')")
    finder.start(done.append)
    [camera] = answer(finder)
    assert (camera.name, camera.source, camera.path) == ("USB", 0, "/dev/video0")
    assert camera.modes == (("MJPG", 1280, 720, 60.0),)
    assert finder.problem == ""
    finder.close()
    assert done == [[camera]]
    assert finder.poll() is None, "told once"


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "it ended without a word"),
        ("raise SystemExit('the driver is angry')", "the driver is angry"),
        ("print('{}')", "an answer without them"),
        ("print('[1]')", "[1]"),
    ],
)
def test_no_list_is_an_empty_one_and_a_reason(finder_of, code, why):
    finder = finder_of(code)
    finder.start()
    assert answer(finder) == []
    assert finder.problem.startswith("the cameras cannot be listed: ")
    assert why in finder.problem


def test_a_driver_that_hangs_has_its_time(finder_of):
    finder = finder_of("import time; time.sleep(600)", limit_s=0.3)
    finder.start()
    assert answer(finder) == []
    assert "no answer within 0.3 s" in finder.problem


def test_one_at_a_time_and_again_afterwards(finder_of, tmp_path):
    runs = tmp_path / "runs"
    code = f"open({str(runs)!r}, 'a').write('x'); print('{{\"cameras\": []}}')"
    finder = finder_of(code)
    finder.start()
    finder.start()
    assert answer(finder) == []
    finder._thread.join(PATIENCE_S)
    finder.start()
    assert answer(finder) == []
    assert runs.read_text() == "xx"


def test_closing_ends_the_child_at_once(finder_of):
    told = threading.Event()
    finder = finder_of("import time; time.sleep(600)")
    finder.start(lambda _: told.set())
    start = time.monotonic()
    finder.close(PATIENCE_S)
    assert time.monotonic() - start < PATIENCE_S / 2
    assert not finder.is_looking
    assert not told.is_set()
    finder.start()
    assert not finder.is_looking, "closed is closed"


def test_the_real_command():
    finder = CameraFinder()
    finder.start()
    found = answer(finder)
    finder.close()
    assert finder.problem == ""
    assert all(camera.name for camera in found)
