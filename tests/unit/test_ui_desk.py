"""The window's brain: when edits reach the cameras, when it may record, what it tells."""

import os
from dataclasses import replace

import numpy as np
import pytest
from helpers import noise, until
from ui_desk import Stage

from recorder.cameras.cv2_setup import import_cv2
from recorder.config import parse_config
from recorder.errors import ConfigError
from recorder.stats import CameraStatus, RigStatus, Totals
from ui.model.checking import Verdict
from ui.model.draft import Draft
from ui.model.drafting import APPLY_S
from ui.model.preferences import Preferences
from ui.model.snapshot import (
    Applied,
    Attached,
    Changed,
    Ended,
    Failed,
    Recorded,
    Snapshot,
    WasSet,
)

cv2 = import_cv2()


@pytest.fixture
def stage(tmp_path):
    stage = Stage(tmp_path / "preferences")
    stage.desk()
    stage.control.be("previewing")
    stage.tick()
    yield stage
    stage.the.close()


def edit(stage, value, *keys):
    stage.the.draft.set(value, *keys)
    stage.the.edited(keys)


def recorded(*files):
    return Recorded(RigStatus("demo", 1, "previewing", ()), {"top": files})


# -- edits --------------------------------------------------------------------------------------


def test_edits_that_follow_each_other_are_applied_together(stage):
    for fps in (1, 2, 3):
        edit(stage, fps, "cameras", "top", "fps")
        stage.tick(passed_s=APPLY_S / 2)
    assert stage.control.opened == []
    stage.tick(passed_s=APPLY_S)
    assert [config.cameras["top"].fps for config in stage.control.opened] == [3]
    stage.tick(passed_s=10)
    assert len(stage.control.opened) == 1


def test_an_invalid_draft_is_not_applied_and_blocks_with_words(stage):
    edit(stage, "fast", "cameras", "top", "fps")
    stage.tick(passed_s=1)
    assert stage.control.opened == []
    assert stage.the.blocked().startswith("the config has a problem: cameras.top.fps: ")
    stage.the.record()
    assert stage.control.asked == []
    edit(stage, 5, "cameras", "top", "fps")
    stage.tick(passed_s=1)
    assert len(stage.control.opened) == 1
    assert stage.the.blocked() is None


def test_edits_while_it_records_are_applied_when_it_is_over(stage):
    stage.control.be("recording")
    stage.tick()
    edit(stage, 5, "cameras", "top", "fps")
    stage.tick(passed_s=1)
    assert stage.control.opened == []
    assert stage.told() == ["What you changed holds from the next recording on"]
    stage.control.be("previewing")
    stage.tick()
    assert [config.cameras["top"].fps for config in stage.control.opened] == [5]


def test_cameras_are_not_opened_again_for_an_edit_when_somebody_ended_the_rig(stage):
    stage.control.be("recording")
    stage.tick()
    edit(stage, 5, "cameras", "top", "fps")
    stage.tick(passed_s=1)
    for state in ("finishing", "ended"):
        stage.control.be(state)
        stage.tick()
    stage.control.be("ended", phase="gone")
    stage.tick(Ended("demo"))
    stage.tick(passed_s=5)
    assert stage.control.opened == []
    assert "demo has ended, and its cameras are closed" in stage.told()
    stage.the.reopen()
    assert len(stage.control.opened) == 1


def test_a_setting_is_set_at_once_and_told_as_a_whole_when_the_slider_rests(stage):
    stage.the.moved("top", "exposure", -6.0)
    stage.the.moved("top", "exposure", -6.5)
    assert stage.control.asked == [
        ("set", "top", "exposure", -6.0),
        ("set", "top", "exposure", -6.5),
    ]
    assert stage.the.draft.get("cameras", "top", "settings", "exposure") == -6.5
    stage.tick(passed_s=1)
    [config] = stage.control.opened  # a camera that is lost is opened with it
    assert config.cameras["top"].settings == {"exposure": -6.5}


