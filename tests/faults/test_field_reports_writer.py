"""Programs that fork, and programs that are ended, while they write a video."""

from __future__ import annotations

import mmap
import multiprocessing
import os
import re
import shutil
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path

import numpy as np
import psutil
import pytest

from recorder import (
    LosslessVideoWriter,
    Session,
    load,
    mimread,
    mimwrite,
    save,
    signals,
    verify,
)
from recorder.errors import EncoderDied, RecorderError, WriterError
from recorder.ffmpeg.decode import count_frames, decode_frames
from recorder.ffmpeg.program import executable
from recorder.frame import FrameSpec
from recorder.lossless.containers import container_of
from recorder.lossless.encoder import exact_codec
from recorder.system import WINDOWS, is_locked
from recorder.writers.ffmpeg import Encoder, encode_command
from recorder.writers.hdf5 import reading
from tests.faults.ends_untidily import FRAMES, LARGE
from tests.helpers import LedCamera, camera_config, encoders, until

slow = pytest.mark.slow
VIDEOS = [".mp4", ".avi", *(pytest.param(name, marks=slow) for name in (".mkv", ".mov"))]

pytestmark = [
    pytest.mark.skipif(WINDOWS, reason="no forks and no such signals"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),  # that is what it is about
]


def assert_same(found, given):
    assert (found.shape, found.dtype) == (given.shape, given.dtype)
    assert np.array_equal(found, given)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def assert_begins(path: Path, frames, at_least: int) -> None:
    """Check that a file has the first frames, exact, and so many of them."""
    found = mimread(path)
    assert at_least <= len(found) <= len(frames)
    assert_same(found, frames[: len(found)])


# -- forked children ------------------------------------------------------------------------------


class Children:
    """Forked processes that stay until the end of a test."""

    def __init__(self) -> None:
        self._fork = multiprocessing.get_context("fork")
        self._all: list[multiprocessing.process.BaseProcess] = []

    def add(self, task=lambda: time.sleep(600)) -> multiprocessing.process.BaseProcess:
        child = self._fork.Process(target=task)
        child.start()
        self._all.append(child)
        return child

    def are_alive(self) -> bool:
        return bool(self._all) and all(child.is_alive() for child in self._all)

    def end(self) -> None:
        for child in self._all:
            child.kill()
            child.join()
            child.close()


@pytest.fixture
def children() -> Iterator[Children]:
    found = Children()
    yield found
    found.end()


@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_a_file_closes_at_once_and_whole_while_forked_children_live_on(tmp_path, children, suffix):
    video = LosslessVideoWriter(tmp_path / f"a{suffix}")
    video.open()
    video.write(FRAMES[0])
    children.add()
    video.write(FRAMES[1])
    children.add()
    (ffmpeg,) = encoders()
    video.close()
    assert not ffmpeg.is_running()  # it ended by itself: killed, it would have been an error
    assert children.are_alive()
    assert names(tmp_path) == [f"a{suffix}"]
    assert_same(mimread(tmp_path / f"a{suffix}"), FRAMES[:2])


@pytest.mark.parametrize("suffix", [".mkv", ".h5"])
def test_a_generator_may_start_a_pool_of_processes(tmp_path, suffix):
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(2, context) as pool:

        def frames():
            yield FRAMES[0]
            yield from pool.map(np.negative, FRAMES[1:6])  # here it forks

        mimwrite(tmp_path / f"a{suffix}", frames())
        assert names(tmp_path) == [f"a{suffix}"]
        found = mimread(tmp_path / f"a{suffix}")  # its workers live on, and do not lock it
    assert_same(found, np.stack([FRAMES[0], *np.negative(FRAMES[1:6])]))


def test_a_child_is_told_that_it_cannot_write_to_its_parents_file(tmp_path, children):
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe()
    video = LosslessVideoWriter(tmp_path / "a.mkv")
    video.open()
    video.write(FRAMES[0])

    def try_it():
        try:
            video.write(FRAMES[1])
        except WriterError as error:
            theirs.send(str(error))
        video.close()
        video.mimwrite(FRAMES[:3])  # it is free for another file now
        theirs.send("closed")

    child = children.add(try_it)
    assert str(os.getpid()) in ours.recv()
    assert ours.recv() == "closed"
    child.join()
    ours.close()
    theirs.close()
    video.write(FRAMES[1])
    video.close()
    assert names(tmp_path) == ["a.mkv"]
    assert_same(mimread(tmp_path / "a.mkv"), FRAMES[:2])


