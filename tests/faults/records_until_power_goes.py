"""Runs in a virtual machine: records to a disk, and says how time goes by there.

``python records_until_power_goes.py CONFIG FOLDER BEATS``: the recording goes to FOLDER; a line
into BEATS every few milliseconds: the monotonic clock, then how many files the recording has.
Once a second a file is written beside it in FOLDER/unsynced that nobody brings to the disk; it has
the clock for a name.
"""

import subprocess
import sys
import time
from pathlib import Path

BEAT_S = 0.02


def main(config, folder, beats):
    folder = Path(folder)
    unsynced = folder / "unsynced"
    unsynced.mkdir(parents=True)
    command = [sys.executable, "-m", "recorder", "record", config, "--output", str(folder)]
    recorder = subprocess.Popen(command)
    next_ns = 0
    with Path(beats).open("w", buffering=1) as file:
        while recorder.poll() is None:
            now_ns = time.monotonic_ns()
            files = sum(path.suffix in (".mkv", ".h5") for path in folder.iterdir())
            file.write(f"{now_ns} {files}\n")
            if now_ns >= next_ns:
                (unsynced / str(now_ns)).write_bytes(b"x" * 1000)
                next_ns = now_ns + 1_000_000_000
            time.sleep(BEAT_S)
    return recorder.returncode or 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
