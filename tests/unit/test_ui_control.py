"""The window's hand on a rig: starts, finds, steers and loses it, and never waits."""

import gc
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from helpers import open_files, until
from stand_in_rig import StandInRig, runtime_folder_of_its_own
from ui_rigs import Ear, FakeRigs, config_of, refusal, settled

from recorder.errors import ConfigError
from recorder.rig.link import Link, LinkServer
from recorder.unattended.front import Front
from ui.model.control import Control
from ui.model.snapshot import Applied, Attached, Changed, Ended, Failed, Recorded, WasSet

pytestmark = pytest.mark.skipif(not hasattr(__import__("socket"), "AF_UNIX"), reason="Unix sockets")


class Left:
    """What a test has left behind, with the descriptors and threads of before."""

    def __init__(self, files, threads):
        self.files, self.threads = files, threads

    def __str__(self):
        return f"{open_files() - self.files}, {set(threading.enumerate()) - self.threads}"

    def is_nothing(self):
        gc.collect()  # memory that looks at itself is unmapped when it is collected
        return not open_files() - self.files and not set(threading.enumerate()) - self.threads


@pytest.fixture
def rigs():
    before, threads = open_files(), set(threading.enumerate())
    with runtime_folder_of_its_own():
        rigs = FakeRigs()
        yield rigs
        rigs.close()
    left = Left(before, threads)
    until(left.is_nothing, left)


@pytest.fixture
def control(rigs):
    control = Control(rigs)
    yield control
    rigs.gate.set()
    for each in rigs.served:
        each.rig.gate.set()
        each.rig.may_go_on.set()
    control.close(10.0)


@pytest.fixture
def ear(control):
    return Ear(control)


@pytest.fixture
def opened(control, rigs, ear):
    """A rig that this control has started."""
    control.open(config_of("top", "side"), "demo")
    ear.wait(Attached)
    until(lambda: control.latest_frame("side"))
    return rigs.rig


def phase(control):
    return control.snapshot().phase


def recording(rig, is_on=True):
    """Have the rig record by itself, or somebody else's will."""
    files = {name: (f"out/{name}_1.mkv",) for name in rig.blocks}
    rig.cameras = tuple(replace(camera, files=files[camera.name]) for camera in rig.cameras)
    rig.state = "recording" if is_on else "previewing"


def looked_again(control, times=3):
    """Wait until the rig was looked at so often."""
    for _ in range(times):
        seen = control.snapshot().status
        until(lambda seen=seen: control.snapshot().status is not seen)


# -- starting -----------------------------------------------------------------------------------


def test_a_rig_is_started_and_seen(control, rigs, ear):
    control.open(config_of("top"), "demo")
    attached = ear.wait(Attached)
    assert (attached.name, attached.was_found) == ("demo", False)
    snapshot = control.snapshot()
    assert snapshot.is_attached
    assert snapshot.status.name == "demo"  # with the first look, not some time later
    until(lambda: control.snapshot().details)
    look = until(lambda: control.latest_frame("top"))
    assert look.frame.shape == (48, 64)
    assert control.latest_frame("top", look.sequence) is None
    assert control.latest_frame("nowhere") is None


def test_a_start_that_fails_is_told_and_the_next_one_works(control, rigs, ear):
    rigs.problem = refusal("rtsp://me:secret@cam/x: the shutter is stuck")
    control.open(config_of(), "demo")
    failed = ear.wait(Failed)
    assert failed.what == "opening cameras"
    assert "the shutter is stuck" in failed.text
    assert "secret" not in failed.text
    assert settled(control, lambda: phase(control) == "none")
    assert control.snapshot().busy is None
    rigs.problem = None
    control.open(config_of(), "demo")
    ear.wait(Attached)


def test_a_mistake_of_ours_ends_nothing_and_shows_no_password(control, rigs, ear, caplog):
    rigs.problem = ZeroDivisionError("http://me:secret@cam/x")
    control.open(config_of(), "demo")
    assert ear.wait(Failed).text == "ZeroDivisionError: http://me:***@cam/x"
    assert "secret" not in caplog.text
    assert "ZeroDivisionError" in caplog.text
    rigs.problem = None
    control.open(config_of(), "demo")
    ear.wait(Attached)


