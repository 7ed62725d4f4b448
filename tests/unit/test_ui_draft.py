"""What the window edits is the very file that `recorder record` runs."""

import errno
import stat
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recorder.config import load_config, make_config, parse_config
from recorder.errors import ConfigError, NoSpace, WriterError
from ui.model.draft import Draft, NotSaved
from ui.model.yamledit import put, read, remove, rename
from ui.model.yamlwrite import flow, word

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))
COMMENTED = """\
# about the rig
cameras:  # two of them
  top:   # from above
    source: synthetic   # no hardware
    fps: 30             # slow
    # of top, the last line

  # from the side
  side: {source: synthetic, size: [64, 48]}  # small

# where it goes
recording:
  folder: out  # a RAM disk

metadata:      # free
  subject: 007
# the end
"""


def comments(text: str) -> list[str]:
    return [line[line.index("#") :] for line in text.splitlines() if "#" in line]


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_an_opened_file_comes_back_byte_for_byte(path, tmp_path):
    draft = Draft.open(path)
    draft.save(tmp_path / "again.yaml")
    assert (tmp_path / "again.yaml").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_a_running_config_becomes_a_short_draft_that_says_the_same(path):
    config = load_config(path)
    draft = Draft.from_config(config)
    assert draft.config() == config
    assert not draft.is_changed
    assert "keep_free" not in draft.text()  # every file has the default of it


def test_a_running_config_keeps_what_one_camera_has_of_its_own():
    config = parse_config(
        "cameras: {a: {source: 0}, b: {source: 'http://me:se@cr/et@host/x', rotate: 90,"
        " recording: {codec: fast}}}\nrecording: {codec: archive, keep_free: 0}"
        "\nbuffer: {memory: 8MiB}"
    )
    draft = Draft.from_config(config)
    assert draft.config() == config
    assert draft.masked("recording", "codec") == ("b",)
    assert draft.own("buffer", "memory") == "8MiB"
    assert "when_full" not in draft.text()  # what the sources mean by it is not written out


def test_a_running_config_keeps_a_policy_that_its_source_would_not_have():
    config = parse_config("cameras: {a: {source: a.mkv, buffer: {when_full: stop}}}")
    draft = Draft.from_config(config)
    assert draft.config() == config
    assert draft.own("cameras", "a", "buffer", "when_full") == "stop"


# what is edited, and the lines that differ: gone, and new
EDITS = [
    (
        (25, "cameras", "top", "fps"),
        ["    fps: 30             # slow"],
        ["    fps: 25             # slow"],
    ),
    ((90, "cameras", "top", "rotate"), [], ["    rotate: 90"]),
    ((None, "cameras", "top", "fps"), ["    fps: 30             # slow"], []),
    (
        (max, "cameras", "side", "fps"),
        ["  side: {source: synthetic, size: [64, 48]}  # small"],
        ["  side: {source: synthetic, size: [64, 48], fps: max}  # small"],
    ),
    (
        (None, "cameras", "side", "size"),
        ["  side: {source: synthetic, size: [64, 48]}  # small"],
        ["  side: {source: synthetic}  # small"],
    ),
    (("10min", "recording", "duration"), [], ["  duration: 10min"]),
    (("M 12: b", "metadata", "subject"), ["  subject: 007"], ['  subject: "M 12: b"']),
    (("5MiB", "buffer", "memory"), [], ["", "buffer:", "  memory: 5MiB"]),
    ((None, "metadata", "subject"), ["  subject: 007"], []),
]


@pytest.mark.parametrize(("edit", "gone", "new"), EDITS)
def test_an_edit_changes_its_line_and_no_other(edit, gone, new):
    value, *keys = edit
    draft = Draft(COMMENTED)
    draft.set("max" if value is max else value, *keys)
    before, after = COMMENTED.splitlines(), draft.text().splitlines()
    for line in gone:
        before.remove(line)
    for line in new:
        after.remove(line)
    assert [line for line in after if line] == [line for line in before if line]
    assert draft.own(*keys) == ("max" if value is max else value)
    assert draft.is_changed


def test_a_new_key_stands_in_its_section_not_behind_the_next_comment():
    draft = Draft(COMMENTED)
    draft.set("scene", "cameras", "top", "options", "pattern")
    text = draft.text()
    assert text.index("pattern: scene") < text.index("# of top, the last line")
    draft.add_camera("back", 0)
    assert draft.text().index("back:") < draft.text().index("# where it goes")
    assert list(draft.config().cameras) == ["top", "side", "back"]


