"""Have the times of a finished video run as its frames came, and say how near that is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from recorder.writers.retime import set_times
from recorder.writers.times import OwnTimes, Shown, Times


class FileTimes(NamedTuple):
    """How the times of a file run."""

    fps: float | None = None
    """Frames per second of its times; None: it has no frames."""
    deviation_ms: float | None = None
    """Greatest difference between a frame's time in the file and its clock, both from the file's
    first frame; None: no clock drives its frames."""
    notes: tuple[str, ...] = ()

    def told(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """Return an about file with this in it."""
        known = {"file_fps": self.fps, "time_deviation_ms": self.deviation_ms}
        return {**about, **known, "file_notes": list(self.notes)}


def far_ms(about: Mapping[str, Any]) -> float | None:
    """Return the deviation that an about file tells, ms, if it is above a frame."""
    deviation_ms, fps = about.get("time_deviation_ms"), about.get("file_fps")
    return deviation_ms if deviation_ms and fps and deviation_ms * fps > 1000 else None


def set_file_times(video: Path, times: Times, frames: int) -> FileTimes:
    """Change the times of a file in place; one that cannot be changed stays as it is.

    Parameters
    ----------
    video
        Nothing writes to it any more.
    times
        Of the frames that are in it.
    frames
        How many these are.
    """
    if not frames or not video.exists():
        return FileTimes()
    wanted = times.shown(frames)
    why_not = _why_not_set(video, wanted)
    shown = wanted if why_not is None else times.as_written(frames)
    notes = [] if why_not is None else [_left(video, wanted, shown, why_not)]
    deviation_ns = times.deviation_ns(shown.period_ns)
    if deviation_ns is not None and deviation_ns > shown.period_ns:
        notes.append(
            f"Times in {video.name} differ from the clock by up to {deviation_ns / 1e6:.1f} ms "
            f"({deviation_ns / shown.period_ns:.1f} frames): the rate changed, or frames are "
            "missing. The ledger has the time of each frame."
        )
    if not shown.seeks:
        notes.append(_uncounted(video, times))
    deviation_ms = None if deviation_ns is None else round(deviation_ns / 1e6, 3)
    return FileTimes(round(1e9 / shown.period_ns, 6), deviation_ms, tuple(notes))


def _why_not_set(video: Path, shown: Shown) -> str | None:
    try:
        return None if set_times(video, shown.header) else "its header has no room for that"
    except OSError as error:  # its frames are in it: a rate that is not right is no reason to fail
        return f"its header cannot be changed: {error.strerror or error}"


def _left(video: Path, wanted: Shown, shown: Shown, why_not: str) -> str:
    return (
        f"Times in {video.name} run at {1e9 / shown.period_ns:g} frames per second instead of "
        f"{1e9 / wanted.period_ns:g}: {why_not}."
    )


def _uncounted(video: Path, times: Times) -> str:
    why = "frames have their own times" if isinstance(times, OwnTimes) else "its rate is too odd"
    return f"{video.name}: {why}, so cv2 does not find them by number; open_recording does."