def test_a_whole_number_stays_one(stage):
    stage.the.moved("top", "gain", 3.0)
    assert "{gain: 3}" in stage.the.draft.text()


def test_a_setting_that_takes_effect_while_it_records_is_no_news(stage):
    stage.control.be("recording")
    stage.tick()
    stage.the.moved("top", "gain", 3.0)
    stage.the.edited(("cameras", "top", "settings", "gain"))
    stage.tick(passed_s=1)
    assert stage.told() == []
    stage.control.be("previewing")
    stage.tick()
    assert stage.control.opened[0].cameras["top"].settings == {"gain": 3}


def test_a_camera_that_the_config_does_not_have_gets_no_part_in_it(stage):
    before = stage.the.draft.text()
    stage.the.moved("left", "gain", 3.0)
    assert stage.the.draft.text() == before
    assert stage.control.asked == [("set", "left", "gain", 3.0)]


def test_a_setting_that_was_moved_does_not_reopen_a_camera(stage):
    from recorder.rig.keeper import way_to_open

    before = stage.the.config().cameras["top"]
    stage.the.moved("top", "gain", 3.0)
    stage.tick(passed_s=1)
    assert way_to_open(stage.control.opened[0].cameras["top"]) == way_to_open(before)


def test_a_crop_is_applied_with_the_next_tick(stage):
    stage.the.crop("top", (8, 16, 320, 240))
    assert stage.the.draft.get("cameras", "top", "crop") == [8, 16, 320, 240]
    stage.tick()
    assert stage.control.opened[0].cameras["top"].crop == (8, 16, 320, 240)
    stage.the.crop("top", None)
    stage.tick()
    assert stage.control.opened[1].cameras["top"].crop is None


def test_reopening_closes_the_cameras_first(stage):
    stage.the.reopen()
    assert stage.control.words == ["stop_rig", "open"]


def test_a_draft_that_is_not_valid_closes_no_camera(stage):
    stage.the.draft.set("fast", "cameras", "top", "fps")
    stage.the.reopen()
    assert stage.control.asked == []
    assert stage.told("warn")[0].startswith("The cameras stay as they are: ")


# -- configs ------------------------------------------------------------------------------------


def test_another_config_is_opened_and_remembered(stage, tmp_path):
    path = tmp_path / "my rig.yaml"
    path.write_text("cameras: {side: {source: synthetic}}\n")
    stage.the.open(path)
    assert stage.control.asked[0][2] == "my-rig"  # what `recorder record` and links call it
    assert stage.the.preferences.draft == path
    assert stage.the.preferences.recent == (path,)
    assert stage.the.drafts == 1


