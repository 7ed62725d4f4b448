"""Which camera is selected while cameras come, go and are renamed."""

import pytest
from ui_desk import Stage

from ui.model.selection import Selection

SEVERAL = (
    "cameras: {top: {source: synthetic}, side: {source: synthetic}, back: {source: synthetic}}"
)


def selected(name, *names):
    made = Selection()
    made.follow(names)
    assert made.choose(name)
    return made


def test_there_is_none_without_a_camera_and_then_it_is_the_first():
    made = Selection()
    assert made.name is None
    made.follow(("a", "b"))
    assert made.name == "a"
    made.follow(())
    assert made.name is None


def test_what_is_not_there_cannot_be_selected():
    made = selected("b", "a", "b")
    assert not made.choose("nobody")
    assert made.name == "b"


@pytest.mark.parametrize(
    ("now", "name"),
    [
        (("a", "b", "c"), "b"),  # nothing has changed
        (("c", "b", "a"), "b"),  # they stand elsewhere
        (("x", "a", "b", "c"), "b"),  # one has come
        (("b",), "b"),  # the others were removed
        (("a2", "b", "c"), "b"),  # another one was renamed
        (("a", "b2", "c"), "b2"),  # it was renamed itself
        (("a", "c"), "c"),  # removed: the one after it
        (("a",), "a"),
        (("a", "c", "d"), "c"),  # removed while another one came
        (("x", "y", "z"), "x"),  # another config
        (("x",), "x"),
    ],
)
def test_it_is_kept_by_name_and_else_goes_to_the_heir(now, name):
    made = selected("b", "a", "b", "c")
    made.follow(now)
    assert made.name == name


def test_of_the_last_camera_the_one_before_it_is_the_heir():
    made = selected("c", "a", "b", "c")
    made.follow(("a", "b"))
    assert made.name == "b"


def test_the_desk_keeps_it_over_edits_renames_removals_and_other_drafts(tmp_path):
    stage = Stage(tmp_path, SEVERAL)
    desk = stage.desk()
    assert desk.selection.name == "top"
    desk.selection.choose("side")
    desk.draft.set(20, "cameras", "side", "fps")
    desk.edited(("cameras", "side", "fps"))
    stage.control.be("opening", phase="starting")
    stage.tick(passed_s=1.0)
    assert desk.selection.name == "side"
    desk.draft.rename_camera("side", "front")
    desk.edited(("cameras",))
    assert desk.selection.name == "front"
    desk.draft.remove_camera("front")
    desk.edited(("cameras",))
    assert desk.selection.name == "back"
    desk.new("synthetic", "other")
    assert desk.selection.name == "other"
