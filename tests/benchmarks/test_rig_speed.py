"""What a rig of several cameras costs, and what it sustains."""

import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from test_record_speed import CONFIG, HD, record

from recorder.config import parse_config
from recorder.rig.rig import Rig

pytestmark = [pytest.mark.benchmark, pytest.mark.timeout(1200)]

ROUNDS = int(os.environ.get("RECORDER_BENCH_ROUNDS", "3"))
SECONDS = float(os.environ.get("RECORDER_BENCH_SECONDS", "10"))
LONG_S = float(os.environ.get("RECORDER_BENCH_LONG_S", "60"))
FLAT_S = float(os.environ.get("RECORDER_BENCH_FLAT_S", "120"))

FOUR = """
cameras:
  a: &camera {{source: synthetic, size: [1280, 720], fps: 60, pixel_format: gray8}}
  b: *camera
  c: *camera
  d: *camera
buffer: {{memory: 128MiB}}
recording: {{folder: "{folder}", duration: {seconds}s, keep_free: 1MiB}}
"""

WATCHER = """
import time
from recorder.rig.link import connect

with connect("bench") as link:
    names = [camera.name for camera in link.status().cameras]
    frames = dict.fromkeys(names)
    seen, rounds, due = 0, 0, time.monotonic()
    while rounds % 8 or link.status().state != "ended":
        rounds += 1
        for name in names:
            look = link.latest_frame(name, frames[name])
            if look is not None:
                frames[name] = look.frame
                seen += 1
        due += 1 / 30
        time.sleep(max(0, due - time.monotonic()))
        print(seen, flush=True)
"""


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    monkeypatch.setenv("RECORDER_RUNTIME_DIR", str(tmp_path))


def empty(folder):
    for file in folder.iterdir():
        file.unlink()


def cpu_s(process):
    times = process.cpu_times()
    return times.user + times.system


def four_cameras(folder, watched):
    """Record with four cameras; return (summary, seconds of CPU of rig and cameras, looks)."""
    config = parse_config(FOUR.format(folder=folder, seconds=LONG_S), "bench.yaml")
    looks = 0
    with Rig(config, "bench") as rig:
        us = psutil.Process()
        before = cpu_s(us)
        rig.start(record=True)
        watcher = None
        if watched:
            command = [sys.executable, "-c", WATCHER]
            watcher = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        cameras = [psutil.Process(camera.pid) for camera in _with_pids(rig).cameras]
        spent = 0.0
        while not rig.wait_briefly(0.5):
            try:
                spent = sum(map(cpu_s, cameras))
            except psutil.Error:
                break  # the first of them is done
        summary = rig.wait()
        if watcher is not None:
            lines, _ = watcher.communicate(timeout=30)
            looks = int(lines.split()[-1])
        rig_s = cpu_s(us) - before
    empty(folder)
    return summary, rig_s, spent, looks


def _with_pids(rig):
    while any(camera.pid is None for camera in rig.status().cameras):
        time.sleep(0.05)  # they tell it ten times a second
    return rig.status()


def test_a_four_cameras_and_a_watcher(ram, say):
    costs = {}
    for watched in (False, True, False, True):
        summary, rig_s, cameras_s, looks = four_cameras(ram, watched)
        assert summary.exit_code in (0, 6), summary
        told = summary.cameras.values()
        dropped, grabbed = sum(c.dropped for c in told), sum(c.grabbed for c in told)
        costs.setdefault(watched, []).append((rig_s, rig_s + cameras_s))
        say(
            f"{'watched' if watched else 'alone'}: {grabbed} grabbed, {dropped} dropped; "
            f"rig {rig_s:.2f} s of CPU, with its cameras' {rig_s + cameras_s:.1f} s; "
            f"{looks / LONG_S / 4:.0f} looks a second at each"
        )
    for which, name in ((0, "the rig's process"), (1, "rig and cameras")):
        pair = [statistics.mean(cost[which] for cost in costs[w]) for w in (False, True)]
        say(f"(a) CPU of {name} with a watcher : without = {pair[1] / pair[0]:.2f} (at most 1.10)")


def test_b_start_of_four_cameras(ram, say):
    config = parse_config(FOUR.format(folder=ram, seconds=1), "bench.yaml")
    took = []
    for _ in range(2 * ROUNDS):
        began_ns = time.monotonic_ns()
        with Rig(config, "bench") as rig:
            rig.start(record=True)
            summary = rig.wait()
        first = [_first_ns(camera.files[0]) for camera in summary.cameras.values()]
        took.append((max(first) - began_ns) / 1e9)
        say(f"{took[-1]:.2f} s to the first frames; {(max(first) - min(first)) / 1e6:.1f} ms apart")
        empty(ram)
    say(f"(b) four cameras, from nothing to frames: {statistics.median(took):.2f} s (at most 3)")


def _first_ns(file):
    ledger = Path(file.removesuffix(".mkv") + ".frames.csv")
    return int(ledger.read_text().splitlines()[1].split(",")[3])


def through_rig(folder):
    text = CONFIG.format(spec=HD, folder=folder, seconds=SECONDS)
    with Rig(parse_config(text, "bench.yaml"), "bench") as rig:
        rig.start(record=True)
        summary = rig.wait()
    assert summary.exit_code == 0, summary
    empty(folder)
    return summary.cameras["top"].fps


def test_c_one_camera_through_the_rig(ram, say):
    ratios = []
    for number in range(2 * ROUNDS):  # in turn first and second
        if number % 2:
            bare, rig = record(HD, ram)[0], through_rig(ram)
        else:
            rig, bare = through_rig(ram), record(HD, ram)[0]
        ratios.append(rig / bare)
        say(f"rig {rig:.0f} fps, bare session {bare:.0f} fps: {ratios[-1]:.3f}")
    say(f"(c) 1080p gray8, rig : bare session = {statistics.median(ratios):.3f} (at least 0.95)")


class MemoryLog(threading.Thread):
    """Notes ten times a second how much memory a process and its children have, in MB."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.process = psutil.Process(pid)
        self.samples = []
        self.done = threading.Event()

    def run(self):
        while not self.done.wait(0.1):
            try:
                family = [self.process, *self.process.children(recursive=True)]
                total = sum(each.memory_full_info().pss for each in family)
            except psutil.Error:
                continue
            self.samples.append((time.monotonic(), total / 1e6))


def test_d_memory_is_flat(ram, say):
    text = CONFIG.format(spec=HD, folder="/dev/null", seconds=FLAT_S)
    text = text.replace('folder: "/dev/null"', f'folder: "{ram}"')
    path = ram / "bench.yaml"
    path.write_text(text)
    command = [sys.executable, "-m", "recorder", "record", str(path)]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    log = MemoryLog(child.pid)
    log.start()
    assert child.wait() == 0
    log.done.set()
    log.join()
    begun = log.samples[0][0] + FLAT_S * 0.1  # it has opened everything by then
    steady = [mb for t, mb in log.samples if begun < t < log.samples[-1][0] - 3]
    third = len(steady) // 3
    first, last = statistics.mean(steady[:third]), statistics.mean(steady[-third:])
    say(
        f"(d) {FLAT_S:.0f} s at full rate, rig, camera and ffmpeg together: {first:.0f} MB in the "
        f"first third, {last:.0f} MB in the last, at most {max(steady):.0f} MB"
    )
