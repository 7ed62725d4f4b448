"""Benchmarks print figures; they assert nothing about time. Run: pytest -m benchmark -s"""

from pathlib import Path

import pytest

RAM = Path("/dev/shm")


@pytest.fixture
def ram(tmp_path_factory):
    """A folder in memory where there is one, so that no figure depends on a disk."""
    import shutil
    import tempfile

    folder = Path(tempfile.mkdtemp(dir=RAM if RAM.is_dir() else None, prefix="recorder-bench-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def say(capsys):
    """Print a line past pytest's capture."""

    def print_now(text):
        with capsys.disabled():
            print(f"\n    {text}", end="")

    return print_now
