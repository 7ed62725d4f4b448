"""Brings what is written to the disk while it is written, on a thread that carries no frames.

The system keeps written data in memory for half a minute; when the power goes, that is gone.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recorder.pipeline.write import Writing

log = logging.getLogger(__name__)

SYNC_S = 0.35
"""From the beginning of a sync to that of the next. What is lost with the power is at most two of
them, as an HDF5 file takes what comes in from one on to the next, and the time that the disk takes
for one: less than a second."""
LEAST_PAUSE_S = 0.1
"""A disk that is slow has other work, too."""


class Syncer:
    """Syncs the file that is open.

    Parameters
    ----------
    writing
        Has the file.
    """

    def __init__(self, writing: Writing) -> None:
        self._writing = writing
        self._failed: object = None

    def run(self, writer: threading.Thread) -> None:
        """Sync until the writer's thread has ended, which leaves nothing to be synced."""
        pause_s = SYNC_S
        while True:
            writer.join(pause_s)
            if not writer.is_alive():
                return
            began = time.monotonic()
            self._sync()
            pause_s = max(SYNC_S - (time.monotonic() - began), LEAST_PAUSE_S)

    def _sync(self) -> None:
        current = self._writing.writer
        try:
            current.sync()
        except OSError as error:  # the writer itself will say so, if it cannot write either
            if self._failed is not current:
                log.warning("what is recorded cannot be brought to the disk: %s", error)
            self._failed = current
