"""A recording whose camera was gone twice: every reader tells the gaps, and none minds them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import flammkuchen
import numpy as np
import pytest
import xxhash
from helpers import invoke, read_about, read_ledger
from recordings import GRAY, ORIGIN, frames

from recorder import open_recording, verify
from recorder.frame import FrameStamp
from recorder.playback.convert import convert
from recorder.writers.codecs import choose
from recorder.writers.hdf5 import Hdf5Writer
from recorder.writers.hdf5 import choose as choose_filter
from recorder.writers.video import VideoWriter

GAPS_NS = (2_000_000_000, 1_234_567_890)
PERIOD_NS = 10**7
FRAMES = 12
"""In each of three files."""
FROZEN = 5


def t_ns(grab: int) -> int:
    """When a frame was grabbed: a gap lasts from one grab to the next."""
    return 10**9 + grab * PERIOD_NS + sum(GAPS_NS[: grab // FRAMES]) - grab // FRAMES * PERIOD_NS


def stamp_of(grab: int, frame: np.ndarray) -> FrameStamp:
    note = "frozen" if grab == FROZEN else ""
    digest = xxhash.xxh3_64_intdigest(frame.data)
    return FrameStamp(t_ns(grab), 10**18 + t_ns(grab), 0.5 + grab, grab, 1, digest, note)


def record(folder: Path, suffix: str) -> Path:
    """Record three files, the later ones beginning with a gap; return the first."""
    given = frames(3 * FRAMES)
    for part in range(3):
        stem = folder / ("top" if part == 0 else f"top_000{part}")
        about = ORIGIN | {"part": part}
        writer = (
            VideoWriter(stem, choose("auto", "gray8"), about)
            if suffix == ".mkv"
            else Hdf5Writer(stem, choose_filter("auto", GRAY), about)
        )
        writer.open(GRAY)
        first = part * FRAMES
        if part:
            before = stamp_of(first - 1, given[0])._replace(grab=-1, xxh3_64=None, t_camera_ms=None)
            writer.skip(before, "gap", str(GAPS_NS[part - 1]))
        for grab in range(first, first + FRAMES):
            writer.write(given[grab], stamp_of(grab, given[grab]))
        writer.close("duration")
    return folder / f"top{suffix}"


GRABS = [*range(12), -1, *range(12, 24), -1, *range(24, 36)]


@pytest.mark.parametrize("suffix", [".mkv", ".h5"])
def test_opened_as_one(tmp_path: Path, suffix: str) -> None:
    with open_recording(record(tmp_path, suffix)) as recording:
        assert np.array_equal(recording, frames(36))
        ledger = recording.ledger
        assert ledger["grab"].tolist() == GRABS
        gaps = ledger[ledger["status"] == 3]
        assert gaps["note"].tolist() == [str(gap).encode() for gap in GAPS_NS]
        assert gaps["frame"].tolist() == [-1, -1]
        assert gaps["t_mono_ns"].tolist() == [t_ns(11), t_ns(23)]
        assert ledger["note"][FROZEN] == b"frozen"
        steps = np.diff(recording.timestamps)
        assert steps[11] == pytest.approx(GAPS_NS[0] / 1e9)
        assert steps[23] == pytest.approx(GAPS_NS[1] / 1e9)
        assert np.delete(steps, [11, 23]) == pytest.approx(0.01)
        totals = {"grabbed": 36, "written": 36, "dropped": 0, "bad": 0, "gap": 2}
        assert recording.about["totals"] == totals


@pytest.mark.parametrize("suffix", [".mkv", ".h5"])
def test_verify_tells_them_and_finds_nothing_wrong(tmp_path: Path, suffix: str) -> None:
    record(tmp_path, suffix)
    parts = verify(tmp_path).parts
    assert [(part.ok, part.gaps, part.gap_seconds) for part in parts] == [
        (True, 0, 0.0),
        (True, 1, 2.0),
        (True, 1, 1.23456789),
    ]
    assert parts[0].sentence().endswith("all 12 frames are exact")
    assert parts[1].sentence().endswith("while recording: 1 gap of 2.000 s")
    result = invoke("verify", tmp_path, "--json")
    told = json.loads(result.stdout)["files"]
    assert result.returncode == 0
    assert [(file["gaps"], file["gap_seconds"]) for file in told] == [
        (0, 0),
        (1, 2),
        (1, 1.23456789),
    ]
    assert "1 gap of 1.235 s" in result.stderr


@pytest.mark.parametrize(("source", "target"), [(".mkv", ".h5"), (".h5", ".mkv")])
def test_they_come_along_when_it_is_converted(tmp_path: Path, source: str, target: str) -> None:
    first = record(tmp_path, source)
    whole = tmp_path / f"whole{target}"
    convert(first, whole)
    rows = read_ledger(whole)
    assert [int(row["grab"]) for row in rows] == GRABS
    assert [row["note"] for row in rows if row["status"] == "gap"] == [str(gap) for gap in GAPS_NS]
    assert rows[FROZEN]["note"] == "frozen"
    about = read_about(whole)
    assert about["totals"]["gap"] == 2
    assert about["measured_fps"] == pytest.approx(100)
    (part,) = verify(whole).parts
    assert (part.ok, part.gaps) == (True, 2)
    assert part.sentence().endswith("while recording: 2 gaps of 3.235 s")
    with open_recording(whole) as one, open_recording(first) as three:
        assert str(one.ledger.tolist()) == str(three.ledger.tolist())  # nan is not equal to nan
        assert np.array_equal(one.timestamps, three.timestamps)


@pytest.mark.parametrize(("name", "ledger"), [("a.npy", "a.ledger.csv"), ("a", "a/ledger.csv")])
def test_also_to_an_array_and_to_images(tmp_path: Path, name: str, ledger: str) -> None:
    convert(record(tmp_path, ".mkv"), tmp_path / name)
    with (tmp_path / ledger).open() as file:
        rows = list(csv.DictReader(file))
    assert [int(row["grab"]) for row in rows] == GRABS
    assert [row["note"] for row in rows if row["note"]] == ["frozen", *map(str, GAPS_NS)]


def test_flammkuchen_sees_them_in_the_columns(tmp_path: Path) -> None:
    record(tmp_path, ".h5")
    ledger = flammkuchen.load(str(tmp_path / "top_0001.h5"), "/ledger")
    assert (ledger["status"][0], ledger["grab"][0], ledger["frame"][0]) == (3, -1, -1)
    assert (ledger["note"][0], ledger["xxh3_64"][0]) == (b"2000000000", 0)
    assert np.isnan(ledger["t_camera_ms"][0])


def test_a_gap_that_the_totals_do_not_know_is_a_problem(tmp_path: Path) -> None:
    record(tmp_path, ".mkv")
    ledger = tmp_path / "top_0001.frames.csv"
    rows = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(rows[:1] + rows[2:]))
    (part,) = verify(tmp_path / "top_0001.mkv").parts
    assert part.problem == "the ledger has 0 gap rows, the about file 1"
