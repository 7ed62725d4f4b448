"""Whatever a folder holds: all that is deleted was ours to delete, all else is as it was."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from segment_files import DAY_S, SUFFIXES, prune, record

from recorder.unattended.choosing import Clocks

NOW_S = int(time.time())
BOOT = "this run"
MONO_S = 20 * DAY_S
AGE_S = 3 * DAY_S
NAMES = ("a", "a_0001", "a_0002", "a_0003", "a_0004", "b", "b_0001", "b_0002", "top.x", "a b")


class Template:
    """Says nothing of itself: what it holds would hide an example that fails."""

    def __init__(self, about: dict[str, Any], hdf5: bytes) -> None:
        self.about = about
        self.hdf5 = hdf5


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """What the real writers make, once."""
    folder = tmp_path_factory.mktemp("template")
    video = record(folder, parts=1)[0]
    hdf5 = record(folder, "hdf5", parts=1)[0]
    about = json.loads(video.with_suffix(".json").read_text())
    return Template(about, hdf5.read_bytes())


@dataclass(frozen=True)
class Thing:
    """A video of three files, and what is odd about it."""

    name: str
    days: float = 0.0  # since it ended
    mtime_days: float = 0.0  # its files are so much younger
    changes: tuple[tuple[str, Any], ...] = ()
    odd: str = ""
    size: int = 1000
    boot: str | None = None
    part: int = 0
    start: int = 0
    retention: dict[str, Any] = field(default_factory=dict)


CHANGES = st.sampled_from(
    [
        ("camera", "side"),
        ("state", "recording"),
        ("state", "deleted"),
        ("state", None),
        ("file", "other.mkv"),
        ("converted_from", {}),
        ("writer", {"host": "elsewhere"}),
        ("config", {}),
        ("part", -1),
        ("part", True),
        ("start", "once"),
        ("start_t_utc_ns", "0"),
        ("measured_fps", 0.0),
        ("measured_fps", -1.0),
        ("totals", None),
    ]
)
ODD = st.sampled_from(
    ["link 0", "link 1", "link 2", "hard 0", "hard 1", "hard 2", "no 0", "no 1", "no 2", "garbage"]
)
STRANGE = [-5.0, -0.1, 12.0, 30_000.0]
KEPT = {"age": None, "size": 7}


def mostly(usual: st.SearchStrategy[Any], rare: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.integers(0, 11).flatmap(lambda number: rare if number == 11 else usual)


THINGS = st.builds(
    Thing,
    name=st.sampled_from(NAMES),
    days=mostly(st.sampled_from([0.5, 1.0, 2.0, 2.99, 3.01, 4.0, 9.0]), st.sampled_from(STRANGE)),
    mtime_days=mostly(st.just(0.0), st.sampled_from([0.5, 0.9, 1.1, -1.1, 5.0])),
    changes=mostly(st.just(()), st.tuples(CHANGES)),
    odd=mostly(st.just(""), ODD),
    size=st.integers(1, 5000),
    boot=st.sampled_from([None, BOOT, "another run"]),
    part=st.integers(0, 30),
    start=mostly(st.just(0), st.integers(1, 2)),
    retention=mostly(
        st.just(KEPT), st.sampled_from([{"age": None, "size": None}, {"age": 5.0}, {}])
    ),
)


def put(folder: Path, outside: Path, thing: Thing, template: Template) -> None:
    about = make_about(thing, template.about)
    texts = (b"v" * thing.size, b"rows", json.dumps(about).encode())
    for number, (suffix, content) in enumerate(zip(SUFFIXES["video"], texts, strict=True)):
        path = folder / f"{thing.name}{suffix}"
        if thing.odd == f"no {number}":
            continue
        target = outside / path.name if thing.odd == f"link {number}" else path
        target.write_bytes(b"{" if thing.odd == "garbage" and number == 2 else content)
        then = NOW_S - (thing.days - thing.mtime_days) * DAY_S
        os.utime(target, (then, then))
        if target != path:
            path.symlink_to(target)
        if thing.odd == f"hard {number}":
            os.link(path, outside / f"{path.name}.hard")


def make_about(thing: Thing, template: dict[str, Any]) -> dict[str, Any]:
    about = json.loads(json.dumps(template))
    begun_s = NOW_S - thing.days * DAY_S
    started = datetime.fromtimestamp(begun_s - thing.part * 60 - thing.start, UTC)
    about |= {
        "file": f"{thing.name}.mkv",
        "part": thing.part,
        "start": started.isoformat() if thing.start == 2 else f"2026-01-0{1 + thing.start}T00:00Z",
        "start_t_utc_ns": round(begun_s * 1e9),
        "start_t_mono_ns": round((MONO_S - thing.days * DAY_S) * 1e9) if thing.days < 20 else 0,
        "boot_id": thing.boot,
    }
    about["config"]["cameras"]["top"]["recording"]["retention"] = thing.retention
    return about | dict(thing.changes)


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@dataclass(frozen=True)
class Video:
    """What is seen of a video before anything is deleted; simply, and written independently."""

    name: str
    about: dict[str, Any]
    stats: list[os.stat_result]

    @property
    def size(self) -> int:
        return sum(each.st_size for each in self.stats)

    @property
    def is_ours(self) -> bool:
        about = self.about
        recording = about["config"]["cameras"]["top"]["recording"]
        return (
            about["camera"] == "top"
            and about["file"] == f"{self.name}.mkv"
            and "converted_from" not in about
            and about["writer"]["host"] == socket.gethostname()
            and bool(recording["segment"])
            and bool(recording["retention"].get("age") or recording["retention"].get("size"))
        )

    @property
    def is_ordinary(self) -> bool:
        return all(stat.S_ISREG(each.st_mode) and each.st_nlink == 1 for each in self.stats)

    @property
    def ages_s(self) -> list[float]:
        by_about = NOW_S - self.about["start_t_utc_ns"] / 1e9
        return [by_about, *(NOW_S - each.st_mtime for each in self.stats)]


def videos_in(folder: Path) -> Iterator[Video]:
    for path in folder.glob("*.json"):
        paths = [path.with_name(path.name[:-5] + suffix) for suffix in SUFFIXES["video"]]
        stats = [each.lstat() for each in paths if os.path.lexists(each)]
        try:
            about = json.loads(path.read_text())
        except ValueError:
            about = {}
        yield Video(path.name[:-5], about, stats)


@settings(max_examples=100)
@given(
    things=st.lists(THINGS, min_size=2, max_size=10, unique_by=lambda thing: thing.name),
    extra=st.sets(st.sampled_from(["a.txt", "a_0009.mkv", "c.json", "a.h5", "a_0001.frames.csv~"])),
    age=st.booleans(),
    size=st.sampled_from([None, 1, 10_000, 15_000, 20_000]),
)
def test_only_ours_is_deleted(template, things, extra, age, size) -> None:
    base = Path(tempfile.mkdtemp())
    folder, outside = base / "recordings", base / "outside"
    try:
        folder.mkdir()
        outside.mkdir()
        for name in extra:
            content = template.hdf5 if name.endswith(".h5") else b"of somebody else"
            (folder / name).write_bytes(content)
        for thing in things:
            put(folder, outside, thing, template)
        limits = {"age": f"{AGE_S}s"} if age else {}
        limits |= {"size": size} if size else {}
        if limits:
            check(folder, outside, extra, limits)
    finally:
        shutil.rmtree(base)


def check(folder: Path, outside: Path, extra: set[str], limits: dict[str, Any]) -> None:
    before, around = contents(folder), contents(outside)
    videos = {video.name: video for video in videos_in(folder)}
    prune(folder, Clocks(NOW_S * 10**9, MONO_S * 10**9, BOOT), **limits)
    after = contents(folder)
    assert contents(outside) == around
    assert after.items() <= before.items()  # nothing is changed, nothing is new
    gone = before.keys() - after.keys()
    assert not gone & extra
    deleted = [video for video in videos.values() if f"{video.name}.json" in gone]
    expected = {f"{v.name}{suffix}" for v in deleted for suffix in SUFFIXES["video"]}
    assert gone == expected & before.keys()  # whole or not at all
    for video in deleted:
        assert video.is_ours
        assert video.is_ordinary
    chosen = [video for video in deleted if video.about["state"] != "deleted"]
    require_reasons(chosen, list(videos.values()), limits)


def require_reasons(chosen: list[Video], videos: list[Video], limits: dict[str, Any]) -> None:
    for video in chosen:
        assert video.about["state"] == "complete"
        assert len(video.stats) == 3
        assert max(video.ages_s) - min(video.ages_s) <= DAY_S + 1
        assert min(video.ages_s) >= -60
        assert max(video.ages_s) < NOW_S - datetime(2020, 1, 1, tzinfo=UTC).timestamp()
        left = [other for other in videos if other.about.get("state") == "complete"]
        assert set(map(id, left)) - set(map(id, chosen))  # the newest always stays
        if "size" not in limits:
            assert min(video.ages_s) > AGE_S - 1
    if len(chosen) > 2:
        ours = [each for each in videos if each.about.get("state") == "complete"]
        assert 2 * sum(each.size for each in chosen) <= sum(each.size for each in ours)
    if "age" not in limits and chosen:
        left = [each for each in videos if each.about.get("state") == "complete"]
        assert sum(each.size for each in left) > limits["size"]
