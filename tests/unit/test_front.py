"""What stands before the rigs of a schedule: one link, whichever rig is behind it, or none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from helpers import until
from stand_in_rig import StandInRig, runtime_folder_of_its_own

from recorder import readout
from recorder.config import make_config
from recorder.errors import RecorderError, Stopped
from recorder.rig.link import Link, LinkServer, connect
from recorder.stats import RigStatus
from recorder.unattended.front import Front

CONFIG = make_config({"cameras": {"top": {"source": "synthetic"}}})
UNTIL = datetime(2026, 11, 27, 22, tzinfo=UTC)


@pytest.fixture
def front() -> Front:
    return Front(CONFIG, "demo")


@pytest.fixture
def link(front: Front) -> Iterator[Link]:
    with (
        runtime_folder_of_its_own(),
        LinkServer(front, "demo") as server,
        connect(server.name) as link,
    ):
        yield link


@pytest.fixture
def rigs() -> Iterator[list[Any]]:
    found = [StandInRig("top"), StandInRig("top")]
    yield found
    for rig in found:
        rig.close()


def test_who_watches_sees_one_recording_after_the_other(
    front: Front, link: Link, rigs: list[Any]
) -> None:
    """Each time the cameras have other memory; the last picture of the one before is no picture."""
    for number, rig in enumerate(rigs, 1):
        until(lambda: link.status().state == "opening")  # it is not known yet what is waited for
        front.waits_until = UNTIL
        until(lambda: link.status().state == "waiting")
        with pytest.raises(RecorderError, match="closed until their schedule"):
            link.record()
        front.take(rig)
        until(lambda number=number: link.status().openings == number)
        assert link.status().waits_until is None
        assert link.latest_frame("top") is None
        for _ in range(number):
            rig.grab()
        look = link.latest_frame("top")
        assert look is not None
        assert (look.frame == number).all()
        rig.end()
        until(lambda: link.status().cameras[0].state == "ended")
        assert link.status().state == "finishing"  # the name goes on
        front.let_go()


def test_what_was_recorded_last_is_seen_while_it_waits(front: Front, rigs: list[Any]) -> None:
    assert front.status().cameras[0].state == "waiting"
    front.take(rigs[0])
    rigs[0].end()
    front.let_go()
    (camera,) = front.status().cameras
    assert (camera.state, camera.totals.grabbed, camera.files) == ("waiting", 9, ("out/top.mkv",))
    front.end()
    assert [front.status().state, front.status().cameras[0].state] == ["ended", "ended"]


def test_stopping_reaches_the_rig_and_keeps_the_next_one_away(
    front: Front, rigs: list[Any]
) -> None:
    front.take(rigs[0])
    front.stop()
    assert rigs[0].asked == ["stop"]
    front.let_go()
    with pytest.raises(Stopped):
        front.take(rigs[1])
    front.stop()
    assert rigs[1].asked == []


def test_what_it_waits_for_passes_through_the_link(front: Front, link: Link) -> None:
    front.waits_until = UNTIL
    status = until(lambda: (s := link.status()).waits_until and s)
    assert status.waits_until == UNTIL.timestamp()
    assert RigStatus.from_dict(status.as_dict()) == status
    local = f"{UNTIL.astimezone():%a %d %b %H:%M:%S}"
    assert readout.brief(status) == f"demo waiting until {local}, cameras closed"
    assert readout.title(status).startswith(f"demo waiting until {local}, cameras closed · process")