def test_a_config_that_is_not_valid_leaves_the_one_that_is_open(stage, tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("cameras: 3\n")
    before = stage.the.draft
    with pytest.raises(ConfigError):
        stage.the.open(path)
    assert stage.the.draft is before
    assert stage.control.asked == []


def test_no_other_config_while_it_records(stage, tmp_path):
    path = tmp_path / "side.yaml"
    path.write_text("cameras: {side: {source: synthetic}}\n")
    stage.control.be("recording")  # a moment ago: nobody has looked since
    before = stage.the.draft
    for change in (lambda: stage.the.open(path), stage.the.new):
        with pytest.raises(ConfigError, match="a recording goes on"):
            change()
    assert stage.the.draft is before


def test_saving_remembers_and_preferences_are_written_on_closing(stage, tmp_path):
    path = tmp_path / "new.yaml"
    stage.the.save(path)
    stage.the.close()
    stage.the.close()
    again = Preferences.load(tmp_path / "preferences")
    assert (again.draft, again.recent) == (path, (path,))
    assert stage.control.closes == stage.checker.closes == 2


def test_closing_lets_go_of_all_also_if_nothing_can_be_remembered(stage, tmp_path, caplog):
    (tmp_path / "preferences").write_text("in the way")
    stage.the.preferences.theme = "light"
    stage.the.close()
    assert stage.control.closes == 1
    assert "nothing will be remembered" in caplog.text


# -- recording ----------------------------------------------------------------------------------


def test_record_and_stop(stage):
    assert stage.the.blocked() is None
    stage.the.record()
    assert stage.control.asked == [("record",)]
    stage.control.be("recording")
    stage.the.record()
    assert stage.control.asked == [("record",)]
    stage.the.stop()
    assert stage.control.asked[-1] == ("end_recording",)


def test_two_clicks_record_once(stage):
    stage.the.record()
    stage.control.now = replace(stage.control.now, busy="starting to record")
    stage.the.record()
    assert stage.control.words == ["record"]


def test_a_click_while_cameras_are_opened_is_not_lost(stage):
    stage.control.now = replace(stage.control.now, busy="opening cameras")
    stage.the.record()
    assert stage.control.words == ["record"]


def test_what_was_typed_a_moment_ago_is_recorded_with(stage):
    edit(stage, "M12", "metadata", "subject")
    stage.the.record()
    assert stage.control.words == ["open", "record"]
    assert stage.control.opened[0].metadata == {"subject": "M12"}
    stage.tick(passed_s=1)
    assert stage.control.words == ["open", "record"]


def test_what_could_not_be_applied_is_tried_again_before_it_is_recorded(stage):
    stage.tick(Failed("opening cameras", "the shutter is stuck"))
    stage.the.record()
    assert stage.control.words == ["open", "record"]
    stage.tick(Applied(stage.control.opened[0]))
    stage.the.record()
    assert stage.control.words == ["open", "record", "record"]


def config(text):
    return parse_config(text, "config")


TWO = "cameras: {top: {source: synthetic%s}, side: {source: synthetic}}"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"phase": "none"}, "no camera is open"),
        ({"phase": "gone"}, "no camera is open"),
        ({"phase": "silent"}, "the rig does not answer"),
        ({"phase": "starting", "status": None}, "cameras are being opened"),
        ({"phase": "attached", "status": None}, "no camera is open"),
        ({"busy": "closing cameras"}, "closing cameras"),
    ],
)
def test_why_it_cannot_record(stage, change, why):
    stage.control.now = replace(stage.control.now, **change)
    assert stage.tick().blocked() == why


@pytest.mark.parametrize(
    ("rig", "top", "side", "option", "why"),
    [
        ("previewing", "previewing", "previewing", "", None),
        ("recording", "restarting", "recording", "", None),
        ("opening", "opening", "previewing", "", "cameras are being opened"),
        ("previewing", "opening", "previewing", "", "cameras are being opened"),
        ("ended", "ended", "ended", "", "cameras are being opened"),
        ("finishing", "finishing", "previewing", "", "the cameras are being closed"),
        ("previewing", "restarting", "previewing", "", "top is not there"),
        ("previewing", "restarting", "restarting", "", "top, side are not there"),
        ("previewing", "ended", "previewing", "", "top is not there"),
        ("previewing", "ended", "previewing", ", on_failure: leave", None),
        ("previewing", "restarting", "previewing", ", on_failure: leave", "top is not there"),
    ],
)
def test_why_these_cameras_cannot_be_recorded(stage, rig, top, side, option, why):
    stage.the.lay(Draft(TWO % option))
    cameras = (CameraStatus("top", state=top), CameraStatus("side", state=side))
    stage.control.now = Snapshot("attached", RigStatus("demo", 1, rig, cameras))
    assert stage.tick().blocked() == why


def test_nothing_to_write_is_a_reason(stage):
    stage.the.draft.set("none", "recording", "format")
    assert stage.the.blocked() == "“write nothing” is chosen"
    stage.the.draft.set("hdf5", "cameras", "top", "recording", "format")
    assert stage.the.blocked() is None


