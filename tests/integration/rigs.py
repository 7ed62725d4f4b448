"""What tests of whole rigs share."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from helpers import SLOW, assert_adds_up

from recorder.config import Config, make_config
from recorder.errors import RecorderError
from recorder.rig.keeper import Patience
from recorder.rig.rig import Rig, RigSummary

FPS = 200
AT_ONCE = Patience(tries=3, first_pause_s=0.0, longest_pause_s=0.0)


def rig_config(
    folder: Path, *names: str, each: dict[str, Any] | None = None, **cameras: Any
) -> Config:
    """Return synthetic cameras of small frames.

    Parameters
    ----------
    folder
        Where they record.
    *names
        Of cameras like all others.
    each
        Keys of every camera; with two underscores they go below, as in `helpers`.
    **cameras
        By name: keys of their own.
    """
    plain = {name: _camera((each or {}) | changes) for name, changes in cameras.items()}
    plain |= {name: _camera(each or {}) for name in names}
    recording = {"folder": str(folder), "keep_free": 1}
    return make_config(
        {"cameras": plain, "buffer": {"memory": "8MiB"}, "recording": recording},
    )


def _camera(changes: dict[str, Any]) -> dict[str, Any]:
    camera: dict[str, Any] = {"source": "synthetic"}
    if changes.get("source", "synthetic") == "synthetic":
        camera |= {"size": [32, 24], "pixel_format": "gray8", "fps": FPS}
    for key, value in changes.items():
        section, _, name = key.rpartition("__")
        (camera.setdefault(section, {}) if section else camera)[name] = value
    return camera


def end_of(rig: Rig) -> RigSummary:
    return rig.wait(SLOW)


@contextlib.contextmanager
def previewing(config: Config, **options: Any) -> Iterator[Rig]:
    """Give a rig whose cameras are open; it is stopped whatever happens."""
    with Rig(config, **options) as rig:
        rig.start()
        yield rig


@contextlib.contextmanager
def recording(config: Config, **options: Any) -> Iterator[Rig]:
    """Give a rig that records; it is stopped whatever happens."""
    with Rig(config, **options) as rig:
        rig.start(record=True)
        yield rig


class Starting:
    """A rig that is started beside the test."""

    def __init__(self, rig: Rig, record: bool = True) -> None:
        self.rig = rig
        self.error: RecorderError | None = None
        self._thread = threading.Thread(target=self._start, args=(record,))
        self._thread.start()

    def _start(self, record: bool) -> None:
        try:
            self.rig.start(record)
        except RecorderError as error:
            self.error = error

    def join(self) -> None:
        self._thread.join(SLOW)
        assert not self._thread.is_alive()


def rows_of(summary: Any) -> list[dict[str, str]]:
    """Return all rows of a camera, checked against its summary and its files."""
    return assert_adds_up(summary)


def assert_gaps_are_true(rows: list[dict[str, str]], count: int) -> None:
    """Check that each gap is as long as it was from the grab before it to the one after it.

    The last row may be a gap, too: the recording ended without its camera.
    """
    times = [int(row["t_mono_ns"]) for row in rows]
    gaps = [number for number, row in enumerate(rows) if row["status"] == "gap"]
    assert len(gaps) == count
    for number in gaps:
        if number + 1 < len(rows):
            assert times[number] + int(rows[number]["note"]) == times[number + 1]
        if number:
            assert times[number] == times[number - 1]
