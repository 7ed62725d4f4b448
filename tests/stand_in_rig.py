"""A rig without cameras, for tests of what watches one: real memory, a real ring, and a list of
what it was asked to do. As a program it serves itself under a name until it is stopped."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from recorder.config import Config, make_config
from recorder.controls import CameraControl, CameraDetails
from recorder.frame import FrameSpec, FrameStamp
from recorder.pipeline import memory
from recorder.pipeline.ring import Ring
from recorder.rig.link.folder import VARIABLE
from recorder.stats import CameraStatus, RigStatus, Totals

SPEC = FrameSpec(64, 48, "gray8")


class StandInRig:
    """Answers like a rig, and keeps what it was asked for.

    Parameters
    ----------
    *cameras
        Their names.
    allocate
        Where their memory comes from.
    """

    def __init__(self, *cameras: str, allocate: Any = memory.allocate) -> None:
        names = cameras or ("top",)
        self.asked: list[Any] = []
        self.blocks = {name: allocate(2**18) for name in names}
        self.rings = {name: Ring(block, SPEC) for name, block in self.blocks.items()}
        self.grabs = 0
        self.problem: Exception | None = None
        self.slow = threading.Event()  # set while a slow request is being carried out
        self.may_go_on = threading.Event()
        self.may_go_on.set()
        self.has_ended = threading.Event()
        self.state = "previewing"
        totals = Totals(grabbed=9, written=7, dropped=2)
        found = [CameraStatus(name, state="recording", totals=totals) for name in names]
        self.cameras = tuple(found)

    def grab(self, camera: str = "top") -> int:
        """Put a frame into a ring; every sample of it is its number."""
        ring = self.rings[camera]
        slot = ring.reserve()
        self.grabs += 1
        slot.frame.fill(self.grabs % 251)
        assert ring.commit(slot, FrameStamp(self.grabs, 0, grab=self.grabs))
        ring.give_back(ring.take(0).slot)
        return self.grabs

    # -- what the link uses -------------------------------------------------------------------

    def status(self) -> RigStatus:
        return RigStatus("inside", os.getpid(), self.state, self.cameras)

    def memory(self, camera: str) -> memory.Block:
        return self.blocks[camera]

    def record(self, duration: Any = None) -> None:
        self.slow.set()
        assert self.may_go_on.wait(30)
        if self.problem is not None:
            raise self.problem
        self.asked.append(("record", duration))
        self.state = "recording"

    def end_take(self) -> None:
        self.asked.append("end_take")
        self.state = "previewing"

    @property
    def config(self) -> Config:
        return make_config({"cameras": {name: {"source": "synthetic"} for name in self.blocks}})

    def details(self) -> dict[str, CameraDetails]:
        control = CameraControl("gain", "number", 3.0, 0.0, 10.0, 1.0, 1.0)
        return {name: CameraDetails("stand-in", controls=(control,)) for name in self.blocks}

    def set(self, camera: str, name: str, value: float) -> float | None:
        if camera not in self.blocks:
            raise KeyError(camera)
        if self.problem is not None:
            raise self.problem
        self.asked.append(("set", camera, name, value))
        return None if name == "focus" else min(value, 10.0)

    def configure(self, config: Config) -> None:
        if self.problem is not None:
            raise self.problem
        self.asked.append(("configure", config))

    def stop(self) -> None:
        self.asked.append("stop")
        self.end()

    def end(self) -> None:
        """Come to the end, and say how."""
        self.cameras = tuple(
            replace(camera, state="ended", reason="requested", files=(f"out/{camera.name}.mkv",))
            for camera in self.cameras
        )
        self.state = "ended"
        self.has_ended.set()

    def close(self) -> None:
        self.may_go_on.set()
        for ring in self.rings.values():
            ring.let_go()
        for block in self.blocks.values():
            block.close()


@contextmanager
def runtime_folder_of_its_own() -> Iterator[Path]:
    """Have rigs found in a fresh folder with a short path, by child processes too."""
    folder = Path(tempfile.mkdtemp(prefix="rec-"))
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = str(folder)
    try:
        yield folder
    finally:
        os.environ.pop(VARIABLE)
        if before is not None:
            os.environ[VARIABLE] = before
        shutil.rmtree(folder)


class DyingRig(StandInRig):
    """Is killed at the very moment in which it is asked to stop."""

    def stop(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)


def main(name: str, kind: str = "StandInRig") -> None:
    from recorder.rig.link import LinkServer

    rig = {"StandInRig": StandInRig, "DyingRig": DyingRig}[kind]()
    for camera in rig.rings:
        rig.grab(camera)
    with LinkServer(rig, name) as server:
        print(server.name, flush=True)
        rig.has_ended.wait()
    rig.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
