"""Rigs for tests of what steers them: stand-ins in this process, and real links to them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from helpers import until
from stand_in_rig import StandInRig

from recorder.config import Config, make_config
from recorder.errors import AnotherRig, RecorderError
from recorder.rig.link import LinkServer, connect, running


def config_of(*names: str, **camera: Any) -> Config:
    cameras = {name: {"source": "synthetic", **camera} for name in names or ("top",)}
    return make_config({"cameras": cameras})


class ObedientRig(StandInRig):
    """Takes configs as a rig does, and can be made to take its time over anything."""

    def __init__(self, config: Config) -> None:
        super().__init__(*config.cameras)
        self.told = config
        self.gate = threading.Event()  # what is asked for waits until it is set
        self.gate.set()
        self.held = threading.Event()  # something waits

    def hold(self) -> None:
        if not self.gate.is_set():
            self.held.set()
            assert self.gate.wait(30)

    @property
    def config(self) -> Config:
        return self.told

    def set(self, camera: str, name: str, value: float) -> float | None:
        self.hold()
        return super().set(camera, name, value)

    def configure(self, config: Config) -> None:
        self.hold()
        if list(config.cameras) != list(self.blocks):
            raise AnotherRig("there are other cameras now")
        super().configure(config)
        self.told = config

    def close(self) -> None:
        self.gate.set()
        super().close()


class Served:
    """A rig, and its server; which goes when the rig has ended, as that of a real one does."""

    def __init__(self, rig: ObedientRig, name: str) -> None:
        self.rig = rig
        self.server = LinkServer(rig, name)
        self.thread = threading.Thread(target=self._serve, name="served")
        self.thread.start()

    def _serve(self) -> None:
        self.rig.has_ended.wait()
        self.server.close()

    def vanish(self) -> None:
        """Be gone without a word, as when it is killed."""
        self.rig.gate.set()
        self.server.close()  # its cameras are not over, so nobody is told

    def close(self) -> None:
        self.rig.gate.set()
        self.rig.may_go_on.set()
        self.rig.has_ended.set()
        self.thread.join()
        self.rig.close()


class FakeRigs:
    """Starts rigs in this process, and keeps what it was asked for.

    Attributes
    ----------
    problem
        What starting one raises.
    gate
        Starting waits until it is set.
    """

    def __init__(self) -> None:
        self.started: list[tuple[Config, str]] = []
        self.served: list[Served] = []
        self.problem: Exception | None = None
        self.gate = threading.Event()
        self.gate.set()
        self.starting = threading.Event()

    def running(self) -> Any:
        return running()

    def connect(self, name: str | None) -> Any:
        return connect(name, timeout_s=2.0)

    def start(self, config: Config, name: str) -> Any:
        self.started.append((config, name))
        self.starting.set()
        assert self.gate.wait(30)
        if self.problem is not None:
            raise self.problem
        return self.connect(self.serve(config, name).server.name)

    def serve(self, config: Config, name: str) -> Served:
        """Have a rig that somebody else has started."""
        rig = ObedientRig(config)
        for camera in rig.rings:
            rig.grab(camera)
        self.served.append(Served(rig, name))
        return self.served[-1]

    @property
    def rig(self) -> ObedientRig:
        return self.served[-1].rig

    def close(self) -> None:
        self.gate.set()
        for each in self.served:
            each.close()


class Ear:
    """Hears what happens, from the beginning."""

    def __init__(self, control: Any) -> None:
        self._control = control
        self.heard: list[Any] = []

    def of(self, kind: type) -> list[Any]:
        self.heard += self._control.events()
        return [event for event in self.heard if isinstance(event, kind)]

    def wait(self, kind: type, count: int = 1) -> Any:
        """Return the newest of a kind, once there are so many."""
        until(lambda: len(self.of(kind)) >= count, f"for {count} {kind.__name__}: {self.heard}")
        assert len(self.of(kind)) == count, self.heard
        return self.of(kind)[-1]


def refusal(text: str = "the shutter is stuck") -> RecorderError:
    return RecorderError(text)


def settled(control: Any, what: Callable[[], Any] = lambda: True) -> Any:
    return until(lambda: control.has_acted() and what(), str(control.snapshot()))
