"""A rig in a process of its own, which outlives the one that started it.

The starter writes the order to its standard input, passwords and all, as neither arguments nor the
environment are private. The answer, one line, comes through its standard output; after that none
of its streams lead to the starter, and what it has to say goes to a log file. A recording goes on
to its end; with nothing to record and nobody to watch, the rig ends by itself::

    python -P -m recorder.rig.entry  <  {"config": …, "name": "demo", "record": false}
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from recorder.config import Config, make_config
from recorder.errors import RecorderError
from recorder.rig.early import RigProcess
from recorder.rig.link import Link, LinkServer, connect
from recorder.rig.link.protocol import done, failed, parse_answer
from recorder.system import stop_signals

if TYPE_CHECKING:
    from recorder.rig.rig import Rig
    from recorder.rig.spare import Spare

ALONE_S = 5.0
"""A preview that nobody has watched yet ends after so long."""
LEFT_S = 1.0
"""One that was watched lets go of its cameras as soon as it is left: others may want them."""
TIMEOUT_S = 60.0
"""Until every camera is open: the slowest take ten seconds, on a loaded machine longer."""
LOG_BYTES = 1 << 20
"""A log longer than this is begun anew."""

_PERIOD_S = 0.25
_ENDING_S = 10.0
_ORDER = 1  # the number of the one request


# -- the starter's side -----------------------------------------------------------------------


def start_in_background(
    config: Config,
    name: str,
    record: bool = False,
    timeout_s: float = TIMEOUT_S,
    early: RigProcess | None = None,
) -> Link:
    """Start a rig that goes on when this process ends, however it ends.

    Parameters
    ----------
    config
        What to record; relative folders are relative to the working folder of this process.
    name
        What the rig shall be called; `Link.name` is what it is called.
    record
        Begin to record at once; otherwise it only previews.
    timeout_s
        Longest wait until all cameras are open.
    early
        A process that was started for it; left out: a new one.

    Raises
    ------
    RecorderError
        What kept the rig from starting, of the class that it has there; or it took too long.
    """
    process = early or RigProcess(name)
    child, log_path = process.child, process.log_path
    order = {"config": config.private(), "name": name, "record": record}
    answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    talk = (child, json.dumps(order).encode("ascii"), answers)
    threading.Thread(target=_talk, args=talk, name="background rig", daemon=True).start()
    try:
        return connect(_called(answers.get(timeout=timeout_s), log_path))
    except queue.Empty:
        _end(child)
        raise RecorderError(
            f"the rig {name} did not start within {timeout_s:g} s; its log is {log_path}"
        ) from None
    except BaseException:
        _end(child)
        raise


def _talk(child: subprocess.Popen[bytes], order: bytes, answers: queue.SimpleQueue[bytes]) -> None:
    """Give the order, pass the answer on, and wait for the end: no zombie is left."""
    assert child.stdin is not None
    assert child.stdout is not None
    with contextlib.suppress(OSError), child.stdin:  # it may have died, and says so by silence
        child.stdin.write(order)
    with child.stdout:
        answers.put(child.stdout.readline())
    child.wait()


def _called(line: bytes, log_path: Path) -> str:
    """Return what the rig that answered is called."""
    if not line:
        lines = log_path.read_text(encoding="utf-8", errors="replace").splitlines()
        said = lines[-1] if lines else "nothing"
        raise RecorderError(f"the rig died while it started; the end of {log_path}: {said}")
    _, told = parse_answer(line, _ORDER)
    return str(told)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_ENDING_S)
    except subprocess.TimeoutExpired:
        child.kill()  # the cameras' processes notice, and finish their files
        child.wait()


# -- the rig's side ---------------------------------------------------------------------------


def main(spare: Spare | None = None) -> int:
    """Carry out the order that comes through standard input; return the exit code.

    Parameters
    ----------
    spare
        A process for the first camera that is started already.
    """
    try:
        return _main(spare)
    finally:
        if spare is not None:
            spare.dismiss()


def _main(spare: Spare | None) -> int:
    with contextlib.suppress(OSError):
        _bound_log()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(process)d %(message)s")
    answer = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    try:
        from recorder.rig import rig  # noqa: F401 - before the order, which may be a while

        plain = sys.stdin.buffer.read()
        if not plain:
            return 0  # started early, and not needed
        order = json.loads(plain)
        _leave_stdin()
        _run(make_config(order["config"]), order["name"], order["record"], answer, spare)
    except RecorderError as error:
        logging.getLogger(__name__).info("%s", error)
        _tell(answer, failed(_ORDER, error))
        return error.exit_code
    return 0


def _leave_stdin() -> None:
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)


def _run(config: Config, name: str, record: bool, answer: IO[bytes], spare: Spare | None) -> None:
    from recorder.rig.rig import Rig

    # A link of its own: without one nobody could ever end this rig, so there must be one.
    with Rig(config, name, link=False, spare=spare) as rig, LinkServer(rig, name) as link:
        _stop_on_signals(rig)
        rig.start(record)
        _tell(answer, done(_ORDER, link.name))
        _live(rig, link)


def _tell(answer: IO[bytes], line: bytes) -> None:
    with contextlib.suppress(OSError, ValueError), answer:  # nobody waits for it any more
        answer.write(line)


def _stop_on_signals(rig: Rig) -> None:
    def stop(*_: Any) -> None:
        # In a thread: the main thread may hold the very lock that stopping needs.
        threading.Thread(target=rig.stop, name="stop").start()

    for number in stop_signals():
        signal.signal(number, stop)


def _live(rig: Rig, link: LinkServer) -> None:
    """Stay as long as something is recorded, or somebody watches."""
    begun_s = time.monotonic()
    was_watched = False
    while not rig.has_ended:
        rig.wait_briefly(_PERIOD_S)
        _bound_log()
        was_watched = was_watched or link.watchers > 0
        alone_s = min(link.idle_s, time.monotonic() - begun_s)
        if alone_s > (LEFT_S if was_watched else ALONE_S) and rig.status().state == "previewing":
            rig.stop()


def _bound_log() -> None:
    """Begin the log anew before it fills the disk."""
    if os.fstat(2).st_size > LOG_BYTES:
        os.ftruncate(2, 0)
        os.lseek(2, 0, os.SEEK_SET)
        os.write(2, b"what was said before is gone: this log is bounded\n")