def test_edits_during_a_slow_start_are_applied_once_with_the_newest(control, rigs, ear):
    rigs.gate.clear()
    control.open(config_of(fps=1), "demo")
    assert rigs.starting.wait(10)
    assert phase(control) == "starting"
    assert control.snapshot().busy == "opening cameras"
    for fps in (2, 3, 4):
        control.open(config_of(fps=fps), "demo")
    assert phase(control) == "starting"
    rigs.gate.set()
    ear.wait(Applied)
    assert settled(control)
    assert [config.cameras["top"].fps for config, _ in rigs.started] == [1]
    asked = [what[1].cameras["top"].fps for what in rigs.rig.asked if what[0] == "configure"]
    assert asked == [4]
    assert control.snapshot().busy is None


def test_other_cameras_want_another_rig_and_the_way_back_stays_open(control, rigs, opened, ear):
    first = rigs.served[0]
    rigs.problem = refusal()
    control.open(config_of("other"), "demo")
    ear.wait(Failed)
    assert "stop" in opened.asked
    assert first.rig.has_ended.is_set()  # its cameras were free before the next
    until(lambda: not first.thread.is_alive())
    assert settled(control, lambda: phase(control) == "none")
    assert ear.of(Ended) == []  # it was us
    rigs.problem = None
    control.open(config_of("top", "side"), "demo")
    assert ear.wait(Attached, 2).name == "demo"
    until(lambda: control.latest_frame("side"))


def test_a_recording_is_not_ended_for_other_cameras(control, rigs, opened, ear):
    recording(opened)
    until(lambda: control.snapshot().is_recording)
    control.open(config_of("other"), "demo")
    assert "end of the recording" in ear.wait(Failed).text
    assert "stop" not in opened.asked
    assert control.snapshot().is_attached


def test_a_config_that_is_refused_leaves_the_rig_as_it_was(control, opened, ear):
    opened.problem = refusal()
    control.open(config_of("top", "side", fps=5), "demo")
    assert ear.wait(Failed).text == "the shutter is stuck"
    assert control.snapshot().is_attached
    control.record()  # it would be recorded in a way that was not asked for
    assert "as the config says" in ear.wait(Failed, 2).text
    opened.problem = None
    control.open(config_of("top", "side", fps=5), "demo")
    control.record()
    until(lambda: ("record", None) in opened.asked)


# -- finding ------------------------------------------------------------------------------------


def test_a_rig_that_runs_is_attached_to(control, rigs, ear):
    found = rigs.serve(config_of("top"), "found")
    control.attach(None)
    attached = ear.wait(Attached)
    assert attached.was_found
    assert attached.config == found.rig.told
    assert attached.folder.parts == ()  # its working folder is ours


def test_attach_now_gives_the_config_before_there_is_a_window(control, rigs, ear):
    rigs.serve(config_of("top", fps=7), "found")
    draft = control.attach_now("found")
    assert draft.get("cameras", "top", "fps") == 7
    ear.wait(Attached)


def test_attach_now_says_at_once_that_none_runs(control, rigs):
    with pytest.raises(ConfigError, match="no rig runs"):
        control.attach_now(None)


def test_attaching_in_vain_leaves_what_there_is(control, opened, ear):
    control.attach("nowhere")
    assert ear.wait(Failed).what == "attaching"
    assert control.snapshot().is_attached
    assert control.snapshot().status.name == "demo"
    opened.grab("top")
    assert control.latest_frame("top").frame[0, 0] == opened.grabs


def test_the_old_rig_is_not_shown_as_the_new_one(control, rigs, opened, ear):
    recording(opened)
    until(lambda: control.snapshot().is_recording)
    rigs.serve(config_of("other"), "found")
    control.attach("found")
    ear.wait(Attached, 2)
    assert control.snapshot().status.name == "found"
    assert not control.snapshot().is_recording
    assert "side" not in control.snapshot().details
    assert ear.of(Recorded) == []


def test_running_rigs_are_listed(control, rigs, opened):
    rigs.serve(config_of("other"), "found")
    control.list_rigs()
    until(lambda: control.rig_names == ("demo", "found"))


def test_two_windows_on_one_rig(control, rigs, opened, ear):
    other = Control(rigs)
    ear_of_other = Ear(other)
    other.attach("demo")
    ear_of_other.wait(Attached)
    until(lambda: other.latest_frame("top"))
    other.open(config_of("top", "side", fps=9), "demo")
    assert ear.wait(Changed).config.cameras["top"].fps == 9
    assert ear_of_other.of(Changed) == []  # it knows
    other.close()
    assert control.snapshot().is_attached
    opened.grab("top")
    assert control.latest_frame("top").frame[0, 0] == opened.grabs


