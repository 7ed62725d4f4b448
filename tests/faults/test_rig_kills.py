"""Kill, crash and halt every process of a recording with four cameras: the others lose nothing.

A case of some kinds runs with the suite, with two cameras; the campaign is `pytest -m slow`.
"""

from __future__ import annotations

import fcntl
import os
import random
import sys
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from four_cameras import CAMERAS, ORPHAN_S, TWO, VIDEO, FourCameras, inflict, watcher
from helpers import RECORDER, assert_adds_up, read_ledger, until, workers
from losses import FPS, expect_numbered, expect_restarted, expect_untouched
from stand_in_rig import runtime_folder_of_its_own

from recorder.playback.verify import verify
from recorder.rig.process import ASKED_S, PATIENCE_S
from recorder.system import PIPE_BYTES

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
    pytest.mark.timeout(400),
]
RANDOM_KILLS = 10
GONE_ON_S = 15.0
"""A gap after a kill; most of it is the start of a process, on a loaded machine."""


@pytest.fixture(autouse=True)
def _folder():
    with runtime_folder_of_its_own():
        yield


def campaign(*cases):
    """Return cases as parameters, all of them slow."""
    return [
        pytest.param(*case, id=" ".join(map(str, case)), marks=pytest.mark.slow) for case in cases
    ]


def campaign_and(*suite, cases):
    """Return cases with all cameras, which are slow, and one of the suite with two."""
    found = [pytest.param(*case.values, CAMERAS, id=case.id, marks=case.marks) for case in cases]
    return [*found, pytest.param(*suite, TWO, id=f"{' '.join(suite)} of two")]


# -- a camera's process -----------------------------------------------------------------------


@pytest.mark.slow  # in the suite: tests/integration/test_rig_faults.py
@pytest.mark.parametrize(
    ("name", "fault", "cameras"),
    campaign_and(
        *("side", "halted"),
        cases=campaign(
            *((name, fault) for name in CAMERAS for fault in ("SIGKILL", "SIGSEGV", "halted")),
            *((name, "halted 8") for name in ("top", "side")),
        ),
    ),
)
def test_a_camera_is_lost_and_comes_back(tmp_path, name, fault, cameras):
    with FourCameras(tmp_path, cameras=cameras) as recording:
        recording.record_more()
        before = recording.process_of(name).pid
        hit_ns = inflict(recording.process_of(name), fault)
        until(lambda: recording.camera(name).totals.restarts)
        recording.record_more()
        status = recording.status()
        cameras = recording.finish()

    assert status.state == "recording"
    totals = {camera.name: camera.totals for camera in status.cameras}
    mine = totals.pop(name)
    assert status.camera(name).pid not in (None, before)
    assert (mine.restarts, mine.gaps) == (1, 1)
    assert not any(other.restarts or other.gaps or other.dropped for other in totals.values())
    expect_untouched(cameras, name)
    (gap_s,) = expect_restarted(cameras[name], [hit_ns])
    is_halted = fault.startswith("halted")
    assert gap_s < GONE_ON_S
    if is_halted:
        assert gap_s > PATIENCE_S + ASKED_S
    why = "did not answer any more" if is_halted else f"killed by {fault}"
    assert any(why in error for error in cameras[name]["errors"])
    assert f"{name}: the camera's process: " in recording.stderr
    assert why in recording.stderr
    print(f"\n{name} {fault}: gap {gap_s:.2f} s, {cameras[name]['dropped']} frames lost")


@pytest.mark.parametrize(("name", "fault"), campaign(("top", "halted 1"), ("side", "halted 1")))
def test_a_camera_that_is_halted_for_a_moment_stays(tmp_path, name, fault):
    with FourCameras(tmp_path) as recording:
        recording.record_more()
        inflict(recording.process_of(name), fault)
        recording.record_more()
        cameras = recording.finish()
    expect_untouched(cameras)
    late = [row for file in cameras[name]["files"] for row in read_ledger(file) if row["note"]]
    assert "late" in {row["note"] for row in late}


