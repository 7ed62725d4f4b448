"""A desk whose rig, clock, checker and list of cameras the test decides."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from recorder.frame import FrameStamp
from recorder.pipeline.view import Look
from recorder.stats import CameraStatus, RigStatus
from ui.model.checking import Verdict
from ui.model.desk import Desk
from ui.model.draft import Draft
from ui.model.preferences import Preferences
from ui.model.snapshot import Snapshot


class FakeControl:
    """Does nothing, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.now = Snapshot()
        self.coming: list[Any] = []
        self.frames: dict[str, Any] = {}
        self.rigs: Any = self
        self.rig_names: tuple[str, ...] = ()
        self.closes = 0
        self.is_beginning = False
        self.names: list[str] = []

    def running(self) -> list[Any]:
        from recorder.rig.link import RunningRig

        return [RunningRig(name, 1) for name in self.names]

    def snapshot(self) -> Snapshot:
        return self.now

    def events(self) -> list[Any]:
        found, self.coming = self.coming, []
        return found

    def latest_frame(self, camera: str, after: int = 0, step: int = 1) -> Look | None:
        frame = self.frames.get(camera)
        return None if frame is None else Look(frame, FrameStamp(1, 0, grab=1), 1)

    def open(self, config: Any, name: str) -> None:
        self.asked.append(("open", config, name))

    def __getattr__(self, what: str) -> Any:
        if what not in ("record", "end_recording", "set", "stop_rig", "attach"):
            raise AttributeError(what)
        return lambda *values: self.asked.append((what, *values))

    def close(self) -> None:
        self.closes += 1

    @property
    def opened(self) -> list[Any]:
        return [what[1] for what in self.asked if what[0] == "open"]

    @property
    def words(self) -> list[str]:
        return [what[0] for what in self.asked]

    # -- the rig ------------------------------------------------------------------------------

    def be(self, state: str, phase: str = "attached", **camera: Any) -> None:
        cameras = (CameraStatus("top", **{"state": state, **camera}),)
        self.now = replace(self.now, phase=phase, status=RigStatus("demo", 1, state, cameras))


class FakeChecker:
    def __init__(self) -> None:
        self.checked: list[tuple[str, ...]] = []
        self.held: list[bool] = []
        self.known: dict[tuple[str, ...], Verdict] = {}
        self.closes = 0

    def check(self, files: Any) -> None:
        self.checked.append(tuple(files))

    def hold(self, is_held: bool) -> None:
        self.held.append(is_held)

    def verdicts(self) -> tuple[Verdict, ...]:
        return tuple(self.known.values())

    def verdict(self, files: Any) -> Verdict | None:
        return self.known.get(tuple(files))

    def close(self) -> None:
        self.closes += 1


class FakeFinder:
    def __init__(self) -> None:
        self.starts = self.closes = 0
        self.found: Any = None
        self.problem = ""

    def start(self) -> None:
        self.starts += 1

    def poll(self) -> Any:
        found, self.found = self.found, None
        return found

    def close(self) -> None:
        self.closes += 1


class Stage:
    """A desk and all that it is surrounded by."""

    def __init__(self, folder: Any, text: str = "cameras: {top: {source: synthetic}}") -> None:
        self.control, self.checker, self.finder = FakeControl(), FakeChecker(), FakeFinder()
        self.preferences = Preferences.load(folder)
        self.now = 100.0
        self.folder = folder
        self.text = text

    def clock(self) -> float:
        return self.now

    def desk(self, writes: bool = True) -> Desk:
        self.the = Desk(
            self.control,  # type: ignore[arg-type]
            self.preferences,
            Draft(self.text),
            writes,
            self.checker,  # type: ignore[arg-type]
            self.clock,
            lambda: 1_700_000_000.25,
            self.finder,  # type: ignore[arg-type]
        )
        return self.the

    def tick(self, *events: Any, passed_s: float = 0.1) -> Desk:
        self.now += passed_s
        self.control.coming += events
        self.the.tick()
        return self.the

    def told(self, level: str | None = None) -> list[str]:
        return [each.text for each in self.the.notices.shown() if level in (None, each.level)]

    def hint(self, text: str) -> str:
        return next(each.remedy for each in self.the.notices.shown() if text in each.text)
