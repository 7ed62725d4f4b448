"""What the window remembers survives damage, other windows, and homes that cannot be written."""

import json
from pathlib import Path

import pytest

from ui.model.preferences import MOST_RECENT, Preferences


def stored(folder):
    return json.loads((folder / "window.json").read_text())


def test_everything_comes_back(tmp_path):
    config = tmp_path / "rig.yaml"
    config.touch()
    before = Preferences.load(tmp_path)
    before.theme, before.geometry, before.layout = "light", "AAEC", "BAUG"
    before.verify_after_stop, before.traces_collapsed = False, True
    before.last_folder, before.draft = tmp_path, config
    before.remember(config)
    assert before.save() is None
    after = Preferences.load(tmp_path)
    assert (after.theme, after.geometry, after.layout) == ("light", "AAEC", "BAUG")
    assert (after.verify_after_stop, after.traces_collapsed) == (False, True)
    assert (after.last_folder, after.draft, after.recent) == (tmp_path, config, (config,))
    assert after.notice is None
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_what_was_never_set(tmp_path):
    fresh = Preferences.load(tmp_path / "not there")
    assert (fresh.theme, fresh.geometry, fresh.layout) == ("dark", "", "")
    assert (fresh.verify_after_stop, fresh.traces_collapsed) == (True, False)
    assert (fresh.last_folder, fresh.draft, fresh.recent) == (None, None, ())
    assert fresh.save() is None
    assert not (tmp_path / "not there").exists(), "nothing was changed, nothing is written"


def test_recent_files_are_ten_that_exist_the_latest_first(tmp_path):
    files = [tmp_path / f"{number}.yaml" for number in range(MOST_RECENT + 2)]
    preferences = Preferences.load(tmp_path)
    for file in files:
        file.touch()
        preferences.remember(file)
    preferences.remember(files[5])
    preferences.save()
    files[7].unlink()
    recent = Preferences.load(tmp_path).recent
    assert recent[0] == files[5]
    assert len(recent) == MOST_RECENT - 1
    assert files[7] not in recent
    assert str(files[7]) in stored(tmp_path)["recent"], "a disk that is not plugged in comes back"


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff\xfe{}", b'{"theme": '])
def test_a_damaged_file_is_as_none_and_said_once(tmp_path, damage):
    (tmp_path / "window.json").write_bytes(damage)
    preferences = Preferences.load(tmp_path)
    assert preferences.theme == "dark"
    assert preferences.notice is not None
    assert "window.json cannot be read" in preferences.notice
    preferences.theme = "light"
    preferences.save()
    mended = Preferences.load(tmp_path)
    assert (mended.theme, mended.notice) == ("light", None)


def test_values_of_the_wrong_kind_count_as_never_set(tmp_path):
    recent = [1, "a\0b", None, "/" + 999 * "n"]
    odd = {"theme": 7, "verify_after_stop": "no", "recent": recent, "draft": []}
    (tmp_path / "window.json").write_text(json.dumps(odd))
    preferences = Preferences.load(tmp_path)
    assert (preferences.theme, preferences.verify_after_stop) == ("dark", True)
    assert (preferences.recent, preferences.draft) == ((), None)


def test_unknown_keys_and_another_windows_changes_are_kept(tmp_path):
    (tmp_path / "window.json").write_text('{"of_a_later_version": [1, 2]}')
    one, other = Preferences.load(tmp_path), Preferences.load(tmp_path)
    one.theme = "light"
    one.save()
    other.traces_collapsed = True
    other.save()
    expected = {"of_a_later_version": [1, 2], "theme": "light", "traces_collapsed": True}
    assert stored(tmp_path) == expected


def test_a_link_to_the_file_stays_one(tmp_path):
    (tmp_path / "kept").mkdir()
    (tmp_path / "window.json").symlink_to(tmp_path / "kept/mine.json")
    preferences = Preferences.load(tmp_path)
    preferences.theme = "light"
    preferences.save()
    assert (tmp_path / "window.json").is_symlink()
    assert stored(tmp_path) == {"theme": "light"}


def test_a_folder_that_cannot_be_written_is_said_once(tmp_path):
    (tmp_path / "file").touch()
    preferences = Preferences.load(tmp_path / "file")  # a file where the folder should be
    preferences.theme = "light"
    said = preferences.save()
    assert said is not None
    assert "nothing will be remembered" in said
    assert preferences.save() is None
    assert preferences.theme == "light"


def test_the_folder_is_the_users_choice(tmp_path, monkeypatch):
    monkeypatch.setenv("RECORDER_CONFIG_DIR", str(tmp_path))
    preferences = Preferences.load()
    preferences.theme = "light"
    preferences.save()
    assert stored(tmp_path) == {"theme": "light"}


def test_relative_names_are_remembered_whole(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    preferences = Preferences.load(tmp_path)
    preferences.remember(Path("rig.yaml"))
    assert preferences.recent == (tmp_path / "rig.yaml",)
