"""Metrics as Prometheus reads them, over real HTTP."""

from __future__ import annotations

import logging
import re
import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import replace

import pytest
from prometheus_client.parser import text_string_to_metric_families

from recorder.rig.events import Event
from recorder.stats import CameraStatus, RigStatus, Totals
from recorder.unattended.families import CAMERA_STATES, StatusCollector
from recorder.unattended.metrics import MetricsServer, serve_metrics

Sample = tuple[str, frozenset[tuple[str, str]]]

TOP = CameraStatus(
    "top",
    "recording",
    totals=Totals(100, 90, 5, 1, 2, 1, overflow=2),
    fps_in=60.0,
    fps_written=59.0,
    buffer_fill=0.25,
    headroom=0.75,
    raw_bytes=1000,
    file_bytes=500,
    ratio=2.0,
    disk_free_bytes=12345,
    time_left_s=67.5,
    late=3,
    age_s=0.5,
    files=("/secret/place/top.mkv",),
)


def rig(*cameras: CameraStatus, state: str = "recording") -> RigStatus:
    return RigStatus("demo", 1, state, cameras)


@pytest.fixture
def server() -> Iterator[MetricsServer]:
    found = MetricsServer("127.0.0.1", 0)
    yield found
    found.close()


def scrape(server: MetricsServer) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10) as reply:
        assert reply.headers["Content-Type"].startswith("text/plain")
        return reply.read().decode()


def samples(text: str) -> dict[Sample, float]:
    found = {}
    for family in text_string_to_metric_families(text):
        assert family.documentation
        for each in family.samples:
            key = each.name, frozenset(each.labels.items())
            assert key not in found, "twice"
            found[key] = each.value
    return found


def value(server: MetricsServer, name: str, **labels: str) -> float | None:
    return samples(scrape(server)).get((name, frozenset(labels.items())))


def test_all_numbers_of_a_camera(server: MetricsServer) -> None:
    server.look(rig(TOP))
    found = samples(scrape(server))
    told = {
        name: number
        for (name, labels), number in found.items()
        if labels == frozenset({("camera", "top")})
    }
    age = told.pop("recorder_last_frame_age_seconds")
    assert 0.5 <= age < 60
    assert told == {
        "recorder_frames_grabbed_total": 100,
        "recorder_frames_written_total": 90,
        "recorder_gaps_total": 2,
        "recorder_restarts_total": 1,
        "recorder_camera_late_total": 3,
        "recorder_raw_bytes_total": 1000,
        "recorder_file_bytes_total": 500,
        "recorder_camera_up": 1,
        "recorder_frames_in_flight": 4,
        "recorder_buffer_fill_ratio": 0.25,
        "recorder_in_flight_seconds": pytest.approx(4 / 60),
        "recorder_grabbed_frames_per_second": 60,
        "recorder_written_frames_per_second": 59,
        "recorder_writer_headroom_ratio": 0.75,
        "recorder_compression_ratio": 2,
        "recorder_disk_free_bytes": 12345,
        "recorder_disk_time_left_seconds": 67.5,
        "recorder_picture_frozen_seconds": 0,
    }
    lost = {
        dict(labels)["reason"]: number
        for (name, labels), number in found.items()
        if name == "recorder_frames_lost_total"
    }
    assert lost == {"overflow": 2, "writer": 3, "bad": 1}


def test_states_are_one_of_all(server: MetricsServer) -> None:
    server.look(rig(replace(TOP, state="restarting"), CameraStatus("side"), state="recording"))
    found = samples(scrape(server))
    for name, state in (("top", "restarting"), ("side", "opening")):
        for each in CAMERA_STATES:
            labels = frozenset({("camera", name), ("state", each)})
            assert found["recorder_camera_state", labels] == (each == state)
        assert found["recorder_camera_up", frozenset({("camera", name)})] == 0
    assert found["recorder_state", frozenset({("state", "recording")})] == 1
    assert found["recorder_state", frozenset({("state", "waiting")})] == 0


def test_no_paths_and_nothing_that_is_not_known(server: MetricsServer) -> None:
    server.look(rig(CameraStatus("new")))
    text = scrape(server)
    assert "secret" not in text
    assert "None" not in text
    assert 'recorder_disk_free_bytes{camera="new"}' not in text
    assert 'recorder_last_frame_age_seconds{camera="new"}' not in text


