"""What the retention deletes, and above all what it does not."""

from __future__ import annotations

import json
import logging
import os
import shutil
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import h5py
import pytest
from helpers import until
from segment_files import (
    DAY_S,
    PARTS,
    files_of,
    later,
    numbers,
    prune,
    record,
    retell,
    rig_config,
)

from recorder.config import RetentionConfig
from recorder.playback.convert import convert
from recorder.rig.events import Event
from recorder.system import LINUX, boot_id, lock_file
from recorder.unattended.choosing import Clocks, choose
from recorder.unattended.observers import make_observers
from recorder.unattended.retention import Pruner, Retention
from recorder.unattended.shelf import Shelf

KINDS = ("video", "hdf5")
ALL = list(range(PARTS))


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    made = {kind: tmp_path_factory.mktemp(kind) for kind in KINDS}
    for kind, folder in made.items():
        record(folder, kind)
    return made


@pytest.fixture(params=KINDS)
def segments(request: pytest.FixtureRequest, templates: dict, tmp_path: Path) -> list[Path]:
    return copied(templates[request.param], tmp_path / "recordings")


@pytest.fixture
def videos(templates: dict[str, Path], tmp_path: Path) -> list[Path]:
    return copied(templates["video"], tmp_path / "recordings")


def copied(template: Path, folder: Path) -> list[Path]:
    shutil.copytree(template, folder)  # with their times
    return sorted(path for path in folder.iterdir() if path.suffix in (".mkv", ".h5"))


def shift(path: Path, days: float) -> None:
    """Have all files of a segment look so many days older."""
    for file in files_of(path):
        then = file.stat().st_mtime - days * DAY_S
        os.utime(file, (then, then))


def age(path: Path, days: float) -> None:
    """Have a video be so many days older by all witnesses."""
    about = json.loads(path.with_suffix(".json").read_text())
    start = datetime.fromisoformat(about["start"]) - timedelta(days=days)
    begun = about["start_t_utc_ns"] - round(days * DAY_S * 1e9)
    mtime = path.stat().st_mtime
    retell(path, start=start.isoformat(), start_t_utc_ns=begun)
    os.utime(path.with_suffix(".json"), (mtime, mtime))
    shift(path, days)


def size_of(path: Path) -> int:
    return sum(file.stat().st_size for file in files_of(path))


def limit(segments: list[Path], keep: int) -> int:
    """Bytes that the newest so many have, and a little more."""
    return sum(size_of(path) for path in segments[-keep:]) + 10


# -- what goes ----------------------------------------------------------------------------------


def test_the_oldest_go_until_the_rest_is_small_enough(segments, caplog) -> None:
    folder = segments[0].parent
    with caplog.at_level(logging.INFO):
        prune(folder, size=limit(segments, 4))
    assert numbers(folder, segments) == [2, 3, 4, 5]
    told = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
    assert len(told) == 2
    assert all("together have more than" in text for text in told)
    assert str(segments[0]) in told[0]
    assert str(segments[1]) in told[1]
    assert not list(folder.glob(".*"))


def test_those_go_that_are_too_old(videos: list[Path]) -> None:
    folder = videos[0].parent
    for path in videos[:3]:
        age(path, 5)
    prune(folder, later(1), age="7d")
    assert numbers(folder, videos) == ALL
    prune(folder, later(1), age="3d")
    assert numbers(folder, videos) == [3, 4, 5]


def test_two_that_are_too_old_go_in_both_formats(templates, tmp_path) -> None:
    for kind in KINDS:
        folder = tmp_path / kind
        paths = record(folder, kind, parts=3)
        prune(folder, later(2), age="3d")
        assert numbers(folder, paths) == [0, 1, 2]
        prune(folder, later(4), age="3d")
        assert numbers(folder, paths) == [2]  # the last one stays, whatever its age
        prune(folder, later(400), age="3d")
        assert numbers(folder, paths) == [2]


