import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from recorder.config import (
    Amount,
    BufferConfig,
    CameraConfig,
    CameraId,
    Config,
    HookConfig,
    LogConfig,
    MetricsConfig,
    RecordingConfig,
    ScheduleConfig,
    SyntheticOptions,
    file_stem,
    frames_in,
    is_live,
    load_config,
    make_config,
    parse_config,
    parse_source,
)
from recorder.errors import ConfigError
from recorder.frame import FrameSpec
from recorder.layout import bytes_for

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
LEAST = "cameras: {top: {source: synthetic}}"
FULL = """
cameras:
  top:
    source: synthetic
    size: [1280, 720]
    fps: 60
    pixel_format: gray8
    crop: [0, 0, 640, 480]
    rotate: 90
    flip: none
    settings: {exposure: -6, gain: 0.5, mode: fast, autofocus: false}
    strict: true
    options: {pattern: noise, seed: 3, crash_at: 10}
    buffer: {when_full: wait}
    recording: {codec: archive}
buffer: {memory: 1GiB}
recording: {folder: data, name: "{subject}_{camera}", duration: 1000 frames, keep_free: 5GB}
metadata: {subject: M12, weight: 23.5, pilot: true, note: }
"""


def top(text: str, *overrides: str) -> CameraConfig:
    return parse_config(text, "x.yaml", overrides).cameras["top"]


def word(text: str) -> object:
    return parse_config(f"{LEAST}\nmetadata: {{x: {text}}}").metadata["x"]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_every_example_is_valid(path):
    config = load_config(path)
    assert make_config(config.public()) == config


def test_there_are_examples():
    names = {path.stem for path in CONFIGS}
    assert {"demo", "webcam", "network", "file", "reference", "two", "unattended"} <= names


def test_the_reference_has_every_key_and_its_default():
    text = next(path for path in CONFIGS if path.stem == "reference").read_text()
    alone = (ScheduleConfig, HookConfig, LogConfig, MetricsConfig)
    parts = (CameraConfig, SyntheticOptions, BufferConfig, RecordingConfig)
    for section in (Config, *parts, *alone):
        for key in set(section.model_fields) - ({"name"} if section is CameraConfig else set()):
            assert f"{key}:" in text
    config = parse_config(text)
    assert config.buffer == BufferConfig()
    assert config.recording == RecordingConfig(duration=Amount(seconds=10))
    assert config.cameras["reference"].options == SyntheticOptions()
    assert (config.schedule, config.hook, config.log, config.metrics) == tuple(s() for s in alone)


def test_importing_the_config_is_light():
    code = "import sys, recorder.config; print(*sys.modules)"
    loaded = subprocess.check_output([sys.executable, "-W", "error", "-c", code], text=True).split()
    assert not {"numpy", "cv2", "imageio_ffmpeg", "PyQt5"} & set(loaded)


def test_defaults():
    camera = top(LEAST)
    assert camera == CameraConfig(name="top", source="synthetic")
    assert camera.buffer == BufferConfig(memory=256 * 2**20, when_full="drop")
    assert camera.recording.folder == Path("recordings")
    assert camera.recording.duration is None
    assert camera.known_spec() is None


@pytest.mark.parametrize(
    ("camera", "policy"),
    [
        ("source: clip.mkv", "wait"),
        ("source: clip.mkv, fps: 25", "wait"),
        ("source: 'frames_%04d.png'", "wait"),
        ("source: stack.tif", "wait"),
        ("source: synthetic, fps: max", "wait"),
        ("source: synthetic, fps: 60", "drop"),
        ("source: synthetic", "drop"),
        ("source: 0", "drop"),
        ("source: /dev/video0", "drop"),
        ("source: 'http://camera/stream'", "drop"),
        ("source: clip.mkv, buffer: {when_full: drop}", "drop"),
        ("source: clip.mkv, buffer: {memory: 1MiB}", "wait"),
        ("source: 0, buffer: {when_full: stop}", "stop"),
    ],
)
def test_what_a_full_buffer_means_follows_from_the_source_unless_it_is_said(camera, policy):
    config = parse_config(f"cameras: {{top: {{{camera}}}}}\nbuffer: {{memory: 2MiB}}")
    assert config.cameras["top"].when_full == config.cameras["top"].buffer.when_full == policy
    again = make_config(config.private())
    assert again == config


