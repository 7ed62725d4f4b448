"""Cameras, files and streams through OpenCV, without what it loses on the way.

::

    index, /dev/… ── devices ─┐
    video, images ── files   ─┼─► Feed (capture + how to read it) ─► Transform ─► ring slot
    http, rtsp    ── network ─┘
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from recorder.cameras import devices, network, settings, videofile
from recorder.cameras.base import CameraInfo, EndOfSource, NotYet, stamp_now
from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.feed import Feed, SettingValue, Wanted, fetch, native_spec
from recorder.cameras.files import open_file
from recorder.cameras.pace import Pace
from recorder.cameras.transform import Crop, Transform
from recorder.cameras.v4l2 import device_path
from recorder.cameras.v4l2_controls import read_controls
from recorder.config.sources import CameraId, Source, is_live, show_source
from recorder.errors import CameraError, CameraTimeout, ConfigError
from recorder.frame import FrameSpec, FrameStamp
from recorder.system import LINUX

if TYPE_CHECKING:
    from recorder.config.models import CameraConfig
    from recorder.controls import CameraControl
    from recorder.frame import Frame

# The first frame of a camera that wakes up may take longer than any later one.
_FIRST_FRAME_TRIES = 3


class OpenCVCamera:
    """A camera at this computer, on the network, or in a file.

    Parameters
    ----------
    source
        A device index, /dev/…, a camera's name or serial number, a video file,
        ``frames_%04d.png``, ``http://…`` or ``rtsp://…``.
    size, fps, pixel_format
        None: what the camera gives. Size is (width, height) in pixels.
    crop, rotate, flip
        See `Transform`.
    settings
        By OpenCV's names, lower case, without ``CAP_PROP_``; also ``fourcc``, as text.
    strict
        Whether `open` fails when size, rate or a setting is not obtained.
    paced
        Whether a video file plays at its rate, rather than as fast as it can be read.
    """

    def __init__(
        self,
        source: Source,
        *,
        size: tuple[int, int] | None = None,
        fps: float | None = None,
        pixel_format: str | None = None,
        crop: Crop | None = None,
        rotate: int = 0,
        flip: str = "none",
        settings: Mapping[str, SettingValue] | None = None,
        strict: bool = False,
        paced: bool = False,
    ) -> None:
        self._source = source
        self._shown = show_source(source)
        self._wanted = Wanted(size, fps, pixel_format, dict(settings or {}))
        self._geometry = (crop, rotate, flip)
        self._strict = strict
        self._pace = Pace() if paced else None
        is_url = isinstance(source, str) and "://" in source
        self._is_device = is_live(source) and not is_url
        self._feed: Feed | None = None
        self._transform: Transform | None = None
        self._scratch: Frame | None = None
        self.info = CameraInfo("opencv", self._shown)
        self.can_wait = not is_live(source)
        self.timeout_s = network.TIMEOUT_S if is_url else devices.TIMEOUT_S
        if self.can_wait:
            self.timeout_s = videofile.TIMEOUT_S

    @classmethod
    def from_config(cls, config: CameraConfig) -> OpenCVCamera:
        """Return the camera that a config describes, not yet open."""
        return cls(
            config.source,
            size=config.size,
            # As fast as it goes is what a source that can wait does anyway.
            fps=None if config.fps == "max" else config.fps,
            pixel_format=config.pixel_format,
            crop=config.crop,
            rotate=config.rotate,
            flip=config.flip,
            settings=config.settings,
            strict=config.strict,
            paced=config.fps != "max",
        )

    def open(self) -> FrameSpec:
        """Open the source, set it up and look at its first frame; see `Camera.open`.

        Of a live source that frame is thrown away, of a file it is the first one grabbed.

        Raises
        ------
        CameraNotFound, CameraBusy, CameraRefused, CameraTimeout, CameraError, ConfigError
        """
        self.close()
        settings.check_settings(self._wanted.settings)
        feed = self._feed = self._open_feed()
        try:
            return self._agree(feed)
        except BaseException:
            self.close()
            raise

    def begin(self, grab: int) -> None:
        """Let a file's schedule begin with the next frame."""
        if self._pace is not None:
            self._pace.restart()

    def grab(self) -> FrameStamp:
        """Wait for the next frame; see `Camera.grab`.

        The camera's own time is V4L2's buffer time, or the time in a file or RTSP stream. It is
        passed on as it comes, repeated or backwards too; what cannot be a time is None.
        """
        feed = self._opened()
        if feed.held:
            feed.held = False
        else:
            self._grab(feed)
        if not feed.is_recorded:
            stamp = stamp_now()
            return stamp._replace(t_camera_ms=self._camera_ms(feed)) if feed.has_clock else stamp
        t_camera_ms = self._camera_ms(feed)
        if self._pace is not None and not self._pace.wait(t_camera_ms):
            feed.held = True
            raise NotYet
        return stamp_now(t_camera_ms)

    def retrieve(self, out: Frame) -> str | None:
        """Put the grabbed frame into `out`; see `Camera.retrieve`."""
        feed = self._opened()
        if self._scratch is None:
            fetch(feed.capture, out, self._shown)
        else:
            frame = fetch(feed.capture, self._scratch, self._shown)
            assert self._transform is not None
            self._transform.apply(feed.reading.picture(frame), out)
        return "torn" if feed.is_torn() else None

    def set(self, name: str, value: float) -> float | None:
        """Change a setting between two grabs; see `Camera.set`.

        Raises
        ------
        ConfigError
            When OpenCV has no setting of that name, or it would change the frames' kind.
        """
        if name == "fourcc":
            raise ConfigError("settings.fourcc: cannot change while the camera runs")
        feed = self._opened()
        now, deviation = settings.apply_one(feed.capture, name, value)
        settings.note_result(feed, name, value, now, deviation)
        self._tell(feed)
        if any(each.name == name and each.kind != "number" for each in self.info.controls):
            controls = self._read_controls(feed)  # an automatic one locks or frees others
        else:  # to ask a USB camera for all of them takes longer than a frame
            controls = settings.after_change(self.info.controls, name, now)
        self.info = replace(self.info, controls=controls)
        return now

    def close(self) -> None:
        """Let go of the source. May be called twice, and after a failed `open`."""
        feed, self._feed = self._feed, None
        if feed is not None:
            feed.capture.release()

    def _open_feed(self) -> Feed:
        """Open the source by its kind."""
        source = self._source
        if isinstance(source, CameraId):
            from recorder.cameras.listing import find_camera

            source = find_camera(source.name, source.serial)
        if isinstance(source, int) or self._is_device:
            return devices.open_device(source, self._wanted)
        if "://" in source:
            return network.open_stream(source, self._wanted)
        return open_file(source, self._wanted)

    def _agree(self, feed: Feed) -> FrameSpec:
        """Look at the first frame, and settle what every frame will be."""
        wanted = self._wanted
        frame = self._first_frame(feed)
        native = native_spec(frame, feed.reading, feed.fps, self._shown)
        feed.obtained["pixel_format"] = native.pixel_format
        if wanted.pixel_format is not None:
            feed.asked["pixel_format"] = wanted.pixel_format
        settings.compare_size(feed, wanted.size, (native.width, native.height))
        settable = self._is_device or self.can_wait
        settings.compare_fps(feed, wanted.fps, live=not self.can_wait, settable=settable)
        if self._strict:
            settings.insist(feed, self._shown)
        transform = Transform(native, wanted.pixel_format, *self._geometry)
        direct = transform.identity and feed.reading.luma is None
        self._scratch = None if direct else np.empty_like(frame)
        self._transform = transform
        self._tell(feed)
        self.info = replace(self.info, controls=self._read_controls(feed))
        # Of a file the config's rate wins: what it claims, and even its times, may be wrong.
        fps = wanted.fps if feed.is_recorded and wanted.fps else transform.spec.fps
        if self._pace is not None:
            self._pace.agree(fps)
        return transform.spec.with_fps(fps)

    def _first_frame(self, feed: Feed) -> Frame:
        """Return the first frame, waiting a little longer than for later ones."""
        for tries_left in reversed(range(_FIRST_FRAME_TRIES if self._is_device else 1)):
            try:
                if not feed.held:
                    self._grab(feed)
                return fetch(feed.capture, None, self._shown)
            except CameraTimeout:
                if not tries_left:
                    raise
        raise CameraError(f"{self._shown}: no first frame")

    def _grab(self, feed: Feed) -> None:
        """Grab, or raise the reason why not."""
        began = time.monotonic()
        try:
            if feed.capture.grab():
                return
        except import_cv2().error as error:
            raise CameraError(f"{self._shown}: OpenCV failed: {error.err}") from None
        reason = feed.silence(feed, time.monotonic() - began)
        if isinstance(reason, EndOfSource):
            self._tell(feed)  # it may have come too early
        raise reason

    def _camera_ms(self, feed: Feed) -> float | None:
        """Return the source's own time in ms, or None for what cannot be one."""
        value = float(feed.capture.get(import_cv2().CAP_PROP_POS_MSEC))
        # Zero is a file's first frame, but a camera's word for "no clock".
        usable = math.isfinite(value) and (value > 0 or (value == 0 and self.can_wait))
        return value if usable else None

    def _read_controls(self, feed: Feed) -> tuple[CameraControl, ...]:
        """Ask a device what it accepts; files and streams accept nothing."""
        if not self._is_device:
            return ()
        if LINUX and isinstance(self._source, int | str):
            return read_controls(device_path(self._source))
        return settings.readable_controls(feed.capture)

    def _tell(self, feed: Feed) -> None:
        """Bring `info` up to date."""
        changes = () if self._transform is None else self._transform.notes
        self.info = replace(
            self.info,
            backend=feed.backend,
            asked=dict(feed.asked),
            obtained=dict(feed.obtained),
            claimed_fps=feed.fps,
            timestamps="t_camera_ms" if feed.is_recorded else "t_mono_ns",
            frames=feed.frames,
            notes=(*feed.reading.notes, *feed.deviations, *feed.notes, *changes),
        )

    def _opened(self) -> Feed:
        """Return the feed of an open camera."""
        if self._feed is None:
            raise CameraError(f"{self._shown}: not open")
        return self._feed
