"""ffmpeg halted while the ring's own pages are in its pipe: frames of the size where they are."""

import signal
from contextlib import contextmanager

from helpers import assert_adds_up, camera_config, encoders, until

from recorder.pipeline.session import Session
from recorder.playback.verify import verify


@contextmanager
def recording_and_halted(folder, pixel_format):
    """Give a session whose ring has overflowed, and its halted ffmpeg."""
    large = {"size": [800, 600], "fps": 100, "pixel_format": pixel_format}
    with Session(camera_config(folder, **large, buffer__memory="12MiB")) as session:
        session.start(record=True)
        more_written(session, 20)
        ffmpeg = encoders()[-1]
        ffmpeg.send_signal(signal.SIGSTOP)
        try:
            until(lambda: session.status().totals.in_flight >= 40, "for the ring to overflow")
            yield session, ffmpeg
        finally:
            if ffmpeg.is_running():
                ffmpeg.send_signal(signal.SIGCONT)


def more_written(session, frames):
    goal = session.status().totals.written + frames
    until(lambda: session.status().totals.written >= goal)


def expect_exact(session, files):
    session.stop()
    summary = session.wait(30)
    assert summary.exit_code == 6
    assert len(summary.files) == files
    assert_adds_up(summary)
    assert verify(*summary.files).ok


def test_halted_and_continued_nothing_is_mixed_up(tmp_path):
    with recording_and_halted(tmp_path, "gray8") as (session, ffmpeg):
        ffmpeg.send_signal(signal.SIGCONT)
        more_written(session, 30)
        expect_exact(session, files=1)


def test_killed_while_it_is_halted(tmp_path):
    with recording_and_halted(tmp_path, "bgr8") as (session, ffmpeg):
        ffmpeg.kill()
        until(lambda: len(list(tmp_path.rglob("*.mkv"))) == 2)
        more_written(session, 20)
        expect_exact(session, files=2)
