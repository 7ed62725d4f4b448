"""Deletes one segment, and is killed at its Nth step: python deletes_until_killed.py FOLDER N."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from recorder.unattended.removing import Remover
from recorder.unattended.shelf import Shelf
from recorder.writers import about as about_file


def main(folder: str, steps: int) -> None:
    left = steps

    def step() -> None:
        nonlocal left
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def replace(path: Path, about: dict) -> None:
        step()
        about_file.replace(path, about)
        step()

    def unlink(path: Path) -> None:
        path.unlink()
        step()

    shelf = Shelf(Path(folder))
    oldest = min(shelf.look(), key=lambda closed: closed.part)
    Remover(shelf, unlink, replace).remove(oldest, "a test")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
