"""Keepers whose processes do what the test says."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from helpers import SLOW

from recorder.config import Amount, make_config
from recorder.errors import RecorderError
from recorder.frame import FrameSpec, FrameStamp
from recorder.pipeline.order import Order
from recorder.pipeline.ring import Ring
from recorder.pipeline.summary import TakeSummary
from recorder.rig.keeper import Keeper, Patience
from recorder.rig.messages import describe
from recorder.stats import CameraStatus

AT_ONCE = Patience(tries=3, first_pause_s=0.0, longest_pause_s=0.0)
FOR_EVER = Patience(tries=3, first_pause_s=10_000.0, longest_pause_s=10_000.0)
SPEC = FrameSpec(6, 4, "gray8")


class PlainBlock:
    """Bytes that nobody shares."""

    handle = 0

    def __init__(self) -> None:
        self.buf = memoryview(bytearray(2**17))

    def close(self) -> None:
        pass


class FakeProcess:
    """A camera's process without a process: the test speaks for it, and ends it."""

    pids = iter(range(1000, 100_000))

    def __init__(self, setup: Any, memory: Any, on_message: Callable[[Any], None], name: str):
        self.setup = setup
        self.memory = memory
        self.pid = next(self.pids)
        self.heard: list[tuple[str, dict[str, Any]]] = []
        self.asked_to_end = self.killed = self.closed = 0
        self.stuck = False
        self.fault: Exception | None = None  # raised where nobody foresees it
        self._on_message = on_message
        self._gone = threading.Event()
        self._how = "ended with code 0"

    # what the keeper does

    def send(self, kind: str, **content: Any) -> None:
        self.heard.append((kind, content))

    def wait(self, timeout_s: float) -> bool:
        return self._gone.wait(timeout_s)

    def is_stuck(self, passed_s: float) -> bool:
        if self.fault is not None:
            raise self.fault
        return self.stuck

    def end(self) -> None:
        self.asked_to_end += 1
        self._gone.set()

    def kill(self) -> None:
        self.killed += 1
        self._gone.set()

    def close(self) -> str:
        self.closed += 1
        return self._how

    # what the test does

    def say(self, kind: str, **content: Any) -> None:
        self._on_message({"is": kind, **content})

    def say_status(self, take: int = 1, is_told: bool = False, **status: Any) -> None:
        found = CameraStatus("top", **{"pid": self.pid} | status)
        self.say("status", status=found.as_dict(), take=take, is_told=is_told)

    def opens(self) -> None:
        self.say("opened", identity=None)

    def arms(self) -> None:
        self.opens()
        self.say("armed")

    def grabs(self, count: int, first: int = 0) -> None:
        """Leave so many frames in the memory, and no word of them."""
        ring = Ring(self.memory, SPEC, max_slots=4)
        for grab in range(first, first + count):
            ring.miss(FrameStamp(grab + 1, grab + 1, grab=grab, take=1), "dropped", "overflow")
            ring.progress(1, grab + 1, 1, grab + 1, grab + 1)

    def dies(self, how: str = "killed by SIGSEGV") -> None:
        self._how = how
        self._gone.set()

    def ends(self, reason: str = "requested", error: RecorderError | None = None) -> None:
        self.say("ended", reason=reason, error=None if error is None else describe(error))
        self._gone.set()

    def kinds(self) -> list[str]:
        return [kind for kind, _ in self.heard]


class Stage:
    """One keeper and its processes, in the order in which they are started."""

    def __init__(self, patience: Patience = AT_ONCE, name: str = "top", **camera: Any) -> None:
        self._started: queue.SimpleQueue[FakeProcess] = queue.SimpleQueue()
        self.refusals: list[Exception] = []  # why the system gives no process
        self.on_change: Callable[[], Any] = lambda: None
        self.processes: list[FakeProcess] = []
        plain = {"source": "synthetic", "recording": {"format": "none"}} | camera
        self.keeper = Keeper(
            make_config({"cameras": {name: plain}}),
            name,
            PlainBlock(),
            self._note,
            patience,
            start=self._start,
        )

    def _note(self) -> None:
        self.on_change()

    def _start(self, *arguments: Any) -> Any:
        if self.refusals:
            raise self.refusals.pop()
        process = FakeProcess(*arguments)
        self.processes.append(process)
        self._started.put(process)
        return process

    @property
    def count(self) -> int:
        """How many processes there were."""
        return len(self.processes)

    def next(self) -> FakeProcess:
        """Wait for the next process."""
        return self._started.get(timeout=SLOW)

    def opened(self, record: bool = False) -> FakeProcess:
        self.keeper.open(record)
        process = self.next()
        if record:
            process.arms()
        else:
            process.opens()
        assert self.keeper.await_answer(SLOW)
        assert self.keeper.refusal is None
        return process

    def recording(self, duration: Amount | None = None) -> FakeProcess:
        process = self.opened(record=True)
        self.keeper.begin(Order(duration, at_ns=1))
        return process

    def end(self) -> None:
        """Leave no thread behind."""
        self.keeper.stop()
        while not self.keeper.has_ended:
            for process in tuple(self.processes):
                process.dies()
            time.sleep(0.01)
        self.keeper.join()


def part_of(grabbed: int, reason: str = "duration", **changes: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"reason": reason, "grabbed": grabbed, "written": grabbed}
    plain |= {"dropped": 0, "bad": 0, "gaps": 0, "restarts": 0, "seconds": 1.0, "fps": 1.0}
    told = TakeSummary(**plain | {"files": (), "raw_bytes": 0, "file_bytes": 0} | changes)
    return told.as_dict()
