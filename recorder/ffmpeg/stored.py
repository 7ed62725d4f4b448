"""What the samples of a video are, told from ffmpeg's name of its pixel format.

Gray of 8 to 16 bit and 8-bit RGB are read as they are stored. 8-bit YUV is computed to RGB, as
every player does. All else would lose samples in silence, so it is refused with a command that
keeps them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from recorder.frame import PixelFormat

_RGB8 = frozenset(("bgr24", "rgb24", "bgr0", "rgb0", "0bgr", "0rgb", "gbrp", "pal8"))
_YUV8 = frozenset(
    f"yuv{j}{kind}p" for kind in ("420", "422", "444", "440", "411", "410") for j in ("", "j")
) | frozenset(("nv12", "nv21", "nv16", "nv24", "nv42", "yuyv422", "yvyu422", "uyvy422"))
_RGBA8 = frozenset(("bgra", "rgba", "abgr", "argb", "gbrap"))
_ALPHA8 = _RGBA8 | frozenset(("yuva420p", "yuva422p", "yuva444p", "ya8"))
# Samples of a whole number of bits, one after the other or in planes: (family)(bits)(byte order).
_WHOLE = re.compile(
    r"(gray|ya|yuva?4\d\dp|gbra?p)(8|9|10|12|14|16)?(le|be)?|(rgb|bgr)(48)(le|be)"
    r"|(rgba|bgra)(64)(le|be)"
)
_WORDS = {"y": "gray", "ya": "gray with alpha", "yuv": "YUV", "yuva": "YUV with alpha"}
_WORDS |= {"rgb": "RGB", "rgba": "RGB with alpha"}


@dataclass(frozen=True, slots=True)
class Stored:
    """What the samples of a video are.

    Parameters
    ----------
    name
        ffmpeg's name of the pixel format.
    """

    name: str

    @property
    def pixel_format(self) -> PixelFormat | None:
        """``gray8``, ``gray16`` or ``bgr8``; None if no such frame holds its samples.

        9 to 14 bits stand in the low bits of gray16.
        """
        if self._planes == "y":
            return "gray8" if self.bits == 8 else "gray16"
        return "bgr8" if self.name in _RGB8 | _YUV8 else None

    @property
    def is_rgb(self) -> bool:
        """Whether its colours are stored as they are, and not computed from YUV."""
        return self.name in _RGB8 | _RGBA8

    @property
    def has_alpha(self) -> bool:
        """Whether nothing but its transparency keeps it from being read."""
        return self.name in _ALPHA8

    @property
    def bits(self) -> int:
        """Bits of a sample; 0 if the name does not tell."""
        found = _WHOLE.fullmatch(self.name)
        if found is None:
            return 8 if self.name in _RGB8 | _YUV8 | _ALPHA8 else 0
        return {"48": 16, "64": 16}.get(found[5] or found[8], int(found[2] or 8))

    @property
    def _planes(self) -> str:
        """One letter for each of its planes, as ffmpeg's extractplanes has them."""
        family = self.name if self.name in _RGBA8 else ""
        if found := _WHOLE.fullmatch(self.name):
            family = found[1] or found[4] or found[7]
        if family in ("gray", "ya"):
            return {"gray": "y"}.get(family, family)
        if not family:
            return ""
        return ("yuv" if family.startswith("yuv") else "rgb") + ("a" if "a" in family else "")

    @property
    def reading(self) -> tuple[object, ...]:
        """What must stay the same within a file; YUV may be sampled in another way."""
        return self.pixel_format, self.bits, self.has_alpha

    def raw(self, pixel_format: str) -> str:
        """Return what to ask ffmpeg for, so that it gives frames of `pixel_format` unchanged."""
        if pixel_format == "gray16":
            return f"gray{self.bits}le"  # not gray16le: ffmpeg would multiply
        return {"gray8": "gray", "bgr8": "bgr24", "rgb8": "rgb24"}[pixel_format]

    def __str__(self) -> str:
        if self.bits in (0, 8):
            return self.name
        return f"{self.bits}-bit {_WORDS[self._planes]}" + (
            ", big-endian" if self.name.endswith("be") else ""
        )

    def remedy(self) -> str:
        """Return how to get at the stored samples, as a clause; empty if no way is known.

        The commands in it give them bit for bit.
        """
        planes = self._planes
        if not planes:
            return ""
        first, others = planes[0], ", ".join(planes[1:])
        command = "ffmpeg -noautorotate -i IN {} -fps_mode passthrough -c:v ffv1 OUT.mkv"
        text = (
            f"{command.format(f'-vf extractplanes={first}')} gives plane {first} exactly, as gray"
        )
        if others:
            text += f" (the same with {others})"
        if self.name in _RGBA8:
            text += f"; {command.format('-pix_fmt bgr0')} drops the transparency"
        return text