def test_cameras_come_go_and_change_their_names():
    draft = Draft(COMMENTED)
    draft.rename_camera("top", "above")
    assert draft.camera_names == ("above", "side")
    draft.remove_camera("above")
    assert draft.camera_names == ("side",)
    assert "# from the side" in draft.text()
    with pytest.raises(ConfigError, match="last camera"):
        draft.remove_camera("side")
    for name in ("side", "a b", "", "x" * 65):
        with pytest.raises(ConfigError):
            draft.add_camera(name)
    with pytest.raises(ConfigError):
        draft.rename_camera("side", "ä")


def test_get_is_what_holds_and_own_what_is_said():
    draft = Draft.new("synthetic", "top")
    draft.add_camera("side")
    draft.set("fast", "recording", "codec")
    draft.set("archive", "cameras", "side", "recording", "codec")
    assert draft.get("cameras", "top", "recording", "codec") == "fast"
    assert draft.get("cameras", "side", "recording", "codec") == "archive"
    assert draft.masked("recording", "codec") == ("side",)
    assert draft.own("cameras", "top", "recording", "codec") is None
    assert draft.get("recording", "keep_free") is None
    assert draft.get("cameras", "top", "buffer", "memory") == "256MiB"
    assert draft.get("cameras", "top", "fps") is None
    assert draft.get("cameras", "top", "flip") == "none"
    assert draft.get("cameras", "top", "options", "pattern") == "scene"
    assert draft.get("cameras", "top", "settings") == draft.get("metadata") == {}
    draft.set(None, "cameras", "side", "recording", "codec")
    assert draft.masked("recording", "codec") == ()


def test_what_is_got_is_not_the_draft_itself():
    draft = Draft(COMMENTED)
    draft.own("cameras", "side", "size").append(3)
    assert draft.own("cameras", "side", "size") == [64, 48]


PROBLEMS = [
    ((-3, "cameras", "top", "fps"), ("cameras", "top", "fps"), "more than 0"),
    (("10parsecs", "recording", "duration"), ("recording", "duration"), "unknown unit"),
    (("{camerra}", "recording", "name"), ("recording", "name"), "did you mean {camera}"),
    ((True, "cameras", "top", "nonsense"), ("cameras", "top", "nonsense"), "unknown key"),
    ((None, "cameras", "top", "source"), ("cameras", "top", "source"), "missing"),
    (
        ("x y", "cameras", "side", "recording", "codec"),
        ("cameras", "side", "recording", "codec"),
        "letters",
    ),
    (([60, 0, 9, 9], "cameras", "side", "crop"), ("cameras", "side", "crop"), "outside"),
    (("1KiB", "buffer", "memory"), ("buffer", "memory"), "at least 4"),
    ((1.5, "cameras", "top", "settings", "Gain"), ("cameras", "top", "settings", "Gain"), "gain"),
]


@pytest.mark.parametrize(("edit", "keys", "text"), PROBLEMS)
def test_a_problem_is_blamed_on_its_key_and_blocks_no_typing(edit, keys, text, tmp_path):
    draft = Draft.new(name="top")
    draft.set([64, 48], "cameras", "top", "size")
    draft.set("gray8", "cameras", "top", "pixel_format")
    draft.add_camera("side")
    draft.set([64, 48], "cameras", "side", "size")
    assert draft.problems() == ()
    value, *path = edit
    draft.set(value, *path)
    assert keys in dict(draft.problems())
    assert text in dict(draft.problems())[keys]
    assert "cameras." not in dict(draft.problems())[keys]
    with pytest.raises(ConfigError):
        draft.config()
    with pytest.raises(ConfigError):
        draft.save(tmp_path / "never.yaml")
    assert list(tmp_path.iterdir()) == []


def test_a_problem_does_not_tell_the_password():
    draft = Draft.new("http://me:secret@host/x")
    draft.set("http://me:secret@host/x", "recording", "duration")
    assert draft.problems()
    assert "secret" not in str(draft.problems())