def test_before_anything_is_known(server: MetricsServer) -> None:
    assert value(server, "recorder_recordings_begun_total") == 0
    assert value(server, "recorder_status_age_seconds") is not None


def test_counters_only_grow_within_a_recording(server: MetricsServer) -> None:
    server.look(rig(TOP))
    server.look(rig(replace(TOP, totals=Totals(99, 50, 49))))  # an encoder took frames with it
    assert value(server, "recorder_frames_written_total", camera="top") == 90
    assert value(server, "recorder_frames_grabbed_total", camera="top") == 100
    server.look(rig(replace(TOP, totals=Totals(200, 151, 49))))
    assert value(server, "recorder_frames_written_total", camera="top") == 151


def test_counters_go_on_over_the_recordings_of_a_schedule(server: MetricsServer) -> None:
    told = []

    def look(state: str, frames: int, opening: int) -> None:
        camera = CameraStatus("top", state, totals=Totals(frames, frames), age_s=0.1, fps_in=9.0)
        server.look(replace(rig(camera, state=state), openings=opening))
        told.append(value(server, "recorder_frames_written_total", camera="top"))

    for opening, frames in enumerate((100, 50, 300), start=1):
        look("opening", 0, opening)
        look("recording", frames // 2, opening)
        server.hear(Event("start"))  # whenever that is heard
        look("recording", frames, opening)
        server.hear(Event("end"))
        look("waiting", frames, opening)  # the last numbers are shown until the next one
    assert told == [0, 50, 100, 100, 100, 125, 150, 150, 150, 300, 450, 450]
    assert value(server, "recorder_recordings_begun_total") == 3
    assert value(server, "recorder_recordings_ended_total") == 3


def test_a_camera_that_is_closed_has_no_rates(server: MetricsServer) -> None:
    closed = rig(replace(TOP, state="waiting"), state="waiting")
    server.look(replace(closed, waits_until=1764.5))
    found = {name for name, labels in samples(scrape(server)) if ("camera", "top") in labels}
    assert "recorder_frames_written_total" in found
    assert "recorder_camera_up" in found
    assert not {name for name in found if re.search("second|ratio|disk|flight", name)}
    assert value(server, "recorder_next_recording_timestamp_seconds") == 1764.5


def test_events_are_counted(server: MetricsServer) -> None:
    for kind in ("segment", "segment", "failure"):
        server.hear(Event(kind, "top", {"file": "/secret"}))
    assert value(server, "recorder_segments_closed_total") == 2
    assert value(server, "recorder_failures_total") == 1


def test_ages_grow_when_nobody_looks_any_more() -> None:
    now = [100.0]
    collector = StatusCollector(lambda: now[0])
    collector.note(rig(TOP))
    now[0] += 7
    found = {s.name: s.value for family in collector.collect() for s in family.samples}
    assert found["recorder_status_age_seconds"] == 7
    assert found["recorder_last_frame_age_seconds"] == 7.5


def test_a_port_that_is_taken_is_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        assert serve_metrics("127.0.0.1", port) is None
    [record] = [r for r in caplog.records if r.levelno == logging.WARNING]
    assert f"no metrics at http://127.0.0.1:{port}/metrics: " in record.getMessage()


@pytest.mark.parametrize("address", ["192.0.2.1", "a" * 100 + ".b", "x..y"])
def test_an_address_that_is_not_ours_is_a_warning(
    address: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert serve_metrics(address, 19464) is None
    assert "no metrics at" in caplog.text


def test_closed_it_listens_no_more_and_the_port_is_free() -> None:
    first = MetricsServer("127.0.0.1", 0)
    scrape(first)
    first.close()
    again = MetricsServer("127.0.0.1", first.port)
    scrape(again)
    again.close()


def test_clients_that_say_nothing_or_break_off_hold_up_nobody(
    server: MetricsServer, capfd: pytest.CaptureFixture[str]
) -> None:
    address = ("127.0.0.1", server.port)
    silent = socket.create_connection(address)
    with socket.create_connection(address) as broken:
        broken.sendall(b"GET /metrics HT")
    server.look(rig(TOP))
    assert value(server, "recorder_camera_up", camera="top") == 1
    silent.close()
    assert capfd.readouterr() == ("", "")
