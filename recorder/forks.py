"""What a fork takes along: memory and descriptors, but no thread and no right to a child.

`os.fork`, multiprocessing's pools and torch's workers copy a process in the middle of whatever its
other threads do: their locks stay locked for ever in the copy, and its ffmpegs are still the
parent's. Windows has no fork; nothing here does anything there.
"""

from __future__ import annotations

import os
import threading
import weakref
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Protocol, TypeVar


class Forked(Protocol):
    """Something that does not work in a forked process as it did in its parent."""

    def forked(self) -> None:
        """Let go of what is the parent's; called in the new process, before all else there."""


class _Lock(Protocol):
    def acquire(self) -> bool: ...
    def release(self) -> None: ...


LockT = TypeVar("LockT", bound=_Lock)
_notified: weakref.WeakSet[Forked] = weakref.WeakSet()


def notify(it: Forked) -> None:
    """Have `forked` of an object called in every forked process, as long as the object lives."""
    _notified.add(it)


def _notify_all() -> None:
    for it in list(_notified):
        it.forked()


def wait_for(lock: LockT) -> LockT:
    """Have forks wait until a lock is free, and return it.

    For a lock of the whole program that is never held for long: what it guards is whole then in
    the new process.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=lock.acquire,
            after_in_parent=lock.release,
            after_in_child=lock.release,
        )
    return lock


class Lock(AbstractContextManager[None]):
    """A reentrant lock that may be held for long: a forked process finds it free."""

    def __init__(self) -> None:
        self.forked()
        notify(self)

    def forked(self) -> None:
        """Be free: the thread that may have held it is not in this process."""
        self._lock = threading.RLock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_notify_all)
