"""The about file: whole at any moment, and honest about who is still writing."""

import json
import os
import subprocess
import sys

import pytest

from recorder.errors import FileTaken, WriterError
from recorder.writers import about


def test_replacing_leaves_one_whole_file(tmp_path):
    path = tmp_path / "a.json"
    about.create(path, {"state": "recording", "subject": "Mäuschen"})
    about.replace(path, {"state": "complete"})
    assert json.loads(path.read_text(encoding="utf-8")) == {"state": "complete"}
    assert list(tmp_path.iterdir()) == [path]


def test_an_existing_file_is_never_overwritten(tmp_path):
    path = tmp_path / "a.json"
    path.write_text("precious")
    with pytest.raises(FileTaken):
        about.create(path, {})
    assert path.read_text() == "precious"


def test_a_rename_that_fails_is_an_error_and_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    about.create(path, {"state": "recording"})

    def fails(self, target):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(about.Path, "replace", fails)
    with pytest.raises(WriterError):
        about.replace(path, {"state": "complete"})
    assert json.loads(path.read_text())["state"] == "recording"
    assert list(tmp_path.iterdir()) == [path]


def test_this_process_is_a_live_writer():
    assert about.is_live({"state": "recording", "writer": about.this_writer()})


def test_a_complete_file_has_no_live_writer():
    assert not about.is_live({"state": "complete", "writer": about.this_writer()})


def test_a_writer_that_died_is_not_live():
    code = "import json, recorder.writers.about as a; print(json.dumps(a.this_writer()))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert not about.is_live({"state": "recording", "writer": json.loads(out)})


@pytest.mark.skipif(sys.platform == "win32", reason="a process is gone there when it ends")
def test_a_writer_that_nobody_has_waited_for_is_dead():
    code = "import json, recorder.writers.about as a; print(json.dumps(a.this_writer()))"
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE)
    out = child.stdout.read()  # to its end: the child has closed it, and is ending or a zombie
    child.stdout.close()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not about.is_live({"state": "recording", "writer": json.loads(out)})
    child.wait()


@pytest.mark.parametrize(
    "change",
    [
        {"host": "another-machine"},
        {"process_started": 1.0},  # the pid was given to another process meanwhile
        {"pid": "not a number"},
    ],
)
def test_a_stranger_with_our_pid_is_not_the_writer(change):
    writer = about.this_writer() | change
    assert writer.get("pid") in (os.getpid(), "not a number")
    assert not about.is_live({"state": "recording", "writer": writer})


def test_versions_name_what_had_a_hand_in_it():
    assert {"python", "system", "recorder", "numpy", "imageio-ffmpeg"} <= set(about.versions())
