"""Where the process of a background rig begins: with the process of its first camera.

Both import for as long, so that one goes first that has nothing else to wait for. Nothing heavy is
imported before it is started.
"""

from __future__ import annotations

import contextlib
import sys

from recorder.rig.spare import Spare


def main() -> int:
    """Start what takes longest, then be a rig; return the exit code."""
    spare = None
    with contextlib.suppress(OSError):  # it is started when it is needed, and says so then
        spare = Spare()
    from recorder.rig import background

    return background.main(spare)


if __name__ == "__main__":
    sys.exit(main())
