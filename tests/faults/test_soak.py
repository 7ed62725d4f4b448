"""Hours of `recorder record` as a rig is run: segments, a retention, a camera that drops out twice.

``RECORDER_SOAK_S=300 pytest -m slow -s tests/faults/test_soak.py``; an hour unless told.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from soak import Accountant, Eyes, Recorder, Scale, free_port, scrape, size_of
from stand_in_rig import runtime_folder_of_its_own

from recorder import open_recording, verify
from recorder.stats import CameraStatus, RigStatus

SECONDS = float(os.environ.get("RECORDER_SOAK_S", "3600"))
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
    pytest.mark.timeout(SECONDS + 600),
]
MIB = 2**20
FPS = 60
SEGMENT_S = 30.0
KEPT = 96 * MIB
"""Of each camera: some five segments of the scene, which takes 0.6 MB a second."""
GROWTH = 3 * MIB
"""Of a process, from the second fifth to the last. It holds the names of its files, 100 bytes each;
a frame that stays at each seam would be 19 KiB, a thread that stays some 100 KiB."""
MOST_BYTES_S = 10e6
"""What no rate of such a file is; a stop at the reserve is reckoned with it, also at a seam."""
FORMATS = {"top": "video", "side": "hdf5"}
SUFFIXES = {"video": ".mkv", "hdf5": ".h5"}


def config_of(folder: Path, port: int) -> dict[str, Any]:
    """Return two cameras; side is lost after a third of the time, and hangs after two."""
    third = int(SECONDS * FPS / 3)
    faults = {"fail_at": third, "hang_at": 2 * third}
    camera = {"source": "synthetic", "size": [160, 120], "pixel_format": "gray8", "fps": FPS}
    cameras: dict[str, dict[str, Any]] = {
        name: camera | {"recording": {"format": kind}} for name, kind in FORMATS.items()
    }
    cameras["side"]["options"] = faults
    return {
        "cameras": cameras,
        "buffer": {"memory": "8MiB"},
        "recording": {
            "folder": str(folder),
            "name": "{camera}",
            "duration": f"{SECONDS:g}s",
            "segment": f"{SEGMENT_S:g}s",
            "retention": {"size": KEPT},
            "keep_free": "64MiB",
        },
        "metrics": {"port": port},
        "log": {"file": str(folder.parent / "log.jsonl")},
    }


class Books:
    """What a rig says of itself, held against what it said before, and against its metrics."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._last: dict[str, CameraStatus] = {}
        self._scraped: dict[tuple[str, str], float] = {}
        self.looks = self.scrapes = 0

    def look(self, status: RigStatus) -> None:
        """Fail if anything does not add up, or goes backwards."""
        self.looks += 1
        assert status.watchers == 1
        for camera in status.cameras:
            now = camera.totals
            assert now.grabbed == now.written + now.dropped + now.bad + now.in_flight
            assert 0 <= now.in_flight <= 8 * MIB // (160 * 120) + 2, camera  # the ring has no more
            assert 0 <= camera.disk_bytes_s < MOST_BYTES_S, camera
            before = self._last.get(camera.name)
            if before is not None:
                for name in ("grabbed", "gaps", "restarts", "bad"):
                    assert getattr(now, name) >= getattr(before.totals, name), (before, camera)
                assert camera.file_bytes >= before.file_bytes, (before, camera)
            self._last[camera.name] = camera

    def scrape(self) -> None:
        """Fail if the metrics go backwards, or are ahead of what is true."""
        found = scrape(self._port)
        self.scrapes += 1
        for key, value in found.items():
            if key[0].endswith("_total"):
                assert value >= self._scraped.get(key, 0.0), key
        for name in FORMATS:
            grabbed = found["recorder_frames_grabbed_total", name]
            assert found["recorder_frames_written_total", name] <= grabbed
            assert found["recorder_restarts_total", name] <= self._last[name].totals.restarts + 1
        self._scraped = found