@pytest.mark.slow
def test_two_cameras_at_the_same_moment(tmp_path):
    faults = {"top": "SIGKILL", "back": "SIGSEGV"}
    with FourCameras(tmp_path) as recording:
        recording.record_more()
        victims = [(recording.process_of(name), fault) for name, fault in faults.items()]
        hits_ns = [inflict(process, fault) for process, fault in victims]
        until(lambda: all(recording.camera(name).totals.restarts for name in faults))
        recording.record_more()
        cameras = recording.finish()
    expect_untouched(cameras, *faults)
    for name, hit_ns in zip(faults, hits_ns, strict=True):
        (gap_s,) = expect_restarted(cameras[name], [hit_ns])
        assert gap_s < GONE_ON_S


@pytest.mark.slow
@pytest.mark.parametrize("name", ["top", "side"])
@pytest.mark.parametrize("seed", range(8))
def test_killed_again_while_it_restarts(tmp_path, name, seed):
    """Before it has a file, or just after: whenever it was, numbers go on and gaps are told."""
    with FourCameras(tmp_path) as recording:
        recording.record_more()
        old = {recording.process_of(each).pid for each in CAMERAS}
        hit_ns = inflict(recording.process_of(name), "SIGKILL")
        (fresh,) = until(lambda: [p for p in workers(recording.rig.pid) if p.pid not in old])
        time.sleep(random.Random(seed).uniform(0, 1.2))  # the random moment itself
        inflict(fresh, "SIGKILL")
        until(lambda: recording.camera(name).totals.restarts)
        recording.record_more()
        cameras = recording.finish()
    expect_untouched(cameras, name)
    rows = assert_adds_up(cameras[name])
    expect_numbered(cameras[name])
    gap = next(row for row in rows if row["status"] == "gap")
    assert abs(hit_ns - int(gap["t_mono_ns"])) < 1e9
    counts = {key: cameras[name][key] for key in ("gaps", "restarts", "dropped")}
    print(f"\n{name}: killed again: {counts}, {len(cameras[name]['files'])} files")
    # Killed after it was armed and before it had a frame, it has begun again without a gap.
    assert 1 <= counts["gaps"] <= counts["restarts"] <= 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["top", "side"])
def test_killed_ten_times_in_a_row(tmp_path, name):
    moments = random.Random(name)
    hits_ns = []
    with FourCameras(tmp_path) as recording:
        for number in range(RANDOM_KILLS):
            recording.record_more(name, frames=1)
            time.sleep(moments.uniform(0, 1.5))  # the random moment itself
            hits_ns.append(inflict(recording.process_of(name), "SIGKILL"))
            until(lambda goal=number + 1: recording.camera(name).totals.restarts == goal)
        recording.record_more()
        cameras = recording.finish()
    expect_untouched(cameras, name)
    gaps_s = expect_restarted(cameras[name], hits_ns)
    dropped = cameras[name]["dropped"]
    print(f"\n{name}: gaps {', '.join(f'{gap:.2f}' for gap in gaps_s)} s, {dropped} frames lost")


@pytest.mark.parametrize(
    ("fault", "delay_s"),
    campaign(
        *(("SIGKILL", delay_s) for delay_s in (0.0, 0.3, 0.6, 0.9)),
        *(("halted", delay_s) for delay_s in (0.0, 4.5)),
    ),
)
def test_stopped_while_a_camera_is_away(tmp_path, fault, delay_s):
    """It has failed, and why is said in the words of the fault."""
    with FourCameras(tmp_path) as recording:
        recording.record_more()
        hit_ns = inflict(recording.process_of("top"), fault)
        time.sleep(delay_s)  # the moment itself
        cameras = recording.finish()
    expect_untouched(cameras, "top")
    camera = cameras["top"]
    if camera["restarts"]:  # it was quicker than Ctrl-C
        assert camera["reason"] == "requested"
        return
    rows = assert_adds_up(camera)
    assert (camera["reason"], camera["gaps"], len(camera["files"])) == ("camera_failed", 0, 1)
    assert abs(hit_ns - int(rows[-1]["t_mono_ns"])) < 1e9
    why = "did not answer" if fault == "halted" else f"killed by {fault}"
    assert why in camera["errors"][-1]
    assert why in recording.stderr


