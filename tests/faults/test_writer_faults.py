"""Encoders that die, stand still or cannot write, and disks that refuse: all of it is told."""

from __future__ import annotations

import errno
import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from helpers import (
    LedCamera,
    assert_adds_up,
    camera_config,
    encoders,
    read_about,
    read_ledger,
    until,
)

from recorder import verify
from recorder.pipeline import guards
from recorder.pipeline.session import Session
from recorder.pipeline.summary import TakeSummary
from recorder.writers import ffmpeg

FRAMES = 5


def finished(session: Session) -> TakeSummary:
    summary = session.wait(60)
    assert summary is not None
    return summary


def record(folder: Path) -> TakeSummary:
    session = Session(camera_config(folder), camera=LedCamera(frames=FRAMES))
    session.start(record=True)
    return finished(session)


def assert_readable(folder: Path) -> None:
    """Check every file; an encoder that died at birth has made none, and claims no frame."""
    for part in verify(folder).parts if any(folder.iterdir()) else ():
        assert part.ok if Path(part.file).exists() else part.expected == 0, part


# -- the Nth call fails -----------------------------------------------------------------------


class FaultyOs:
    """The operating system, except that one function fails at its Nth call.

    Not on the thread that syncs meanwhile: it comes when it likes, and loses nothing if it fails.
    """

    def __init__(self, function: str, at: int, number: int, *, for_ever: bool = False) -> None:
        self._function, self._at, self._errno, self._for_ever = function, at, number, for_ever
        self.calls = 0
        self.failed = 0

    def __getattr__(self, name: str) -> Any:
        return self._call if name == self._function else getattr(os, name)

    def _call(self, *arguments: Any) -> Any:
        if threading.current_thread().name.endswith(" sync"):
            return getattr(os, self._function)(*arguments)
        self.calls += 1
        if self.calls == self._at or (self._for_ever and self.calls > self._at):
            self.failed += 1
            raise OSError(self._errno, os.strerror(self._errno))
        return getattr(os, self._function)(*arguments)


