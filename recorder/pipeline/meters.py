"""What the status is made of: counters sampled ten times a second, and rates from them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from recorder.stats import MOST_FILES, CameraStatus, RateMeter, Totals, ratio_of

if TYPE_CHECKING:
    from recorder.pipeline.guards import DiskGuard
    from recorder.pipeline.take import Take
    from recorder.pipeline.write import Writing


class Meters:
    """What the status is made of, sampled ten times a second."""

    def __init__(self) -> None:
        self.grabs = RateMeter()
        self.written = RateMeter()
        self.raw = RateMeter()
        self.disk = RateMeter()
        self.busy = RateMeter()

    def sample(self, t_ns: int, grabs: int, take: Take | None, writing: Writing) -> None:
        """Take note of all counters at one instant."""
        totals = take.tally.totals() if take else Totals()
        self.grabs.sample(t_ns, grabs)
        self.written.sample(t_ns, totals.written)
        self.raw.sample(t_ns, take.tally.raw_bytes if take else 0)
        self.disk.sample(t_ns, writing.size_of(take) if take else 0)
        self.busy.sample(t_ns, writing.busy_ns)

    def to_go_s(self, take: Take, in_source: int | None) -> float | None:
        """Return how long a recording lasts yet at the present rate; None: not known.

        Parameters
        ----------
        in_source
            Frames that its source still has, as far as it says.
        """
        known = [] if take.seconds_left is None else [take.seconds_left]
        frames = [count for count in (take.frames_left, in_source) if count is not None]
        if frames and self.grabs.per_second > 0:
            known.append(min(frames) / self.grabs.per_second)
        return min(known, default=None)

    @property
    def headroom(self) -> float:
        """1 - the share of the window in which the writer was busy."""
        return min(1.0, max(0.0, 1 - self.busy.per_second / 1e9))


def status_of(
    base: CameraStatus, take: Take | None, meters: Meters, disk: DiskGuard, writing: Writing
) -> CameraStatus:
    """Return a status with everything that is measured filled in."""
    totals = take.tally.totals() if take else Totals()
    raw = take.tally.raw_bytes if take else 0
    on_disk = writing.size_of(take) if take else 0
    return replace(
        base,
        totals=totals,
        elapsed_s=take.seconds if take else 0.0,
        duration=str(take.duration) if take and take.duration else None,
        fps_in=meters.grabs.per_second,
        fps_written=meters.written.per_second,
        headroom=meters.headroom,
        raw_bytes=raw,
        file_bytes=on_disk,
        raw_bytes_s=meters.raw.per_second,
        disk_bytes_s=meters.disk.per_second,
        ratio_now=ratio_of(meters.raw.grown, meters.disk.grown),
        ratio=ratio_of(raw, on_disk),
        disk_free_bytes=disk.free,
        disk=disk.disk,
        disk_kept_bytes=disk.kept,
        time_left_s=disk.time_left_s(meters.disk.per_second),
        to_go_s=disk.to_go_s,
        files=take.files(MOST_FILES) if take else (),
    )
