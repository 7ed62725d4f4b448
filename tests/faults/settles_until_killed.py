"""Settles a dead video and kills itself with SIGKILL at one of the moments that others can see.

``python settles_until_killed.py STEM MOMENT LOST…``: LOST are grab numbers. Exit code 0: it was
done before that moment.
"""

import os
import signal
import sys
from pathlib import Path

from recorder.frame import FrameStamp
from recorder.writers.settle import settle_dead


class Killer:
    """Counts what is done to the files of a folder: opened, renamed, removed."""

    def __init__(self, folder, moment):
        self.folder = str(folder)
        self.left = moment

    def __call__(self, event, arguments):
        touches = any(str(argument).startswith(self.folder) for argument in arguments)
        if touches and event in ("open", "os.rename", "os.remove", "os.truncate"):
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


def main(stem, moment, *lost):
    stem = Path(stem)
    stamps = [FrameStamp(2**62 + int(grab), 0, None, int(grab), 1) for grab in lost]
    sys.addaudithook(Killer(stem.parent, int(moment)))
    settle_dead(stem, "video", stamps, "killed")


if __name__ == "__main__":
    main(*sys.argv[1:])
