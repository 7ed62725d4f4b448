"""What became of the last recording, in words that stay in their place."""

from types import SimpleNamespace

import pytest

from ui.model.checking import Verdict
from ui.theme import DARK
from ui.views.result_strip import ResultStrip
from ui.views.whole import height_of

FILES = ("/data/top_1.mkv", "/data/side_1.mkv", "/data/side_2.mkv")


@pytest.fixture
def strip(qtbot):
    made = ResultStrip(DARK)
    made.asked = SimpleNamespace(folders=[], checks=[])
    made.openFolderRequested.connect(made.asked.folders.append)
    made.verifyRequested.connect(lambda: made.asked.checks.append(1))
    qtbot.addWidget(made)
    made.resize(340, made.sizeHint().height())
    made.show()
    return made


def verdict(state, text="verified: all 9 frames are exact", *more):
    return Verdict(FILES, state, text, more)


def test_before_the_first_recording_there_is_nothing_to_ask_for(strip):
    assert strip.files.full_text == "None yet"
    assert not strip.verify.isEnabled()
    assert not strip.folder.isEnabled()


def test_it_names_the_files(strip):
    strip.show_result(FILES, None, False)
    assert strip.files.full_text == "top_1.mkv and 2 more"
    assert strip.files.toolTip() == "\n".join(FILES)
    strip.folder.click()
    strip.verify.click()
    assert strip.asked.folders == ["/data"]
    assert strip.asked.checks == [1]


@pytest.mark.parametrize(
    ("state", "role", "sign"),
    [
        ("exact", "good", "✓ "),
        ("different", "bad", "✗ "),
        ("failed", "bad", "✗ "),
        ("running", "dim", ""),
    ],
)
def test_a_verdict_has_a_sign_beside_its_colour(strip, state, role, sign):
    strip.show_result(FILES, verdict(state), False)
    assert strip.verdict.full_text == f"{sign}verified: all 9 frames are exact"
    assert strip.verdict.property("role") == role
    strip.show_result(FILES, None, False)
    assert (strip.verdict.full_text, strip.verdict.property("role")) == ("", "dim")


def test_the_verdict_on_other_files_is_not_shown(strip):
    strip.show_result(FILES[:1], verdict("exact"), False)
    assert strip.verdict.full_text == ""


@pytest.mark.parametrize(
    ("state", "is_recording", "may_ask"),
    [("exact", False, True), ("running", False, False), ("exact", True, False)],
)
def test_it_can_be_verified_when_that_makes_sense(strip, state, is_recording, may_ask):
    strip.show_result(FILES, verdict(state), is_recording)
    assert strip.verify.isEnabled() is may_ask


def test_a_but_is_amber_whole_and_in_a_list(strip, qtbot):
    gap, dropped = "while recording: 1 gap of 6.256 s", "while recording: 3 dropped"
    strip.show_result(FILES, verdict("exact", "verified: all 9 are exact", dropped, gap), False)
    assert strip.verdict.property("role") == "warn"
    assert strip.verdict.text() == f"⚠ verified: all 9 are exact\n• {dropped}\n• {gap}"
    strip.show_result(FILES, verdict("exact"), False)
    assert strip.verdict.property("role") == "good"


@pytest.mark.parametrize("width", [348, 200])
def test_all_of_a_verdict_is_seen_however_long_it_is(strip, qtbot, width):
    long = "DIFFERENT: frame 17 of a_rather_long_name_of_a_file_in_one_word.mkv is missing " * 4
    strip.show_result(FILES, verdict("different", long, "b.mkv: no ledger"), False)
    strip.resize(width, strip.sizeHint().height())
    label = strip.verdict
    qtbot.waitUntil(lambda: label.height() >= height_of(label, label.full_text))
    assert label.text().replace("\u200b", "") == f"✗ {long}\n• b.mkv: no ledger"
    assert strip.minimumSizeHint().height() >= label.height(), "no layout makes it smaller"


def test_nothing_moves_while_two_lines_are_enough(strip, qapp):
    longer = "DIFFERENT: frame 17 of a.mkv is not what the camera gave"
    places = []
    for shown in (None, verdict("running"), verdict("exact"), verdict("different", longer)):
        strip.show_result(FILES, shown, False)
        qapp.processEvents()
        parts = (strip.verify, strip.folder, strip.files, strip.verdict)
        places.append((strip.sizeHint(), *(part.geometry() for part in parts)))
    assert places == places[:1] * 4
