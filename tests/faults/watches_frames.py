"""A process that pulls the newest frames of all cameras of a rig until it is killed.

``python watches_frames.py NAME``: a line when it has seen a frame of each, then one a second.
"""

import sys
import time

from recorder.rig.link import connect

PERIOD_S = 1 / 30


def main(name):
    with connect(name) as link:
        after = dict.fromkeys((camera.name for camera in link.status().cameras), 0)
        pulled = 0
        while True:
            for camera, last in after.items():
                look = link.latest_frame(camera, after=last)
                after[camera] = last if look is None else look.sequence
            if all(after.values()):
                if pulled % 30 == 0:
                    print(*after.values(), flush=True)
                pulled += 1
            time.sleep(PERIOD_S)


if __name__ == "__main__":
    main(*sys.argv[1:])
