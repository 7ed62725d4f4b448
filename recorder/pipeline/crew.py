"""What works on an open camera: its ring, and the bodies of the threads on both sides of it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from recorder.config import SYNTHETIC, is_live
from recorder.errors import RecorderError
from recorder.pipeline.acquire import Acquisition
from recorder.pipeline.adjust import Adjusting
from recorder.pipeline.arming import nominal_fps
from recorder.pipeline.finishing import ClosedFile
from recorder.pipeline.ring import WARM_SLOTS, Ring
from recorder.pipeline.syncing import Syncer
from recorder.pipeline.watch import PictureWatch
from recorder.pipeline.write import Writing

if TYPE_CHECKING:
    from recorder.cameras.base import Camera
    from recorder.config import CameraConfig
    from recorder.frame import FrameSpec
    from recorder.pipeline.files import FileMaker
    from recorder.pipeline.guards import Finish
    from recorder.pipeline.memory import Block
    from recorder.pipeline.take import Take
    from recorder.writers.base import Writer

log = logging.getLogger(__name__)


def _watch(config: CameraConfig) -> PictureWatch:
    is_synthetic = config.source == SYNTHETIC
    is_camera = is_synthetic or is_live(config.source)
    return PictureWatch(frozen=is_camera, paced=config.is_paced)


class Crew:
    """Ring, acquisition and writer of one open camera.

    Parameters
    ----------
    camera, spec
        Open, and what its frames are.
    block
        Memory for the ring.
    config
        The camera's.
    files
        Makes the writers.
    takes
        The recordings by number; grows while the crew works.
    on_take_over
        Called on the acquisition thread when a take reaches its duration.
    finish
        Called with what ends the session.
    on_closed
        Called with each file that is finished.

    Raises
    ------
    ConfigError
        The memory holds fewer than four frames.
    """

    def __init__(
        self,
        camera: Camera,
        spec: FrameSpec,
        block: Block,
        config: CameraConfig,
        files: FileMaker,
        takes: Mapping[int, Take],
        on_take_over: Callable[[], None],
        finish: Finish,
        on_closed: Callable[[ClosedFile], None] | None = None,
    ) -> None:
        policy = config.when_full
        most = WARM_SLOTS if policy == "wait" else None  # few slots stay in the cache
        self._camera = camera
        self._files = files
        self._takes = takes
        self._finish = finish
        self.spec = spec
        self.ring = Ring(block, spec, policy, most)
        self.acquisition = Acquisition(camera, self.ring, on_take_over, _watch(config))
        self.adjusting = Adjusting(camera, spec, self.acquisition.order)
        self.writing = Writing(
            self.ring,
            takes,
            self._open_writer,
            lambda: self.acquisition.take_number,
            finish,
            on_closed,
        )
        self.syncer = Syncer(self.writing)

    @property
    def waiting_bytes(self) -> int:
        """Size of the frames that wait in the ring."""
        return int(self.ring.fill * self.ring.slots * self.spec.nbytes)

    @property
    def frames_in_source(self) -> int | None:
        """Frames that a file still has, as far as it says; None: there is no end, or none known."""
        frames = self._camera.info.frames
        if frames is None or frames < self.acquisition.grabs:  # it has more than it said
            return None
        return frames - self.acquisition.grabs

    def _open_writer(self, number: int, part: int) -> Writer:
        take = self._takes[number]
        # Of a source that can wait the rate says how fast we are, not how fast it was.
        measured = None if self._camera.can_wait else take.fps or self.acquisition.gauge.fps
        spec = self.spec.with_fps(nominal_fps(measured, self.spec.fps))
        return self._files.open(take, part, spec, self.adjusting.info)

    def run_writer(self) -> None:
        """Write until the ring is drained; the body of the writer thread."""
        try:
            self.writing.run()
        except Exception as error:
            log.exception("the writer failed in an unforeseen way")
            self._finish("writer_failed", RecorderError(f"{type(error).__name__}: {error}"))
            self._drain()
            self._rescue()

    def _rescue(self) -> None:
        """Finish the open file, if that can still be done."""
        try:
            self.writing.give_up()
        except Exception:  # what failed may be the writer itself: then only its encoder is ended
            log.exception("the file could not be finished")
            self.kill_encoder()

    def _drain(self) -> None:
        # The camera must not wait for a slot that nobody gives back.
        while not self.ring.drained:
            entry = self.ring.take(0.1)
            if entry is not None and entry.slot is not None:
                self.ring.give_back(entry.slot)

    def kill_encoder(self) -> None:
        """End an encoder that takes nothing any more."""
        kill = getattr(self.writing.writer, "kill", None)
        if kill is not None:
            log.warning("the encoder took nothing for long; it is ended")
            kill()