class ForksWhenPickled:
    """Is in the middle of a file when it forks."""

    def __init__(self, children: Children) -> None:
        self._children = children

    def __reduce__(self):
        self._children.add()
        return (str, ("pickled",))

    def __eq__(self, other: object) -> bool:
        return other == "pickled"

    __hash__ = None


def test_a_child_does_not_keep_a_file_locked_that_is_being_saved(tmp_path, children):
    save(tmp_path / "a.h5", {"frames": FRAMES, "object": ForksWhenPickled(children)})
    assert children.are_alive()
    assert_same(load(tmp_path / "a.h5")["frames"], FRAMES)
    assert not is_locked(tmp_path / "a.h5")


@pytest.mark.parametrize("format_", ["video", "hdf5"])
def test_a_session_loses_no_frames_while_its_program_forks(tmp_path, children, format_):
    camera = LedCamera(frames=300)
    camera.before = lambda number: None if number % 100 else forks.append(number)
    forks: list[int] = []
    with Session(camera_config(tmp_path, recording__format=format_), camera=camera) as session:
        session.start(record=True)
        for count in (1, 2, 3):
            until(lambda count=count: len(forks) >= count)
            children.add()
        summary = session.wait(60)
    assert children.are_alive()
    assert (summary.exit_code, summary.written, summary.dropped) == (0, 300, 0)
    assert verify(tmp_path).ok
    (path,) = [path for path in tmp_path.iterdir() if path.suffix in (".mkv", ".h5")]
    assert not is_locked(path)


def test_a_forked_child_leaves_a_session_alone(tmp_path, children):
    with Session(camera_config(tmp_path), camera=LedCamera(frames=50)) as session:
        session.start(record=True)

        def leave():
            session.__exit__(None, None, None)
            with pytest.raises(RecorderError, match=str(os.getppid())):
                session.wait()

        child = children.add(leave)
        child.join(60)
        assert child.exitcode == 0
        summary = session.wait(60)
    assert (summary.exit_code, summary.written) == (0, 50)


# -- scripts --------------------------------------------------------------------------------------


@contextmanager
def script(what: str, target: Path, *enter: str) -> Iterator[subprocess.Popen[str]]:
    """Run a script; killed in the end, with its ffmpegs."""
    command = [*enter, sys.executable, "-m", "tests.faults.ends_untidily", what, str(target)]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as child:
        try:
            yield child
        finally:
            child.kill()


def ready(child: subprocess.Popen[str]) -> str:
    """Wait until a script is ready; return what it says then."""
    for line in child.stdout:
        if line.startswith("ready"):
            return line[len("ready ") : -1]
    raise AssertionError(f"it ended with {child.wait()}")


def run_to_its_end(what: str, target: Path) -> str:
    with script(what, target) as child:
        said = ready(child)
        assert child.wait() == 0
    return said


def test_children_that_end_in_every_way_leave_the_file_alone(tmp_path):
    with script("has_children", tmp_path / "live.mkv") as child:
        said = child.stdout.read().split()
        assert child.wait() == 0
    assert said == ["0", "0", f"-{signal.SIGTERM:d}", "ready"]
    assert names(tmp_path) == ["live.mkv"]
    assert_same(mimread(tmp_path / "live.mkv"), FRAMES[:40])


@pytest.mark.parametrize("suffix", [".mkv", ".h5"])
def test_a_child_that_leaves_a_generator_leaves_the_file_alone(tmp_path, suffix):
    with script("has_children_in_a_generator", tmp_path / f"live{suffix}") as child:
        said = child.stdout.read().split()
        assert child.wait() == 0
    assert said == ["3", "ready"]
    assert names(tmp_path) == [f"live{suffix}"]
    assert_same(mimread(tmp_path / f"live{suffix}"), FRAMES[:40])


@pytest.mark.parametrize(("number", "suffix"), [(signal.SIGTERM, ".mp4"), (signal.SIGHUP, ".mkv")])
def test_a_signal_ends_a_script_when_its_file_is_whole(tmp_path, number, suffix):
    with script("waits", tmp_path / f"live{suffix}") as child:
        ready(child)
        child.send_signal(number)
        assert child.wait() == -number
    assert names(tmp_path) == [f"live{suffix}"]
    assert_same(mimread(tmp_path / f"live{suffix}"), FRAMES[:20])


