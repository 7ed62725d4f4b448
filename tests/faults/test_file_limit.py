"""A disk on which files can only become so large: no frame is lost where they end.

FAT ends them at 4 GiB. The limit of a process (`ulimit -f`) is one of the same kind, and small.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helpers import SLOW, assert_adds_up, camera_config, read_about, read_ledger

from recorder import open_recording, verify
from recorder.pipeline import files as files_module
from recorder.pipeline.session import Session
from recorder.pipeline.summary import TakeSummary

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a limit of a process")

MIB = 2**20
FRAME = 320 * 240
FORMATS = ("video", "hdf5")


@pytest.fixture
def limit() -> Iterator[Callable[[int], None]]:
    """Have no file of this process, and of those it starts, become larger than so many MiB."""
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    yield lambda mib: resource.setrlimit(resource.RLIMIT_FSIZE, (mib * MIB, hard))
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def record(folder: Path, frames: int, **changes: Any) -> TakeSummary:
    """Record so much noise, which no codec makes smaller; where there is no room it waits."""
    config = camera_config(
        folder,
        size=[320, 240],
        options__pattern="noise",
        buffer__memory="2MiB",
        buffer__when_full="wait",
        recording__duration=f"{frames} frames",
        **changes,
    )
    with Session(config) as session:
        session.start(record=True)
        told = session.wait(2 * SLOW)
    assert told is not None
    return told


@pytest.mark.parametrize(("fps", "mib", "count"), [("max", 20, 400), (60, 8, 150)])
@pytest.mark.parametrize("format_", FORMATS)
def test_the_next_file_begins_before_the_limit_and_no_frame_is_lost(
    tmp_path: Path,
    limit: Callable[[int], None],
    format_: str,
    fps: Any,
    mib: int,
    count: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    limit(mib)
    told = record(tmp_path, count, recording__format=format_, fps=fps)
    assert (told.reason, told.exit_code) == ("duration", 0)
    assert (told.grabbed, told.written, told.dropped) == (count, count, 0)
    assert len(told.files) > count * FRAME / (mib * MIB)
    assert max(path.stat().st_size for path in tmp_path.iterdir()) <= mib * MIB
    rows = assert_adds_up(told)
    assert [int(row["grab"]) for row in rows] == [*range(count)]
    abouts = [read_about(file) for file in told.files]
    assert [about["reason"] for about in abouts] == ["segment"] * (len(abouts) - 1) + ["duration"]
    words = f"files end at {mib} MiB (ulimit -f of this process)"
    assert {about["file_limit"] for about in abouts} == {words}
    assert words in caplog.text
    assert verify(*told.files).ok
    with open_recording(told.files[0]) as whole:
        assert (len(whole), whole.state) == (count, "complete")


@pytest.mark.parametrize("format_", FORMATS)
def test_at_a_limit_that_is_not_known_what_is_written_stays_and_the_next_file_begins(
    tmp_path: Path,
    limit: Callable[[int], None],
    format_: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is a write that fails; what had not reached the file is lost, and its rows say so.

    From then on the limit is known, and nothing more is lost.
    """
    monkeypatch.setattr(files_module, "file_limit", lambda folder: None)
    limit(8)
    count = 250  # 19 MB
    told = record(tmp_path, count, recording__format=format_, fps=60)
    assert (told.reason, told.exit_code, told.grabbed) == ("duration", 6, count)
    assert told.written + told.dropped == count
    rows = assert_adds_up(told)
    assert [int(row["grab"]) for row in rows] == [*range(count)]
    reasons = [read_about(file)["reason"] for file in told.files]
    assert reasons == ["writer_failed", *["segment"] * (len(reasons) - 2), "duration"]
    verdict = verify(*told.files)
    assert verdict.ok
    assert sum(part.exact for part in verdict.parts) == told.written
    first, *others = map(read_ledger, told.files)
    assert sum(row["status"] == "written" for row in first) * FRAME > 6 * MIB
    lost = [row["note"] for row in first if row["status"] == "dropped"]
    assert lost == ["encoder_died"] * told.dropped
    assert 0 < told.dropped < 60
    assert {row["status"] for rows in others for row in rows} == {"written"}
