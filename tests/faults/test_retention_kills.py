"""A deletion that is killed at any step: nothing is left unclaimed, or looks broken."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from helpers import invoke
from segment_files import files_of, later, numbers, prune, record, retell

from recorder import open_recording, verify
from recorder.errors import NoSpace, RecorderError
from recorder.playback.files import find_parts
from recorder.playback.verdict import Verdict
from recorder.playback.verify import verify_part
from recorder.unattended.removing import NotDeleted, Remover
from recorder.unattended.shelf import Shelf
from recorder.writers import about as about_file

SCRIPT = Path(__file__).with_name("deletes_until_killed.py")
PARTS = 4
STEPS = [("video", n) for n in range(1, 6)] + [("hdf5", 1)]


class Killed(BaseException):
    """Nothing in the code under test may catch this."""


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {kind: tmp_path_factory.mktemp(kind) for kind in ("video", "hdf5")}
    for kind, folder in made.items():
        record(folder, kind, parts=PARTS)
    return made


@pytest.fixture
def segments(templates: dict[str, Path], tmp_path: Path) -> Callable[[str], list[Path]]:
    def copy(kind: str) -> list[Path]:
        folder = tmp_path / "recordings"
        shutil.copytree(templates[kind], folder)
        return sorted(path for path in folder.iterdir() if path.suffix in (".mkv", ".h5"))

    return copy


def interrupt(folder: Path, steps: int) -> None:
    """Delete the oldest segment, up to a step."""
    left = steps

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Killed

    def unlink(path: Path) -> None:
        step()
        path.unlink()

    shelf = Shelf(folder)
    oldest = min(shelf.look(), key=lambda closed: closed.part)
    with pytest.raises(Killed):
        Remover(shelf, unlink).remove(oldest, "a test")


def require_sound(folder: Path, segments: list[Path]) -> None:
    """Have every reader look at a folder with what a kill has left of its first segment."""
    names = [part.file.name for part in find_parts(folder)]
    rest = [path.name for path in segments[1:]]
    assert names in (rest, [segments[0].name, *rest])  # not even begun: it is all there
    assert verify(folder).ok
    assert invoke("verify", folder).returncode == 0
    with open_recording(segments[-1]) as recording:  # no warning: it would be an error here
        assert len(recording) == 3 * len(names)
        assert recording.ledger["grab"][0] == 3 * (PARTS - len(names))


@pytest.mark.parametrize(("kind", "steps"), [("video", 1), ("video", 2), ("video", 3), ("hdf5", 1)])
def test_interrupted_before_a_file_goes(segments, kind, steps) -> None:
    paths = segments(kind)
    folder = paths[0].parent
    interrupt(folder, steps)
    require_sound(folder, paths)
    if kind == "video":
        assert json.loads(paths[0].with_suffix(".json").read_text())["state"] == "deleted"
        assert [file.exists() for file in files_of(paths[0])] == [steps < 2, steps < 3, True]
    prune(folder, later(0), size="1GB")  # whatever the limits say: it has been decided
    assert numbers(folder, paths) == ([0, 1, 2, 3] if kind == "hdf5" else [1, 2, 3])
    require_sound(folder, paths)
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize(("kind", "steps"), STEPS)
def test_killed_after_any_step(segments, kind, steps) -> None:
    paths = segments(kind)
    folder = paths[0].parent
    command = [sys.executable, str(SCRIPT), str(folder), str(steps)]
    done = subprocess.run(command, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    require_sound(folder, paths)
    prune(folder, later(0), size="1GB")
    begun = kind == "hdf5" or steps > 1
    assert numbers(folder, paths) == ([1, 2, 3] if begun else [0, 1, 2, 3])
    assert not list(folder.glob(".*"))


def test_killed_while_it_is_marked(segments) -> None:
    """What `replace` may leave is put right by the next one, and nobody takes it for anything."""
    paths = segments("video")
    folder = paths[0].parent
    about = paths[0].with_suffix(".json")
    (folder / f".{about.name}.new").write_text('{"state": "dele')
    require_sound(folder, paths)
    shelf = Shelf(folder)
    Remover(shelf).remove(min(shelf.look(), key=lambda closed: closed.part), "a test")
    assert numbers(folder, paths) == [1, 2, 3]
    assert not list(folder.glob(".*"))


@pytest.mark.parametrize("link", ["symbolic", "hard"])
def test_a_link_in_the_way_of_the_mark(segments, tmp_path, link) -> None:
    paths = segments("video")
    precious = tmp_path / "precious"
    precious.write_text("of somebody else")
    way = paths[0].with_name(f".{paths[0].stem}.json.new")
    os.link(precious, way) if link == "hard" else way.symlink_to(precious)
    shelf = Shelf(paths[0].parent)
    with pytest.raises(NotDeleted, match="is a link"):
        Remover(shelf).remove(min(shelf.look(), key=lambda closed: closed.part), "a test")
    assert precious.read_text() == "of somebody else"
    assert numbers(paths[0].parent, paths) == [0, 1, 2, 3]


def test_a_mark_that_cannot_be_written(segments) -> None:
    def replace(path: Path, about: object) -> None:
        raise NoSpace("full")

    paths = segments("video")
    shelf = Shelf(paths[0].parent)
    with pytest.raises(NoSpace):
        Remover(shelf, replace=replace).remove(shelf.look()[0], "a test")
    assert numbers(paths[0].parent, paths) == [0, 1, 2, 3]


@pytest.mark.parametrize("kind", ["video", "hdf5"])
def test_a_file_that_changed_since_it_was_looked_at(segments, kind) -> None:
    paths = segments(kind)
    shelf = Shelf(paths[0].parent)
    chosen = min(shelf.look(), key=lambda closed: closed.part)
    copy = paths[0].with_name("again")
    shutil.copy2(paths[0], copy)
    copy.replace(paths[0])  # the same to look at, another file
    with pytest.raises(NotDeleted, match="changed"):
        Remover(shelf).remove(chosen, "a test")
    assert numbers(paths[0].parent, paths) == [0, 1, 2, 3]


def test_a_marked_file_is_no_reason_to_delete_what_is_not_ours(segments) -> None:
    paths = segments("video")
    interrupt(paths[0].parent, 2)
    ledger = files_of(paths[0])[1]
    os.link(ledger, ledger.with_name("kept"))
    prune(paths[0].parent, later(0), size="1GB")
    assert ledger.exists()
    ledger.with_name("kept").unlink()
    retell(paths[0], writer={"host": "elsewhere"})
    prune(paths[0].parent, later(0), size="1GB")
    assert ledger.exists()


@pytest.mark.parametrize("kind", ["video", "hdf5"])
def test_deleted_while_it_is_verified(segments, kind) -> None:
    paths = segments(kind)
    shelf = Shelf(paths[0].parent)
    oldest = min(shelf.look(), key=lambda closed: closed.part)

    parts = find_parts(paths[0].parent)
    Remover(shelf).remove(oldest, "a test")
    verdict = Verdict(tuple(verify_part(part) for part in parts))
    assert verdict.exit_code == 1  # not verified; but no difference either
    assert [part.state for part in verdict.parts] == ["deleted", *["complete"] * 3]
    assert "deleted meanwhile" in verdict.parts[0].sentence()


def test_a_hole_in_the_middle_is_still_told(segments) -> None:
    paths = segments("video")
    for file in files_of(paths[1]):
        file.unlink()
    with (
        pytest.warns(UserWarning, match="part 1 is missing"),
        open_recording(paths[0]) as recording,
    ):
        assert len(recording) == 9


def test_a_marked_file_alone_is_no_recording(segments) -> None:
    paths = segments("video")
    interrupt(paths[0].parent, 3)
    with pytest.raises(RecorderError, match="there is no recording"):
        find_parts(paths[0].with_suffix(".json"))
    assert about_file.read(paths[0].with_suffix(".json"))["deleted"]["why"] == "a test"
