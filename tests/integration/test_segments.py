"""Recordings in several files: no frame lost or doubled at a seam, whatever happens there."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import segment_files
from helpers import (
    LedCamera,
    assert_adds_up,
    camera_config,
    encoders,
    noise,
    read_about,
    read_ledger,
    until,
)
from rigs import AT_ONCE, assert_gaps_are_true, end_of, previewing, recording, rig_config

from recorder import RecorderError, open_recording, verify
from recorder.pipeline.session import Session
from recorder.playback import opened
from recorder.rig import story
from recorder.rig.events import Event
from recorder.rig.rig import Rig, RigSummary
from recorder.writers.base import WriteReport
from recorder.writers.video import VideoWriter

FORMATS = ("video", "hdf5")
SUFFIX = {"video": ".mkv", "hdf5": ".h5"}
MIB = 2**20


def grabs_in(file: str | Path) -> list[int]:
    """Return the numbers in a file's ledger, -1 for a gap."""
    return [int(row["grab"]) for row in read_ledger(file)]


def grabs_of(files: Any) -> list[list[int]]:
    return [grabs_in(file) for file in files]


def cut_in_tens(count: int) -> list[list[int]]:
    """Return the numbers of each file when every ten frames a new one is begun."""
    return [[*range(at, min(at + 10, count))] for at in range(0, count, 10)]


def signature(path: Path) -> tuple[int, int, int]:
    told = path.stat()
    return told.st_ino, told.st_size, told.st_mtime_ns


def files_beside(file: str) -> list[Path]:
    path = Path(file)
    return sorted(path.parent.glob(f"{path.stem}.*"))


# -- by time, by size, by frames; in two formats -------------------------------------------------

SEGMENTS = {"time": "1s", "size": "1MiB", "frames": "100 frames"}
SECONDS, RATE, LENGTH = 2.3, 100, 100


@pytest.fixture(scope="module")
def rig_of_all(tmp_path_factory: pytest.TempPathFactory) -> RigSummary:
    """Six cameras of one rig: three ways to cut a recording, in two formats."""
    cameras = {
        f"{by}_{format_}": {
            "recording__segment": segment,
            "recording__format": format_,
            "recording__duration": f"{SECONDS}s",
            "recording__name": "{camera}",
            "options__pattern": "noise",  # of a known size on the disk
            "size": [80, 64],
            "fps": RATE,
        }
        for format_ in FORMATS
        for by, segment in SEGMENTS.items()
    }
    folder = tmp_path_factory.mktemp("rig")
    with recording(rig_config(folder, **cameras), link=False) as rig:
        return end_of(rig)


@pytest.fixture(params=[f"{by}_{format_}" for format_ in FORMATS for by in SEGMENTS])
def cut(request: pytest.FixtureRequest, rig_of_all: RigSummary) -> tuple[str, Any]:
    return request.param, rig_of_all.cameras[request.param]


def test_every_frame_is_in_one_file(cut: tuple[str, Any]) -> None:
    name, told = cut
    assert (told.reason, told.exit_code, told.restarts, told.gaps) == ("duration", 0, 0, 0)
    assert_adds_up(told)
    assert len(told.files) >= 2
    for part, file in enumerate(told.files):
        about = read_about(file)
        is_last = part == len(told.files) - 1
        assert (about["part"], about["state"]) == (part, "complete")
        assert about["reason"] == ("duration" if is_last else "segment")
        assert Path(file).stem == (f"{name}_{part:04d}" if part else name)
        verdict = verify(file)
        assert verdict.ok
        assert len(verdict.parts) == 1
    if name.startswith("frames"):  # it says the same of all of them
        verdict = verify(Path(told.files[0]).parent / name)
        assert verdict.ok
        assert sum(part.exact for part in verdict.parts) == told.written


def test_each_file_has_its_share(cut: tuple[str, Any]) -> None:
    name, told = cut
    {"time": expect_seconds, "size": expect_bytes, "frames": expect_frames}[name.split("_")[0]](
        told.files
    )


