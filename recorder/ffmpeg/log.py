"""What ffmpeg says on stderr while it decodes: each frame's own time and size, and what is wrong.

The command must have the options `LOG_OPTIONS` before its input and `FRAME_OPTIONS` behind it. Two
of ffmpeg's threads speak of each frame: the decoder, right after its complaints about that frame,
and then the filter `showinfo`. Their lines may be run together, so no line is trusted to be one.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from recorder.ffmpeg.stored import Stored

LOG_OPTIONS = (
    *("-hide_banner", "-nostdin", "-nostats", "-loglevel", "repeat+level+info", "-debug_ts"),
    *("-dts_delta_threshold", "1000000", "-noautorotate"),
)
"""A pause in the times of an MPEG-TS stays one, however long it is. Stored pixels are not turned:
the file may ask for it, and the user decides."""
FRAME_OPTIONS = ("-map", "0:v:0", "-vf", "showinfo=checksum=0", "-fps_mode", "passthrough")

_SHOWN = re.compile(
    rb"n: *\d+ pts: *(-?\d+|NOPTS) +pts_time:\S+ +duration: *(-?\d+|NOPTS) .*?"
    rb"fmt:(\w+) .*?\bs:(\d+)x(\d+) "
)
_TIME_BASE = re.compile(rb"config in time_base: (\d+)/(\d+)")
_DECODED = b"decoder -> "
_ABOUT_FILES = b"[info] "
"""The file's own words among them: a title may say anything."""
_DEMUXED = re.compile(
    rb"demuxer\+ffmpeg -> \S+ type:video .*?pkt_pts_time:([\d.]+) .*?duration_time:([\d.]+|NOPTS)"
)
_INPUT = re.compile(rb"\[info\] Input #0, (\S+), from ")
_MAPPED = re.compile(rb"\[info\]   Stream #0:(\d+) -> #0:0 \((\w+)")
_COMPLAINT = re.compile(rb"^((?:\[[^]]*\] )*?)\[(warning|error|fatal)\] (.*)")
_TORN = b"corrupt decoded frame"
# The decoder of JPEG pictures says of one that it is torn only in its complaints about it.
_TORN_JPEG = b"mjpeg"
_HARMLESS = (
    *(b"co located POCs unavailable", b"mmco: unref short failure", b"number of reference frames"),
    b"unable to decode APP fields",
)
_MOST_COMPLAINTS = 20
TOLERANCE_S = 0.05
"""Announced times are rounded, some containers' to hundredths of a second."""


class Shot(NamedTuple):
    """A decoded frame, as ffmpeg announces it."""

    number: int
    """0-based, in the order of the file's pictures."""
    time_s: float | None
    """When it is shown, from the file's first time on; None if the file does not say."""
    duration_s: float
    """For how long; 0 if the file does not say."""
    name: str
    """ffmpeg's name of its pixel format."""
    width: int
    height: int
    is_torn: bool
    """Whether a part of the picture was damaged, and is made up."""

    @property
    def kind(self) -> str:
        """Its size and samples, in words."""
        return f"{self.width}x{self.height} {Stored(self.name)}"

    def is_like(self, other: Shot) -> bool:
        """Whether both are frames of one recording: of the same size, read in the same way."""
        return (self.width, self.height) == (other.width, other.height) and (
            Stored(self.name).reading == Stored(other.name).reading
        )


def end_of(start_s: float, duration_s: float, announced_s: float | None) -> float:
    """Return when a picture ends; one that would end behind the whole file ends at once.

    Where pictures are stored in another order than they are shown in (B-frames), the length of a
    pause may stand beside the wrong one.
    """
    end_s = start_s + duration_s
    return start_s if announced_s and end_s > announced_s + TOLERANCE_S else end_s


class DecodingLog:
    """Takes ffmpeg's lines one after the other.

    Parameters
    ----------
    announced_s
        When the file ends, as its header says; None if it does not.

    Attributes
    ----------
    header
        The lines before the first frame.
    codec, stream
        The decoder's name and the number of its stream, once they are known.
    tick_s
        The unit of the frames' times.
    packets_end_s
        When the last picture that is in the file ends, whether or not it can be decoded.
    complaints
        What was wrong with the file, in ffmpeg's words; not of torn pictures.
    """

    def __init__(self, announced_s: float | None = None) -> None:
        self._announced_s = announced_s
        self.header: list[str] = []
        self.codec = b""
        self.stream = b"0"
        self.tick_s = 0.0
        self.packets_end_s = 0.0
        self.complaints: list[str] = []
        self._format = b""
        self._decoded = self._shown = 0
        self._is_torn = False  # the picture that the decoder is at
        self._torn: set[int] = set()

    def take(self, line: bytes) -> Shot | None:
        """Take a line; return the frame that it announces, if it does."""
        if not self.codec:
            self._take_header(line)
            return None
        if line.startswith(_ABOUT_FILES):
            return None
        self._hear(line)
        if _DECODED in line:
            self._take_decoded()
        elif found := _DEMUXED.search(line):
            lasts_s = 0.0 if found[2] == b"NOPTS" else float(found[2])
            end_s = end_of(float(found[1]), lasts_s, self._announced_s)
            self.packets_end_s = max(self.packets_end_s, end_s)
        elif found := _TIME_BASE.search(line):
            self.tick_s = int(found[1]) / int(found[2])
        found = _SHOWN.search(line)
        return None if found is None else self._shot(found)

    def _take_header(self, line: bytes) -> None:
        if found := _MAPPED.match(line):
            self.stream, self.codec = found[1], found[2]
        else:
            if found := _INPUT.match(line):
                self._format = found[1]
            self.header.append(line.decode(errors="replace").rstrip())

    def _take_decoded(self) -> None:
        if self._is_torn:
            self._torn.add(self._decoded)
        self._decoded += 1
        self._is_torn = False

    def _shot(self, found: re.Match[bytes]) -> Shot:
        pts, duration = found[1], found[2]
        number, self._shown = self._shown, self._shown + 1
        return Shot(
            number,
            None if pts == b"NOPTS" else int(pts) * self.tick_s,
            0.0 if duration == b"NOPTS" else int(duration) * self.tick_s,
            found[3].decode(),
            int(found[4]),
            int(found[5]),
            number in self._torn,
        )

    def _hear(self, line: bytes) -> None:
        found = _COMPLAINT.match(line)
        if found is None:
            return
        who, level, text = found.groups()
        from_codec = who.startswith(b"[%s @" % self.codec)
        if _TORN in text or (
            from_codec
            and self.codec == _TORN_JPEG
            and level == b"error"
            and not text.startswith(_HARMLESS)
        ):
            self._is_torn = True
        elif self._is_complaint(who, level, text, from_codec):
            self.complaints.append(text.decode(errors="replace").strip())
            del self.complaints[_MOST_COMPLAINTS:]
            if who.startswith(b"[vist#"):  # the picture is lost as a whole: no frame comes of it
                self._is_torn = False

    def _is_complaint(self, who: bytes, level: bytes, text: bytes, from_codec: bool) -> bool:
        """Whether a line says that something of the video is lost."""
        if level == b"warning":
            return text.strip() == b"corrupt input packet in stream " + self.stream
        # ffmpeg 7 lets the reader of the format speak for itself, 9 for the input.
        readers = (b"[%s @" % self._format, b"[in#0", b"[vist#0:" + self.stream)
        from_input = who.startswith(readers)
        return (from_input or from_codec) and not text.startswith(_HARMLESS)
