"""The writer thread: take the oldest frame, lend it to the writer, get the slot back.

At a frame boundary the writer is replaced while the ring bridges: nothing to file when a take
begins, file to file when an encoder has died, file to nothing when the take ends. One mechanism
for preview, record and recovery.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from recorder.errors import NoSpace, RecorderError, WriterError
from recorder.pipeline.ring import Entry, Ring, Slot
from recorder.pipeline.take import Take
from recorder.writers.base import Writer
from recorder.writers.null import NullWriter

if TYPE_CHECKING:
    from recorder.frame import FrameStamp

log = logging.getLogger(__name__)

IDLE_S = 0.25
"""How often a writer without frames looks whether its encoder still lives."""
_COUNTED = {"gap": "gaps"}
"""What a status of the ledger is called among the counters, where that differs."""
MAX_DEATHS = 5
DEATH_WINDOW_S = 10.0
"""An encoder is replaced up to five times; ten healthy seconds clear the count."""

OpenWriter = Callable[[int, int], Writer]
"""(take, part) -> an open writer. Raises what `Writer.open` raises."""


class Writing:
    """Moves frames from a ring into files until the ring is drained.

    Parameters
    ----------
    ring
        Where frames come from.
    takes
        The recordings of this session by number.
    open_writer
        Makes the writer of a take's next file.
    wanted_take
        The take that the camera is in now; 0 for preview only.
    on_failure
        Called with (reason, error) when no file can be written any more.
    """

    def __init__(
        self,
        ring: Ring,
        takes: Mapping[int, Take],
        open_writer: OpenWriter,
        wanted_take: Callable[[], int],
        on_failure: Callable[[str, RecorderError], None],
    ) -> None:
        self._ring = ring
        self._takes = takes
        self._open_writer = open_writer
        self._wanted_take = wanted_take
        self._on_failure = on_failure
        self._take: Take | None = None
        self._part = 0  # the number of the take's next file
        self._has_file = False
        self._handed = 0
        self._note = ""  # why frames are lost, once no file can be written any more
        self._deaths: deque[float] = deque()
        self._settlers: list[threading.Thread] = []
        self.writer: Writer = NullWriter()
        self.is_handing = False  # inside the encoder's `write`, which may take long
        self.busy_ns = 0
        self.entries = 0

    def run(self) -> None:
        """Write until the ring is closed and empty, then finish the file."""
        while not self._ring.drained:
            entry = self._ring.take(IDLE_S)
            started = time.perf_counter_ns()
            if entry is None:
                self._idle()
                continue
            self._handle(entry)
            self.entries += 1
            self.busy_ns += time.perf_counter_ns() - started
        self._switch(0)

    def _idle(self) -> None:
        wanted = self._wanted_take()  # read before the ring: frames of the old take come first
        if self._ring.is_empty and wanted != self._take_number and not self._is_due(wanted):
            self._switch(wanted)
        if self._note:
            return
        try:
            self.writer.check()
        except (WriterError, NoSpace) as error:
            self._replace(error)

    def _is_due(self, number: int) -> bool:
        """Whether a take waits for its camera to be back: a file without frames helps nobody."""
        take = self._takes.get(number)
        return take is not None and take.gap is not None

    def give_up(self) -> None:
        """Finish the open file after an unforeseen failure; no more frames come."""
        take, self._take = self._take, None
        if take is not None:
            self._close(take, self.writer, self._handed)

    @property
    def _take_number(self) -> int:
        return self._take.number if self._take is not None else 0

    def _handle(self, entry: Entry) -> None:
        if entry.stamp.take != self._take_number:
            self._switch(entry.stamp.take)
        if entry.slot is None:
            self._skip(entry.stamp, entry.status, entry.note)
        elif self._note:
            self._ring.give_back(entry.slot)
            self._skip(entry.stamp._replace(xxh3_64=None), "dropped", self._note)
        else:
            self._write(entry.slot, entry.stamp)

    def _write(self, slot: Slot, stamp: FrameStamp) -> None:
        self.is_handing = True
        nbytes = slot.frame.nbytes
        try:
            self.writer.write(slot.frame, stamp, lambda: self._ring.give_back(slot))
        except (WriterError, NoSpace) as error:
            self.is_handing = False  # the next one is opened now
            self._ring.give_back(slot)
            self._count("dropped")  # its row stands, and is settled when the file is closed
            self._replace(error)
            return
        finally:
            self.is_handing = False
        self._handed += 1
        if self._take is not None:
            self._take.tally.wrote(nbytes)

    def _skip(self, stamp: FrameStamp, status: str, note: str) -> None:
        self._count(status)
        try:
            self.writer.skip(stamp, status, note)
        except (WriterError, NoSpace) as error:
            if not self._note:
                self._give_up(error)

    def _count(self, status: str) -> None:
        if self._take is not None:
            self._take.tally.count(_COUNTED.get(status, status))

    # -- one writer after the other -----------------------------------------------------------

    def _switch(self, number: int) -> None:
        """Close the file of the last take, and open the first of the next."""
        if self._take is not None:
            self._close(self._take, self.writer, self._handed)
        for settler in self._settlers:
            settler.join()
        if self._take is not None:
            self._take.closed.set()
        self._take = self._takes.get(number)
        self.writer, self._handed, self._has_file = NullWriter(), 0, False
        self._note = ""
        self._deaths.clear()
        self._settlers.clear()
        if self._take is not None:
            self._part = self._take.first_part
            self._replace(None)

    def _replace(self, error: RecorderError | None) -> None:
        """Open the take's next file; after an error, a bounded number of times."""
        assert self._take is not None
        while True:
            if error is not None and self._is_hopeless(error):
                self._give_up(error)
                return
            try:
                fresh = self._open_writer(self._take.number, self._part)
            except (WriterError, NoSpace) as again:
                error = again
                continue
            if self._has_file:
                self._settle(self._take, self.writer, self._handed)
            self.writer, self._handed, self._has_file = fresh, 0, True
            self._part += 1
            return

    def _is_hopeless(self, error: RecorderError) -> bool:
        log.warning("%s", error)
        now = time.monotonic()
        self._deaths.append(now)
        while now - self._deaths[0] > DEATH_WINDOW_S:
            self._deaths.popleft()
        return isinstance(error, NoSpace) or len(self._deaths) > MAX_DEATHS

    def _give_up(self, error: RecorderError) -> None:
        # The dead writer stays: its ledger still takes the rows of the frames that follow.
        self._note = "no_space" if isinstance(error, NoSpace) else "encoder_died"
        self._report(self._take, error)

    def _settle(self, take: Take, writer: Writer, handed: int) -> None:
        """Count what is in a dead encoder's file, beside the recording that goes on."""
        settler = threading.Thread(
            target=self._close, args=(take, writer, handed), name="settle dead file"
        )
        self._settlers.append(settler)
        settler.start()

    def _close(self, take: Take, writer: Writer, handed: int) -> None:
        report = writer.close(take.reason or "writer_failed")
        if report.error is not None and report.lost:
            log.warning("%d frames lost: %s", report.lost, report.error)
        elif report.error is not None:
            log.warning("no frame lost, although %s", report.error)
        take.tally.lost(handed - report.written, self._ring.spec.nbytes)
        if report.files:
            take.reports.append(report)
        if report.unfinished is not None:
            self._report(take, report.unfinished)

    def _report(self, take: Take | None, error: RecorderError) -> None:
        reason = "no_space" if isinstance(error, NoSpace) else "writer_failed"
        if take is not None:
            take.errors.append(error)
            take.end(reason)
        self._on_failure(reason, error)
