"""One recording of one camera, told over all the processes that it took."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from recorder.config import Amount
from recorder.frame import FrameStamp
from recorder.pipeline.order import LostRow, Order, Resumption
from recorder.pipeline.summary import (
    REASONS,
    TakeSummary,
    frames_per_second,
    merged,
    reason_of,
)
from recorder.rig.events import Tell, tell_nobody
from recorder.rig.lost import Lost, lost_of
from recorder.rig.shares import FileShare, describe_settled, facts_of
from recorder.rig.wreck import Progress
from recorder.stats import MOST_FILES, CameraStatus, Totals, ratio_of
from recorder.writers.naming import in_order
from recorder.writers.settle import CRASHED, SettledFile, settle_dead

if TYPE_CHECKING:
    from recorder.rig.messages import Message

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Life:
    """What is known of one process's share in a recording.

    Parameters
    ----------
    share
        Its files.
    status
        The last it told.
    progress
        How far the recording had come when it died.
    stamps
        Of the last frames, which may have no row in any ledger.
    """

    share: FileShare
    status: CameraStatus
    progress: Progress
    stamps: Sequence[FrameStamp] = ()


@dataclass(slots=True)
class Story:
    """A recording of one camera, from its order to its summary.

    Parameters
    ----------
    order
        As it was given to the first process.
    duration
        When it ends by itself.
    writes
        Whether there will be files.
    tell
        Called with the kind of an event and its facts: files of dead processes are complete.
    """

    order: Order
    duration: Amount | None
    writes: bool = True
    tell: Tell = tell_nobody
    restarts: int = 0
    grabbed: int = 0
    first_ns: int | None = None
    last_ns: int = 0
    last_utc_ns: int = 0
    first_file: Message | None = None
    last_file: Message | None = None
    open_files: list[Message] = field(default_factory=list)
    is_closed: bool = False
    overflow: int = 0  # frames for which the buffer had no room, of processes that are gone
    _rows: list[LostRow] = field(default_factory=list)  # that no file has taken yet
    _parts: list[TakeSummary] = field(default_factory=list)
    _settlers: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.last_ns = self.order.at_ns or time.monotonic_ns()
        self.last_utc_ns = time.time_ns() - time.monotonic_ns() + self.last_ns

    # -- what happens -------------------------------------------------------------------------

    def advance(self, progress: Progress) -> None:
        """Take note of how far a process came before it ended."""
        if progress.grabbed > self.grabbed:
            self.grabbed, self.first_ns = progress.grabbed, progress.first_ns
            self.last_ns, self.last_utc_ns = progress.last_ns, progress.last_utc_ns

    def add(self, part: TakeSummary, overflow: int = 0) -> None:
        """Add what a process told of its share, its files closed."""
        self._parts.append(part)
        self.overflow += overflow

    def add_wreck(self, life: Life, error: str) -> None:
        """Add the share of a process that died: its files are finished and counted, beside us.

        What it grabbed before it had a file gets its rows from the next process. To be told
        before `advance`.
        """
        if self.writes and not life.share.open and not life.share.closed:
            self._keep([stamp for stamp in life.stamps if stamp.grab >= self.grabbed])
            return
        index = len(self._parts)
        self.overflow += life.status.totals.overflow
        self._parts.append(_told(life, error))
        settler = threading.Thread(
            target=self._settle,
            args=(index, life, self.grabbed, error),
            name="settle a dead process's files",
        )
        self._settlers.append(settler)
        settler.start()

    def _settle(self, index: int, life: Life, begin: int, error: str) -> None:
        try:
            lost = lost_of(life.share, life.stamps, begin)
            self._parts[index] = _counted(life, lost, error, self.tell)
        except Exception:  # what it told last stands
            log.exception("the files of a dead process could not be counted")

    def _keep(self, lost: Sequence[FrameStamp]) -> None:
        """Keep rows for the next file: the gap before these frames, if there was one, and them."""
        if not lost:
            return
        if self.grabbed or self._rows:
            gap_ns = lost[0].t_mono_ns - self.last_ns
            self._rows.append(LostRow(-1, self.last_ns, self.last_utc_ns, "gap", str(gap_ns)))
        for stamp in lost:
            times = stamp.t_mono_ns, stamp.t_utc_ns
            self._rows.append(LostRow(stamp.grab, *times, "dropped", CRASHED))

    def add_file(self, file: Message) -> None:
        """Take note of a file that is open now; it has the rows that were kept for it."""
        self.first_file, self.last_file = self.first_file or file, file
        self.open_files.append(file)
        self._rows.clear()

    def close_file(self, file: Message) -> None:
        """Take note of a file that is finished."""
        self.open_files = [each for each in self.open_files if each["part"] != file["part"]]

    def close(self) -> None:
        """Wait until all files are counted."""
        for settler in self._settlers:
            settler.join()
        self.leave()

    @property
    def is_counted(self) -> bool:
        """Whether no file of a dead process is being finished."""
        return not any(settler.is_alive() for settler in self._settlers)

    def leave(self) -> None:
        """Have no more processes take part; what none of them has written by now never will be."""
        never = sum(row.grab >= 0 for row in self._rows)
        if never:
            self._parts.append(_never_written(never))
        self._rows.clear()
        self.is_closed = True

    # -- what is asked ------------------------------------------------------------------------

    def is_over(self, t_mono_ns: int) -> bool:
        """Whether its time is up, whether or not there was a camera."""
        if self._has_all:
            return True
        seconds = self.duration.seconds if self.duration is not None else None
        begun_ns = self.first_ns or self.order.at_ns
        return seconds is not None and t_mono_ns - begun_ns >= seconds * 1e9

    @property
    def _has_all(self) -> bool:
        """Whether all the frames were grabbed that were asked for."""
        frames = None if self.duration is None else self.duration.frames
        return frames is not None and self.grabbed >= frames

    def rest(self) -> Order:
        """Return the order for the next process: to go on where the last one ended."""
        first, last = self.first_file, self.last_file
        resumption = Resumption(
            self.grabbed,
            self.first_ns,
            self.last_ns,
            self.last_utc_ns,
            stem=Path(first["of"]) if first else None,
            part=last["part"] + 1 if last else 0,
            fps=first["fps"] if first else None,
            rows=tuple(self._rows),
        )
        return replace(self.order, at_ns=0, resumption=resumption)

    def summary(self) -> TakeSummary | None:
        """Return how it went; None before anything is known."""
        if not self._parts:
            return None
        found = merged(self._parts, self.restarts)
        if self._has_all and found.reason == "camera_failed":  # lost when all was done
            return replace(found, reason="duration")
        return found

    def over(self, status: CameraStatus) -> CameraStatus:
        """Return the status of the present process with the shares of those before it added."""
        before = self.summary()
        open_ones = () if self.is_closed else tuple(file["path"] for file in self.open_files)
        status = replace(status, files=_newest(*open_ones, *status.files))
        if before is None:
            return replace(status, totals=replace(status.totals, restarts=self.restarts))
        now = status.totals
        names = ("grabbed", "written", "dropped", "bad", "gaps")
        sums: dict[str, Any] = {n: getattr(before, n) + getattr(now, n) for n in names}
        raw, disk = status.raw_bytes + before.raw_bytes, status.file_bytes + before.file_bytes
        return replace(
            status,
            totals=Totals(**sums, restarts=self.restarts, overflow=self.overflow + now.overflow),
            elapsed_s=max(status.elapsed_s, before.seconds),
            raw_bytes=raw,
            file_bytes=disk,
            ratio=ratio_of(raw, disk),
            files=_newest(*before.files[-MOST_FILES:], *status.files),
            reason=before.reason if self.is_closed else status.reason,
        )


def _newest(*files: str) -> tuple[str, ...]:
    return in_order(dict.fromkeys(files))[-MOST_FILES:]


def _never_written(frames: int) -> TakeSummary:
    error = "the camera's process died before it had a file, and never came back"
    lost: dict[str, Any] = {
        "grabbed": frames,
        "written": 0,
        "dropped": frames,
        "bad": 0,
        "gaps": 0,
        "restarts": 0,
    }
    return TakeSummary(
        "camera_failed",
        **lost,
        seconds=0,
        fps=0,
        files=(),
        raw_bytes=0,
        file_bytes=0,
        errors=(error,),
    )


def _told(life: Life, error: str) -> TakeSummary:
    """Return the share of a process by its own last words."""
    totals = life.status.totals
    return TakeSummary(
        "camera_failed",
        totals.grabbed,
        totals.written,
        totals.dropped + totals.in_flight,
        totals.bad,
        totals.gaps,
        restarts=0,
        seconds=life.status.elapsed_s,
        fps=frames_per_second(totals.grabbed, life.status.elapsed_s),
        files=in_order(life.share.closed),
        raw_bytes=life.status.raw_bytes,
        file_bytes=life.status.file_bytes,
        errors=(error,),
    )


def _counted(life: Life, lost: Lost, error: str, tell: Tell) -> TakeSummary:
    """Finish the files of a dead process, tell of them, and return what is in them."""
    by_part, share = _settled(life, lost, error, tell), life.share
    settled, untaken = by_part.values(), lost.untaken(by_part)
    if not settled and not share.closed:
        return _told(life, error)
    sums: dict[str, Any] = share.totals()
    for name in sums:
        sums[name] += sum(getattr(each.totals, name) for each in settled)
    for name in ("grabbed", "dropped"):  # which no file takes: the last one was finished already
        sums[name] += untaken
    seconds = max(0, life.progress.last_ns - life.progress.first_ns) / 1e9
    unfinished = [each.report.unfinished for each in settled if each.report.unfinished]
    reasons = ("camera_failed", *(reason_of(each) for each in unfinished))
    return TakeSummary(
        max(reasons, key=REASONS.__getitem__),
        **sums,
        restarts=0,
        seconds=round(seconds, 6),
        fps=frames_per_second(sums["grabbed"], seconds),
        files=in_order(
            (*share.closed, *(str(e.report.files[0]) for e in settled if e.report.files))
        ),
        raw_bytes=share.raw_bytes + sum(each.raw_bytes for each in settled),
        file_bytes=share.bytes + sum(each.report.bytes for each in settled),
        errors=(error, *map(str, unfinished)),
    )


def _settled(life: Life, lost: Lost, error: str, tell: Tell) -> dict[int, SettledFile]:
    """Finish the files of a dead process in their order, by part."""
    settled: dict[int, SettledFile] = {}
    for file in life.share.open:
        part, stem = file["part"], Path(file["stem"])
        rows = lost.by_part.get(part, ())
        settled[part] = settle_dead(stem, file["format"], rows, error)
        told = describe_settled(part, settled[part])
        if told["path"] is not None and told["is_finished"]:
            tell("segment", facts_of(told))
    return settled
