"""The suite on a slow, busy machine: what passes only where disk and scheduler are quick, fails.

The machine is `slow_machine.c`, between every program and the C library.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("slow_machine.c")
ROOT = SOURCE.parents[2]
SEEDS = [int(seed) for seed in os.environ.get("RECORDER_TEST_SEEDS", "1 2 3").split()]
DELAYED = {"execv", "fsync", "pthread_create", "rename", "sendmsg", "write"}
"""Of each kind of call the one that Python makes."""

PROGRAM = """
import os, socket, subprocess, sys, threading
a, b = socket.socketpair()
file = os.open("old", os.O_CREAT | os.O_WRONLY)
for turn in range(1000):
    os.write(file, b"x")
for turn in range(16):
    a.sendmsg([b"x"])
for turn in range(8):
    os.fsync(file)
    os.replace("old", "new")
    os.replace("new", "old")
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()
    subprocess.run(["true"], check=True)
print("done")
"""

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or shutil.which("cc") is None, reason="needs Linux and a C compiler"
)


@pytest.fixture(scope="module")
def slow_machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = tmp_path_factory.mktemp("slow") / "slow_machine.so"
    command = ["cc", "-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o", str(library)]
    subprocess.run([*command, str(SOURCE), "-ldl"], check=True)
    return library


def _on(library: Path, seed: int, **more: str) -> dict[str, str]:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    return ours | {"LD_PRELOAD": str(library), "RECORDER_SLOW_SEED": str(seed)} | more


def test_it_delays_each_kind_of_call_and_fails_none(slow_machine: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    command = [sys.executable, "-c", PROGRAM]
    env = _on(slow_machine, 1, RECORDER_SLOW_TRACE=str(trace))
    done = subprocess.run(command, cwd=tmp_path, env=env, check=True, capture_output=True)
    assert done.stdout == b"done\n"
    assert set(trace.read_text().split()) >= DELAYED


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", SEEDS)
def test_the_whole_suite_passes_on_it(slow_machine: Path, seed: int) -> None:
    command = [sys.executable, "-m", "pytest", "-n", "4", "-q", "--timeout", "600"]
    env = _on(slow_machine, seed)
    done = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)
    print(done.stdout[-400:])
    assert done.returncode == 0, done.stdout[-60000:]
