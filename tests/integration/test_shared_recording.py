"""One open recording in several threads and processes: every one of them gets the right frames."""

from __future__ import annotations

import os
import pickle
import random
import select
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from helpers import SLOW
from recordings import GRAY, frames, write

from recorder import RecorderError, mimwrite, open_recording
from recorder.playback.recording import Recording
from recorder.writers.codecs import Codec, choose

COUNT = 20
GIVEN = frames(COUNT)
KINDS = ["key frames only", "few key frames", "HDF5"]
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
# From Python 3.12 on every fork of a process with threads is warned of: that is what we test.
forks = pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")


def make(folder: Path, kind: str) -> Path:
    if kind == "HDF5":
        mimwrite(folder / "top.h5", GIVEN, fps=100)
        return folder / "top.h5"
    codec = choose("auto", "gray8")
    if kind == "few key frames":
        x264 = choose("x264", "gray8")
        codec = Codec(x264.name, x264.encoder, x264.coded_format, (*x264.options, "-g", "5"))
    return write(folder / "top", GRAY, codec, COUNT)


@pytest.fixture(scope="module", params=KINDS)
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("one"), request.param)


@pytest.fixture
def recording(path: Path) -> Iterator[Recording]:
    with open_recording(path) as recording:
        yield recording


class Fork:
    """A forked process that does something and sends what comes of it."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._from, to = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            result: Any = "failed"
            try:
                result = work()
            finally:
                said = sys.exc_info()[1]
                os.write(to, pickle.dumps(result if said is None else repr(said)))
                os._exit(0)
        os.close(to)

    def result(self) -> Any:
        ready, _, _ = select.select([self._from], [], [], SLOW)
        if not ready:
            os.kill(self._pid, 9)
        os.waitpid(self._pid, 0)
        with os.fdopen(self._from, "rb") as pipe:
            return pickle.load(pipe) if ready else "it hangs"


def wrong(recording: Recording, numbers: Any) -> list[int]:
    """Which of some frames are not what they should be."""
    return [n for n in numbers if not np.array_equal(recording[n], GIVEN[n])]


def shuffled(seed: int, count: int = 8) -> list[int]:
    return random.Random(seed).choices(range(COUNT), k=count)


# -- forks ----------------------------------------------------------------------------------------


@needs_fork
@forks
def test_forked_processes_and_their_parent_read_at_once(recording: Recording) -> None:
    """As with a pool or torch's workers: all of them have what their parent opened and began."""
    assert not wrong(recording, [5, 6])
    begun = iter(recording)
    next(begun)

    def work(seed: int) -> tuple[list[int], list[bool], list[int]]:
        rest = [np.array_equal(*pair) for pair in zip(begun, GIVEN[1:], strict=True)]
        found = wrong(recording, shuffled(seed))
        recording.close()  # its own: the parent's goes on
        return found, rest, [seed]

    processes = [Fork(lambda seed=seed: work(seed)) for seed in range(3)]  # type: ignore[misc]
    assert not wrong(recording, shuffled(9))
    results = [process.result() for process in processes]
    assert results == [([], [True] * (COUNT - 1), [seed]) for seed in range(3)]
    assert [np.array_equal(*pair) for pair in zip(begun, GIVEN[1:], strict=True)] == [True] * (
        COUNT - 1
    )
    assert not wrong(recording, [7, 3])


@needs_fork
@forks
def test_a_fork_while_other_threads_read(recording: Recording) -> None:
    """Their locks and half-read frames are copied, they themselves are not."""
    over = threading.Event()

    def read(seed: int) -> list[int]:
        found: list[int] = []
        while not over.is_set():
            found += wrong(recording, shuffled(seed, 3))
            found += [n for n, frame in enumerate(recording) if not np.array_equal(frame, GIVEN[n])]
        return found

    with ThreadPoolExecutor(2) as pool:
        readers = [pool.submit(read, seed) for seed in range(2)]
        try:
            results = [
                Fork(lambda: (wrong(recording, [13, 2]), len(list(recording)))).result()
                for _ in range(4)
            ]
        finally:
            over.set()
    assert results == [([], COUNT)] * 4
    assert [reader.result() for reader in readers] == [[], []]


@needs_fork
@forks
def test_the_end_of_a_forked_process_ends_nothing_of_its_parents(recording: Recording) -> None:
    """Also when it does not leave by os._exit, as multiprocessing does, but runs its finalizers."""
    begun = iter(recording)
    next(begun)
    recording[3]
    assert Fork(weakref.finalize._exitfunc).result() is None  # type: ignore[attr-defined]
    assert len(list(begun)) == COUNT - 1
    assert not wrong(recording, [4])


# -- threads --------------------------------------------------------------------------------------


def test_threads_read_at_once(recording: Recording) -> None:
    """Some at random, some slices, and some all frames in order."""
    together = threading.Barrier(5)

    def at_random(seed: int) -> list[int]:
        together.wait(SLOW)
        return wrong(recording, shuffled(seed, 15))

    def in_order() -> list[int]:
        together.wait(SLOW)
        return [n for n, frame in enumerate(recording) if not np.array_equal(frame, GIVEN[n])]

    def in_slices() -> list[int]:
        together.wait(SLOW)
        return [n for n in range(4) if not np.array_equal(recording[n:19:3], GIVEN[n:19:3])]

    with ThreadPoolExecutor(5) as pool:
        done = [pool.submit(at_random, seed) for seed in range(2)]
        done += [pool.submit(in_order), pool.submit(in_order), pool.submit(in_slices)]
    assert [each.result() for each in done] == [[]] * 5


def test_closing_is_no_damage(path: Path) -> None:
    """A thread that still reads hears that the recording is closed."""
    recording = open_recording(path)
    begun = iter(recording)
    next(begun)
    recording.close()
    with pytest.raises(RecorderError, match="top") as refused:
        list(begun)
    assert "cannot be decoded" not in str(refused.value)
    with pytest.raises(RecorderError, match="is closed"):
        recording[1]


# -- pickles --------------------------------------------------------------------------------------


def test_a_pickled_recording_opens_again(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a process that has nothing of ours, in another folder: as joblib's workers, or spawned."""
    monkeypatch.chdir(path.parent)
    with open_recording(path.name, check=False) as recording:
        pickled = pickle.dumps(recording)
    script = (
        "import pickle, sys; recording = pickle.load(sys.stdin.buffer); "
        "sys.stdout.buffer.write(pickle.dumps((recording[7], len(recording), recording._check)))"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, input=pickled, capture_output=True, cwd=tmp_path, check=True)
    frame, count, check = pickle.loads(done.stdout)
    assert np.array_equal(frame, GIVEN[7])
    assert (count, check) == (COUNT, False)


def test_a_recording_that_is_forgotten_is_closed(path: Path) -> None:
    """A worker gets one with each task, and closes none: the leak check of all tests looks."""
    for _ in range(3):
        recording = open_recording(path)
        assert not wrong(recording, [2])
        del recording


def test_a_recording_that_has_gone_says_so_where_it_is_unpickled(tmp_path: Path) -> None:
    path = make(tmp_path, "key frames only")
    with open_recording(path) as recording:
        pickled = pickle.dumps(recording)
    for file in tmp_path.iterdir():
        file.unlink()
    with pytest.raises(RecorderError, match="missing"):
        pickle.loads(pickled)