# -- ffmpeg -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "fault", "cameras"),
    campaign_and(
        *("top", "SIGKILL"),
        cases=campaign(*((name, fault) for name in VIDEO for fault in ("SIGKILL", "SIGSEGV"))),
    ),
)
def test_an_ffmpeg_dies(tmp_path, name, fault, cameras):
    """The camera stays; its next file begins at once."""
    with FourCameras(tmp_path, cameras=cameras) as recording:
        recording.record_more()
        before = recording.process_of(name).pid
        hit_ns = inflict(recording.encoder_of(name), fault)
        until(lambda: len(list(recording.folder.glob(f"{name}_*.mkv"))) == 2)
        recording.record_more()
        assert recording.process_of(name).pid == before
        cameras = recording.finish()
    expect_untouched(cameras, name)
    camera = cameras[name]
    rows = assert_adds_up(camera)
    assert (len(camera["files"]), camera["gaps"], camera["restarts"]) == (2, 0, 0)
    lost = [row for row in rows if row["note"] == "encoder_died"]
    assert len(lost) == camera["dropped"]
    assert all(abs(int(row["t_mono_ns"]) - hit_ns) < 1e9 for row in lost)
    first = read_ledger(camera["files"][1])[0]
    assert (int(first["t_mono_ns"]) - hit_ns) / 1e9 < 1.0
    print(f"\nffmpeg of {name} {fault}: {len(lost)} frames lost")


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["halted 1", "halted 8"])
@pytest.mark.parametrize("name", VIDEO)
def test_an_ffmpeg_that_is_halted_for_a_while_costs_nothing(tmp_path, name, fault):
    """The ring holds what it does not take."""
    with FourCameras(tmp_path) as recording:
        recording.record_more()
        inflict(recording.encoder_of(name), fault)
        recording.record_more()
        cameras = recording.finish()
    expect_untouched(cameras)


@pytest.mark.slow
@pytest.mark.parametrize("name", VIDEO)
def test_an_ffmpeg_that_is_halted_for_ever_is_given_up_at_the_end(tmp_path, name):
    """What it was given is lost; what the ring held goes into the next file."""
    with FourCameras(tmp_path) as recording:
        recording.record_more()
        hit_ns = inflict(recording.encoder_of(name), "halted")
        grabbed = recording.camera(name).totals.grabbed
        until(lambda: recording.camera(name).totals.grabbed > grabbed + 150)
        cameras = recording.finish()
    expect_untouched(cameras, name)
    camera = cameras[name]
    rows = assert_adds_up(camera)
    lost = [row for row in rows if row["status"] == "dropped"]
    assert {row["note"] for row in lost} == {"encoder_died"}
    assert len(camera["files"]) == 2
    first, second = map(read_ledger, camera["files"])
    assert lost == [row for row in first if row["status"] == "dropped"]
    assert len(lost) <= PIPE_BYTES / (camera["raw_bytes"] / camera["written"]) + FPS
    assert hit_ns - int(lost[0]["t_mono_ns"]) < 1e9
    assert rows[-1] == second[-1]
    print(f"\nffmpeg of {name} halted for ever: {len(lost)} frames lost")


