"""What systemd is told, over real sockets; time is passed in."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recorder.rig.events import Event
from recorder.stats import CameraStatus, RigStatus, Totals
from recorder.unattended.notify import GRACE_S, STATUS_S, Channel, Notifier, Pulse, make_notifier

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="systemd is Linux")
WATCHDOG_S = 30.0


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Systemd:
    """A socket like systemd's, and what came in."""

    def __init__(self, address: str | Path) -> None:
        self.address = str(address)
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setblocking(False)
        self.socket.bind(self.address.replace("@", "\0", 1))

    def heard(self) -> list[str]:
        """Return the lines that came since the last time."""
        lines: list[str] = []
        while True:
            try:
                lines += self.socket.recv(65536).decode().splitlines()
            except BlockingIOError:
                return lines


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[Systemd]:
    found = Systemd(tmp_path / "notify")
    yield found
    found.socket.close()


def camera(name: str = "top", state: str = "recording", **totals: int) -> CameraStatus:
    return CameraStatus(name, state, totals=Totals(**totals))


def rig(*cameras: CameraStatus, state: str = "recording") -> RigStatus:
    return RigStatus("demo", 1, state, cameras)


# -- the protocol -------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["recording", "waiting"])
def test_ready_once_and_not_before(systemd: Systemd, state: str) -> None:
    notifier = Notifier(Channel(systemd.address))
    notifier.look(rig(camera(state="opening"), state="opening"))
    assert "READY=1" not in systemd.heard()
    notifier.look(rig(camera(), state=state))
    assert systemd.heard()[0] == "READY=1"
    notifier.look(rig(camera(), state=state))
    notifier.hear(Event("start"))
    notifier.close()
    assert systemd.heard() == ["STOPPING=1"]


def test_a_recording_that_nobody_saw_was_ready_too(systemd: Systemd) -> None:
    notifier = Notifier(Channel(systemd.address))
    notifier.hear(Event("segment", "top"))
    notifier.hear(Event("start"))
    notifier.look(rig(camera(), state="ended"))
    heard = systemd.heard()
    assert heard[0] == "READY=1"
    assert heard.count("READY=1") == 1
    notifier.close()


def test_words_when_the_state_changes_and_from_time_to_time(systemd: Systemd) -> None:
    clock = Clock()
    notifier = Notifier(Channel(systemd.address), clock=clock)
    told = replace(camera(dropped=3, grabbed=3), message="two\nlines")
    notifier.look(rig(told))
    words = "top recording 0:00:00, in 0.0 fps, out 0.0 fps, 3 dropped, two lines"
    assert systemd.heard()[1:] == [f"STATUS=demo recording: {words}"]
    notifier.look(rig(camera()))
    assert systemd.heard() == []
    clock.now += STATUS_S
    notifier.look(rig(camera()))
    assert systemd.heard()[0].startswith("STATUS=demo recording: top")
    notifier.look(rig(state="waiting"))
    assert systemd.heard()[0].startswith("STATUS=demo waiting")
    notifier.close()


def test_an_abstract_socket() -> None:
    systemd = Systemd(f"@recorder-{uuid.uuid4()}")
    notifier = make_notifier({"NOTIFY_SOCKET": systemd.address})
    assert notifier is not None
    notifier.close()
    assert systemd.heard() == ["STOPPING=1"]
    systemd.socket.close()


def test_a_systemd_that_does_not_listen_holds_up_nothing(systemd: Systemd) -> None:
    notifier = Notifier(Channel(systemd.address), Pulse(WATCHDOG_S))
    for number in range(5000):  # far more than the socket takes
        notifier.look(rig(camera(grabbed=number, written=number)))
    systemd.socket.close()
    Path(systemd.address).unlink()
    notifier.look(rig(camera()))
    notifier.close()


def test_ready_is_told_until_it_is_taken(systemd: Systemd) -> None:
    channel = Channel(systemd.address)
    while channel.send("STATUS=full"):
        pass
    notifier = Notifier(channel)
    notifier.look(rig(camera()))
    notifier.hear(Event("start"))
    assert "READY=1" not in systemd.heard()
    notifier.look(rig(camera()))
    notifier.look(rig(camera()))
    assert systemd.heard() == ["READY=1"]
    notifier.close()


# -- the environment ----------------------------------------------------------------------------


def test_the_variables_reach_no_child(systemd: Systemd) -> None:
    environ = {"NOTIFY_SOCKET": systemd.address, "WATCHDOG_USEC": "30000000", "HOME": "/"}
    environ["WATCHDOG_PID"] = str(os.getpid())
    notifier = make_notifier(environ)
    assert environ == {"HOME": "/"}
    assert notifier is not None
    notifier.look(rig(state="waiting"))
    assert "WATCHDOG=1" in systemd.heard()
    notifier.close()


