"""The writer thread: take the oldest frame, lend it to the writer, get the slot back.

At a frame boundary the writer is replaced while the ring bridges: nothing to file when a take
begins, file to file at a seam or when an encoder has died, file to nothing when the take ends. One
mechanism for preview, record, segments and recovery.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from recorder.errors import FileTooLarge, NoSpace, RecorderError, WriterError
from recorder.pipeline.finishing import ClosedFile, Finishing, TakeFile
from recorder.pipeline.ring import Entry, Ring, Slot
from recorder.pipeline.seams import Seams
from recorder.pipeline.take import Take
from recorder.writers import about as about_file
from recorder.writers.base import Writer
from recorder.writers.null import NullWriter

if TYPE_CHECKING:
    from recorder.frame import FrameStamp

log = logging.getLogger(__name__)

IDLE_S = 0.25
"""How often a writer without frames looks whether its encoder still lives."""
OVERFLOW = "overflow"
"""The ledger's note, and the counter, of frames for which the ring had no room."""
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
    on_closed
        Called with each file that is finished, on the thread that finished it.
    """

    def __init__(
        self,
        ring: Ring,
        takes: Mapping[int, Take],
        open_writer: OpenWriter,
        wanted_take: Callable[[], int],
        on_failure: Callable[[str, RecorderError], None],
        on_closed: Callable[[ClosedFile], None] | None = None,
    ) -> None:
        self._ring = ring
        self._takes = takes
        self._open_writer = open_writer
        self._wanted_take = wanted_take
        self._on_failure = on_failure
        self._files = Finishing(ring.spec.nbytes, self._report, on_closed)
        self._seams = Seams(None)
        self._take: Take | None = None
        self._part = 0  # the number of the take's next file
        self._has_file = False
        self._handed = 0
        self._note = ""  # why frames are lost, once no file can be written any more
        self._deaths: deque[float] = deque()
        self.on_recorded: Callable[[int], None] = lambda nbytes: None
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

    def size_of(self, take: Take) -> int:
        """Return how much a take's files hold, be they open, being closed, or closed."""
        return self._files.size_of(take, take is self._take)

    @property
    def writer(self) -> Writer:
        """Of the open file; one that writes nothing if there is none."""
        return self._files.writer

    def give_up(self) -> None:
        """Finish the open file after an unforeseen failure; no more frames come."""
        if self._take is not None:
            self._files.finish(self._present(self._take))
        self._take = None

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
            self._pass_seam(entry.stamp)
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
            self.on_recorded(nbytes)

    def _skip(self, stamp: FrameStamp, status: str, note: str) -> None:
        self._count(status)
        if note == OVERFLOW:
            self._count(OVERFLOW)
        try:
            self._skip_in_some_file(stamp, status, note)
        except (WriterError, NoSpace) as error:
            if not self._note:
                self._give_up(error)

    def _skip_in_some_file(self, stamp: FrameStamp, status: str, note: str) -> None:
        """Write the row, in the next file if this one's ledger cannot become larger."""
        try:
            self.writer.skip(stamp, status, note)
        except FileTooLarge as error:
            if self._note or self._take is None:
                raise
            self._replace(error)
            self.writer.skip(stamp, status, note)

    def _count(self, status: str) -> None:
        if self._take is not None:
            self._take.tally.count(_COUNTED.get(status, status))

    # -- one writer after the other -----------------------------------------------------------

    def _switch(self, number: int) -> None:
        """Close the file of the last take, and open the first of the next."""
        if self._take is not None:
            self._files.finish(self._present(self._take))
        self._files.join()
        if self._take is not None:
            self._take.closed.set()
        self._take = self._takes.get(number)
        self._files.writer, self._handed, self._has_file = NullWriter(), 0, False
        self._note = ""
        self._deaths.clear()
        if self._take is not None:
            self._part = self._take.first_part
            self._replace(None)

    def _present(self, take: Take) -> TakeFile:
        return TakeFile(take, self._part - 1, self.writer, self._handed)

    def _pass_seam(self, stamp: FrameStamp) -> None:
        """Begin the take's next file if this frame is the first of it."""
        take = self._take
        if take is None:
            return
        place = stamp, take.first_ns or 0, take.period_ns
        if not self._seams.lies_before(*place, self.writer):
            return
        try:
            fresh = self._open_writer(take.number, self._part)
        except (WriterError, NoSpace) as error:
            log.warning("the next file cannot be begun, so this one goes on: %s", error)
            self._seams.postpone(stamp)
            return
        self._files.replace(self._present(take), about_file.GOES_ON, fresh)
        self._handed = 0
        self._part += 1
        self._seams.begin(*place)

    def _replace(self, error: RecorderError | None) -> None:
        """Open the take's next file; after an error, a bounded number of times."""
        assert self._take is not None
        # A writer that does not see its file says 0: below that, each frame would have its own.
        if isinstance(error, FileTooLarge) and (size := self.writer.bytes_on_disk):
            self._take.keep_below(size)
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
                self._files.replace(self._present(self._take), "writer_failed", fresh)
            self._files.writer, self._handed, self._has_file = fresh, 0, True
            self._part += 1
            # Wherever its first frame lies.
            self._seams = Seams(self._take.segment, self._take.largest)
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

    def _report(self, take: Take | None, error: RecorderError) -> None:
        reason = "no_space" if isinstance(error, NoSpace) else "writer_failed"
        if take is not None:
            take.errors.append(error)
            take.end(reason)
        self._on_failure(reason, error)
