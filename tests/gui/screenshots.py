"""Takes the pictures of the README from the running program: python tests/gui/screenshots.py

A virtual X server, the real command with two synthetic cameras, a recording under way; dark and
light. They are written to ui/assets.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).parents[2]
sys.path.insert(0, str(PROJECT / "tests"))

from xserver import screen_environment, x_server  # noqa: E402

ASSETS = PROJECT / "ui" / "assets"
SIZE = "1280x800"
PATIENCE_S = 30.0
RECORDED_S = 12.0

CONFIG = """
cameras:
  top: {{source: synthetic, size: [1280, 720], fps: 60, pixel_format: gray8}}
  side: {{source: synthetic, size: [800, 600], fps: 30, pixel_format: bgr8, options: {{seed: 3}}}}
recording: {{folder: "{folder}", duration: 10min, keep_free: 1GiB}}
metadata: {{subject: M12, session: 4}}
"""

# The program takes the picture of itself: what is on the screen, without a frame around it.
PROGRAM = """
import sys
from PyQt5.QtCore import QTimer
from ui import app
from ui.views import window as module

picture, recorded_s = sys.argv[2], float(sys.argv[3])
make = module.MainWindow

def watched(*arguments):
    window = make(*arguments)
    timer = QTimer(window)
    asked = []

    def look():
        desk = window.desk
        if not asked and desk.blocked() is None:
            asked.append(True)
            window.deeds.do_record()
            QTimer.singleShot(int(recorded_s * 1000), take)

    def take():
        window.grab().save(picture)
        window.desk.control.stop_rig()
        QTimer.singleShot(2000, window.close_unasked)

    timer.timeout.connect(look)
    timer.start(100)
    return window

module.MainWindow = watched
sys.exit(app.main("gui", sys.argv[1]))
"""


def take(theme: str, folder: Path) -> Path:
    """Take one picture; return it."""
    settings = {name: folder / name for name in ("RECORDER_RUNTIME_DIR", "RECORDER_CONFIG_DIR")}
    for each in settings.values():
        each.mkdir(mode=0o700)
    preferences = {"theme": theme, "verify_after_stop": False}
    (settings["RECORDER_CONFIG_DIR"] / "window.json").write_text(json.dumps(preferences))
    config = folder / "reaching.yaml"
    config.write_text(CONFIG.format(folder=folder / "recordings"))
    picture = ASSETS / f"window-{theme}.png"
    with x_server(folder / "x.log", SIZE) as display:
        environment = screen_environment(display, **{k: str(v) for k, v in settings.items()})
        command = [sys.executable, "-c", PROGRAM, str(config), str(picture), str(RECORDED_S)]
        subprocess.run(
            command, check=True, env=environment, cwd=PROJECT, timeout=PATIENCE_S + RECORDED_S
        )
    return picture


def main() -> None:
    """Take all of them."""
    for theme in ("dark", "light"):
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            picture = take(theme, Path(folder))
            print(f"{picture.relative_to(PROJECT)}: {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
