"""A script that writes a video and is not left alone.

``python -m tests.faults.ends_untidily WHAT TARGET``: says "ready", and what it knows, when it has
come so far.
"""

import os
import signal
import sys
import threading
import time
from pathlib import Path

import numpy as np

from recorder import LosslessVideoWriter, mimwrite
from recorder.errors import RecorderError

FRAMES = np.random.default_rng(0).integers(0, 256, (200, 24, 32), np.uint8)
LARGE = np.random.default_rng(1).integers(0, 256, (3, 1100, 1000, 3), np.uint8)
SIGNALS = (signal.SIGTERM, signal.SIGHUP)


def say(*words):
    print(*words, flush=True)


def opened(target, frames=FRAMES[:20]):
    video = LosslessVideoWriter(target)
    video.open()
    for frame in frames:
        video.write(frame)
    return video


def waits(target):
    """Write some frames, then wait for the next one."""
    _video = opened(target)
    say("ready")
    time.sleep(60)


def generates(target):
    """Let a generator wait for its next frame."""

    def frames():
        yield from FRAMES[:20]
        say("ready")
        time.sleep(60)

    mimwrite(target, frames())


def is_cut_after_2(target):
    """Be in the middle of a frame that is larger than the pipe, and that ffmpeg does not take."""
    from tests.helpers import encoders

    video = opened(target, LARGE[:2])
    (ffmpeg,) = encoders(os.getpid())
    ffmpeg.suspend()
    say("ready", ffmpeg.pid)
    video.write(LARGE[2])


def is_cut_after_0(target):
    """Be in the middle of the first frame, which is said just before it is written."""
    from recorder.writers.ffmpeg import Encoder
    from tests.helpers import encoders

    def write(self, frame):
        (ffmpeg,) = encoders(os.getpid())
        ffmpeg.suspend()
        say("ready", ffmpeg.pid)
        theirs(self, frame)

    opened(target.replace("live", "other"), LARGE[:1]).close()  # the proof writes, too
    Path(target.replace("live", "other")).unlink()
    theirs, Encoder.write = Encoder.write, write
    opened(target, LARGE[:1])


def is_process_1(target):
    """Send ourselves the signal: the kernel does not let its default action end process 1."""
    _video = opened(target)
    say("ready", os.getpid())
    os.kill(os.getpid(), signal.SIGTERM)
    say("it lives")


def writes_in_a_thread(target):
    """Have a thread with the file, while the main thread has another."""
    _own = opened(target.replace("live", "other"))
    videos = []
    thread = threading.Thread(target=lambda: videos.append(opened(target)))
    thread.start()
    thread.join()
    say("ready")
    time.sleep(60)


def meets_a_limit(target):
    """Write until the file is larger than the system allows."""
    import resource

    mimwrite(target, FRAMES[:1])  # the proof has files, too
    Path(target).unlink()
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    try:
        mimwrite(target, (frame for frame in FRAMES))
    except RecorderError as error:
        say("ready", error)


def meets_a_limit_in_a_write(target):
    """Write one by one, until a write tells that the file is larger than the system allows."""
    import resource

    opened(target, FRAMES[:1]).close()
    Path(target).unlink()
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    video = opened(target)
    try:
        while True:
            video.write(FRAMES[20])
    except RecorderError as error:
        say("ready", type(error).__name__, error)


def has_children(target):
    """Fork children that end in every way while the file is open."""
    video = opened(target)
    for end in (sys.exit, video.close, lambda: os.kill(os.getpid(), signal.SIGTERM)):
        pid = os.fork()
        if not pid:
            end()
            sys.exit()  # all that runs at an exit runs in a child, too
        say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    for frame in FRAMES[20:40]:
        video.write(frame)
    video.close()
    say("ready")


def has_children_in_a_generator(target):
    """Fork a child that leaves the generator."""

    def frames():
        yield from FRAMES[:20]
        pid = os.fork()
        if not pid:
            sys.exit(3)
        say(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
        yield from FRAMES[20:40]

    mimwrite(target, frames())
    say("ready")


def sets_handlers(target):
    """Say which handlers there are, before, while and after a file is open."""

    def kinds():
        return [getattr(handler, "name", "ours") for handler in map(signal.getsignal, SIGNALS)]

    def own(number, frame):
        say("own", number)

    found = [kinds()]
    opened(target).close()
    found.append(kinds())
    first, second = opened(target), opened(target.replace("live", "other"))
    found.append(kinds())
    first.close()
    found.append(kinds())
    second.close()
    found.append(kinds())
    signal.signal(signal.SIGTERM, own)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    video = opened(target)
    os.kill(os.getpid(), signal.SIGTERM)
    os.kill(os.getpid(), signal.SIGHUP)
    video.close()
    assert signal.getsignal(signal.SIGTERM) is own
    thread = threading.Thread(target=lambda: opened(target))
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) is own
    say("ready", found)


if __name__ == "__main__":
    globals()[sys.argv[1]](sys.argv[2])
