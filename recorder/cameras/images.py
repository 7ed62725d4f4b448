"""An image sequence, read file by file with the manners of ``cv2.VideoCapture``.

OpenCV's own reader stops without a word at the first missing or damaged file, takes a % in a
folder's name for a number, and its FFmpeg cuts 16 bits down to 8.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from recorder.cameras.feed import frame_kind
from recorder.cameras.pictures import Pictures, open_pictures
from recorder.cameras.tiff_directory import DamagedTiff
from recorder.errors import CameraError, CameraLost, CameraRefused

_MOST_NOTES = 10  # of thousands of files that are cut short; each has its row in the ledger


class ImageFiles:
    """Frames out of image files, as they are stored: gray or colour, 8 or 16 bit.

    A file may hold many pictures, a TIFF stack or an animation: each becomes a frame.

    Parameters
    ----------
    files
        In the order in which they become frames.
    drop_alpha
        Whether the user agreed to lose transparency.

    Attributes
    ----------
    notes
        What an experimenter should know about the files that were read so far.
    """

    def __init__(self, files: tuple[Path, ...], drop_alpha: bool) -> None:
        self._files = files
        self._drop_alpha = drop_alpha
        self._next = 0
        self._pictures: Pictures | None = None
        self._number = 0
        self.notes: list[str] = []
        self.fault = ""
        """Why the file that was grabbed last has no picture, or no more of them."""

    def grab(self) -> bool:
        """Go on to the next picture; False when there is none.

        Raises
        ------
        CameraRefused
            The next file holds pages that no recording can hold together.
        """
        self._number += 1
        self.fault = ""
        try:
            if self._pictures is None or not self._pictures.has(self._number):
                if self._next >= len(self._files):
                    return False
                self._begin()
        except DamagedTiff as error:
            self._break_off(str(error))
        except OSError as error:
            self._break_off(f"{self._files[self._next - 1].name}: {error.strerror or error}")
        self._note(self._pictures.notes if self._pictures is not None else (self.fault,))
        return True

    def _begin(self) -> None:
        """Go on to the next file."""
        self._number = 0
        self._next += 1
        self._pictures = None  # let go of before the next one is read
        self._pictures = open_pictures(self._files[self._next - 1])

    def _break_off(self, fault: str) -> None:
        """Count a bad frame, by `retrieve`, and go on with the next file then."""
        self._pictures = None
        self.fault = fault

    def _note(self, notes: tuple[str, ...]) -> None:
        new = [note for note in notes if note not in self.notes]
        self.notes += new[: _MOST_NOTES - len(self.notes)]

    def retrieve(self, image: Any = None) -> tuple[bool, Any]:
        """Decode it; cv2.imdecode has no place for a target, so the caller copies.

        Raises
        ------
        CameraLost
            It is of another size or depth than the target.
        """
        try:
            frame = None if self._pictures is None else self._pictures.decode(self._number)
        except OSError:
            frame = None
        if frame is not None and self._drop_alpha and frame.ndim == 3 and frame.shape[2] == 4:
            frame = frame[..., :3]
        if frame is not None and image is not None:
            self._require_same(frame, image)
        return frame is not None, frame

    def _require_same(self, frame: Any, image: Any) -> None:
        if (frame.shape, frame.dtype) != (image.shape, image.dtype):
            raise CameraLost(
                f"{self._where()} is {frame_kind(frame)}, the pictures before are "
                f"{frame_kind(image)}; a recording has one size and depth: record it separately"
            )

    @property
    def announced(self) -> int:
        """How many pictures there are, if all files have as many as the one that is open."""
        return len(self._files) * max(1, len(self._pictures or ()))

    def _where(self) -> str:
        """Name the picture that was grabbed last."""
        name = self._files[self._next - 1].name
        is_one_of_many = self._pictures is not None and self._pictures.has(1)
        return f"page {self._number + 1} of {name}" if is_one_of_many else name

    def get(self, prop: int) -> float:
        """Return -1, OpenCV's word for unknown: files have no properties."""
        return -1.0

    def set(self, prop: int, value: float) -> bool:
        """Return False: files have no settings."""
        return False

    def release(self) -> None:
        """Forget the file."""
        self._pictures = None


def image_pixel_format(frame: Any, source: str) -> str:
    """Return the pixel format of a decoded image.

    Raises
    ------
    CameraRefused
        For transparency, 16-bit colour and floating point, with the remedy.
    """
    shape, dtype = frame.shape, str(frame.dtype)
    if frame.ndim == 3 and shape[2] == 4:
        raise CameraRefused(
            f"{source}: has transparency, which a recording does not keep; "
            "pixel_format: bgr8 or gray8 drops it"
        )
    known = {("uint8", 2): "gray8", ("uint16", 2): "gray16", ("uint8", 3): "bgr8"}
    found = known.get((dtype, frame.ndim))
    if found is None:
        channels = shape[2] if frame.ndim == 3 else 1
        raise CameraRefused(
            f"{source}: images of {channels} x {dtype}; exact are gray of 8 or 16 bit and "
            "colour of 8 bit: save them as one of these first"
        )
    return found


def first_image(capture: ImageFiles, source: str) -> Any:
    """Return the first image of a sequence.

    Raises
    ------
    CameraError
        When it cannot be decoded.
    """
    ok, frame = capture.retrieve() if capture.grab() else (False, None)
    if not ok:
        why = capture.fault or "the first image is empty, cut short or not an image"
        raise CameraError(f"{source}: {why}")
    return frame
