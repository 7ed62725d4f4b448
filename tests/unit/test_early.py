"""A rig's process that is started before there is an order for it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from helpers import SLOW, until
from stand_in_rig import runtime_folder_of_its_own

from recorder.config import make_config
from recorder.rig.background import start_in_background
from recorder.rig.early import RigProcess, log_path
from ui.model.rigs import RealRigs

CONFIG = make_config(
    {
        "cameras": {"a": {"source": "synthetic", "size": [32, 24]}},
        "buffer": {"memory": "1MiB"},
        "recording": {"format": "none"},
    }
)


@pytest.fixture(autouse=True)
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    with runtime_folder_of_its_own():
        yield


def test_it_becomes_the_rig_that_is_ordered() -> None:
    process = RigProcess("window")
    with start_in_background(CONFIG, "mine", early=process) as link:
        assert (link.name, link.pid) == ("mine", process.child.pid)
        link.stop()
    assert process.child.wait(SLOW) == 0


def test_without_an_order_it_ends_and_says_nothing() -> None:
    process = RigProcess("window")
    process.dismiss()
    until(lambda: process.child.returncode is not None)
    assert process.child.returncode == 0
    assert log_path("window").read_text() == ""


def test_it_ends_with_the_one_that_started_it() -> None:
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:  # like a window that is killed before it has an order
        os.write(write, f"{RigProcess('window').child.pid}\n".encode())
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as told:
        rig = int(told.readline())
    os.waitpid(pid, 0)
    until(lambda: not psutil.pid_exists(rig) or psutil.Process(rig).status() == "zombie")


def test_only_the_first_rig_takes_it() -> None:
    early = RigProcess("window")
    rigs = RealRigs(early)
    first = rigs.start(CONFIG, "first")
    second = rigs.start(CONFIG, "second")
    try:
        assert first.pid == early.child.pid != second.pid
    finally:
        for link in (first, second):
            link.stop()
            link.close()
    rigs.close()  # nothing is left to be dismissed
    assert early.child.wait(SLOW) == 0
