"""What the acquisition thread asks of a camera.

`grab` and `retrieve` are two steps, as in OpenCV: the stamp is taken right after the grab,
so decoding never delays it, and when there is no room for the frame decoding is skipped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from recorder.controls import CameraControl
from recorder.errors import CameraError
from recorder.frame import FrameSpec, FrameStamp

if TYPE_CHECKING:
    from recorder.frame import Frame


class EndOfSource(Exception):
    """The file or image sequence has no more frames.

    Parameters
    ----------
    text
        What ended.
    fault
        What was wrong with it, if it ended early or a part of it could not be read; the frames
        that came are good.
    """

    def __init__(self, text: str = "", fault: str = "") -> None:
        super().__init__(text)
        self.fault = fault


class NotYet(Exception):
    """A file's next frame is not due yet: it keeps its pace, and is to be asked again at once."""


class BadFrame(CameraError):
    """One frame cannot be used (not decoded, empty, of another kind); the next may be fine."""


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """What a camera turned out to be: kept in the about file.

    Parameters
    ----------
    backend
        Who reads it: ``synthetic``, ``opencv V4L2``, ``ffmpeg``, …
    source
        What was opened, without any password.
    asked, obtained
        Settings by name, as wanted and as read back; a setting that cannot be read back is None.
    notes
        Plain sentences an experimenter should know: refused settings, lossy before us, converted.
    claimed_fps
        What the source says its rate is; only noted, never believed.
    controls
        What it accepts while it runs, as last read.
    changes
        Settings that were changed while it recorded, each with its time; filled in by the session.
    timestamps
        The column of the ledger that tells when a frame was taken: ``t_mono_ns``, or
        ``t_camera_ms`` for a video file, which is read faster or slower than it was recorded.
    frames
        How many a file or an image sequence says that it has; None: there is no end, or none known.
    """

    backend: str
    source: str
    asked: Mapping[str, Any] = field(default_factory=dict)
    obtained: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    claimed_fps: float | None = None
    controls: tuple[CameraControl, ...] = ()
    changes: tuple[Mapping[str, Any], ...] = ()
    timestamps: str = "t_mono_ns"
    frames: int | None = None


class Camera(Protocol):
    """Where frames come from. One thread uses it, from `open` to `close`.

    A camera never returns None, never retries and never sleeps longer than `timeout_s`:
    whether to try again is decided, and counted, in one place (`pipeline.acquire`).
    """

    info: CameraInfo
    """Filled by `open`."""
    can_wait: bool
    """True for files and the synthetic camera: nothing is lost while nobody grabs."""
    timeout_s: float
    """Longest time a healthy camera stays silent, s: 2 local, 5 network."""

    def open(self) -> FrameSpec:
        """Open the source and return what its frames are.

        ``fps`` is what the source says, a claim; None for a live source that says nothing.

        Raises
        ------
        CameraNotFound, CameraBusy, CameraRefused, CameraError
        """

    def begin(self, grab: int) -> None:
        """Be told, between two grabs, that the next grab is number `grab` of a recording."""

    def grab(self) -> FrameStamp:
        """Wait for the next frame and return its clocks; the frame stays in the camera.

        Raises
        ------
        NotYet
            A file keeps its pace, and its next frame is not due yet.
        CameraTimeout
            No frame came in time.
        CameraLost
            The camera is gone, or its frames have another size now.
        EndOfSource
            A file has no more frames.
        """

    def retrieve(self, out: Frame) -> str | None:
        """Put the grabbed frame into `out`, in place.

        Parameters
        ----------
        out
            C-contiguous array of the shape and dtype that `open` returned.

        Returns
        -------
        str or None
            What is odd about the frame, for the ledger: ``torn`` if a part of its picture was
            damaged on the way and is made up. None for a good one.

        Raises
        ------
        BadFrame
            This frame cannot be used; `out` may hold anything.
        CameraLost
            The frames have another size, dtype or channel count now.
        """

    def set(self, name: str, value: float) -> float | None:
        """Change a setting between two grabs; return the value that is read back, or None."""

    def close(self) -> None:
        """Let go of the camera. May be called twice, and after a failed `open`."""


Clock = Callable[[], int]


def stamp_now(
    t_camera_ms: float | None = None,
    mono: Clock = time.monotonic_ns,
    utc: Clock = time.time_ns,
) -> FrameStamp:
    """Return the clocks of this instant."""
    return FrameStamp(mono(), utc(), t_camera_ms)
