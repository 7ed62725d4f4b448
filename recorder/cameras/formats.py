"""Which bytes a source holds, and how they reach us unchanged.

OpenCV turns everything into 8-bit BGR unless told otherwise, 16-bit samples too. A format is
read raw where that gives the source's own numbers, converted with a note where 8 bits suffice,
and refused otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from recorder.errors import CameraRefused
from recorder.ffmpeg.stored import Stored

if TYPE_CHECKING:
    from recorder.frame import Frame, PixelFormat

# V4L2's name: bits per sample. In memory each takes 16, the value in the low ones.
DEEP_FOURCC = {"Y16 ": 16, "Y12 ": 12, "Y10 ": 10}
_LUMA = {"YUYV": 0, "YUY2": 0, "UYVY": 1}
_AS_THEY_ARE = ("BGR3", "RGB3")
_COMPRESSED = ("MJPG", "JPEG", "H264", "HEVC", "MPEG")

READABLE = frozenset(
    {"GREY", "Y16", "Y12", "Y10", "YUYV", "UYVY", "NV12", "NV21", "YU12", "YV12"}
    | {"BGR3", "RGB3", "BA81", "GBRG", "GRBG", "MJPG", "JPEG"}
)
"""V4L2 formats, without trailing spaces, that OpenCV gives raw or converts."""

# FFmpeg's tags of pixel formats (libavcodec/raw.c), as CAP_PROP_CODEC_PIXEL_FORMAT gives them.
_GRAY8 = (b"Y800",)
_GRAY16 = (b"Y1\x00\x10",)
_COLOUR = (b"BGR\x00", b"RGB\x00", b"BGR\x18", b"RGB\x18", b"G3\x00\x08", b"PAL\x08")
_YUV8 = (
    *(b"I420", b"YUV9", b"Y41B", b"Y42B", b"P422", b"444P", b"IYUV", b"YV12", b"YV16"),
    *(b"YUY2", b"Y422", b"UYVY", b"NV12", b"NV21", b"NV16", b"NV24", b"YVYU"),
)
_ALPHA = (
    *(b"BGRA", b"RGBA", b"ABGR", b"ARGB", b"Y2\x00\x08", b"G4\x00\x08"),
    *(b"Y4\x0b\x08", b"Y4\x0a\x08", b"Y4\x00\x08"),
)


@dataclass(frozen=True, slots=True)
class Reading:
    """How frames are taken out of OpenCV.

    Parameters
    ----------
    pixel_format
        What they are then.
    convert
        What CAP_PROP_CONVERT_RGB must be.
    luma
        Which byte of each pair is the gray value, in raw YUV 4:2:2; None otherwise.
    notes
        What an experimenter should know about it.
    """

    pixel_format: PixelFormat
    convert: bool = False
    luma: int | None = None
    notes: tuple[str, ...] = ()

    def picture(self, frame: Frame) -> Frame:
        """Return the part of what OpenCV gave that is the picture, as a view."""
        if self.luma is None:
            return frame
        return frame[..., self.luma] if frame.ndim == 3 and frame.shape[2] == 2 else frame[:0]


def device_reading(fourcc: str, pixel_format: str | None, source: str) -> Reading:
    """Return how a camera that delivers `fourcc` is read.

    Parameters
    ----------
    fourcc
        The camera's present format, four characters.
    pixel_format
        What is asked for; None: what the camera gives.
    source
        For messages.

    Raises
    ------
    CameraRefused
        When it would lose bits or has none of what is asked for.
    """
    if fourcc in DEEP_FOURCC:
        return _deep_device(fourcc, pixel_format, source)
    if pixel_format == "gray16":
        raise CameraRefused(
            f"{source}: pixel_format gray16 needs Y16, Y12 or Y10, but the camera gives {fourcc}; "
            "`recorder cameras` lists its formats"
        )
    if fourcc == "GREY" and pixel_format in ("gray8", None):
        return Reading("gray8")
    if fourcc in _LUMA and pixel_format == "gray8":
        note = f"Gray is the camera's own Y of {fourcc}, unchanged; often 16 to 235, not 0 to 255."
        return Reading("gray8", luma=_LUMA[fourcc], notes=(note,))
    return Reading("bgr8", convert=True, notes=_device_notes(fourcc))


def _deep_device(fourcc: str, pixel_format: str | None, source: str) -> Reading:
    """Read more than 8 bits raw, or not at all."""
    bits, name = DEEP_FOURCC[fourcc], fourcc.strip()
    if pixel_format not in ("gray16", None):
        raise CameraRefused(
            f"{source}: the camera gives {name}, {bits} bits, which do not fit {pixel_format}; "
            "use pixel_format: gray16, or another fourcc under settings"
        )
    note = f"The camera's {bits}-bit samples stand in the low bits of 16, unchanged."
    return Reading("gray16", notes=(note,) if bits < 16 else ())


def _device_notes(fourcc: str) -> tuple[str, ...]:
    """Say what happened to the camera's bytes before they were bgr8."""
    if fourcc in _AS_THEY_ARE:
        return ()
    if fourcc in _COMPRESSED:
        return (f"The camera compresses to {fourcc}: its pictures are lossy before we see them.",)
    if fourcc == "GREY":
        return ("The camera gives gray; every colour channel holds the same value.",)
    return (f"Colours are computed from {fourcc} by OpenCV; the camera's own bytes are not kept.",)


