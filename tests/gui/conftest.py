"""Widgets are tested offscreen; what needs a real screen starts an Xvfb of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTEST_QT_API", "pyqt5")

from recorder.cameras.cv2_setup import import_cv2

sys.path.append(str(Path(__file__).parents[1] / "unit"))  # the stage for a desk is shared
import_cv2()  # before Qt: what cv2 does to Qt's environment is undone there
