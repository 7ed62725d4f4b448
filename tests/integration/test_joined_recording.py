"""`open_recording` on recordings of several files, and on those that only look like it."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers import LedCamera, camera_config, encoders, until
from recordings import frames, write

from recorder import RecorderError, open_recording, verify
from recorder.frame import FrameSpec
from recorder.pipeline.session import Session
from recorder.playback import files
from recorder.writers import naming


@pytest.fixture(scope="module")
def segments(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three parts of one recording, and all sorts of neighbours."""
    folder = tmp_path_factory.mktemp("segments")
    write(folder / "top", count=10)
    write(folder / "top_0001", count=10, first=10, lost=(12,), part=1)
    write(folder / "top_0002", count=4, first=20, part=2)
    write(folder / "top_0003", count=2, start="another day", part=3)
    write(folder / "top_0004", count=2, camera="side", part=4)
    write(folder / "top_2026", count=2, start="2026-12-24", part=0)
    write(folder / "top_2026_0001", count=3, start="2026-12-24", part=1)
    write(folder / "top-2", count=2, start="2026-12-25")
    write(folder / "tops_0001", count=2, part=1)
    return folder


@pytest.mark.parametrize(
    "name",
    ["top", "top.mkv", "top_0001", "top_0001.mkv", "top_0002.frames.csv", "top_0001.json"],
)
def test_any_file_opens_the_whole_recording(segments: Path, name: str) -> None:
    given = np.delete(frames(24), 12, axis=0)
    with open_recording(segments / name) as recording:
        names = [part.file.name for part in recording.parts]
        assert names == ["top.mkv", "top_0001.mkv", "top_0002.mkv"]
        assert len(recording) == 23
        assert np.array_equal(recording, given)
        for index in (22, 9, 10, 0, 18, 19, -23):
            assert np.array_equal(recording[index], given[index])
        assert np.array_equal(recording[5:21], given[5:21])
        assert np.array_equal(recording[::-3], given[::-3])
        assert recording.ledger["grab"].tolist() == list(range(24))
        assert recording.ledger["frame"].tolist() == [*range(12), -1, *range(12, 23)]
        assert recording.timestamps[-1] == pytest.approx(0.23)
        assert np.all(np.diff(recording.timestamps) > 0)
        assert recording.about["totals"]["written"] == 23
        assert (recording.about["file"], recording.state) == ("top.mkv", "complete")
        assert "3 files" in repr(recording)


@pytest.mark.parametrize(
    ("name", "files"),
    [
        ("top_2026", ["top_2026.mkv", "top_2026_0001.mkv"]),
        ("top_2026_0001.mkv", ["top_2026.mkv", "top_2026_0001.mkv"]),
        ("top-2", ["top-2.mkv"]),
        ("top_0003.mkv", ["top_0003.mkv"]),
        ("tops", ["tops_0001.mkv"]),
    ],
)
@pytest.mark.filterwarnings("ignore:.*is missing")
def test_strangers_are_not_joined(segments: Path, name: str, files: list[str]) -> None:
    with open_recording(segments / name) as recording:
        assert [part.file.name for part in recording.parts] == files


def test_a_folder_with_several_recordings(segments: Path) -> None:
    with pytest.raises(RecorderError, match=r"several.*top-2.mkv, top.mkv"):
        open_recording(segments)


def test_two_kinds_beside_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class OtherPart(files.VideoPart):
        def __init__(self, stem: Path) -> None:
            super().__init__(stem)
            self.video = self.file = naming.beside(stem, ".other")

    def is_other(stem: Path) -> bool:
        return naming.beside(stem, ".other").is_file()

    kind = files._Kind((".other",), is_other, OtherPart)
    monkeypatch.setattr(files, "KINDS", (*files.KINDS, kind))
    one = write(tmp_path / "top", count=3)
    shutil.copy(one, tmp_path / "top.other")  # as after a conversion: all else is the same
    later = write(tmp_path / "top_0001", count=3, first=3, part=1)
    names = [part.file.name for part in files.find_parts(tmp_path)]
    assert names == ["top.mkv", "top.other", "top_0001.mkv"]
    for path in (one, later):
        with open_recording(path) as recording:
            assert np.array_equal(recording, frames(6))
    with open_recording(tmp_path / "top.other") as recording:
        assert np.array_equal(recording, frames(3))
    for path in (tmp_path, tmp_path / "top"):
        with pytest.raises(RecorderError, match=r"several.*top.mkv, top.other"):
            open_recording(path)
    assert verify(tmp_path).ok


def test_a_segment_that_is_missing_is_missed(tmp_path: Path) -> None:
    for part in range(3):
        write(tmp_path / ("top" if not part else f"top_000{part}"), count=2, part=part)
    for path in tmp_path.glob("top_0001*"):
        path.unlink()
    with pytest.warns(UserWarning, match="part 1 is missing"), open_recording(tmp_path) as found:
        assert len(found) == 4
    for path in tmp_path.glob("top.*"):
        path.unlink()
    with pytest.warns(UserWarning, match="part 0, 1 is missing"), open_recording(tmp_path / "top"):
        pass


def test_a_segment_that_lost_its_about_file_is_named(tmp_path: Path) -> None:
    write(tmp_path / "top", count=2)
    later = write(tmp_path / "top_0001", count=2, part=1)
    later.with_suffix(".json").unlink()
    with pytest.warns(UserWarning, match="top_0001.mkv"), open_recording(tmp_path / "top") as found:
        assert len(found) == 2
    with pytest.raises(RecorderError, match=r"top_0001.json"):
        open_recording(later)


def test_a_kill_between_two_segments(tmp_path: Path) -> None:
    """The ledger of the next file was made, and nothing else."""
    path = write(tmp_path / "top", count=2)
    head = path.with_suffix(".frames.csv").read_text().splitlines(keepends=True)[0]
    (tmp_path / "top_0001.frames.csv").write_text(head)
    for name in ("top", "top.mkv", ""):
        with open_recording(tmp_path / name) as recording:
            assert len(recording) == 2


def test_segments_of_another_size_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "top", count=2)
    write(tmp_path / "top_0001", FrameSpec(32, 48, "gray8", 30.0), count=2, part=1)
    with pytest.raises(RecorderError, match=r"top_0001.mkv has frames of 32x48"):
        open_recording(tmp_path / "top")


def test_a_recording_whose_encoder_was_killed(tmp_path: Path) -> None:
    camera = LedCamera()
    with Session(camera_config(tmp_path), camera=camera) as session:
        session.start(record=True)
        until(lambda: session.status().totals.written >= 100)
        (first,) = encoders()
        until(lambda: list(tmp_path.glob("*.mkv")), "for its file")
        first.kill()
        until(lambda: [e for e in encoders() if e.pid != first.pid])
        before = session.status().totals.written
        until(lambda: session.status().totals.written >= before + 50)
        session.stop()
        summary = session.wait(60)
    assert summary is not None
    with open_recording(summary.files[1]) as recording:
        assert len(recording) == summary.written
        assert len(recording.ledger) == summary.grabbed
        assert recording.about["totals"]["dropped"] == summary.dropped
        assert "signal 9" in recording.about["error"]
        kept = recording.ledger[recording.ledger["frame"] >= 0]
        assert kept["frame"].tolist() == list(range(len(recording)))
        assert sum(1 for _ in recording) == summary.written  # each compared with its hash