def test_its_own_config_is_no_news_although_it_is_seen_before_the_rig_has_answered(
    control, opened, ear, monkeypatch
):
    configure, config = Link.configure, Link.config
    seen = []

    def note(link):
        seen.append(config(link))
        return seen[-1]

    def answer_late(link, wanted):
        configure(link, wanted)
        del seen[:]
        until(lambda: len(seen) > 2)

    monkeypatch.setattr(Link, "config", note)
    monkeypatch.setattr(Link, "configure", answer_late)
    control.open(config_of("top", "side", fps=9), "demo")
    ear.wait(Applied)
    assert seen[-1].cameras["top"].fps == 9
    assert ear.of(Changed) == []


# -- recording ----------------------------------------------------------------------------------


def test_record_and_stop_tell_the_files_once(control, opened, ear):
    control.record()
    until(lambda: control.snapshot().is_recording)
    recording(opened)
    control.end_recording()
    recorded = ear.wait(Recorded)
    assert recorded.files == {name: (f"out/{name}_1.mkv",) for name in ("top", "side")}
    assert settled(control, lambda: not control.snapshot().is_recording)
    looked_again(control)
    assert len(ear.of(Recorded)) == 1


def test_a_recording_is_beginning_until_it_goes_on_or_is_refused(control, opened, ear):
    opened.problem = refusal()
    control.record()
    assert control.is_beginning
    ear.wait(Failed)
    until(lambda: not control.is_beginning)
    opened.problem = None
    control.record()
    until(lambda: not control.is_beginning)
    assert control.snapshot().is_recording, "there is no moment in between"


def test_files_are_shown_as_being_finished_until_they_are_closed(control, opened, ear):
    control.record()
    until(lambda: control.snapshot().is_recording)
    opened.end_take = lambda: None  # they take their time
    control.end_recording()
    until(lambda: control.snapshot().busy == "finishing the files")
    looked_again(control)
    assert ear.of(Recorded) == []
    assert control.snapshot().busy == "finishing the files"
    recording(opened, is_on=False)
    ear.wait(Recorded)
    assert settled(control)


def test_a_recording_whose_time_is_over_is_told_once(control, opened, ear):
    recording(opened)
    until(lambda: control.snapshot().is_recording)
    recording(opened, is_on=False)
    assert set(ear.wait(Recorded).files) == {"top", "side"}
    looked_again(control)
    ear.wait(Recorded)


def test_a_recording_that_is_over_before_anybody_looks_is_told(control, opened, ear):
    def record(duration=None):
        recording(opened, is_on=False)

    opened.record = record
    control.record()
    assert set(ear.wait(Recorded).files) == {"top", "side"}
    looked_again(control)
    ear.wait(Recorded)


def test_a_window_that_comes_later_is_told_too(rigs, ear):
    served = rigs.serve(config_of("top"), "found")
    recording(served.rig)
    late = Control(rigs)
    try:
        ear = Ear(late)
        late.attach("found")
        ear.wait(Attached)
        assert late.snapshot().is_recording
        recording(served.rig, is_on=False)
        assert ear.wait(Recorded).files == {"top": ("out/top_1.mkv",)}
    finally:
        late.close(10.0)


def test_record_refused(control, opened, ear):
    opened.problem = refusal("the disk is full")
    control.record()
    failed = ear.wait(Failed)
    assert (failed.what, failed.text) == ("starting to record", "the disk is full")
    assert control.snapshot().is_attached
    assert ear.of(Recorded) == []


def test_record_without_a_rig(control, ear):
    control.record()
    assert ear.wait(Failed).text == "no camera is open"


def test_a_recording_waits_for_a_camera_that_is_opened_in_another_way(control, opened, ear):
    """A rig refuses to record while the process that such a camera leaves is ending."""
    old, new = 41, 42

    def be(state, pid):
        opened.cameras = tuple(replace(c, state=state, pid=pid) for c in opened.cameras)
        opened.state = state

    be("previewing", old)
    until(lambda: control.snapshot().status.cameras[0].pid == old)
    configure = opened.configure

    def reopen(config):
        configure(config)
        be("opening", None)

    opened.configure = reopen
    control.open(config_of("top", "side", fps=5), "demo")
    control.record()
    ear.wait(Applied)
    for state, pid in (("previewing", old), ("ended", old), ("opening", None)):
        be(state, pid)
        until(lambda s=state, p=pid: _shown(control) == (s, p))
        assert ("record", None) not in opened.asked
        assert control.snapshot().is_attached
    be("previewing", new)
    until(lambda: ("record", None) in opened.asked)


