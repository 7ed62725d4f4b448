"""What is on the desk when the window opens."""

import pytest
from ui_desk import FakeControl, FakeFinder

from recorder.cameras.listing import CameraListing
from recorder.errors import ConfigError, RecorderError
from ui.model.begin import begin_attach, begin_gui, begin_preview
from ui.model.draft import Draft
from ui.model.preferences import Preferences

CAM = CameraListing("Cam", "/dev/v4l/by-id/cam", "/dev/video2")
CLOSED = CameraListing("Closed", 0, "/dev/video0", problem="no permission")


class Beginning:
    def __init__(self, folder):
        self.control, self.finder = FakeControl(), FakeFinder()
        self.preferences = Preferences.load(folder / "preferences")
        self.folder = folder
        self.desk = None

    def config(self, name, text="cameras: {top: {source: synthetic}}\n"):
        path = self.folder / name
        path.write_text(text)
        return path

    def gui(self, path=None):
        self.desk = begin_gui(self.control, self.preferences, path, self.finder)
        return self.desk

    def preview(self, what):
        self.desk = begin_preview(self.control, self.preferences, what)
        return self.desk

    def told(self):
        return " | ".join(f"{n.text} {n.remedy}" for n in self.desk.notices.shown())


@pytest.fixture
def begin(tmp_path):
    beginning = Beginning(tmp_path)
    yield beginning
    if beginning.desk is not None:
        beginning.desk.close()


# -- recorder gui -------------------------------------------------------------------------------


def test_the_config_that_is_named_is_opened_and_remembered(begin):
    path = begin.config("exp.yaml")
    desk = begin.gui(path)
    assert begin.control.words == ["open"]
    assert begin.control.asked[0][2] == "exp"
    assert desk.draft.path == path
    assert (begin.preferences.draft, begin.preferences.recent) == (path, (path,))
    assert begin.finder.starts == 0


def test_a_config_that_is_not_valid_is_said_at_the_terminal(begin):
    with pytest.raises(ConfigError, match="fsp"):
        begin.gui(begin.config("bad.yaml", "cameras: {top: {source: synthetic, fsp: 3}}\n"))
    assert begin.control.asked == []


def test_without_a_name_it_is_the_last_one(begin):
    path = begin.preferences.draft = begin.config("last.yaml")
    assert begin.gui().draft.path == path
    assert begin.control.words == ["open"]


@pytest.mark.parametrize("text", [None, "cameras: 3\n"])
def test_a_last_one_that_cannot_be_had_is_said(begin, text):
    path = begin.preferences.draft = begin.folder / "last.yaml"
    if text is not None:
        begin.config("last.yaml", text)
    begin.gui()
    assert "cannot be opened" in begin.told()
    assert str(path) in begin.told()
    assert begin.finder.starts == 1


def test_a_newcomer_sees_the_first_camera(begin):
    desk = begin.gui()
    assert begin.finder.starts == 1
    assert begin.control.asked == []
    assert desk.snapshot.busy == "looking for cameras"
    desk.tick()
    assert desk.snapshot.busy == desk.blocked() == "looking for cameras"
    begin.finder.found = [CLOSED, CAM]
    desk.tick()
    [config] = begin.control.opened
    assert config.cameras["camera"].source == "/dev/v4l/by-id/cam"
    assert desk.take_cameras() == [CLOSED, CAM]  # the window has its list, too
    assert not desk.draft.is_changed
    desk.tick()
    assert desk.snapshot.busy is None
    assert begin.told() == ""


@pytest.mark.parametrize(
    ("found", "said"), [([], "No camera is connected"), ([CLOSED], "Closed: no permission")]
)
def test_a_newcomer_without_a_camera_sees_a_made_up_picture(begin, found, said):
    desk = begin.gui()
    begin.finder.found = found
    desk.tick()
    assert begin.control.opened[0].cameras["camera"].source == "synthetic"
    assert said in begin.told()


