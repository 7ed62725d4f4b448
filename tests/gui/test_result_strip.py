"""What became of the last recording, in words that stay in their place."""

from types import SimpleNamespace

import pytest

from ui.model.checking import Verdict
from ui.theme import DARK
from ui.views.result_strip import ResultStrip

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


def verdict(state, text="verified: all 9 frames are exact"):
    return Verdict(FILES, state, text)


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


def test_nothing_moves_however_much_it_says(strip, qapp):
    long = "DIFFERENT: frame 17 of a_rather_long_name_of_a_file.mkv is missing " * 4
    places = []
    for shown in (None, verdict("running"), verdict("exact"), verdict("different", long)):
        strip.show_result(FILES, shown, False)
        qapp.processEvents()
        parts = (strip.verify, strip.folder, strip.files, strip.verdict)
        places.append((strip.sizeHint(), *(part.geometry() for part in parts)))
    assert places == places[:1] * 4
    assert strip.verdict.text().startswith("✗ DIFFERENT")
    assert strip.verdict.text().endswith("…")
    assert strip.verdict.toolTip() == f"✗ {long}", "all of it, on demand"