def _shown(control):
    camera = control.snapshot().status.cameras[0]
    return camera.state, camera.pid


# -- settings -----------------------------------------------------------------------------------


def test_settings_keep_their_order_and_only_the_newest_value_is_sent(control, opened, ear):
    opened.gate.clear()
    control.set("top", "gain", 0)
    assert opened.held.wait(10)
    for value in range(1, 500):
        control.set("top", "gain", value)
        control.set("top", "gamma", value)
    control.set("side", "gain", 3)
    opened.gate.set()
    ear.wait(WasSet, 4)
    assert settled(control)
    assert [what for what in opened.asked if what[0] == "set"] == [
        ("set", "top", "gain", 0.0),
        ("set", "top", "gain", 499.0),
        ("set", "top", "gamma", 499.0),
        ("set", "side", "gain", 3.0),
    ]


def test_a_recording_begins_with_what_was_set_before(control, opened, ear):
    opened.gate.clear()
    control.set("top", "gain", 0)
    assert opened.held.wait(10)
    control.set("top", "gain", 1)
    control.record()
    control.set("top", "gain", 2)
    opened.gate.set()
    ear.wait(WasSet, 3)
    kinds = [what[3] if what[0] == "set" else what[0] for what in opened.asked]
    assert kinds == [0.0, 1.0, "record", 2.0]


def test_what_was_obtained_comes_back(control, opened, ear):
    control.set("top", "gain", 20)
    assert ear.wait(WasSet) == WasSet("top", "gain", 20, 10.0)
    control.set("top", "focus", 1)
    assert ear.wait(WasSet, 2).obtained is None


def test_a_camera_that_is_not_there_cannot_be_set(control, opened, ear):
    control.set("left", "gain", 2)
    failed = ear.wait(Failed)
    assert failed.what == "set"
    assert failed.text.startswith("left: gain is not set: no camera called 'left'")
    assert control.snapshot().is_attached


# -- the end ------------------------------------------------------------------------------------


def test_a_rig_that_is_killed_while_it_previews(control, rigs, opened, ear):
    last = opened.grab("top")
    rigs.served[0].vanish()
    until(lambda: phase(control) == "gone")
    assert ear.wait(Failed).what == "watch"
    assert control.snapshot().status.state == "ended"
    assert {camera.state for camera in control.snapshot().status.cameras} == {"ended"}
    assert control.latest_frame("top").frame[0, 0] == last  # the last picture stays
    assert control.latest_frame("top", 0, 2).frame.shape == (24, 32)
    control.open(config_of("top", "side"), "demo")
    ear.wait(Attached, 2)
    assert len(ear.of(Failed)) == 1


def test_a_rig_that_is_killed_while_it_records(control, rigs, opened, ear):
    recording(opened)
    until(lambda: control.snapshot().is_recording)
    rigs.served[0].vanish()
    failed = ear.wait(Failed)
    assert "while it recorded" in failed.text
    assert failed.files == ("out/top_1.mkv", "out/side_1.mkv")
    assert not control.snapshot().is_recording
    assert ear.of(Recorded) == []


def test_what_is_asked_of_a_rig_in_the_moment_of_its_death_is_told_once(control, rigs, opened, ear):
    opened.gate.clear()
    control.set("top", "gain", 1)
    assert opened.held.wait(10)
    control.set("top", "gamma", 1)
    control.record()
    rigs.served[0].vanish()
    until(lambda: phase(control) == "gone")
    assert settled(control)
    told = ear.of(Failed)
    assert [failed.what for failed in told if failed.text != "no camera is open"] == ["watch"]


def test_a_rig_that_somebody_else_stops(control, opened, ear):
    recording(opened)
    until(lambda: control.snapshot().is_recording)
    opened.state = "finishing"
    until(lambda: control.snapshot().status.state == "finishing")
    assert ear.of(Recorded) == []  # its files are not closed
    opened.end()
    assert ear.wait(Ended).name == "demo"
    assert set(ear.wait(Recorded).files) == {"top", "side"}
    assert phase(control) == "gone"
    assert ear.of(Failed) == []