@pytest.mark.parametrize(
    "watchdog",
    [{}, {"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}],
)
def test_without_a_watchdog_of_ours_there_is_no_ping(
    systemd: Systemd, watchdog: dict[str, str]
) -> None:
    notifier = make_notifier({"NOTIFY_SOCKET": systemd.address, **watchdog})
    assert notifier is not None
    notifier.look(rig(state="waiting"))
    heard = systemd.heard()
    assert "READY=1" in heard
    assert "WATCHDOG=1" not in heard
    notifier.close()


@pytest.mark.parametrize("address", [None, "", "vsock:2:1234", "relative"])
def test_outside_of_systemd_there_is_nothing_to_tell(address: str | None) -> None:
    environ = {} if address is None else {"NOTIFY_SOCKET": address}
    assert make_notifier(environ) is None
    assert environ == {}


# -- when there is life -------------------------------------------------------------------------


class Watch:
    """A pulse, seen once a second."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.pulse = Pulse(WATCHDOG_S, self.clock)

    def beats(self, *cameras: CameraStatus, state: str = "recording", after_s: float = 1.0) -> Any:
        self.clock.now += after_s
        return self.pulse.beats(rig(*cameras, state=state))


def test_frames_that_are_written_are_life() -> None:
    watch = Watch()
    assert all(watch.beats(camera(grabbed=n, written=n)) for n in range(1, 100))


def test_frames_that_are_only_grabbed_are_none() -> None:
    watch = Watch()
    assert watch.beats(camera(grabbed=10, written=10))
    for n in range(11, 50):
        assert not watch.beats(camera(grabbed=n, written=10))
    assert watch.beats(camera(grabbed=50, written=11))


def test_no_frames_at_all_are_none() -> None:
    watch = Watch()
    watch.beats(camera(grabbed=10, written=10))
    assert not any(watch.beats(camera(grabbed=10, written=10)) for _ in range(40))


def test_one_writer_that_is_stuck_is_not_hidden_by_another() -> None:
    watch = Watch()
    pings = [
        watch.beats(camera(grabbed=n, written=10), camera("side", grabbed=n, written=n))
        for n in range(10, 60)
    ]
    assert all(pings[:15])
    assert not any(pings[17:])
    n = 60
    assert watch.beats(camera(grabbed=n, written=n), camera("side", grabbed=n, written=n))


def test_one_that_is_stuck_with_a_full_ring_and_a_source_that_waits() -> None:
    watch = Watch()
    full = camera(grabbed=20, written=10)
    pings = [watch.beats(full, camera("side", grabbed=n, written=n)) for n in range(1, 50)]
    assert all(pings[:15])
    assert not any(pings[17:])


def test_a_camera_that_is_away_is_not_held_against_it() -> None:
    watch = Watch()
    away = camera(state="restarting", grabbed=20, written=10)
    assert all(watch.beats(away, camera("side", grabbed=n, written=n)) for n in range(1, 99))


def test_a_slow_camera_and_bad_frames_are_no_stuck_writer() -> None:
    watch = Watch()
    for n in range(1, 99):
        slow = camera("slow", grabbed=n // 25, written=n // 25)
        bad = camera("bad", grabbed=n, bad=n)
        assert watch.beats(slow, bad, camera(grabbed=n, written=n))


def test_frames_that_a_dead_encoder_took_with_it() -> None:
    """Fewer are written than before: the next ones count all the same."""
    watch = Watch()
    assert watch.beats(camera(grabbed=100, written=100))
    assert not watch.beats(camera(grabbed=110, written=60, dropped=40))
    assert watch.beats(camera(grabbed=120, written=70, dropped=40))


def test_waiting_is_life_as_long_as_somebody_looks() -> None:
    watch = Watch()
    assert all(watch.beats(state="waiting", after_s=3600.0) for _ in range(10))


@pytest.mark.parametrize("state", ["opening", "finishing"])
def test_opening_and_finishing_are_life_for_a_while(state: str) -> None:
    watch = Watch()
    assert watch.beats(state=state)
    assert watch.beats(state=state, after_s=GRACE_S - 1)
    assert not watch.beats(state=state)


def test_the_next_recording_counts_from_zero() -> None:
    watch = Watch()
    assert watch.beats(camera(grabbed=100, written=100))
    assert watch.beats(state="waiting")
    assert watch.beats(camera(grabbed=1, written=1))
