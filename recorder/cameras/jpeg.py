"""A stream of JPEG pictures, decoded one by one instead of by OpenCV's FFmpeg.

That one rescales a picture of another size to the first one's without a word (OpenCV 5.0.0,
still so in issue 27116), may crash when only the chroma format changes (issue 29699), and decodes
in `grab`, before the stamp. Taken as packets, none of this happens, at the same speed.
"""

from __future__ import annotations

from typing import Any

from recorder.cameras.cv2_setup import import_cv2
from recorder.cameras.feed import Capture
from recorder.cameras.formats import Reading
from recorder.cameras.libjpeg import JpegDecoder
from recorder.errors import CameraRefused

_UNDECODED = -1  # CAP_PROP_FORMAT: packets as they come


class JpegStream:
    """A ``cv2.VideoCapture`` on a JPEG stream, whose `retrieve` decodes.

    Parameters
    ----------
    capture
        Just opened, by FFmpeg.
    gray
        Whether only the gray plane is wanted.
    """

    def __init__(self, capture: Capture, gray: bool) -> None:
        cv2 = import_cv2()
        capture.set(cv2.CAP_PROP_FORMAT, _UNDECODED)
        self._capture = capture
        kind = cv2.IMREAD_GRAYSCALE if gray else cv2.IMREAD_COLOR
        self._decoder = JpegDecoder(kind | cv2.IMREAD_IGNORE_ORIENTATION)
        self.grab = capture.grab
        self.get = capture.get
        self.set = capture.set

    def retrieve(self, image: Any = None) -> tuple[bool, Any]:
        """Decode the packet; cv2.imdecode has no place for a target, so the caller copies."""
        ok, packet = self._capture.retrieve()
        if not ok or packet is None or packet.size == 0:
            return False, None
        frame = self._decoder.decode(packet)
        return frame is not None, frame

    @property
    def is_torn(self) -> bool:
        """Whether the picture that was decoded last lost a part on its way."""
        return self._decoder.is_torn

    def release(self) -> None:
        """Let go of the stream."""
        self._capture.release()
        self._decoder.close()


def jpeg_reading(pixel_format: str | None, source: str) -> Reading:
    """Return how a JPEG stream is read.

    Raises
    ------
    CameraRefused
        For gray16: JPEG has 8 bits.
    """
    if pixel_format == "gray16":
        raise CameraRefused(f"{source}: JPEG has 8 bits per sample; pixel_format gray16 needs 16")
    if pixel_format == "gray8":
        return Reading("gray8", notes=("Gray is the stream's own Y, before any colour.",))
    return Reading("bgr8", convert=True)
