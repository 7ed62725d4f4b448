"""The last status in Prometheus' words: families of numbers with units, helps and labels.

Labels are cameras' names from the config and fixed words only, so there are never many series.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from recorder.rig.events import Event
from recorder.stats import CameraStatus, RigStatus

RIG_STATES = ("waiting", "opening", "previewing", "recording", "finishing", "ended")
CAMERA_STATES = (
    *("waiting", "opening", "previewing", "recording", "restarting", "finishing", "ended"),
)
CLOSED = ("waiting", "ended")

Value = Callable[[CameraStatus], float | None]
Counts = dict[tuple[str, str], int]
"""By camera and counter."""
States = dict[tuple[str, ...], str]
"""By the values of the labels."""

COUNTERS = {
    "grabbed": ("recorder_frames_grabbed", "Frames that the camera gave."),
    "written": ("recorder_frames_written", "Frames handed to the file's writer."),
    "gaps": ("recorder_gaps", "Times that there was no camera, or no writer for its frames."),
    "restarts": ("recorder_restarts", "Times that the camera was opened anew while recorded."),
    "late": ("recorder_camera_late", "Times that the camera did not answer in time."),
    "raw_bytes": ("recorder_raw_bytes", "Bytes of pixels that were written, uncompressed."),
    "file_bytes": ("recorder_file_bytes", "Bytes of the files, on disk."),
}
LOST = {
    "overflow": "overflow",  # the buffer was full
    "writer": "unwritten",  # the encoder died, the disk was full, the process was killed
    "bad": "bad",  # it could not be read
}
"""Reasons in the label, and the counters behind them; the ledger tells more of each frame."""

GAUGES: dict[str, tuple[str, Value]] = {
    "recorder_frames_in_flight": (
        "Frames between the camera and the file, with lost ones that are not counted as such yet.",
        lambda c: c.totals.in_flight,
    ),
    "recorder_in_flight_seconds": (
        "How long the camera took for the frames in flight.",
        lambda c: c.totals.in_flight / c.fps_in if c.fps_in else None,
    ),
    "recorder_buffer_fill_ratio": (
        "Share of the buffer that waits to be written, 0 to 1.",
        lambda c: c.buffer_fill,
    ),
    "recorder_grabbed_frames_per_second": (
        "Frames per second that the camera gives, over the last two seconds.",
        lambda c: c.fps_in,
    ),
    "recorder_written_frames_per_second": (
        "Frames per second handed to the writer, over the last two seconds.",
        lambda c: c.fps_written,
    ),
    "recorder_writer_headroom_ratio": (
        "Share of the time in which the writer is idle, 0 to 1.",
        lambda c: c.headroom,
    ),
    "recorder_compression_ratio": (
        "Raw size over size on disk, of this recording.",
        lambda c: c.ratio,
    ),
    "recorder_disk_free_bytes": (
        "Bytes free on the disk that the camera is recorded to.",
        lambda c: c.disk_free_bytes,
    ),
    "recorder_disk_time_left_seconds": (
        "How long the disk lasts at the rate of all cameras that write to it, down to keep_free.",
        lambda c: c.time_left_s,
    ),
    "recorder_picture_frozen_seconds": (
        "For how long the picture has been the same, bit for bit.",
        lambda c: c.frozen_s,
    ),
}


class Counters:
    """Counts of many recordings as one that only grows.

    A status counts from zero in each recording, and may take frames back that turned out not to be
    in the file; a counter for Prometheus does neither.
    """

    def __init__(self) -> None:
        self._before: Counts = {}
        self._now: Counts = {}
        self._opening = 0

    def note(self, status: RigStatus) -> None:
        """Take note of the counters of all cameras."""
        if status.openings != self._opening:
            self._opening = status.openings
            self._begin_anew()
        for camera in status.cameras:
            for name in (*COUNTERS, *LOST.values()):
                key = camera.name, name
                self._now[key] = max(self._now.get(key, 0), _count(camera, name))

    def _begin_anew(self) -> None:
        """Count on from here: the cameras were opened for another recording."""
        for key, count in self._now.items():
            self._before[key] = self._before.get(key, 0) + count
        self._now.clear()

    def value(self, camera: str, name: str) -> int:
        """Return one of them, over all recordings."""
        key = camera, name
        return self._before.get(key, 0) + self._now.get(key, 0)

    @property
    def cameras(self) -> list[str]:
        """All that were ever seen; a counter that was told once is told for ever."""
        return sorted({camera for camera, _ in (*self._before, *self._now)})


def _count(camera: CameraStatus, name: str) -> int:
    if name == "unwritten":
        return camera.totals.dropped - camera.totals.overflow
    holder = camera if name in ("late", "raw_bytes", "file_bytes") else camera.totals
    return int(getattr(holder, name))


class StatusCollector(Collector):
    """Gives the last status in Prometheus' words.

    Parameters
    ----------
    clock
        In seconds, never backwards.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()  # a scrape sees one status, whole
        self._status: RigStatus | None = None
        self._seen_at = clock()
        self._counters = Counters()
        self._recordings = {"begun": 0, "ended": 0, "failures": 0, "segments": 0}

    def note(self, status: RigStatus) -> None:
        """Take note of how it goes."""
        with self._lock:
            self._status, self._seen_at = status, self._clock()
            self._counters.note(status)

    def count(self, event: Event) -> None:
        """Take note of an event."""
        names = {"start": "begun", "end": "ended", "failure": "failures", "segment": "segments"}
        with self._lock:
            if event.kind in names:
                self._recordings[names[event.kind]] += 1

    def collect(self) -> Iterator[Metric]:
        """Return all there is to tell."""
        with self._lock:
            found = [*self._of_rig(), *self._counts(), *self._gauges()]
        yield from found

    def _of_rig(self) -> Iterator[Metric]:
        state = "ended" if self._status is None else self._status.state
        known = (*RIG_STATES, *(() if state in RIG_STATES else (state,)))
        yield _states(
            "recorder_state", "What the recorder does: 1 for that.", (), {(): state}, known
        )
        age = self._clock() - self._seen_at
        yield _plain("recorder_status_age_seconds", "Since these numbers were taken.", age)
        if self._status is not None and self._status.waits_until is not None:
            name = "recorder_next_recording_timestamp_seconds"
            yield _plain(name, "When the next recording begins.", self._status.waits_until)
        helps = {
            "begun": ("recorder_recordings_begun", "Recordings that were begun."),
            "ended": ("recorder_recordings_ended", "Recordings that are over, files closed."),
            "failures": ("recorder_failures", "Failures of cameras, processes and writers."),
            "segments": ("recorder_segments_closed", "Files that are complete and closed."),
        }
        for key, (name, text) in helps.items():
            yield CounterMetricFamily(name, text, value=self._recordings[key])

    def _counts(self) -> Iterator[Metric]:
        cameras = self._counters.cameras
        for key, (name, text) in COUNTERS.items():
            family = CounterMetricFamily(name, text, labels=["camera"])
            for camera in cameras:
                family.add_metric([camera], self._counters.value(camera, key))
            yield family
        text = "Frames that are not in the file, and why: no room in the buffer, no writer, or bad."
        lost = CounterMetricFamily("recorder_frames_lost", text, labels=["camera", "reason"])
        for camera in cameras:
            for reason, key in LOST.items():
                lost.add_metric([camera, reason], self._counters.value(camera, key))
        yield lost

    def _gauges(self) -> Iterator[Metric]:
        cameras = () if self._status is None else self._status.cameras
        # A camera that is closed has numbers of its last recording: true as counts, not as rates.
        live = [each for each in cameras if each.state not in CLOSED]
        states: States = {(each.name,): each.state for each in cameras}
        text = "What the camera does: 1 for that."
        yield _states("recorder_camera_state", text, ("camera",), states, CAMERA_STATES)
        up = {each.name: float(each.state in ("previewing", "recording")) for each in cameras}
        yield _gauge("recorder_camera_up", "Whether the camera is there and open.", up)
        for name, (text, value) in GAUGES.items():
            yield _gauge(name, text, {each.name: value(each) for each in live})
        passed_s = self._clock() - self._seen_at
        ages = {each.name: each.age_s + passed_s for each in live if each.age_s is not None}
        yield _gauge("recorder_last_frame_age_seconds", "Since the camera's last frame.", ages)


def _plain(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)


def _gauge(name: str, text: str, values: dict[str, Any]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["camera"])
    for camera, value in values.items():
        if value is not None:
            family.add_metric([camera], value)
    return family


def _states(
    name: str,
    text: str,
    labels: tuple[str, ...],
    states: States,
    known: tuple[str, ...],
) -> Metric:
    """Return one series for each state, 1 for the one that is: queries can count those."""
    family = GaugeMetricFamily(name, text, labels=[*labels, "state"])
    for values, present in states.items():
        for state in known:
            family.add_metric([*values, state], float(state == present))
    return family


__all__ = ["Counters", "StatusCollector"]
