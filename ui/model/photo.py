"""Keep single frames as pictures, whole and in full depth, beside whatever else is going on."""

from __future__ import annotations

import queue
import threading
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from recorder.frame import Frame


class Photo(NamedTuple):
    """How it went, in words."""

    text: str
    failed: bool


class Photographer:
    """Writes PNG and TIFF files on a thread of its own; nothing is ever overwritten."""

    def __init__(self) -> None:
        self._wanted: queue.SimpleQueue[tuple[Frame, Path] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Photo] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def keep(self, frame: Frame, path: Path) -> None:
        """Write a frame; returns at once.

        Parameters
        ----------
        frame
            (height, width) uint8 or uint16, or (height, width, 3) uint8, blue first; not changed
            by anybody from now on.
        path
            Ends in .png or .tif.
        """
        self._wanted.put((frame, path))
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
        if self._thread is not None:
            self._wanted.put(None)
            self._thread.join(timeout_s)

    def _work(self) -> None:
        while (wanted := self._wanted.get()) is not None:
            frame, path = wanted
            try:
                _write(frame, path)
                self._done.put(Photo(f"Picture kept: {path}", False))
            except (OSError, ValueError) as error:
                reason = getattr(error, "strerror", None) or str(error)
                self._done.put(Photo(f"{path} cannot be written: {reason}", True))


def _write(frame: Frame, path: Path) -> None:
    from recorder.cameras.cv2_setup import import_cv2

    done, data = import_cv2().imencode(path.suffix, frame)
    if not done:
        raise ValueError(f"OpenCV cannot write {path.suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
