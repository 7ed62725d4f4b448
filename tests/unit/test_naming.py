"""Names: literal whatever they contain, never taken twice, in order by name."""

from itertools import islice
from pathlib import Path

import pytest

from recorder.errors import FileTaken
from recorder.writers import naming


def test_a_dot_in_a_stem_is_no_suffix():
    assert naming.beside(Path("mouse.12"), ".mkv") == Path("mouse.12.mkv")


def test_a_new_recording_tries_other_names_and_later_parts_count_on():
    stem = Path("a/top")
    assert [p.name for p in islice(naming.candidates(stem, 0), 3)] == ["top", "top-2", "top-3"]
    assert [p.name for p in islice(naming.candidates(stem, 7), 2)] == ["top_0007", "top_0008"]


def test_parts_are_in_order_by_name():
    stem = Path("top")
    parts = [next(naming.candidates(stem, n)) for n in (0, 1, 2, 10, 999)]
    files = [naming.beside(part, naming.VIDEO).name for part in parts]
    assert files == sorted(files)


@pytest.mark.parametrize("suffix", naming.SUFFIXES)
def test_a_stem_is_taken_when_any_of_its_files_exists(tmp_path, suffix):
    stem = tmp_path / "top"
    naming.require_free(stem)
    naming.beside(stem, suffix).touch()
    with pytest.raises(FileTaken, match="ever overwritten"):
        naming.require_free(stem)
