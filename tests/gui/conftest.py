"""Widgets are tested offscreen; what needs a real screen starts an Xvfb of its own."""

from __future__ import annotations

import os

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("PYTEST_QT_API", "pyqt5")

from recorder.cameras.cv2_setup import import_cv2  # noqa: E402

import_cv2()  # before Qt: what cv2 does to Qt's environment is undone there