def expect_frames(files: tuple[str, ...]) -> None:
    grabs = grabs_of(files)
    count = sum(map(len, grabs))
    assert grabs == [[*range(at, min(at + LENGTH, count))] for at in range(0, count, LENGTH)]


def expect_seconds(files: tuple[str, ...]) -> None:
    times = [[int(row["t_mono_ns"]) for row in read_ledger(file)] for file in files]
    begin = times[0][0]
    # A file begins up to half a frame early, as measured; five are more than that.
    places = [(file[0] - begin + 5 * 10**9 // RATE) // 10**9 for file in times]
    assert places == sorted(set(places))
    for place, file in zip(places, times, strict=True):
        assert file[-1] - begin < (place + 1) * 10**9


def expect_bytes(files: tuple[str, ...]) -> None:
    sizes = [Path(file).stat().st_size for file in files[:-1]]
    assert all(MIB / 3 < size < 1.1 * MIB for size in sizes), sizes


def test_the_files_are_joined_from_any_of_them(cut: tuple[str, Any]) -> None:
    name, told = cut
    stem = Path(told.files[0]).parent / name
    seams = np.cumsum(
        [sum(row["status"] == "written" for row in read_ledger(f)) for f in told.files]
    )
    for path in (stem, told.files[-1]):
        with open_recording(path) as whole:
            assert [str(part.file) for part in whole.parts] == list(told.files)
            assert (len(whole), whole.state) == (told.written, "complete")
            assert whole.about["totals"]["written"] == told.written
            for seam in seams[:-1]:
                across = whole[seam - 3 : seam + 3]
                numbers = across.reshape(6, -1)[:, :8].copy().view("<u8").ravel()
                assert numbers.tolist() == [*range(seam - 3, seam + 3)]
                assert np.array_equal(whole[int(seam)], across[3])
            assert np.all(np.diff(whole.timestamps) > 0)


@pytest.mark.parametrize("format_", [pytest.param("video", marks=pytest.mark.slow), "hdf5"])
def test_of_many_files_few_are_open(
    tmp_path: Path, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process has a thousand descriptors, and a recording of a week as many files."""
    monkeypatch.setattr(opened, "MOST_OPEN", 2)
    monkeypatch.setattr(segment_files, "FRAMES", 20)  # more than is read ahead
    paths = segment_files.record(tmp_path, format_, parts=4)
    with open_recording(paths[3]) as whole:
        assert len(whole) == 80
        assert len(list(whole._files)) == 2
        for number, frame in enumerate(whole):  # one that is being read stays open
            elsewhere = (number * 7 + 40) % 80
            assert frame[0, 0] == number
            assert whole[elsewhere][0, 0] == elsewhere
            assert len(list(whole._files)) <= 3
        assert np.array_equal(whole[14:44][:, 0, 0], np.arange(14, 44))
    for number in (0, 79):
        with pytest.raises(RecorderError):
            whole[number]


# -- one camera on a lead -------------------------------------------------------------------------


class Held:
    """A session whose camera waits at some grabs until it may go on.

    Parameters
    ----------
    folder, format_
        Where and what it records.
    *at
        Numbers of those grabs.
    frames
        After so many its source ends.
    **changes
        See `camera_config`.
    """

    def __init__(
        self, folder: Path, format_: str, *at: int, frames: int | None = None, **changes: Any
    ) -> None:
        changes = {"recording__segment": "10 frames", "recording__name": "top"} | changes
        config = camera_config(folder, recording__format=format_, **changes)
        self.folder, self.suffix = folder, SUFFIX[format_]
        self.gates = {number: threading.Event() for number in at}
        self.camera = LedCamera(holds=self.gates, frames=frames)
        self.camera.timeout_s = 60.0  # held, it is not lost
        self.session = Session(config, camera=self.camera)

    def path(self, part: int) -> Path:
        return self.folder / (f"top_{part:04d}{self.suffix}" if part else f"top{self.suffix}")

    def reach(self, grab: int) -> None:
        """Wait until the camera stands at a grab, and all before it is handed on."""
        assert self.camera.reached[grab].wait(30)
        until(lambda: self.session.status().totals.in_flight == 0)

    def let_go(self, grab: int) -> None:
        self.gates[grab].set()

    def end(self) -> Any:
        self.session.stop()
        return self.session.wait(60)


@contextlib.contextmanager
def held(folder: Path, format_: str, *at: int, **changes: Any) -> Iterator[Held]:
    found = Held(folder, format_, *at, **changes)
    try:
        found.session.start(record=True)
        yield found
    finally:
        for gate in found.gates.values():
            gate.set()
        found.session.stop()
        found.session.wait()


def expect_exact(told: Any, grabs: list[list[int]]) -> None:
    """Check a recording of noise against what the camera gave, also over the seams."""
    assert grabs_of(told.files) == grabs
    rows = assert_adds_up(told)
    written = [int(row["grab"]) for row in rows if row["status"] == "written"]
    with open_recording(told.files[0]) as whole:
        assert len(whole) == len(written)
        for frame, grab in zip(whole, written, strict=True):
            assert np.array_equal(frame, noise(frame.shape, frame.dtype, grab))
    assert verify(Path(told.files[0]).parent / "top").ok


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_is_complete_while_the_next_one_is_recorded(tmp_path: Path, format_: str) -> None:
    with held(tmp_path, format_, 15) as top:
        top.reach(15)
        first = top.path(0)
        until(lambda: top.session.status().files == (str(first),))
        about = read_about(first)
        assert (about["state"], about["reason"], about["part"]) == ("complete", "segment", 0)
        assert about["totals"]["written"] == 10
        verdict = verify(first)
        assert verdict.ok
        assert sum(part.exact for part in verdict.parts) == 10
        expect_readable_so_far(top)
        before = {path: signature(path) for path in files_beside(str(first))}
        top.let_go(15)
        until(lambda: top.session.status().totals.written >= 25)
        told = top.end()
    assert before == {path: signature(path) for path in before}
    expect_exact(told, cut_in_tens(told.grabbed))


def expect_readable_so_far(top: Held) -> None:
    """Check what can be read while the second file is being recorded."""
    told = pytest.warns(UserWarning, match="recorded right now")  # of HDF5 what is closed
    with told if top.suffix == ".h5" else contextlib.nullcontext():
        whole = open_recording(top.folder / "top")
    with whole:
        assert 10 <= len(whole) <= 15
        assert whole.ledger["grab"].tolist()[:10] == [*range(10)]
        for grab, frame in enumerate(whole):
            assert np.array_equal(frame, noise(frame.shape, frame.dtype, grab))
        assert (whole.state, whole.about["state"]) == ("recording", "recording")
        assert whole.about["reason"] is None
        states = [part.state for part in whole.parts]
        assert states == ["complete", *(["recording"] if top.suffix == ".mkv" else [])]


@pytest.mark.parametrize("kind", FORMATS)
def test_without_its_last_file_it_is_not_complete(tmp_path: Path, kind: str) -> None:
    paths = segment_files.record(tmp_path, kind, parts=2)
    with open_recording(paths[0]) as whole:
        assert len(whole) == 2 * segment_files.FRAMES
        assert (whole.state, whole.about["state"]) == ("interrupted", "recording")
        assert whole.about["reason"] is None
        assert {part.state for part in whole.parts} == {"complete"}
    for file in segment_files.files_of(paths[1]):
        file.unlink()
    with open_recording(paths[0]) as alone:
        assert (alone.state, alone.about["state"]) == ("interrupted", "recording")
        assert alone.about["totals"]["written"] == segment_files.FRAMES


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("last", [20, *(pytest.param(n, marks=pytest.mark.slow) for n in (19, 21))])
def test_a_recording_that_ends_at_a_seam_has_no_file_without_frames(
    tmp_path: Path, format_: str, last: int
) -> None:
    """Stopped by hand just before it, at it, and after it."""
    with held(tmp_path / "hand", format_, last) as top:
        top.reach(last)
        top.session.stop()
        top.let_go(last)
        told = top.session.wait(60)
    assert last <= told.grabbed <= last + 1  # the one that it stood at may still have come
    expect_exact(told, cut_in_tens(told.grabbed))


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize(
    "changes", [{"recording__duration": "20 frames"}, {"frames": 20}], ids=["length", "source"]
)
def test_a_recording_that_ends_by_itself_at_a_seam(
    tmp_path: Path, format_: str, changes: dict[str, Any]
) -> None:
    with held(tmp_path, format_, **changes) as top:
        told = top.session.wait(60)
    assert told.exit_code == 0
    expect_exact(told, cut_in_tens(20))


@pytest.mark.parametrize("format_", FORMATS)
def test_the_size_only_grows(tmp_path: Path, format_: str) -> None:
    """Also while files are closed: `keep_free` and what the disk lasts are made of its rate."""
    sizes, rates = [], []
    with held(tmp_path, format_, frames=1500, recording__segment="300 frames") as top:
        while not top.session.has_ended:
            status = top.session.status()
            sizes.append(status.file_bytes)
            rates.append(status.disk_bytes_s)
            top.session.wait_briefly(0.001)
        told = top.session.wait()
        sizes.append(top.session.status().file_bytes)
    assert len(told.files) == 5
    assert sizes == sorted(sizes)
    assert sizes[-1] == told.file_bytes
    assert min(rates) >= 0


# -- what goes wrong at a seam, or between two ----------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="halts a process by a signal")
@pytest.mark.parametrize("at", [25, 30])
def test_an_encoder_that_dies_costs_no_seam(tmp_path: Path, at: int) -> None:
    """In the middle of a file, and just before the next one would have been begun."""
    with held(tmp_path, "video", at) as top:
        top.reach(at)
        until(lambda: len(encoders()) == 1 and len(top.session.status().files) == 2)
        encoders()[0].kill()
        until(lambda: top.path(3).with_suffix(".json").exists())  # noticed without a frame
        top.let_go(at)
        until(lambda: top.session.status().totals.written >= 45)
        told = top.end()
    later = cut_in_tens(told.grabbed)
    rest = [[*range(25, 30)], *later[3:]] if at == 25 else later[3:]
    expect_exact(told, [*later[:2], [*range(20, at)], *rest])
    reasons = [read_about(file)["reason"] for file in told.files]
    assert reasons == [
        "segment",
        "segment",
        "writer_failed",
        *["segment"] * (len(rest) - 1),
        "requested",
    ]
    notes = {row["note"] for row in read_ledger(told.files[2]) if row["status"] == "dropped"}
    assert notes <= {"encoder_died"}


@pytest.mark.parametrize("format_", FORMATS)
def test_a_name_that_is_taken_is_left_alone(tmp_path: Path, format_: str) -> None:
    """By a file of another recording, and by a folder."""
    with held(tmp_path, format_, 5) as top:
        top.reach(5)
        theirs = top.path(1)
        theirs.write_bytes(b"somebody's")
        top.path(3).mkdir()
        top.let_go(5)
        until(lambda: top.session.status().totals.written >= 35)
        told = top.end()
    assert theirs.read_bytes() == b"somebody's"
    names = [Path(file).stem for file in told.files]
    assert names[:4] == ["top", "top_0002", "top_0004", "top_0005"]
    assert grabs_of(told.files) == cut_in_tens(told.grabbed)
    assert_adds_up(told)
    assert all(verify(file).ok for file in told.files)
    theirs.unlink()
    with open_recording(tmp_path / "top") as whole:
        assert [str(part.file) for part in whole.parts] == list(told.files)
        assert len(whole) == told.written


@contextlib.contextmanager
def no_more_descriptors() -> Iterator[None]:
    """Have the system refuse to open anything, as when a process has too much open."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = os.dup(0)
    os.close(free)  # the lowest number that is free is the one that the system gives next
    resource.setrlimit(resource.RLIMIT_NOFILE, (free, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="has no such limit")
@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_goes_on_while_the_next_one_cannot_be_begun(tmp_path: Path, format_: str) -> None:
    with held(tmp_path, format_, 8, 14) as top:
        top.reach(8)
        with no_more_descriptors():
            top.let_go(8)
            top.reach(14)  # over the seam
        assert top.session.status().state == "recording"
        top.let_go(14)
        until(lambda: top.path(2).exists())
        told = top.end()
    assert (told.exit_code, told.dropped) == (0, 0)
    grabs = grabs_of(told.files)
    first = len(grabs[0])
    assert first > 14
    assert [grab for file in grabs for grab in file] == list(range(told.grabbed))
    assert all(file[0] % 10 == 0 for file in grabs[2:])  # back at where the seams belong
    expect_exact(told, grabs)


# -- a rig ----------------------------------------------------------------------------------------


class Heard:
    """What a rig told of itself."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.hear: Callable[[Event], None] = self.events.append

    def of(self, kind: str, camera: str | None = None) -> list[Event]:
        return [each for each in self.events if each.kind == kind and camera in (None, each.camera)]


def expect_events_of_files(heard: Heard, summary: RigSummary) -> None:
    """Check that every file of a recording was told of, with what is in it."""
    for camera, told in summary.cameras.items():
        events = {each.facts["file"]: each.facts for each in heard.of("segment", camera)}
        assert set(events) >= {str(Path(file).absolute()) for file in told.files}
        for file in told.files:
            facts, about = events[str(Path(file).absolute())], read_about(file)
            totals = about["totals"]
            assert (facts["part"], facts["reason"]) == (about["part"], about["reason"])
            assert facts["bytes"] == sum(path.stat().st_size for path in files_beside(file))
            assert facts["written"] == totals["written"]
            for name in ("dropped", "bad"):
                assert facts[name] == totals[name]
            assert facts["gaps"] == totals["gap"]


def test_a_dead_encoder_is_told_of(tmp_path: Path) -> None:
    """A failure that the recording gets over, in a file that is complete all the same."""
    heard = Heard()
    each = {"recording__segment": "2000 frames", "recording__name": "{camera}"}
    with recording(rig_config(tmp_path, "a", each=each), on_event=heard.hear) as rig:
        until(lambda: rig.status().camera("a").totals.written > 20)
        encoders()[0].kill()
        until(lambda: heard.of("failure"))
        until(lambda: len(rig.status().camera("a").files) > 1)
        rig.stop()
        summary = end_of(rig)
    (failure,) = heard.of("failure", "a")
    assert failure.facts["reason"] == "writer_failed"
    assert "ffmpeg" in str(failure.facts["message"])
    expect_events_of_files(heard, summary)
    reasons = {event.facts["part"]: event.facts["reason"] for event in heard.of("segment")}
    assert reasons[0] == "writer_failed"  # whichever file was finished first
    assert summary.cameras["a"].gaps == 0
    assert_adds_up(summary.cameras["a"])


CRASH, COUNT, SEGMENT = 150, 220, 60


def test_a_crash_costs_only_the_file_that_is_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settled: list[str] = []
    settle = story.settle_dead

    def note(stem: Path, *rest: Any) -> Any:
        settled.append(stem.name)
        return settle(stem, *rest)

    monkeypatch.setattr(story, "settle_dead", note)
    heard, signatures = Heard(), {}

    def hear(event: Event) -> None:
        heard.hear(event)
        if event.kind == "segment":
            found = files_beside(str(event.facts["file"]))
            signatures.update({path: signature(path) for path in found})

    each = {
        "recording__segment": f"{SEGMENT} frames",
        "recording__duration": f"{COUNT} frames",
        "recording__name": "{camera}",
        "options__crash_at": CRASH,
        "fps": 100,  # by then a slow machine has begun a file, too
    }
    cameras = {format_: each | {"recording__format": format_} for format_ in FORMATS}
    with recording(rig_config(tmp_path, **cameras), patience=AT_ONCE, on_event=hear) as rig:
        summary = end_of(rig)
    assert summary.exit_code == 6
    assert signatures == {path: signature(path) for path in signatures}  # nobody touched them again
    for format_, told in summary.cameras.items():
        failures = heard.of("failure", format_)
        assert [event.facts["reason"] for event in failures] == ["camera_failed"]
        before = heard.events[: heard.events.index(failures[0])]
        closed = [e.facts["part"] for e in before if (e.kind, e.camera) == ("segment", format_)]
        begun = expect_one_crash(format_, told, closed)
        # How far its own process came with closing the first one is up to the disk.
        names = [format_, f"{format_}_0001", f"{format_}_0002"][:begun]
        beside = [name for name in settled if name.startswith(format_)]
        assert beside == [name for part, name in enumerate(names) if part not in closed]
    expect_events_of_files(heard, summary)  # also of those that their own process did not close
    assert len(heard.of("segment")) == sum(len(told.files) for told in summary.cameras.values())
    kinds = [event.kind for event in heard.events if event.camera is None]
    assert kinds == ["start", "end"]
    assert heard.events[-1].kind == "end"
    totals = [told.as_dict() for told in summary.cameras.values()]
    end = heard.of("end")[0].facts
    for name in ("grabbed", "written", "dropped", "gaps"):
        assert end[name] == sum(told[name] for told in totals)
    assert heard.of("end")[0].facts["restarts"] == 2


def expect_one_crash(name: str, told: Any, closed: list[Any]) -> int:
    """Return how many files were begun before the crash."""
    assert (told.reason, told.grabbed) == ("duration", COUNT)
    assert (told.restarts, told.gaps, told.bad) == (1, 1, 0)
    rows = assert_adds_up(told)
    assert_gaps_are_true(rows, 1)
    grabs = grabs_of(told.files)
    # On a slow machine frames of a segment that was not begun yet are in the buffer at the crash:
    # their rows are in the file that was open.
    *before, last, end = grabs
    assert [number for part in before for number in part] == [*range(CRASH)]
    assert [part[0] for part in before] == [0, 60, 120][: len(before)]
    assert last == [-1, *range(150, 180)]  # to where it would have gone without a crash
    assert end == [*range(180, 220)]
    for row in rows:  # only what was on its way into a file that was not closed may be lost
        if row["status"] == "dropped":
            assert row["note"] == "crashed"
            assert int(row["grab"]) < CRASH
            assert int(row["grab"]) // SEGMENT not in closed
    assert all(verify(file).ok for file in told.files)
    with open_recording(Path(told.files[0]).parent / name) as whole:
        assert len(whole) == told.written
    return len(before)


def test_preview_and_two_recordings_in_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = Heard()
    each = {"recording__segment": "20 frames", "recording__name": "{camera}"}
    cameras = {format_: each | {"recording__format": format_} for format_ in FORMATS}
    look = Rig._look
    with previewing(rig_config(tmp_path, **cameras), on_event=heard.hear) as rig:
        until(lambda: all(rig.latest_frame(name) for name in FORMATS))
        assert heard.events == []
        summaries = []
        for length in ("50 frames", None):
            rig.record(length)
            # Whoever looks after it comes too late to tell of the first one's end; and in time.
            monkeypatch.setattr(Rig, "_look", look if length is None else lambda _: None)
            until(lambda: all(camera.totals.written >= 45 for camera in rig.status().cameras))
            if length is None:
                rig.end_take()
            until(lambda: rig.status().state == "previewing")
            summaries.append(rig.summary())  # and the next one at once: its start is after the end
        rig.stop()
        end_of(rig)
    for summary in summaries:
        expect_events_of_files(heard, summary)
    assert [event.kind for event in heard.events if event.kind != "segment"] == ["start", "end"] * 2
    assert len(heard.of("segment")) == sum(
        len(told.files) for summary in summaries for told in summary.cameras.values()
    )
    for summary, name in zip(summaries, ("{}", "{}-2"), strict=True):
        assert summary.exit_code == 0
        for format_, told in summary.cameras.items():
            stem = tmp_path / name.format(format_)
            count = told.grabbed
            assert grabs_of(told.files) == [
                [*range(at, min(at + 20, count))] for at in range(0, count, 20)
            ]
            assert_adds_up(told)
            with open_recording(stem) as whole:
                assert [str(part.file) for part in whole.parts] == list(told.files)
                assert len(whole) == told.written == count
    end = heard.of("end")[0].facts
    assert (end["exit_code"], end["reason"], end["written"]) == (0, "duration", 100)
    assert end["bytes"] == sum(told.file_bytes for told in summaries[0].cameras.values())
    assert verify(tmp_path).ok


@pytest.mark.parametrize("format_", [pytest.param("video", marks=pytest.mark.slow), "hdf5"])
def test_the_end_is_told_when_the_files_of_the_dead_are_counted(
    tmp_path: Path, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However long that takes; and nothing else is begun before."""
    may_settle, settle, heard = threading.Event(), story.settle_dead, Heard()

    def settle_later(*arguments: Any) -> Any:
        assert may_settle.wait(30)
        return settle(*arguments)

    monkeypatch.setattr(story, "settle_dead", settle_later)
    each = {"recording__format": format_, "recording__name": "{camera}"}
    config = rig_config(tmp_path, "a", each=each)
    with previewing(config, patience=AT_ONCE, on_event=heard.hear) as rig:
        rig.record()
        until(lambda: rig.status().camera("a").totals.written > 20)
        psutil.Process(rig.status().camera("a").pid).kill()
        until(lambda: rig.status().camera("a").totals.restarts == 1)
        until(lambda: len(rig.status().camera("a").files) == 2)
        rig.end_take()
        until(lambda: rig.status().state == "previewing")
        assert heard.of("end") == []
        may_settle.set()
        rig.record("5 frames")
        end_of_first = heard.of("end")[0]
        until(lambda: len(heard.of("end")) == 2)
        rig.stop()
        end_of(rig)
    kinds = [event.kind for event in heard.events]
    assert kinds.index("end") > [n for n, kind in enumerate(kinds) if kind == "segment"][1]
    files = sorted(map(str, tmp_path.glob(f"*{SUFFIX[format_]}")))
    first = [file for file in files if "-2" not in file]
    rows = [row for file in first for row in read_ledger(file)]
    for name in ("written", "dropped"):
        assert end_of_first.facts[name] == sum(row["status"] == name for row in rows)
    assert end_of_first.facts["gaps"] == end_of_first.facts["restarts"] == 1


def test_a_file_that_cannot_be_finished_in_an_unforeseen_way_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    close = VideoWriter.close

    def close_badly(writer: VideoWriter, reason: str) -> WriteReport:
        report = close(writer, reason)
        if reason == "segment":
            raise ZeroDivisionError("of a disk that nobody thought of")
        return report

    monkeypatch.setattr(VideoWriter, "close", close_badly)
    config = camera_config(
        tmp_path, fps="max", recording__segment="50 frames", recording__duration="10000 frames"
    )
    with Session(config) as session:
        session.start(record=True)
        told = session.wait(60)
    assert told is not None
    assert (told.reason, told.exit_code) == ("writer_failed", 4)
    assert "ZeroDivisionError" in " ".join(told.errors)