# -- the rig ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "halted", "cameras"),
    campaign_and(
        *("SIGKILL", "a camera"),
        cases=campaign(
            ("SIGKILL", "nothing"),
            ("SIGSEGV", "nothing"),
            ("SIGKILL", "a camera"),
            ("SIGKILL", "an HDF5 camera"),
            ("SIGKILL", "an ffmpeg"),
            ("SIGSEGV", "both"),
        ),
    ),
)
def test_the_rig_dies(tmp_path, fault, halted, cameras):
    """Its cameras finish their files and are gone, also those that could not move."""
    with FourCameras(tmp_path, cameras=cameras) as recording:
        recording.record_more()
        recording.detach()
        victims = {"a camera": ["top"], "an HDF5 camera": ["side"], "both": ["top"]}
        stopped = [recording.process_of(name) for name in victims.get(halted, [])]
        if halted in ("an ffmpeg", "both"):
            stopped.append(recording.encoder_of("front"))
        family = recording.family()
        recording.detach()
        for process in stopped:
            process.suspend()
        killed_ns = inflict(recording.rig, fault)
        began = time.monotonic()
        recording.expect_nothing_left()
        gone_s = time.monotonic() - began
        assert len(family) >= 1 + len(cameras) + len(cameras.keys() & VIDEO)  # of each an ffmpeg
        assert gone_s <= ORPHAN_S
        # A halted ffmpeg has to be killed, which may take its camera all the time there is.
        least = "interrupted" if halted in ("an ffmpeg", "both") else "complete"
        recording.expect_finished(killed_ns, least)
    print(f"\nrig {fault}, {halted} halted: all gone after {gone_s:.2f} s")


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_the_rig_dies_while_it_starts(tmp_path, seed):
    """Whatever there is by then is closed, and nobody is left."""
    with FourCameras(tmp_path) as recording:
        until(lambda: workers(recording.rig.pid))
        recording.look_at_memory()
        time.sleep(random.Random(seed).uniform(0, 4))  # the random moment itself
        inflict(recording.rig, "SIGKILL")
        recording.expect_nothing_left()
        recording.rig.wait()
        files = [path for path in recording.folder.glob("*") if path.stat().st_size]
        assert not files or verify(recording.folder).ok
    print(f"\nrig killed while it starts: {len(files)} files")


@pytest.mark.slow
def test_the_rig_is_halted_for_ten_seconds(tmp_path):
    """Its cameras need nobody to record, and are not blamed for the silence."""
    with FourCameras(tmp_path) as recording:
        recording.record_more()
        pids = {name: recording.process_of(name).pid for name in CAMERAS}
        inflict(recording.rig, "halted 10")
        recording.record_more()
        assert {name: recording.process_of(name).pid for name in CAMERAS} == pids
        cameras = recording.finish()
    expect_untouched(cameras)
    assert all(camera["seconds"] > 10 for camera in cameras.values())


@pytest.mark.slow
def test_a_rig_that_hears_nothing_keeps_no_camera_waiting(tmp_path):
    """The pipe to it is full, as after minutes, when an ffmpeg dies: the next file begins."""
    with FourCameras(tmp_path) as recording:
        recording.record_more()
        camera, encoder = recording.process_of("top"), recording.encoder_of("top")
        narrow_pipes_between(camera, recording.rig)
        inflict(recording.rig, "halted")
        grown(recording.folder, "top_*.frames.csv", 4 * FPS)  # forty words, more than it holds
        hit_ns = inflict(encoder, "SIGKILL")
        grown(recording.folder, "top_*_0001.frames.csv", FPS)
        recording.rig.resume()
        recording.record_more()
        cameras = recording.finish()
    expect_untouched(cameras, "top")
    assert_adds_up(cameras["top"])
    assert (len(cameras["top"]["files"]), cameras["top"]["restarts"]) == (2, 0)
    first = read_ledger(cameras["top"]["files"][1])[0]
    assert (int(first["t_mono_ns"]) - hit_ns) / 1e9 < 1.0


def narrow_pipes_between(one, other):
    """Have what two processes tell each other fill four pages, where there was room for minutes."""
    shared = pipes_of(one.pid).keys() & pipes_of(other.pid).keys()
    assert shared
    for name in shared:
        fd = os.open(pipes_of(one.pid)[name], os.O_RDONLY | os.O_NONBLOCK)
        fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, 4 * 4096)
        os.close(fd)


