"""Files that take no more frames: finished at once, or beside the recording that goes on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import NamedTuple

from recorder.errors import RecorderError, WriterError
from recorder.pipeline.take import Take
from recorder.writers.base import Writer, WriteReport
from recorder.writers.null import NullWriter

log = logging.getLogger(__name__)

MOST_AT_ONCE = 3
"""So many files may be on their way to the disk; a disk that is slower has to be waited for."""


class ClosedFile(NamedTuple):
    """A file that frames went into until now."""

    take: int
    part: int
    reason: str
    report: WriteReport
    raw_bytes: int


class TakeFile(NamedTuple):
    """A file of a take, with what it is to be finished with."""

    take: Take
    part: int
    writer: Writer
    handed: int


class Finishing:
    """The open file, and those that are being finished.

    One thread opens, replaces and finishes; the size may be asked for by any.

    Parameters
    ----------
    nbytes
        Raw size of a frame.
    on_failure
        Called with a take and what kept a file of it from being finished.
    on_closed
        Called with each file that is finished, on the thread that finished it.

    Attributes
    ----------
    writer
        Of the open file; one that writes nothing if there is none.
    """

    def __init__(
        self,
        nbytes: int,
        on_failure: Callable[[Take, RecorderError], None],
        on_closed: Callable[[ClosedFile], None] | None = None,
    ) -> None:
        self._nbytes = nbytes
        self._on_failure = on_failure
        self._on_closed = on_closed
        self._moving = threading.Lock()  # a file is open, then being finished, then closed
        self._others: list[Writer] = []
        self._threads: list[threading.Thread] = []
        self.writer: Writer = NullWriter()

    def size_of(self, take: Take, is_present: bool) -> int:
        """Return how much a take's files hold, be they open, being finished, or closed."""
        with self._moving:
            closed = take.bytes_closed
            others = [self.writer, *self._others] if is_present else []
        return closed + sum(writer.bytes_on_disk for writer in others)

    def replace(self, file: TakeFile, reason: str, fresh: Writer) -> None:
        """Finish the open file beside the recording, which goes on in a fresh one."""
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        while len(self._threads) >= MOST_AT_ONCE:
            self._threads.pop(0).join()
        thread = threading.Thread(target=self._beside, args=(file, reason), name="finish a file")
        self._threads.append(thread)
        with self._moving:
            self._others.append(file.writer)
            self.writer = fresh
        thread.start()

    def finish(self, file: TakeFile, reason: str | None = None) -> None:
        """Finish a file now; left out, the reason is the take's."""
        take = file.take
        reason = reason or take.reason or "writer_failed"
        report = file.writer.close(reason)
        if report.error is not None and report.lost:
            log.warning("%d frames lost: %s", report.lost, report.error)
        elif report.error is not None:
            log.warning("no frame lost, although %s", report.error)
        take.tally.lost(file.handed - report.written, self._nbytes)
        self._book(file, report)
        if self._on_closed is not None:
            raw_bytes = report.written * self._nbytes
            self._on_closed(ClosedFile(take.number, file.part, reason, report, raw_bytes))
        if report.unfinished is not None:
            self._on_failure(take, report.unfinished)

    def join(self) -> None:
        """Wait until all that is being finished is closed."""
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def _beside(self, file: TakeFile, reason: str) -> None:
        try:
            self.finish(file, reason)
        except Exception as error:
            log.exception("a file could not be finished, in an unforeseen way")
            text = f"a file could not be finished: {type(error).__name__}: {error}"
            self._on_failure(file.take, WriterError(text))

    def _book(self, file: TakeFile, report: WriteReport) -> None:
        with self._moving:
            file.take.add(report)
            if file.writer in self._others:
                self._others.remove(file.writer)
            elif file.writer is self.writer:
                self.writer = NullWriter()
