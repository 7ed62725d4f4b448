"""ffmpeg halted while the ring's own pages are in its pipe: frames of the size where they are."""

import signal

from helpers import assert_adds_up, camera_config, encoders, until

from recorder.pipeline.session import Session
from recorder.playback.verify import verify


def test_halted_and_continued_nothing_is_mixed_up(tmp_path):
    config = camera_config(
        tmp_path,
        source="synthetic",
        size=[800, 600],
        fps=100,
        pixel_format="gray8",
        buffer__memory="8MiB",
    )
    session = Session(config)
    session.start(record=True)
    until(lambda: session.status().totals.written >= 20)
    ffmpeg = encoders()[-1]
    ffmpeg.send_signal(signal.SIGSTOP)
    until(lambda: session.status().totals.in_flight >= 40, "for the ring to overflow")
    ffmpeg.send_signal(signal.SIGCONT)
    written = session.status().totals.written
    until(lambda: session.status().totals.written >= written + 30)
    session.stop()
    summary = session.wait(30)
    assert summary.exit_code == 6
    assert_adds_up(summary)
    verdict = verify(*summary.files)
    assert verdict.ok, verdict
    assert len(summary.files) == 1


def test_killed_while_it_is_halted(tmp_path):
    config = camera_config(
        tmp_path,
        source="synthetic",
        size=[800, 600],
        fps=100,
        pixel_format="bgr8",
        buffer__memory="16MiB",
    )
    session = Session(config)
    session.start(record=True)
    until(lambda: session.status().totals.written >= 20)
    ffmpeg = encoders()[-1]
    ffmpeg.send_signal(signal.SIGSTOP)
    until(lambda: session.status().totals.in_flight >= 40, "for the ring to overflow")
    ffmpeg.kill()
    until(lambda: len(list(tmp_path.rglob("*.mkv"))) == 2)
    written = session.status().totals.written
    until(lambda: session.status().totals.written >= written + 20)
    session.stop()
    summary = session.wait(30)
    assert summary.exit_code == 6
    assert len(summary.files) == 2
    assert_adds_up(summary)
    assert verify(*summary.files).ok