def test_a_file_that_is_wrong_is_not_opened(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("cameras:\n  top:\n    sorce: 0\n")
    with pytest.raises(ConfigError, match=r"bad.yaml:3: cameras.top.sorce.*source"):
        Draft.open(path)


def test_saving_keeps_the_mode_and_a_link(tmp_path):
    real, link = tmp_path / "real.yaml", tmp_path / "link.yaml"
    real.write_text(COMMENTED)
    real.chmod(0o640)
    link.symlink_to(real)
    draft = Draft.open(link)
    draft.set(5, "cameras", "top", "fps")
    draft.save()
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert real.read_text() == draft.text()
    assert not draft.is_changed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.yaml", "real.yaml"]


def test_what_somebody_else_saved_is_not_overwritten_unless_forced(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text(COMMENTED)
    draft = Draft.open(path)
    draft.set(5, "cameras", "top", "fps")
    path.write_text(COMMENTED + "# theirs\n")
    with pytest.raises(NotSaved, match="changed by another program"):
        draft.save()
    assert path.read_text().endswith("# theirs\n")
    assert draft.is_changed
    draft.save(force=True)
    assert load_config(path) == draft.config()
    draft.set(6, "cameras", "top", "fps")
    draft.save()  # now it is ours again


def test_another_file_is_not_overwritten_unless_forced(tmp_path):
    there = tmp_path / "there.yaml"
    there.write_text("theirs")
    draft = Draft.new()
    with pytest.raises(NotSaved, match="exists already"):
        draft.save(there)
    assert draft.path is None
    draft.save(there, force=True)
    assert draft.path == there


def test_saving_without_a_place_to_save_says_so(tmp_path):
    with pytest.raises(ConfigError, match="no file yet"):
        Draft.new().save()
    with pytest.raises(WriterError, match="no folder"):
        Draft.new().save(tmp_path / "none" / "a.yaml")


def test_a_full_disk_is_told_and_the_old_file_stays(tmp_path, monkeypatch):
    path = tmp_path / "a.yaml"
    path.write_text(COMMENTED)
    draft = Draft.open(path)
    draft.set(5, "cameras", "top", "fps")

    def full(*args):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(NoSpace):
        draft.save()
    assert path.read_text() == COMMENTED
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_a_copy_goes_its_own_way():
    draft = Draft(COMMENTED)
    other = draft.copy()
    other.set(5, "cameras", "top", "fps")
    assert (draft.get("cameras", "top", "fps"), other.get("cameras", "top", "fps")) == (30, 5)
    assert (draft.is_changed, other.is_changed) == (False, True)


def test_an_alias_is_written_out_so_that_one_edit_is_one_edit():
    text = "cameras:\n  a: &all   # first\n    source: 0\n    fps: 30\n  b: *all  # second\n# end\n"
    new = put(text, ["cameras", "b", "fps"], 60)
    assert read(new)["cameras"] == {"a": {"source": 0, "fps": 30}, "b": {"source": 0, "fps": 60}}
    assert comments(new) == comments(text)


ODD = [
    "cameras: {a: {source: 0}, }",
    "cameras:\r\n  a:\r\n    source: 0\r\n",
    "---\ncameras:\n    a:\n        source: 0\n...\n",
    "cameras:\n  a:\n    source: 0",
    '{"cameras": {"a": {"source": 0}}}',
    "? cameras\n: a:\n    source: 0\n",
    "cameras:\n  a:\n    source: >-\n      synthetic\n\nmetadata: {note: }\n",
    "cameras:\n  a: {source:\n      0}\nrecording:\nmetadata:\n  text: |+\n    one\n\n    two\n\n",
]


@pytest.mark.parametrize("text", ODD)
def test_odd_ways_to_write_yaml_are_edited_all_the_same(text):
    draft = Draft(text)
    draft.set(30, "cameras", "a", "fps")
    draft.set([4, 3], "cameras", "a", "size")
    draft.set("new", "metadata", "note")
    draft.set("hdf5", "recording", "format")
    draft.add_camera("b", 1)
    draft.rename_camera("a", "c")
    draft.set(None, "cameras", "c", "size")
    config = draft.config()
    assert [camera.fps for camera in config.cameras.values()] == [30, None]
    assert (config.metadata["note"], config.recording.format) == ("new", "hdf5")
    assert config.metadata.get("text") in (None, "one\n\ntwo\n\n")
    assert ("\r" in draft.text()) == ("\r" in text)
    assert "\n\n\n" not in draft.text().replace("\r", "").replace("two\n\n\n", "")


texts = st.text(max_size=12) | st.sampled_from(
    ["on", "007", "1_0", "12:30", "~", "- a", "a: b", "#", "0x1", ".5"]
)
plain = st.none() | st.booleans() | st.integers(-(10**17), 10**17) | texts
numbers = st.floats(allow_nan=False, allow_infinity=False)


@given(
    value=plain | numbers | st.lists(plain, max_size=3) | st.dictionaries(texts, plain, max_size=3)
)
@settings(deadline=None, max_examples=200)
def test_a_value_reads_back_as_itself_with_its_type(value):
    try:
        written = f"value: {flow(value)}"
    except UnicodeEncodeError:
        return
    if any("\ud800" <= c <= "\udfff" for c in repr(value)):
        return
    assert repr(read(written)["value"]) == repr(value)


def test_a_word_is_quoted_only_where_it_must_be():
    assert word("recordings/today_1") == "recordings/today_1"
    assert word("http://host:80/x") == "http://host:80/x"
    assert word("on") == '"on"'
    assert word("12:30") == '"12:30"'
    assert word("a: b") == '"a: b"'


names = st.sampled_from(["top", "side", "c-3", "007", "on"])
edits = st.lists(
    st.one_of(
        st.tuples(
            st.just("add"), names, st.sampled_from(["synthetic", 0, {"serial": "007"}, "a b.mkv"])
        ),
        st.tuples(st.just("remove"), names),
        st.tuples(st.just("rename"), names, names),
        st.tuples(st.just("fps"), names, st.sampled_from([None, 30, 59.94, "max", -1])),
        st.tuples(st.just("size"), names, st.sampled_from([None, [64, 48], [0, 1]])),
        st.tuples(st.just("settings"), names, st.sampled_from([None, {"gain": 1}, {}])),
        st.tuples(st.just("gain"), names, st.sampled_from([None, 1, -6.5, True])),
        st.tuples(st.just("own"), names, st.sampled_from([None, "fast", "archive"])),
        st.tuples(st.just("codec"), st.sampled_from([None, "fast", "archive"])),
        st.tuples(st.just("duration"), st.sampled_from([None, 90, "10min", "1000 frames", "soon"])),
        st.tuples(st.just("metadata"), texts, plain | numbers),
    ),
    max_size=12,
)
WHERE = {
    "fps": lambda name: ("cameras", name, "fps"),
    "size": lambda name: ("cameras", name, "size"),
    "settings": lambda name: ("cameras", name, "settings"),
    "gain": lambda name: ("cameras", name, "settings", "gain"),
    "own": lambda name: ("cameras", name, "recording", "codec"),
    "metadata": lambda key: ("metadata", key),
}


def apply(draft: Draft, values: dict, edit: tuple) -> None:
    """Do one edit to the draft and, in the simplest way there is, to plain values."""
    what, *rest = edit
    cameras = values["cameras"]
    if what == "add" and rest[0] not in cameras:
        draft.add_camera(*rest)
        cameras[rest[0]] = {"source": rest[1]}
    elif what == "remove" and rest[0] in cameras and len(cameras) > 1:
        draft.remove_camera(rest[0])
        del cameras[rest[0]]
    elif what == "rename" and rest[0] in cameras and rest[1] not in cameras:
        draft.rename_camera(*rest)
        values["cameras"] = {rest[1] if n == rest[0] else n: c for n, c in cameras.items()}
    elif what in ("codec", "duration"):
        draft.set(rest[0], "recording", what)
        values.setdefault("recording", {})[what] = rest[0]
    elif what == "metadata" or (what in WHERE and rest[0] in cameras):
        keys = WHERE[what](rest[0])
        draft.set(rest[1], *keys)
        for key in keys[:-1]:
            values = values.setdefault(key, {})
        values[keys[-1]] = rest[1]
        if rest[1] is None:
            del values[keys[-1]]


@given(edits=edits, text=st.sampled_from([COMMENTED, *ODD[:5]]))
@settings(deadline=None, max_examples=60)
def test_any_edits_end_in_the_config_that_the_file_gives(edits, text):
    draft, values = Draft(text), read(text)
    for edit in edits:
        if "\ud800" <= max(repr(edit)) <= "\udfff":
            continue
        apply(draft, values, edit)
    kept = set(comments(draft.text()))
    assert {"# about the rig", "# where it goes", "# the end"} <= kept or text != COMMENTED
    try:
        wanted = make_config(values)
    except ConfigError:
        assert draft.problems()
        with pytest.raises(ConfigError):
            draft.config()
    else:
        assert draft.problems() == ()
        assert draft.config() == parse_config(draft.text()) == wanted
        assert list(draft.config().cameras) == list(wanted.cameras)
        assert Draft.from_config(wanted).config() == wanted


def test_what_cannot_be_written_is_refused_and_changes_nothing():
    draft = Draft(COMMENTED)
    with pytest.raises(ConfigError, match="cannot be written"):
        draft.set("x", "metadata", "k" * 2000)
    assert draft.text() == COMMENTED


def test_removing_and_renaming_keep_what_stands_around():
    text = remove("a: 1  # one\nb:\n  c: 2\n# end\n", ["b", "c"])
    assert text == "a: 1  # one\n# end\n"
    assert remove("b:  # why\n  c: 2\n", ["b", "c"]) == "b:  # why\n"
    assert rename("a: {b: 1, c: 2}", ["a", "b"], "x y") == "a: {x y: 1, c: 2}"
