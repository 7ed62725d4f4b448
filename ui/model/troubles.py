"""From a status to what is wrong, in words and with the remedy: pure functions."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from typing import Literal, NamedTuple, TypeAlias

from recorder import readout
from recorder.stats import CameraStatus, RigStatus
from ui.model.totals import remaining_s, total

Level: TypeAlias = Literal["info", "warn", "bad"]

FULL, FULL_OVER = 0.50, 0.40
"""Share of the buffer that is worth a word, and below which that is over."""
BUSY, BUSY_OVER = 0.10, 0.15
"""The same of the encoder's headroom."""
DISK_S, DISK_OVER_S, DISK_GRAVE_S = 600.0, 720.0, 60.0
"""The same of the time that the disk lasts, and what is grave."""
SETTLED_S = 5.0
"""So long into a recording the rate to disk means something."""

_FINE = (None, "duration", "requested", "end_of_source")
_FASTER = "Lower the frame rate, choose the fast profile, or enlarge buffer.memory."
_ROOM = "Make room on the disk, or record to another one (recording.folder)."
_CABLE = "Check its cable and power."
_NETWORK = "Check its address and power, and the network."


class Trouble(NamedTuple):
    """Something that is wrong.

    Parameters
    ----------
    key
        Two with the same key are the same trouble.
    passes
        It is a state, told for as long as it lasts; otherwise something that happened.
    """

    key: str
    level: Level
    text: str
    remedy: str
    passes: bool = True


class Rules(NamedTuple):
    """What is known from the config.

    Parameters
    ----------
    keep_free
        Bytes that the disk must keep.
    waiting
        Cameras that wait when the buffer is full: it may be, and the encoder busy all the time.
    """

    keep_free: int = 0
    waiting: Container[str] = ()


def states(status: RigStatus, rules: Rules, is_on: Callable[[str], bool]) -> Iterator[Trouble]:
    """Yield what is wrong right now.

    Parameters
    ----------
    is_on
        Whether the trouble of a key has been told and is not over: its limits are wider then, so
        that it does not come and go.
    """
    for camera in status.cameras:
        yield from _away(camera, status.state == "recording")
        yield from _stale(camera)
        if camera.state == "recording" and camera.name not in rules.waiting:
            yield from _overloaded(camera, is_on)
    if status.state in ("recording", "previewing"):
        yield from _disk(total(status), rules, is_on)


def _away(camera: CameraStatus, is_recorded: bool) -> Iterator[Trouble]:
    if camera.state != "restarting":
        return
    comes = "recording goes on" if is_recorded else "picture comes back"
    text = f"{camera.name}: {camera.message or 'the camera is gone and looked for'}"
    remedy = f"{_where_to_look(camera.message)} The {comes} by itself."
    yield Trouble(f"{camera.name}:away", "bad", text, remedy)


def _stale(camera: CameraStatus) -> Iterator[Trouble]:
    if camera.warning is None:
        return
    is_frozen = camera.frozen_s > 0
    remedy = f"{_CABLE} If nothing comes, it is opened again by itself."
    if is_frozen:
        remedy = "See whether something moves before it. If so, unplug it and plug it in again."
    key = f"{camera.name}:{'frozen' if is_frozen else 'old'}"
    yield Trouble(key, "warn", f"{camera.name}: {camera.warning}", remedy)


def _overloaded(camera: CameraStatus, is_on: Callable[[str], bool]) -> Iterator[Trouble]:
    full, busy = f"{camera.name}:buffer", f"{camera.name}:encoder"
    if camera.buffer_fill > (FULL_OVER if is_on(full) else FULL):
        text = f"{camera.name}: the buffer is {camera.buffer_fill * 100:.0f} % full"
        yield Trouble(full, "warn", f"{text}, frames are dropped at 100 %", _FASTER)
    is_settled = camera.elapsed_s >= SETTLED_S  # a file is opened in the first moments
    if is_settled and camera.headroom < (BUSY_OVER if is_on(busy) else BUSY):
        text = f"{camera.name}: the encoder has {camera.headroom * 100:.0f} % of its time to spare"
        yield Trouble(busy, "warn", text, "Lower the frame rate, or choose the fast profile.")


