"""What is typed and what is said in the window's panels."""

from datetime import datetime

import pytest

from recorder.errors import ConfigError
from ui.model.draft import Draft
from ui.model.sources import chosen, entries, read_source, sequence_pattern, shown_text, sizes
from ui.model.sources import source_text as written
from ui.model.wording import (
    config_problems,
    difference,
    example_names,
    inexact,
    not_here,
    not_opened,
    number,
    profiles,
    read_typed,
    typed,
)

FOUND = [
    {"name": "Cam", "source": "/dev/v4l/by-id/a", "path": "/dev/video0", "serial": "007",
     "modes": [["MJPG", 64, 48, 30.0], ["YUYV", 64, 48, 60.0], ["YUYV", 128, 96, None]]},
    {"name": "Cam", "source": 2, "path": "/dev/video2", "serial": "", "problem": "no permission"},
]  # fmt: skip

CHOSEN = [
    ("/dev/v4l/by-id/a", "Cam"),
    ("/dev/video0", "Cam"),
    ({"serial": "007"}, "Cam"),
    (2, "Cam (no permission)"),
    ("synthetic", "Synthetic (no hardware)"),
    (3, "Network address…"),
    ("/dev/video9", "Network address…"),
    ({"serial": "9"}, "Network address…"),
    ("rtsp://host/x", "Network address…"),
    ("a/clip.mkv", "Video file…"),
    ("a/f_%04d.png", "Image sequence…"),
]


@pytest.mark.parametrize(("source", "label"), CHOSEN)
def test_a_source_is_found_in_the_list(source, label):
    assert entries(FOUND)[chosen(FOUND, source)].label == label


@pytest.mark.parametrize(
    "source", [0, "/dev/video0", "clip.mkv", {"serial": "007"}, {"name": "a b"}]
)
def test_a_source_is_typed_as_the_config_has_it(source):
    assert read_source(written(source)) == source


def test_half_a_mapping_is_left_to_the_config_to_refuse():
    assert read_source("{serial: ") == "{serial:"
    assert "secret" not in shown_text("http://me:secret@host")


def test_one_image_stands_for_its_sequence():
    assert sequence_pattern("/a1/frames_0007.png") == "/a1/frames_%04d.png"
    assert sequence_pattern("C:\\x\\f12b3.tif") == "C:/x/f12b%01d.tif"
    assert sequence_pattern("/a1/frame.png") == "/a1/frame.png"


def test_each_size_is_offered_once_with_its_highest_rate():
    assert sizes(FOUND, "/dev/video0") == ((128, 96, 0.0), (64, 48, 60.0))
    assert sizes(FOUND, 2) == sizes(FOUND, "synthetic") == ()


@pytest.mark.parametrize("value", ["M12", "007", "12", "true", "null", "", 12, 2.5, True, 'a "b"'])
def test_a_metadata_value_is_typed_and_read_with_its_type(value):
    assert repr(read_typed(typed(value))) == repr(value) or value == ""


@pytest.mark.parametrize(("text", "value"), [("", None), ("60.0", 60), ("1,5", 1.5), ("x", "x")])
def test_a_number_is_read(text, value):
    assert repr(number(text)) == repr(value)


def test_a_difference_is_said_with_both_values():
    assert difference(5, 3) == "asked 5, camera is at 3"
    assert difference(-6.5, -6.5001) == ""
    assert difference(1, None) == "asked 1, the camera tells nothing"


def test_every_profile_of_both_formats_has_a_sentence():
    for format_ in ("video", "hdf5"):
        assert [choice.value for choice in profiles(format_)][:4] == [
            *("auto", "fast", "compatible", "archive")
        ]
        assert all(choice.sentence for choice in profiles(format_))
    assert "magicyuv" in [choice.value for choice in profiles("video")]
    assert "bitshuffle" in [choice.value for choice in profiles("hdf5")]


def test_an_example_name_is_the_file_or_why_there_is_none():
    draft = Draft.new(name="top")
    now = datetime(2026, 11, 22, 12, 0, 0)
    assert example_names(draft, now) == (("top", "top_20261122_120000.mkv"),)
    draft.set("hdf5", "cameras", "top", "recording", "format")
    assert example_names(draft, now) == (("top", "top_20261122_120000.h5"),)
    for name in ("{x}", "a/b", 5):
        draft.set(name, "recording", "name")
        assert example_names(draft, now)[0][1].startswith("no name" if name != 5 else "5")


def test_what_holds_only_where_nobody_watches_is_said():
    draft = Draft.new(name="top")
    assert not_here(draft) == not_here(None) == ""
    draft.set({"hours": "22:00-06:00"}, "schedule")
    assert not_here(draft).startswith("Schedule holds for `recorder record`")
    draft.set({"port": 9464}, "metrics")
    draft.set({"age": "14d"}, "recording", "retention")
    assert not_here(draft).startswith("Schedule, metrics and retention hold for")


@pytest.mark.parametrize(
    ("pixel_format", "kind", "codec", "refused"),
    [
        ("gray16", "video", "compatible", True),
        ("bgr8", "video", "x264", True),
        ("gray16", "video", "archive", False),
        ("gray16", "hdf5", "compatible", False),
        ("gray8", "video", "compatible", False),
        (None, "video", "compatible", False),  # known when the camera is open
    ],
)
def test_what_would_be_refused_is_said_when_it_is_chosen(pixel_format, kind, codec, refused):
    draft = Draft("cameras: {top: {source: synthetic}}")
    draft.set(pixel_format, "cameras", "top", "pixel_format")
    draft.set(kind, "recording", "format")
    draft.set(codec, "recording", "codec")
    told = inexact(draft)
    assert bool(told) is refused
    assert not refused or (told.startswith("top: codec ") and "ffv1" in told)


def test_one_problem_is_said_and_several_are_counted_and_listed():
    draft = Draft("cameras: {top: {source: synthetic, fps: -3}}")
    assert config_problems(draft.problems()).startswith("the config has a problem: cameras.top.fps")
    draft.set([0, 480], "cameras", "top", "size")
    first, *others = config_problems(draft.problems()).splitlines()
    assert first == "the config has 2 problems"
    keys = sorted(line.split(":")[0] for line in others)
    assert keys == ["• cameras.top.fps", "• cameras.top.size"]
    draft = Draft("cameras: {top: {source: synthetic}}")
    assert config_problems(draft.problems()) == ""


def test_a_config_that_cannot_be_opened_has_all_its_errors_by_line(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text("cameras:\n  top: {source: synthetic, fps: -3, rotat: 5}\n")
    with pytest.raises(ConfigError) as raised:
        Draft.open(path)
    head, *found = not_opened("wrong.yaml", path, raised.value).splitlines()
    assert head == "wrong.yaml cannot be opened, 2 problems"
    assert [line.split(": ")[:2] for line in found] == [
        ["• line 2", "cameras.top.fps"],
        ["• line 2", "cameras.top.rotat"],
    ]
    assert str(path) not in "".join(found)
    assert not_opened("it", path, OSError("gone")) == "it cannot be opened: gone"