def test_a_preview_never_writes(tmp_path):
    stage = Stage(tmp_path, "cameras: {top: {source: synthetic, recording: {codec: fast}}}")
    stage.desk(writes=False)
    stage.control.be("previewing")
    stage.tick()
    assert stage.the.blocked() == "preview only: nothing is written"
    stage.the.record()
    stage.the.crop("top", (0, 0, 8, 8))
    stage.tick()
    stage.the.record()
    path = tmp_path / "writes.yaml"
    path.write_text("cameras: {top: {source: synthetic}}\nrecording: {format: hdf5}\n")
    stage.the.open(path)
    assert stage.control.words == ["open", "open"]
    formats = [each.cameras["top"].recording.format for each in stage.control.opened]
    assert formats == ["none", "none"]  # so whoever else has a hand on it does not write, either
    assert stage.the.draft.get("recording", "format") == "hdf5"  # what is saved is not changed
    stage.the.close()


# -- what was recorded --------------------------------------------------------------------------


def test_a_recording_is_verified_when_it_is_over(stage):
    stage.tick(recorded("out/top.mkv"))
    assert stage.the.last_files == ("out/top.mkv",)
    assert stage.checker.checked == [("out/top.mkv",)]
    stage.the.preferences.verify_after_stop = False
    stage.tick(recorded("out/top-2.mkv"))
    assert stage.checker.checked == [("out/top.mkv",)]
    stage.the.check_last()
    assert stage.checker.checked[1:] == [("out/top-2.mkv",)]


def test_verification_waits_while_it_records(stage):
    stage.checker.held.clear()
    stage.tick()
    stage.control.be("recording")
    stage.tick()
    stage.control.be("previewing")
    stage.tick()
    assert stage.checker.held == [False, True, False]


def test_the_verdict_is_that_of_the_last_recording(stage):
    files = ("out/top.mkv",)
    stage.tick(recorded(*files))
    stage.checker.known[files] = Verdict(files, "exact", "all exact")
    assert stage.the.verdict.text == "all exact"
    stage.tick(recorded("out/top-2.mkv"))
    assert stage.the.verdict is None  # not that of the one before


def test_a_difference_is_told_until_it_is_seen(stage):
    files = ("out/top.mkv",)
    stage.checker.known[files] = Verdict(files, "different", "DIFFERENT: frame 3")
    for _ in range(100):
        stage.tick()
    assert stage.told("bad") == ["DIFFERENT: frame 3"]
    stage.the.notices.seen(files[0])
    stage.tick()
    assert stage.told() == []
    stage.checker.known[files] = Verdict(files, "failed", "the disk is gone")
    stage.tick(passed_s=60)
    assert stage.told("bad") == ["the disk is gone"]


def test_files_of_a_rig_with_another_working_folder_are_found(stage, tmp_path):
    stage.tick(Attached("demo", stage.the.config(), True, tmp_path))
    stage.tick(recorded("out/top.mkv", "/elsewhere/side.mkv"))
    assert stage.the.last_files == (str(tmp_path / "out/top.mkv"), "/elsewhere/side.mkv")


def test_files_of_a_recording_that_was_lost_can_be_looked_at(stage):
    stage.tick(Failed("watch", "the rig is gone while it recorded", ("out/top.mkv",)))
    assert stage.the.last_files == ("out/top.mkv",)
    assert stage.checker.checked == []  # somebody may be finishing them
    assert stage.told("bad") == ["the rig is gone while it recorded"]


# -- what is told -------------------------------------------------------------------------------


def test_failures_are_told_with_a_remedy_and_withdrawn_when_it_works(stage):
    stage.tick(Failed("opening cameras", "the shutter is stuck"))
    stage.tick(Failed("set", "top: gain is not set: no"))
    assert stage.told("bad") == [
        "opening cameras: the shutter is stuck",
        "top: gain is not set: no",
    ]
    assert stage.hint("shutter")
    stage.tick(Applied(stage.the.config()))
    assert stage.told("bad") == ["top: gain is not set: no"]


