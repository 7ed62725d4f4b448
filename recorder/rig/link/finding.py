"""Find the rigs that run, and attach to one."""

from __future__ import annotations

from typing import NamedTuple

from recorder.errors import ConfigError
from recorder.rig.link.client import TIMEOUT_S, Channel, Link, gone, no_answer
from recorder.rig.link.folder import names, pid_of, socket_path
from recorder.system import WINDOWS


class RunningRig(NamedTuple):
    """A rig of this user that runs on this machine."""

    name: str
    pid: int | None


def running() -> tuple[RunningRig, ...]:
    """Return the rigs that run, by name; a halted one, too.

    Raises
    ------
    RecorderError
        The folder in which they are found is not this user's alone.
    """
    return tuple(RunningRig(name, pid_of(name)) for name in names() if _is_alive(name))


def _is_alive(name: str) -> bool:
    try:
        _open(name, TIMEOUT_S).close()
    except (BlockingIOError, TimeoutError):
        return True  # too busy to say so
    except (OSError, EOFError):
        return False
    return True


def _open(name: str, timeout_s: float) -> Channel:
    if WINDOWS:
        from recorder.rig.link.pipes import PipeChannel, pipe_of, shared_key

        return PipeChannel(pipe_of(name), shared_key(), timeout_s)
    from recorder.rig.link.unix import SocketChannel

    return SocketChannel(socket_path(name), timeout_s)


def connect(name: str | None = None, timeout_s: float = TIMEOUT_S) -> Link:
    """Attach to a running rig.

    Parameters
    ----------
    name
        Left out: the only one that runs.
    timeout_s
        Longest wait for each answer.

    Raises
    ------
    ConfigError
        None runs; or several do, and none was named; or none of that name.
    RecorderError
        It runs, but does not answer.
    """
    rig = _choose(name, running())
    try:
        link = Link(_open(rig.name, timeout_s), rig.name, rig.pid, timeout_s)
    except (BlockingIOError, TimeoutError) as error:
        raise no_answer(rig.name, rig.pid, timeout_s) from error
    except (OSError, EOFError) as error:
        raise gone(rig.name) from error
    try:
        link.greet()
    except BaseException:
        link.close()
        raise
    return link


def _choose(name: str | None, rigs: tuple[RunningRig, ...]) -> RunningRig:
    listed = ", ".join(rig.name for rig in rigs)
    if not rigs:
        called = "" if name is None else f" called {name}"
        raise ConfigError(f"no rig{called} runs; `recorder record CONFIG` starts one")
    if name is None and len(rigs) > 1:
        raise ConfigError(f"{len(rigs)} rigs run; name one of them: {listed}")
    for rig in rigs:
        if name in (None, rig.name):
            return rig
    raise ConfigError(f"no rig called {name} runs; running: {listed}")