@pytest.fixture(autouse=True, scope="module")
def _codec_is_proven(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The proof before a recording writes too; here only the recording shall fail."""
    record(tmp_path_factory.mktemp("proven"))


@pytest.mark.parametrize(
    ("number", "for_ever"),
    [
        pytest.param(errno.ENOSPC, False, id="ENOSPC once", marks=pytest.mark.slow),
        pytest.param(errno.ENOSPC, True, id="ENOSPC for ever"),
        pytest.param(errno.EIO, False, id="EIO once"),
        pytest.param(errno.EIO, True, id="EIO for ever", marks=pytest.mark.slow),
    ],
)
def test_the_nth_write_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, for_ever: bool
) -> None:
    """Rows and frames go through one function; each of its calls is made to fail in turn."""
    for nth in range(1, 100):
        faulty = FaultyOs("write", nth, number, for_ever=for_ever)
        folder = tmp_path / str(nth)
        with monkeypatch.context() as patch:
            patch.setattr("recorder.system.os", faulty)
            summary = record(folder)
        if not faulty.failed:
            assert (summary.exit_code, summary.written) == (0, FRAMES)
            break
        told = f"call {nth}: {summary}"
        assert summary.exit_code in (4, 5, 6) or _only_the_claim_failed(nth, summary), told
        assert summary.grabbed <= FRAMES, told
        # A row that the system refuses is not there; that is all that may be missing.
        assert_adds_up(summary, faulty.failed if summary.files else summary.grabbed)
        assert_readable(folder)
    assert nth > 2 * FRAMES  # a row and a frame each


def _only_the_claim_failed(nth: int, summary: TakeSummary) -> bool:
    """Whether the file was opened at the second try: nothing is lost then."""
    return nth == 1 and summary.exit_code == 0 and summary.written == FRAMES


@pytest.mark.parametrize(
    "number",
    [errno.ENOSPC, pytest.param(errno.EIO, marks=pytest.mark.slow)],
    ids=["ENOSPC", "EIO"],
)
def test_the_nth_fsync_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    for nth in range(1, 100):
        faulty = FaultyOs("fsync", nth, number)
        folder = tmp_path / str(nth)
        with monkeypatch.context() as patch:
            patch.setattr("recorder.system.os", faulty)
            summary = record(folder)
        if not faulty.failed:
            assert summary.exit_code == 0
            break
        assert summary.exit_code == (5 if number == errno.ENOSPC else 4), f"call {nth}: {summary}"
        assert summary.errors
        assert summary.grabbed == summary.written + summary.dropped
        (part,) = verify(folder).parts
        assert part.ok
        assert part.exact == summary.written
    assert nth > 3  # ledger, video, about, folder


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
def test_a_rename_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    def refuse(path: Path, target: Path) -> Path:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", refuse)
        summary = record(tmp_path)
    assert summary.exit_code == (5 if number == errno.ENOSPC else 4)
    (part,) = verify(tmp_path).parts
    assert part.ok
    assert part.exact == summary.written


# -- ffmpeg is killed -------------------------------------------------------------------------


def test_an_encoder_that_is_killed_is_replaced(tmp_path: Path) -> None:
    camera = LedCamera()
    with Session(camera_config(tmp_path), camera=camera) as session:
        session.start(record=True)
        until(lambda: session.status().totals.written >= 100)
        (first,) = encoders()
        until(lambda: list(tmp_path.glob("*.mkv")), "for its file")
        first.kill()
        killed = time.monotonic()
        (second,) = until(lambda: [e for e in encoders() if e.pid != first.pid])
        noticed_s = time.monotonic() - killed
        before = session.status().totals.written
        until(lambda: session.status().totals.written >= before + 100)
        assert second.is_running()
        session.stop()
        summary = finished(session)
    assert noticed_s < 1.0
    assert (summary.reason, summary.exit_code) == ("requested", 6)
    stem = summary.files[0].removesuffix(".mkv")
    assert summary.files == (f"{stem}.mkv", f"{stem}_0001.mkv")
    rows = assert_adds_up(summary)
    lost = [row for row in rows if row["status"] == "dropped"]
    assert len(lost) == summary.dropped > 0
    assert {row["note"] for row in lost} == {"encoder_died"}
    assert read_about(summary.files[0])["reason"] == "writer_failed"
    assert "signal 9" in read_about(summary.files[0])["error"]
    assert read_about(summary.files[1])["reason"] == "requested"
    assert verify(tmp_path).ok
    assert camera.opens == 1


def test_an_idle_encoder_that_is_killed_is_noticed(tmp_path: Path) -> None:
    """No frame comes: nothing but a look at the process tells."""
    gate = threading.Event()
    camera = LedCamera(frames=40, holds={20: gate})
    camera.timeout_s = 1000.0
    with Session(camera_config(tmp_path), camera=camera) as session:
        try:
            session.start(record=True)
            until(lambda: session.status().totals.written == 20)
            (first,) = encoders()
            first.kill()
            killed = time.monotonic()
            until(lambda: [e for e in encoders() if e.pid != first.pid])
            assert time.monotonic() - killed < 1.0
        finally:
            gate.set()
        summary = finished(session)
    assert (summary.reason, summary.exit_code, summary.grabbed) == ("end_of_source", 6, 40)
    assert_adds_up(summary)
    assert summary.written >= 20  # all that came after


def test_encoders_that_are_killed_again_and_again(tmp_path: Path) -> None:
    camera = LedCamera()
    killed: set[int] = set()

    def kill_one() -> bool:
        for encoder in encoders():
            # Once it has its file: before, there is nothing that could be lost.
            if encoder.pid not in killed and _has_file(encoder, tmp_path):
                encoder.kill()
                killed.add(encoder.pid)
        return session.has_ended

    with Session(camera_config(tmp_path), camera=camera) as session:
        session.start(record=True)
        until(kill_one, "for the session to give up")
        summary = finished(session)
    assert (summary.reason, summary.exit_code) == ("writer_failed", 4)
    assert "signal 9" in str(session.error)
    assert 1 < len(killed) <= 6
    assert len(summary.files) == len(killed)
    rows = assert_adds_up(summary)
    assert {row["note"] for row in rows if row["status"] == "dropped"} == {"encoder_died"}
    assert verify(tmp_path).ok


def test_encoders_that_are_killed_at_birth(tmp_path: Path) -> None:
    """They never made a file; what is left must not read as a broken recording."""

    def kill_all() -> bool:
        for encoder in encoders():
            encoder.kill()
        return session.has_ended

    with Session(camera_config(tmp_path), camera=LedCamera()) as session:
        session.start(record=True)
        until(kill_all, "for the session to give up")
        summary = finished(session)
    assert (summary.reason, summary.exit_code) == ("writer_failed", 4)
    assert_adds_up(summary)
    assert_readable(tmp_path)


def _has_file(encoder: psutil.Process, folder: Path) -> bool:
    try:
        return Path(encoder.cmdline()[-1].removeprefix("file:")).exists()
    except (psutil.Error, IndexError):
        return False


# -- ffmpeg stands still ----------------------------------------------------------------------


@pytest.fixture
def halt() -> Iterator[Any]:
    """Halt an encoder; all of them go on in the end."""
    halted: list[psutil.Process] = []

    def stop() -> psutil.Process:
        (encoder,) = until(encoders)
        encoder.send_signal(signal.SIGSTOP)
        halted.append(encoder)
        return encoder

    yield stop
    for encoder in halted:
        if encoder.is_running():
            encoder.send_signal(signal.SIGCONT)


def test_halted_for_a_while(tmp_path: Path, halt: Any) -> None:
    """Three times the encoder stands still, and each time the lost frames are told exactly."""
    camera = LedCamera(640, 480)
    with Session(camera_config(tmp_path, buffer__memory="3MiB"), camera=camera) as session:
        session.start(record=True)
        for _ in range(3):
            written = session.status().totals.written
            until(lambda: session.status().totals.written >= written + 10)  # noqa: B023
            dropped = session.status().totals.dropped
            encoder = halt()
            grabbed = session.status().totals.grabbed
            until(lambda: session.status().totals.grabbed >= grabbed + 60)  # noqa: B023
            encoder.send_signal(signal.SIGCONT)
            until(lambda: session.status().totals.dropped > dropped + 30)  # noqa: B023
        session.stop()
        summary = finished(session)
    assert (summary.reason, summary.exit_code, len(summary.files)) == ("requested", 6, 1)
    rows = assert_adds_up(summary)
    kept = [int(row["grab"]) for row in rows if row["status"] == "written"]
    assert kept == camera.retrieved[: len(kept)]
    assert len(camera.retrieved) - len(kept) <= 1  # the one that came when the ring was closed
    assert {row["note"] for row in rows if row["status"] == "dropped"} == {"overflow"}
    assert verify(tmp_path).ok


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "STUCK_WRITER_S", 0.5)
    monkeypatch.setattr(ffmpeg, "CLOSE_TIMEOUT_S", 0.5)


@pytest.mark.usefixtures("_impatient")
@pytest.mark.parametrize("when_full", ["drop", "wait"])
def test_halted_in_the_middle_of_a_frame_and_asked_to_stop(
    tmp_path: Path, halt: Any, when_full: str
) -> None:
    camera = LedCamera(640, 480)
    config = camera_config(tmp_path, buffer__memory="3MiB", buffer__when_full=when_full)
    with Session(config, camera=camera) as session:
        session.start(record=True)
        until(lambda: session.status().totals.written >= 10)
        until(lambda: list(tmp_path.glob("*.mkv")))
        encoder = halt()
        until(lambda: session.status().buffer_fill > 0.7)
        session.stop()
        summary = finished(session)
    assert not encoder.is_running() or encoder.status() == psutil.STATUS_ZOMBIE
    assert (summary.reason, summary.exit_code) == ("requested", 6)
    rows = assert_adds_up(summary)
    notes = {row["note"] for row in rows if row["status"] == "dropped"}
    assert "encoder_died" in notes
    assert notes <= {"encoder_died", "overflow"}
    # One that is slow to start is ended as well, by so little patience.
    assert len(summary.files) >= 2
    assert verify(tmp_path).ok


@pytest.mark.usefixtures("_impatient")
def test_halted_with_the_very_last_frame(tmp_path: Path, halt: Any) -> None:
    """The ring is empty already, and the writer still waits."""
    gate = threading.Event()
    camera = LedCamera(2000, 2000, frames=6, holds={5: gate})
    camera.timeout_s = 1000.0
    with Session(camera_config(tmp_path, buffer__memory="64MiB"), camera=camera) as session:
        try:
            session.start(record=True)
            until(lambda: session.status().totals.written == 5)
            until(lambda: list(tmp_path.glob("*.mkv")))
            halt()
        finally:
            gate.set()
        summary = finished(session)
    assert (summary.reason, summary.grabbed) == ("end_of_source", 6)
    assert summary.exit_code == 6
    assert_adds_up(summary)
    assert verify(tmp_path).ok


@pytest.mark.usefixtures("_impatient")
def test_halted_when_the_file_is_closed(tmp_path: Path, halt: Any) -> None:
    """Everything is in the pipe; only the end is missing."""
    gate = threading.Event()
    camera = LedCamera(frames=60, holds={50: gate})
    camera.timeout_s = 1000.0
    with Session(camera_config(tmp_path), camera=camera) as session:
        try:
            session.start(record=True)
            until(lambda: session.status().totals.written == 50)
            until(lambda: list(tmp_path.glob("*.mkv")))
            halt()
        finally:
            gate.set()
        summary = finished(session)
    assert (summary.reason, summary.grabbed) == ("end_of_source", 60)
    assert summary.exit_code in (4, 6)
    rows = assert_adds_up(summary)
    assert sum(row["note"] == "encoder_died" for row in rows) == summary.dropped > 0
    assert read_ledger(summary.files[0])
    assert verify(tmp_path).ok
