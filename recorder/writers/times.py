"""When the frames of a video file are shown, and how far that is from when they were grabbed.

Frames are written at even times, so that readers find them by number. Only at its end is known at
which rate its frames really came: the mean of those that are in it. The times then run at that rate
(`recorder.writers.retime`), and how far a single frame is from its clock is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from recorder.writers.envelope import Envelope
from recorder.writers.retime import AS_WRITTEN_NS, Header

if TYPE_CHECKING:
    from recorder.frame import FrameStamp
    from recorder.writers.ledger import Row

Kind = Literal["measured", "nominal", "own"]
"""At the rate that is measured over the file; at the nominal one, where no clock drives the frames
(a video file that is read as fast as it goes); or each frame at its own time."""

KINDS: tuple[Kind, ...] = ("measured", "nominal", "own")
MAX_FPS = 1000
"""Matroska keeps whole milliseconds: above this, frames are written at it, and then run faster."""
UNKNOWN_FPS = 30.0
"""Written where the rate is not known."""
_LARGEST = 30_000
"""The largest numerator and denominator of a rate that FFmpeg reads from a Matroska file."""
_CLOSE = 2e-5
"""Two rates that can be told apart in such a fraction are at most twice so far apart."""
_LIMIT = 0.45
"""Of a frame: cv2 rounds time times rate to the frame's number, so it must be off by less."""
_MS = 1_000_000


class Shown(NamedTuple):
    """How the times of a file run in the end."""

    header: Header
    period_ns: float
    """From frame to frame: on the average, where each has its own time."""
    seeks: bool
    """Whether readers that count frames by time (cv2) find each by its number."""


def written_rate(fps: float | None) -> Fraction:
    """Return the frames per second that ffmpeg is told to write: what its readers can hold."""
    rate = Fraction(fps or UNKNOWN_FPS).limit_denominator(1_000_000)
    return min(reduced(max(rate, Fraction(1, _LARGEST))), Fraction(MAX_FPS))


