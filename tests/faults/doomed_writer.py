"""A process that writes frames until it is killed, and says which were handed to its writer.

``python doomed_writer.py STEM FORMAT PIXEL_FORMAT CODEC GAP``: a line for every grab.
"""

import sys
import time
from pathlib import Path

import numpy as np
import xxhash

from recorder.cameras.base import stamp_now
from recorder.frame import FrameSpec
from recorder.writers.codecs import choose
from recorder.writers.hdf5 import Hdf5Writer
from recorder.writers.hdf5 import choose as choose_filter
from recorder.writers.video import VideoWriter

PERIOD_S = 0.002
LOST_EVERY = 11
ABOUT = {"camera": "top", "start": "2026-11-22T12:00:00", "part": 0, "metadata": {"subject": "M12"}}


def main(stem, format_, pixel_format, codec, gap):
    spec = FrameSpec(96, 64, pixel_format, 500.0)
    if format_ == "hdf5":
        writer = Hdf5Writer(Path(stem), choose_filter(codec, spec), ABOUT)
    else:
        writer = VideoWriter(Path(stem), choose(codec, pixel_format), ABOUT)
    writer.open(spec)
    first = 0
    if gap == "gap":
        writer.skip(stamp_now()._replace(grab=-1), "gap", "2000000000")
        first = 1000
    print("open", flush=True)
    random = np.random.default_rng(0)
    limit = np.iinfo(spec.dtype).max + 1
    grab = first
    while True:
        stamp = stamp_now()._replace(grab=grab)
        if grab % LOST_EVERY == 10:
            writer.skip(stamp, "dropped", "overflow")
        else:
            frame = random.integers(0, limit, spec.shape, spec.dtype)
            digest = xxhash.xxh3_64_intdigest(frame.data)
            note = "late" if grab % 7 == 0 else ""
            writer.write(frame, stamp._replace(xxh3_64=digest, note=note))
        print(grab, flush=True)
        grab += 1
        time.sleep(PERIOD_S)  # a camera at 500 frames per second


if __name__ == "__main__":
    main(*sys.argv[1:])
