"""What is said over a picture that is not live, and beside one that is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from recorder import readout, stats

if TYPE_CHECKING:
    from recorder.stats import CameraStatus

STATES = {
    "opening": "opening",
    "previewing": "preview",
    "recording": "recording",
    "restarting": "lost",
    "finishing": "finishing",
    "ended": "ended",
    "waiting": "waiting",
}
"""The word for a state in a tile's header."""
_REASONS = {
    "duration": "the time asked for is recorded",
    "requested": "stopped",
    "end_of_source": "the source has no more frames",
    "overflow": "the buffer was full",
    "camera_failed": "the camera failed",
    "writer_failed": "writing failed",
    "no_space": "the disk is full",
}


@dataclass(frozen=True, slots=True)
class Veil:
    """What covers a picture that is not live.

    Parameters
    ----------
    icon
        ``wait``, ``search``, ``warn`` or ``end``.
    words
        What is the matter, in a few words.
    detail
        A sentence more; may be empty.
    """

    icon: str
    words: str
    detail: str = ""


def veil(status: CameraStatus | None, has_picture: bool) -> Veil | None:
    """Return what to say over a camera's picture; None when it is live."""
    if status is None:
        return None if has_picture else Veil("wait", "no picture yet")
    if status.state == "opening":
        return Veil("wait", "opening the camera …", status.message or "")
    if status.state == "restarting":
        return _lost(status.message or "")
    if status.state == "waiting":
        return Veil("wait", "closed until its time comes", "The schedule opens it again.")
    if status.state == "ended":
        reason = _REASONS.get(status.reason or "", status.reason or "")
        words = f"ended: {reason}" if reason else "ended"
        return Veil("end", words, status.message or "")
    return _stale(status, has_picture)


def _lost(message: str) -> Veil:
    attempt = re.search(r"attempt (\d+)(?:: (.*))?$", message, re.DOTALL)
    if attempt is None:
        return Veil("search", "camera lost, looking for it", message)
    words = f"camera lost, looking for it, attempt {attempt[1]}"
    return Veil("search", words, attempt[2] or "")


def _stale(status: CameraStatus, has_picture: bool) -> Veil | None:
    if status.frozen_s:
        return Veil("warn", f"same picture for {status.frozen_s:.0f} s", "Is the camera frozen?")
    warning = stats.warning(status)
    if warning:
        return Veil("warn", warning)
    return None if has_picture else Veil("wait", "waiting for the first picture")


def paces(status: CameraStatus) -> tuple[str, ...]:
    """Return the rate and what is lost, ``60.0 fps · 0 lost``, and ever shorter ways to say it."""
    lost, totals = readout.lost(status), status.totals
    frames, gaps = totals.dropped + totals.bad, f"{totals.gaps} gap{'s' * (totals.gaps != 1)}"
    told = (f"{frames} lost" if frames or not totals.gaps else "", gaps if totals.gaps else "")
    return f"{status.fps_in:.1f} fps · {lost}", lost, ", ".join(filter(None, told))
