"""Brings what is written to the disk while it is written, on a thread that carries no frames.

The system keeps written data in memory for half a minute; when the power goes, that is gone.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recorder.pipeline.write import Writing

log = logging.getLogger(__name__)

SYNC_S = 0.4
"""The pause between two syncs. With a cluster of the file, which is as long, and the time that the
disk takes, what is lost with the power is less than a second."""


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
        """Sync until the writer's thread has ended."""
        while writer.is_alive():
            writer.join(SYNC_S)
            self._sync()

    def _sync(self) -> None:
        current = self._writing.writer
        try:
            current.sync()
        except OSError as error:  # the writer itself will say so, if it cannot write either
            if self._failed is not current:
                log.warning("what is recorded cannot be brought to the disk: %s", error)
            self._failed = current