def test_cameras_are_closed_when_asked(control, rigs, opened, ear):
    recording(opened)
    until(lambda: control.snapshot().is_recording)
    control.stop_rig()
    ear.wait(Recorded)
    assert settled(control, lambda: phase(control) == "none")
    assert control.snapshot().status is None
    until(lambda: not rigs.served[0].thread.is_alive())
    assert ear.of(Ended) == ear.of(Failed) == []


def test_a_rig_that_says_ended_but_is_there_is_not_given_up(control, opened, ear):
    """A rig says so while its only camera is opened in another way."""
    opened.state = "ended"
    until(lambda: control.snapshot().status.state == "ended")
    assert control.snapshot().is_attached
    opened.state = "previewing"
    until(lambda: control.snapshot().status.state == "previewing")
    assert ear.of(Ended) == []


def test_a_halted_rig_is_silent_and_comes_back(control, opened, ear):
    halted, may_answer = threading.Event(), threading.Event()
    status = opened.status

    def answer():
        if halted.is_set():
            assert may_answer.wait(30)
        return status()

    opened.status = answer
    halted.set()
    until(lambda: phase(control) == "silent")
    assert control.snapshot().is_attached
    began = time.monotonic()
    assert control.latest_frame("top") is not None  # looking never asks it
    control.record()
    assert time.monotonic() - began < 1
    halted.clear()
    may_answer.set()
    until(lambda: phase(control) == "attached")
    assert [failed for failed in ear.of(Failed) if failed.what == "watch"] == []


def test_memory_that_cannot_be_had_is_no_matter(control, rigs, ear):
    served = rigs.serve(config_of("top", "side"), "found")
    block = served.rig.blocks.pop("side")
    control.attach("found")
    ear.wait(Attached)
    until(lambda: control.snapshot().details)
    assert phase(control) == "attached"
    served.rig.blocks["side"] = block
    until(lambda: control.latest_frame("side"))  # it comes later
    assert control.latest_frame("top") is not None


# -- closing ------------------------------------------------------------------------------------


def test_closing_is_quick_while_something_hangs_and_can_be_repeated(rigs):
    control = Control(rigs)
    control.open(config_of(), "demo")
    until(lambda: control.snapshot().is_attached)
    rigs.rig.gate.clear()
    control.set("top", "gain", 1)
    assert rigs.rig.held.wait(10)
    began = time.monotonic()
    control.close(0.2)
    control.close(0.2)
    assert time.monotonic() - began < 2
    assert control.latest_frame("top") is None or True  # whatever it says, it says it at once
    rigs.rig.gate.set()
    control.close(10.0)
    assert control.latest_frame("top") is None


def test_closing_during_a_start_leaves_the_rig_to_itself(rigs):
    control = Control(rigs)
    rigs.gate.clear()
    control.open(config_of(), "demo")
    assert rigs.starting.wait(10)
    control.close(0.1)
    rigs.gate.set()
    control.close(10.0)
    assert not control.snapshot().is_attached
    until(lambda: rigs.served[0].server.watchers == 0)


def test_what_was_asked_for_before_closing_is_done(rigs):
    control = Control(rigs)
    control.open(config_of(), "demo")
    until(lambda: control.snapshot().is_attached)
    control.set("top", "gain", 5)
    control.close(10.0)
    assert ("set", "top", "gain", 5.0) in rigs.rig.asked


def test_a_recording_goes_on_when_the_window_closes(rigs):
    control = Control(rigs)
    control.open(config_of(), "demo")
    control.record()
    until(lambda: control.snapshot().is_recording)
    control.close(10.0)
    assert rigs.rig.asked == [("record", None)]
    assert rigs.rig.state == "recording"


# -- a schedule ---------------------------------------------------------------------------------


def test_each_recording_of_a_schedule_is_seen(control, ear):
    """Their cameras have other memory each time; while none is open nothing is asked for."""
    front = Front(config_of("top"), "night")
    recordings = [StandInRig("top") for _ in range(2)]
    with LinkServer(front, "night") as server:
        control.attach(server.name)
        ear.wait(Attached)
        for number, rig in enumerate(recordings, 1):
            front.waits_until = datetime.now(UTC) + timedelta(hours=1)
            until(lambda: control.snapshot().status.state == "waiting")
            looked_again(control)
            assert control.latest_frame("top") is None
            for _ in range(number):
                rig.grab()
            front.take(rig)
            look = until(lambda: control.latest_frame("top"))
            assert (look.frame == number).all()
            rig.end()
            front.let_go()
        assert ear.of(Ended) == []
        front.end()
    for rig in recordings:
        rig.close()
