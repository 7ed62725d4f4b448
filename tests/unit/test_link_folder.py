"""Where running rigs are found: this user's alone, and no two rigs under one name."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from stand_in_rig import runtime_folder_of_its_own

from recorder.errors import RecorderError
from recorder.rig.link.folder import Claim, names, pid_of, runtime_folder, socket_path


@pytest.fixture
def folder():
    with runtime_folder_of_its_own() as path:
        yield path


def mode(path):
    return path.stat().st_mode & 0o777


def test_the_folder_is_made_for_this_user_alone(folder, monkeypatch):
    inner = folder / "a" / "b"
    monkeypatch.setenv("RECORDER_RUNTIME_DIR", str(inner))
    assert runtime_folder() == inner
    assert mode(inner) == 0o700
    assert mode(inner.parent) == 0o700


def test_looking_for_rigs_makes_no_folder(folder, monkeypatch):
    monkeypatch.setenv("RECORDER_RUNTIME_DIR", str(folder / "a"))
    assert names() == []
    assert not (folder / "a").exists()


def test_without_a_session_of_its_own_a_user_has_a_folder_all_the_same(folder, monkeypatch):
    monkeypatch.delenv("RECORDER_RUNTIME_DIR")
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    found = runtime_folder()
    assert mode(found) == 0o700
    assert found.stat().st_uid == os.geteuid()
    if folder in found.parents:  # else there is a /run/user on this machine
        assert mode(found.parent) == 0o700


def test_a_symbolic_link_is_refused(folder, monkeypatch):
    (folder / "real").mkdir(0o700)
    (folder / "link").symlink_to(folder / "real")
    monkeypatch.setenv("RECORDER_RUNTIME_DIR", str(folder / "link"))
    with pytest.raises(RecorderError, match=r"not a folder.*set RECORDER_RUNTIME_DIR"):
        runtime_folder()


def test_a_file_is_refused(folder, monkeypatch):
    (folder / "file").touch()
    for path in (folder / "file", folder / "file" / "below"):
        monkeypatch.setenv("RECORDER_RUNTIME_DIR", str(path))
        with pytest.raises(RecorderError, match="set RECORDER_RUNTIME_DIR"):
            runtime_folder()


def test_a_folder_that_others_may_enter_is_refused(folder):
    for open_to in (0o750, 0o705, 0o777):
        folder.chmod(open_to)
        with pytest.raises(RecorderError, match=f"chmod 700 {folder}"):
            Claim("demo")
        with pytest.raises(RecorderError, match="other users may enter"):
            names()
    folder.chmod(0o700)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(folder):
    os.chown(folder, 12345, -1)
    with pytest.raises(RecorderError, match="belongs to another user"):
        runtime_folder()
    os.chown(folder, 0, -1)


def test_a_path_too_long_for_a_socket_is_refused_in_words(folder, monkeypatch):
    monkeypatch.setenv("RECORDER_RUNTIME_DIR", str(folder / ("x" * 100)))
    with pytest.raises(RecorderError, match=r"too long a path for a socket.*shorter"):
        Claim("demo")


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("demo", "demo"),
        ("two eyes", "two-eyes"),
        ("../../etc/passwd", "etc-passwd"),
        ("-x", "x"),
        ("", "rig"),
        ("///", "rig"),
        ("Käfig_1", "Käfig_1"),
        ("half \ud800", "half"),
        ("a\0b\nc", "a-b-c"),
    ],
)
def test_what_cannot_be_a_file_becomes_a_dash(folder, wanted, name):
    claim = Claim(wanted)
    assert claim.name == name
    assert names() == [name]
    claim.release()


@pytest.mark.parametrize("letter", ["a", "ä", "猫"])
def test_a_long_name_is_cut_to_what_a_socket_takes(folder, letter):
    claims = [Claim(letter * 300) for _ in range(3)]
    assert len({claim.name for claim in claims}) == 3
    for claim in claims:
        assert len(os.fsencode(claim.socket_path)) <= 103
        assert claim.name.startswith(letter * 10)
        claim.release()


def test_a_taken_name_gets_a_number(folder):
    claims = [Claim("demo") for _ in range(3)]
    assert [claim.name for claim in claims] == ["demo", "demo-2", "demo-3"]
    claims[1].release()
    again = Claim("demo")
    assert again.name == "demo-2"
    for claim in (claims[0], claims[2], again):
        claim.release()
    assert list(folder.iterdir()) == []


def test_a_name_says_whose_it_is(folder):
    claim = Claim("demo")
    assert pid_of("demo") == os.getpid()
    claim.release()
    claim.release()
    assert pid_of("demo") is None


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 40, b" " * 8 + b"[1]", b" " * 8 + b'{"pid": "x"}']
)
def test_an_unreadable_lock_names_no_process(folder, content):
    (folder / "demo.lock").write_bytes(content)
    assert pid_of("demo") is None


DIES = """
import os, signal
from recorder.rig.link.folder import Claim
claim = Claim("demo")
claim.socket_path.touch()
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_dead_rigs_name_and_socket_are_taken_over(folder):
    subprocess.run([sys.executable, "-c", DIES], check=False, timeout=60)
    assert socket_path("demo").exists()
    claim = Claim("demo")
    assert claim.name == "demo"
    assert not socket_path("demo").exists()
    claim.release()


def test_rigs_that_start_at_once_have_names_of_their_own(folder):
    """Claims, makes its socket and lets go again, many times over in many threads."""
    problems = []
    holders: dict[str, int] = {}
    start = threading.Barrier(6)

    def work(number):
        start.wait()
        for _ in range(60):
            claim = Claim("demo")
            if holders.setdefault(claim.name, number) != number:
                problems.append(f"{claim.name} twice")
            claim.socket_path.touch(exist_ok=False)
            if not claim.socket_path.exists():
                problems.append("somebody removed it")
            del holders[claim.name]
            claim.release()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []
    assert list(folder.iterdir()) == []


def test_so_many_rigs_of_one_name_are_refused(folder):
    claims = [Claim("demo"), Claim("demo")]
    with pytest.raises(RecorderError, match="2 rigs called demo run already"):
        Claim("demo", most=2)
    for claim in claims:
        claim.release()


def test_the_lock_follows_no_link(folder, tmp_path: Path):
    (folder / "demo.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RecorderError, match="running rigs are found there"):
        Claim("demo")
    assert not (tmp_path / "elsewhere").exists()