def test_a_common_policy_holds_for_files_too():
    assert top("cameras: {top: {source: clip.mkv}}\nbuffer: {when_full: drop}").when_full == "drop"


def test_everything_given():
    config = parse_config(FULL)
    camera = config.cameras["top"]
    assert camera.name == "top"
    assert camera.size == (1280, 720)
    assert camera.crop == (0, 0, 640, 480)
    assert camera.settings == {"exposure": -6, "gain": 0.5, "mode": "fast", "autofocus": False}
    assert type(camera.settings["exposure"]) is int
    assert camera.options == SyntheticOptions(pattern="noise", seed=3, crash_at=10)
    assert camera.known_spec() == FrameSpec(480, 640, "gray8", 60.0)
    assert config.metadata == {"subject": "M12", "weight": 23.5, "pilot": True, "note": None}


def test_a_cameras_own_keys_lie_over_the_common_ones():
    config = parse_config(FULL)
    camera = config.cameras["top"]
    assert camera.buffer == BufferConfig(memory=2**30, when_full="wait")
    assert camera.recording.codec == "archive"
    assert camera.recording.duration == Amount(frames=1000)
    assert camera.recording.keep_free == 5 * 10**9
    assert config.buffer.when_full is None
    assert config.recording.codec == "auto"


def test_sections_without_values_are_left_out():
    text = (
        "cameras: {top: {source: 0, buffer: , fps: , recording: {codec: }}}\nbuffer:\nmetadata:\n"
    )
    assert top(text + "recording: {codec: fast}\n").recording.codec == "fast"
    assert top(text) == CameraConfig(name="top", source=0)


def test_configs_made_in_python():
    camera = CameraConfig(source=0, recording=RecordingConfig(codec="archive"))
    common = RecordingConfig(duration=Amount(seconds=1))
    config = Config(cameras={"top": camera}, recording=common)
    resolved = config.cameras["top"].recording
    assert resolved == RecordingConfig(codec="archive", duration=Amount(seconds=1))
    values = {"cameras": {"top": {"source": CameraId(serial="1")}}}
    assert make_config(values).cameras["top"].source == CameraId(serial="1")


def test_configs_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        parse_config(LEAST).buffer.memory = 1  # type: ignore[misc]


def test_repr_shows_what_differs_from_the_default_and_no_password():
    assert repr(parse_config(LEAST)) == (
        "Config(cameras={'top': CameraConfig(name='top', source='synthetic', "
        "buffer=BufferConfig(when_full='drop'))})"
    )
    config = parse_config("cameras: {top: {source: 'rtsp://u:secret@h/x', fps: 30}}")
    assert repr(config) == (
        "Config(cameras={'top': CameraConfig(name='top', source='rtsp://u:***@h/x', fps=30.0, "
        "buffer=BufferConfig(when_full='drop'))})"
    )


def test_the_public_form_is_plain_json_without_passwords():
    config = parse_config(FULL)
    public = config.public()
    assert json.loads(json.dumps(public, allow_nan=False)) == public
    assert make_config(public) == config
    assert public["cameras"]["top"]["recording"]["duration"] == "1000 frames"
    assert public["cameras"]["top"]["buffer"]["memory"] == 2**30
    stream = parse_config("cameras: {top: {source: 'rtsp://u:secret@h/x'}}").public()
    assert stream["cameras"]["top"]["source"] == "rtsp://u:***@h/x"
    assert "options" not in stream["cameras"]["top"]
    named = parse_config("cameras: {top: {source: {serial: 007}}}").public()
    assert named["cameras"]["top"]["source"] == {"serial": "007"}


