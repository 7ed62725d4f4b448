"""Widgets are tested offscreen; what needs a real screen starts an Xvfb of its own."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTEST_QT_API", "pyqt5")

from recorder.cameras.cv2_setup import import_cv2

sys.path.append(str(Path(__file__).parents[1] / "unit"))  # the stage for a desk is shared
import_cv2()  # before Qt: what cv2 does to Qt's environment is undone there

from hands import Desktop, Screen, screen  # noqa: E402
from stand_in_rig import runtime_folder_of_its_own  # noqa: E402


@pytest.fixture(scope="module")
def xscreen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    with screen(tmp_path_factory.mktemp("x")) as made:
        yield made


@pytest.fixture
def desktop(xscreen: Screen, tmp_path: Path) -> Iterator[Desktop]:
    with runtime_folder_of_its_own():
        made = Desktop(xscreen, tmp_path)
        try:
            yield made
        finally:
            made.close()