@pytest.mark.parametrize(
    "act",
    [
        lambda begin: begin.desk.open(begin.config("mine.yaml")),
        lambda begin: begin.desk.new("synthetic"),
        lambda begin: begin.desk.edited(("cameras", "camera", "fps")),
        lambda begin: begin.desk.crop("camera", (0, 0, 8, 8)),
    ],
)
def test_whoever_chooses_meanwhile_is_not_overruled(begin, act):
    desk = begin.gui()
    act(begin)
    begin.finder.found = [CAM]
    desk.tick()
    desk.clock = lambda: 1e12
    desk.tick()
    sources = {c.source for config in begin.control.opened for c in config.cameras.values()}
    assert sources == {"synthetic"}
    assert desk.take_cameras() == [CAM]


@pytest.mark.parametrize("names", [["aaa", "my-exp"], ["my-exp"]])
def test_a_rig_of_this_config_is_found(begin, names):
    begin.control.names = names
    path = begin.config("my exp.yaml")  # the link calls it so, as no file has spaces in its name
    begin.gui(path)
    assert begin.control.asked == [("attach", "my-exp")]
    assert begin.preferences.draft == path
    assert ("Also running: aaa" in begin.told()) == (len(names) > 1)


def test_a_rig_of_another_config_is_left_alone(begin):
    begin.control.names = ["other"]
    begin.gui(begin.config("exp.yaml"))
    assert begin.control.words == ["open"]


def test_without_a_name_any_rig_is_found_the_last_one_first(begin):
    begin.control.names = ["aaa", "last"]
    begin.gui()
    assert begin.control.asked == [("attach", "aaa")]
    assert begin.finder.starts == 0
    begin.desk.close()
    begin.control.asked.clear()
    begin.preferences.draft = begin.config("last.yaml")
    begin.gui()
    assert begin.control.asked == [("attach", "last")]


def test_a_folder_of_rigs_that_cannot_be_read_keeps_nobody_from_beginning(begin):
    def running():
        raise RecorderError("others could get at it")

    begin.control.running = running
    begin.gui(begin.config("exp.yaml"))
    assert begin.control.words == ["open"]


# -- recorder preview ---------------------------------------------------------------------------


def test_a_source_is_previewed(begin):
    desk = begin.preview("synthetic")
    assert not desk.writes
    _, config, name = begin.control.asked[0]
    assert name == "preview"
    assert config.cameras["camera"].source == "synthetic"
    assert config.cameras["camera"].recording.format == "none"


@pytest.mark.parametrize("what", [None, "0"])
def test_no_source_is_the_first_camera(begin, what):
    begin.preview(what)
    assert begin.control.opened[0].cameras["camera"].source == 0


def test_without_a_camera_it_is_said_what_to_do(begin):
    from ui.model.snapshot import Failed

    desk = begin.preview(None)
    begin.control.coming.append(Failed("opening cameras", "camera 0: there is no /dev/video0"))
    desk.tick()
    assert "`recorder preview synthetic`" in begin.told()


def test_a_config_is_previewed_and_its_file_is_left_alone(begin):
    text = "cameras: {top: {source: synthetic, recording: {format: hdf5}}}\n"
    path = begin.config("exp.yaml", text)
    desk = begin.preview(str(path))
    assert begin.control.opened[0].cameras["top"].recording.format == "none"
    assert desk.draft.path is None
    assert begin.preferences.draft is None
    assert path.read_text() == text


def test_a_source_that_cannot_be_one_is_said_at_the_terminal(begin):
    with pytest.raises(ConfigError) as error:
        begin.preview("rtsp://me:secret@cam/\x01")
    assert "secret" not in str(error.value)
    assert begin.control.asked == []


# -- recorder attach ----------------------------------------------------------------------------


@pytest.mark.parametrize(("form", "writes"), [("video", True), ("none", False)])
def test_attaching_shows_what_the_rig_was_told(begin, form, writes):
    text = f"cameras: {{top: {{source: synthetic}}}}\nrecording: {{format: {form}}}\n"
    begin.control.attach_now = lambda name: Draft(text)
    begin.desk = begin_attach(begin.control, begin.preferences, "demo")
    assert begin.desk.writes == writes
    assert begin.desk.draft.text() == text
    assert begin.desk.is_guest, "another command looks after that rig"
