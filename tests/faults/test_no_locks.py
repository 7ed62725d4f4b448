"""HDF5 where files cannot be locked: what flock says there does not keep us from anything."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

NFS_SAYS = 524  # ENOTSUPP, which has a name in the kernel only
REFUSES = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Only in one folder, as if it were a share: the program has other files too. */
static int is_there(int fd) {
    char link[64], path[4096] = "";
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    if (readlink(link, path, sizeof path - 1) < 0) return 0;
    const char *folder = getenv("NO_LOCKS_IN");
    return strncmp(path, folder, strlen(folder)) == 0;
}

int flock(int fd, int operation) {
    int (*real)(int, int) = dlsym(RTLD_NEXT, "flock");
    if (!is_there(fd)) return real(fd, operation);
    errno = atoi(getenv("NO_LOCKS_SAYS"));
    return -1;
}
"""

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or not shutil.which("cc"), reason="needs a C compiler"
)


@pytest.fixture(scope="module")
def preload(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("preload")
    (folder / "no_locks.c").write_text(REFUSES)
    library = folder / "no_locks.so"
    command = ["cc", "-shared", "-fPIC", "-o", library, folder / "no_locks.c", "-ldl"]
    subprocess.run(command, check=True)
    return library


def run(preload: Path, share: Path, says: int, *words: str) -> str:
    """Run Python with `share` as its folder, where no file can be locked."""
    names = {"LD_PRELOAD": str(preload), "NO_LOCKS_IN": str(share), "NO_LOCKS_SAYS": str(says)}
    done = subprocess.run(
        [sys.executable, *words],
        env=os.environ | names,
        cwd=share,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


EVERYTHING = """
import numpy as np
import tables  # before anything of ours: how it opens files is settled by then
from recorder import load, mimread, mimwrite, open_recording, save, verify

frames = np.arange(9 * 48 * 64, dtype=np.uint8).reshape(9, 48, 64)
mimwrite("clip.h5", frames, fps=10)
assert np.array_equal(mimread("clip.h5"), frames)
assert verify("clip.h5").ok
with open_recording("clip.h5") as one, open_recording("clip.h5") as other:
    assert np.array_equal(one, frames) and np.array_equal(other[3], frames[3])
save("data.h5", {"frames": frames, "rate": 30.0})
assert np.array_equal(load("data.h5")["frames"], frames)
assert np.array_equal(load("data.h5", "frames", sel=slice(2, 4)), frames[2:4])
assert np.array_equal(mimread("data.h5"), frames)  # not a recording, but it has frames

try:  # elsewhere locks are as they were
    tables.open_file("again.h5", "w").close()
except tables.HDF5ExtError as error:
    assert "lock" in str(error)
else:
    raise AssertionError("PyTables of others takes no locks any more")
"""
CONFIG = Path(__file__).parents[2] / "configs" / "demo.yaml"


@pytest.mark.parametrize("says", [errno.ENOLCK, NFS_SAYS])
def test_all_ways_to_write_and_read(preload: Path, tmp_path: Path, says: int) -> None:
    run(preload, tmp_path, says, "-c", EVERYTHING)


def test_the_commands(preload: Path, tmp_path: Path) -> None:
    changes = ["recording.format=hdf5", "recording.duration=5 frames", "recording.name=top"]
    changes += ["cameras.demo.size=[64, 48]"]
    words = [word for change in changes for word in ("--set", change)]
    for command in (
        ["record", str(CONFIG), "--output", ".", *words],
        ["convert", "top.h5", "copy.h5"],
        ["verify", "."],
    ):
        run(preload, tmp_path, NFS_SAYS, "-m", "recorder", *command)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.h5", "top.h5"]


LIVE = """
import numpy as np
from recorder import RecorderError, load, open_recording
from recorder.frame import FrameSpec, FrameStamp
from recorder.writers.hdf5 import Hdf5Writer, choose
from recorder.writers.about import versions

spec = FrameSpec(64, 48, "gray8", 30.0)
writer = Hdf5Writer(__import__("pathlib").Path("live").absolute(), choose("auto", spec), {})
writer.open(spec)
writer.write(np.zeros((48, 64), np.uint8), FrameStamp(1, 1, None, 0, 1, 0))
try:
    open_recording("live.h5")
except RecorderError as error:
    print(error)
writer.close("requested")
with open_recording("live.h5", check=False) as recording:
    print(len(recording), recording.state)
"""


def test_what_is_being_recorded_is_refused_all_the_same(preload: Path, tmp_path: Path) -> None:
    refused, read = run(preload, tmp_path, errno.ENOLCK, "-c", LIVE).splitlines()
    assert "live.h5 is being recorded right now" in refused
    assert read == "1 complete"


def test_a_file_that_another_program_has_locked_is_refused(tmp_path: Path) -> None:
    """Where there are locks they count."""
    import fcntl

    from recorder import RecorderError, load, save

    path = tmp_path / "data.h5"
    save(path, {"x": 1})
    with path.open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RecorderError, match=r"data\.h5"):
            load(path)
    assert load(path) == {"x": 1}
