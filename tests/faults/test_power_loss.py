"""The power goes while a virtual machine records to a disk with a cache: at most a second is lost.

Slow, and only where there is a machine to start; how to make one is in tests/README.md, "For
developers". RECORDER_TEST_POWER_CUTS is how often the power goes in each format.
"""

import filecmp
import json
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers import invoke, until
from virtual_machine import VirtualMachine, why_not
from volatile_disk import VolatileDisk

import recorder
from recorder import open_recording
from recorder.playback.files import find_parts
from recorder.playback.verify import verify

HOME = os.environ.get("RECORDER_TEST_VM")
WHY_NOT = why_not(HOME)
CUTS = int(os.environ.get("RECORDER_TEST_POWER_CUTS", "2"))
DISK_BYTES = 2 << 30
FPS = 25
SEGMENT_S = 4
SEGMENTS = 3
"""The power goes in the last of them, or at its seams: by then two have been closed for long."""
MOST_LOST_S = 1.0
BOOT_S = 600.0
"""Longest wait for a machine that is not the fastest: until it records, or is done."""
MOST_WRITES = 20
"""The disk dies in the middle of a sync, which is the worst moment: after up to so many writes."""
SHARES = (0.5, 0.0, 1.0, 0.1)
"""How much of what it was not told to flush the disk has written nevertheless: one cut each."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(0),
    pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT)),
]

COMMAND = """
set -e
mkdir -p /data; mount /dev/vdb /data
mkdir /out/found; cp -r /data/. /out/found
"""
RECORD = "python /project/records_until_power_goes.py /out/config.yaml /data/{cut} /out/beats"


def test_little_is_lost_with_the_power(tmp_path, format_):
    project = copy_of_the_project(tmp_path / "project")
    image = new_image(tmp_path)
    moments = random.Random(f"{format_} {os.environ.get('RECORDER_TEST_SEED', '')}")
    ends_ns = []
    for cut in range(CUTS + 1):
        folder = tmp_path / str(cut)
        with (
            VolatileDisk(image, tmp_path / "disk") as disk,
            machine(folder, project, disk, cut, format_) as computer,
        ):
            if cut == CUTS:
                assert computer.wait(BOOT_S) == 0, computer.said()
                break
            await_moment(computer, some_delay(cut, moments))
            disk.die_after(moments.randrange(MOST_WRITES))
            until(disk.died.is_set, "for the disk", BOOT_S)
            computer.lose_power()
            ends_ns.append(beats(computer.out)[-1][0])
            share = SHARES[cut % len(SHARES)]
            pages = disk.lose_power(lambda page, share=share: moments.random() < share)
            print(f"\n{format_}, cut {cut}: (forgotten, written) pages {pages}")
    # The disk was used on after each loss, so these are the files of all of them.
    for cut, end_ns in enumerate(ends_ns):
        expect_survived(tmp_path / str(CUTS) / "out" / "found" / str(cut), end_ns)
        expect_same(
            tmp_path / str(cut + 1) / "out" / "found" / str(cut),
            tmp_path / str(CUTS) / "out" / "found",
        )


@pytest.fixture(params=["video", "hdf5"])
def format_(request):
    return request.param


def some_delay(cut, moments):
    """Choose a moment after the beginning of a file: in turn any, and when the next one begins."""
    return moments.uniform(0, SEGMENT_S) if cut % 2 else SEGMENT_S + moments.uniform(-0.2, 0.8)


def copy_of_the_project(folder):
    """Copy what the machine runs; others may change the original meanwhile."""
    package = Path(recorder.__file__).parent
    shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(Path(__file__).with_name("records_until_power_goes.py"), folder)
    return folder


def new_image(folder):
    image = folder / "disk.img"
    image.touch()
    os.truncate(image, DISK_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0", str(image)], check=True)
    return image


def machine(folder, project, disk, cut, format_):
    """Start a machine that gives out what its disk has, and then records there next."""
    out = folder / "out"
    out.mkdir(parents=True)
    camera = {"source": "synthetic", "size": [320, 240], "fps": FPS, "pixel_format": "gray8"}
    recording = {"format": format_, "segment": f"{SEGMENT_S}s", "keep_free": 1}
    config = {"cameras": {"top": camera}, "recording": recording, "buffer": {"memory": "32MiB"}}
    (out / "config.yaml").write_text(json.dumps(config))
    then = RECORD.format(cut=cut) if cut < CUTS else "umount /data"
    return VirtualMachine(Path(HOME), project, out, disk.url, COMMAND + then)


def await_moment(computer, delay_s):
    """Wait so long, by the machine's own clock, after the last segment has begun."""

    def begun():
        computer.require_alive()
        return next((now_ns for now_ns, files in beats(computer.out) if files >= SEGMENTS), None)

    begun_ns = until(begun, "for segments", BOOT_S)
    until(lambda: beats(computer.out)[-1][0] >= begun_ns + delay_s * 1e9, "for the moment")


def beats(out):
    """Return what the machine's clock has said, and how many files there were."""
    path = out / "beats"
    lines = path.read_text().split("\n")[:-1] if path.exists() else []
    return [tuple(map(int, line.split())) for line in lines]


def expect_survived(folder, end_ns):
    """Check all files of a recording during which the power went at a moment."""
    parts = find_parts(folder)
    assert len(parts) >= SEGMENTS
    for found in verify(folder).parts:
        print(f"{found.state}: {found.exact} of {found.expected} exact, {found.wrong} wrong")
    assert all(part.state == "complete" for part in parts[: SEGMENTS - 1])
    told = invoke("verify", folder, "--json")
    assert told.returncode == 0, told.stdout + told.stderr
    with open_recording(folder) as recording:
        assert sum(1 for _ in recording) == len(recording)  # each is compared with its hash
        rows = recording.ledger
    lost_s = expect_little_lost(rows, end_ns)
    expect_forgotten(folder / "unsynced", end_ns)
    print(f"{folder.name}: {lost_s * 1e3:.0f} ms lost")


def expect_little_lost(rows, end_ns):
    """Return for how long frames are missing, at the end and before."""
    there = rows[rows["frame"] >= 0]
    told = rows[(rows["frame"] < 0) & (rows["status"] != 0)]
    last = int(there["grab"].max())
    holes = last + 1 - len(there) - int((told["grab"] < last).sum())
    tail_s = (end_ns - int(there["t_mono_ns"].max())) / 1e9
    print(f"{len(there)} frames, {len(told)} told, {holes} missing, then {tail_s:.3f} s")
    assert holes / FPS + tail_s <= MOST_LOST_S
    return holes / FPS + tail_s


def expect_forgotten(folder, end_ns):
    """Check that the power did go: of what nobody brought to the disk, not all is there."""
    recent = [path for path in folder.iterdir() if end_ns - int(path.name) < 5e9]
    assert sum(path.stat().st_size > 0 for path in recent) < 4  # of five, one each second


def expect_same(one, other):
    compared = filecmp.dircmp(one, other / one.name)
    assert not compared.left_only + compared.right_only + compared.diff_files
