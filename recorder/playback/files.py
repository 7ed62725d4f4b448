"""Find the files of recordings: from a file, a stem or a folder."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recorder.errors import ConfigError, RecorderError
from recorder.frame import FrameSpec, PixelFormat
from recorder.writers import about as about_file
from recorder.writers import naming


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a recording, with what belongs to it.

    Parameters
    ----------
    stem
        Folder and name without suffix.
    about
        What the about file says; empty if it is missing or unreadable.
    """

    stem: Path
    about: dict[str, Any]

    @property
    def video(self) -> Path:
        """The file with the frames."""
        return naming.beside(self.stem, naming.VIDEO)

    @property
    def ledger(self) -> Path:
        """The file with the rows."""
        return naming.beside(self.stem, naming.LEDGER)

    @property
    def spec(self) -> FrameSpec:
        """What its frames are.

        Raises
        ------
        RecorderError
            The about file does not say.
        """
        try:
            pixel_format: PixelFormat = self.about["pixel_format"]
            return FrameSpec(int(self.about["width"]), int(self.about["height"]), pixel_format)
        except (KeyError, TypeError, ValueError, ConfigError) as error:
            raise RecorderError(
                f"{naming.beside(self.stem, naming.ABOUT)} is missing or does not say what the "
                "frames are"
            ) from error

    @property
    def state(self) -> str:
        """``complete``, ``recording`` (right now), or ``interrupted``."""
        if self.about.get("state") == about_file.COMPLETE:
            return "complete"
        return "recording" if about_file.is_live(self.about) else "interrupted"


def find_parts(path: Path) -> list[Part]:
    """Return the parts that a path means, in order by name.

    Parameters
    ----------
    path
        Any file of a recording, a stem (all of its parts), or a folder (everything in it).

    Raises
    ------
    RecorderError
        There is no recording.
    """
    if path.is_dir():
        stems = _stems_in(path.iterdir())
    elif path.is_file():
        stems = _stems_in([path])
    else:
        stems = _parts_of(path)
    if not stems:
        raise RecorderError(f"{path}: there is no recording (no {naming.LEDGER} with its video)")
    return [Part(stem, _read_about(stem)) for stem in sorted(stems)]


def _stems_in(paths: Iterable[Path]) -> set[Path]:
    found = (_stem_of(path) for path in paths)
    return {stem for stem in found if stem is not None and _is_recording(stem)}


def _stem_of(path: Path) -> Path | None:
    for suffix in (naming.VIDEO, naming.LEDGER, naming.ABOUT):
        if path.name.endswith(suffix) and path.name != suffix and not path.name.startswith("."):
            return path.with_name(path.name[: -len(suffix)])
    return None


def _parts_of(stem: Path) -> set[Path]:
    if not stem.parent.is_dir():
        return set()
    later = [
        found
        for found in _stems_in(stem.parent.iterdir())
        if found.name.startswith(f"{stem.name}_") and found.name[len(stem.name) + 1 :].isdigit()
    ]
    return {*later, *([stem] if _is_recording(stem) else [])}


def _is_recording(stem: Path) -> bool:
    """Whether there is a ledger, or an about file of ours whose ledger somebody removed."""
    return naming.beside(stem, naming.LEDGER).is_file() or "ffmpeg_command" in _read_about(stem)


def _read_about(stem: Path) -> dict[str, Any]:
    try:
        about = json.loads(naming.beside(stem, naming.ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}
