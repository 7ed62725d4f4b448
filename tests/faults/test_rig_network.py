"""A network camera that freezes, or whose server is started anew, in a recording of two cameras."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time

import psutil
import pytest
from four_cameras import CAMERAS, FourCameras
from helpers import FFMPEG, SLOW, until
from losses import expect_restarted, expect_untouched
from stand_in_rig import runtime_folder_of_its_own

from recorder.cameras.network import TIMEOUT_S
from recorder.rig.keeper import Patience

pytestmark = [
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks into /proc"),
    pytest.mark.timeout(200),
]
NOTICED_S = TIMEOUT_S + 2.0
"""The time-out, and what it takes a loaded machine to say so."""
ABSENCE_S = 2.0
START_S = 5.0
"""How long a camera's process may take to be back once it is started; mostly its imports."""


@pytest.fixture(autouse=True)
def _folder():
    with runtime_folder_of_its_own():
        yield


class NetworkCamera:
    """An ffmpeg that serves multipart JPEG to one client; started anew under the same address."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.url = f"http://127.0.0.1:{probe.getsockname()[1]}/cam"
        self.start()
        until(self._is_listening, "for the network camera")

    def start(self) -> int:
        """Start its server; return at what monotonic time, in ns."""
        command = [FFMPEG, "-v", "error", "-readrate", "1", "-readrate_initial_burst", "0.001"]
        command += ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=30", "-c:v", "mjpeg"]
        command += ["-q:v", "3", "-f", "mpjpeg", "-listen", "1", self.url]
        quiet = subprocess.DEVNULL
        self.server = psutil.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet)
        return time.monotonic_ns()

    def _is_listening(self) -> bool:
        assert self.server.poll() is None
        return any(each.status == psutil.CONN_LISTEN for each in self.server.net_connections())

    def kill(self) -> None:
        self.server.kill()  # also when it is halted
        self.server.wait(SLOW)

    def __enter__(self) -> NetworkCamera:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


@contextlib.contextmanager
def two_cameras(folder):
    """Record a network camera beside a synthetic one, until both have some frames."""
    with NetworkCamera() as camera:
        cameras = {"top": CAMERAS["top"], "net": {"source": camera.url}}
        with FourCameras(folder, cameras=cameras) as recording:
            recording.record_more()
            yield camera, recording


def await_loss(recording):
    """Wait until the rig says that the camera is gone, and that the other is not."""
    until(lambda: recording.camera("net").state == "restarting")
    assert recording.camera("top").state == "recording"
    assert "gone and looked for" in recording.camera("net").message
    return time.monotonic_ns()


def expect_gap(cameras, gone_ns, back_ns):
    """Fail unless the only loss is one gap of the right length, by the test's own clock."""
    expect_untouched(cameras, "net")
    (gap_s,) = expect_restarted(cameras["net"], [gone_ns], is_synthetic=False)
    away_s = (back_ns - gone_ns) / 1e9
    assert away_s < gap_s < away_s + Patience().longest_pause_s + START_S
    assert cameras["net"]["dropped"] == 0
    return f"away for {away_s:.2f} s, gap {gap_s:.2f} s"


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [7, 20])
def test_a_frozen_camera(tmp_path, seconds):
    with two_cameras(tmp_path) as (camera, recording):
        frozen_ns = time.monotonic_ns()
        camera.server.suspend()
        noticed_s = (await_loss(recording) - frozen_ns) / 1e9
        time.sleep(max(0.0, seconds - noticed_s))  # the fault itself
        camera.server.resume()
        camera.server.wait(SLOW)  # its client is gone
        back_ns = camera.start()
        until(lambda: recording.camera("net").totals.restarts)
        recording.record_more()
        cameras = recording.finish()
    assert TIMEOUT_S - 1 < noticed_s < NOTICED_S
    told = expect_gap(cameras, frozen_ns, back_ns)
    print(f"\nfrozen for {seconds} s: noticed after {noticed_s:.2f} s, {told}")


@pytest.mark.slow
def test_a_server_that_is_started_anew(tmp_path):
    with two_cameras(tmp_path) as (camera, recording):
        gone_ns = time.monotonic_ns()
        camera.kill()
        noticed_s = (await_loss(recording) - gone_ns) / 1e9
        time.sleep(ABSENCE_S)  # the fault itself
        back_ns = camera.start()
        until(lambda: recording.camera("net").totals.restarts)
        recording.record_more()
        cameras = recording.finish()
    assert noticed_s < NOTICED_S
    print(
        f"\nserver killed: noticed after {noticed_s:.2f} s, {expect_gap(cameras, gone_ns, back_ns)}"
    )