def test_a_silent_rig_is_told_while_it_is(stage):
    stage.control.now = replace(stage.control.now, phase="silent")
    stage.tick()
    assert "does not answer" in stage.told("warn")[0]
    stage.control.be("previewing")
    stage.tick()
    assert stage.told() == []


def test_why_a_rig_ended_is_told_though_it_is_gone(stage):
    stage.control.be("recording")
    stage.tick()
    lost = Totals(grabbed=9, written=7, dropped=2)
    stage.control.be("ended", "gone", reason="no_space", message="1 kB free", totals=lost)
    stage.tick(Ended("demo"))
    assert "top: ended, 1 kB free" in stage.told("bad")
    assert "2 dropped" in stage.the.losses.words()["top"][0]


def test_the_disk_is_watched_down_to_what_is_reserved(stage):
    edit(stage, "5GB", "recording", "keep_free")
    stage.control.be("previewing", disk_free_bytes=10**9)
    stage.tick()
    assert "recording.keep_free reserves" in stage.told("bad")[0]
    edit(stage, "nonsense", "recording", "keep_free")
    stage.tick()
    assert len(stage.told("bad")) == 1  # of a config that is no longer valid


def test_what_was_set_is_there_for_the_window(stage):
    stage.tick(WasSet("top", "gain", 20, 10))
    assert stage.the.was_set == [WasSet("top", "gain", 20, 10)]


# -- rigs that run already ----------------------------------------------------------------------

OTHER = "cameras: {top: {source: synthetic, fps: 7}}"


def test_a_found_rig_with_the_same_config_leaves_the_draft(stage, tmp_path):
    path = tmp_path / "same.yaml"
    path.write_text("# mine\ncameras: {top: {source: synthetic}}\n")
    stage.the.lay(Draft.open(path))
    stage.tick(Attached("demo", stage.the.config(), True))
    assert stage.the.draft.path == path
    assert "# mine" in stage.the.draft.text()
    assert stage.told() == ["demo runs already; this window is attached to it"]