def test_of_recordings_without_an_end_or_of_one_file_each_the_newest_stays(tmp_path: Path) -> None:
    now = datetime.now().astimezone()
    first = record(tmp_path, parts=2, started=now - timedelta(hours=2))
    second = record(tmp_path, parts=3, started=now - timedelta(hours=1))
    prune(tmp_path, size=10)
    assert numbers(tmp_path, first + second) == [0, 1, 2, 3, 4]  # 4 of 5 at once: see below
    prune(tmp_path, size=limit(second, 3))
    assert numbers(tmp_path, first + second) == [2, 3, 4]
    for _ in range(2):
        prune(tmp_path, size=10)
        assert numbers(tmp_path, first + second) == [4]


def test_this_run_of_the_system_is_newer_than_others(videos: list[Path]) -> None:
    """Even if its clock says otherwise: it may have been set back."""
    folder = videos[0].parent
    others = videos[3:]
    for path in others:
        retell(path, boot_id="another")
    retention = RetentionConfig(size=sum(size_of(path) for path in videos) - 10)
    mine = Shelf(folder).look()
    back = [replace(each, started_ns=each.started_ns - 10**15) for each in mine if each.part < 3]
    rest = [each for each in mine if each.part >= 3]
    choice = choose(back + rest, retention, later(1, boot="this"))
    assert [closed.path for closed, _ in choice.delete] == others[:1]


# -- what stays ---------------------------------------------------------------------------------


def test_more_than_half_at_once_looks_like_a_mistake(segments, caplog) -> None:
    folder = segments[0].parent
    for limits in ({"age": "3d"}, {"size": limit(segments, 2)}):
        caplog.clear()
        prune(folder, later(10), **limits)
        assert numbers(folder, segments) == ALL
        assert "looks like a mistake" in caplog.text
        assert segments[0].name in caplog.text
    prune(folder, size=limit(segments, 3))
    assert len(numbers(folder, segments)) == 3


@pytest.mark.parametrize(
    ("clocks", "why"),
    [
        (later(-2), "in the future"),
        (later(-400), "in the future"),
        (Clocks(0, time.monotonic_ns(), "another"), "in the future"),
    ],
)
def test_a_clock_that_is_behind(segments, caplog, clocks, why) -> None:
    for limits in ({"age": "1s"}, {"size": limit(segments, 5)}):
        prune(segments[0].parent, clocks, **limits)
    assert numbers(segments[0].parent, segments) == ALL
    assert why in caplog.text
    assert "the clock is behind" in caplog.text


def test_one_segment_from_the_future_stops_deleting_by_age_alone(videos, caplog) -> None:
    folder = videos[0].parent
    age(videos[5], -30)
    prune(folder, later(4), age="3d", size="1GB")
    assert numbers(folder, videos) == ALL
    assert "the clock is behind" in caplog.text
    prune(folder, later(4), size=limit(videos[:5], 4))
    assert numbers(folder, videos) == [1, 2, 3, 4, 5]


def test_a_clock_that_ran_ahead_is_no_age_within_one_run_of_the_system(tmp_path) -> None:
    if boot_id() is None:
        pytest.skip("nothing tells runs of this system apart")
    paths = record(tmp_path, parts=3)
    prune(tmp_path, later(10, boot="this", mono_days=1), age="3d")
    assert numbers(tmp_path, paths) == [0, 1, 2]
    prune(tmp_path, later(10, boot="this", mono_days=4), age="3d")
    assert numbers(tmp_path, paths) == [2]


def test_times_of_a_clock_that_was_never_set(videos, caplog) -> None:
    for path in videos[:2]:
        age(path, 20_000)
    prune(videos[0].parent, later(4), age="3d")
    assert 0 in numbers(videos[0].parent, videos)
    assert 1 in numbers(videos[0].parent, videos)
    assert "never set" in caplog.text


def test_about_and_files_that_contradict_each_other(videos, caplog) -> None:
    shift(videos[0], 2)
    prune(videos[0].parent, later(4), size=limit(videos, 5))
    assert 0 in numbers(videos[0].parent, videos)
    assert "differ in when it ended" in caplog.text


def test_files_written_lately_are_not_old_whatever_the_about_says(tmp_path: Path) -> None:
    paths = record(tmp_path, parts=3)
    prune(tmp_path, later(0), age="1h")
    for path in paths:
        age(path, 0.5)
        shift(path, -0.5)  # the files as they were
    prune(tmp_path, later(0), age="1h")
    assert numbers(tmp_path, paths) == [0, 1, 2]


