"""What the files of a recording are called, and whether a name is still free."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from recorder.errors import FileTaken

VIDEO = ".mkv"
LEDGER = ".frames.csv"
ABOUT = ".json"
HDF5 = ".h5"
SUFFIXES = (VIDEO, LEDGER, ABOUT, HDF5)


def beside(stem: Path, suffix: str) -> Path:
    """Return STEM with a suffix; `Path.with_suffix` would cut a stem that has a dot in it."""
    return stem.with_name(stem.name + suffix)


def candidates(stem: Path, part: int) -> Iterator[Path]:
    """Give the stems to try in turn: STEM, STEM-2, … for a new recording, then STEM_0001, …."""
    if part == 0:
        yield stem
        for number in itertools.count(2):
            yield beside(stem, f"-{number}")
    for number in itertools.count(part):
        yield beside(stem, f"_{number:04d}")


def in_order(files: Iterable[str]) -> tuple[str, ...]:
    """Return files of one recording in the order of their parts: _10000 comes after _9999."""
    return tuple(sorted(files, key=lambda file: (len(file), file)))


def require_free(stem: Path) -> None:
    """Refuse a stem under which any file exists.

    Raises
    ------
    FileTaken
    """
    for suffix in SUFFIXES:
        if beside(stem, suffix).exists():
            raise FileTaken(f"{beside(stem, suffix)} exists; nothing is ever overwritten")