def test_a_found_rig_with_another_config_is_shown_as_it_is(stage, tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("cameras: {top: {source: synthetic}}\n")
    stage.the.lay(Draft.open(path))
    edit(stage, 5, "cameras", "top", "fps")
    drafts = stage.the.drafts
    stage.tick(Attached("demo", config(OTHER), True))
    assert stage.the.draft.path is None  # saving it would overwrite what it is not
    assert stage.the.draft.get("cameras", "top", "fps") == 7
    assert stage.the.drafts == drafts + 1
    assert stage.told()[0].endswith("and shows its config, which is not that of mine.yaml")
    stage.tick(passed_s=5)
    assert stage.control.opened == []  # what was edited before is not done to it
    assert path.read_text() == "cameras: {top: {source: synthetic}}\n"


def test_a_rig_that_was_started_is_no_news(stage):
    stage.tick(Attached("demo", config(OTHER), False))
    assert stage.the.draft.get("cameras", "top", "fps") is None
    assert stage.told() == []


def test_what_another_window_changed_is_followed(stage):
    stage.tick(Changed(config(OTHER)))
    assert stage.the.draft.get("cameras", "top", "fps") == 7
    assert stage.told() == ["Another window has changed the config of the cameras"]
    assert stage.tick(Changed(config(OTHER))).drafts == 1  # it says that already


def test_a_file_is_not_given_up_for_another_window(stage, tmp_path):
    stage.the.save(tmp_path / "mine.yaml")
    stage.tick(Changed(config(OTHER)))
    assert stage.the.draft.path == tmp_path / "mine.yaml"
    assert "mine.yaml" in stage.hint("Another window")


def test_edits_of_ours_come_before_those_of_another_window(stage):
    edit(stage, 5, "cameras", "top", "fps")
    stage.tick(Changed(config(OTHER)))
    assert stage.the.draft.get("cameras", "top", "fps") == 5
    edit(stage, "fast", "cameras", "top", "fps")
    stage.tick(passed_s=1)
    stage.tick(Changed(config(OTHER)))
    assert stage.the.draft.get("cameras", "top", "fps") == "fast"  # half typed


# -- pictures -----------------------------------------------------------------------------------


def photographed(stage):
    until(lambda: stage.tick(passed_s=0.0) and stage.told())
    return stage.told()


@pytest.mark.parametrize(
    ("shape", "dtype"), [((48, 64), np.uint8), ((48, 64), np.uint16), ((48, 64, 3), np.uint8)]
)
def test_a_picture_lies_beside_the_recordings(stage, tmp_path, shape, dtype):
    frame = stage.control.frames["top"] = noise(shape, dtype, 1)
    stage.the.draft.set(str(tmp_path / "out"), "recording", "folder")
    stage.the.photograph("top", ".tif")
    assert photographed(stage)[0].startswith("Picture kept: ")
    [file] = (tmp_path / "out").iterdir()
    assert file.name.startswith("top_20231114_")
    assert file.name.endswith("_250.tif")
    assert np.array_equal(cv2.imread(str(file), cv2.IMREAD_UNCHANGED), frame)


def test_a_relative_folder_is_that_of_the_rig(stage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stage.control.frames["top"] = noise((4, 4), np.uint8, 1)
    stage.the.photograph("top")
    photographed(stage)
    assert len(list((tmp_path / "recordings").iterdir())) == 1
    stage.tick(Attached("demo", stage.the.config(), True, tmp_path / "there"))
    stage.the.photograph("top")
    until(lambda: stage.tick(passed_s=0) and (tmp_path / "there" / "recordings").is_dir())
    until(lambda: list((tmp_path / "there" / "recordings").iterdir()))


def test_a_config_that_is_not_valid_keeps_nobody_from_a_picture(stage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stage.control.frames["top"] = noise((4, 4), np.uint8, 1)
    stage.the.draft.set(5, "recording", "folder")
    stage.the.photograph("top")
    assert photographed(stage)[0].startswith("Picture kept: top_")


def test_no_picture_is_said(stage):
    stage.the.photograph("top")
    assert stage.told("warn") == ["top: there is no picture to keep"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_is_closed_is_said(stage, tmp_path):
    tmp_path.chmod(0o500)
    stage.control.frames["top"] = noise((4, 4), np.uint8, 1)
    stage.the.draft.set(str(tmp_path / "out"), "recording", "folder")
    stage.the.photograph("top")
    assert "Permission denied" in photographed(stage)[0]
    tmp_path.chmod(0o700)


# -- passwords ----------------------------------------------------------------------------------


def test_no_password_is_shown(tmp_path):
    stage = Stage(tmp_path, "cameras: {top: {source: 'rtsp://me:secret@cam/x', fps: fast}}")
    desk = stage.desk()
    stage.control.be("previewing")
    stage.tick()
    assert "secret" not in desk.blocked()
    desk.draft.set("ftp:/me:secret@cam", "cameras", "top", "source")
    assert "secret" not in desk.blocked()
    desk.reopen()
    assert not any("secret" in text for text in stage.told())
    desk.close()


# -- connected cameras --------------------------------------------------------------------------


def test_the_window_gets_the_list_once(stage):
    stage.the.list_cameras()
    assert stage.finder.starts == 1
    assert stage.the.take_cameras() is None
    stage.finder.found, stage.finder.problem = [], "the cameras cannot be listed: no answer"
    stage.tick()
    assert stage.the.take_cameras() == []
    assert stage.the.take_cameras() is None
    assert stage.told("warn") == ["the cameras cannot be listed: no answer"]
    assert stage.control.asked == []  # nobody wanted one to begin with
