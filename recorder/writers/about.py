"""The about file: everything about a recording that is not a frame or a row."""

from __future__ import annotations

import json
import os
import platform
import socket
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from recorder.errors import FileTaken
from recorder.system import sync_file
from recorder.writers.ledger import NEVER_WRITTEN, as_recorder_error

RECORDING = "recording"
COMPLETE = "complete"
DELETED = "deleted"
"""The retention is removing the file, and has been interrupted in that if it is still there."""

GOES_ON = "segment"
"""The reason of a file after which the recording goes on in the next one."""

_PACKAGES = ("recorder", "numpy", "opencv-python", "imageio-ffmpeg", "blosc2", "xxhash")


def versions() -> dict[str, str]:
    """Return the versions of whatever had a hand in the recording.

    Looked up once: a seam is no place to read files, and what runs is what was there at the start.
    """
    return dict(_versions())


@cache
def _versions() -> dict[str, str]:
    found = {"python": platform.python_version(), "system": platform.platform()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed as a package"
    return found


def this_writer() -> dict[str, Any]:
    """Return who is writing, so that a reader can tell an interrupted file from a live one."""
    import psutil

    started = psutil.Process().create_time()
    return {"host": socket.gethostname(), "pid": os.getpid(), "process_started": started}


def is_live(about: Mapping[str, Any]) -> bool:
    """Whether the process that wrote an unfinished file still runs on this machine."""
    import psutil

    writer = about.get("writer", {})
    if about.get("state") != RECORDING or writer.get("host") != socket.gethostname():
        return False
    try:
        process = psutil.Process(int(writer["pid"]))
        started = process.create_time()
        if process.status() == psutil.STATUS_ZOMBIE:
            return False  # dead, and its parent has not asked yet how it ended
    except (KeyError, ValueError, psutil.Error):
        return False
    return abs(started - float(writer.get("process_started", 0))) < 1.0


def read(path: Path) -> dict[str, Any]:
    """Return what an about file says; nothing, if it is missing or unreadable."""
    try:
        about = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return about if isinstance(about, dict) else {}


def is_blank(path: Path) -> bool:
    """Whether an about file is missing or has no text: the end came while it was made."""
    try:
        return not path.read_text(encoding="utf-8", errors="replace").strip(NEVER_WRITTEN)
    except OSError:
        return True


def create(path: Path, about: Mapping[str, Any]) -> None:
    """Write a new about file; one that exists is never touched.

    Raises
    ------
    FileTaken, WriterError, NoSpace
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(_text(about))
    except FileExistsError:
        raise FileTaken(f"{path} exists; nothing is ever overwritten") from None
    except OSError as error:
        raise as_recorder_error(error, path) from error


def replace(path: Path, about: Mapping[str, Any]) -> None:
    """Put a new text in the place of the old one: a reader sees either, never a mixture.

    Raises
    ------
    WriterError, NoSpace
    """
    fresh = path.with_name(f".{path.name}.new")
    try:
        with fresh.open("w", encoding="utf-8") as file:
            file.write(_text(about))
            file.flush()
            sync_file(file.fileno())
        fresh.replace(path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise as_recorder_error(error, path) from error


def _text(about: Mapping[str, Any]) -> str:
    return json.dumps(about, indent=2, ensure_ascii=False, default=str) + "\n"
