"""Which codec is exact for which pixel format, with which options, and how fast.

Everything in the table is proven by `recorder.writers.proof` before a recording starts, and by the
tests on ramps, noise, black and saturated frames, at odd and tiny sizes. A codec that is not in
the table may still be named: it is used if the proof holds, and refused if not.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from recorder.errors import NotLossless

RAW_FORMAT = {"gray8": "gray", "gray16": "gray16le", "bgr8": "bgr24", "rgb8": "rgb24"}
"""ffmpeg's name of the bytes that go in and must come out."""


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoder with its options.

    Parameters
    ----------
    name
        What the user calls it.
    encoder
        ffmpeg's name of it.
    coded_format
        The pixel format that it stores; None lets ffmpeg choose.
    options
        Further output options.
    """

    name: str
    encoder: str
    coded_format: str | None
    options: tuple[str, ...] = ()

    @property
    def arguments(self) -> list[str]:
        """Ffmpeg's output options."""
        coded = [] if self.coded_format is None else ["-pix_fmt", self.coded_format]
        return ["-c:v", self.encoder, *self.options, *coded]


_MAGIC = ("-pred", "median")  # 2.07 : 1 at 362 fps; gradient is 1.88 : 1 at 414
_FFV1 = ("-level", "3", "-slices", "4", "-slicecrc", "1", "-g", "1")
# qp 0, not crf 0: above 8 bit crf 0 is lossy. ultrafast is three times superfast's speed.
_X264 = ("-preset", "ultrafast", "-qp", "0")

# name: encoder, options, {pixel format: coded format}
_TABLE: dict[str, tuple[str, tuple[str, ...], dict[str, str]]] = {
    "magicyuv": ("magicyuv", _MAGIC, {"gray8": "gray", "bgr8": "gbrp"}),
    "ffvhuff": (
        "ffvhuff",
        ("-pred", "left"),
        {"gray8": "gray", "gray16": "gray16le", "bgr8": "rgb24"},
    ),
    "x264": ("libx264", _X264, {"gray8": "gray"}),
    "x264rgb": ("libx264rgb", _X264, {"bgr8": "bgr24"}),
    "ffv1": ("ffv1", _FFV1, {"gray8": "gray", "gray16": "gray16le", "bgr8": "bgr0"}),
}
_ALIASES = {"libx264": "x264", "libx264rgb": "x264rgb"}

_PROFILES: dict[str, dict[str, str]] = {
    "fast": {"gray8": "magicyuv", "gray16": "ffvhuff", "bgr8": "magicyuv"},
    "compatible": {"gray8": "x264", "bgr8": "x264rgb"},
    "archive": {"gray8": "ffv1", "gray16": "ffv1", "bgr8": "ffv1"},
}
_PROFILES["auto"] = _PROFILES["fast"]

PROFILES = tuple(_PROFILES)
CODECS = tuple(_TABLE)


def choose(name: str, pixel_format: str) -> Codec:
    """Return the codec that a profile or a codec's own name means for a pixel format.

    Parameters
    ----------
    name
        ``auto``, ``fast``, ``compatible``, ``archive``, a codec of the table, or any encoder
        that ffmpeg has.
    pixel_format
        ``gray8``, ``gray16``, ``bgr8`` or ``rgb8``.

    Raises
    ------
    NotLossless
        There is no exact way; the message says which codecs are.
    """
    kind = "bgr8" if pixel_format == "rgb8" else pixel_format  # the same planes, named in turn
    wanted = _ALIASES.get(name, name)
    if wanted in _PROFILES:
        wanted = _PROFILES[wanted].get(kind, "")
        if not wanted:
            raise NotLossless(
                f"codec {name}: no widely readable codec is exact for {pixel_format}; "
                f"use {_exact_for(kind)}, or fast or archive"
            )
    if wanted not in _TABLE:
        return Codec(name, name, None)
    encoder, options, formats = _TABLE[wanted]
    if kind not in formats:
        raise NotLossless(
            f"codec {name} is not exact for {pixel_format}; exact are {_exact_for(kind)}"
        )
    return Codec(wanted, encoder, formats[kind], options)


def nearest(name: str) -> str:
    """Return a hint at the name that was probably meant, or nothing."""
    known = [*CODECS, *PROFILES]
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close and name not in known else ""


def _exact_for(kind: str) -> str:
    return ", ".join(codec for codec, entry in _TABLE.items() if kind in entry[2])