def test_a_signal_ends_process_1_of_a_container_too(tmp_path):
    enter = ["unshare", "--user", "--map-root-user", "--pid", "--fork"]
    if not shutil.which("unshare") or subprocess.run([*enter, "true"], check=False).returncode:
        pytest.skip("this system gives us no processes of our own")
    with script("is_process_1", tmp_path / "live.mp4", *enter) as child:
        said = child.stdout.read().splitlines()
        assert (said, child.wait()) == (["ready 1"], 128 + signal.SIGTERM)
    assert names(tmp_path) == ["live.mp4"]
    assert_same(mimread(tmp_path / "live.mp4"), FRAMES[:20])


@pytest.mark.parametrize("suffix", [".mkv", ".h5"])
def test_a_file_that_a_signal_has_closed_takes_no_more_frames(tmp_path, suffix):
    """Even if the program lives on, and other files have its descriptors by now."""
    given = []

    def frames():
        yield FRAMES[0]
        (output,) = signals._endings._open.values()
        output.finish_now()
        given.extend((tmp_path / f"other{number}").open("wb") for number in range(20))
        yield FRAMES[1]

    with pytest.raises(WriterError, match="is closed"):
        mimwrite(tmp_path / f"live{suffix}", frames())
    for other in given:
        other.close()
    assert [path for path in tmp_path.glob("other*") if path.stat().st_size] == []
    assert_same(mimread(tmp_path / f"live.unfinished{suffix}"), FRAMES[:1])


def test_an_encoder_that_is_finished_has_no_descriptor(tmp_path):
    spec = FrameSpec(width=32, height=24, pixel_format="gray8", fps=30.0)
    codec = exact_codec(spec, container_of(Path("a.mkv")), "auto", None, executable())
    encoder = Encoder(encode_command(spec, codec, str(tmp_path / "a.mkv")))
    encoder.write(FRAMES[0])
    encoder.finish()
    others = [(tmp_path / f"other{number}").open("wb") for number in range(20)]
    with pytest.raises(EncoderDied):
        encoder.write(FRAMES[1])
    for other in others:
        other.close()
        assert not Path(other.name).stat().st_size


@pytest.mark.parametrize("whole", [2, 0])
def test_a_signal_in_the_middle_of_a_frame_costs_that_frame_alone(tmp_path, whole):
    target = tmp_path / "live.mkv"
    target.write_bytes(b"before")
    with script(f"is_cut_after_{whole}", target) as child:
        ffmpeg = psutil.Process(int(ready(child)))
        until(lambda: waits_for_the_reader(child.pid))
        child.send_signal(signal.SIGTERM)
        ffmpeg.resume()
        assert child.wait() == -signal.SIGTERM
    assert names(tmp_path) == ["live.mkv"]
    if whole:
        assert_same(mimread(target), LARGE[:whole])
    else:
        assert target.read_bytes() == b"before"


def waits_for_the_reader(pid: int) -> bool:
    """Whether a process writes to a full pipe; it sleeps for nothing else by then."""
    return psutil.Process(pid).status() == psutil.STATUS_SLEEPING


def test_a_signal_also_finishes_the_file_of_another_thread(tmp_path):
    with script("writes_in_a_thread", tmp_path / "live.mkv") as child:
        ready(child)
        child.send_signal(signal.SIGTERM)
        assert child.wait() == -signal.SIGTERM
    assert names(tmp_path) == ["live.mkv", "other.mkv"]
    assert_same(mimread(tmp_path / "live.mkv"), FRAMES[:20])


@pytest.mark.parametrize("suffix", [".mkv", ".h5"])
def test_a_signal_ends_mimwrite_with_a_whole_file_or_none(tmp_path, suffix):
    target = tmp_path / f"live{suffix}"
    target.write_bytes(b"before")
    with script("generates", target) as child:
        ready(child)
        child.send_signal(signal.SIGTERM)
        assert child.wait() == -signal.SIGTERM
    assert target.read_bytes() == b"before"
    assert names(tmp_path) == sorted([target.name, f"live.unfinished{suffix}"])
    assert_same(mimread(tmp_path / f"live.unfinished{suffix}"), FRAMES[:20])


def test_handlers_stand_over_the_default_alone_while_a_file_is_open(tmp_path):
    said = run_to_its_end("sets_handlers", tmp_path / "live.mkv")
    none, ours = ["SIG_DFL", "SIG_DFL"], ["ours", "ours"]
    assert said == str([none, none, ours, ours, none])


