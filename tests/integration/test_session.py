"""A session from start to end, with a camera that does what the test says."""

from __future__ import annotations

import gc
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from helpers import (
    BrokenCamera,
    ClosedCamera,
    LedCamera,
    SlowToOpen,
    assert_adds_up,
    camera_config,
    encoders,
    noise,
    read_about,
    read_ledger,
    until,
)

from recorder import verify
from recorder.config import Amount
from recorder.errors import CameraError, CameraLost, CameraTimeout, NoSpace, RecorderError
from recorder.pipeline import monitor
from recorder.pipeline import run as run_module
from recorder.pipeline.session import Session

STOP_S = 5.0
"""A stop takes no longer, whatever the camera does."""


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """An event that holds a camera, and is always let go in the end."""
    event = threading.Event()
    yield event
    event.set()


def recorded(session: Session) -> Any:
    summary = session.wait(60)
    assert summary is not None
    return summary


# -- how a recording ends -------------------------------------------------------------------------


def test_so_many_frames(tmp_path: Path) -> None:
    camera = LedCamera()
    session = Session(camera_config(tmp_path, recording__duration="25 frames"), camera=camera)
    assert session.start(record=True) == camera.spec
    summary = recorded(session)
    assert (summary.reason, summary.exit_code) == ("duration", 0)
    assert (summary.grabbed, summary.written) == (25, 25)
    assert_adds_up(summary)
    assert verify(tmp_path).ok
    assert (camera.opens, camera.closes) == (1, 1)


def test_so_many_seconds(tmp_path: Path) -> None:
    config = camera_config(tmp_path, recording__duration="0.5s", fps=100)
    session = Session(config)
    session.start(record=True)
    summary = recorded(session)
    assert (summary.reason, summary.exit_code) == ("duration", 0)
    rows = assert_adds_up(summary)
    # Punctual frames make 50; a machine that is late makes fewer, and never more time.
    assert 2 <= len(rows) <= 51
    assert summary.seconds <= 0.5 + 0.005


def test_end_of_source(tmp_path: Path) -> None:
    session = Session(camera_config(tmp_path), camera=LedCamera(frames=17))
    session.start(record=True)
    summary = recorded(session)
    assert (summary.reason, summary.exit_code, summary.written) == ("end_of_source", 0, 17)
    assert_adds_up(summary)
    assert session.error is None


def test_stop(tmp_path: Path) -> None:
    with Session(camera_config(tmp_path), camera=LedCamera()) as session:
        session.start(record=True)
        until(lambda: session.status().totals.written >= 5)
        session.stop()
        summary = recorded(session)
    assert (summary.reason, summary.exit_code) == ("requested", 0)
    assert_adds_up(summary)


def test_the_camera_gives_no_more_frames(tmp_path: Path) -> None:
    config = camera_config(tmp_path, fps=200, options__fail_at=20)
    session = Session(config)
    session.start(record=True)
    summary = recorded(session)
    assert (summary.reason, summary.exit_code, summary.written) == ("camera_failed", 3, 20)
    assert isinstance(session.error, CameraLost)
    assert_adds_up(summary)
    assert read_about(summary.files[0])["reason"] == "camera_failed"
    assert verify(tmp_path).ok


def test_the_frames_change_their_size(tmp_path: Path) -> None:
    config = camera_config(tmp_path, fps=200, options__resize_at=20)
    session = Session(config)
    session.start(record=True)
    summary = recorded(session)
    assert (summary.reason, summary.exit_code) == ("camera_failed", 3)
    # The 21st was grabbed, and cannot be used.
    assert (summary.grabbed, summary.written, summary.bad) == (21, 20, 1)
    assert "64x48" in str(session.error)
    assert_adds_up(summary)


@pytest.mark.parametrize("error", [CameraLost, RuntimeError])
def test_the_camera_raises(tmp_path: Path, error: type[Exception]) -> None:
    camera = BrokenCamera(10, error("the cable is out"))
    session = Session(camera_config(tmp_path), camera=camera)
    session.start(record=True)
    summary = recorded(session)
    assert (summary.reason, summary.exit_code, summary.written) == ("camera_failed", 3, 10)
    assert "the cable is out" in str(session.error)
    assert "the cable is out" in str(session.status().message)
    assert_adds_up(summary)


