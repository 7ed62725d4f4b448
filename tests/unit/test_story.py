"""One recording told over all the processes that it took, those that died included."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xxhash
from helpers import read_about, read_ledger

from recorder import verify
from recorder.config import Amount
from recorder.frame import FrameSpec, FrameStamp
from recorder.pipeline.order import LostRow, Order
from recorder.pipeline.summary import TakeSummary
from recorder.rig.shares import FileShare
from recorder.rig.story import Life, Story
from recorder.rig.wreck import Progress
from recorder.stats import CameraStatus, Totals
from recorder.writers.codecs import choose
from recorder.writers.hdf5 import Hdf5Writer
from recorder.writers.hdf5 import choose as choose_filter
from recorder.writers.video import VideoWriter

SPEC = FrameSpec(64, 48, "gray8", 100.0)
BEGIN_NS = 5 * 10**9
PERIOD_NS = 10**7
GONE = "the camera's process: killed by SIGSEGV"


def stamp_of(grab: int) -> FrameStamp:
    t_ns = BEGIN_NS + grab * PERIOD_NS
    return FrameStamp(t_ns, 10**18 + t_ns, None, grab, 1)


def progress_of(grabbed: int) -> Progress:
    last = stamp_of(grabbed - 1)
    return Progress(1, grabbed, BEGIN_NS, last.t_mono_ns, last.t_utc_ns)


def make_story(duration: Amount | None = None, **changes: Any) -> Story:
    order = Order(started=datetime(2026, 11, 22, tzinfo=UTC), at_ns=BEGIN_NS - 1000)
    return Story(order, duration, **changes)


def file_of(stem: Path, part: int = 0, format_: str = "video") -> dict[str, Any]:
    suffix = ".h5" if format_ == "hdf5" else ".mkv"
    told = {"stem": str(stem), "of": str(stem).removesuffix(f"_{part:04d}"), "part": part}
    return told | {"path": f"{stem}{suffix}", "format": format_, "fps": 99.5, "encoder": 1}


def part_of(grabbed: int, **changes: Any) -> TakeSummary:
    plain: dict[str, Any] = {"reason": "duration", "grabbed": grabbed, "written": grabbed}
    plain |= {"dropped": 0, "bad": 0, "gaps": 0, "restarts": 0, "seconds": grabbed / 100}
    plain |= {"fps": 100.0, "files": ("a.mkv",), "raw_bytes": grabbed, "file_bytes": grabbed}
    return TakeSummary(**plain | changes)


def life_of(came_to: int, /, *files: dict[str, Any], known: int = 1000, **totals: int) -> Life:
    status = CameraStatus(
        "top", "recording", totals=Totals(**totals), elapsed_s=1.0, raw_bytes=300, file_bytes=200
    )
    stamps = [stamp_of(grab) for grab in range(max(0, came_to - known), came_to)]
    return Life(FileShare(open=list(files)), status, progress_of(came_to), stamps)


def write_file(stem: Path, format_: str, count: int) -> dict[str, Any]:
    """Leave a file of so many frames, finished by the one that wrote it."""
    writer: Any = (
        Hdf5Writer(stem, choose_filter("auto", SPEC), {"camera": "top"})
        if format_ == "hdf5"
        else VideoWriter(stem, choose("auto", "gray8"), {"camera": "top"})
    )
    writer.open(SPEC)
    for grab in range(count):
        frame = np.full(SPEC.shape, grab, SPEC.dtype)
        digest = xxhash.xxh3_64_intdigest(frame.data)
        writer.write(frame, stamp_of(grab)._replace(xxh3_64=digest))
    writer.close("camera_failed")
    return file_of(stem, format_=format_)


# -- where the next process goes on -----------------------------------------------------------


def test_before_anything_is_known_there_is_no_summary() -> None:
    story = make_story()
    assert story.summary() is None
    status = CameraStatus("top", totals=Totals(grabbed=3, written=2))
    assert story.over(status) == status


def test_the_rest_of_a_recording_that_never_had_a_frame() -> None:
    order = make_story().rest()
    assert order.at_ns == 0  # its instant has passed
    rest = order.resumption
    assert rest is not None
    assert (rest.grabbed, rest.first_ns, rest.last_ns) == (0, None, BEGIN_NS - 1000)
    assert (rest.stem, rest.part, rest.fps, rest.rows) == (None, 0, None, ())


def test_the_rest_of_a_recording_goes_on_after_its_last_grab_and_file() -> None:
    story = make_story(Amount(frames=100))
    for each in (file_of(Path("out/top")), file_of(Path("out/top_0002"), 2)):
        story.add_file(each)
    story.advance(progress_of(40))
    order = story.rest()
    assert (order.started, order.duration) == (story.order.started, story.order.duration)
    rest = order.resumption
    assert rest is not None
    assert (rest.grabbed, rest.first_ns) == (40, BEGIN_NS)
    assert (rest.last_ns, rest.last_utc_ns) == stamp_of(39)[:2]
    assert (rest.stem, rest.part, rest.fps) == (Path("out/top"), 3, 99.5)


def test_a_process_that_grabbed_nothing_more_moves_nothing() -> None:
    story = make_story()
    story.advance(progress_of(40))
    for grabbed in (40, 3):
        story.advance(progress_of(grabbed))
    assert (story.grabbed, story.last_ns) == (40, stamp_of(39).t_mono_ns)


def test_the_gap_of_a_recording_without_an_instant_begins_now() -> None:
    story = Story(Order(), None)
    assert story.last_ns > 0
    assert story.is_over(story.last_ns + 10**15) is False


@pytest.mark.parametrize(
    ("duration", "first_ns", "after_ns", "over"),
    [
        (Amount(seconds=2), None, 2 * 10**9 - 1001, False),
        (Amount(seconds=2), None, 2 * 10**9 - 1000, True),  # since its instant, without a frame
        (Amount(seconds=2), BEGIN_NS, 2 * 10**9 - 1, False),
        (Amount(seconds=2), BEGIN_NS, 2 * 10**9, True),
        (Amount(frames=5), BEGIN_NS, 10**15, False),
        (None, BEGIN_NS, 10**15, False),
    ],
)
def test_its_time_is_up_whether_or_not_there_is_a_camera(
    duration: Amount | None, first_ns: int | None, after_ns: int, over: bool
) -> None:
    story = make_story(duration)
    story.first_ns = first_ns
    assert story.is_over(BEGIN_NS + after_ns) is over


def test_with_all_its_frames_it_is_over_and_was_not_cut_short() -> None:
    story = make_story(Amount(frames=5))
    for grabbed, over, reason in ((4, False, "camera_failed"), (5, True, "duration")):
        story.advance(progress_of(grabbed))
        story.add(part_of(1, reason="camera_failed"))
        assert story.is_over(BEGIN_NS) is over
        told = story.summary()
        assert told is not None
        assert told.reason == reason
    story.add(part_of(0, reason="writer_failed"))
    told = story.summary()
    assert told is not None
    assert told.reason == "writer_failed"


# -- dead processes ---------------------------------------------------------------------------


def rows_of(story: Story) -> tuple[LostRow, ...]:
    rest = story.rest().resumption
    assert rest is not None
    return rest.rows


def lost(grab: int) -> LostRow:
    return LostRow(grab, *stamp_of(grab)[:2], "dropped", "crashed")


def test_frames_lost_before_there_was_a_file_get_their_rows_in_the_next_process() -> None:
    story = make_story()
    story.add_wreck(life_of(3), GONE)
    story.advance(progress_of(3))
    assert story.summary() is None
    assert rows_of(story) == tuple(map(lost, range(3)))
    assert story.grabbed == 3


def test_two_such_processes_lose_each_frame_once_and_have_a_gap_between_them() -> None:
    story = make_story()
    story.add_wreck(life_of(3), GONE)
    story.advance(progress_of(3))
    story.add_wreck(life_of(5), GONE)
    story.advance(progress_of(5))
    gap = LostRow(-1, *stamp_of(2)[:2], "gap", str(PERIOD_NS))
    assert rows_of(story) == (*map(lost, range(3)), gap, *map(lost, range(3, 5)))


def test_a_file_that_is_open_has_taken_these_rows() -> None:
    story = make_story()
    story.add_wreck(life_of(3), GONE)
    story.advance(progress_of(3))
    story.add_file(file_of(Path("out/top")))
    assert rows_of(story) == ()
    story.close()
    assert story.summary() is None  # the file's own process tells of them


def test_a_process_that_died_before_its_first_grab_leaves_no_row() -> None:
    story = make_story()
    story.add_wreck(Life(FileShare(), CameraStatus("top"), Progress(0, 0, 0, 0, 0)), GONE)
    assert rows_of(story) == ()


def test_if_no_process_follows_they_are_dropped() -> None:
    story = make_story()
    story.add_wreck(life_of(3), GONE)
    story.close()
    told = story.summary()
    assert told is not None
    assert (told.grabbed, told.dropped, told.written) == (3, 3, 0)
    assert (told.reason, told.exit_code, told.files) == ("camera_failed", 3, ())
    assert told.errors


@pytest.mark.parametrize("format_", ["video", "hdf5"])
def test_a_dead_processs_file_is_counted(tmp_path: Path, format_: str) -> None:
    file = write_file(tmp_path / "top", format_, 12)
    story = make_story()
    story.add_file(file)
    story.advance(progress_of(12))
    story.add_wreck(life_of(12, file, grabbed=11, written=4), GONE)
    story.close()
    told = story.summary()
    assert told is not None
    assert (told.grabbed, told.written, told.dropped) == (12, 12, 0)  # not as it told last
    assert told.files == (file["path"],)
    assert told.raw_bytes == 12 * SPEC.nbytes
    assert told.file_bytes == sum(path.stat().st_size for path in tmp_path.iterdir())
    assert told.seconds == pytest.approx(0.11)
    assert (told.reason, told.errors) == ("camera_failed", (GONE,))


@pytest.mark.parametrize("known", [2, 1000])
@pytest.mark.parametrize("format_", ["video", "hdf5"])
def test_frames_that_no_file_took_are_dropped(tmp_path: Path, format_: str, known: int) -> None:
    """The file was finished already; nothing is written into it any more."""
    file = write_file(tmp_path / "top", format_, 12)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    story = make_story()
    story.add_file(file)
    story.add_wreck(life_of(14, file, known=known), GONE)
    story.close()
    told = story.summary()
    assert told is not None
    assert (told.grabbed, told.written, told.dropped) == (14, 12, 2)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    assert read_about(file["path"])["totals"]["grabbed"] == 12
    assert len(read_ledger(file["path"])) == 12
    assert verify(tmp_path).ok


def test_files_that_are_gone_are_a_failure_to_write(tmp_path: Path) -> None:
    story = make_story()
    file = file_of(tmp_path / "never")
    story.add_file(file)
    story.add_wreck(life_of(10, file, grabbed=10, written=7, bad=1), GONE)
    story.close()
    told = story.summary()
    assert told is not None
    assert told.grabbed == told.written + told.dropped + told.bad == 10
    assert (told.reason, told.exit_code) == ("writer_failed", 4)  # a file is not finished
    gone, why = told.errors
    assert gone == GONE
    assert "never" in why


def test_without_files_the_last_words_stand() -> None:
    story = make_story(writes=False)
    story.add_wreck(life_of(10, grabbed=10, written=7, bad=1), GONE)
    story.close()
    told = story.summary()
    assert told is not None
    assert (told.grabbed, told.written, told.dropped, told.bad) == (10, 7, 2, 1)
    assert (told.raw_bytes, told.file_bytes, told.files) == (300, 200, ())


# -- what is shown meanwhile ------------------------------------------------------------------


def test_the_status_has_the_shares_of_all_processes() -> None:
    story = make_story()
    for each in (file_of(Path("a")), file_of(Path("b"), 1)):
        story.add_file(each)
    story.add(part_of(40, dropped=2, written=38, reason="camera_failed", seconds=0.5))
    story.restarts = 1
    now = CameraStatus(
        "top",
        "recording",
        totals=Totals(grabbed=9, written=7, gaps=1),
        elapsed_s=4.0,
        raw_bytes=20,
        file_bytes=10,
        files=("c.mkv",),
    )
    shown = story.over(now)
    assert shown.totals == Totals(grabbed=49, written=45, dropped=2, gaps=1, restarts=1)
    assert shown.totals.in_flight == now.totals.in_flight
    assert (shown.elapsed_s, shown.raw_bytes, shown.file_bytes) == (4.0, 60, 50)
    assert shown.ratio == 1.2
    assert shown.files == ("a.mkv", "b.mkv", "c.mkv")


def test_once_closed_its_own_reason_is_shown() -> None:
    story = make_story()
    story.add(part_of(40))
    now = CameraStatus("top", "finishing", "requested")  # of the preview after it
    assert story.over(now).reason == "requested"
    story.close()
    assert story.over(now).reason == "duration"


def test_without_a_process_the_time_stands_still() -> None:
    story = make_story()
    story.add(part_of(40))
    assert story.over(CameraStatus("top")).elapsed_s == 0.4


def test_once_closed_files_without_frames_are_not_shown_any_more() -> None:
    story = make_story()
    story.add_file(file_of(Path("empty")))
    assert story.over(CameraStatus("top")).files == ("empty.mkv",)
    story.add(part_of(0, files=()))
    story.close()
    assert story.over(CameraStatus("top")).files == ()


# -- files that a living process has finished -------------------------------------------------


def closed_of(part: int, written: int, last_grab: int, counts: dict[str, int]) -> dict[str, Any]:
    first_grab = last_grab - sum(counts[name] for name in ("written", "dropped")) + 1
    told = {"part": part, "path": f"top_{part:04d}.mkv", "reason": "segment", "written": written}
    told |= {"counts": counts, "raw_bytes": written * 10, "bytes": written, "error": None}
    return told | {"first_grab": first_grab, "last_grab": last_grab, "is_finished": True}


def test_a_dead_processs_finished_files_are_not_read_again(tmp_path: Path) -> None:
    """They need not even be there any more: the retention may have had them."""
    share = FileShare()
    for part, written in ((0, 10), (1, 9)):
        share.open.append(file_of(tmp_path / f"top_{part:04d}", part))
        counts = {"written": written, "dropped": 1 - part, "gap": part}
        share.close(closed_of(part, written, 10 * part + 9, counts))
    stamps = [stamp_of(grab) for grab in range(25)]
    life = Life(share, CameraStatus("top"), progress_of(25), stamps)
    story = make_story()
    story.add_wreck(life, GONE)
    story.close()
    told = story.summary()
    assert told is not None
    assert (told.written, told.dropped, told.gaps) == (19, 1 + 5, 1)  # 20 to 24 are in no file
    assert told.grabbed == told.written + told.dropped
    assert told.files == ("top_0000.mkv", "top_0001.mkv")
    assert (told.raw_bytes, told.file_bytes) == (190, 19)


def leave_file(stem: Path, part: int, grabs: range, visible: int) -> dict[str, Any]:
    """Leave a file of a process that died: a reader sees so many of its frames."""
    writer = Hdf5Writer(stem, choose_filter("none", SPEC), {"camera": "top"})
    writer.open(SPEC)
    for grab in grabs:
        writer._commit_at = 1e18
        frame = np.full(SPEC.shape, grab, SPEC.dtype)
        digest = xxhash.xxh3_64_intdigest(frame.data)
        writer.write(frame, stamp_of(grab)._replace(xxh3_64=digest))
        if grab - grabs.start == visible - 1:
            writer._commit_at = 0.0
            writer._advance(0)
    writer._pool.shutdown()
    writer._file.abandon()
    return file_of(stem, part, "hdf5")


@pytest.mark.parametrize("known", [5, 1000])
@pytest.mark.parametrize("beside", [6, 0])
def test_each_unfinished_file_takes_the_rows_of_its_own_frames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, beside: int, known: int
) -> None:
    """It died at a seam: the disk was slow, and a file was not finished when the next was begun."""
    monkeypatch.setattr("recorder.writers.about.is_live", lambda about: False)
    one = leave_file(tmp_path / "top", 0, range(12), 8)
    two = leave_file(tmp_path / "top_0001", 1, range(12, 20), beside)
    story = make_story()
    story.add_wreck(life_of(20, one, two, known=known), GONE)
    story.close()
    told = story.summary()
    assert told is not None
    assert (told.grabbed, told.written, told.dropped) == (20, 8 + beside, 12 - beside)
    ledgers = [read_ledger(path) for path in told.files]
    assert [int(row["grab"]) for rows in ledgers for row in rows] == [*range(20)]
    assert {row["note"] for rows in ledgers for row in rows if row["status"] == "dropped"} == {
        "crashed"
    }
    # Where nothing tells where the next one begins, it takes them all.
    assert [len(rows) for rows in ledgers] == ([12, 8] if beside else [8, 12])
    assert verify(tmp_path).ok


def test_a_file_that_was_finished_before_the_one_in_front_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recorder.writers.about.is_live", lambda about: False)
    share = FileShare(open=[leave_file(tmp_path / "top", 0, range(10), 8)])
    share.open.append(file_of(tmp_path / "top_0001", 1))
    share.close(closed_of(1, 10, 19, {"written": 10, "dropped": 0, "gap": 0}))
    stamps = [stamp_of(grab) for grab in range(20)]
    story = make_story()
    story.add_wreck(Life(share, CameraStatus("top"), progress_of(20), stamps), GONE)
    story.close()
    told = story.summary()
    assert told is not None
    assert (told.grabbed, told.written, told.dropped) == (20, 18, 2)
    rows = read_ledger(tmp_path / "top.h5")
    assert [row["status"] for row in rows] == ["written"] * 8 + ["dropped"] * 2


def test_a_share_forgets_what_is_finished() -> None:
    share = FileShare()
    for part in range(4):
        share.open.append(file_of(Path(f"top_{part:04d}"), part))
    counts = {"written": 10, "dropped": 0, "gap": 0}
    share.close(closed_of(1, 10, 19, counts))
    share.close(closed_of(2, 10, 29, counts))
    assert (share.last_grab, share.spans) == (-1, {1: (10, 19), 2: (20, 29)})
    share.close(closed_of(0, 10, 9, counts))
    assert (share.last_grab, share.spans) == (29, {})


def test_a_share_keeps_the_greatest_time_deviation() -> None:
    share = FileShare()
    for part, deviation in enumerate((None, 7.5, 3.0, None)):
        file = closed_of(part, 10, 9, {"written": 10, "dropped": 0})
        share.close(file | {"time_deviation_ms": deviation})
    assert share.time_deviation_ms == 7.5


def test_a_recording_of_weeks_shows_its_last_files_in_their_order() -> None:
    story = make_story()
    for part in range(9990, 10_010):
        story.add_file(file_of(Path(f"top_{part:04d}"), part))
        story.close_file({"part": part})
    assert story.open_files == []
    rest = story.rest().resumption
    assert rest is not None
    assert (rest.stem, rest.part) == (Path("top"), 10_010)
    closed = tuple(f"top_{part:04d}.mkv" for part in range(9000, 10_010))
    shown = story.over(CameraStatus("top", files=closed)).files
    assert shown == closed[-64:]
