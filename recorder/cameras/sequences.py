"""Numbered images: which files a name with a number in it means, and which names a folder has."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from recorder.errors import CameraNotFound

SUFFIXES = frozenset(
    {".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg", ".webp", ".pgm", ".ppm", ".pnm", ".jp2"}
)
_LAST_NUMBER = re.compile(r"(.*?)([0-9]+)([^0-9]*)", re.DOTALL)
_NUMBER = re.compile(r"%(0?)([0-9]*)d")
_LOSSY = frozenset({".jpg", ".jpeg", ".webp", ".jp2"})


@dataclass(frozen=True, slots=True)
class Sequence:
    """The files of a sequence, in order.

    Parameters
    ----------
    files
        At least one.
    notes
        Missing numbers, and whether the files are lossy.
    """

    files: tuple[Path, ...]
    notes: tuple[str, ...]


def is_sequence(path: Path) -> bool:
    """Whether a path means images: ``frames_%04d.png``, or a single picture."""
    if path.suffix.lower() not in SUFFIXES:
        return False
    return path.exists() or len(_NUMBER.findall(path.name)) == 1


def find_sequence(path: Path) -> Sequence:
    """Return the files that a path with a number in its name means; only its name, no folder.

    Raises
    ------
    CameraNotFound
        When there are none, with what is there instead.
    """
    notes = ["The images are compressed: lossy before we see them."]
    notes = notes if path.suffix.lower() in _LOSSY else []
    if path.is_file():  # a name that happens to hold %d is that file
        return Sequence((path,), tuple(notes))
    numbered = _numbered(path)
    if not numbered:
        raise CameraNotFound(f"no images at {path}{_what_is_there(path)}")
    first, last = min(numbered), max(numbered)
    missing = [number for number in range(first, last) if number not in numbered]
    if missing:
        shown = ", ".join(map(str, missing[:5])) + (", …" if len(missing) > 5 else "")
        notes.append(f"{len(missing)} images between {first} and {last} are missing: {shown}.")
    return Sequence(tuple(numbered[number] for number in sorted(numbered)), tuple(notes))


def _numbered(path: Path) -> dict[int, Path]:
    """Return the files that match, by number."""
    found = _NUMBER.search(path.name)
    if found is None or not path.parent.is_dir():
        return {}
    width = int(found[2] or 0) if found[1] else 0
    before, after = path.name[: found.start()], path.name[found.end() :]
    matches = {}
    for file in path.parent.iterdir():
        digits = file.name[len(before) : len(file.name) - len(after)]
        if file.name != before + digits + after or not re.fullmatch("[0-9]+", digits):
            continue
        if digits == str(int(digits)).zfill(width) and file.is_file():
            matches[int(digits)] = file
    return matches


def _what_is_there(path: Path) -> str:
    """Return the first names of the folder, for the message."""
    if not path.parent.is_dir():
        return f"; there is no folder {path.parent}"
    names = sorted(file.name for file in path.parent.iterdir())[:4]
    return f"; the folder has {', '.join(names)}" if names else "; the folder is empty"


def sequences_in(folder: Path) -> dict[str, int]:
    """Return the numbered images in a folder: names such as ``frames_%04d.png``, and how many."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in folder.iterdir():
        found = _LAST_NUMBER.fullmatch(file.name)
        if found and file.suffix.lower() in SUFFIXES and "%" not in file.name and file.is_file():
            groups[found[1], found[3]].append(found[2])
    named = {f"{before}{_pattern(digits)}{after}" for (before, after), digits in groups.items()}
    counted = {name: len(_numbered(folder / name)) for name in sorted(named)}
    return {name: count for name, count in counted.items() if count > 1}


def _pattern(digits: list[str]) -> str:
    """Return how numbers are written: as long as those with zeros in front, if any has them."""
    lengths = [len(each) for each in digits if each[0] == "0" and len(each) > 1]
    return f"%0{min(lengths)}d" if lengths else "%d"


def what_to_give(folder: Path) -> str:
    """Return in words which images of a folder can be a source."""
    found = sequences_in(folder)
    shown = [f"{folder / name} ({count} images)" for name, count in list(found.items())[:5]]
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return (
        f"give one of its sequences: {', '.join(shown)}{more}"
        if found
        else ("there are no numbered images in it, such as frames_0001.png")
    )
