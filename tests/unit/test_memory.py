"""Shared memory: really there, really shared, and really gone."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from recorder.errors import ConfigError, RecorderError
from recorder.pipeline import memory
from recorder.system import LINUX

NBYTES = 3 * 2**20 + 5  # not a whole number of pages
KINDS = {"named": memory._allocate_named} | ({"file": memory._allocate_file} if LINUX else {})


@pytest.fixture(params=KINDS)
def block(request):
    block = KINDS[request.param](NBYTES)
    yield block
    block.close()


def attach(block):
    """Attach as a watcher does: it gets a descriptor of its own."""
    handle = block.handle
    return memory.attach(os.dup(handle) if isinstance(handle, int) else handle)


def descriptors():
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def mappings():
    """Shared mappings of this process that are ring memory."""
    lines = Path("/proc/self/maps").read_text().splitlines()
    return [line for line in lines if "recorder-ring" in line or "/dev/shm/psm_" in line]


def run(code, *arguments, pass_fds=()):
    """Run Python code as a watcher or owner of its own."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)],
        capture_output=True,
        pass_fds=pass_fds,
        timeout=60,
        check=False,
    )


def test_both_ends_see_the_same_bytes(block):
    watcher = attach(block)
    block.buf[NBYTES - 1] = 77
    block.buf[0] = 11
    assert (watcher.buf[0], watcher.buf[NBYTES - 1]) == (11, 77)
    watcher.close()


def test_memory_begins_as_zeros_of_the_size_asked_for(block):
    assert len(block.buf) == NBYTES
    assert not np.frombuffer(block.buf, np.uint8).any()


def test_every_page_is_really_there(block):
    if isinstance(block.handle, int):
        there = os.fstat(block.handle)
    else:
        there = Path("/dev/shm", block.handle).stat()
    assert there.st_blocks * 512 >= NBYTES


def test_no_page_of_a_memory_file_is_left_to_be_mapped_at_the_first_frames():
    block = memory.allocate(NBYTES)
    entry = Path("/proc/self/smaps").read_text().split("recorder-ring")[1]
    rss_kib = next(int(line.split()[1]) for line in entry.splitlines() if line.startswith("Rss"))
    assert rss_kib * 1024 >= NBYTES
    block.close()


def test_a_watcher_cannot_write(block):
    watcher = attach(block)
    assert watcher.buf.readonly
    with pytest.raises(TypeError, match="read-only"):
        watcher.buf[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        np.frombuffer(watcher.buf, np.uint8)[0] = 1
    watcher.close()


def test_the_map_of_a_memory_file_is_read_only_for_the_kernel_too():
    block = memory.allocate(NBYTES)
    watcher = attach(block)
    assert sorted(line.split()[1] for line in mappings()) == ["r--s", "rw-s"]
    watcher.close()
    block.close()


@pytest.mark.parametrize("nbytes", [0, -1])
def test_no_memory_at_all_is_refused(nbytes):
    with pytest.raises(ConfigError, match="at least one frame"):
        memory.allocate(nbytes)


@pytest.mark.parametrize("nbytes", [2**50, 2**70])
def test_more_than_the_machine_has_is_refused_before_anything(nbytes):
    before = descriptors()
    with pytest.raises(RecorderError, match=rf"is {nbytes // 2**20} MiB, but only \d+ MiB .*lower"):
        memory.allocate(nbytes)
    assert descriptors() == before


@pytest.mark.parametrize("limit", ["RLIMIT_AS", "RLIMIT_FSIZE"])
def test_memory_that_the_system_refuses_is_an_error_that_leaves_nothing(limit):
    code = f"""
import os, resource, psutil
from recorder.errors import RecorderError
from recorder.pipeline.memory import allocate
before = len(os.listdir("/proc/self/fd"))
used = psutil.Process().memory_info().vms
resource.setrlimit(resource.{limit}, (used + 2**20, used + 2**20))
try:
    allocate(used + 2**26)
except RecorderError as error:
    print(error, len(os.listdir("/proc/self/fd")) - before)
"""
    done = run(code)
    assert done.stdout.startswith(b"the system gives no "), done.stderr
    assert done.stdout.endswith(b"; lower buffer.memory 0\n")


def test_close_twice(block):
    watcher = attach(block)
    for _ in range(2):
        watcher.close()
        block.close()


def test_closing_gives_back_descriptors_and_mappings():
    before = descriptors(), mappings()
    for allocate in KINDS.values():
        block = allocate(NBYTES)
        watcher = attach(block)
        assert (descriptors(), mappings()) != before
        watcher.close()
        block.close()
        assert (descriptors(), mappings()) == before


def test_an_array_that_still_looks_keeps_its_bytes_and_nothing_else(block):
    watcher = attach(block)
    before = descriptors()
    watching, owning = (np.frombuffer(b.buf, np.uint8) for b in (watcher, block))
    owning[5] = 42
    for _ in range(2):
        watcher.close()
        block.close()
    del watcher  # a complaint at its collection would be an error
    assert watching[5] == owning[5] == 42
    assert descriptors() <= before - (2 if isinstance(block.handle, int) else 0)
    assert len(mappings()) == 2
    del watching, owning
    assert mappings() == []


def test_a_name_is_gone_once_the_owner_has_closed():
    block = memory._allocate_named(NBYTES)
    path = Path("/dev/shm", block.handle)
    watcher = attach(block)
    assert path.exists()
    watcher.close()
    assert path.exists()
    block.close()
    assert not path.exists()


def test_a_memory_file_has_no_name():
    block = memory.allocate(NBYTES)
    assert isinstance(block.handle, int)
    assert "/memfd:recorder-ring" in str(Path(f"/proc/self/fd/{block.handle}").readlink())
    assert [line for line in mappings() if "/dev/shm" in line] == []
    block.close()


def test_a_memory_file_is_not_inherited_by_chance():
    block = memory.allocate(NBYTES)
    assert not os.get_inheritable(block.handle)
    block.close()


WATCHER = """
import sys
from recorder.pipeline.memory import attach
handle = sys.argv[1]
block = attach(int(handle) if handle.isdigit() else handle)
print(block.buf[9])
if sys.argv[2] == "close":
    block.close()
"""


@pytest.mark.parametrize("manners", ["close", "just leave"])
def test_a_watching_process_that_leaves_harms_nothing_and_says_nothing(block, manners):
    block.buf[9] = 99
    handle = block.handle
    done = run(WATCHER, handle, manners, pass_fds=[handle] if isinstance(handle, int) else [])
    assert (done.returncode, done.stdout, done.stderr) == (0, b"99\n", b"")
    watcher = attach(block)  # the name, if there is one, still leads to it
    assert watcher.buf[9] == 99
    watcher.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("looking", ["", "import numpy; array = numpy.frombuffer(block.buf, 'u1')"])
def test_an_owning_process_leaves_nothing_and_says_nothing(kind, looking):
    code = f"""
from recorder.pipeline import memory
block = memory._allocate_{kind}({NBYTES})
print(block.handle)
{looking}
block.close()
"""
    done = run(code)
    assert (done.returncode, done.stderr) == (0, b"")
    assert not Path("/dev/shm", done.stdout.decode().strip()).exists()