def test_broken_frames_are_counted_and_never_written(tmp_path: Path) -> None:
    camera = LedCamera(frames=30, bad=[0, 7, 8, 29])
    session = Session(camera_config(tmp_path), camera=camera)
    session.start(record=True)
    summary = recorded(session)
    assert (summary.grabbed, summary.written, summary.bad, summary.exit_code) == (30, 26, 4, 6)
    rows = assert_adds_up(summary)
    assert [int(row["grab"]) for row in rows if row["status"] == "bad"] == [0, 7, 8, 29]
    assert {row["note"] for row in rows if row["status"] == "bad"} == {"bad_read"}
    assert verify(tmp_path).ok


def test_only_broken_frames(tmp_path: Path) -> None:
    camera = LedCamera(frames=5, bad=range(5))
    session = Session(camera_config(tmp_path), camera=camera)
    session.start(record=True)
    summary = recorded(session)
    assert (summary.grabbed, summary.written, summary.bad, summary.exit_code) == (5, 0, 5, 6)
    assert_adds_up(summary)
    assert verify(tmp_path).ok


def test_no_frame_at_all(tmp_path: Path) -> None:
    session = Session(camera_config(tmp_path), camera=LedCamera(frames=0))
    session.start(record=True)
    summary = recorded(session)
    assert (summary.grabbed, summary.fps, summary.seconds, summary.exit_code) == (0, 0, 0, 0)
    assert summary.ratio is None
    assert_adds_up(summary)


def test_one_frame(tmp_path: Path) -> None:
    session = Session(camera_config(tmp_path), camera=LedCamera(frames=1))
    session.start(record=True)
    summary = recorded(session)
    assert (summary.grabbed, summary.written, summary.fps) == (1, 1, 0)
    assert_adds_up(summary)


def test_nothing_is_written_when_so_configured(tmp_path: Path) -> None:
    config = camera_config(tmp_path / "none", recording__format="none")
    session = Session(config, camera=LedCamera(frames=9))
    session.start(record=True)
    summary = recorded(session)
    assert (summary.written, summary.files, summary.exit_code) == (9, (), 0)
    assert not (tmp_path / "none").exists()


# -- preview, record, preview, record -------------------------------------------------------------


def test_two_recordings_without_reopening_the_camera(tmp_path: Path) -> None:
    camera = LedCamera()
    with Session(camera_config(tmp_path), camera=camera) as session:
        session.start()
        until(session.latest_frame)
        assert session.status().state == "previewing"
        assert not list(tmp_path.iterdir())
        summaries = []
        for _ in range(2):
            session.record()
            assert session.status().state == "recording"
            until(lambda: session.status().totals.written >= 10)
            session.end_take()
            assert session.status().state == "previewing"
            until(lambda: session.status().files, "for the file to be closed")
            summaries.append(session.takes()[-1])
        grabs = camera.grabs
        until(lambda: camera.grabs > grabs, "for the preview to go on")
        session.stop()
        last = recorded(session)
    assert (camera.opens, camera.closes) == (1, 1)
    assert last == summaries[1]
    assert [s.reason for s in summaries] == ["requested", "requested"]
    assert not {*summaries[0].files} & {*summaries[1].files}
    for summary in summaries:
        assert summary.exit_code == 0
        assert_adds_up(summary)
    assert len(verify(tmp_path).parts) == 2
    assert verify(tmp_path).ok


def test_a_recording_of_so_many_frames_goes_back_to_preview(tmp_path: Path) -> None:
    camera = LedCamera()
    with Session(camera_config(tmp_path), camera=camera) as session:
        session.start()
        session.record(Amount(frames=12))
        until(lambda: session.status().files)
        assert session.status().state == "previewing"
        take = session.takes()[-1]
        session.record(Amount(frames=3))
        until(lambda: session.status().totals.grabbed == 3 and session.status().files)
    assert (take.reason, take.written) == ("duration", 12)
    assert_adds_up(take)
    assert_adds_up(recorded(session))
    assert camera.opens == 1


def test_recordings_back_to_back_share_no_frame(tmp_path: Path) -> None:
    """The next recording is ordered while the last one's frames are still on their way."""
    camera = LedCamera(period_s=0)
    with Session(camera_config(tmp_path, buffer__memory="1MiB"), camera=camera) as session:
        session.start()
        for _ in range(5):
            session.record()
            until(lambda: session.status().totals.grabbed >= 5)
            session.end_take()
        session.stop()
        session.wait(60)
        summaries = session.takes()
    assert len(summaries) == 5
    for summary in summaries:
        assert_adds_up(summary)
    assert verify(tmp_path).ok
    assert len(verify(tmp_path).parts) == 5


