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
    rb"n: *(?P<n>\d+) pts: *(?P<pts>-?\d+|NOPTS) +pts_time:\S+ "
    rb"+duration: *(?P<lasts>-?\d+|NOPTS) .*?"
    rb"fmt:(?P<name>\w+) .*?\bs:(?P<width>\d+)x(?P<height>\d+) "
)
_TIME_BASE = re.compile(rb"config in time_base: (\d+)/(\d+)")
_DECODED = b"decoder -> "
_ABOUT_FILES = b"[info] "
"""The file's own words among them: a title may say anything."""
_ABOUT_STREAMS = b"[info]   Stream #"
_DEMUXED = re.compile(
    rb"demuxer\+ffmpeg -> \S+ type:video pkt_pts:(\S+) pkt_pts_time:(\S+) .*?duration_time:(\S+)"
)
_INPUT = re.compile(rb"\[info\] Input #0, (\S+), from ")
_MAPPED = re.compile(rb"\[info\]   Stream #0:(\d+) -> #0:0 \((\w+)")
_COMPLAINT = re.compile(rb"^((?:\[[^]]*\] )*?)\[(warning|error|fatal)\] (.*)")
_COLOUR = (
    rb"unknown|reserved|tv|pc|gbr|fcc|film|vgamut|vlog|linear|gamma2[28]|log100|log316|arib-std-b67"
    rb"|bt709|bt470bg|bt470m|bt1361e|bt2020-1[02]|bt2020n?c|bt2020|smpte170m|smpte2084|smpte2085"
    rb"|smpte240m|smpte428|smpte43[12]|ebu3213|iec61966-2-[14]|ycgco(?:-r[eo])?|ictcp|ipt-c2"
    rb"|chroma-derived-n?c"
)
_SHOWN_PIECE = re.compile(
    rb"^(?:\[[^]]*\] )*(?:n: *\d+ pts:.*? type:\S |(?: ?color_\w+:(?:%s)?)+)" % _COLOUR
)
"""showinfo prints its lines in pieces. What another thread says in between follows on the same
line, without its prefix and its level."""
_NO_COMPLAINT = (
    *(b"demuxer", b"decoder ->", b"filter", b"encoder", b"muxer", b"config ", b"video:"),
    *(b"deprecated pixel format", b"No accelerated colorspace", b"Application provided invalid"),
    *(b"Changing video frame properties", b"Reconfiguring filter graph", b"EOI missing"),
    *(b"Packet corrupt", b"side data", b"chroma_location"),
    b"[",  # it has its prefix after all
)
"""How messages begin that are no complaint of the decoder, where no level tells."""
_BY_READERS = (b"File ended prematurely", b"corrupt input packet", b"Error during demuxing")
_REFUSED = (b"Error submitting packet to decoder", b"Decoding error")
"""A picture is lost as a whole: no frame comes of it."""
_ENDS_CUT = (b"File ended prematurely", b"Packet corrupt", b"corrupt input packet")
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
    packets
        How many pictures the file holds, whether or not they can be decoded.
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
        self.packets = 0
        self._is_cut = False  # the packet that is read next
        self._cut: set[bytes] = set()  # the pts of such packets
        self._last_pts = b""
        self._before_cut: int | None = None  # how many complaints came before the first about a cut

    def take(self, line: bytes) -> Shot | None:
        """Take a line; return the frame that it announces, if it does."""
        if not self.codec:
            self._take_header(line)
            return None
        shown = _SHOWN.search(line)
        if line.startswith(_ABOUT_FILES):
            if line.startswith(_ABOUT_STREAMS) and _TORN in line:
                self._is_torn = True
            # Also ffmpeg's words about the output come in pieces; a title counts no frames.
            is_due = shown is not None and int(shown["n"]) == self._shown
            return self._shot(shown) if shown is not None and is_due else None
        self._hear(line)
        if _DECODED in line:
            self._take_decoded()
        if found := _DEMUXED.search(line):
            self._take_packet(*found.groups())
        if found := _TIME_BASE.search(line):
            self.tick_s = int(found[1]) / int(found[2])
        return None if shown is None else self._shot(shown)

    def ends_cut(self, frames: int) -> bool:
        """Whether nothing is wrong but that the file's last picture is cut, or the file behind it.

        Parameters
        ----------
        frames
            How many whole ones were decoded.
        """
        return (
            self._before_cut == 0
            and self._cut <= {self._last_pts}
            and self.packets == frames + len(self._cut)
        )

    def _take_header(self, line: bytes) -> None:
        if found := _MAPPED.match(line):
            self.stream, self.codec = found[1], found[2]
        else:
            if found := _INPUT.match(line):
                self._format = found[1]
            self.header.append(line.decode(errors="replace").rstrip())

    def _take_packet(self, pts: bytes, begins_s: bytes, lasts_s: bytes) -> None:
        self.packets += 1
        self._last_pts = pts
        if self._is_cut:
            self._cut.add(pts)
        self._is_cut = False
        if begins_s != b"NOPTS":
            end_s = end_of(float(begins_s), _seconds(lasts_s), self._announced_s)
            self.packets_end_s = max(self.packets_end_s, end_s)

    def _take_decoded(self) -> None:
        if self._is_torn:
            self._torn.add(self._decoded)
        self._decoded += 1
        self._is_torn = False

    def _shot(self, found: re.Match[bytes]) -> Shot:
        pts, duration = found["pts"], found["lasts"]
        number, self._shown = self._shown, self._shown + 1
        return Shot(
            number,
            None if pts == b"NOPTS" else int(pts) * self.tick_s,
            0.0 if duration == b"NOPTS" else int(duration) * self.tick_s,
            found["name"].decode(),
            int(found["width"]),
            int(found["height"]),
            number in self._torn or pts in self._cut,
        )

    def _hear(self, line: bytes) -> None:
        shown = _SHOWN_PIECE.match(line)
        said = line if shown is None else line[shown.end() :]
        if any(words in said for words in _ENDS_CUT) and self._before_cut is None:
            self._before_cut = len(self.complaints)
        if found := _COMPLAINT.match(said):
            self._hear_complaint(*found.groups())
        elif shown is not None:
            self._hear_bare(said.strip())

    def _hear_complaint(self, who: bytes, level: bytes, text: bytes) -> None:
        from_codec = who.startswith(b"[%s @" % self.codec)
        if _TORN in text or (
            from_codec
            and self.codec == _TORN_JPEG
            and level == b"error"
            and not text.startswith(_HARMLESS)
        ):
            self._is_torn = True
        elif self._is_complaint(who, level, text, from_codec):
            self._complain(text)
            if who.startswith(b"[vist#"):  # the picture is lost as a whole: no frame comes of it
                self._is_torn = False

    def _hear_bare(self, text: bytes) -> None:
        """Take what may be a complaint, and neither who says it nor how bad it is."""
        if _TORN in text:
            self._is_torn = True
        elif not text or text.startswith((*_NO_COMPLAINT, *_HARMLESS)):
            return
        elif text.startswith(_REFUSED):
            self._complain(text)
            self._is_torn = False
        elif text.startswith(_BY_READERS):
            if not text.startswith(b"corrupt input packet") or text == self._about_a_cut:
                self._complain(text)
        elif self.codec == _TORN_JPEG:
            self._is_torn = True
        else:
            self._complain(text)

    def _complain(self, text: bytes) -> None:
        if text.strip() == self._about_a_cut:
            self._is_cut = True
        self.complaints.append(text.decode(errors="replace").strip())
        del self.complaints[_MOST_COMPLAINTS:]

    @property
    def _about_a_cut(self) -> bytes:
        return b"corrupt input packet in stream " + self.stream

    def _is_complaint(self, who: bytes, level: bytes, text: bytes, from_codec: bool) -> bool:
        """Whether a line says that something of the video is lost."""
        if level == b"warning":
            return text.strip() == self._about_a_cut
        # ffmpeg 7 lets the reader of the format speak for itself, 9 for the input.
        readers = (b"[%s @" % self._format, b"[in#0", b"[vist#0:" + self.stream)
        from_input = who.startswith(readers)
        return (from_input or from_codec) and not text.startswith(_HARMLESS)


def _seconds(text: bytes) -> float:
    return 0.0 if text == b"NOPTS" else float(text)