@pytest.mark.parametrize("suffix", VIDEOS)
def test_what_a_killed_script_has_written_is_found_and_decodes(tmp_path, suffix):
    target = tmp_path / f"live{suffix}"
    target.write_bytes(b"before")
    (tmp_path / f"live.unfinished{suffix}").write_bytes(b"an earlier crash")
    with script("waits", target) as child:
        ready(child)
        (ffmpeg,) = encoders(child.pid)
        child.kill()
        child.wait()
        until(lambda: not ffmpeg.is_running())  # it sees the end of its input
    assert target.read_bytes() == b"before"
    assert (tmp_path / f"live.unfinished{suffix}").read_bytes() == b"an earlier crash"
    assert_same(mimread(tmp_path / f"live.unfinished-2{suffix}"), FRAMES[:20])
    assert len(names(tmp_path)) == 3


def test_what_a_killed_script_has_written_to_hdf5_is_found_while_it_waits_for_a_frame(tmp_path):
    unfinished = tmp_path / "live.unfinished.h5"
    with script("generates", tmp_path / "live.h5") as child:
        ready(child)
        until(lambda: frames_in_sight(unfinished) == 20)
        child.kill()
        child.wait()
    assert names(tmp_path) == [unfinished.name]
    assert_same(mimread(unfinished), FRAMES[:20])


def frames_in_sight(path: Path) -> int:
    """Count the frames that a reader would see in a file that is being written, and so locked."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:

        def get(address: int, count: int) -> bytes:
            return data[address : address + count]

        root = reading.Group(get, *struct.unpack("<Q", get(reading.ROOT_AT, 8)))
        return reading.dataset(get, root.members["frames"])[0]


@pytest.mark.parametrize("suffix", VIDEOS)
def test_a_killed_ffmpeg_leaves_what_it_has_encoded_and_the_error_names_it(tmp_path, suffix):
    """Also of a rate that is far from the truth: a time-lapse, which is shown faster."""
    target, unfinished = (tmp_path / f"live{name}{suffix}" for name in ("", ".unfinished"))
    target.write_bytes(b"before")
    video = LosslessVideoWriter(target, fps=200)
    video.open()
    for frame in FRAMES[:30]:
        video.write(frame)
    until(lambda: unfinished.stat().st_size > 0 and count_frames(unfinished) >= 25)
    (ffmpeg,) = encoders()
    ffmpeg.kill()
    with pytest.raises(EncoderDied, match="signal 9") as died:
        video.close()
    found = mimread(unfinished)
    assert f"{len(found)} of its frames can be read in {unfinished}" in str(died.value)
    assert_begins(unfinished, FRAMES[:30], 25)
    assert target.read_bytes() == b"before"
    assert names(tmp_path) == sorted([target.name, unfinished.name])


@pytest.mark.parametrize(
    "suffix",
    [".mp4", ".h5", *(pytest.param(name, marks=slow) for name in (".mkv", ".avi", ".mov"))],
)
def test_a_limit_on_the_size_of_files_leaves_what_fits(tmp_path, suffix):
    said = run_to_its_end("meets_a_limit", tmp_path / f"live{suffix}")
    unfinished = tmp_path / f"live.unfinished{suffix}"
    assert names(tmp_path) == [unfinished.name]
    assert unfinished.stat().st_size <= 100_000
    count = int(re.search(r"(\d+) of its frames can be read in", said)[1])
    assert f"{count} of its frames can be read in {unfinished}" in said
    assert (1 if suffix == ".h5" else 20) <= count < len(FRAMES)
    assert_same(whole_frames(unfinished, count), FRAMES[:count])
    assert "ulimit -f" in said


@pytest.mark.parametrize("suffix", [".mp4", pytest.param(".mkv", marks=slow)])
def test_the_first_error_at_a_limit_on_the_size_of_files_says_where_the_frames_are(
    tmp_path, suffix
):
    said = run_to_its_end("meets_a_limit_in_a_write", tmp_path / f"live{suffix}")
    assert said.startswith("FileTooLarge ")
    assert "ulimit -f" in said
    assert f"of its frames can be read in {tmp_path / f'live.unfinished{suffix}'}" in said


def whole_frames(path: Path, count: int) -> np.ndarray:
    """Read the first frames; `mimread` refuses a video whose last one is cut in two."""
    if path.suffix == ".h5":
        found = mimread(path)
        assert len(found) == count
        return found
    height, width = FRAMES.shape[1:]
    spec = FrameSpec(width=width, height=height, pixel_format="gray8", fps=30.0)
    with closing(decode_frames(path, spec)) as decoded:
        return np.stack([frame.copy() for frame in islice(decoded, count)])
