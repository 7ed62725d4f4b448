"""Numbers as people read them."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from recorder import readout
from recorder.cli.table import table
from recorder.stats import CameraStatus, RigStatus, Totals

RUNNING = CameraStatus(
    "top",
    state="recording",
    totals=Totals(grabbed=600, written=598),
    elapsed_s=10.2,
    duration="1min",
    fps_in=59.94,
    fps_written=60.06,
    buffer_fill=0.035,
    headroom=0.42,
    raw_bytes_s=55.3e6,
    disk_bytes_s=26.7e6,
    ratio_now=2.071,
    ratio=2.2,
    disk_free_bytes=123_456_789_012,
    time_left_s=4000,
)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "00:00:00"), (59.99, "00:00:59"), (754, "00:12:34"), (360_000, "100:00:00")],
)
def test_timer_shows_only_seconds_that_are_over(seconds, shown):
    assert readout.timer(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0:00:00"),
        (59.4, "0:00:59"),
        (60, "0:01:00"),
        (3599.4, "0:59:59"),
        (3600, "1:00:00"),
        (360_000, "100:00:00"),
    ],
)
def test_clock(seconds, shown):
    assert readout.clock(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0, "0 s"),
        (48.2, "48 s"),
        (99, "99 s"),
        (100, "2 min"),
        (720, "12 min"),
        (5940, "99 min"),
        (6000, "1 h 40 min"),
        (9660, "2 h 41 min"),
        (47 * 3600 + 3599, "47 h 59 min"),
        (48 * 3600, "2 days"),
        (259_200, "3 days"),
    ],
)
def test_span(seconds, shown):
    assert readout.span(seconds) == shown


@pytest.mark.parametrize(
    ("nbytes", "shown"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (999_400, "999 kB"),
        (999_999, "1 MB"),
        (267_000_000, "267 MB"),
        (999_600_000, "1 GB"),
        (1_234_000_000, "1.23 GB"),
        (5e12, "5 TB"),
        (2.5e15, "2.5 PB"),
    ],
)
def test_size(nbytes, shown):
    assert readout.size(nbytes) == shown


def test_no_size_of_a_disk_is_written_with_an_exponent():
    for power in range(17):
        for digits in (1, 1.5, 9.994, 9.995, 9.996, 9.9999):
            assert "e" not in readout.size(digits * 10**power).removesuffix("bytes")


@pytest.mark.parametrize(("value", "shown"), [(None, "–"), (2.071, "2.07 : 1"), (0.5, "0.50 : 1")])
def test_ratio(value, shown):
    assert readout.ratio(value) == shown


@pytest.mark.parametrize(
    ("totals", "shown"),
    [
        (Totals(), "0 lost"),
        (Totals(grabbed=9, written=3), "0 lost"),  # in flight is not lost
        (Totals(dropped=3), "3 dropped"),
        (Totals(dropped=3, bad=2, gaps=1), "3 dropped, 2 bad, 1 gap"),
    ],
)
def test_lost(totals, shown):
    assert readout.lost(CameraStatus("top", totals=totals)) == shown


def test_line_of_a_recording():
    assert readout.line(RUNNING) == (
        "top recording 0:00:10 of 1min · in 59.9 fps · out 60.1 fps · 0 lost · buffer 4 % · "
        "encoder 42 % free · 55 → 27 MB/s · ratio now 2.07 : 1, overall 2.20 : 1 · "
        "123 GB free, 67 min left"
    )


def test_line_before_anything_is_known():
    assert readout.line(CameraStatus("top")) == (
        "top opening 0:00:00 · in 0.0 fps · out 0.0 fps · 0 lost · buffer 0 % · "
        "encoder 100 % free · 0 → 0 MB/s · ratio now –, overall –"
    )


def test_a_camera_that_was_late_is_said():
    assert readout.parts(CameraStatus("top", late=3))[-1] == "camera late 3 times"


def test_a_disk_without_a_rate_has_no_time_left():
    assert readout.disk(CameraStatus("top", disk_free_bytes=10**9)) == "1 GB free"
    assert readout.disk(CameraStatus("top", disk_free_bytes=0, time_left_s=0)) == (
        "0 bytes free, 0 s left"
    )


LOSING = CameraStatus(
    "side",
    state="recording",
    totals=Totals(grabbed=9, written=6, dropped=3, restarts=2),
    warning="the picture has been the same for 3 s",
)
RIG = RigStatus("demo", 123, "recording", (RUNNING, LOSING), watchers=2)


def test_what_is_not_right_is_said_in_words():
    assert readout.troubles(RUNNING) == []
    assert readout.troubles(LOSING) == [
        "restarted 2 times",
        "the picture has been the same for 3 s",
    ]
    assert readout.line(LOSING).endswith(" · ".join(["", *readout.troubles(LOSING)]))
    assert readout.troubles(CameraStatus("top", message="unplugged")) == ["unplugged"]


@pytest.mark.parametrize(
    ("totals", "has_lost"),
    [
        (Totals(grabbed=5, written=3), False),  # in flight
        (Totals(restarts=1), False),
        (Totals(dropped=1), True),
        (Totals(bad=1), True),
        (Totals(gaps=1), True),
    ],
)
def test_whether_frames_are_lost(totals, has_lost):
    assert readout.has_lost(CameraStatus("top", totals=totals)) is has_lost


def test_a_rig_has_a_line_for_each_camera():
    assert readout.lines(RIG) == [readout.line(RUNNING), readout.line(LOSING)]


def test_the_title_of_a_rig():
    assert readout.title(RIG) == "demo recording · process 123 · watched by 2"
    alone = RigStatus("demo", 123, "previewing", ())
    assert readout.title(alone) == "demo previewing · process 123 · nobody watches"


def test_a_rig_in_one_line():
    assert readout.brief(RIG) == (
        "demo recording: top recording 0:00:10 of 1min, in 59.9 fps, out 60.1 fps, 0 lost; "
        "side recording 0:00:00, in 0.0 fps, out 0.0 fps, 3 dropped, restarted 2 times, "
        "the picture has been the same for 3 s"
    )


def test_a_row_of_a_table_has_a_cell_for_each_column():
    row = dict(zip(readout.COLUMNS, readout.cells(RUNNING), strict=True))
    assert row == {
        "camera": "top",
        "state": "recording",
        "time": "0:00:10 / 1min",
        "in fps": "59.9",
        "out fps": "60.1",
        "lost frames": "0 lost",
        "buffer %": "4",
        "encoder % free": "42",
        "MB/s": "55 → 27",
        "ratio": "2.20 : 1",
        "disk lasts": "67 min",
    }
    assert readout.cells(CameraStatus("top"))[-1] == "–"


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({}, "top: 7 of 9 frames, 2 dropped"),
        ({"reason": "requested"}, "top: 7 of 9 frames, 2 dropped; ended by requested"),
        (
            {"reason": "camera_failed", "message": "unplugged"},
            "top: 7 of 9 frames, 2 dropped; ended by camera_failed; unplugged",
        ),
    ],
)
def test_how_a_camera_stands(changes, shown):
    totals = Totals(grabbed=9, written=7, dropped=2)
    assert readout.standing(CameraStatus("top", totals=totals, **changes)) == shown


# -- the table of several cameras -----------------------------------------------------------------


def _rig(*names):
    cameras = tuple(replace(RUNNING, name=name) for name in names)
    return RigStatus("demo", 123, "recording", cameras)


def _printed(status, width):
    console = Console(width=width, file=io.StringIO())
    console.print(table(status, width))
    return console.file.getvalue()


def test_a_table_has_a_row_for_each_camera_and_one_for_all():
    lines = _printed(_rig("top", "side"), 140).splitlines()
    assert [line.split()[0] for line in lines[3:6]] == ["top", "side", "all"]
    assert "59.9" in lines[3]
    assert "119.9" in lines[5]


def test_one_camera_needs_no_sum():
    assert "all" not in _printed(_rig("top"), 140).split()


@pytest.mark.parametrize("width", [60, 80, 100, 140])
def test_names_are_cut_and_numbers_are_not(width):
    status = _rig("the_camera_above_the_arena_with_a_long_name", "side")
    printed = _printed(status, width)
    assert max(map(len, printed.splitlines()[3:6])) <= width
    assert printed.count(readout.lost(RUNNING)) == 3
    numbers = {cell for camera in status.cameras for cell in readout.cells(camera)[1:]}
    numbers |= set(readout.total_cells(status))
    row = printed.splitlines()[4]
    for piece in re.split(r" {2,}", row.strip())[1:]:
        assert piece in numbers


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ((), ()),
        (("out/a.mkv",), ("out/a.mkv",)),
        (
            ("out/a_20261129_094201.mkv", "out/a_20261129_094201_0001.mkv"),
            ("2 files in out, now …_0001.mkv",),
        ),
        (("out/a_0099.h5", "out/a_0100.h5"), ("101 files in out, now …_0100.h5",)),
        (("out/a.mkv", "out/b.mkv"), ("2 files, now out/b.mkv",)),
    ],
)
def test_many_files_are_told_by_their_number(names, said):
    assert readout.files(names) == said