def test_hours_of_recording(tmp_path: Path) -> None:
    folder, port = tmp_path / "out", free_port()
    accountant = Accountant(folder, {name: SUFFIXES[kind] for name, kind in FORMATS.items()})
    books, largest = Books(port), dict.fromkeys(FORMATS, 0)
    with (
        runtime_folder_of_its_own(),
        Recorder(tmp_path, config_of(folder, port)) as recorder,
    ):
        eyes, scale = Eyes(recorder.link), Scale(recorder.process)
        # The link ends with the rig, so the last looks are those before its time is up.
        while (status := recorder.link.status()).state in ("opening", "previewing"):
            time.sleep(0.1)
        ends_at = time.monotonic() + SECONDS - 3.0
        due = 0
        while time.monotonic() < ends_at:
            for name in FORMATS:
                eyes.look(name)
            time.sleep(0.1)  # as often as a window looks
            due += 1
            if due % 10:
                continue
            status = recorder.link.status()
            assert status.state == "recording", recorder.said
            books.look(status)
            scale.weigh(status)
            accountant.look()
            largest = {name: max(size, size_of(folder, name)) for name, size in largest.items()}
            if due % 50 == 0:
                books.scrape()
        code, told = recorder.end()
        said = recorder.said
    accountant.look()
    print(scale.figures())
    print(f"{books.looks} looks, {books.scrapes} scrapes, frames seen {dict(eyes.seen)}")
    print({name: f"{size / MIB:.1f} MiB" for name, size in largest.items()}, told["cameras"].keys())
    expect_summary(code, told, accountant, said)
    expect_what_is_left(folder, told, largest)
    expect_flat(scale)
    assert all(count > 0.5 * SECONDS for count in eyes.seen.values())
    for line in (tmp_path / "log.jsonl").read_text().splitlines():
        json.loads(line)


def expect_summary(code: int, told: dict[str, Any], accountant: Accountant, said: str) -> None:
    """Check the numbers of the whole recording against the ledgers of all its files."""
    assert (code, told["exit_code"]) == (6, 6), said
    for name, summary in told["cameras"].items():
        shown = {key: value for key, value in summary.items() if key != "files"}
        print(name, len(summary["files"]), "files", shown)
        assert summary["grabbed"] == summary["written"] + summary["dropped"] + summary["bad"]
        assert (summary["reason"], summary["bad"]) == ("duration", 0)
        accountant.expect(name, summary)
    top, side = (told["cameras"][name] for name in FORMATS)
    assert (top["restarts"], top["gaps"]) == (0, 0)
    assert (side["restarts"], side["gaps"]) == (2, 2)
    assert len(top["files"]) == -(-SECONDS // SEGMENT_S)
    assert abs(top["seconds"] - SECONDS) < 1


def expect_what_is_left(folder: Path, told: dict[str, Any], largest: dict[str, int]) -> None:
    """Check that the retention has left the newest, and that all of it is exact."""
    for name, kind in FORMATS.items():
        names = [Path(file).name for file in told["cameras"][name]["files"]]
        left = sorted(path.name for path in folder.glob(f"{name}*{SUFFIXES[kind]}"))
        assert left == sorted(names[-len(left) :])  # the newest
        gone = len(names) - len(left)
        print(name, gone, "files deleted,", len(left), "left")
        assert gone > 0 or SECONDS * 0.6e6 < 1.2 * KEPT
        # Those that are closed, the one that is open, and the one that is just to be deleted.
        assert largest[name] < KEPT + 3 * 1.3 * SEGMENT_S * 0.7e6
        with open_recording(folder / left[-1]) as whole:
            assert len(whole.parts) == len(left)
            assert whole[0].shape == whole[len(whole) - 1].shape == (120, 160)
    verdict = verify(folder)
    assert verdict.ok, verdict


def expect_flat(scale: Scale) -> None:
    """Check that no process has grown, nor holds more than before."""
    assert scale.zombies < 5
    names = [name for name, series in scale.series.items() if len(series["rss"]) >= 50]
    assert {name.split()[0] for name in names} == {"rig", *FORMATS}
    for name in names:
        early, late = scale.fifths(name, "rss")
        assert late - early < GROWTH, scale.figures()
        for key in ("descriptors", "threads"):
            early, late = scale.fifths(name, key)
            assert late <= early + 1, scale.figures()
