"""What every test is held to: nothing is left behind."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from campaign import CASES
from hypothesis import HealthCheck, settings

PATIENCE_S = 5.0
"""A thread that has said that all is over needs a moment to be gone; how long is no result."""
WATCHED = ("integration", "faults")
FD = Path("/proc/self/fd")
TASKS = Path("/proc/self/task")
WHOLE = 3000  # tests: the suite, not a part of it

# A shell has its jobs in the background ignore Ctrl-C, and what we start would inherit that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
    signal.signal(signal.SIGHUP, lambda *_: None)  # nohup: ours, and not of what we start

# A test that wants a screen makes one; nothing opens on the desktop of whoever runs the tests.
for variable in ("DISPLAY", "WAYLAND_DISPLAY"):
    os.environ.pop(variable, None)

if os.environ.pop("PYTHONDONTWRITEBYTECODE", None):
    # Nothing beside the sources then; but hundreds of processes are started that import the same.
    folder = Path(__file__).parents[1] / ".pytest_cache" / "bytecode"
    sys.dont_write_bytecode = False
    sys.pycache_prefix = os.environ["PYTHONPYCACHEPREFIX"] = str(folder)

# A busy machine is no mistake in what is tested.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.hookimpl(tryfirst=True)  # before those are left out that are not asked for
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave cases that have a sister in the suite to the campaign."""
    left = {f"tests/{case}" for case in CASES.strip().splitlines()}
    found = [item for item in items if item.nodeid in left]
    for item in found:
        item.add_marker(pytest.mark.slow)
    gone = left - {item.nodeid for item in found}
    is_whole = len(items) > WHOLE and _folders(left) <= _folders(item.nodeid for item in items)
    if is_whole and gone:
        raise pytest.UsageError(f"tests/campaign.py names what is no test any more: {min(gone)}")


def _folders(names: Iterable[str]) -> set[str]:
    return {name.partition("::")[0].rpartition("/")[0] for name in names}


def pytest_collection_finish() -> None:
    """Leave out what is imported by now whenever garbage is looked for: it stays."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _nothing_left_behind(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> Iterator[None]:
    """Fail a test that leaves a thread, a child process, a descriptor or a ring behind."""
    if request.path.parent.name not in WATCHED:
        yield
        return
    before = _held()
    yield
    for phase in ("setup", "call"):
        caplog.get_records(phase).clear()  # tracebacks in them hold whole sessions
    deadline = time.monotonic() + PATIENCE_S
    left = _held() - before
    while left and time.monotonic() < deadline:
        gc.collect()  # a session holds itself: its ring is unmapped when it is collected
        time.sleep(0.02)
        left = _held() - before
    if left:
        _end(left)
    assert not left, f"left behind: {sorted(left)}"


def _end(left: set[str]) -> None:
    """Have one failed test be the only one that fails: what it left running is ended."""
    from recorder.pipeline.session import Session
    from recorder.rig.rig import Rig

    for found in gc.get_objects():
        if type(found) in (Session, Rig):
            found.stop()
            found.wait_briefly(PATIENCE_S)
    for child in psutil.Process().children(recursive=True):
        if any(each.startswith(f"child {child.pid}:") for each in left):
            with suppress(psutil.Error):
                child.kill()
                child.wait(PATIENCE_S)


def _held() -> set[str]:
    return {*_threads(), *_children(), *_descriptors(), *_rings()}


def _threads() -> Iterator[str]:
    for thread in threading.enumerate():
        yield f"thread {thread.name} ({thread.ident})"


def _children() -> Iterator[str]:
    found = psutil.Process().children(recursive=True) if _may_have_children() else []
    for child in found:
        try:
            yield f"child {child.pid}: {' '.join(child.cmdline())[:80]}"
        except psutil.Error:
            continue  # it has just gone


def _may_have_children() -> bool:
    """Whether a list of all processes is worth its time: before and after each test it adds up."""
    try:
        told = [path.read_bytes() for path in TASKS.glob("*/children")]
    except OSError:  # a thread has just gone
        return True
    return not told or any(told)


def _descriptors() -> Iterator[str]:
    if not FD.is_dir():
        return
    for number in FD.iterdir():
        try:
            yield f"descriptor {number.name}: {number.readlink()}"
        except OSError:
            continue  # the one that listed them


def _rings() -> Iterator[str]:
    maps = Path("/proc/self/maps")
    if not maps.exists():
        return
    for line in maps.read_text().splitlines():
        if "recorder-ring" in line:
            yield f"memory {line.split()[0]}"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Callable[[float], Path]]:
    """Mount a disk of so many MiB; unmounted in the end."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = False

    def mount(mib: float) -> Path:
        nonlocal mounted
        options = f"size={int(mib * 1024)}k"
        command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
        try:
            result = subprocess.run(command, check=False, capture_output=True, text=True)
        except FileNotFoundError:
            pytest.skip("there is no mount")
        if result.returncode:
            pytest.skip(f"mounting is not allowed here: {result.stderr}")
        mounted = True
        return place

    yield mount
    if mounted:  # lazily: a thread that still syncs a file there would keep it for good
        subprocess.run(["umount", "--lazy", str(place)], check=True)
