"""The process of a background rig before there is an order for it: it imports meanwhile.

Importing takes as long as opening a camera, and a window has a second processor core for it.
Nothing heavy is imported here.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path

from recorder.system import QUICK_IMPORTS, start_child

COMMAND = ("-P", "-m", "recorder.rig.entry")


def environment() -> dict[str, str]:
    """Return the environment for a process of ours: it finds this very package."""
    home = str(Path(__file__).parents[2])
    paths = [home, *filter(None, [os.environ.get("PYTHONPATH")])]
    # What a driver does before it takes the process with it is the best trace there is.
    ours = {"PYTHONPATH": os.pathsep.join(paths), "PYTHONFAULTHANDLER": "1"}
    return {**QUICK_IMPORTS, **os.environ, **ours}


def log_path(name: str) -> Path:
    """Return where the words of a rig in the background go."""
    import platformdirs

    plain = "".join(c if c.isalnum() or c in "-_" else "-" for c in name)[:60] or "rig"
    folder = Path(platformdirs.user_log_dir("recorder"))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / f"{plain}.log").open("ab"):
            return folder / f"{plain}.log"
    except OSError:  # a home that cannot be written to keeps nobody from recording
        from recorder.rig.link.folder import runtime_folder

        return runtime_folder() / f"{plain}.log"


class RigProcess:
    """A process that will be a rig once it is given an order; without one it ends.

    Parameters
    ----------
    name
        Of its log.

    Raises
    ------
    OSError
        The system gives no process.
    """

    def __init__(self, name: str) -> None:
        self.log_path = log_path(name)
        with self.log_path.open("ab") as log_file:
            self.child = start_child(
                [sys.executable, *COMMAND],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log_file,
                env=environment(),
            )

    def dismiss(self) -> None:
        """Let it end: nobody has an order for it."""
        for pipe in (self.child.stdin, self.child.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        threading.Thread(target=self.child.wait, name="dismissed rig", daemon=True).start()
