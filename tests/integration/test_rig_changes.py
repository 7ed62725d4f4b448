"""A rig that takes another config, and settings, while it runs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from helpers import read_about, until
from rigs import previewing, rig_config
from stand_in_rig import StandInRig, runtime_folder_of_its_own

from recorder import verify
from recorder.errors import AnotherRig, CameraTimeout, ConfigError, RecorderError
from recorder.rig.link import LinkServer, connect


@pytest.fixture(autouse=True)
def runtime_folder() -> Iterator[Path]:
    with runtime_folder_of_its_own() as folder:
        yield folder


def pids_of(rig) -> list[int | None]:
    return [camera.pid for camera in rig.status().cameras]


def settled(rig) -> list[int | None]:
    """Wait until all cameras preview; return their processes."""
    until(lambda: {each.state for each in rig.status().cameras} == {"previewing"})
    until(lambda: all(pids_of(rig)))
    return pids_of(rig)


def record(rig, frames: int) -> list[str]:
    rig.record(f"{frames} frames")
    until(lambda: rig.status().state == "previewing" and all(rig.summary().cameras.values()))
    return [file for camera in rig.summary().cameras.values() for file in camera.files]


def test_a_setting_is_changed_while_it_records_and_noted(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path, "a", "b")) as rig:
        settled(rig)
        assert rig.set("a", "brightness", 5) == 5.0
        rig.record()
        until(lambda: rig.status().camera("a").totals.written > 5)
        assert rig.set("a", "brightness", 500) == 100.0
        assert rig.set("a", "gain", 2) is None  # the synthetic camera has none
        until(lambda: rig.details()["a"].controls[0].value == 100.0)
        assert rig.details()["b"].controls[0].value == 0.0
        rig.end_take()
        until(lambda: rig.status().state == "previewing")
        a, b = (read_about(rig.summary().cameras[name].files[0]) for name in "ab")
    changes = [(each["name"], each["asked"], each["obtained"]) for each in a["changes"]]
    assert changes == [("brightness", 500.0, 100.0), ("gain", 2.0, None)]
    assert a["obtained"]["brightness"] == 100.0
    assert b["changes"] == []
    assert verify(tmp_path).ok


def test_the_next_recording_is_made_as_the_new_config_says(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path / "one", "a", "b")) as rig:
        before = settled(rig)
        config = rig_config(tmp_path / "two", "a", "b", each={"recording__format": "hdf5"})
        rig.configure(config.model_copy(update={"metadata": {"subject": "M12"}}))
        files = record(rig, 20)
        assert pids_of(rig) == before  # no camera was opened anew
        assert rig.config.metadata == {"subject": "M12"}
    assert not (tmp_path / "one").exists() or not any((tmp_path / "one").iterdir())
    assert sorted(Path(file).parent for file in files) == [tmp_path / "two"] * 2
    assert {Path(file).suffix for file in files} == {".h5"}
    assert verify(tmp_path / "two").ok


def test_a_camera_is_opened_anew_only_if_it_must_be(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path, "a", "b")) as rig:
        first, second = settled(rig)
        rig.configure(rig_config(tmp_path, a={"crop": (0, 0, 16, 12)}, b={}))
        until(lambda: pids_of(rig)[0] not in (first, None))
        assert settled(rig)[1] == second
        until(lambda: (look := rig.latest_frame("a")) and look.frame.shape == (12, 16))
        record(rig, 10)
        assert read_about(rig.summary().cameras["a"].files[0])["width"] == 16
    assert verify(tmp_path).ok


def test_settings_of_the_new_config_are_applied(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path, "a")) as rig:
        before = settled(rig)
        rig.configure(rig_config(tmp_path, a={"settings": {"brightness": 9}}))
        until(lambda: rig.details()["a"].controls[0].value == 9.0)
        assert pids_of(rig) == before


def test_what_needs_another_rig_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path, "a", "b")) as rig:
        before, config = settled(rig), rig.config
        for other in (
            rig_config(tmp_path, "a"),
            rig_config(tmp_path, "a", "b", "c"),
            rig_config(tmp_path, a={}, b={"buffer__memory": "32MiB"}),
        ):
            with pytest.raises(AnotherRig):
                rig.configure(other)
        assert (pids_of(rig), rig.config) == (before, config)


def test_not_while_it_records(tmp_path: Path) -> None:
    with previewing(rig_config(tmp_path, "a")) as rig:
        settled(rig)
        rig.record()
        until(lambda: rig.status().camera("a").totals.written)
        with pytest.raises(RecorderError, match="under way"):
            rig.configure(rig_config(tmp_path, "a"))
        rig.end_take()
        until(lambda: rig.status().state == "previewing")
    assert verify(tmp_path).ok


def test_a_camera_that_cannot_be_opened_the_new_way_can_be_opened_another_way(
    tmp_path: Path,
) -> None:
    with previewing(rig_config(tmp_path, "a", "b")) as rig:
        settled(rig)
        rig.configure(rig_config(tmp_path, a={"crop": (900, 0, 16, 12), "size": None}, b={}))
        rig.configure(rig_config(tmp_path, a={"source": "/dev/nothing-here", "size": None}, b={}))
        until(lambda: rig.status().camera("a").state == "restarting")
        assert "nothing-here" in str(rig.status().camera("a").message)
        rig.configure(rig_config(tmp_path, "a", "b"))
        settled(rig)
        record(rig, 10)
    assert verify(tmp_path).ok


# -- from outside -----------------------------------------------------------------------------


@pytest.fixture
def stand_in() -> Iterator[StandInRig]:
    rig = StandInRig("top", "side")
    with LinkServer(rig, "demo"):
        yield rig
    rig.close()


def test_details_settings_and_config_through_the_link(stand_in: StandInRig) -> None:
    with connect() as link:
        assert link.details() == stand_in.details()
        assert link.config() == stand_in.config
        assert link.set("top", "gain", 25) == 10.0
        assert link.set("top", "focus", 1) is None
        config = link.config().model_copy(update={"metadata": {"note": "ä" * 30000}})
        link.configure(config)
    assert stand_in.asked == [
        ("set", "top", "gain", 25.0),
        ("set", "top", "focus", 1.0),
        ("configure", config),
    ]


@pytest.mark.parametrize(
    "problem", [ConfigError("no such property"), CameraTimeout("busy"), AnotherRig("a new one")]
)
def test_what_the_rig_says_against_it_comes_back(stand_in: StandInRig, problem: Exception) -> None:
    stand_in.problem = problem
    with connect() as link:
        with pytest.raises(type(problem), match=str(problem)):
            link.set("top", "gain", 1)
        with pytest.raises(type(problem), match=str(problem)):
            link.configure(stand_in.config)
        stand_in.problem = None
        with pytest.raises(ConfigError, match="no camera called 'x'; there are: top, side"):
            link.set("x", "gain", 1)
    assert stand_in.asked == []