def test_a_recording_that_ended_well_stays_so(tmp_path: Path) -> None:
    """What happens in the preview afterwards is not the recording's fault."""
    camera = BrokenCamera(40, CameraLost("unplugged"))
    session = Session(camera_config(tmp_path), camera=camera)
    session.start()
    session.record(Amount(frames=12))
    summary = recorded(session)  # the preview goes on until the camera fails
    assert isinstance(session.error, CameraLost)
    assert session.status().reason == "camera_failed"
    assert (summary.reason, summary.exit_code) == ("duration", 0)
    assert_adds_up(summary)


def test_a_recording_that_never_got_a_frame(tmp_path: Path, gate: threading.Event) -> None:
    camera = LedCamera(holds={0: gate})
    with Session(camera_config(tmp_path), camera=camera) as session:
        session.start(record=True)
        assert camera.reached[0].wait(30)
        session.stop()
        gate.set()
        summary = recorded(session)
    assert summary.exit_code == 0
    assert summary.grabbed <= 1
    assert_adds_up(summary)
    assert verify(tmp_path).ok if summary.files else not list(tmp_path.iterdir())


def test_a_file_without_a_frame(tmp_path: Path, gate: threading.Event) -> None:
    """The writer opens its file while the camera still thinks about its first frame."""
    camera = LedCamera(frames=1, holds={0: gate})
    with Session(camera_config(tmp_path), camera=camera) as session:
        session.start(record=True)
        until(lambda: list(tmp_path.glob("*.json")), "for the file to be opened")
        camera.frames = 0  # no frame comes
        camera.holds.clear()
        session.stop()
        camera.bad = {0}
        gate.set()
        summary = recorded(session)
    assert summary.written == 0
    assert summary.exit_code in (0, 6)  # the held grab may still have counted, as a bad one
    assert_adds_up(summary)
    assert verify(tmp_path).ok


def test_record_is_refused_before_and_after(tmp_path: Path) -> None:
    session = Session(camera_config(tmp_path), camera=LedCamera())
    with pytest.raises(RecorderError):
        session.record()
    session.end_take()
    session.start(record=True)
    with pytest.raises(RecorderError, match="recording"):
        session.record()
    with pytest.raises(RecorderError, match="once"):
        session.start()
    session.stop()
    recorded(session)
    with pytest.raises(RecorderError, match="ended"):
        session.record()
    with pytest.raises(RecorderError, match="once"):
        session.start()


def test_a_recording_that_cannot_be_kept_leaves_the_preview_alone(tmp_path: Path) -> None:
    config = camera_config(tmp_path, recording__keep_free="900000GiB")
    with Session(config, camera=LedCamera()) as session:
        session.start()
        with pytest.raises(NoSpace):
            session.record()
        assert session.status().state == "previewing"
        seen = until(session.latest_frame)
        until(lambda: session.latest_frame(after=seen.sequence))
    assert session.wait() is None


# -- a slow writer --------------------------------------------------------------------------------


class Watcher:
    """Takes one status after the other from a thread of its own."""

    def __init__(self, session: Session, bound: int) -> None:
        self._session = session
        self._bound = bound
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher")
        self.seen: list[Any] = []
        self.failures: list[str] = []

    def _watch(self) -> None:
        last = -1
        while not self._done.wait(0.001):
            totals = self._session.status().totals
            counted = totals.written + totals.dropped + totals.bad
            in_flight = totals.grabbed - counted
            if not 0 <= in_flight <= self._bound or totals.grabbed < last:
                self.failures.append(str(totals))
            last = totals.grabbed
            self.seen.append(totals)

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def check(self) -> None:
        assert not self.failures, self.failures[:3]
        assert self.seen


def no_faster_than_written(session: Session, up_to: int) -> Any:
    """Have a camera wait, for its first frames, until each is written: on any machine."""
    return lambda number: number > up_to or until(lambda: not session.status().totals.in_flight)


