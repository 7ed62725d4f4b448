"""What every test is held to: nothing is left behind."""

from __future__ import annotations

import gc
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

PATIENCE_S = 5.0
"""A thread that has said that all is over needs a moment to be gone; how long is no result."""
WATCHED = ("integration", "faults")
FD = Path("/proc/self/fd")


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
    assert not left, f"left behind: {sorted(left)}"


def _held() -> set[str]:
    return {*_threads(), *_children(), *_descriptors(), *_rings()}


def _threads() -> Iterator[str]:
    for thread in threading.enumerate():
        yield f"thread {thread.name} ({thread.ident})"


def _children() -> Iterator[str]:
    for child in psutil.Process().children(recursive=True):
        try:
            yield f"child {child.pid}: {' '.join(child.cmdline())[:80]}"
        except psutil.Error:
            continue  # it has just gone


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