def test_what_is_wrong_is_said_once(segments, caplog) -> None:
    folder = segments[0].parent
    limits = rig_config(folder, age="3d").cameras["top"].recording.retention
    pruner = Pruner("top", limits, Shelf(folder), lambda: later(10))
    for _ in range(3):
        pruner.prune()
    assert caplog.text.count("looks like a mistake") == 1


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ({"size": 1000}, "one segment alone has"),
        ({"age": "0.02s"}, "one segment alone lasts 0.0"),
    ],
)
def test_a_limit_that_keeps_next_to_nothing_is_said(videos, caplog, limits, why) -> None:
    prune(videos[0].parent, later(0), **limits)
    assert "next to nothing is kept" in caplog.text
    assert why in caplog.text


def test_a_limit_that_keeps_enough_is_nothing_to_say(videos, caplog) -> None:
    prune(videos[0].parent, later(0), size=limit(videos, 2), age="1h")
    assert "next to nothing" not in caplog.text


CHANGES = [
    ("another's camera", {"camera": "side"}),
    ("not closed", {"state": "recording"}),
    ("no state", {"state": ...}),
    ("another file's", {"file": "top.mkv"}),
    ("converted", {"converted_from": {"files": []}}),
    ("another machine's", {"writer": {"host": "elsewhere"}}),
    ("no writer", {"writer": ...}),
    ("no config", {"config": {}}),
    ("no start", {"start": "yesterday"}),
    ("no part", {"part": "0"}),
    ("no time", {"start_t_utc_ns": 1.5}),
    ("no totals", {"totals": {}}),
    ("not a video", {"ffmpeg_command": ...}),
]


@pytest.mark.parametrize(
    "changes", [each for _, each in CHANGES], ids=[each for each, _ in CHANGES]
)
def test_what_is_not_proven_to_be_ours_stays(videos, changes) -> None:
    folder = videos[0].parent
    retell(videos[0], **changes)
    prune(folder, later(4), size=limit(videos, 4))
    assert 0 in numbers(folder, videos)
    assert len(numbers(folder, videos)) < PARTS  # others go


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        ("about", "camera", "side"),
        ("about", "state", "recording"),
        ("about", "file", "top.h5"),
        ("about", "format", "other"),
        ("about", "part", "0"),
        ("about", "converted_from", 1),
        ("about/writer", "host", "elsewhere"),
        ("about/config/cameras/top/recording", "segment", ""),
        ("about/config/cameras/top/recording/retention", "age", 0.0),
    ],
)
def test_what_is_not_proven_to_be_ours_in_hdf5_stays(templates, tmp_path, group, name, value):
    paths = copied(templates["hdf5"], tmp_path / "recordings")
    mtime = paths[0].stat().st_mtime
    with h5py.File(paths[0], "r+") as file:
        file[group].attrs[name] = value
    os.utime(paths[0], (mtime, mtime))
    prune(paths[0].parent, later(4), size=limit(paths, 4))
    assert 0 in numbers(paths[0].parent, paths)
    assert len(numbers(paths[0].parent, paths)) < PARTS