@pytest.fixture
def halted() -> Iterator[Any]:
    """Halt the one encoder; every process halted goes on in the end."""
    found: list[psutil.Process] = []

    def halt() -> psutil.Process:
        (encoder,) = until(encoders, "for an encoder")
        encoder.send_signal(signal.SIGSTOP)
        found.append(encoder)
        return encoder

    yield halt
    for encoder in found:
        if encoder.is_running():
            encoder.send_signal(signal.SIGCONT)


def test_drop_tells_exactly_which_frames_are_lost(
    tmp_path: Path, halted: Any, gate: threading.Event
) -> None:
    camera = LedCamera(640, 480, frames=120, holds={20: gate})
    config = camera_config(tmp_path, buffer__memory="3MiB")
    session = Session(config, camera=camera)
    camera.before = no_faster_than_written(session, 20)
    with session, Watcher(session, bound=120) as watcher:
        session.start(record=True)
        until(lambda: session.status().totals.written == 20)
        encoder = halted()
        gate.set()
        until(lambda: camera.number == 119, "for the camera to give all its frames")
        encoder.send_signal(signal.SIGCONT)
        summary = recorded(session)
        watcher.check()
    assert (summary.reason, summary.exit_code, summary.grabbed) == ("end_of_source", 6, 120)
    assert summary.dropped > 60  # the pipe takes 3, the ring 9, and ffmpeg halts when it gets to it
    rows = assert_adds_up(summary)
    kept = [int(row["grab"]) for row in rows if row["status"] == "written"]
    lost = [int(row["grab"]) for row in rows if row["status"] == "dropped"]
    assert kept == camera.retrieved  # with no room a frame is not even decoded
    assert lost == [n for n in range(120) if n not in set(camera.retrieved)]
    assert {row["note"] for row in rows if row["status"] == "dropped"} == {"overflow"}
    assert verify(tmp_path).ok


def test_wait_loses_nothing(tmp_path: Path, halted: Any, gate: threading.Event) -> None:
    camera = LedCamera(640, 480, frames=120, holds={20: gate})
    config = camera_config(tmp_path, buffer__memory="8MiB", buffer__when_full="wait")
    with Session(config, camera=camera) as session, Watcher(session, bound=12) as watcher:
        session.start(record=True)
        until(lambda: session.status().totals.written == 20)
        encoder = halted()
        gate.set()
        # Eight slots, three frames in the pipe, one on either side.
        until(lambda: session.status().buffer_fill > 0.8, "for the ring to be full")
        assert camera.number < 40
        encoder.send_signal(signal.SIGCONT)
        summary = recorded(session)
        watcher.check()
    assert (summary.reason, summary.exit_code) == ("end_of_source", 0)
    assert (summary.grabbed, summary.written, summary.dropped) == (120, 120, 0)
    assert_adds_up(summary)
    assert camera.retrieved == list(range(120))


def test_stop_while_the_camera_waits_for_room(
    tmp_path: Path, halted: Any, gate: threading.Event
) -> None:
    camera = LedCamera(640, 480, holds={20: gate})
    config = camera_config(tmp_path, buffer__memory="8MiB", buffer__when_full="wait")
    with Session(config, camera=camera) as session:
        session.start(record=True)
        until(lambda: session.status().totals.written == 20)
        encoder = halted()
        gate.set()
        until(lambda: session.status().buffer_fill > 0.8)
        session.stop()
        encoder.send_signal(signal.SIGCONT)
        summary = recorded(session)
    assert (summary.reason, summary.exit_code, summary.dropped) == ("requested", 0, 0)
    assert_adds_up(summary)


def test_when_full_stop_ends_with_overflow(
    tmp_path: Path, halted: Any, gate: threading.Event
) -> None:
    camera = LedCamera(640, 480, holds={20: gate})
    config = camera_config(tmp_path, buffer__memory="3MiB", buffer__when_full="stop")
    session = Session(config, camera=camera)
    camera.before = no_faster_than_written(session, 20)
    with session:
        session.start(record=True)
        until(lambda: session.status().totals.written == 20)
        encoder = halted()
        gate.set()
        until(lambda: session.status().state == "finishing", "for the ring to be full")
        encoder.send_signal(signal.SIGCONT)
        summary = recorded(session)
    assert (summary.reason, summary.exit_code, summary.dropped) == ("overflow", 6, 1)
    rows = assert_adds_up(summary)
    assert rows[-1]["note"] == "overflow"
    assert read_about(summary.files[0])["reason"] == "overflow"
    assert "when_full" in str(session.error)
    assert verify(tmp_path).ok