def reduced(rate: Fraction) -> Fraction:
    """Return the nearest fraction without a number above 30 000: as FFmpeg reduces a rate."""
    num, den = rate.numerator, rate.denominator
    n0, d0, n1, d1 = 0, 1, 1, 0
    while den:
        whole = num // den
        n2, d2 = whole * n1 + n0, whole * d1 + d0
        if max(n2, d2) > _LARGEST:
            part = (_LARGEST - n0) // n1 if n1 else whole
            part = min(part, (_LARGEST - d0) // d1) if d1 else part
            if den * (2 * part * d1 + d0) > num * d1:
                n1, d1 = part * n1 + n0, part * d1 + d0
            break
        n0, d0, n1, d1 = n1, d1, n2, d2
        num, den = den, num - den * whole
    return Fraction(n1, d1)


class EvenTimes:
    """Frames at even times.

    Parameters
    ----------
    kind
        ``measured`` or ``nominal``.
    fps
        The nominal rate; None if it is not known.
    """

    def __init__(self, kind: Kind, fps: float | None) -> None:
        self.kind = kind
        self._nominal_ns = 1e9 / (fps or UNKNOWN_FPS)
        self._units = 1000 / written_rate(fps)
        self._envelope = Envelope()
        self.frames = 0  # seen so far
        self._steps = self._ns = 0
        self._first_ns = 0
        self._last_ns: int | None = None

    def see(self, stamp: FrameStamp) -> int:
        """Take note of the next frame of the file; return 0: ffmpeg counts its times itself."""
        now = stamp.t_mono_ns
        if self.frames == 0:
            self._first_ns = now
        if self._last_ns is not None:
            self._steps += 1
            self._ns += now - self._last_ns
        self._envelope.add(self.frames, now - self._first_ns)
        self._last_ns = now
        self.frames += 1
        return 0

    def gap(self) -> None:
        """Take note that there was no camera: for how long says nothing about the rate."""
        self._last_ns = None

    def shown(self, frames: int) -> Shown:
        """Return how the times are to run in a file of so many frames."""
        period_ns = self._nominal_ns
        if self.kind == "measured" and self._ns > 0:
            period_ns = self._ns / self._steps
        return even(period_ns, self._units, frames)

    def as_written(self, frames: int) -> Shown:
        """Return how they run in a file that was left as ffmpeg wrote it."""
        return _with_scale(AS_WRITTEN_NS, self._units, frames)[1]

    def deviation_ns(self, period_ns: float) -> float | None:
        """Return the greatest difference between a frame's time in the file and its clock.

        Parameters
        ----------
        period_ns
            From frame to frame, in the file.

        Returns
        -------
        float or None
            Both times from the file's first frame on; leaves out that the file rounds to half a
            unit. None: the clock does not drive the frames.
        """
        return None if self.kind == "nominal" else self._envelope.farthest(period_ns)


class OwnTimes:
    """Each frame at its own time, in whole milliseconds from the file's first frame.

    Two frames that would have the same one are a millisecond apart: readers lose frames otherwise.
    """

    kind: Kind = "own"

    def __init__(self) -> None:
        self.frames = 0  # seen so far
        self._first_ns = self._deviation_ns = 0
        self._ms = -1

    def see(self, stamp: FrameStamp) -> int:
        """Take note of the next frame; return when it is shown, ms."""
        if self.frames == 0:
            self._first_ns = stamp.t_mono_ns
        since_ns = stamp.t_mono_ns - self._first_ns
        self._ms = max(round(since_ns / _MS), self._ms + 1)
        self._deviation_ns = max(self._deviation_ns, abs(self._ms * _MS - since_ns))
        self.frames += 1
        return self._ms

    def gap(self) -> None:
        """Do nothing: a gap is in the times already."""

    def shown(self, frames: int) -> Shown:
        """Return the mean rate, which players show; the times are as they were written."""
        mean_ns = self._ms * _MS / (self.frames - 1) if self.frames > 1 else 1e9 / UNKNOWN_FPS
        header = Header(AS_WRITTEN_NS, round(mean_ns), self._ms + mean_ns / _MS)
        return Shown(header, mean_ns, seeks=False)

    as_written = shown

    def deviation_ns(self, period_ns: float) -> float | None:
        """Return the greatest difference between a frame's time in the file and its clock."""
        return float(self._deviation_ns)


Times = EvenTimes | OwnTimes


def times_of(kind: Kind, fps: float | None) -> Times:
    """Return the times of a new file; `fps` is its nominal rate."""
    return OwnTimes() if kind == "own" else EvenTimes(kind, fps)


def kind_in(about: Mapping[str, Any], otherwise: Kind = "measured") -> Kind:
    """Return which times an about file says that its frames have."""
    said = about.get("times")
    return next((kind for kind in KINDS if kind == said), otherwise)


def replayed(rows: Iterable[Row], kind: Kind, fps: float | None) -> Times:
    """Return the times of a file from its settled ledger."""
    times = times_of(kind, fps)
    for row in rows:
        if row.status == "gap":
            times.gap()
        elif row.status == "written":
            times.see(row.stamp)
    return times


def even(period_ns: float, units: Fraction, frames: int) -> Shown:
    """Return the header that comes nearest to a rate and lets cv2 still count right.

    Parameters
    ----------
    period_ns
        From frame to frame, as it should be.
    units
        From frame to frame, as it was written, in units.
    frames
        How many there are.

    Notes
    -----
    Both numbers of the header are whole nanoseconds, and FFmpeg reduces the rate to numbers below
    30 000; cv2 multiplies a frame's time by that rate. Where not all can be had (10 parts in a
    million beside a whole rate, over more than about 50 000 frames), numbers that are right come
    before a length that is right: the one is nowhere told, the other is in the about file.
    """
    best = max(1, round(period_ns / units))
    reach = int(best * _CLOSE) + 1
    rounded = 0.0 if units.denominator == 1 else float(0.5 / units)
    room = max(_LIMIT - rounded, 0.05)

    def badness(scale: int) -> tuple[float, float]:
        drift, shown = _with_scale(scale, units, frames)
        return max(drift - room, 0.0), abs(shown.period_ns / period_ns - 1)

    scale = min(range(max(1, best - reach), best + reach + 1), key=badness)
    return _with_scale(scale, units, frames)[1]


def _with_scale(scale: int, units: Fraction, frames: int) -> tuple[float, Shown]:
    """Return by how many frames cv2 is off at the end of such a file, and how its times run."""
    period = scale * units
    # As ffmpeg does it, where nothing is changed.
    whole = int(period) if scale == AS_WRITTEN_NS else round(period)
    rate = Fraction(1_000_000_000, max(whole, 1))
    # From 1000 on FFmpeg takes the unit for a frame.
    seen = reduced(rate) if reduced(rate) < MAX_FPS else Fraction(1_000_000_000, scale)
    drift = abs(float(period * seen / 1_000_000_000 - 1)) * frames
    header = Header(scale, max(whole, 1), float(units * frames))
    return drift, Shown(header, float(period), drift < 0.5)
