"""Which codec is exact for which pixel format, with which options, and how fast.

Everything in the table is proven by `recorder.writers.proof` before a recording starts, and by the
tests on ramps, noise, black and saturated frames, at odd and tiny sizes. A codec that is not in
the table may still be named: it is used if the proof holds, and refused if not.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass

from recorder.errors import NotLossless


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


_FFV1 = ("-level", "3", "-slices", "4", "-slicecrc", "1", "-g", "1")
# qp 0, not crf 0: above 8 bit crf 0 is lossy. ultrafast is three times superfast's speed.
_X264 = ("-preset", "ultrafast", "-qp", "0")
_LEFT = ("-pred", "left")
# Gray: 2.07 : 1 at 362 fps, where gradient has 1.88 at 414. Colour planes that are decorrelated
# already come out smaller, and sooner, with left.
_MEDIAN = ("-pred", "median")

# name: encoder, {pixel format: (coded format, options)}
_TABLE: dict[str, tuple[str, dict[str, tuple[str, tuple[str, ...]]]]] = {
    "magicyuv": ("magicyuv", {"gray8": ("gray", _MEDIAN), "bgr8": ("gbrp", _LEFT)}),
    "ffvhuff": (
        "ffvhuff",
        {"gray8": ("gray", _LEFT), "gray16": ("gray16le", _LEFT), "bgr8": ("rgb24", _LEFT)},
    ),
    "x264": ("libx264", {"gray8": ("gray", _X264)}),
    "x264rgb": ("libx264rgb", {"bgr8": ("bgr24", _X264)}),
    "ffv1": (
        "ffv1",
        {"gray8": ("gray", _FFV1), "gray16": ("gray16le", _FFV1), "bgr8": ("bgr0", _FFV1)},
    ),
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
    encoder, formats = _TABLE[wanted]
    if kind not in formats:
        raise NotLossless(
            f"codec {name} is not exact for {pixel_format}; exact are {_exact_for(kind)}"
        )
    coded_format, options = formats[kind]
    return Codec(wanted, encoder, coded_format, options)


def nearest(name: str) -> str:
    """Return a hint at the name that was probably meant, or nothing."""
    known = [*CODECS, *PROFILES]
    close = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {close[0]}?" if close and name not in known else ""


def _exact_for(kind: str) -> str:
    return ", ".join(codec for codec, entry in _TABLE.items() if kind in entry[1])