# -- a camera that does not come back -------------------------------------------------------------


@pytest.mark.usefixtures("_in_a_hurry")
def test_a_grab_that_never_returns_ends_the_recording(
    tmp_path: Path, gate: threading.Event
) -> None:
    camera = LedCamera(holds={15: gate})
    camera.timeout_s = 0.3
    session = Session(camera_config(tmp_path), camera=camera)
    session.start(record=True)
    summary = recorded(session)
    assert (summary.reason, summary.exit_code, summary.written) == ("camera_failed", 3, 15)
    assert_adds_up(summary)
    assert read_about(summary.files[0])["reason"] == "camera_failed"
    assert "not answered" in str(session.error)
    assert session.is_stuck
    gate.set()
    until(lambda: not session.is_stuck)
    assert camera.closes == 1
    assert_adds_up(recorded(session))  # the frame that came too late counts for nothing


def test_stop_while_a_grab_hangs(tmp_path: Path, gate: threading.Event) -> None:
    camera = LedCamera(holds={15: gate})
    session = Session(camera_config(tmp_path), camera=camera)
    session.start(record=True)
    assert camera.reached[15].wait(30)
    until(lambda: session.status().totals.written == 15)
    started = time.monotonic()
    session.stop()
    assert session.wait_briefly(30)
    took = time.monotonic() - started
    summary = recorded(session)
    assert (summary.reason, summary.exit_code) == ("camera_failed", 3)
    assert_adds_up(summary)
    assert verify(tmp_path).ok
    assert took < STOP_S
    gate.set()
    until(lambda: not session.is_stuck)


@pytest.fixture
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (run_module, monitor):
        monkeypatch.setattr(module, "LEAVE_TIMEOUT_S", 0.3)


class Blocked(LedCamera):
    """Hangs while it decodes a frame."""

    def __init__(self, at: int, gate: threading.Event) -> None:
        super().__init__()
        self.at, self.gate = at, gate
        self.blocked = threading.Event()

    def retrieve(self, out: np.ndarray) -> None:
        if self.number == self.at:
            self.blocked.set()
            self.gate.wait()
        super().retrieve(out)


@pytest.mark.usefixtures("_in_a_hurry")
def test_stop_while_a_frame_is_never_decoded(tmp_path: Path, gate: threading.Event) -> None:
    camera = Blocked(15, gate)
    session = Session(camera_config(tmp_path), camera=camera)
    session.start(record=True)
    assert camera.blocked.wait(30)
    session.stop()
    assert session.wait_briefly(30)
    summary = recorded(session)
    assert (summary.grabbed, summary.written) == (15, 15)
    assert_adds_up(summary)
    gate.set()
    until(lambda: not session.is_stuck)


@pytest.mark.usefixtures("_in_a_hurry")
def test_a_slow_camera_is_no_broken_one(tmp_path: Path, gate: threading.Event) -> None:
    """Its grabs take longer than a stop waits: that is its nature."""
    camera = LedCamera(holds={3: gate})
    camera.timeout_s = 1000.0
    session = Session(camera_config(tmp_path), camera=camera)
    session.start(record=True)
    until(lambda: session.status().totals.written == 3)
    session.stop()
    assert session.wait_briefly(30)
    summary = recorded(session)
    assert (summary.reason, summary.exit_code) == ("requested", 0)
    assert_adds_up(summary)
    gate.set()
    until(lambda: not session.is_stuck)


# -- opening, and stopping ------------------------------------------------------------------------


def test_a_camera_that_cannot_be_opened(tmp_path: Path) -> None:
    camera = ClosedCamera()
    session = Session(camera_config(tmp_path / "new"), camera=camera)
    with pytest.raises(CameraError, match="the shutter is stuck"):
        session.start(record=True)
    assert session.has_ended
    assert session.status().state == "ended"
    assert session.wait() is None
    assert camera.closes == 1
    assert not (tmp_path / "new").exists()