@pytest.mark.parametrize(
    ("given", "source", "live"),
    [
        ("synthetic", "synthetic", False),
        (0, 0, True),
        ("2", 2, True),
        ("/dev/v4l/by-id/usb-x", "/dev/v4l/by-id/usb-x", True),
        ({"name": "HD Webcam"}, CameraId(name="HD Webcam"), True),
        ({"serial": 1234}, CameraId(serial="1234"), True),
        ("clip.mkv", "clip.mkv", False),
        ("C:/clips/1.avi", "C:/clips/1.avi", False),
        ("frames_%04d.png", "frames_%04d.png", False),
        ("file:///tmp/clip.mkv", "file:///tmp/clip.mkv", False),
        ("http://h/cam", "http://h/cam", True),
        ("HTTPS://h/cam", "HTTPS://h/cam", True),
        ("rtsp://u:p@h/x", "rtsp://u:p@h/x", True),
        ("rtmp://h/x", "rtmp://h/x", True),
        ("udp://@:1234", "udp://@:1234", True),
    ],
)
def test_sources(given, source, live):
    assert parse_source(given) == source
    assert is_live(parse_source(given)) is live


def test_a_path_at_home(monkeypatch):
    monkeypatch.setenv("HOME", "/home/me")
    assert parse_source("~/clip.mkv") == "/home/me/clip.mkv"
    assert RecordingConfig(folder="~/data").folder == Path("/home/me/data")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r'"\ud83d\ude00"', chr(0x1F600)),  # as JSON writes it
        *[("none", "none"), ("on", "on"), ("no", "no"), ("12:30", "12:30"), ("1_000", "1_000")],
        *[("007", "007"), ("0", 0), ("-6", -6), ("1.5", 1.5), ("1e3", 1000.0), ("0x1F", 31)],
        *[("0o17", 15), (".inf", ".inf"), (".nan", ".nan"), ("2026-11-22", "2026-11-22")],
        *[("true", True), ("False", False), ("~", None), ("'1'", "1"), ('"true"', "true")],
        *[
            ("1e999", "1e999"),
            ("9" * 30, float("9" * 30)),
            ("12345678901234567890", 12345678901234567890.0),
        ],
    ],
)
def test_words_mean_what_they_look_like(text, value):
    assert word(text) == value
    assert type(word(text)) is type(value)


@pytest.mark.parametrize("name", ["on", "yes", "1", "null", "top-2_b", "true"])
def test_camera_names_are_texts(name):
    assert list(parse_config(f"cameras:\n  {name}:\n    source: 0\n").cameras) == [name]


def test_anchors_and_comments_and_a_byte_order_mark(tmp_path):
    path = tmp_path / "x.yaml"
    text = "# µ\ncameras: {top: {source: synthetic, size: &s [64, 48], crop: [0, 0, 64, 48]}}\n"
    path.write_text(text + "metadata: {a: &a M12, b: *a}\n", encoding="utf-8-sig")
    assert load_config(path).metadata == {"a": "M12", "b": "M12"}


def test_overrides():
    overrides = ["subject=M13", "note=left eye: red #2", "id='007'", "empty=", "metadata.a b=1"]
    overrides += ["cameras.top.fps=max", "cameras.top.size=[640, 480]", "buffer.memory=2GiB"]
    overrides += ["recording.codec=fast", "cameras.top.recording.codec=null"]
    overrides += ["cameras.top.settings.gain=1", "cameras.top.settings.gain=2"]
    config = parse_config(FULL, "x.yaml", overrides)
    camera = config.cameras["top"]
    assert (camera.fps, camera.size, camera.settings["gain"]) == ("max", (640, 480), 2)
    assert (camera.buffer.memory, camera.recording.codec) == (2 * 2**30, "fast")
    assert config.metadata["subject"] == "M13"
    assert config.metadata["note"] == "left eye: red #2"
    assert (config.metadata["id"], config.metadata["empty"]) == ("007", None)
    assert config.metadata["a b"] == 1


def test_overrides_make_what_is_missing():
    assert top(LEAST, "recording.duration=2h").recording.duration == Amount(seconds=7200)
    assert parse_config("cameras:", "x", ["cameras.top.source=0"]).cameras["top"].source == 0


def test_memory_holds_four_frames():
    spec = FrameSpec(1280, 720, "gray8")
    assert frames_in(256 * 2**20, spec) == 291
    assert frames_in(bytes_for(4, spec), spec) == 4
    with pytest.raises(ConfigError, match=r"hold 3 frames.*at least 4 .*memory to 4MiB or more"):
        frames_in(bytes_for(4, spec) - 1, spec)


