"""Which files are one recording: segments, and what was opened after an encoder had died."""

from __future__ import annotations

import contextlib
import logging
import re
import warnings
from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from recorder.errors import RecorderError
from recorder.playback.files import find_parts, find_under
from recorder.playback.part import Part
from recorder.writers import naming

log = logging.getLogger(__name__)

_LATER = re.compile(r"(?P<base>.+)_(?P<number>\d{4,})")


def find_recording(path: Path) -> list[Part]:
    """Return the parts of the one recording that a path means, in order.

    Files belong together if their names differ only in the number of the part (STEM, STEM_0001,
    …), they are of one kind, and their about files name the same camera and the same start.

    Parameters
    ----------
    path
        Any file of a recording, its stem, or a folder with nothing else in it.

    Raises
    ------
    RecorderError
        There is no recording, or there are several.

    Warns
    -----
    UserWarning
        Something of the recording is missing, and it is not its beginning that the retention
        deletes.
    """
    named = find_parts(path)
    named = (
        [part for part in named if part.stem == path]
        or [part for part in named if not _is_nothing(part)]
        or named
    )
    keys = {_key(part) for part in named}
    if len(keys) > 1:
        first = {_key(part): part.file.name for part in reversed(named)}
        raise RecorderError(
            f"{path}: there are several recordings, open one of them: "
            f"{', '.join(sorted(first.values()))}"
        )
    base = named[0].stem.with_name(_base(named[0]))
    near = [part for part in find_under(base) if part.file.suffix == named[0].file.suffix]
    parts = sorted((part for part in near if _key(part) in keys), key=_number)
    _warn_of_strangers(part for part in near if _key(part) not in keys)
    _warn_of_holes(parts)
    return parts


def state_after(part: Part) -> str:
    """Return how it goes on after a part: ``recording``, or ``interrupted`` if nothing is there.

    An HDF5 file that is being recorded says nothing, so it is not among the parts.
    """
    stem = part.stem.with_name(f"{_base(part)}_{_number(part) + 1:04d}")
    file = naming.beside(stem, part.file.suffix)
    with contextlib.suppress(RecorderError):
        if file.is_file() and any(later.state == "recording" for later in find_parts(file)):
            return "recording"
    return "interrupted"


def _base(part: Part) -> str:
    """Return the name without the number of the part."""
    later = _LATER.fullmatch(part.stem.name)
    # By its own account a first part has no number, whatever its name looks like.
    return later["base"] if later and part.about.get("part") != 0 else part.stem.name


def _number(part: Part) -> int:
    later = _LATER.fullmatch(part.stem.name)
    return int(later["number"]) if later and part.about.get("part") != 0 else 0


def _key(part: Part) -> Hashable:
    """Return what the parts of a recording have in common, and no others."""
    origin = (part.about.get("camera"), part.about.get("start"))
    if None in origin:
        return part.file  # it does not say what it belongs to
    return (part.stem.with_name(_base(part)), part.file.suffix, *origin)


def _is_nothing(part: Part) -> bool:
    """Whether a kill came between the making of a ledger and its first row."""
    try:
        return not part.about and not part.rows()
    except RecorderError:
        return False


def _warn_of_strangers(near: Iterable[Part]) -> None:
    """Name the files that may belong to it, but do not say so any more."""
    for part in near:
        if not part.about and not _is_nothing(part):
            why = "what says so is missing or unreadable"
            if part.state == "recording":
                why = "is being recorded right now and can be read when it is closed"
            warnings.warn(
                f"{part.file} may belong to the same recording, but {why}: it is left out",
                stacklevel=4,
            )


def _has_retention(about: Mapping[str, Any]) -> bool:
    """Whether a part was recorded to be deleted again some day, the oldest first."""
    try:
        limits = about["config"]["cameras"][about["camera"]]["recording"]["retention"]
        return any(limits.get(key) for key in ("age", "size"))
    except (KeyError, TypeError, AttributeError):
        return False


def _warn_of_holes(parts: Sequence[Part]) -> None:
    numbers = {number for part in parts if isinstance(number := part.about.get("part"), int)}
    missing = sorted(set(range(max(numbers, default=-1))) - numbers)
    if missing and missing[-1] < min(numbers) and _has_retention(parts[0].about):
        log.info("%s: the retention has deleted what was before", parts[0].file)
    elif missing:
        warnings.warn(
            f"{parts[0].file}: of this recording, part {', '.join(map(str, missing))} is missing",
            stacklevel=4,
        )