def test_stop_while_opening(tmp_path: Path) -> None:
    camera = SlowToOpen()
    session = Session(camera_config(tmp_path), camera=camera)
    failures: list[Exception] = []

    def start() -> None:
        try:
            session.start(record=True)
        except RecorderError as error:
            failures.append(error)

    starter = threading.Thread(target=start, name="starter")
    starter.start()
    assert camera.opening.wait(30)
    assert session.status().state == "opening"
    assert session.latest_frame() is None
    session.stop()
    camera.may_open.set()
    starter.join(30)
    assert not starter.is_alive()
    assert "stopped" in str(failures[0])
    assert session.wait(30) is None
    assert session.status().state == "ended"
    assert camera.closes == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("_in_a_hurry")
def test_stop_while_a_driver_hangs_in_open(tmp_path: Path) -> None:
    camera = SlowToOpen()
    session = Session(camera_config(tmp_path), camera=camera)
    stopper = threading.Thread(target=lambda: (camera.opening.wait(), session.stop()))
    stopper.start()
    with pytest.raises(RecorderError, match="stopped"):
        session.start(record=True)
    stopper.join()
    assert session.has_ended
    assert session.is_stuck
    assert session.status().state == "ended"
    camera.may_open.set()
    until(lambda: not session.is_stuck)
    assert camera.closes == 1


def test_a_driver_that_hangs_in_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_module, "OPEN_TIMEOUT_S", 0.3)
    camera = SlowToOpen()
    session = Session(camera_config(tmp_path), camera=camera)
    with pytest.raises(CameraTimeout, match=r"within 0\.3 s"):
        session.start(record=True)
    assert session.has_ended
    assert session.is_stuck
    assert session.status().state == "ended"
    camera.may_open.set()
    until(lambda: not session.is_stuck)
    assert camera.closes == 1
    assert not list(tmp_path.iterdir())


def test_stop_before_start(tmp_path: Path) -> None:
    camera = LedCamera()
    session = Session(camera_config(tmp_path), camera=camera)
    session.stop()
    assert session.wait(1) is None
    with pytest.raises(RecorderError):
        session.start()
    assert camera.opens == 0


def test_stop_twice_and_from_everywhere(tmp_path: Path) -> None:
    session = Session(camera_config(tmp_path), camera=LedCamera())
    session.start(record=True)
    until(lambda: session.status().totals.written >= 3)
    stoppers = [threading.Thread(target=session.stop) for _ in range(8)]
    for stopper in stoppers:
        stopper.start()
    for stopper in stoppers:
        stopper.join()
    session.stop()
    summary = recorded(session)
    session.stop()
    assert recorded(session) == summary
    assert (summary.reason, summary.exit_code) == ("requested", 0)
    assert_adds_up(summary)


def test_wait_gives_up_in_time(tmp_path: Path) -> None:
    with Session(camera_config(tmp_path), camera=LedCamera()) as session:
        session.start()
        with pytest.raises(TimeoutError):
            session.wait(0.05)


def test_the_ring_cannot_be_had(tmp_path: Path) -> None:
    camera = LedCamera()
    session = Session(camera_config(tmp_path, buffer__memory="100000GiB"), camera=camera)
    with pytest.raises(RecorderError, match=r"buffer\.memory"):
        session.start(record=True)
    assert session.has_ended
    assert session.status().state == "ended"
    assert camera.opens == 0  # said before a camera is opened
    assert not list(tmp_path.iterdir())


def test_a_frame_does_not_fit_into_the_ring(tmp_path: Path) -> None:
    camera = LedCamera(4000, 3000)
    session = Session(camera_config(tmp_path, buffer__memory="16MiB"), camera=camera)
    with pytest.raises(RecorderError, match=r"buffer\.memory"):
        session.start(record=True)
    assert session.has_ended
    assert camera.closes == 1


@pytest.mark.parametrize("nth", [1, 2, 3])
def test_no_thread_can_be_had(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, nth: int) -> None:
    starts = 0
    start = threading.Thread.start

    def refuse(thread: threading.Thread) -> None:
        nonlocal starts
        starts += 1
        if starts == nth:
            raise RuntimeError("can't start new thread")
        start(thread)

    camera = LedCamera()
    session = Session(camera_config(tmp_path), camera=camera)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RecorderError, match="thread"):
        session.start()
    monkeypatch.undo()
    assert session.has_ended
    assert session.status().state == "ended"
    assert camera.opens == camera.closes or camera.opens == 0