def pipes_of(pid):
    links = {path.readlink().name: path for path in Path(f"/proc/{pid}/fd").iterdir()}
    return {name: path for name, path in links.items() if name.startswith("pipe:")}


def grown(folder, pattern, rows):
    """Wait until a ledger has so many rows more than now."""
    (path,) = until(lambda: list(folder.glob(pattern)), f"for {pattern}")
    goal = path.read_bytes().count(b"\n") + rows
    until(lambda: path.read_bytes().count(b"\n") >= goal, f"for {path}")


@pytest.mark.slow
def test_the_rig_is_halted_for_ever(tmp_path):
    """The recording goes on to its end; then the files are complete."""
    with FourCameras(tmp_path, "--duration", "6s") as recording:
        recording.record_more()
        recording.detach()
        inflict(recording.rig, "halted")
        ended_ns = time.monotonic_ns() + int(6e9)
        until(lambda: len(recording.family()) == 1, "for the cameras to end")
        inflict(recording.rig, "SIGKILL")
        recording.expect_nothing_left()
        recording.expect_finished(ended_ns - int(3e9))
    for part in recording.folder.glob("*.frames.csv"):
        assert len(read_ledger(part.with_suffix("").with_suffix(".mkv"))) == 300


# -- watchers -----------------------------------------------------------------------------------


WATCHERS = {
    "a text view": [*RECORDER, "attach", "config"],
    "a viewer": [
        sys.executable,
        str(Path(__file__).parent / "watches_frames.py"),
        "config",
    ],
}


@pytest.mark.parametrize("fault", campaign(("SIGKILL",), ("SIGSEGV",), ("halted",), ("halted 1",)))
def test_watchers_die_and_hang(tmp_path, fault):
    expect_watchers_cost_nothing(tmp_path, dict.fromkeys(WATCHERS, fault))


@pytest.mark.slow
@pytest.mark.parametrize("cameras", [TWO, CAMERAS], ids=len)
def test_one_watcher_dies_and_one_hangs(tmp_path, cameras):
    faults = dict(zip(WATCHERS, ("SIGKILL", "halted"), strict=True))
    expect_watchers_cost_nothing(tmp_path, faults, cameras)


def expect_watchers_cost_nothing(folder, faults, cameras=CAMERAS):
    with FourCameras(folder, cameras=cameras) as recording, ExitStack() as watching:
        recording.record_more()
        for what, fault in faults.items():
            child = watching.enter_context(watcher(*WATCHERS[what]))
            assert child.stdout.readline(), f"{what} sees nothing"
            before = recording.status().watchers
            inflict(child, fault)
            if fault.startswith("SIG"):
                until(lambda goal=before - 1: recording.status().watchers == goal)
        recording.record_more()
        cameras = recording.finish()  # also with watchers that hang
    expect_untouched(cameras)


# -- what it says ---------------------------------------------------------------------------------

TALKS = """
import sys
if "recorder.rig.worker" in sys.orig_argv:
    for _ in range(2048):
        sys.stderr.write("a driver has much to say: " + 1000 * "a" + "\\n")
    sys.stderr.write(2**21 * "b")
    sys.stderr.flush()
"""


@pytest.mark.slow
def test_a_driver_that_talks_without_end_blocks_nothing(tmp_path):
    """4 MB on stderr, half of it in one line: more than any pipe holds."""
    (tmp_path / "sitecustomize.py").write_text(TALKS)
    paths = [str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    cameras = {"top": CAMERAS["top"], "side": CAMERAS["side"]}
    env = {"PYTHONPATH": os.pathsep.join(paths)}
    with FourCameras(tmp_path, cameras=cameras, env=env) as recording:
        recording.record_more()
        hit_ns = inflict(recording.process_of("top"), "SIGSEGV")
        until(lambda: recording.camera("top").totals.restarts)
        recording.record_more()
        cameras = recording.finish()
    expect_untouched(cameras, "top")
    expect_restarted(cameras["top"], [hit_ns])
    assert len(recording.stderr) < 20_000  # a bounded end is kept, and a line of it is said