def _disk(all_: CameraStatus, rules: Rules, is_on: Callable[[str], bool]) -> Iterator[Trouble]:
    free, left = all_.disk_free_bytes, all_.time_left_s
    if free is not None and free < rules.keep_free:
        kept = f"recording.keep_free reserves {readout.size(rules.keep_free)}"
        text = f"The disk has {readout.size(free)} free, and {kept}: nothing can be recorded"
        yield Trouble("disk", "bad", text, _ROOM)
    elif all_.state == "recording" and left is not None and all_.elapsed_s > SETTLED_S:
        yield from _fills(left, remaining_s(all_), is_on("disk"))


def _fills(left_s: float, to_go_s: float | None, is_on: bool) -> Iterator[Trouble]:
    """Yield that the disk runs full soon, or before the recording is to end."""
    margin = 1.1 if is_on else 1.0
    ends_first = to_go_s is not None and left_s > margin * to_go_s
    is_short = left_s < (DISK_OVER_S if is_on else DISK_S) or to_go_s is not None
    if ends_first or not is_short:
        return
    needs = "" if to_go_s is None else f", and the recording has {readout.span(to_go_s)} to go"
    level: Level = "bad" if left_s < DISK_GRAVE_S else "warn"
    yield Trouble(
        "disk", level, f"The disk lasts {readout.span(left_s)} at this rate{needs}", _ROOM
    )


def events(before: CameraStatus | None, now: CameraStatus, lost: str) -> Iterator[Trouble]:
    """Yield what has happened to a camera between two looks.

    Parameters
    ----------
    before
        None at the first look.
    lost
        What was lost, in words.
    """
    was = before or CameraStatus(now.name)
    if _lost_more(was, now):
        why, remedy = _why_lost(was, now)
        text = f"{now.name}: {lost or readout.lost(now)}{why}"
        yield Trouble(f"{now.name}:lost", "bad", text, remedy, passes=False)
    if now.late > was.late:
        text = f"{now.name}: the camera answered late {readout.times(now.late)}"
        remedy = f"{_CABLE} Lower the frame rate if it shares its USB bus."
        yield Trouble(f"{now.name}:late", "warn", text, remedy, passes=False)
    yield from _ended(was, now)


def _ended(was: CameraStatus, now: CameraStatus) -> Iterator[Trouble]:
    if now.state == "ended" and was.state != "ended" and now.reason not in _FINE:
        words = now.message or (now.reason or "").replace("_", " ")
        text = f"{now.name}: ended, {words}"
        remedy = _after(now.reason, now.message)
        yield Trouble(f"{now.name}:ended", "bad", text, remedy, passes=False)
    elif now.state in ("previewing", "recording") and now.message not in (None, was.message):
        text = f"{now.name}: {now.message}"
        yield Trouble(f"{now.name}:message", "warn", text, "", passes=False)


def _where_to_look(message: str | None) -> str:
    """Return what to check at a camera; what is said of a stream begins with its URL."""
    return _NETWORK if "://" in (message or "") else _CABLE


def _after(reason: str | None, message: str | None) -> str:
    """Return what to do when a camera ended for this reason, and with these words."""
    kept = "What was recorded is kept."
    return {
        "camera_failed": f"{kept} {_where_to_look(message)} Then open it again.",
        "no_space": f"{kept} {_ROOM}",
        "overflow": f"{kept} {_FASTER}",
        "writer_failed": f"{kept} See whether the folder is there and can be written to.",
    }.get(reason or "", kept)


def _lost_more(was: CameraStatus, now: CameraStatus) -> bool:
    names = ("dropped", "bad", "gaps")
    return any(getattr(now.totals, name) > getattr(was.totals, name) for name in names)


def _why_lost(was: CameraStatus, now: CameraStatus) -> tuple[str, str]:
    """Return why frames were probably lost, and what helps."""
    old, new = was.totals, now.totals
    if new.gaps > old.gaps or new.restarts > old.restarts:
        return ": the camera was away", f"{_CABLE} The ledger tells which frames are missing."
    if new.dropped == old.dropped:
        return ": frames that could not be read", f"{_CABLE} A shared USB bus may be too slow."
    fullest = max(was.buffer_fill, now.buffer_fill)
    if fullest >= FULL or min(was.headroom, now.headroom) <= BUSY_OVER:
        return ": writing does not keep up", _FASTER
    if now.state in ("ended", "finishing"):
        return ": they never reached the file", "The ledger tells which frames are missing."
    return ": writing stood still for a moment", f"See whether the disk is busy. {_FASTER}"