def test_many_sessions_leave_nothing(tmp_path: Path) -> None:
    process = psutil.Process()
    gc.collect()
    threads, files = threading.active_count(), process.num_fds()
    children = process.children()
    for number in range(15):
        config = camera_config(tmp_path / str(number), recording__duration="2 frames")
        with Session(config, camera=LedCamera()) as session:
            session.start(record=number % 3 != 0)
            if number % 3 == 2:
                session.stop()
    del session  # the ring goes with it
    gc.collect()
    until(lambda: threading.active_count() <= threads)
    assert process.num_fds() <= files
    assert process.children() == children


# -- watching -------------------------------------------------------------------------------------


def test_the_newest_frame(tmp_path: Path, gate: threading.Event) -> None:
    camera = LedCamera(holds={7: gate})
    with Session(camera_config(tmp_path), camera=camera) as session:
        assert session.latest_frame() is None
        session.start()
        look = until(lambda: (found := session.latest_frame()) and found.sequence == 7 and found)
        assert np.array_equal(look.frame, noise((48, 64), np.uint8, 6))
        assert session.latest_frame(after=look.sequence) is None
        room = np.zeros((48, 64), np.uint8)
        again = session.latest_frame(out=room)
        assert again is not None
        assert again.frame is room
        assert np.array_equal(room, look.frame)
        gate.set()
        newer = until(lambda: session.latest_frame(after=look.sequence))
        assert newer.sequence > look.sequence
    session.latest_frame()  # of an ended session: anything but a crash


def test_status_in_every_state(tmp_path: Path) -> None:
    camera = SlowToOpen()
    session = Session(camera_config(tmp_path, recording__duration="1000 frames"), camera=camera)
    states = [session.status().state]
    starter = threading.Thread(target=session.start, name="starter")
    starter.start()
    assert camera.opening.wait(30)
    states.append(session.status().state)
    camera.may_open.set()
    starter.join()
    states.append(session.status().state)
    session.record()
    states.append(session.status().state)
    recording = until(
        lambda: (s := session.status()).totals.written > 100 and s.fps_in and s.fps_written and s
    )
    session.stop()
    states.append(session.status().state)
    recorded(session)
    states.append(session.status().state)
    assert states[:4] == ["new", "opening", "previewing", "recording"]
    assert states[4] in ("finishing", "ended")
    assert states[5] == "ended"
    assert recording.frame == "64x48 gray8 at 30 fps"
    assert recording.duration == "1000 frames"
    assert recording.fps_written > 0
    assert 0 <= recording.buffer_fill <= 1
    assert 0 <= recording.headroom <= 1
    assert recording.disk_free_bytes
    assert recording.raw_bytes >= 100 * 64 * 48
    ended = session.status()
    assert ended.reason == "requested"
    assert ended.files
    assert ended.as_dict()["totals"]["grabbed"] == ended.totals.grabbed


class Blind:
    """An observer of the disk that only fails."""

    disk = free = to_go_s = None
    kept = 0

    def __init__(self) -> None:
        self.looks = 0

    def look(self, *_: Any) -> None:
        self.looks += 1
        raise OSError("the disk does not answer")

    def time_left_s(self, bytes_per_s: float) -> None:
        return None


def test_an_observer_that_fails_harms_nothing(tmp_path: Path) -> None:
    session = Session(camera_config(tmp_path), camera=LedCamera())
    session.start(record=True)
    session._run.monitor._disk = blind = Blind()  # type: ignore[assignment]
    until(lambda: blind.looks >= 3)
    session.stop()
    summary = recorded(session)
    assert (summary.reason, summary.exit_code) == ("requested", 0)
    assert_adds_up(summary)


def test_the_folder_goes_away(tmp_path: Path) -> None:
    folder = tmp_path / "recordings"
    session = Session(camera_config(folder), camera=LedCamera())
    session.start(record=True)
    until(lambda: list(folder.glob("*.mkv")), "for ffmpeg to make its file")
    folder.rename(tmp_path / "elsewhere")
    summary = recorded(session)  # by itself, within seconds
    assert (summary.reason, summary.exit_code) == ("writer_failed", 4)
    assert str(folder) in str(session.error)
    assert len(verify(tmp_path / "elsewhere").parts) == 1
    assert verify(tmp_path / "elsewhere").ok
    assert read_ledger(next((tmp_path / "elsewhere").glob("*.mkv")))