@pytest.mark.parametrize("key", ["retention", "segment"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_was_not_recorded_to_be_deleted_stays(tmp_path, key, kind) -> None:
    kept = {"retention": {"segment": "10min"}, "segment": {}}[key]
    config = rig_config(tmp_path, kind)
    camera = config.cameras["top"]
    recording = camera.recording.model_copy(
        update={key: RetentionConfig() if key == "retention" else None}
    )
    camera = camera.model_copy(update={"recording": recording})
    config = config.model_copy(update={"cameras": {"top": camera}})
    paths = record(tmp_path, kind, parts=3, config=config)
    prune(tmp_path, later(10), age="3d")
    assert numbers(tmp_path, paths) == [0, 1, 2], kept


def test_foreign_files_survive(segments, tmp_path) -> None:
    folder = segments[0].parent
    name = segments[0].stem
    foreign = {
        folder / f"{name}.txt": b"notes",
        folder / f"{name}.mkv.bak": b"mine",
        folder / f"{name}_9999.mkv": b"no recording",
        folder / f"{name}_9998.json": b"{}",
        folder / f"{name}_9997.json": b"no json \xff",
        folder / f"{name}_9996.json": b"[1, 2]",
        folder / f"{name}_9995.h5": b"\x89HDF\r\n\x1a\nand no more",
        folder / ".json": b"{}",
        folder / ".h5": b"",
    }
    for path, content in foreign.items():
        path.write_bytes(content)
    renamed = []
    for file in files_of(segments[0]):
        copy = folder / file.name.replace(name, "copy")
        renamed.append(shutil.copy2(file, copy))
    (folder / "sub").mkdir()
    for file in files_of(segments[1]):
        renamed.append(shutil.copy2(file, folder / "sub"))
    (folder / "folder.json").mkdir()
    with h5py.File(folder / "other.h5", "w") as file:
        file["about"] = [1, 2, 3]
    os.mkfifo(folder / "pipe.json")
    prune(folder, later(4), size=limit(segments, 4))
    assert numbers(folder, segments) == [2, 3, 4, 5]
    assert all(path.read_bytes() == content for path, content in foreign.items())
    assert all(Path(path).exists() for path in renamed)
    assert {"folder.json", "other.h5", "pipe.json"} <= {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("target", ["a.mkv", "b.h5"])
def test_what_was_converted_from_a_segment_stays(segments, target) -> None:
    folder = segments[0].parent
    for path in segments[1:]:
        for file in files_of(path):
            file.unlink()
    convert(segments[0], folder / target)
    prune(folder, later(10), age="3d")
    assert (folder / target).exists()
    assert numbers(folder, segments) == [0]


# -- links and locks ----------------------------------------------------------------------------


@pytest.mark.parametrize("which", range(3))
def test_symbolic_links_to_files(segments, tmp_path, which) -> None:
    folder = segments[0].parent
    file = files_of(segments[0])[which % len(files_of(segments[0]))]
    elsewhere = tmp_path / "elsewhere"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    prune(folder, later(4), size=limit(segments, 4))
    assert 0 in numbers(folder, segments)
    assert elsewhere.exists()
    assert file.is_symlink()


@pytest.mark.parametrize("which", range(3))
def test_files_with_several_names(segments, tmp_path, which) -> None:
    file = files_of(segments[0])[which % len(files_of(segments[0]))]
    os.link(file, tmp_path / "again")
    prune(segments[0].parent, later(4), size=limit(segments, 4))
    assert 0 in numbers(segments[0].parent, segments)


def test_the_folder_may_be_given_through_a_link_that_stays(segments, tmp_path, caplog) -> None:
    folder, link = segments[0].parent, tmp_path / "link"
    link.symlink_to(folder)
    limits = rig_config(link, size=limit(segments, 5)).cameras["top"].recording.retention
    pruner = Pruner("top", limits, Shelf(link), lambda: later(4))
    pruner.prune()
    assert numbers(folder, segments) == [1, 2, 3, 4, 5]
    copied(folder, tmp_path / "other")
    link.unlink()
    link.symlink_to(tmp_path / "other")
    record(tmp_path / "other", parts=2)
    before = set((tmp_path / "other").iterdir())
    pruner.prune()
    assert set((tmp_path / "other").iterdir()) == before
    assert "another folder than before" in caplog.text


def test_a_folder_in_the_place_of_the_one_before(segments, caplog) -> None:
    folder = segments[0].parent
    limits = rig_config(folder, size=limit(segments, 5)).cameras["top"].recording.retention
    pruner = Pruner("top", limits, Shelf(folder), lambda: later(-1))
    pruner.prune()
    away = folder.with_name("away")
    folder.rename(away)
    pruner.prune()
    assert "is gone" in caplog.text
    copied(away, folder)
    pruner.prune()
    assert numbers(folder, segments) == ALL


def test_a_link_to_a_folder_inside(segments, tmp_path) -> None:
    folder = segments[0].parent
    (folder / "sub").symlink_to(copied(folder, tmp_path / "other")[0].parent)
    prune(folder, later(4), size=limit(segments, 4))
    assert len(list((tmp_path / "other").glob("*.*"))) == PARTS * len(files_of(segments[0]))


def test_what_somebody_has_locked_stays(segments, caplog) -> None:
    with segments[0].open("r+b") as file:
        lock_file(file.fileno())
        prune(segments[0].parent, later(4), size=limit(segments, 5))
        assert numbers(segments[0].parent, segments) == ALL
    assert "locked" in caplog.text
    prune(segments[0].parent, later(4), size=limit(segments, 5))
    assert numbers(segments[0].parent, segments) == ALL[1:]


def test_what_is_read_stays(templates, tmp_path) -> None:
    paths = copied(templates["hdf5"], tmp_path / "recordings")
    with h5py.File(paths[0], "r", locking=True):
        prune(paths[0].parent, later(4), size=limit(paths, 5))
        assert numbers(paths[0].parent, paths) == ALL


def test_a_file_that_must_not_be_written_stays(segments) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everything")
    segments[0].chmod(0o444)
    prune(segments[0].parent, later(4), size=limit(segments, 5))
    assert numbers(segments[0].parent, segments) == ALL


# -- the observer -------------------------------------------------------------------------------


def test_a_closed_segment_wakes_it(segments) -> None:
    folder = segments[0].parent
    retention = Retention(rig_config(folder, size=limit(segments, 4)), lambda: later(4))
    try:
        retention.hear(Event("end", "top"))
        retention.hear(Event("segment", "side"))
        retention.hear(Event("segment", "top"))
        until(lambda: not segments[1].exists())
    finally:
        retention.close()
    assert numbers(folder, segments) == [2, 3, 4, 5]


def test_a_beginning_wakes_it_and_time_does(segments) -> None:
    folder = segments[0].parent
    spare = shutil.copytree(folder, folder.with_name("spare"))
    for every_s in (3600, 0.01):
        retention = Retention(rig_config(folder, size=limit(segments, 5)), later, every_s)
        if every_s == 3600:
            retention.hear(Event("start"))
        until(lambda: not segments[0].exists())
        retention.close()
        assert numbers(folder, segments) == ALL[1:]
        shutil.copytree(spare, folder, dirs_exist_ok=True)  # once more


def test_nothing_goes_wrong_outwards(tmp_path, caplog) -> None:
    """What cannot be looked at is told, and its end is awaited."""
    (tmp_path / "file").write_text("no folder")
    retention = Retention(rig_config(tmp_path / "file"))
    retention.hear(Event("start"))
    until(lambda: "cannot be looked at" in caplog.text)
    retention.close()

    def clock() -> Clocks:
        raise RuntimeError("no clock")

    retention = Retention(rig_config(tmp_path), clock)
    retention.hear(Event("start"))
    until(lambda: "unforeseen" in caplog.text)
    retention.close()


def test_who_observes(tmp_path: Path) -> None:
    with_one = make_observers(rig_config(tmp_path))
    found = [each for each in with_one if isinstance(each, Retention)]
    for each in with_one:
        each.close()
    assert len(found) == 1
    without = make_observers(rig_config(tmp_path, "none"))
    for each in without:
        each.close()


# -- cheap --------------------------------------------------------------------------------------


def test_what_has_not_changed_is_not_read_again(segments) -> None:
    shelf = Shelf(segments[0].parent, lambda: later(1).now_ns)
    assert len(shelf.look()) == shelf.read == PARTS
    assert len(shelf.look()) == PARTS
    assert shelf.read == PARTS
    files_of(segments[3])[-1].touch()
    files_of(segments[4])[0].unlink()
    assert len(shelf.look()) == PARTS - (segments[0].suffix == ".h5")
    assert shelf.read == PARTS + 1 + (segments[0].suffix != ".h5")


def test_what_was_written_just_now_is_read_again(segments) -> None:
    shelf = Shelf(segments[0].parent, lambda: segments[0].stat().st_mtime_ns)
    for _ in range(2):
        shelf.look()
    assert shelf.read > PARTS


def test_the_run_of_the_system_is_in_the_about_file(videos) -> None:
    about = json.loads(videos[0].with_suffix(".json").read_text())
    assert about.get("boot_id") == boot_id()
    if LINUX:
        assert len(about["boot_id"]) == 36