def test_nothing_may_be_kept_free():
    assert top(LEAST, "recording.keep_free=0").recording.keep_free == 0


START = datetime(2026, 11, 22, 12, 0, 0)


@pytest.mark.parametrize(
    ("template", "stem"),
    [
        ("{camera}_{start:%Y%m%d_%H%M%S}", "top_20261122_120000"),
        ("{start}", "20261122_120000"),
        ("{subject}-{day}-{{x}}", "M12-3-{x}"),
        ("Maus_ä", "Maus_ä"),
    ],
)
def test_file_names(template, stem):
    assert file_stem(template, "top", START, {"subject": "M12", "day": 3}) == stem


HALF = chr(0xD800)  # of a character
NO_NAMES = ["", ".x", "-x", "x.", "x ", "a/b", "a\\b", "a:b", "a\0", "{", "}", "{}", "{0}"]
NO_NAMES += ["{camera!r}", "{camera.real}", "{camera[0]}", "{camera:>5}", "{start:%D}", "{none}"]
NO_NAMES += ["{start:%H:%M}", "{start:%}", "{start:%Q}", "{start:{camera}}", "{path}", "x" * 201]
NO_NAMES += [HALF, f"{{start:{HALF}}}"]


@pytest.mark.parametrize("template", NO_NAMES)
def test_refused_file_names(template):
    with pytest.raises(ConfigError):
        file_stem(template, "top", START, {"none": None, "path": "a/b"})


# -- --set ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["{camera}_{start:%Y}", "{camera}", "{subject}_{day}", "x #1 [b]"])
def test_a_text_needs_no_quotes_on_the_command_line(name):
    given = ["subject=M12", "day=3"]
    assert top(LEAST, *given, f"recording.name={name}").recording.name == name
    assert top(LEAST, *given, f"recording.name='{name}'").recording.name == name


def test_a_text_on_the_command_line_may_be_empty_or_a_path_and_a_number_is_refused():
    assert top(LEAST, "recording.name=").recording.name == "{camera}_{start:%Y%m%d_%H%M%S}"
    assert top(LEAST, "recording.folder=data/{x} #2").recording.folder == Path("data/{x} #2")
    with pytest.raises(ConfigError, match="in quotes if it looks like a number"):
        top(LEAST, "recording.name=42")
    with pytest.raises(ConfigError, match="not YAML"):
        top(LEAST, "cameras.top.size={a}_{b}")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("durtion=1s", "recording.duration"),
        ("duration=1s", "recording.duration"),
        ("fps=30", "cameras.top.fps"),
        ("pixel_fromat=gray8", "cameras.top.pixel_format"),
        ("memry=1GiB", "buffer.memory"),
        ("codek=ffv1", "recording.codec"),
        ("wekdays=[mon]", "schedule.weekdays"),
        ("recordin=x", "recording.…"),
        ("sorce=rtsp://u:s3cret@h/x", "cameras.top.source"),
    ],
)
def test_a_misspelt_key_is_not_taken_for_metadata(given, meant):
    with pytest.raises(ConfigError, match=re.escape(f"did you mean {meant}?")) as caught:
        top(LEAST, given)
    assert "s3cret" not in str(caught.value)
    key = given.partition("=")[0]
    assert f"As metadata: metadata.{key}=" in str(caught.value)
    assert key in parse_config(LEAST, overrides=[f"metadata.{given}"]).metadata
    assert parse_config(f"{LEAST}\nmetadata: {{{key}: x}}", overrides=[given]).metadata[key]


NOTED = """
subject animal mouse mouse_id weight age sex dose experimenter operator session trial block note
condition notes comment date time room rig strain genotype treatment group cage diet temperature
light stimulus protocol project site day run sample batch id title name rate gain side camera lens
drug gps exposure arena cohort litter seed port url box channel
"""


def test_what_experimenters_note_is_metadata():
    given = [f"{key}=x" for key in NOTED.split()]
    assert set(parse_config(LEAST, overrides=given).metadata) == set(NOTED.split())
