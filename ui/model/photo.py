"""Keep single frames as pictures, whole and in full depth, beside whatever else is going on."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from recorder.frame import Frame

log = logging.getLogger(__name__)

MOST_WAITING = 8
"""Whoever holds the key down does not fill the memory with frames."""
_MOST_NAMES = 99


class Photo(NamedTuple):
    """How it went, in words."""

    text: str
    failed: bool


class Photographer:
    """Writes PNG and TIFF files on a thread of its own; nothing is ever overwritten."""

    def __init__(self) -> None:
        self._wanted: queue.Queue[tuple[Frame, Path] | None] = queue.Queue(MOST_WAITING)
        self._done: queue.SimpleQueue[Photo] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._is_closed = False

    def keep(self, frame: Frame, path: Path) -> None:
        """Write a frame; returns at once.

        Parameters
        ----------
        frame
            (height, width) uint8 or uint16, or (height, width, 3) uint8, blue first; not changed
            by anybody from now on.
        path
            Ends in .png or .tif. If there is such a file, a number follows its name.
        """
        if self._is_closed:
            return
        try:
            self._wanted.put_nowait((frame, path))
        except queue.Full:
            text = f"Not kept: {MOST_WAITING} pictures are still being written"
            self._done.put(Photo(text, True))
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="photographer", daemon=True)
            self._thread.start()

    def done(self) -> list[Photo]:
        """Return what became of those that were asked for since the last call."""
        found = []
        while not self._done.empty():
            found.append(self._done.get())
        return found

    def close(self, timeout_s: float = 2.0) -> None:
        """Finish what was asked for."""
        is_first, self._is_closed = not self._is_closed, True
        if self._thread is not None:
            if is_first:
                with suppress(queue.Full):  # the disk hangs: it ends with the process
                    self._wanted.put(None, timeout=timeout_s)
            self._thread.join(timeout_s)

    def _work(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            frame, path = wanted
            try:
                self._done.put(Photo(f"Picture kept: {_write(frame, path)}", False))
            except Exception as error:  # OpenCV has errors of its own; the next one may be fine
                log.exception("%s is not written", path)
                reason = getattr(error, "strerror", None) or str(error)
                self._done.put(Photo(f"{path} cannot be written: {reason}", True))


def _write(frame: Frame, path: Path) -> Path:
    """Write a frame, whole or not at all; return where."""
    from recorder.cameras.cv2_setup import import_cv2

    done, data = import_cv2().imencode(path.suffix, frame)
    if not done:
        raise ValueError(f"OpenCV cannot write {path.suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    for name in _names(path):
        with suppress(FileExistsError):
            file = name.open("xb")
            break
    else:
        raise FileExistsError(f"it and {_MOST_NAMES} names after it are taken")
    try:
        with file:
            file.write(data)
    except BaseException:
        with suppress(OSError):
            name.unlink()
        raise
    return name


def _names(path: Path) -> Iterator[Path]:
    yield path
    for number in itertools.islice(itertools.count(2), _MOST_NAMES):
        yield path.with_name(f"{path.stem}-{number}{path.suffix}")
