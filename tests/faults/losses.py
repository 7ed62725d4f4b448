"""What must be true of a camera's files and summary after a fault."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from helpers import assert_adds_up, decode, read_about, read_ledger

FPS = 50
"""Of the synthetic cameras."""
LOST_S = 1.0
"""Of this time at most a crash may cost the frames."""


def code_of(cameras: Collection[dict[str, Any]]) -> int:
    """Return the exit code that says what happened to cameras whose writers are well."""
    if any(camera["reason"] == "camera_failed" for camera in cameras):
        return 3
    return 6 if any(map(has_lost, cameras)) else 0


def has_lost(camera: dict[str, Any]) -> bool:
    return any(camera[name] for name in ("dropped", "bad", "gaps", "restarts"))


def expect_untouched(cameras: dict[str, dict[str, Any]], *but: str) -> None:
    """Fail unless all cameras, but those that are named, have lost nothing."""
    for name, camera in cameras.items():
        if name not in but:
            assert_adds_up(camera)
            assert not has_lost(camera), (name, camera)
            assert len(camera["files"]) == 1


def expect_restarted(
    camera: dict[str, Any], hit_ns: Iterable[int], is_synthetic: bool = True
) -> list[float]:
    """Fail unless a camera went on after each fault, with the loss that a crash may cost.

    Parameters
    ----------
    camera
        Its part of the summary.
    hit_ns
        Monotonic times of the faults.
    is_synthetic
        Whether its frames carry their numbers.

    Returns
    -------
    list
        How long each gap was, in s.
    """
    hits = list(hit_ns)
    rows = assert_adds_up(camera)
    assert camera["restarts"] == camera["gaps"] == len(hits)
    assert len(camera["files"]) == len(hits) + 1
    gaps = [at for at, row in enumerate(rows) if row["status"] == "gap"]
    for at, hit in zip(gaps, hits, strict=True):
        before, after = rows[at - 1], rows[at + 1]
        assert int(rows[at]["note"]) == int(after["t_mono_ns"]) - int(before["t_mono_ns"])
        # Up to the fault frames came, and none comes out of a process that is dead or halted.
        assert abs(hit - int(before["t_mono_ns"])) < LOST_S * 1e9
        assert int(after["t_mono_ns"]) > hit
    crashed = [int(row["t_mono_ns"]) for row in rows if row["note"] == "crashed"]
    assert len(crashed) == camera["dropped"]
    assert all(min(abs(hit - lost) for hit in hits) < LOST_S * 1e9 for lost in crashed)
    if is_synthetic:
        expect_numbered(camera)
    return [int(rows[at]["note"]) / 1e9 for at in gaps]


def expect_numbered(camera: dict[str, Any]) -> None:
    """Fail unless the number that the synthetic camera puts into each frame is its row's."""
    for file in camera["files"]:
        rows = [row for row in read_ledger(file) if row["status"] == "written"]
        frames = decode(file, read_about(file))
        assert [int.from_bytes(frame[:8], "little") for frame in frames] == [
            int(row["grab"]) for row in rows
        ]
