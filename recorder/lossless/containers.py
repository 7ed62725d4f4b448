"""Which container takes which codecs exactly, found by experiment, and the fastest of them.

Exact in all four for every size: x264 (gray8) and x264rgb (rgb8). In .mkv, .avi and .mov also
magicyuv and ffvhuff. ffv1 (all formats) in all four, but not for frames one pixel wide or high.
What a table says is not relied on: every choice is proven in its container before it is used.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from recorder.errors import ConfigError
from recorder.writers.codecs import Codec, choose

_FAST = {"gray8": ("magicyuv",), "gray16": ("ffvhuff",), "rgb8": ("magicyuv",)}
# MP4 has no code for those. ffv1 does not take every tiny frame, png does.
_MP4 = {"gray8": ("x264",), "gray16": ("ffv1", "png"), "rgb8": ("x264rgb",)}

_AT_ONCE = ("-flush_packets", "1")
# A fragment for each frame, which the end turns into an ordinary file. Not of a duration: that is
# counted in the file's time, and frames of a time-lapse come later than it says.
_FRAGMENTS = ("-movflags", "+hybrid_fragmented", "-frag_duration", "1", *_AT_ONCE)

PRESETS = (
    *("ultrafast", "superfast", "veryfast", "faster", "fast"),
    *("medium", "slow", "slower", "veryslow", "placebo"),
)
"""x264's, from large and soon to small and late; all of them exact."""


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file.

    Parameters
    ----------
    suffix
        Of the file's name, lower case.
    muxer
        ffmpeg's name of it.
    fastest
        Per pixel format the exact codecs to try, fastest first.
    max_fps
        Above this, frames would share a time, and readers lose them.
    options
        Of the muxer, with which each frame is in the file as soon as it is encoded, and can be
        read there without the file's end.
    """

    suffix: str
    muxer: str
    fastest: Mapping[str, tuple[str, ...]]
    max_fps: float = float("inf")
    options: tuple[str, ...] = ()


CONTAINERS = {
    container.suffix: container
    for container in (
        # whole milliseconds
        Container(".mkv", "matroska", _FAST, 1000.0, ("-cluster_time_limit", "0", *_AT_ONCE)),
        Container(".mp4", "mp4", _MP4, options=_FRAGMENTS),
        Container(".avi", "avi", _FAST, options=_AT_ONCE),
        Container(".mov", "mov", _FAST, options=_FRAGMENTS),
    )
}


def container_of(path: Path) -> Container:
    """Return the container that a name's suffix means.

    Raises
    ------
    ConfigError
        It means none of ours.
    """
    found = CONTAINERS.get(path.suffix.lower())
    if found is None:
        raise ConfigError(f"{path}: the name of a video ends in {', '.join(CONTAINERS)}")
    return found


def require_preset(preset: str | None) -> None:
    """Refuse what is no preset of x264, whichever codec it will be.

    Raises
    ------
    ConfigError
    """
    if preset is None or preset in PRESETS:
        return
    close = difflib.get_close_matches(str(preset), PRESETS, n=1)
    hint = f"; did you mean {close[0]}?" if close else ""
    raise ConfigError(f"preset {preset!r}: x264 has {', '.join(PRESETS)}{hint}")


def candidates(
    container: Container, name: str, preset: str | None, pixel_format: str
) -> Iterator[Codec]:
    """Give the codecs that a name may mean in a container, best first.

    Parameters
    ----------
    name
        ``auto`` or ``fast``: the fastest there; else as in `codecs.choose`.
    preset
        x264's speed against size; the other codecs have none.

    Raises
    ------
    NotLossless
        No codec of that name is exact for the pixel format.
    """
    names = container.fastest[pixel_format] if name in ("auto", "fast") else (name,)
    for each in names:
        codec = choose(each, pixel_format)
        yield codec if preset is None else _with_preset(codec, preset)


def _with_preset(codec: Codec, preset: str) -> Codec:
    if "-preset" not in codec.options:
        return codec
    at = codec.options.index("-preset") + 1
    return replace(codec, options=(*codec.options[:at], preset, *codec.options[at + 1 :]))
