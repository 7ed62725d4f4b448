"""Whatever happens to a recording, in any order: all who count frames say the same.

The real program, steered and asked as a user would: signals, `recorder status --json`, metrics, the
hook, the summary, and the files, which are read by the accountant in `helpers`, not by our readers.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

import psutil
import pytest
from helpers import RECORDER, SLOW, assert_adds_up, encoders, invoke, until, workers
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

COUNTED = ("grabbed", "written", "dropped", "bad", "gaps")
FPS = 200
HOOK = (
    "import json, os, sys\n"
    "told = {k[9:].lower(): v for k, v in os.environ.items() if k[:9] == 'RECORDER_'}\n"
    "open(sys.argv[1], 'a').write(json.dumps(told) + '\\n')\n"
)
FAULTS = st.sampled_from([{}, {"fail_at": 30}, {"crash_at": 30}, {"freeze_at": 30}])


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Recording(RuleBasedStateMachine):
    """One run of `recorder record`, of one or two cameras."""

    @initialize(
        format_=st.sampled_from(["video", "hdf5"]),
        segment=st.sampled_from([None, "25 frames", "40 frames"]),
        faults=st.lists(FAULTS, min_size=1, max_size=2),
    )
    def begin(self, format_, segment, faults):
        self.folder = Path(tempfile.mkdtemp(prefix="recorder-net-"))
        self.heard = self.folder / "heard"
        self.port = _free_port()
        self.scraped = {}
        script = self.folder / "hook.py"
        script.write_text(HOOK)
        common = {"source": "synthetic", "size": [128, 96], "fps": FPS, "pixel_format": "gray8"}
        recording = {"folder": str(self.folder / "out"), "format": format_, "keep_free": 1}
        config = {
            "cameras": {f"cam{n}": common | {"options": each} for n, each in enumerate(faults)},
            "buffer": {"memory": "256KiB"},
            "recording": recording | ({"segment": segment} if segment else {}),
            "metrics": {"port": self.port},
            "hook": {"command": [sys.executable, "-S", str(script), str(self.heard)]},
        }
        path = self.folder / "net.yaml"
        path.write_text(json.dumps(config))
        self.format = format_
        self.env = os.environ | {"RECORDER_RUNTIME_DIR": str(self.folder / "run")}
        self.child = psutil.Popen(
            [*RECORDER, "record", str(path), "--json"],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.env,
        )
        self.names = list(config["cameras"])
        until(lambda: self.is_over() or self.has_begun(), "for the first frame")

    def is_over(self):
        return self.child.poll() is not None

    def has_begun(self):
        return any(camera["totals"]["grabbed"] for camera in self.status().values())

    def status(self):
        """Return what `recorder status --json` says of each camera; nothing if it is too early."""
        done = invoke("status", "net", "--json", env=self.env)
        return json.loads(done.stdout)["cameras"] if done.returncode == 0 else {}

    def scrape(self):
        """Return the counters that Prometheus would read, by camera and name."""
        with contextlib.suppress(OSError):
            url = f"http://127.0.0.1:{self.port}/metrics"
            with urllib.request.urlopen(url, timeout=SLOW) as answer:
                lines = answer.read().decode().splitlines()
            self.scraped = {
                line.partition(" ")[0]: float(line.rpartition(" ")[2])
                for line in lines
                if line.startswith("recorder_frames_")
            }

    @rule(frames=st.integers(1, 60))
    def grab(self, frames):
        before = self.status()
        if not before:
            return
        name = self.names[0]
        wanted = before[name]["totals"]["grabbed"] + frames

        def came():
            now = self.status()
            return self.is_over() or (now and now[name]["totals"]["grabbed"] >= wanted)

        until(came, "for frames")
        self.scrape()
        for camera in self.status().values():
            totals = camera["totals"]
            assert totals["grabbed"] >= sum(totals[each] for each in ("written", "dropped", "bad"))

    @precondition(lambda self: self.format == "video")
    @rule()
    def encoder_dies(self):
        with contextlib.suppress(psutil.Error):
            for encoder in encoders(self.child.pid)[:1]:
                encoder.kill()

    @precondition(lambda self: self.format == "video")
    @rule()
    def frames_are_dropped(self):
        with contextlib.suppress(psutil.Error, IndexError):
            encoder = encoders(self.child.pid)[0]
            encoder.suspend()
            try:
                until(lambda: self.is_over() or not encoder.is_running() or self.dropped())
            finally:
                encoder.resume()

    def dropped(self):
        return any(camera["totals"]["dropped"] for camera in self.status().values())

    @rule(which=st.integers(0, 1))
    def worker_is_killed(self, which):
        with contextlib.suppress(psutil.Error):
            for worker in workers(self.child.pid)[which : which + 1]:
                worker.kill()

    def teardown(self):
        if not hasattr(self, "child"):
            return
        try:
            if not self.is_over():
                self.child.send_signal(signal.SIGINT)
            stdout, stderr = self.child.communicate(timeout=2 * SLOW)
            assert "Traceback" not in stderr, stderr
            self.settle(json.loads(stdout))
        finally:
            if not self.is_over():
                self.child.kill()
                self.child.communicate()

    def settle(self, told):
        """Compare all accounts of the recording that is over."""
        sums = dict.fromkeys(COUNTED, 0)
        for name, camera in told["cameras"].items():
            # Ledger rows = about totals = summary = frames that decode. A process that dies before
            # its file is made, and never comes back, has no ledger: the summary says so.
            no_file = any("before it had a file" in each for each in camera.get("errors", ()))
            rows_lost = camera["dropped"] if no_file and not camera["files"] else 0
            rows = assert_adds_up(camera, rows_lost)
            assert len(rows) == camera["grabbed"] + camera["gaps"] - rows_lost
            for each in COUNTED:
                sums[each] += camera[each]
            label = f'{{camera="{name}"}}'
            for each in ("grabbed", "written"):
                seen = self.scraped.get(f"recorder_frames_{each}_total{label}", 0)
                assert seen <= camera["grabbed"]
        assert sums["grabbed"] == sums["written"] + sums["dropped"] + sums["bad"]
        *_, last = map(json.loads, self.heard.read_text().splitlines())
        assert last["event"] == "end"
        assert {each: int(last[each]) for each in COUNTED} == sums
        assert int(last["exit_code"]) == told["exit_code"]
        lost = any(sums[each] for each in ("dropped", "bad", "gaps"))
        assert told["exit_code"] != 0 if lost else told["exit_code"] in (0, 3, 6)


QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


def _settings(examples, steps, **more):
    return settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=QUIET,
        # What fails does so with processes and time: shrinking would only fail in other ways.
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
        **more,
    )


@pytest.mark.timeout(600)
def test_in_a_few_orders():
    run_state_machine_as_test(Recording, settings=_settings(2, 5, derandomize=True))


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_in_any_order():
    run_state_machine_as_test(Recording, settings=_settings(60, 8))
