"""What a recording is to be: told to a session, also from another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from recorder.config import Amount, parse_amount


class LostRow(NamedTuple):
    """A row of the ledger that a dead process could not write."""

    grab: int
    t_mono_ns: int
    t_utc_ns: int
    status: str
    note: str


@dataclass(frozen=True, slots=True)
class Resumption:
    """Where a recording goes on whose camera was lost, in a new session.

    Parameters
    ----------
    grabbed
        How many frames were grabbed before; numbers go on from there.
    first_ns
        Monotonic time of the recording's first grab; None if it had none.
    last_ns, last_utc_ns
        Monotonic and Unix time at which the gap begins.
    stem, part
        Of the recording's first file (None if there is none yet), and which number comes next.
    fps
        The rate that was measured when the recording began.
    rows
        (grab, t_mono_ns, t_utc_ns, status, note) of what a process grabbed that died before it had
        a file: it goes into the next file there is, before the gap.
    """

    grabbed: int
    first_ns: int | None
    last_ns: int
    last_utc_ns: int
    stem: Path | None = None
    part: int = 0
    fps: float | None = None
    rows: tuple[LostRow, ...] = ()


@dataclass(frozen=True, slots=True)
class Order:
    """What a recording is to be.

    Parameters
    ----------
    duration
        When it ends by itself; None: as the config says.
    started
        What its files are called after, and what they say.
    at_ns
        Monotonic time before which no frame belongs to it: several cameras begin at one instant.
    resumption
        If it is the rest of a recording whose camera was lost.
    """

    duration: Amount | None = None
    started: datetime = field(default_factory=lambda: datetime.now().astimezone())
    at_ns: int = 0
    resumption: Resumption | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        plain = asdict(self)
        plain["duration"] = None if self.duration is None else str(self.duration)
        plain["started"] = self.started.isoformat()
        if self.resumption is not None and self.resumption.stem is not None:
            plain["resumption"]["stem"] = str(self.resumption.stem)
        return plain

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Order:
        """Return the order that `as_dict` gave, also after a way through JSON."""
        duration, rest = plain["duration"], plain["resumption"]
        if rest is not None:
            stem = None if rest["stem"] is None else Path(rest["stem"])
            rows = tuple(LostRow(*row) for row in rest["rows"])
            rest = Resumption(**{**rest, "stem": stem, "rows": rows})
        return cls(
            None if duration is None else parse_amount(duration),
            datetime.fromisoformat(plain["started"]),
            plain["at_ns"],
            rest,
        )
