"""What is measured inside a window; see measured_window.py."""

from __future__ import annotations

import json
import time

from PyQt5.QtCore import QObject, Qt, QTimer

from ui.views import tile as tile_module

TICK_MS = 5


def say(**content: object) -> None:
    print(json.dumps(content), flush=True)


class Stopwatch(QObject):
    """Times one window.

    The event loop's stall is by how much a timer of 5 ms comes late.
    """

    def __init__(self, window, seconds: float) -> None:
        super().__init__(window)
        self.window = window
        self.seconds = seconds
        self.last_ns = 0
        self.late_ms: list[float] = []
        self.pictures = 0
        self.asked_ns = 0
        self.timer = QTimer(self)
        self.timer.setTimerType(Qt.PreciseTimer)
        self.timer.timeout.connect(self.tick)
        self.timer.start(TICK_MS)
        show, painted = tile_module.CameraTile.show_look, self.painted

        def show_look(tile, look, step):
            show(tile, look, step)
            painted()

        tile_module.CameraTile.show_look = show_look

    def painted(self) -> None:
        self.pictures += 1
        if self.pictures == 1:  # said after the paint event that is queued now
            QTimer.singleShot(0, lambda: say(first_picture_ns=time.monotonic_ns()))

    def tick(self) -> None:
        now = time.monotonic_ns()
        if self.last_ns and self.asked_ns:
            self.late_ms.append((now - self.last_ns) / 1e6 - TICK_MS)
        self.last_ns = now
        desk = self.window.desk
        if not self.seconds:
            if self.pictures > 5:
                self.window.close_unasked()
        elif not self.asked_ns and self.pictures > 30 and desk.blocked() is None:
            self.asked_ns = time.monotonic_ns()
            self.pictures = 0
            self.window.deeds.do_record()
        elif self.asked_ns and desk.last_files:
            self.finish(desk)

    def finish(self, desk) -> None:
        self.timer.stop()
        late = sorted(self.late_ms)
        camera = desk.snapshot.status.cameras[0]
        say(
            asked_ns=self.asked_ns,
            files=desk.last_files,
            grabbed=camera.totals.grabbed,
            dropped=camera.totals.dropped,
            seconds=camera.elapsed_s,
            pictures=self.pictures,
            stall_ms={
                str(share): late[min(len(late) - 1, int(share * len(late)))]
                for share in (0.5, 0.99, 0.999, 1.0)
            },
            cpu_s=time.process_time(),
        )
        desk.control.stop_rig()
        QTimer.singleShot(1500, self.window.close_unasked)