def stream_reading(tag: bytes, pixel_format: str | None, source: str) -> Reading:
    """Return how a network stream is read.

    Parameters
    ----------
    tag
        CAP_PROP_CODEC_PIXEL_FORMAT as four bytes.
    pixel_format
        What is asked for; None: what the source gives.
    source
        For messages, without password.

    Raises
    ------
    CameraRefused
        When it is deeper than 8 bit and not gray16, has alpha, or is of an unknown kind.
    """
    if tag in _GRAY16:
        if pixel_format in ("gray16", None):
            return Reading("gray16")
        raise CameraRefused(
            f"{source}: 16-bit gray does not fit {pixel_format}; use pixel_format: gray16"
        )
    _refuse_unreadable(tag, pixel_format, source)
    if pixel_format == "gray16":
        raise CameraRefused(f"{source}: has 8 bits per sample; pixel_format gray16 needs 16")
    if tag in _GRAY8:
        # With conversion to bgr8, if that is asked for, every channel is the gray value.
        return Reading("gray8") if pixel_format != "bgr8" else Reading("bgr8", True)
    notes: tuple[str, ...] = ()
    if tag in _ALPHA:
        notes = (f"The source has transparency, which {pixel_format} does not keep.",)
    elif tag not in _COLOUR:
        notes = (f"Colours are computed by OpenCV from {_tag_name(tag)}, not kept as stored.",)
    return Reading("bgr8", convert=True, notes=notes)


def file_reading(stored: Stored, pixel_format: str | None, source: str) -> Reading:
    """Return how a video file is read.

    Parameters
    ----------
    stored
        What its samples are.
    pixel_format
        What is asked for; None: what the file has.
    source
        For messages.

    Raises
    ------
    CameraRefused
        When samples would be lost that the user did not agree to lose; says how to keep them.
    """
    kind = "bgr8" if stored.has_alpha else stored.pixel_format
    if kind is None or (stored.has_alpha and pixel_format is None):
        raise _refusal(stored, source)
    if kind == "gray16":
        if pixel_format not in ("gray16", None):
            raise CameraRefused(
                f"{source}: {stored.bits}-bit gray does not fit {pixel_format}; "
                "use pixel_format: gray16"
            )
        note = f"The file's {stored.bits}-bit samples stand in the low bits of 16, unchanged."
        return Reading("gray16", notes=(note,) if stored.bits < 16 else ())
    if pixel_format == "gray16":
        raise CameraRefused(f"{source}: has 8 bits per sample; pixel_format gray16 needs 16")
    notes: tuple[str, ...] = ()
    if stored.has_alpha:
        notes = (f"The source has transparency, which {pixel_format} does not keep.",)
    if kind == "bgr8" and not stored.is_rgb:
        notes += (f"Colours are computed by ffmpeg from {stored}, not kept as stored.",)
    return Reading(kind, notes=notes)


def _refusal(stored: Stored, source: str) -> CameraRefused:
    remedy = f": {found}" if (found := stored.remedy()) else ""
    if stored.has_alpha:
        return CameraRefused(
            f"{source}: has transparency, which a recording does not keep; pixel_format: bgr8 or "
            f"gray8 drops it; to keep all{remedy}"
        )
    return CameraRefused(
        f"{source}: pixels are {stored}, which no frame here holds exactly, and nothing is cut "
        f"down in silence; what is read is gray of 8 to 16 bit and colour of 8 bit{remedy}"
    )


def _refuse_unreadable(tag: bytes, pixel_format: str | None, source: str) -> None:
    """Refuse what OpenCV would cut down to 8 bits, and alpha that nobody agreed to drop."""
    if tag in _ALPHA and pixel_format is None:
        raise CameraRefused(
            f"{source}: has transparency, which a recording does not keep; "
            "pixel_format: bgr8 or gray8 drops it"
        )
    if tag not in (*_GRAY8, *_COLOUR, *_YUV8, *_ALPHA):
        raise CameraRefused(
            f"{source}: pixels are {_tag_name(tag)}, which OpenCV cannot give exactly from a "
            "stream; ffmpeg -i URL -c copy OUT.mkv keeps them, and gray is read exactly from a file"
        )


def _tag_name(tag: bytes) -> str:
    """Return a tag in words, with the bits per sample where it tells them."""
    order = tag if tag[:1] in b"YG" else tag[::-1]
    if order[:1] in (b"Y", b"G") and order[1:2].isdigit() and 8 < order[3] <= 32:
        kind = {b"Y1": "gray", b"Y2": "gray with alpha", b"Y3": "YUV", b"Y4": "YUV with alpha"}
        endian = "" if order is tag else ", big-endian"
        return f"{order[3]}-bit {kind.get(order[:2], 'RGB')}{endian}"
    text = tag.decode("latin-1")
    known = text.isascii() and text.isprintable() and text.strip()
    return text.strip() if known else "of an unknown kind"
