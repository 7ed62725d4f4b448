"""The words for what can be chosen in the window: one plain sentence on each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from recorder.config import file_stem
from recorder.config.scalars import scalar
from recorder.errors import ConfigError, NotLossless
from recorder.writers.codecs import CODECS, choose
from ui.model.draft import Draft
from ui.model.meaning import ALONE, Problem


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several values of a key.

    Parameters
    ----------
    value
        As the config says it; None leaves the key out.
    label, sentence
        What it is called, and what it means.
    """

    value: Any
    label: str
    sentence: str = ""


FORMATS = (
    Choice("video", "Video", "A Matroska file (.mkv), with a ledger and an about file beside it."),
    Choice("hdf5", "HDF5", "One file (.h5) with frames, ledger and about, for Python."),
    Choice("none", "Write nothing", "The camera runs and is measured; no file is made."),
)
_VIDEO = (
    Choice("auto", "Automatic", "Fast. Opens in ffmpeg, OpenCV, PyAV and VLC."),
    Choice("fast", "Fast", "The fastest exact codec. Opens in ffmpeg, OpenCV, PyAV and VLC."),
    Choice("compatible", "Compatible", "x264 at qp 0. Opens in most editors too; not for 16 bit."),
    Choice("archive", "Archive", "ffv1, with checksums. Smallest, but the slowest to write."),
)
_HDF5 = (
    Choice("auto", "Automatic", "Fast. Opens in flammkuchen, PyTables, h5py with hdf5plugin."),
    Choice("fast", "Fast", "Opens in flammkuchen, PyTables, and h5py with hdf5plugin."),
    Choice("compatible", "Compatible", "zlib. Opens in MATLAB and HDFView too; slow to write."),
    Choice("archive", "Archive", "As fast; for 16 bit a stronger level, smaller and slower."),
)
PIXEL_FORMATS = (
    Choice(None, "as it comes", "What the camera gives."),
    Choice("gray8", "gray, 8 bit", "One byte for each pixel."),
    Choice("gray16", "gray, 16 bit", "Two bytes for each pixel."),
    Choice("bgr8", "colour, 8 bit", "Three bytes for each pixel."),
)
ROTATIONS = tuple(
    Choice(angle, f"{angle}°", f"Turned by {angle} degrees, clockwise.")
    for angle in (0, 90, 180, 270)
)
FLIPS = (
    Choice("none", "as it is", "Not mirrored."),
    Choice("horizontal", "mirrored ↔", "Left and right change places."),
    Choice("vertical", "mirrored ↕", "Top and bottom change places."),
    Choice("both", "mirrored ↔ ↕", "Both change places."),
)
WHILE_RECORDING = "Cannot be changed while it records: the frames in a file are all alike."


def profiles(format_: str) -> tuple[Choice, ...]:
    """Return the profiles and codecs of a format."""
    if format_ == "none":
        return (Choice("auto", "–", ""),)
    known, others = _VIDEO, CODECS
    if format_ == "hdf5":
        from recorder.writers.hdf5.choice import FILTERS  # 0.1 s that others need not wait for

        known, others = _HDF5, FILTERS
    named = (
        Choice(name, name, f"{name} itself, if the proof holds for the frames.") for name in others
    )
    return (*known, *named)


def inexact(draft: Draft) -> str:
    """Return why what is chosen would be refused before the first frame; nothing if it would not.

    Known of cameras whose pixel format is in the config; of the others when they are open.
    """
    for name in draft.camera_names:
        recording = ("cameras", name, "recording")
        pixel_format = draft.get("cameras", name, "pixel_format")
        if pixel_format is None or draft.get(*recording, "format") != "video":
            continue
        try:
            choose(str(draft.get(*recording, "codec")), str(pixel_format))
        except NotLossless as error:
            return f"{name}: {error}"
    return ""


def told_together(what: str, found: Sequence[str]) -> str:
    """Return what is wrong: one thing in a line, several counted and in a list below it."""
    if len(found) <= 1:
        return f"{what}: {''.join(found)}"
    return listed(f"{what}, {len(found)} problems", found)


def listed(what: str, found: Sequence[str]) -> str:
    """Return a sentence with a list below it, where there is something to list."""
    return "\n• ".join((what, *found))


def config_problems(problems: Iterable[Problem]) -> str:
    """Return all that is wrong with a config; nothing if it is valid."""
    told = [f"{'.'.join(map(str, keys))}: {text}" for keys, text in problems]
    if len(told) > 1:
        return listed(f"the config has {len(told)} problems", told)
    return f"the config has a problem: {told[0]}" if told else ""


def not_opened(called: str, path: Path, error: Exception) -> str:
    """Return why a config cannot be opened; each thing that is wrong with it by its line."""
    found = [line.removeprefix(f"{path}:").strip() for line in str(error).splitlines()]
    found = [f"line {line}" if line[:1].isdigit() else line for line in found]
    return told_together(f"{called} cannot be opened", found)


NO_NAME = "no name: "
"""Begins what stands for the name of a file that can have none."""


def example_names(draft: Draft, now: datetime) -> tuple[tuple[str, str], ...]:
    """Return (camera, file name) as a recording that begins now would have it, or why not."""
    return tuple((name, _example(draft, name, now)) for name in draft.camera_names)


def _example(draft: Draft, camera: str, now: datetime) -> str:
    template, format_ = (draft.get("cameras", camera, "recording", k) for k in ("name", "format"))
    if format_ == "none":
        return "nothing is written"
    try:
        stem = file_stem(str(template), camera, now, draft.get("metadata"))
    except (ConfigError, AttributeError, TypeError) as error:
        return f"{NO_NAME}{error}"
    return stem + (".h5" if format_ == "hdf5" else ".mkv")


def typed(value: Any) -> str:
    """Return a metadata value as it is typed; quotes mark a text that looks like something else."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) and scalar(value) != value else str(value)


def read_typed(text: str) -> Any:
    """Return the metadata value that was typed: a number, true, false, or a text."""
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1]
    return scalar(text)


def number(text: str) -> Any:
    """Return the number that was typed, None for nothing, or the text if it is none."""
    text = text.strip().replace(",", ".")
    value = scalar(text)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return int(value)
    return value if value is None or isinstance(value, int | float) else text


def shown_number(value: Any) -> str:
    """Return a number without needless zeros; nothing for None."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return "" if value is None else f"{value:.10g}" if is_number else str(value)


def difference(asked: float, obtained: float | None) -> str:
    """Return in words what the camera made of a setting; empty if it is what was asked."""
    if obtained is None:
        return f"asked {shown_number(asked)}, the camera tells nothing"
    if abs(asked - obtained) <= 1e-3 * max(1.0, abs(asked)):
        return ""
    return f"asked {shown_number(asked)}, camera is at {shown_number(obtained)}"


def not_here(draft: Draft | None) -> str:
    """Say which parts of a config hold only where nobody watches; nothing if there are none."""
    if draft is None:
        return ""
    given = [name for name in ALONE if draft.own(name)]
    given += ["retention"] if draft.get("recording", "retention") else []
    if not given:
        return ""
    listed = " and ".join(filter(None, (", ".join(given[:-1]), given[-1])))
    verb = "hold" if len(given) > 1 else "holds"
    return f"{listed.capitalize()} {verb} for `recorder record`, and stay in the file."
